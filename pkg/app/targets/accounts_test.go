package targets_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/graphserver"
	"leasehold/pkg/connector/connectortest/identityserver"
	"leasehold/pkg/connector/identitycenter"
	"leasehold/pkg/connector/msgraph"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// newcomers is a stack with a target at which accounts are made, and a package of a role there.
type newcomers struct {
	*stack
	at     entitlement.ConnectorConfig
	faults connectortest.Faults
	pack   entitlement.AccessPackage
	group  string
}

// guest is somebody from another organization, who has no account there.
func (s *newcomers) employ(name string, kind entitlement.UserType) entitlement.UserID {
	s.Helper()
	id := entitlement.UserID(s.clock.New())
	u := entitlement.User{ID: id, Type: kind, DisplayName: "Zoë Neil", GivenName: "Zoë", Surname: "Neil", UserPrincipalName: name, Mail: name, Enabled: true}
	if err := s.store.Commit(s.Context(), entitlement.Change{Users: []entitlement.User{u}}); err != nil {
		s.Fatal(err)
	}
	return id
}

func (s *newcomers) assign(u entitlement.UserID) entitlement.AssignmentID {
	s.Helper()
	r := must[entitlement.AssignmentRequest](s.T)(s.requests.Submit(s.Context(), by, requests.Submission{Type: entitlement.AdminAdd, Subject: u, Package: s.pack.ID,
		Policy: must[entitlement.AccessPackage](s.T)(s.store.Package(s.Context(), s.pack.ID)).Policies[0]}))
	return entitlement.AssignmentID(r.ID)
}

func (s *newcomers) remove(a entitlement.AssignmentID) {
	s.Helper()
	must[entitlement.AssignmentRequest](s.T)(s.requests.Remove(s.Context(), by, entitlement.AdminRemove, a, ""))
}

// settled has the worker look until nothing is owed.
func (s *newcomers) settled(u entitlement.UserID) {
	s.Helper()
	for range 12 {
		s.deliver(u)
		if record, _, err := s.store.SubjectRecord(s.Context(), u); err != nil {
			s.Fatal(err)
		} else if !record.NeedsReconcile() {
			return
		}
	}
	s.Errorf("something is still owed: %+v", s.record(u))
}

// record is what is on record of the account.
func (s *newcomers) record(u entitlement.UserID) entitlement.Account {
	s.Helper()
	_, sets, err := s.store.SubjectRecord(s.Context(), u)
	if err != nil {
		s.Fatal(err)
	}
	for _, set := range sets {
		if set.Connector == s.at.ID {
			return set.Account
		}
	}
	return entitlement.Account{}
}

func (s *newcomers) delivered(a entitlement.AssignmentID) bool {
	s.Helper()
	return must[entitlement.Assignment](s.T)(s.requests.Assignment(s.Context(), by.Caller, a)).State == entitlement.AssignmentDelivered
}

