package targets_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/catalogs"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/sharepointserver"
	"leasehold/pkg/connector/sharepoint"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// sites is a stack with a documented SharePoint server registered besides.
type sites struct {
	*stack
	server *sharepointserver.Server
	at     entitlement.ConnectorConfig
	host   string
}

func newSites(t *testing.T, character sharepointserver.Character) *sites {
	t.Helper()
	s := newStack(t, connectortest.Character{Name: "honest"})
	server := sharepointserver.New(character, s.clock)
	base := server.Start(t)
	at := must[entitlement.ConnectorConfig](t)(s.catalogs.RegisterConnector(t.Context(), by, entitlement.ConnectorConfig{DisplayName: "Sites", Kind: sharepoint.Kind,
		URL: base.String(), CorrelationKeys: []string{"userName", "mail"}}, server.Credential("http://"+base.Host)))
	t.Cleanup(func() {
		if harm := server.Harm(); len(harm) > 0 {
			t.Error(harm)
		}
	})
	return &sites{s, server, at, base.Host}
}

// site adds a site with a group besides those that every site has, and takes it into the catalog.
func (s *sites) site(name, group string) (path, role string, r entitlement.Resource) {
	s.Helper()
	path = "/sites/" + name
	s.server.AddSite(sharepointserver.Site{Path: path, Title: name})
	role = strconv.Itoa(s.server.AddGroup(path, group))
	return path, role, must[entitlement.Resource](s.T)(s.catalogs.AddResource(s.Context(), by, s.catalog, s.at.ID, sharepoint.OriginSystem, "https://"+s.host+path))
}

// person is somebody here who has an account there.
func (s *sites) person(name string) (entitlement.UserID, string) {
	s.Helper()
	id := entitlement.UserID(s.clock.New())
	if err := s.store.Commit(s.Context(), entitlement.Change{Users: []entitlement.User{{ID: id, Type: entitlement.Member, DisplayName: name, UserPrincipalName: name + "@contoso.com", Enabled: true}}}); err != nil {
		s.Fatal(err)
	}
	return id, s.server.AddUser(sharepointserver.User{UPN: name + "@contoso.com"})
}

// assign gives somebody a package.
func (s *sites) assign(u entitlement.UserID, p entitlement.AccessPackage) entitlement.AssignmentID {
	s.Helper()
	r := must[entitlement.AssignmentRequest](s.T)(s.requests.Submit(s.Context(), by, requests.Submission{Type: entitlement.AdminAdd, Subject: u, Package: p.ID,
		Policy: must[entitlement.AccessPackage](s.T)(s.store.Package(s.Context(), p.ID)).Policies[0]}))
	return entitlement.AssignmentID(r.ID)
}

// pass lets time go by, in which somebody is looked at when it is time.
func (s *sites) pass(u entitlement.UserID, length time.Duration) {
	s.Helper()
	for end := s.clock.Now().Add(length); s.clock.Now().Before(end); s.clock.Advance(10 * time.Minute) {
		for _, err := range s.worker.Deliver(s.Context(), []entitlement.UserID{u}, "test") {
			s.Fatal(err)
		}
	}
}

func (s *sites) take(a entitlement.AssignmentID) {
	s.Helper()
	must[entitlement.AssignmentRequest](s.T)(s.requests.Remove(s.Context(), by, entitlement.AdminRemove, a, ""))
}

func (s *sites) state(a entitlement.AssignmentID) entitlement.AssignmentState {
	s.Helper()
	return must[entitlement.Assignment](s.T)(s.requests.Assignment(s.Context(), by.Caller, a)).State
}

func (s *sites) holds(path, role string, want ...string) {
	s.Helper()
	n, _ := strconv.Atoi(role)
	var got []string
	for _, p := range s.server.Members(path, n) {
		got = append(got, string(p))
	}
	if !slices.Equal(got, want) {
		s.Errorf("%s of %s is held by %v, want %v", role, path, got, want)
	}
}

