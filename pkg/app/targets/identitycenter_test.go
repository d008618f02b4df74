package targets_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/catalogs"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/identityserver"
	"leasehold/pkg/connector/identitycenter"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// center is a stack with a documented IAM Identity Center registered besides.
type center struct {
	*stack
	server *identityserver.Server
	aws    entitlement.ConnectorConfig
}

func newCenter(t *testing.T, character string) *center {
	t.Helper()
	s := newStack(t, connectortest.Character{Name: "honest"})
	server := identityserver.New(identityserver.Named(character), s.clock)
	aws := must[entitlement.ConnectorConfig](t)(s.catalogs.RegisterConnector(t.Context(), by, entitlement.ConnectorConfig{DisplayName: "AWS", Kind: identitycenter.Kind,
		URL: server.Start(t).String(), CorrelationKeys: []string{"userName", "mail"}}, server.ExternalID))
	t.Cleanup(func() {
		if harm := server.Harm(); len(harm) > 0 {
			t.Error(harm)
		}
	})
	return &center{s, server, aws}
}

// person is somebody here who is a user there.
func (s *center) person(name string) (entitlement.UserID, string) {
	s.Helper()
	id := entitlement.UserID(s.clock.New())
	if err := s.store.Commit(s.Context(), entitlement.Change{Users: []entitlement.User{{ID: id, Type: entitlement.Member, DisplayName: name, UserPrincipalName: name + "@example.com", Enabled: true}}}); err != nil {
		s.Fatal(err)
	}
	return id, s.server.AddUser(identityserver.User{UserName: name + "@example.com"})
}

// group and account put something there and into the catalog, with a package of each of its roles.
func (s *center) group(name string) (string, entitlement.AccessPackage) {
	s.Helper()
	id := s.server.AddGroup(identityserver.Group{Name: name})
	r := must[entitlement.Resource](s.T)(s.catalogs.AddResource(s.Context(), by, s.catalog, s.aws.ID, identitycenter.OriginGroup, id))
	return id, s.offer(r, "Member_"+id)
}

func (s *center) account(id, set string) (string, entitlement.AccessPackage) {
	s.Helper()
	arn := s.server.AddSet(set)
	s.server.AddAccount(identityserver.Account{ID: id, Name: "Production"})
	r := must[entitlement.Resource](s.T)(s.catalogs.AddResource(s.Context(), by, s.catalog, s.aws.ID, identitycenter.OriginAccount, id))
	if len(r.Roles) != 1 || r.Roles[0].OriginID != arn || r.Roles[0].DisplayName != set {
		s.Fatalf("the account offers %+v", r.Roles)
	}
	return identityserver.OfAccount(id, arn), s.offer(r, arn)
}

func (s *center) assign(u entitlement.UserID, p entitlement.AccessPackage) entitlement.AssignmentID {
	s.Helper()
	r := must[entitlement.AssignmentRequest](s.T)(s.requests.Submit(s.Context(), by, requests.Submission{Type: entitlement.AdminAdd, Subject: u, Package: p.ID,
		Policy: must[entitlement.AccessPackage](s.T)(s.store.Package(s.Context(), p.ID)).Policies[0]}))
	return entitlement.AssignmentID(r.ID)
}

func (s *center) remove(a entitlement.AssignmentID) {
	s.Helper()
	must[entitlement.AssignmentRequest](s.T)(s.requests.Remove(s.Context(), by, entitlement.AdminRemove, a, ""))
}

func (s *center) state(a entitlement.AssignmentID) entitlement.AssignmentState {
	s.Helper()
	return must[entitlement.Assignment](s.T)(s.requests.Assignment(s.Context(), by.Caller, a)).State
}

// grants are what is on record of somebody at IAM Identity Center.
func (s *center) grants(u entitlement.UserID) (all []entitlement.Grant) {
	s.Helper()
	_, sets, err := s.store.SubjectRecord(s.Context(), u)
	if err != nil {
		s.Fatal(err)
	}
	for _, set := range sets {
		for _, g := range set.Grants {
			all = append(all, g)
		}
	}
	return all
}

