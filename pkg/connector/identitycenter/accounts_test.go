package identitycenter_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
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

var newcomers atomic.Int64

// withUsers makes a harness one at whose target users are made.
func withUsers(t *testing.T, h connectortest.Harness, address, externalID string, stored func(string) []connectortest.ShownAccount) connectortest.Harness {
	t.Helper()
	made, err := identitycenter.Factory(outbound.Client(true), true, identityserver.Own)(entitlement.ConnectorConfig{URL: address, CorrelationKeys: []string{"userName", "mail"}, MakeAccounts: true}, externalID)
	if err != nil {
		t.Fatal(err)
	}
	n := newcomers.Add(1)
	h.Connector, h.Accounts = made, stored
	h.Newcomer = &connector.Person{User: entitlement.UserID(clock.System{}.New()), UserName: fmt.Sprintf("new%d@example.com", n), DisplayName: `Zoë "Z" O'Neil`,
		GivenName: "Zoë", Surname: "O'Neil", Mail: fmt.Sprintf("new%d@example.com", n)}
	return h
}

// making opens a server of ours at which users are made.
func making(t *testing.T, character identityserver.Character) (connectortest.Harness, *identityserver.Server) {
	now := clock.NewVirtual(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	s := identityserver.New(character, now)
	proxy := connectortest.NewProxy(t, s.Start(t))
	proxy.Writes = changes
	for i := range connectortest.MinPeople {
		s.AddUser(identityserver.User{UserName: fmt.Sprintf("ann%d@example.com", i), Mail: fmt.Sprintf("ann.%d@example.com", i)})
	}
	role, none, held := sorts[0].open(s)
	h := connectortest.Harness{Role: role, NoRole: none, Ghost: nobodyHas, Secret: s.ExternalID, Faults: proxy.Faults(nil),
		Members: func() []connector.PrincipalRef { return s.Held(held) }, Later: func() { now.Advance(2 * time.Minute) }}
	for i := range connectortest.MinPeople {
		h.People = append(h.People, connector.Correlation{UserName: fmt.Sprintf("ann%d@example.com", i)})
	}
	t.Cleanup(func() {
		if harm := s.Harm(); len(harm) > 0 {
			t.Errorf("the connector %v", harm)
		}
	})
	return withUsers(t, h, proxy.URL.String(), s.ExternalID, func(name string) (all []connectortest.ShownAccount) {
		for _, u := range s.Users(name) {
			all = append(all, connectortest.ShownAccount{ID: u.ID, ExternalID: u.Type, Mail: u.Mail, Active: !u.Disabled})
		}
		return all
	}), s
}

func TestR270_UsersAreMadeAtADocumentedIdentityCenter(t *testing.T) {
	for _, character := range identityserver.Users() {
		t.Run(character.Name, func(t *testing.T) {
			t.Parallel()
			connectortest.RunAccounts(t, func(t *testing.T) connectortest.Harness { h, _ := making(t, character); return h })
		})
	}
}

// A second opinion: moto's, behind what AWS documents and moto lacks.
func TestR270_UsersAreMadeAtMotoAndWhatAWSDocumentsBesides(t *testing.T) {
	m := startMoto(t)
	for i := range connectortest.MinPeople {
		m.user(fmt.Sprintf("ann%d@example.com", i))
	}
	connectortest.RunAccounts(t, func(t *testing.T) connectortest.Harness {
		group := m.must("AWSIdentityStore.CreateGroup", object{"IdentityStoreId": identityserver.Store, "DisplayName": t.Name()})["GroupId"].(string)
		h := m.harness(t, memberOf(group), memberOf(nobodyHas), func() []connector.PrincipalRef { return m.members(group) })
		return withUsers(t, h, m.at, h.Secret, func(name string) (all []connectortest.ShownAccount) {
			for _, each := range m.must("AWSIdentityStore.ListUsers", object{"IdentityStoreId": identityserver.Store})["Users"].([]any) {
				if u := each.(object); u["UserName"] == name {
					mark, _ := u["UserType"].(string)
					all = append(all, connectortest.ShownAccount{ID: u["UserId"].(string), ExternalID: mark, Active: true})
				}
			}
			return all
		})
	})
}

// What a user is made with is this, and nothing else of the person.
func TestR270_TheAttributesOfAUser(t *testing.T) {
	h, s := making(t, identityserver.Character{})
	who := *h.Newcomer
	who.Mark = "abc"
	if _, err := h.Connector.(connector.Accounts).MakeAccount(t.Context(), who); err != nil {
		t.Fatal(err)
	}
	for _, call := range s.Calls() {
		if call.Action != "CreateUser" {
			continue
		}
		display, _ := json.Marshal(who.DisplayName)
		want := fmt.Sprintf(`{"IdentityStoreId":"%s","UserName":"%s","DisplayName":%s,"UserType":"leasehold:abc","Name":{"GivenName":"Zoë","FamilyName":"O'Neil"},"Emails":[{"Value":"%s","Type":"work","Primary":true}]}`,
			identityserver.Store, who.UserName, display, who.Mail)
		if call.Body != want {
			t.Errorf("sent %s, want %s", call.Body, want)
		}
	}
	if can := h.Connector.Describe().Accounts; !can.Stays || can.Dated || can.Cost != (entitlement.Cost{Units: 1}) {
		t.Errorf("the rules are %+v", can)
	}
}

// Who cannot be made is told before anything is sent, with what to do.
func TestR270_ForWhomNoUserIsMade(t *testing.T) {
	h, s := making(t, identityserver.Character{})
	can := h.Connector.Describe().Accounts
	for name, edit := range map[string]func(*connector.Person){
		"no given name": func(p *connector.Person) { p.GivenName = "" },
		"no surname":    func(p *connector.Person) { p.Surname = "" },
		"no user name":  func(p *connector.Person) { p.UserName = "" },
		"a blank":       func(p *connector.Person) { p.UserName = "zoe neil" },
		"reserved":      func(p *connector.Person) { p.UserName = "Administrator" },
		"too long":      func(p *connector.Person) { p.UserName = strings.Repeat("z", 129) },
	} {
		p := *h.Newcomer
		edit(&p)
		if r := can.Refuse(p); r == nil || !r.Permanent || !strings.Contains(r.Detail, "reprocess") {
			t.Errorf("%s: %v", name, r)
		}
	}

	if err := can.Ask(t.Context(), *h.Newcomer); err != nil {
		t.Errorf("its own users: %v", err)
	}
	s.AddUser(identityserver.User{UserName: "synced@example.com", External: []string{identityserver.Issuer + " 7"}})
	err := can.Ask(t.Context(), *h.Newcomer)
	if r := connector.RefusalOf(err); r.Reason != connector.PrincipalMissing || !r.Permanent || !strings.Contains(r.Detail, "identity provider") || s.Count("CreateUser") != 0 {
		t.Errorf("users of an identity provider: %v", err)
	}
}

// Of two people with one mail address the second is not taken for the first, and gets nothing that is
// the first one's: AWS refuses a second user of the address, and says so.
func TestR270_TwoPeopleWithOneMailAreNotOneUser(t *testing.T) {
	h, s := making(t, identityserver.Character{})
	c := h.Connector.(connector.Accounts)
	first, second := *h.Newcomer, *h.Newcomer
	first.Mark, second.Mark, second.UserName = "first", "second", "other@example.com"
	if _, err := c.MakeAccount(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	found, err := c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: second.UserName, Mail: second.Mail}, {UserName: first.UserName, Mail: first.Mail}})
	if err != nil || found[0].Err == nil || found[0].Err.Reason != connector.PrincipalMissing || found[1].Err != nil {
		t.Fatalf("%+v, %v", found, err)
	}
	_, err = c.MakeAccount(t.Context(), second)
	if r := connector.RefusalOf(err); r.Reason != connector.RefusedByTarget || r.Permanent || !strings.Contains(r.Detail, "mail address") || len(s.Users(second.UserName)) != 0 {
		t.Errorf("%v", err)
	}
}

func TestR270_UsersNeedToBeFoundByUserName(t *testing.T) {
	s := identityserver.New(identityserver.Character{}, clock.System{})
	_, err := identitycenter.Factory(outbound.Client(true), true, identityserver.Own)(entitlement.ConnectorConfig{URL: s.Start(t).String(), CorrelationKeys: []string{"mail"}, MakeAccounts: true}, s.ExternalID)
	if entitlement.KindOf(err) != entitlement.Invalid || !strings.Contains(err.Error(), "userName") {
		t.Errorf("got %v", err)
	}
}
