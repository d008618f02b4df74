package scim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

func TestTheConnectorConformsWithServersOfEveryHabit(t *testing.T) {
	for name, h := range map[string]habits{
		"plain":                      {},
		"stores members twice":       {storesTwice: true},
		"strict":                     {refusesTwice: true, knowsPeople: true, missesAbsent: true},
		"strict, and leaves halves":  {storesTwice: true, knowsPeople: true, missesAbsent: true, partial: true},
		"hides members":              {hidesMembers: true, storesTwice: true},
		"hides members, knows no or": {hidesMembers: true, plainFilters: true, storesTwice: true},
		"cannot search empty groups": {needsMembers: true, storesTwice: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connectortest.Run(t, func(t *testing.T) connectortest.Harness {
				s := newTarget(t, h)
				proxy := connectortest.NewProxy(t, s.url)
				group := s.addGroup()
				for i := range connectortest.MinPeople {
					s.addUser(fmt.Sprintf("ann%d", i), "", "")
				}
				s.addUser("twin1", "", "twin@example.com")
				s.addUser("twin2", "", "Twin@example.com")

				h := harness(t, proxy, group)
				h.Members = func() []connector.PrincipalRef { return refs(s.members(group)) }
				return h
			})
		})
	}
}

// harness is what all targets have in common: people ann0 to ann5, and two accounts with
// the mail address twin@example.com.
func harness(t *testing.T, proxy *connectortest.Proxy, group string) connectortest.Harness {
	t.Helper()
	c, err := New(proxy.URL, testToken, []string{"userName", "mail"}, outbound.Client(true))
	if err != nil {
		t.Fatal(err)
	}
	h := connectortest.Harness{
		Connector: c,
		Role:      roleOf(group),
		NoRole:    roleOf("no-such-group"),
		Stranger:  connector.Correlation{UserName: "nobody", Mail: "nobody@example.com"},
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