// held fails the test unless exactly these people hold a role.
func (s *center) held(when, of string, people ...string) {
	s.Helper()
	var got []string
	for _, p := range s.server.Held(of) {
		got = append(got, string(p))
	}
	slices.Sort(got)
	slices.Sort(people)
	if !slices.Equal(got, people) {
		s.Errorf("%s: %s is held by %q, want %q", when, of, got, people)
	}
}

// A package with a group and a permission set on an account: picked, asked, delivered, read back,
// ended, gone. What others gave stays.
func TestR4_R5_R8_GroupsAndAccountsOfIdentityCenterAreGivenAndTakenBack(t *testing.T) {
	for _, character := range []string{"as documented", "makes assignments at once", "reads 15 s behind", "forgets requests", "small pages", "hides who holds a role",
		"says yes of everybody", "changes meet others", "gives no reasons", "stores memberships twice", "may not ask for accounts", "the first assignment fails"} {
		t.Run(character, func(t *testing.T) {
			s := newCenter(t, character)
			id, ann := s.person("ann")
			_, bob := s.person("bob")
			sales, p := s.group("Sales")
			account, q := s.account("444455556666", "ReadOnly")
			s.server.Put(sales, bob, true)
			s.server.Put(account, bob, true)
			s.server.PutGroup(account, sales) // so that ann has it by way of the group as well

			first, second := s.assign(id, p), s.assign(id, q)
			s.deliver(id)
			for _, a := range []entitlement.AssignmentID{first, second} {
				if state := s.state(a); state != entitlement.AssignmentDelivered {
					t.Errorf("%s: %+v", state, s.grants(id))
				}
			}
			s.held("given", sales, ann, bob)
			s.held("given", account, ann, bob)

			s.remove(second)
			s.deliver(id)
			s.held("the account taken back", sales, ann, bob)
			s.held("the account taken back", account, bob)
			s.remove(first)
			s.deliver(id)
			s.held("all taken back", sales, bob)
			if all := s.grants(id); len(all) > 0 {
				t.Errorf("on record is still %+v", all)
			}
			if n := s.server.Count("AssumeRole"); n > 3 {
				t.Errorf("the role was assumed %d times", n)
			}
		})
	}
}

