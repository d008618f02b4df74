package msgraph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/graphserver"
	"leasehold/pkg/connector/msgraph"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

const at entitlement.ConnectorID = "11111111-1111-4111-8111-111111111111"

// nobodyHas is an id that nobody has.
const nobodyHas = "ffffffff-0000-4000-8000-00000000dead"

// credentialOf is the credential of a server whose tokens are at an address.
func credentialOf(s *graphserver.Server, authority string) string {
	text, _ := json.Marshal(map[string]string{"tenantId": graphserver.Tenant, "clientId": graphserver.ClientID, "clientSecret": s.Secret, "authority": authority})
	return string(text)
}

// sort is what the roles of a harness are of.
type sort struct {
	name string
	open func(s *graphserver.Server) (role entitlement.RoleRef, members func() []connector.PrincipalRef)
}

var sorts = []sort{
	{"members of a group", func(s *graphserver.Server) (entitlement.RoleRef, func() []connector.PrincipalRef) {
		id := s.AddGroup(graphserver.Group{Name: "Sales"})
		return roleOf("Member_", id), func() []connector.PrincipalRef { return s.Linked(id, "members") }
	}},
	{"roles of an application", func(s *graphserver.Server) (entitlement.RoleRef, func() []connector.PrincipalRef) {
		id := s.AddApp(graphserver.App{Name: "ERP", Roles: []graphserver.AppRole{{Name: "clerk"}, {Name: "auditor"}}})
		role := s.App(id).Roles[0].ID
		return entitlement.RoleRef{Connector: at, Resource: id, Role: role}, func() []connector.PrincipalRef { return s.Assigned(id, role) }
	}},
	{"owners of a group that keeps one", func(s *graphserver.Server) (entitlement.RoleRef, func() []connector.PrincipalRef) {
		id := s.AddGroup(graphserver.Group{Name: "Sales", Unified: true})
		keeper := s.AddUser(graphserver.User{UPN: "keeper@contoso.com"})
		s.Put(id, "owners", keeper, true)
		return roleOf("Owner_", id), func() (others []connector.PrincipalRef) {
			for _, p := range s.Linked(id, "owners") {
				if string(p) != keeper {
					others = append(others, p)
				}
			}
			return others
		}
	}},
}

func roleOf(prefix, group string) entitlement.RoleRef {
	return entitlement.RoleRef{Connector: at, Resource: group, Role: prefix + group}
}

func TestTheConnectorConformsWithADocumentedGraphServerOfEveryCharacter(t *testing.T) {
	for _, character := range graphserver.Characters() {
		// What these do to one person, or to a group for a while, shows at those alone: the tests of
		// deliveries through the whole stack say what becomes of it.
		if character.BadPerson > 0 || character.YoungFor > 0 {
			continue
		}
		for _, of := range sorts {
			// Owners are a request each, so a server where those of one batch conflict needs one call for
			// each of them: TestF41 shows that they get there.
			if character.BatchConflicts && of.name == sorts[2].name {
				continue
			}
			t.Run(character.Name+"/"+of.name, func(t *testing.T) {
				t.Parallel()
				run := connectortest.RunBehaviour
				if character.Name == "as documented" {
					run = connectortest.Run
				}
				run(t, func(t *testing.T) connectortest.Harness { return harness(t, character, of) })
			})
		}
	}
}

// harness is a new server with six people and two who share an address.
func harness(t *testing.T, character graphserver.Character, of sort) connectortest.Harness {
	now := clock.NewVirtual(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	s := graphserver.New(character, now)
	direct := s.Start(t)
	proxy := connectortest.NewProxy(t, direct)
	proxy.Writes = changes
	for i := range connectortest.MinPeople {
		s.AddUser(graphserver.User{UPN: fmt.Sprintf("ann%d@contoso.com", i), Mail: fmt.Sprintf("ann.%d@contoso.com", i)})
	}
	s.AddUser(graphserver.User{UPN: "twin1@contoso.com", Mail: "twin@example.com"})
	s.AddUser(graphserver.User{UPN: "twin2_example.com#EXT#@contoso.com", OtherMails: []string{"Twin@example.com"}})
	role, members := of.open(s)
	s.AddGroup(graphserver.Group{Name: "Other"})

	cfg := entitlement.ConnectorConfig{CorrelationKeys: []string{"userName", "mail"}}
	c, err := msgraph.New(proxy.URL, credentialOf(s, "http://"+direct.Host), cfg, outbound.Client(true), true)
	if err != nil {
		t.Fatal(err)
	}
	h := connectortest.Harness{
		Connector: c,
		Role:      role,
		NoRole:    noRole(role),
		Unknown:   connector.Correlation{UserName: "nobody@contoso.com", Mail: "nobody@example.com"},
		Double:    &connector.Correlation{Mail: "twin@example.com"},
		Ghost:     nobodyHas,
		Hides:     character.Name == "the first page alone",
		Secret:    s.Secret,
		Faults:    proxy.Faults(halfBatch(t)),
		Members:   members,
		Later:     func() { now.Advance(2 * time.Minute) },
		Crowd:     crowd(s, role, proxy, character),
	}
	for i := range connectortest.MinPeople {
		h.People = append(h.People, connector.Correlation{UserName: fmt.Sprintf("ann%d@contoso.com", i)})
	}
	t.Cleanup(func() {
		if harm := s.Harm(); len(harm) > 0 {
			t.Errorf("the connector %v", harm)
		}
	})
	return h
}

// noRole is the same role of a resource that is not there.
func noRole(of entitlement.RoleRef) entitlement.RoleRef {
	none := entitlement.RoleRef{Connector: at, Resource: nobodyHas, Role: of.Role}
	for _, prefix := range []string{"Member_", "Owner_"} {
		if of.Role == prefix+of.Resource {
			none.Role = prefix + nobodyHas
		}
	}
	return none
}

// changes tells a request that changes something: of a batch, one that holds such.
func changes(r *http.Request) bool {
	if !strings.HasSuffix(r.URL.Path, "/$batch") {
		return r.Method != http.MethodGet
	}
	text, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(text))
	var body struct {
		Requests []struct{ Method string }
	}
	json.Unmarshal(text, &body)
	return slices.ContainsFunc(body.Requests, func(one struct{ Method string }) bool { return one.Method != http.MethodGet })
}

// halfBatch performs the first half of a batch's requests, and nothing of a change that is
// made as a whole or not at all.
func halfBatch(t *testing.T) func(*http.Request, http.Handler) {
	return func(r *http.Request, server http.Handler) {
		var body struct {
			Requests []json.RawMessage `json:"requests"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Errorf("half of a batch: %v", err)
		}
		if len(body.Requests) == 0 {
			return
		}
		body.Requests = body.Requests[:(len(body.Requests)+1)/2]
		half, _ := json.Marshal(body)
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(half))
		again.ContentLength = int64(len(half))
		server.ServeHTTP(httptest.NewRecorder(), again)
	}
}