// happened are the kinds of events of the account of a mark.
func (s *newcomers) happened(mark string) (kinds []string) {
	s.Helper()
	for _, e := range must[[]entitlement.Event](s.T)(s.store.Events(s.Context(), entitlement.OfAccount, mark)) {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// newGuests is a tenant to which guests are invited.
func newGuests(t *testing.T, character graphserver.Character, ends bool) (*newcomers, *graphserver.Server) {
	t.Helper()
	s := &newcomers{stack: newStack(t, connectortest.Character{Name: "honest"})}
	graph := graphserver.New(character, s.clock)
	direct := graph.Start(t)
	proxy := connectortest.NewProxy(t, direct)
	proxy.Writes = func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/invitations") }
	s.faults = proxy.Faults(nil)
	graph.AddUser(graphserver.User{UPN: "ann@contoso.com", Mail: "ann@contoso.com"})

	credential, _ := json.Marshal(map[string]string{"tenantId": graphserver.Tenant, "clientId": graphserver.ClientID, "clientSecret": graph.Secret, "authority": "http://" + direct.Host})
	s.at = must[entitlement.ConnectorConfig](t)(s.catalogs.RegisterConnector(t.Context(), by, entitlement.ConnectorConfig{DisplayName: "Entra", Kind: msgraph.Kind,
		URL: proxy.URL.String(), CorrelationKeys: []string{"userName", "mail"}, MakeAccounts: true, DeleteAccounts: ends}, string(credential)))
	s.group = graph.AddGroup(graphserver.Group{Name: "Sales"})
	r := must[entitlement.Resource](t)(s.catalogs.AddResource(t.Context(), by, s.catalog, s.at.ID, msgraph.OriginGroup, s.group))
	s.pack = s.offer(r, "Member_"+s.group)
	t.Cleanup(func() {
		if harm := graph.Harm(); len(harm) > 0 {
			t.Error(harm)
		}
	})
	return s, graph
}

const zoe = "zoe@fabrikam.example"

// one is the only account of the address.
func one(t *testing.T, graph *graphserver.Server) graphserver.User {
	t.Helper()
	all := graph.Guests(zoe)
	if len(all) != 1 {
		t.Fatalf("%d accounts: %+v", len(all), all)
	}
	return all[0]
}

// Somebody without an account is given a role: the guest is invited, has the role, and is disabled
// with the last role, enabled with the next.
func TestR270_AGuestIsInvitedWithTheFirstRoleAndDisabledWithTheLast(t *testing.T) {
	for _, character := range graphserver.Guests() {
		if character.HidesMade {
			continue
		}
		t.Run(character.Name, func(t *testing.T) {
			s, graph := newGuests(t, character, false)
			u := s.employ(zoe, entitlement.Guest)
			graph.Forget()
			a := s.assign(u)
			s.settled(u)

			made, got := one(t, graph), s.record(u)
			if !s.delivered(a) || got.State != entitlement.AccountActive || got.Ref != made.ID || made.Disabled || made.State != "PendingAcceptance" {
				t.Fatalf("made %+v, on record %+v, delivered: %t", made, got, s.delivered(a))
			}
			if members := graph.Linked(s.group, "members"); !slices.Equal(members, []connector.PrincipalRef{connector.PrincipalRef(made.ID)}) {
				t.Errorf("members are %v", members)
			}

			s.remove(a)
			s.settled(u)
			if got := s.record(u); !one(t, graph).Disabled || got.State != entitlement.AccountDisabled || got.Unconfirmed {
				t.Errorf("not disabled with the last role: %+v", got)
			}
			calls := len(graph.Calls(""))

			again := s.assign(u)
			s.settled(u)
			if got := s.record(u); !s.delivered(again) || one(t, graph).Disabled || got.State != entitlement.AccountActive || graph.Invitations() != 1 {
				t.Errorf("not enabled again: %+v after %d invitations", got, graph.Invitations())
			}
			if kinds := s.happened(got.Mark); !slices.Equal(kinds, []string{"made", "disabled", "enabled"}) {
				t.Errorf("events %v", kinds)
			}
			t.Logf("%d calls from nothing to disabled, of which %d invite or change the guest", calls, len(graph.Calls(http.MethodPatch))-1+graph.Invitations())
		})
	}
}

// An answer that is lost leaves one guest, who is ours: Graph shows that it was made while the call ran.
func TestR270_AGuestWhoseAnswerWasLostIsInvitedOnce(t *testing.T) {
	for _, character := range graphserver.Guests() {
		t.Run(character.Name, func(t *testing.T) {
			s, graph := newGuests(t, character, false)
			u := s.employ(zoe, entitlement.Guest)
			a := s.assign(u)
			s.faults.LoseAnswer()
			s.settled(u)
			want := entitlement.AccountActive
			if character.HidesMade { // nothing tells whose it is, so it is left alone, and shown
				want = entitlement.AccountUnsure
			}
			if got := s.record(u); got.State != want || got.Ref != one(t, graph).ID || !s.delivered(a) || graph.Invitations() != 1 {
				t.Fatalf("on record %+v, %d invitations, delivered: %t", got, graph.Invitations(), s.delivered(a))
			}
			s.remove(a)
			s.settled(u)
			if disabled := one(t, graph).Disabled; disabled != (want == entitlement.AccountActive) {
				t.Errorf("disabled: %t", disabled)
			}
		})
	}
}

// Who was there is used, and never disabled: a guest whom others invited, and one of whom Graph's index
// does not know yet, for whom it answers an invitation as for somebody new.
func TestR270_AGuestOfOthersIsNeverDisabled(t *testing.T) {
	for name, c := range map[string]struct {
		character graphserver.Character
		since     time.Duration
		invites   int
	}{
		"one of last year":                     {since: 365 * 24 * time.Hour},
		"one that the index does not know yet": {character: graphserver.Character{IndexLag: 45 * time.Second}, since: 10 * time.Second, invites: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, graph := newGuests(t, c.character, false)
			id := graph.AddUser(graphserver.User{UPN: "zoe_fabrikam.example#EXT#@contoso.com", Mail: zoe, Guest: true})
			graph.Made(id, s.clock.Now().Add(-c.since))
			u := s.employ(zoe, entitlement.Guest)
			a := s.assign(u)
			s.settled(u)
			if got := s.record(u); !s.delivered(a) || got.Ours() || graph.Invitations() != c.invites {
				t.Fatalf("on record %+v, %d invitations, delivered: %t", got, graph.Invitations(), s.delivered(a))
			}
			s.remove(a)
			s.settled(u)
			if one(t, graph).Disabled {
				t.Error("disabled")
			}
		})
	}
}

// A guest who has become a member is not ours any more.
func TestR270_AGuestWhoBecameAMemberIsNeverDisabled(t *testing.T) {
	s, graph := newGuests(t, graphserver.Character{}, true)
	u := s.employ(zoe, entitlement.Guest)
	a := s.assign(u)
	s.settled(u)
	graph.ChangeUser(s.record(u).Ref, func(g *graphserver.User) { g.Guest = false })
	s.remove(a)
	s.settled(u)
	if got := s.record(u); one(t, graph).Disabled || got != (entitlement.Account{}) {
		t.Errorf("on record %+v", got)
	}
}

// Members are not invited, and what the tenant refuses says what to do. Nothing is made.
func TestR270_WhoIsNotInvitedHasTheReasonOnRecord(t *testing.T) {
	for name, c := range map[string]struct {
		character graphserver.Character
		kind      entitlement.UserType
		reason    connector.Reason
		says      string
	}{
		"a member":                  {kind: entitlement.Member, reason: connector.PrincipalMissing, says: "guests alone"},
		"a tenant without any":      {character: graphserver.Character{NoInvitations: true}, kind: entitlement.Guest, reason: connector.CredentialRefused, says: "User.Invite.All"},
		"an alias of somebody else": {character: graphserver.Character{Name: "alias"}, kind: entitlement.Guest, reason: connector.PrincipalMissing, says: "correlationKeys"},
	} {
		t.Run(name, func(t *testing.T) {
			s, graph := newGuests(t, c.character, false)
			if c.character.Name == "alias" {
				graph.AddUser(graphserver.User{UPN: "boss@contoso.com", Mail: "boss@contoso.com", Proxies: []string{zoe}})
			}
			u := s.employ(zoe, c.kind)
			s.assign(u)
			s.deliver(u)
			_, sets, err := s.store.SubjectRecord(t.Context(), u)
			if err != nil || len(sets) != 1 {
				t.Fatal(sets, err)
			}
			for _, g := range sets[0].Grants {
				if g.Reason != string(c.reason) || !strings.Contains(g.Detail, c.says) {
					t.Errorf("recorded is %s: %s", g.Reason, g.Detail)
				}
			}
			if graph.Invitations() != 0 || slices.ContainsFunc(graph.Guests(zoe), func(u graphserver.User) bool { return u.Guest }) {
				t.Error("somebody was invited")
			}
		})
	}
}

// Where the connector says so the guest is deleted, once its roles are gone.
func TestR270_AGuestIsDeletedOnlyWhereTheConnectorSaysSo(t *testing.T) {
	s, graph := newGuests(t, graphserver.Character{}, true)
	u := s.employ(zoe, entitlement.Guest)
	a := s.assign(u)
	s.settled(u)
	mark := s.record(u).Mark
	s.remove(a)
	s.settled(u)
	if left := graph.Guests(zoe); len(left) != 0 || s.record(u) != (entitlement.Account{}) {
		t.Errorf("left %+v, on record %+v", left, s.record(u))
	}
	if kinds := s.happened(mark); !slices.Equal(kinds, []string{"made", "deleted"}) {
		t.Errorf("events %v", kinds)
	}
}

// A guest counts as disabled only where Graph shows it so.
func TestR270_AGuestWhoIsNotDisabledIsOwedThat(t *testing.T) {
	s, graph := newGuests(t, graphserver.Character{IgnoresEnabled: true}, false)
	u := s.employ(zoe, entitlement.Guest)
	a := s.assign(u)
	s.settled(u)
	s.remove(a)
	s.deliver(u)
	if got := s.record(u); got.State != entitlement.AccountActive || got.Reason != string(connector.NotConfirmed) {
		t.Errorf("on record %+v", got)
	}
	graph.ChangeUser(s.record(u).Ref, func(g *graphserver.User) { g.Disabled = true })
	s.clock.Advance(time.Hour)
	s.settled(u)
	if got := s.record(u); got.State != entitlement.AccountDisabled {
		t.Errorf("on record %+v", got)
	}
}

// Each call about an account counts against what Graph takes: fifty newcomers at once meet no throttling.
func TestR270_InvitationsCountAgainstTheRate(t *testing.T) {
	s, graph := newGuests(t, graphserver.Character{}, false)
	graph.Limit(graphserver.Small)
	var all []entitlement.UserID
	for i := range 50 {
		u := s.employ(strings.Replace(zoe, "zoe", "zoe"+string(rune('a'+i%26))+string(rune('a'+i/26)), 1), entitlement.Guest)
		s.assign(u)
		all = append(all, u)
	}
	for range 4 {
		for _, err := range s.worker.Deliver(t.Context(), all, "test") {
			t.Fatal(err)
		}
		s.clock.Advance(5 * time.Minute)
	}
	for _, call := range graph.Calls("") {
		if call.Status == http.StatusTooManyRequests {
			t.Fatal("throttled")
		}
	}
	if n := len(graph.Linked(s.group, "members")); n != 50 || graph.Invitations() != 50 {
		t.Errorf("%d members, %d invitations", n, graph.Invitations())
	}
}

// newUsers is an IAM Identity Center at which users are made.
func newUsers(t *testing.T, character identityserver.Character, ends bool) (*newcomers, *identityserver.Server) {
	t.Helper()
	s := &newcomers{stack: newStack(t, connectortest.Character{Name: "honest"})}
	server := identityserver.New(character, s.clock)
	proxy := connectortest.NewProxy(t, server.Start(t))
	proxy.Writes = func(r *http.Request) bool { return strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".CreateUser") }
	s.faults = proxy.Faults(nil)
	server.AddUser(identityserver.User{UserName: "ann@example.com", Mail: "ann@example.com"})

	s.at = must[entitlement.ConnectorConfig](t)(s.catalogs.RegisterConnector(t.Context(), by, entitlement.ConnectorConfig{DisplayName: "AWS", Kind: identitycenter.Kind,
		URL: proxy.URL.String(), CorrelationKeys: []string{"userName", "mail"}, MakeAccounts: true, DeleteAccounts: ends}, server.ExternalID))
	s.group = server.AddGroup(identityserver.Group{Name: "Sales"})
	r := must[entitlement.Resource](t)(s.catalogs.AddResource(t.Context(), by, s.catalog, s.at.ID, identitycenter.OriginGroup, s.group))
	s.pack = s.offer(r, "Member_"+s.group)
	t.Cleanup(func() {
		if harm := server.Harm(); len(harm) > 0 {
			t.Error(harm)
		}
	})
	return s, server
}

