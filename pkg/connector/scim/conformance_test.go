package scim

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
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

// testToken is the credential of one run: no server but ours takes it.
var testToken = "bearer-" + rand.Text()

// habits are servers that differ in what the standard leaves open, besides those that
// public reports tell of.
var habits = []connectortest.Character{
	{Name: "stores members twice and is strict of people", StoresTwice: true, MissesAbsent: true, Partial: true},
	{Name: "cannot search empty groups", NeedsMembers: true, StoresTwice: true, OmitsEmpty: true},
	{Name: "finds nobody by mail", NoMailFilter: true},
	{Name: "has no filters on people", NoPeopleFilters: true},
	{Name: "knows no or", NoOr: true},
	{Name: "has its accounts and groups elsewhere", Elsewhere: true},
	{Name: "keeps versions", Versions: true},
}

func TestTheConnectorConformsWithServersOfEveryCharacter(t *testing.T) {
	for _, character := range slices.Concat(connectortest.Characters(), habits) {
		if !character.Tells() || character.NoPatch {
			continue // no role can be confirmed there; other tests say what becomes of it
		}
		t.Run(character.Name, func(t *testing.T) {
			t.Parallel()
			run := connectortest.RunBehaviour
			if character.Name == "honest" {
				run = connectortest.Run
			}
			run(t, func(t *testing.T) connectortest.Harness { return onCharacter(t, character) })
		})
	}
}

// onCharacter opens a new group of a new server, which has the people of harness and, where
// it shows the first members alone, others before them.
func onCharacter(t *testing.T, character connectortest.Character) connectortest.Harness {
	now := clock.NewVirtual(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	s := connectortest.NewServer(character, now)
	s.Token = testToken
	var others []string
	for i := range character.ShowsFirst {
		others = append(others, s.AddUser(fmt.Sprintf("other%d", i), "", ""))
	}
	for i := range connectortest.MinPeople {
		s.AddUser(fmt.Sprintf("ann%d", i), "", "")
	}
	s.AddUser("twin1", "", "twin@example.com")
	s.AddUser("twin2", "", "Twin@example.com")
	group := s.AddGroup(others...)
	s.AddGroup()

	h := harness(t, connectortest.NewProxy(t, s.Start(t)), group, character.ValueListOnly)
	lookAt(t, h.Connector.(*Connector))
	h.Hides = character.LeavesOut
	h.Later = func() { now.Advance(2 * time.Minute) }
	h.Crowd = crowdOf(s, func(id string, in bool) {
		if in {
			s.AddMember(group, id)
		} else {
			s.RemoveMember(group, id)
		}
	})
	h.Crowd.Nest = func() { s.AddMember(group, s.AddGroup()) }
	h.Members = func() []connector.PrincipalRef {
		return slices.DeleteFunc(s.Members(group), func(p connector.PrincipalRef) bool { return slices.Contains(others, string(p)) })
	}
	if character.NoMailFilter {
		h.Double = nil
	}
	return h
}

// lookAt has a connector know where the server has things, as one that is opened with its check does.
func lookAt(t *testing.T, c *Connector) {
	c.at = endpointsOf(c.Survey(t.Context()).Features)
}

// harness is what all targets have in common: people ann0 to ann5, and two accounts with
// the mail address twin@example.com.
func harness(t *testing.T, proxy *connectortest.Proxy, group string, valueList bool) connectortest.Harness {
	t.Helper()
	cfg := entitlement.ConnectorConfig{CorrelationKeys: []string{"userName", "mail"}, ValueListRemoval: valueList}
	c, err := New(proxy.URL, testToken, cfg, outbound.Client(true))
	if err != nil {
		t.Fatal(err)
	}
	h := connectortest.Harness{
		Connector: c,
		Role:      roleOf(group),
		NoRole:    roleOf("no-such-group"),
		Unknown:   connector.Correlation{UserName: "nobody", Mail: "nobody@example.com"},
		Double:    &connector.Correlation{Mail: "twin@example.com"},
		Ghost:     "no-such-person",
		Secret:    testToken,
		Faults:    proxy.Faults(halfPatch(t)),
	}
	for i := range connectortest.MinPeople {
		h.People = append(h.People, connector.Correlation{UserName: fmt.Sprintf("ann%d", i)})
	}
	return h
}

func roleOf(group string) entitlement.RoleRef {
	return entitlement.RoleRef{Connector: "11111111-1111-4111-8111-111111111111", Resource: group, Role: rolePrefix + group}
}

func refs(ids []string) []connector.PrincipalRef {
	list := make([]connector.PrincipalRef, len(ids))
	for i, id := range ids {
		list[i] = connector.PrincipalRef(id)
	}
	return list
}

// halfPatch performs the first half of a PATCH's changes.
func halfPatch(t *testing.T) func(*http.Request, http.Handler) {
	return func(r *http.Request, server http.Handler) {
		var body patchBody
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Errorf("half of a PATCH: %v", err)
		}
		for i := range body.Operations {
			o := &body.Operations[i]
			o.Value = o.Value[:(len(o.Value)+1)/2]
		}
		body.Operations = append(body.Operations[:1:1], body.Operations[(len(body.Operations)+1)/2:]...)
		half, _ := json.Marshal(body)

		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(half))
		again.ContentLength = int64(len(half))
		server.ServeHTTP(httptest.NewRecorder(), again)
	}
}

// post sends a document to a server, past the connector, and decodes the answer.
func post(t *testing.T, base *url.URL, path string, body, into any) {
	t.Helper()
	data, _ := json.Marshal(body)
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, base.String()+path, bytes.NewReader(data))
	request.Header.Set("Content-Type", mediaType)
	exchange(t, request, into)
}

// fetch reads a document from a server, past the connector.
func fetch(t *testing.T, base *url.URL, path string, into any) {
	t.Helper()
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, base.String()+path, nil)
	exchange(t, request, into)
}

func exchange(t *testing.T, request *http.Request, into any) {
	t.Helper()
	request.Header.Set("Authorization", "Bearer "+testToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		t.Fatalf("%s %s: status %d", request.Method, request.URL, response.StatusCode)
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}
