package scim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// server is a server of some character, in virtual time.
type server struct {
	*connectortest.Server
	t   *testing.T
	now *clock.Virtual
}

// newServer starts a server of the named character.
func newServer(t *testing.T, character string) server {
	t.Helper()
	return serverOf(t, connectortest.Named(character))
}

func serverOf(t *testing.T, character connectortest.Character) server {
	t.Helper()
	now := clock.NewVirtual(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	s := connectortest.NewServer(character, now)
	s.Token = testToken
	return server{s, t, now}
}

// open returns a connector for the server that finds people by the keys.
func (s server) open(keys ...string) *Connector {
	return s.openAs(entitlement.ConnectorConfig{CorrelationKeys: keys})
}

func (s server) openAs(cfg entitlement.ConnectorConfig) *Connector {
	s.t.Helper()
	base, _ := url.Parse("https://scim.example.com/v2")
	c, err := New(base, testToken, cfg, s.Client())
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// people creates so many people, ann0 and on, and returns their ids.
func (s server) people(n int) (ids []string) {
	for i := range n {
		ids = append(ids, s.AddUser(fmt.Sprintf("ann%d", i), "", ""))
	}
	return ids
}

// members returns who is in the group.
func (s server) members(group string) []string {
	var ids []string
	for _, m := range s.Members(group) {
		ids = append(ids, string(m))
	}
	return ids
}

// asked returns what was called with the method since the last time, decoded.
func (s server) asked(method string) (list []string) {
	for _, c := range s.Calls(method) {
		list = append(list, c.Method+" "+c.Path+" "+c.Query)
	}
	s.Forget()
	return list
}

// open returns a connector for the server at base that finds people by the keys.
func open(t *testing.T, base *url.URL, keys ...string) *Connector {
	t.Helper()
	c, err := New(base, testToken, entitlement.ConnectorConfig{CorrelationKeys: keys}, outbound.Client(true))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// openHandler returns a connector for a server that answers by the handler.
func openHandler(t *testing.T, h http.HandlerFunc) *Connector {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	base, _ := url.Parse(server.URL + "/v2/")
	return open(t, base, entitlement.CorrelateBy...)
}

func grants(people ...string) []connector.Op {
	var ops []connector.Op
	for _, p := range people {
		ops = append(ops, connector.Op{Grant: true, Principal: connector.PrincipalRef(p)})
	}
	return ops
}

func revokes(people ...string) []connector.Op {
	ops := grants(people...)
	for i := range ops {
		ops[i].Grant = false
	}
	return ops
}

func wantReason(t *testing.T, err error, want connector.Reason) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", want)
	}
	if got := connector.RefusalOf(err).Reason; got != want {
		t.Errorf("reason %s, want %s: %v", got, want, err)
	}
}

// told asks in one way about each of the people, and writes the answers as signs: + is
// present, - absent, ? unknown, ! an error.
func told(t *testing.T, c *Connector, group string, way connector.Way, who ...string) string {
	t.Helper()
	answer, err := c.Check(t.Context(), roleOf(group), way, refs(who))
	if err != nil {
		return "!"
	}
	if len(answer) != len(who) {
		t.Fatalf("%s: %d answers about %d", way, len(answer), len(who))
	}
	var signs []byte
	for _, p := range answer {
		at := slices.Index([]entitlement.Presence{entitlement.PresencePresent, entitlement.PresenceAbsent, entitlement.PresenceUnknown}, p)
		signs = append(signs, "+-?"[at])
	}
	return string(signs)
}

func answerList(w http.ResponseWriter, found []map[string]any) {
	answer(w, http.StatusOK, map[string]any{"totalResults": len(found), "Resources": found})
}

func refuse(w http.ResponseWriter, status int, scimType string) {
	answer(w, status, map[string]any{"schemas": []string{schemaError}, "status": fmt.Sprint(status), "scimType": scimType})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
