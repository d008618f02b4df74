package scim

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

const (
	rolesOf        = schemaUser + ":roles"
	entitlementsOf = schemaUser + ":entitlements"
)

// roleNamed is a role of the application of an attribute.
func roleNamed(resource, value string) entitlement.RoleRef {
	return entitlement.RoleRef{Connector: "11111111-1111-4111-8111-111111111111", Resource: resource, Role: value}
}

// quoted is a value that no filter and no path may be broken by.
const quoted = `Admin "EU" \ all] or userName pr`

// withRoles is a registration with the values that the tests use.
func withRoles(valueList bool) entitlement.ConnectorConfig {
	return entitlement.ConnectorConfig{DisplayName: "ERP", CorrelationKeys: []string{"userName", "mail"}, ValueListRemoval: valueList,
		RoleValues: []string{quoted, "auditor"}, EntitlementValues: []string{quoted, "licence"}}
}

// A role of an application is delivered as membership of a group is, and to servers of every
// character: it is the same suite.
func TestTheConnectorConformsForRolesOfApplicationsWithServersOfEveryCharacter(t *testing.T) {
	for _, character := range slices.Concat(connectortest.Characters(), habits) {
		if !rolesTell(character) || character.NoPatch {
			continue // no role can be confirmed there
		}
		t.Run(character.Name, func(t *testing.T) {
			t.Parallel()
			of := func(resource string) func(*testing.T) connectortest.Harness {
				return func(t *testing.T) connectortest.Harness { return onApplication(t, character, resource) }
			}
			if character.Name != "honest" {
				connectortest.RunBehaviour(t, of(rolesOf))
				return
			}
			connectortest.Run(t, of(rolesOf))
			connectortest.RunBehaviour(t, of(entitlementsOf))
		})
	}
}

// rolesTell reports that some way of asking such a server tells who has a role: a person's
// groups say nothing of it.
func rolesTell(c connectortest.Character) bool {
	byList := !c.ShowsNobody && !c.OmitsList
	byFilter := !c.NoMemberFilters && !c.NoPeopleFilters && !c.IgnoresFilters && !c.PresentToAll
	return byList || byFilter
}