// A package with two groups of a site: found in the picker, asked, delivered, read back, ended,
// gone. What others gave stays, and each role is counted by itself.
func TestR4_R5_R8_GroupsOfSitesAreGivenAndTakenBack(t *testing.T) {
	for _, character := range sharepointserver.Characters() {
		if character.BadPerson > 0 || !character.Tells() {
			continue
		}
		t.Run(character.Name, func(t *testing.T) {
			s := newSites(t, character)
			id, ann := s.person("ann")
			_, bob := s.person("bob")
			path, role, site := s.site("sales", "Readers")
			n, _ := strconv.Atoi(role)
			s.server.Put(path, n, bob, true)

			if checked := must[entitlement.ConnectorConfig](t)(s.catalogs.CheckConnector(t.Context(), by, s.at.ID, "")); checked.Check.Error != "" || !slices.Contains(checked.Check.Features, "search") {
				t.Errorf("the check found %+v", checked.Check)
			}
			offers := must[entitlement.Paged[entitlement.TargetOffer]](t)(s.catalogs.Offers(t.Context(), by.Caller, s.at.ID, "sal", entitlement.Page{Limit: 10}))
			if len(offers.Items) != 1 || offers.Items[0].OriginID != site.OriginID || offers.Items[0].DisplayName != "sales" {
				t.Errorf("offered are %+v", offers.Items)
			}
			if at, system, err := s.catalogs.Target(catalogs.Origin{System: "sharePointOnline", ID: site.OriginID, Environment: s.at.ID}); err != nil || at != s.at.ID || system != sharepoint.OriginSystem {
				t.Errorf("got %s, %s, %v", at, system, err)
			}
			if len(site.Roles) != 4 {
				t.Fatalf("offered are the roles %v", site.Roles)
			}

			both, one := s.offer(site, "4", role), s.offer(site, role)
			first := s.assign(id, both)
			s.deliver(id)
			second := s.assign(id, one)
			s.deliver(id)
			for _, a := range []entitlement.AssignmentID{first, second} {
				if state := s.state(a); state != entitlement.AssignmentDelivered {
					t.Errorf("the assignment is %s", state)
				}
			}
			s.holds(path, "4", ann)
			s.holds(path, role, bob, ann)

			s.take(first)
			s.deliver(id)
			s.holds(path, "4")
			s.holds(path, role, bob, ann)
			s.take(second)
			s.deliver(id)
			s.holds(path, role, bob)
		})
	}
}

// One person whom SharePoint refuses, however it says so, keeps nobody else from their role.
func TestF44_OneRefusedPersonAtASiteKeepsNobodyFromTheirRole(t *testing.T) {
	for _, character := range []string{"one bad person answers 500", "one bad person answers 403", "one bad person answers 400"} {
		t.Run(character, func(t *testing.T) {
			s := newSites(t, sharepointserver.Named(character))
			path, role, site := s.site("sales", "Readers")
			p := s.offer(site, role)
			var people []entitlement.UserID
			var given []entitlement.AssignmentID
			for _, name := range []string{"ann", "bob", "bad", "cid", "dan"} {
				u, _ := s.person(name)
				people, given = append(people, u), append(given, s.assign(u, p))
			}
			for _, err := range s.worker.Deliver(t.Context(), people, "test") {
				t.Fatal(err)
			}
			for i, a := range given {
				if state := s.state(a); (state == entitlement.AssignmentDelivered) != (i != 2) {
					t.Errorf("%d is %s", i, state)
				}
			}
			n, _ := strconv.Atoi(role)
			if got := s.server.Members(path, n); len(got) != 4 {
				t.Errorf("members are %v", got)
			}
		})
	}
}

// A group whose members nobody shows is given, and reads as not confirmed: it is never taken for
// delivered, nor for gone.
func TestS15_F39_AGroupOfASiteThatShowsNobodyIsNotConfirmed(t *testing.T) {
	s := newSites(t, sharepointserver.Named("hides members and groups of people"))
	path, role, site := s.site("sales", "Readers")
	id, ann := s.person("ann")
	a := s.assign(id, s.offer(site, role))
	s.pass(id, 6*time.Hour)
	_, sets, err := s.store.SubjectRecord(t.Context(), id)
	if err != nil || s.state(a) == entitlement.AssignmentDelivered || len(sets) != 1 {
		t.Fatalf("%s, %v, %v", s.state(a), sets, err)
	}
	for _, g := range sets[0].Grants {
		if !slices.Contains([]string{entitlement.ReasonNotConfirmed, entitlement.ReasonCannotConfirm}, g.Reason) {
			t.Errorf("recorded is %+v", g)
		}
	}
	s.holds(path, role, ann)
}

// Somebody who was taken out by hand is no trouble to the end of the assignment; somebody whom
// others put in by hand stays, since no package ever gave it.
func TestF31_ChangesByHandAtASiteAreNoTrouble(t *testing.T) {
	s := newSites(t, sharepointserver.Named("refuses a member twice by 500"))
	path, role, site := s.site("sales", "Readers")
	n, _ := strconv.Atoi(role)
	id, ann := s.person("ann")
	_, bob := s.person("bob")
	a := s.assign(id, s.offer(site, role))
	s.deliver(id)

	s.server.Put(path, n, ann, false)
	s.server.Put(path, n, bob, true)
	s.take(a)
	s.deliver(id)
	s.holds(path, role, bob)
}