const mia = "mia@example.com"

// Somebody without a user is given a role: the user is made, has the role, and stays with the last role
// gone, shown as such, since AWS documents no call that disables one. The next role finds it.
func TestR270_AUserOfIdentityCenterIsMadeWithTheFirstRoleAndStays(t *testing.T) {
	for _, character := range identityserver.Users() {
		t.Run(character.Name, func(t *testing.T) {
			s, server := newUsers(t, character, false)
			u := s.employ(mia, entitlement.Member)
			before := len(server.Calls())
			a := s.assign(u)
			s.settled(u)

			all, got := server.Users(mia), s.record(u)
			if len(all) != 1 || !s.delivered(a) || got.State != entitlement.AccountActive || got.Ref != all[0].ID || all[0].Type != "leasehold:"+got.Mark {
				t.Fatalf("made %+v, on record %+v, delivered: %t", all, got, s.delivered(a))
			}
			if held := server.Held(s.group); !slices.Equal(held, []connector.PrincipalRef{connector.PrincipalRef(all[0].ID)}) {
				t.Errorf("members are %v", held)
			}

			s.remove(a)
			s.settled(u)
			if got := s.record(u); len(server.Users(mia)) != 1 || got.State != entitlement.AccountKept || len(server.Held(s.group)) != 0 {
				t.Errorf("after the last role: %+v", got)
			}
			calls := len(server.Calls()) - before

			again := s.assign(u)
			s.settled(u)
			if got := s.record(u); !s.delivered(again) || got.State != entitlement.AccountActive || server.Count("CreateUser") != 1 {
				t.Errorf("the next role: %+v", got)
			}
			if kinds := s.happened(got.Mark); !slices.Equal(kinds, []string{"made", "kept", "enabled"}) {
				t.Errorf("events %v", kinds)
			}
			t.Logf("%d calls from nothing to kept", calls)
		})
	}
}