func onApplication(t *testing.T, character connectortest.Character, resource string) connectortest.Harness {
	now := clock.NewVirtual(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	character.ShowsFirst = 0 // of members alone: nobody has a hundred roles
	s := connectortest.NewServer(character, now)
	s.Token = testToken
	for i := range connectortest.MinPeople {
		// Whoever is not told to keep something must keep it.
		s.GiveValues(s.AddUser(fmt.Sprintf("ann%d", i), "", ""), attributeOf(resource), "kept")
	}
	s.AddUser("twin1", "", "twin@example.com")
	s.AddUser("twin2", "", "Twin@example.com")
	s.AddGroup()

	proxy := connectortest.NewProxy(t, s.Start(t))
	h := harness(t, proxy, "no-group", character.ValueListOnly)
	var err error
	if h.Connector, err = New(proxy.URL, testToken, withRoles(character.ValueListOnly), outbound.Client(true)); err != nil {
		t.Fatal(err)
	}
	lookAt(t, h.Connector.(*Connector))
	h.Role, h.Registered = roleNamed(resource, quoted), true
	h.Later = func() { now.Advance(2 * time.Minute) }
	h.Crowd = crowdOf(s, func(id string, in bool) {
		values := []string{"kept"}
		if in {
			values = append(values, quoted)
		}
		s.GiveValues(id, attributeOf(resource), values...)
	})
	h.Crowd.Many = 450
	h.Members = func() []connector.PrincipalRef { return s.Holders(attributeOf(resource), quoted) }
	if character.NoMailFilter {
		h.Double = nil
	}
	t.Cleanup(func() {
		for i := range connectortest.MinPeople {
			if id := string(s.Account(fmt.Sprintf("ann%d", i))); !character.ValueEmpties && !slices.Contains(s.Values(id, attributeOf(resource)), "kept") {
				t.Errorf("ann%d lost a role that nobody took", i)
			}
		}
	})
	return h
}

func attributeOf(resource string) string { return resource[strings.LastIndexByte(resource, ':')+1:] }

func TestTheConnectorConformsForRolesOfApplicationsWithScimmy(t *testing.T) {
	conformsForRoles(t, startScimmy(t))
}

func TestTheConnectorConformsForRolesOfApplicationsWithScim2Server(t *testing.T) {
	conformsForRoles(t, startScim2Server(t))
}

// conformsForRoles runs the suite on a real server, with new people for each of its tests.
func conformsForRoles(t *testing.T, base *url.URL) {
	createUser(t, base, "twin1", "twin@example.com")
	createUser(t, base, "twin2", "twin@example.com")
	createGroup(t, base)
	n := 0
	connectortest.Run(t, func(t *testing.T) connectortest.Harness {
		n++
		proxy := connectortest.NewProxy(t, base)
		h := harness(t, proxy, "no-group", false)
		var err error
		if h.Connector, err = New(proxy.URL, testToken, withRoles(false), outbound.Client(true)); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for i := range h.People {
			h.People[i].UserName = fmt.Sprintf("ann%d-%d", i, n)
			ids = append(ids, createUserWith(t, base, h.People[i].UserName, "kept"))
		}
		h.Role, h.Registered = roleNamed(rolesOf, "auditor"), true
		h.Members = func() (all []connector.PrincipalRef) {
			for _, id := range ids {
				values := storedRoles(t, base, id)
				for _, v := range values {
					if v == "auditor" {
						all = append(all, connector.PrincipalRef(id))
					}
				}
				if !slices.Contains(values, "kept") {
					t.Errorf("%s lost a role that nobody took: %q", id, values)
				}
			}
			return all
		}
		return h
	})
}

func createUserWith(t *testing.T, base *url.URL, name, role string) string {
	t.Helper()
	var created struct{ ID string }
	post(t, base, "/Users", map[string]any{"schemas": []string{schemaUser}, "userName": name, "emails": []map[string]any{{"value": name + "@example.com"}},
		"roles": []map[string]any{{"value": role}}}, &created)
	return created.ID
}

func storedRoles(t *testing.T, base *url.URL, id string) (values []string) {
	t.Helper()
	var stored struct{ Roles []struct{ Value string } }
	fetch(t, base, "/Users/"+id, &stored)
	for _, r := range stored.Roles {
		values = append(values, r.Value)
	}
	return values
}

// An application's roles are those that an administrator typed and those that the server was
// seen to name; without any, it is no resource, and the reason says what to do.
func TestR9_AnApplicationOffersTheRolesThatAreKnownOfIt(t *testing.T) {
	s := newServer(t, "honest")
	cfg := withRoles(false)
	cfg.EntitlementValues = nil
	cfg.Check.Values = []entitlement.ApplicationValues{{Resource: rolesOf, Values: []string{"auditor", "viewer"}}}
	c := s.openAs(cfg)

	r, err := c.Resource(t.Context(), rolesOf)
	if err != nil || r.OriginSystem != OriginApplication || r.DisplayName != "ERP (roles)" {
		t.Errorf("got %+v, %v", r, err)
	}
	var offered []string
	for _, role := range r.Roles {
		offered = append(offered, role.OriginID)
	}
	if want := []string{quoted, "auditor", "viewer"}; !slices.Equal(offered, want) {
		t.Errorf("offers %q, want %q", offered, want)
	}

	_, err = c.Resource(t.Context(), entitlementsOf)
	if entitlement.KindOf(err) != entitlement.Precondition || !strings.Contains(entitlement.MessageOf(err), "entitlementValues") {
		t.Errorf("an application without roles: %v", err)
	}
	if n := len(s.Calls("")); n != 0 {
		t.Errorf("%d calls, want none: the registration says it", n)
	}
}

// What is not offered is not given, and what was given once can always be taken back.
func TestR14_ARoleThatIsOfferedNoMoreIsTakenBackAndNotGiven(t *testing.T) {
	s := newServer(t, "honest")
	ann := s.people(1)[0]
	s.GiveValues(ann, "roles", "former", "kept")
	c := s.openAs(withRoles(false))

	if _, err := c.Apply(t.Context(), roleNamed(rolesOf, "former"), grants(ann)); err == nil {
		t.Error("a role that is not offered was given")
	}
	if calls := s.Calls(http.MethodPatch); len(calls) != 0 {
		t.Errorf("it was asked for all the same: %v", calls)
	}
	if results, err := c.Apply(t.Context(), roleNamed(rolesOf, "former"), revokes(ann)); err != nil || results[0].Err != nil {
		t.Errorf("taken back: %+v, %v", results, err)
	}
	if got := s.Values(ann, "roles"); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("left with %q", got)
	}
}