// A site that is deleted ends what it gave, and says so; one that the application may not see, or
// that is locked, ends nothing.
func TestR8_ASiteThatIsGoneEndsWhatItGave(t *testing.T) {
	for name, does := range map[string]struct {
		to   func(*sites, string)
		gone bool
	}{
		"deleted":           {func(s *sites, path string) { s.server.DeleteSite(path) }, true},
		"its group deleted": {func(s *sites, path string) { s.server.DeleteGroup(path, 4) }, true},
		"forbidden":         {func(s *sites, path string) { s.server.Selected = []string{""} }, false},
		"locked": {func(s *sites, path string) {
			s.server.Change(path, func(site *sharepointserver.Site) { site.Locked = true })
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSites(t, sharepointserver.Named("as documented"))
			path, _, site := s.site("sales", "Readers")
			id, _ := s.person("ann")
			a := s.assign(id, s.offer(site, "4"))
			s.deliver(id)
			does.to(s, path)
			s.take(a)
			s.pass(id, 36*time.Hour)
			_, sets, err := s.store.SubjectRecord(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			left := 0
			for _, set := range sets {
				left += len(set.Grants)
			}
			if (left == 0) != does.gone {
				t.Errorf("%d grants are left: %+v", left, sets)
			}
		})
	}
}

// The same groups under two names would be counted twice: a site within another is refused, and a
// site is kept as SharePoint writes it.
func TestR9_ASiteIsOfferedUnderOneNameAlone(t *testing.T) {
	s := newSites(t, sharepointserver.Named("as documented"))
	_, _, site := s.site("sales", "Readers")
	s.server.AddSite(sharepointserver.Site{Path: "/sites/sales/team", Title: "Team", Within: "/sites/sales"})
	_, err := s.catalogs.AddResource(t.Context(), by, s.catalog, s.at.ID, sharepoint.OriginSystem, site.OriginID+"/team")
	if entitlement.KindOf(err) != entitlement.Precondition || !strings.Contains(entitlement.MessageOf(err), "Offer "+site.OriginID+".") {
		t.Errorf("a site within another: %v", err)
	}
	for _, other := range []string{"/Sites/SALES", "/sites/sales/"} {
		if _, err := s.catalogs.AddResource(t.Context(), by, s.catalog, s.at.ID, sharepoint.OriginSystem, "https://"+s.host+other); entitlement.KindOf(err) != entitlement.Conflict {
			t.Errorf("%s: %v, want that the catalog holds it already", other, err)
		}
	}
}

// A login name holds the principal name. Whoever is renamed, here and there, loses with the end of
// the assignment what they hold under the new one.
func TestF43_S8_WhoeverIsRenamedLosesTheirRoleAllTheSame(t *testing.T) {
	s := newSites(t, sharepointserver.Named("as documented"))
	path, role, site := s.site("sales", "Readers")
	id, ann := s.person("ann")
	a := s.assign(id, s.offer(site, role))
	s.deliver(id)
	s.holds(path, role, ann)

	again := s.server.RenameUser(ann, "ann.smith@contoso.com")
	u := must[entitlement.User](t)(s.store.User(t.Context(), id))
	u.UserPrincipalName = "ann.smith@contoso.com"
	if err := s.store.Commit(t.Context(), entitlement.Change{Users: []entitlement.User{u}}); err != nil {
		t.Fatal(err)
	}
	s.holds(path, role, again)
	s.clock.Advance(time.Hour)
	s.take(a)
	s.pass(id, 36*time.Hour)
	s.holds(path, role)
	s.forgot(id)
}

// SharePoint keeps a deleted account in its groups. It is taken out by the name that it had, and an
// account that is made again under that name finds nothing.
func TestF43_F29_ADeletedAccountIsTakenOutOfItsGroups(t *testing.T) {
	s := newSites(t, sharepointserver.Named("as documented"))
	path, role, site := s.site("sales", "Readers")
	id, ann := s.person("ann")
	a := s.assign(id, s.offer(site, role))
	s.deliver(id)
	s.server.DeleteUser(ann)
	s.holds(path, role, ann)
	s.take(a)
	s.pass(id, time.Hour)
	s.holds(path, role)
	s.forgot(id)
}

// forgot fails the test unless nothing is on record any more of what somebody holds, nor under which name.
func (s *sites) forgot(u entitlement.UserID) {
	s.Helper()
	_, sets, err := s.store.SubjectRecord(s.Context(), u)
	if err != nil {
		s.Fatal(err)
	}
	for _, set := range sets {
		if len(set.Grants) > 0 || set.Principal != "" || len(set.Former) > 0 {
			s.Errorf("left is %+v", set)
		}
	}
}
