package identitycenter_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/identityserver"
	"leasehold/pkg/connector/identitycenter"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

const at entitlement.ConnectorID = "11111111-1111-4111-8111-111111111111"

// nobodyHas is an id that nobody has.
const nobodyHas = "ffffffff-0000-4000-8000-00000000dead"

// sort is what the roles of a harness are of.
type sort struct {
	name string
	open func(s *identityserver.Server) (role, none entitlement.RoleRef, of string)
}

var sorts = []sort{
	{"members of a group", func(s *identityserver.Server) (entitlement.RoleRef, entitlement.RoleRef, string) {
		id := s.AddGroup(identityserver.Group{Name: "Sales"})
		return memberOf(id), memberOf(nobodyHas), id
	}},
	{"assignments of an account", func(s *identityserver.Server) (entitlement.RoleRef, entitlement.RoleRef, string) {
		account, set := s.AddAccount(identityserver.Account{ID: "444455556666", Name: "Production"}), s.AddSet("ReadOnly")
		// Somebody has the other permission set, and a group has this one.
		s.Put(identityserver.OfAccount(account, s.AddSet("Admin")), s.AddUser(identityserver.User{UserName: "other@example.com"}), true)
		s.PutGroup(identityserver.OfAccount(account, set), s.AddGroup(identityserver.Group{Name: "Auditors"}))
		return entitlement.RoleRef{Connector: at, Resource: account, Role: set}, entitlement.RoleRef{Connector: at, Resource: "999999999999", Role: set}, identityserver.OfAccount(account, set)
	}},
}

func memberOf(group string) entitlement.RoleRef {
	return entitlement.RoleRef{Connector: at, Resource: group, Role: "Member_" + group}
}

func TestTheConnectorConformsWithADocumentedIdentityCenterOfEveryCharacter(t *testing.T) {
	for _, character := range identityserver.Characters() {
		// What these do to one person shows at that one alone: the tests of deliveries through the whole
		// stack say what becomes of it.
		if character.BadPerson > 0 {
			continue
		}
		for _, of := range sorts {
			// One change that fails, or takes longer than anybody waits here, is what F35 is about: the test of
			// deliveries says what becomes of it. Whether an account is there nobody else can tell.
			// So does a membership that meets another change: it takes one call more.
			if of.name == sorts[0].name && character.Concurrent > 0 {
				continue
			}
			if of.name == sorts[1].name && (character.Fails > 0 || character.NoAccounts || character.Takes > time.Minute) {
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

// open returns a connector of a server.
func open(t *testing.T, s *identityserver.Server, base *url.URL, keys ...string) *identitycenter.Connector {
	t.Helper()
	made, err := identitycenter.Factory(outbound.Client(true), true, identityserver.Own)(entitlement.ConnectorConfig{URL: base.String(), CorrelationKeys: keys}, s.ExternalID)
	if err != nil {
		t.Fatal(err)
	}
	return made.(*identitycenter.Connector)
}

// changes tells a call that changes something.
func changes(r *http.Request) bool {
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return strings.HasPrefix(action, "Create") || strings.HasPrefix(action, "Delete")
}

// harness is a new server with six people, and two whom two identity providers call the same.
func harness(t *testing.T, character identityserver.Character, of sort) connectortest.Harness {
	now := clock.NewVirtual(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	s := identityserver.New(character, now)
	proxy := connectortest.NewProxy(t, s.Start(t))
	proxy.Writes = changes
	for i := range connectortest.MinPeople {
		s.AddUser(identityserver.User{UserName: fmt.Sprintf("ann%d@example.com", i), Mail: fmt.Sprintf("ann.%d@example.com", i)})
	}
	s.AddUser(identityserver.User{UserName: "twin1@example.com", External: []string{identityserver.Issuer + " twin"}})
	s.AddUser(identityserver.User{UserName: "twin2@example.com", External: []string{"https://idp.example.com twin"}})
	role, none, held := of.open(s)
	s.AddGroup(identityserver.Group{Name: "Other"})

	h := connectortest.Harness{
		Connector: open(t, s, proxy.URL, "externalId", "userName", "mail"),
		Role:      role,
		NoRole:    none,
		Unknown:   connector.Correlation{UserName: "nobody@example.com", Mail: "nobody@example.com"},
		Double:    &connector.Correlation{External: "twin"},
		Ghost:     nobodyHas,
		Secret:    s.ExternalID,
		Faults:    proxy.Faults(nil),
		Members:   func() []connector.PrincipalRef { return s.Held(held) },
		Later:     func() { now.Advance(2 * time.Minute) },
		Crowd:     crowd(s, held, proxy),
	}
	for i := range connectortest.MinPeople {
		h.People = append(h.People, connector.Correlation{UserName: fmt.Sprintf("ann%d@example.com", i)})
	}
	t.Cleanup(func() {
		if harm := s.Harm(); len(harm) > 0 {
			t.Errorf("the connector %v", harm)
		}
	})
	return h
}