// A value that differs in case alone may be the same one to a server, or not: that is neither
// there nor not there.
func TestF43_ARoleInAnotherCaseIsNeitherThereNorNot(t *testing.T) {
	s := newServer(t, "honest")
	ann := s.people(1)[0]
	s.GiveValues(ann, "roles", "AUDITOR")
	told, err := s.openAs(withRoles(false)).Check(t.Context(), roleNamed(rolesOf, "auditor"), WayMembers, refs([]string{ann}))
	if err != nil || told[0] != entitlement.PresenceUnknown {
		t.Errorf("got %v, %v", told, err)
	}
}

// A removal names its one value in the path: a server that refuses that is left alone, and
// says why, unless an administrator chose the other form.
func TestF44_AServerThatTakesNoPathOfAValueKeepsItsRolesAndSaysSo(t *testing.T) {
	s := newServer(t, "takes members out by a list of values alone")
	ann := s.people(1)[0]
	s.GiveValues(ann, "roles", "auditor", "kept")

	results, err := s.openAs(withRoles(false)).Apply(t.Context(), roleNamed(rolesOf, "auditor"), revokes(ann))
	if err != nil || results[0].Err == nil || !strings.Contains(results[0].Err.Detail, "removalForm") {
		t.Errorf("got %+v, %v", results, err)
	}
	if got := s.Values(ann, "roles"); len(got) != 2 {
		t.Errorf("left with %q", got)
	}

	if results, err = s.openAs(withRoles(true)).Apply(t.Context(), roleNamed(rolesOf, "auditor"), revokes(ann)); err != nil || results[0].Err != nil {
		t.Errorf("by a list of values: %+v, %v", results, err)
	}
	if got := s.Values(ann, "roles"); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("left with %q", got)
	}
}

// Roles of one account that cross undo each other at a server without a lock, be they of one
// attribute or of two: this connector's go one after the other.
func TestF41_RolesOfOneAccountAreChangedOneAfterTheOther(t *testing.T) {
	s := serverOf(t, connectortest.Character{})
	ann := s.people(1)[0]
	open := make(chan struct{}, 1)
	crossed := false
	s.Front(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case open <- struct{}{}:
			// As long as another one needs to come in between, if it may.
			time.Sleep(20 * time.Millisecond)
			<-open
		default:
			crossed = true
		}
		w.WriteHeader(http.StatusNoContent)
	}), 0)

	c := s.openAs(withRoles(false))
	done := make(chan error, 2)
	for _, role := range []entitlement.RoleRef{roleNamed(rolesOf, "auditor"), roleNamed(entitlementsOf, "licence")} {
		go func() { _, err := c.Apply(t.Context(), role, grants(ann)); done <- err }()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if crossed {
		t.Error("two changes of one account crossed")
	}
}

// A server whose data are away knows nobody: that takes no role from anybody.
func TestF42_AnAccountIsGoneOnlyWhereTheServerAnswersForOthers(t *testing.T) {
	s := newServer(t, "honest")
	ids := s.people(2)
	s.GiveValues(ids[0], "roles", "auditor")
	c := s.openAs(withRoles(false))

	s.Front(connectortest.Empty, 0)
	if told, err := c.Check(t.Context(), roleNamed(rolesOf, "auditor"), WayMembers, refs(ids[:1])); err == nil {
		t.Errorf("believed: %v", told)
	}
	if results, err := c.Apply(t.Context(), roleNamed(rolesOf, "auditor"), grants(ids[0])); err == nil {
		t.Errorf("believed: %+v", results[0])
	}

	s.Front(nil, 0)
	s.DeleteUser("ann0")
	told, err := c.Check(t.Context(), roleNamed(rolesOf, "auditor"), WayMembers, refs(ids[:1]))
	if err != nil || told[0] != entitlement.PresenceAbsent {
		t.Errorf("an account that is gone: %v, %v", told, err)
	}
	results, err := c.Apply(t.Context(), roleNamed(rolesOf, "auditor"), grants(ids[0]))
	if err != nil || results[0].Err == nil || results[0].Err.Reason != connector.PrincipalMissing {
		t.Errorf("an account that is gone: %+v, %v", results, err)
	}
}
