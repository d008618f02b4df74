package msgraph_test

import (
	"fmt"
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

// newcomer is a guest whom nobody invited yet.
func newcomer() connector.Person {
	return connector.Person{User: entitlement.UserID(clock.System{}.New()), Guest: true, UserName: "zoe@fabrikam.example", DisplayName: `Zoë "Z" O'Neil`,
		GivenName: "Zoë", Surname: "O'Neil", Mail: "zoe.o'neil@fabrikam.example"}
}

// inviting opens a server at which guests are invited.
func inviting(t *testing.T, character graphserver.Character) (connectortest.Harness, *graphserver.Server) {
	now := clock.NewVirtual(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	s := graphserver.New(character, now)
	s.Limit(graphserver.Unlimited)
	direct := s.Start(t)
	proxy := connectortest.NewProxy(t, direct)
	proxy.Writes = changes
	for i := range connectortest.MinPeople {
		s.AddUser(graphserver.User{UPN: fmt.Sprintf("ann%d@contoso.com", i), Mail: fmt.Sprintf("ann.%d@contoso.com", i)})
	}
	group := s.AddGroup(graphserver.Group{Name: "Sales"})

	c, err := msgraph.New(proxy.URL, credentialOf(s, "http://"+direct.Host), entitlement.ConnectorConfig{CorrelationKeys: []string{"userName", "mail"}, MakeAccounts: true}, outbound.Client(true), true)
	if err != nil {
		t.Fatal(err)
	}
	who := newcomer()
	h := connectortest.Harness{
		Connector: c, Role: roleOf("Member_", group), NoRole: roleOf("Member_", nobodyHas),
		Unknown: connector.Correlation{UserName: "nobody@contoso.com"}, Ghost: nobodyHas, Secret: s.Secret,
		Faults:   proxy.Faults(nil),
		Members:  func() []connector.PrincipalRef { return s.Linked(group, "members") },
		Later:    func() { now.Advance(2 * time.Minute) },
		Now:      now.Now,
		Newcomer: &who,
		Accounts: func(name string) (all []connectortest.ShownAccount) {
			if name == who.UserName {
				name = who.Mail
			}
			for _, u := range s.Guests(name) {
				all = append(all, connectortest.ShownAccount{ID: u.ID, Mail: u.Mail, Active: !u.Disabled})
			}
			return all
		},
	}
	for i := range connectortest.MinPeople {
		h.People = append(h.People, connector.Correlation{UserName: fmt.Sprintf("ann%d@contoso.com", i)})
	}
	t.Cleanup(func() {
		if harm := s.Harm(); len(harm) > 0 {
			t.Errorf("the connector %v", harm)
		}
	})
	return h, s
}

func TestR270_GuestsAreInvitedAtADocumentedGraphServer(t *testing.T) {
	for _, character := range graphserver.Guests() {
		if character.HidesMade { // nothing tells whose a guest is: TestR270_WhoseAGuestIsTellsTheTime, and deliveries
			continue
		}
		t.Run(character.Name, func(t *testing.T) {
			t.Parallel()
			connectortest.RunAccounts(t, func(t *testing.T) connectortest.Harness {
				h, _ := inviting(t, character)
				return h
			})
		})
	}
}

// The invitation is this, and nothing else of the person; Microsoft sends it.
func TestR270_TheAttributesOfAnInvitation(t *testing.T) {
	h, s := inviting(t, graphserver.Character{})
	c := h.Connector.(*msgraph.Connector)
	ref, err := c.MakeAccount(t.Context(), *h.Newcomer)
	if err != nil {
		t.Fatal(err)
	}
	made := s.Guests(h.Newcomer.Mail)
	if len(made) != 1 || made[0].ID != string(ref) || made[0].Name != h.Newcomer.DisplayName || !made[0].Guest || made[0].State != "PendingAcceptance" || s.Invitations() != 1 {
		t.Errorf("made %+v by %d invitations", made, s.Invitations())
	}
	if can := c.Describe().Accounts; can.Stays || !can.Dated || can.Cost != (entitlement.Cost{Writes: 1, Units: 1}) {
		t.Errorf("the rules are %+v", can)
	}
}

// Who cannot be invited is told before anything is sent, with what to do.
func TestR270_WhoIsNotInvited(t *testing.T) {
	h, s := inviting(t, graphserver.Character{})
	can := h.Connector.Describe().Accounts
	for name, edit := range map[string]func(*connector.Person){
		"a member":              func(p *connector.Person) { p.Guest = false },
		"nobody to write to":    func(p *connector.Person) { p.Mail = "" },
		"a sign that Graph ...": func(p *connector.Person) { p.Mail = "zoe+x@fabrikam.example" },
		"two addresses":         func(p *connector.Person) { p.Mail = "a@b.example@c.example" },
	} {
		p := *h.Newcomer
		edit(&p)
		if r := can.Refuse(p); r == nil || !r.Permanent || !strings.Contains(r.Detail, "reprocess") {
			t.Errorf("%s: %v", name, r)
		}
	}

	everybody, err := msgraph.New(s.Start(t), credentialOf(s, "http://127.0.0.1"), entitlement.ConnectorConfig{CorrelationKeys: []string{"mail"}, MakeAccounts: true, InviteEverybody: true}, outbound.Client(true), true)
	if err != nil {
		t.Fatal(err)
	}
	member := *h.Newcomer
	member.Guest = false
	if r := everybody.Describe().Accounts.Refuse(member); r != nil {
		t.Errorf("a member, where everybody is invited: %v", r)
	}

	// An address that is somebody's, though no correlation key finds it, would be answered with theirs.
	s.AddUser(graphserver.User{UPN: "boss@contoso.com", Mail: "boss@contoso.com", Proxies: []string{h.Newcomer.Mail}})
	err = can.Ask(t.Context(), *h.Newcomer)
	if r := connector.RefusalOf(err); r.Reason != connector.PrincipalMissing || !r.Permanent || s.Invitations() != 0 {
		t.Errorf("%v, %d invitations", err, s.Invitations())
	}
}

// A tenant that sends no invitations, or none to its own domain, says what to do.
func TestR270_AnInvitationThatIsRefusedSaysWhatToDo(t *testing.T) {
	h, _ := inviting(t, graphserver.Character{NoInvitations: true})
	_, err := h.Connector.(connector.Accounts).MakeAccount(t.Context(), *h.Newcomer)
	if r := connector.RefusalOf(err); r.Reason != connector.CredentialRefused || !strings.Contains(r.Detail, "User.Invite.All") {
		t.Errorf("forbidden: %v", err)
	}

	h, s := inviting(t, graphserver.Character{})
	own := *h.Newcomer
	own.Mail = "zoe@contoso.com"
	_, err = h.Connector.(connector.Accounts).MakeAccount(t.Context(), own)
	if r := connector.RefusalOf(err); r.Reason != connector.RefusedByTarget || r.Permanent || !strings.Contains(r.Detail, "domain of the tenant") || len(s.Guests(own.Mail)) != 0 {
		t.Errorf("the tenant's own: %v", err)
	}
}

// A guest who has become a member carries a mark that is nobody's, so it is never disabled.
func TestR270_AMemberIsNeverOurs(t *testing.T) {
	h, s := inviting(t, graphserver.Character{})
	c := h.Connector.(connector.Accounts)
	ref, err := c.MakeAccount(t.Context(), *h.Newcomer)
	if err != nil {
		t.Fatal(err)
	}
	s.ChangeUser(string(ref), func(u *graphserver.User) { u.Guest = false })
	if shown, err := c.LookAtAccount(t.Context(), ref); err != nil || shown.Mark == "" {
		t.Errorf("%+v, %v", shown, err)
	}
}

// No id leads to another address than that of an account.
func TestR270_NoIDLeadsElsewhere(t *testing.T) {
	h, s := inviting(t, graphserver.Character{})
	c := h.Connector.(connector.Accounts)
	s.Forget()
	for _, ref := range []connector.PrincipalRef{"", ".", "../groups/" + nobodyHas, nobodyHas + "/manager/$ref", "ann0@contoso.com"} {
		if c.DisableAccount(t.Context(), ref, connector.AccountShown{}) == nil || c.EnableAccount(t.Context(), ref, connector.AccountShown{}) == nil || c.DeleteAccount(t.Context(), ref, connector.AccountShown{}) == nil {
			t.Errorf("%q was changed", ref)
		}
		if _, err := c.LookAtAccount(t.Context(), ref); err == nil {
			t.Errorf("%q was read", ref)
		}
	}
	if calls := s.Calls(""); slices.ContainsFunc(calls, func(c graphserver.Call) bool { return strings.HasPrefix(c.Path, "/v1.0") }) {
		t.Errorf("called %v", calls)
	}
}

func TestR270_GuestsNeedToBeFoundByMail(t *testing.T) {
	s := graphserver.New(graphserver.Character{}, clock.System{})
	base := s.Start(t)
	_, err := msgraph.New(base, credentialOf(s, "http://"+base.Host), entitlement.ConnectorConfig{CorrelationKeys: []string{"userName"}, MakeAccounts: true}, outbound.Client(true), true)
	if entitlement.KindOf(err) != entitlement.Invalid || !strings.Contains(err.Error(), "mail") {
		t.Errorf("got %v", err)
	}
}