// An answer that is lost leaves one user, who is known by the mark.
func TestR270_AUserWhoseAnswerWasLostIsMadeOnce(t *testing.T) {
	for _, character := range append(identityserver.Users(), identityserver.Character{Name: "keeps no userType", DropsTypes: true}) {
		t.Run(character.Name, func(t *testing.T) {
			s, server := newUsers(t, character, true)
			u := s.employ(mia, entitlement.Member)
			a := s.assign(u)
			s.faults.LoseAnswer()
			s.settled(u)
			all, got := server.Users(mia), s.record(u)
			want := entitlement.AccountActive
			if character.DropsTypes {
				want = entitlement.AccountUnsure
			}
			if len(all) != 1 || got.State != want || got.Ref != all[0].ID || !s.delivered(a) {
				t.Fatalf("made %+v, on record %+v, delivered: %t", all, got, s.delivered(a))
			}

			// The connector says that what is ours is deleted, and that alone is.
			s.remove(a)
			s.settled(u)
			if left := len(server.Users(mia)); left != map[bool]int{true: 1, false: 0}[character.DropsTypes] {
				t.Errorf("%d are left", left)
			}
		})
	}
}

// A user whom others made is used and never deleted, and so is one whose type somebody has changed since.
func TestR270_AUserOfOthersIsNeverDeleted(t *testing.T) {
	s, server := newUsers(t, identityserver.Character{}, true)
	server.AddUser(identityserver.User{UserName: mia, Type: "Employee"})
	u := s.employ(mia, entitlement.Member)
	a := s.assign(u)
	s.settled(u)
	s.remove(a)
	s.settled(u)
	if got := s.record(u); len(server.Users(mia)) != 1 || got != (entitlement.Account{}) || server.Count("CreateUser")+server.Count("DeleteUser") != 0 {
		t.Errorf("on record %+v", got)
	}

	s, server = newUsers(t, identityserver.Character{}, true)
	u = s.employ(mia, entitlement.Member)
	a = s.assign(u)
	s.settled(u)
	server.ChangeUser(s.record(u).Ref, func(u *identityserver.User) { u.Type = "Employee" })
	s.remove(a)
	s.settled(u)
	if got := s.record(u); len(server.Users(mia)) != 1 || got != (entitlement.Account{}) || server.Count("DeleteUser") != 0 {
		t.Errorf("on record %+v", got)
	}
}