// What there is to pick, and what the check of the registration finds.
func TestR10_R11_GroupsAndAccountsThatCannotBeGivenSayWhy(t *testing.T) {
	s := newCenter(t, "small pages")
	s.server.AddSet("ReadOnly")
	s.server.AddAccount(identityserver.Account{ID: "444455556666", Name: "Production"})
	s.server.AddAccount(identityserver.Account{ID: "777788889999", Name: "Closed", Suspended: true})
	for _, name := range []string{"Sales", "Buyers", "Auditors"} {
		s.server.AddGroup(identityserver.Group{Name: name})
	}
	synced := s.server.AddGroup(identityserver.Group{Name: "Synced", Synced: true})

	if checked := must[entitlement.ConnectorConfig](t)(s.catalogs.CheckConnector(t.Context(), by, s.aws.ID, "")); checked.Check.Error != "" || !slices.Contains(checked.Check.Shows, "accounts") {
		t.Errorf("the check found %+v", checked.Check)
	}
	why := map[string]string{}
	for page := (entitlement.Page{Limit: 10}); ; {
		got := must[entitlement.Paged[entitlement.TargetOffer]](t)(s.catalogs.Offers(t.Context(), by.Caller, s.aws.ID, "", page))
		for _, o := range got.Items {
			why[o.OriginSystem+" "+o.DisplayName] = o.Reason
		}
		if page.Token = got.Next; page.Token == "" {
			break
		}
	}
	for what, want := range map[string]string{"AwsIdentityCenterGroup Sales": "", "AwsIdentityCenterGroup Auditors": "", "AwsIdentityCenterGroup Synced": "synchronized from an identity provider",
		"AwsAccount Production": "", "AwsAccount Closed": "suspended"} {
		if got, there := why[what]; !there || (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}

	for id, of := range map[string]string{synced: identitycenter.OriginGroup, "777788889999": identitycenter.OriginAccount} {
		if _, err := s.catalogs.AddResource(t.Context(), by, s.catalog, s.aws.ID, of, id); entitlement.KindOf(err) != entitlement.Precondition {
			t.Errorf("%s at the catalog: %v", id, err)
		}
	}
	if _, err := s.catalogs.AddResource(t.Context(), by, s.catalog, s.aws.ID, identitycenter.OriginGroup, "444455556666"); entitlement.KindOf(err) != entitlement.Invalid {
		t.Errorf("an account as a group: %v", err)
	}
	if at, system, err := s.catalogs.Target(catalogs.Origin{System: "awsaccount", Environment: s.aws.ID}); err != nil || at != s.aws.ID || system != identitycenter.OriginAccount {
		t.Errorf("got %s, %s, %v", at, system, err)
	}
}

// An assignment that AWS makes half an hour later is asked for once and delivered then.
func TestF35_AnAssignmentOfAnAccountThatTakesHalfAnHourIsDeliveredThen(t *testing.T) {
	s := newCenter(t, "assignments take half an hour")
	id, ann := s.person("ann")
	account, p := s.account("444455556666", "ReadOnly")
	a := s.assign(id, p)
	for range 6 {
		for _, err := range s.worker.Deliver(t.Context(), []entitlement.UserID{id}, "test") {
			t.Fatal(err)
		}
		if state := s.state(a); state != entitlement.AssignmentDelivering {
			t.Errorf("under way it is %s", state)
		}
		s.clock.Advance(5*time.Minute - time.Second)
	}
	s.deliver(id)
	s.held("in the end", account, ann)
	if n := s.server.Count("CreateAccountAssignment"); n != 1 || s.state(a) != entitlement.AssignmentDelivered {
		t.Errorf("%s after %d calls", s.state(a), n)
	}
}

// One that AWS accepts and fails says why, as AWS put it, and is made again.
func TestF35_T5_AFailedAssignmentOfAnAccountSaysWhy(t *testing.T) {
	s := newCenter(t, "the first assignment fails")
	id, ann := s.person("ann")
	account, p := s.account("444455556666", "ReadOnly")
	a := s.assign(id, p)
	for range 2 {
		for _, err := range s.worker.Deliver(t.Context(), []entitlement.UserID{id}, "test") {
			t.Fatal(err)
		}
		s.clock.Advance(6 * time.Second)
	}
	if g := s.grants(id); len(g) != 1 || !strings.Contains(g[0].Detail, identityserver.Why) || s.state(a) == entitlement.AssignmentDelivered {
		t.Errorf("%s, and on record is %+v", s.state(a), g)
	}
	s.deliver(id)
	s.held("in the end", account, ann)
	if s.state(a) != entitlement.AssignmentDelivered {
		t.Errorf("in the end it is %s", s.state(a))
	}
}

// One person whom AWS refuses, however it says so, keeps nobody else from their role.
func TestF44_OneRefusedPersonAtIdentityCenterKeepsNobodyFromTheirRole(t *testing.T) {
	for _, character := range []string{"one bad person answers 500", "one bad person answers 400"} {
		t.Run(character, func(t *testing.T) {
			s := newCenter(t, character)
			sales, p := s.group("Sales")
			account, q := s.account("444455556666", "ReadOnly")
			var people []entitlement.UserID
			for _, name := range []string{"ann", "bob", "bad", "cid", "dan"} {
				u, _ := s.person(name)
				s.assign(u, p)
				s.assign(u, q)
				people = append(people, u)
			}
			for range 3 {
				for _, err := range s.worker.Deliver(t.Context(), people, "test") {
					t.Fatal(err)
				}
				s.clock.Advance(time.Minute)
			}
			if m, a := s.server.Held(sales), s.server.Held(account); len(m) != 4 || len(a) != 4 {
				t.Errorf("%d are members and %d have the account, want 4 of 5", len(m), len(a))
			}
		})
	}
}

// A user who was deleted and made again under the same name has another id: what is given from then on is
// given to the new one. Who was taken out by hand is no trouble to the end; who was put in stays.
func TestF29_F31_UsersMadeAgainAndChangesByHandAtIdentityCenterAreNoTrouble(t *testing.T) {
	s := newCenter(t, "as documented")
	id, ann := s.person("ann")
	_, bob := s.person("bob")
	sales, p := s.group("Sales")
	buyers, q := s.group("Buyers")
	first := s.assign(id, p)
	s.deliver(id)
	s.held("given", sales, ann)

	s.server.Put(sales, ann, false)
	s.server.Put(sales, bob, true)
	s.remove(first)
	s.deliver(id)
	s.held("after the end", sales, bob)

	s.server.DeleteUser(ann)
	s.clock.Advance(25 * time.Hour)
	again := s.server.AddUser(identityserver.User{UserName: "ann@example.com"})
	a := s.assign(id, q)
	s.deliver(id)
	s.deliver(id)
	s.held("made again", buyers, again)
	if s.state(a) != entitlement.AssignmentDelivered {
		t.Errorf("it is %s", s.state(a))
	}
}

// A group that was deleted and made again under the same name is another group: nobody is put into it.
func TestF30_AGroupOfIdentityCenterThatWasMadeAgainIsNotTakenForTheOldOne(t *testing.T) {
	s := newCenter(t, "as documented")
	id, _ := s.person("ann")
	sales, p := s.group("Sales")
	s.server.DeleteGroup(sales)
	other := s.server.AddGroup(identityserver.Group{Name: "Sales"})
	a := s.assign(id, p)
	for range 3 {
		s.deliver(id)
	}
	s.held("the new one", other)
	if g := s.grants(id); len(g) != 1 || g[0].Reason != entitlement.ReasonResourceMissing || s.state(a) == entitlement.AssignmentDelivered {
		t.Errorf("%s, and on record is %+v", s.state(a), g)
	}
}

// The published limits: 20 calls a second, and 15 assignments of accounts under way, of which each
// takes 25 seconds here, are kept to by two workers side by side.
func TestPublishedLimitsOfIdentityCenterAreKeptTo(t *testing.T) {
	s := newCenter(t, "as documented")
	s.server.Takes = 25 * time.Second
	account, p := s.account("444455556666", "ReadOnly")
	_, q := s.group("Sales")
	var people []entitlement.UserID
	for i := range 40 {
		u, _ := s.person(fmt.Sprintf("ann%d", i))
		s.assign(u, p)
		s.assign(u, q)
		people = append(people, u)
	}
	before, began := len(s.server.Calls()), s.clock.Now()
	for len(s.server.Held(account)) < len(people) {
		if s.clock.Now().Sub(began) > time.Hour {
			t.Fatalf("after an hour %d have the account", len(s.server.Held(account)))
		}
		var workers sync.WaitGroup
		for _, some := range [][]entitlement.UserID{people[:20], people[20:]} {
			workers.Go(func() {
				for u, err := range s.worker.Deliver(t.Context(), some, "test") {
					t.Errorf("%s: %v", u, err)
				}
			})
		}
		workers.Wait()
		s.clock.Advance(5 * time.Second)
	}

	var all, made []time.Time
	for _, call := range s.server.Calls()[before:] {
		if call.Action == "AssumeRole" {
			continue
		}
		all = append(all, call.At)
		if call.Action == "CreateAccountAssignment" {
			made = append(made, call.At)
		}
	}
	most := func(at []time.Time, window time.Duration) (best int) {
		slices.SortFunc(at, time.Time.Compare)
		for i, first := range at {
			n := 0
			for _, later := range at[i:] {
				if later.Sub(first) < window {
					n++
				}
			}
			best = max(best, n)
		}
		return best
	}
	calls, underWay := most(all, time.Second), most(made, s.server.Takes)
	t.Logf("%d calls in %s: at most %d in a second, %d in ten, and %d assignments under way", len(all), s.clock.Now().Sub(began), calls, most(all, 10*time.Second), underWay)
	if calls > 20 || underWay > 15 || len(made) != len(people) {
		t.Errorf("%d calls in a second, %d assignments under way, %d made; want at most 20, 15, and %d", calls, underWay, len(made), len(people))
	}
}

// An external id for which the role may not be assumed replaces none that works.
func TestAnExternalIDThatIsRefusedReplacesNothing(t *testing.T) {
	s := newCenter(t, "as documented")
	id, ann := s.person("ann")
	sales, p := s.group("Sales")
	_, err := s.catalogs.UpdateConnector(t.Context(), by, s.aws.ID, "another-external-id", func(*entitlement.ConnectorConfig) {})
	if err == nil || strings.Contains(err.Error(), "another-external-id") {
		t.Errorf("got %v", err)
	}
	s.assign(id, p)
	s.deliver(id)
	s.held("with the one that was there", sales, ann)
}
