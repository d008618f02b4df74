package targets_test

import (
	"encoding/json"
	"strings"
	"testing"

	"leasehold/pkg/catalogs"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/graphserver"
	"leasehold/pkg/connector/msgraph"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// tenant is a stack with a documented Graph server registered besides.
type tenant struct {
	*stack
	graph *graphserver.Server
	entra entitlement.ConnectorConfig
}

func newTenant(t *testing.T, character graphserver.Character) *tenant {
	t.Helper()
	s := newStack(t, connectortest.Character{Name: "honest"})
	graph := graphserver.New(character, s.clock)
	base := graph.Start(t)
	credential, _ := json.Marshal(map[string]string{"tenantId": graphserver.Tenant, "clientId": graphserver.ClientID, "clientSecret": graph.Secret, "authority": "http://" + base.Host})
	entra := must[entitlement.ConnectorConfig](t)(s.catalogs.RegisterConnector(t.Context(), by, entitlement.ConnectorConfig{DisplayName: "Entra", Kind: msgraph.Kind,
		URL: base.String(), CorrelationKeys: []string{"userName", "mail"}}, string(credential)))
	return &tenant{s, graph, entra}
}

// person is somebody here who has an account there.
func (s *tenant) person(name string) (entitlement.UserID, string) {
	s.Helper()
	id := entitlement.UserID(s.clock.New())
	if err := s.store.Commit(s.Context(), entitlement.Change{Users: []entitlement.User{{ID: id, Type: entitlement.Member, DisplayName: name, UserPrincipalName: name + "@contoso.com", Enabled: true}}}); err != nil {
		s.Fatal(err)
	}
	return id, s.graph.AddUser(graphserver.User{UPN: name + "@contoso.com"})
}

// A package with a group and an application of two roles: asked, delivered, read back, ended,
// gone. What others gave stays.
func TestR4_R5_R8_GroupsAndApplicationsOfEntraAreGivenAndTakenBack(t *testing.T) {
	for _, character := range []string{"as documented", "reads 15 s behind", "filters 45 s behind", "small pages", "speaks another language", "gives application roles twice", "changes of one group conflict in a batch"} {
		t.Run(character, func(t *testing.T) {
			s := newTenant(t, graphserver.Named(character))
			id, ann := s.person("ann")
			_, bob := s.person("bob")
			sales := s.graph.AddGroup(graphserver.Group{Name: "Sales"})
			s.graph.Put(sales, "members", bob, true)
			erp := s.graph.AddApp(graphserver.App{Name: "ERP", Roles: []graphserver.AppRole{{Name: "clerk"}, {Name: "auditor"}, {Name: "old", Disabled: true}, {Name: "daemon", ForApps: true}}})
			clerk, auditor := s.graph.App(erp).Roles[0].ID, s.graph.App(erp).Roles[1].ID

			group := must[entitlement.Resource](t)(s.catalogs.AddResource(t.Context(), by, s.catalog, s.entra.ID, msgraph.OriginGroup, sales))
			app := must[entitlement.Resource](t)(s.catalogs.AddResource(t.Context(), by, s.catalog, s.entra.ID, msgraph.OriginApplication, erp))
			if len(group.Roles) != 2 || len(app.Roles) != 2 {
				t.Fatalf("offered are %v and %v", group.Roles, app.Roles)
			}
			p := s.offer(group, "Member_"+sales)
			for _, role := range []string{clerk, auditor} {
				must[entitlement.ResourceRoleScope](t)(s.catalogs.AddScope(t.Context(), by, p.ID, app, role))
			}

			r := must[entitlement.AssignmentRequest](t)(s.requests.Submit(t.Context(), by, requests.Submission{Type: entitlement.AdminAdd, Subject: id, Package: p.ID, Policy: must[entitlement.AccessPackage](t)(s.store.Package(t.Context(), p.ID)).Policies[0]}))
			s.deliver(id)
			a := must[entitlement.Assignment](t)(s.requests.Assignment(t.Context(), by.Caller, entitlement.AssignmentID(r.ID)))
			if a.State != entitlement.AssignmentDelivered {
				t.Errorf("%s, %s", a.State, a.Status(s.clock.Now()))
			}
			if got := s.graph.Linked(sales, "members"); len(got) != 2 || string(got[1]) != ann {
				t.Errorf("members are %v", got)
			}
			for _, role := range []string{clerk, auditor} {
				if got := s.graph.Assigned(erp, role); len(got) != 1 || string(got[0]) != ann {
					t.Errorf("the role %s is held by %v", role, got)
				}
			}

			must[entitlement.AssignmentRequest](t)(s.requests.Remove(t.Context(), by, entitlement.AdminRemove, a.ID, ""))
			s.deliver(id)
			if got := s.graph.Linked(sales, "members"); len(got) != 1 || string(got[0]) != bob {
				t.Errorf("after the end, members are %v", got)
			}
			if len(s.graph.Assigned(erp, clerk))+len(s.graph.Assigned(erp, auditor)) > 0 {
				t.Error("after the end roles of the application are left")
			}
			if harm := s.graph.Harm(); len(harm) > 0 {
				t.Error(harm)
			}
		})
	}
}

// Groups whose members nobody may change are told apart, each with its reason, at the catalog
// and in the picker; one that became such a group is refused at delivery.
func TestR10_R11_GroupsOfEntraThatCannotBeGivenSayWhy(t *testing.T) {
	s := newTenant(t, graphserver.Named("as documented"))
	for _, c := range []struct {
		group graphserver.Group
		why   string
	}{
		{graphserver.Group{Name: "Synced", Synced: true}, "synchronized from an on-premises directory"},
		{graphserver.Group{Name: "Dynamic", Dynamic: true}, "dynamic"},
		{graphserver.Group{Name: "DynamicTeam", Dynamic: true, Unified: true}, "dynamic"},
		{graphserver.Group{Name: "Mailed", MailEnabled: true}, "mail-enabled security group"},
		{graphserver.Group{Name: "List", MailEnabled: true, NoSecurity: true}, "distribution group"},
		{graphserver.Group{Name: "Admins", RoleAssignable: true}, "changes administrators"},
		{graphserver.Group{Name: "Team", Unified: true, NoSecurity: true}, ""},
		{graphserver.Group{Name: "Plain"}, ""},
	} {
		id := s.graph.AddGroup(c.group)
		_, err := s.catalogs.AddResource(t.Context(), by, s.catalog, s.entra.ID, msgraph.OriginGroup, id)
		if (err == nil) != (c.why == "") || err != nil && (entitlement.KindOf(err) != entitlement.Precondition || !strings.Contains(entitlement.MessageOf(err), c.why)) {
			t.Errorf("%s at the catalog: %v, want %q", c.group.Name, err, c.why)
		}
		page := must[entitlement.Paged[entitlement.TargetOffer]](t)(s.catalogs.Offers(t.Context(), by.Caller, s.entra.ID, c.group.Name, entitlement.Page{Limit: 10}))
		if len(page.Items) == 0 || (page.Items[0].Reason == "") != (c.why == "") || !strings.Contains(page.Items[0].Reason, c.why) {
			t.Errorf("%s in the picker: %+v, want %q", c.group.Name, page.Items, c.why)
		}
	}

	id, _ := s.person("ann")
	was := s.graph.AddGroup(graphserver.Group{Name: "Was assigned"})
	group := must[entitlement.Resource](t)(s.catalogs.AddResource(t.Context(), by, s.catalog, s.entra.ID, msgraph.OriginGroup, was))
	p := s.offer(group, "Member_"+was)
	s.graph.Change(was, func(g *graphserver.Group) { g.Dynamic = true })
	r := must[entitlement.AssignmentRequest](t)(s.requests.Submit(t.Context(), by, requests.Submission{Type: entitlement.AdminAdd, Subject: id, Package: p.ID, Policy: must[entitlement.AccessPackage](t)(s.store.Package(t.Context(), p.ID)).Policies[0]}))
	s.deliver(id)
	a := must[entitlement.Assignment](t)(s.requests.Assignment(t.Context(), by.Caller, entitlement.AssignmentID(r.ID)))
	_, sets, err := s.store.SubjectRecord(t.Context(), id)
	if err != nil || a.State == entitlement.AssignmentDelivered || len(sets) != 1 {
		t.Fatalf("%s, %v, %v", a.State, sets, err)
	}
	for _, g := range sets[0].Grants {
		if !strings.Contains(g.Detail, "dynamic") || !g.Permanent {
			t.Errorf("recorded is %+v", g)
		}
	}
}

// The same origin system is that of the built-in directory where no environment is named.
func TestGroupsOfEntraAreToldFromThoseOfTheDirectoryByTheirEnvironment(t *testing.T) {
	s := newTenant(t, graphserver.Named("as documented"))
	if at, system, err := s.catalogs.Target(catalogs.Origin{System: "aadgroup", Environment: s.entra.ID}); err != nil || at != s.entra.ID || system != msgraph.OriginGroup {
		t.Errorf("got %s, %s, %v", at, system, err)
	}
	if at, _, err := s.catalogs.Target(catalogs.Origin{System: "AadGroup"}); err != nil || at != entitlement.BuiltinConnector {
		t.Errorf("got %s, %v", at, err)
	}
	app := s.graph.AddApp(graphserver.App{Name: "No roles"})
	if _, err := s.catalogs.AddResource(t.Context(), by, s.catalog, s.entra.ID, msgraph.OriginGroup, app); entitlement.KindOf(err) != entitlement.Invalid {
		t.Errorf("an application as a group: %v", err)
	}
	r := must[entitlement.Resource](t)(s.catalogs.AddResource(t.Context(), by, s.catalog, s.entra.ID, msgraph.OriginApplication, app))
	if len(r.Roles) != 1 || r.Roles[0].OriginID != graphserver.DefaultAccess {
		t.Errorf("an application without roles offers %+v", r.Roles)
	}
	if _, err := s.catalogs.AddResource(t.Context(), by, s.catalog, s.target.ID, msgraph.OriginGroup, s.server.AddGroup()); entitlement.KindOf(err) != entitlement.Invalid {
		t.Errorf("a group of a SCIM target as one of Entra: %v", err)
	}
	if !must[entitlement.ConnectorConfig](t)(s.store.Connector(t.Context(), s.entra.ID)).ConcurrentWrites {
		t.Error("changes of a tenant's groups are shown as serial")
	}
}

// assign gives somebody a package.
func (s *tenant) assign(u entitlement.UserID, p entitlement.AccessPackage) entitlement.AssignmentID {
	s.Helper()
	r := must[entitlement.AssignmentRequest](s.T)(s.requests.Submit(s.Context(), by, requests.Submission{Type: entitlement.AdminAdd, Subject: u, Package: p.ID,
		Policy: must[entitlement.AccessPackage](s.T)(s.store.Package(s.Context(), p.ID)).Policies[0]}))
	return entitlement.AssignmentID(r.ID)
}

func (s *tenant) state(a entitlement.AssignmentID) entitlement.AssignmentState {
	s.Helper()
	return must[entitlement.Assignment](s.T)(s.requests.Assignment(s.Context(), by.Caller, a)).State
}

// group adds a group to the tenant and to the catalog, and makes a package of membership of it.
func (s *tenant) group(name string) (string, entitlement.AccessPackage) {
	s.Helper()
	id := s.graph.AddGroup(graphserver.Group{Name: name})
	r := must[entitlement.Resource](s.T)(s.catalogs.AddResource(s.Context(), by, s.catalog, s.entra.ID, msgraph.OriginGroup, id))
	return id, s.offer(r, "Member_"+id)
}

// One person whom Graph refuses, however it says so, keeps nobody else from their role.
func TestF44_OneRefusedPersonAtGraphKeepsNobodyFromTheirRole(t *testing.T) {
	for _, character := range []string{"one bad person answers 500", "one bad person answers 403", "one bad person answers 400"} {
		t.Run(character, func(t *testing.T) {
			s := newTenant(t, graphserver.Named(character))
			group, p := s.group("Sales")
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
			if got := s.graph.Linked(group, "members"); len(got) != 4 {
				t.Errorf("members are %v", got)
			}
		})
	}
}

// A group that was just made answers 404 to some and 400 to others for a while: that is never
// final, and the role is delivered when the group is known.
func TestF42_AGroupThatWasJustMadeIsDeliveredToWhenItIsKnown(t *testing.T) {
	s := newTenant(t, graphserver.Named("a new group is not found"))
	group, p := s.group("New")
	u, ann := s.person("ann")
	s.graph.Unsettle(group)
	a := s.assign(u, p)
	for _, err := range s.worker.Deliver(t.Context(), []entitlement.UserID{u}, "test") {
		t.Fatal(err)
	}
	if state := s.state(a); state != entitlement.AssignmentDelivering {
		t.Errorf("while the group is not known: %s", state)
	}
	s.deliver(u)
	if got := s.graph.Linked(group, "members"); s.state(a) != entitlement.AssignmentDelivered || len(got) != 1 || string(got[0]) != ann {
		t.Errorf("in the end %s, and members are %v", s.state(a), got)
	}
}

// An account that was deleted and made again under its name has another id: what is given from
// then on is given to the new one.
func TestF29_F43_AnAccountMadeAgainGetsWhatIsGivenFromThenOn(t *testing.T) {
	for _, character := range []string{"as documented", "takes any id"} {
		t.Run(character, func(t *testing.T) {
			s := newTenant(t, graphserver.Named(character))
			first, p := s.group("First")
			second, q := s.group("Second")
			u, ann := s.person("ann")
			s.assign(u, p)
			s.deliver(u)
			if got := s.graph.Linked(first, "members"); len(got) != 1 || string(got[0]) != ann {
				t.Fatalf("members are %v", got)
			}

			s.graph.DeleteUser(ann)
			s.clock.Advance(25 * 3600e9)
			again := s.graph.AddUser(graphserver.User{UPN: "ann@contoso.com"})
			a := s.assign(u, q)
			s.deliver(u)
			s.deliver(u)
			if got := s.graph.Linked(second, "members"); s.state(a) != entitlement.AssignmentDelivered || len(got) != 1 || string(got[0]) != again {
				t.Errorf("%s, and members are %v, want %s", s.state(a), got, again)
			}
		})
	}
}

// Somebody who was taken out by hand is no trouble to the end of the assignment; somebody whom
// others put in by hand stays, since no package ever gave it.
func TestF31_ChangesByHandAtGraphAreNoTrouble(t *testing.T) {
	s := newTenant(t, graphserver.Named("as documented"))
	group, p := s.group("Sales")
	u, ann := s.person("ann")
	_, bob := s.person("bob")
	a := s.assign(u, p)
	s.deliver(u)

	s.graph.Put(group, "members", ann, false)
	s.graph.Put(group, "members", bob, true)
	must[entitlement.AssignmentRequest](t)(s.requests.Remove(t.Context(), by, entitlement.AdminRemove, a, ""))
	s.deliver(u)
	if got := s.graph.Linked(group, "members"); len(got) != 1 || string(got[0]) != bob {
		t.Errorf("members are %v, want him whom others put in", got)
	}
}

// An application that defines no role for people has default access, which is given and taken
// back like any role.
func TestR13_AnApplicationWithoutRolesHasDefaultAccess(t *testing.T) {
	s := newTenant(t, graphserver.Named("as documented"))
	id := s.graph.AddApp(graphserver.App{Name: "Wiki"})
	app := must[entitlement.Resource](t)(s.catalogs.AddResource(t.Context(), by, s.catalog, s.entra.ID, msgraph.OriginApplication, id))
	p := s.offer(app, graphserver.DefaultAccess)
	u, ann := s.person("ann")
	a := s.assign(u, p)
	s.deliver(u)
	if got := s.graph.Assigned(id, graphserver.DefaultAccess); len(got) != 1 || string(got[0]) != ann || s.state(a) != entitlement.AssignmentDelivered {
		t.Errorf("%s, held by %v", s.state(a), got)
	}
	must[entitlement.AssignmentRequest](t)(s.requests.Remove(t.Context(), by, entitlement.AdminRemove, a, ""))
	s.deliver(u)
	if got := s.graph.Assigned(id, graphserver.DefaultAccess); len(got) > 0 {
		t.Errorf("after the end it is held by %v", got)
	}
}