// Who was disabled at the console is not given a role until somebody enables them there.
func TestR270_AUserWhomOthersDisabledIsNotEnabled(t *testing.T) {
	s, server := newUsers(t, identityserver.Character{}, false)
	u := s.employ(mia, entitlement.Member)
	a := s.assign(u)
	s.settled(u)
	s.remove(a)
	s.settled(u)
	server.ChangeUser(s.record(u).Ref, func(u *identityserver.User) { u.Disabled = true })
	s.assign(u)
	s.deliver(u)
	if got := s.record(u); got.State != entitlement.AccountKept || !strings.Contains(got.Detail, "Enable it there") || len(server.Held(s.group)) != 0 {
		t.Errorf("on record %+v", got)
	}
}

// Where an identity provider gives the users none is made, and of two people with one mail address
// each is somebody else.
func TestR270_ForWhomNoUserIsMadeTheReasonIsOnRecord(t *testing.T) {
	s, server := newUsers(t, identityserver.Character{}, false)
	server.AddUser(identityserver.User{UserName: "synced@example.com", External: []string{identityserver.Issuer + " 7"}})
	u := s.employ(mia, entitlement.Member)
	s.assign(u)
	s.deliver(u)
	_, sets, err := s.store.SubjectRecord(t.Context(), u)
	if err != nil || server.Count("CreateUser") != 0 {
		t.Fatal(err, server.Count("CreateUser"))
	}
	for _, g := range sets[0].Grants {
		if g.Reason != string(connector.PrincipalMissing) || !strings.Contains(g.Detail, "identity provider") {
			t.Errorf("recorded is %s: %s", g.Reason, g.Detail)
		}
	}
}
