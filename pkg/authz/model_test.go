package authz

import (
	"fmt"
	"slices"
	"testing"

	"leasehold/pkg/entitlement"
)

// The plain model of who may do what by a delegated role: the table of tasks of the behaviour
// rules, as it stands there, with the actions that each task is here. It knows nothing of
// policies, and is written by hand.

const (
	creator = entitlement.CatalogCreator
	orgs    = entitlement.OrganizationAdministrator
	owner   = entitlement.CatalogOwner
	manager = entitlement.AccessPackageManager
	assigns = entitlement.AssignmentManager
	reader  = entitlement.CatalogReader
	auditor = entitlement.Auditor
)

// task is one row: by which roles, beside administrators, who may do all of these actions.
type task struct {
	name    string
	actions []Action
	roles   []entitlement.RoleID
	nowhere bool // it is on nothing in a catalog
}

var tasks = []task{
	{"R148: delegate to a catalog creator", []Action{AssignRole}, nil, true},
	{"R149: add a connected organization", []Action{ChangeOrganization}, []entitlement.RoleID{orgs}, true},
	{"R150: create a catalog", []Action{CreateCatalog}, []entitlement.RoleID{creator}, true},
	{"R151: add a resource to a catalog", []Action{AddResource, RemoveResource}, []entitlement.RoleID{owner}, false},
	{"R15: bring a resource into the catalog, for whoever manages packages only", []Action{AddResource}, []entitlement.RoleID{owner}, false},
	{"R172: look for a resource at a target", []Action{PickResource}, []entitlement.RoleID{owner}, false},
	{"R152: add a catalog owner", []Action{AssignRole}, []entitlement.RoleID{owner}, false},
	{"R153: edit a catalog", []Action{UpdateCatalog}, []entitlement.RoleID{owner}, false},
	{"R154: delete a catalog", []Action{DeleteCatalog}, []entitlement.RoleID{owner}, false},
	{"R155: delegate to an access package manager", []Action{AssignRole, ReadRoleAssignment}, []entitlement.RoleID{owner}, false},
	{"R156: remove an access package manager", []Action{AssignRole}, []entitlement.RoleID{owner}, false},
	{"R157: create a package in a catalog", []Action{CreatePackage}, []entitlement.RoleID{owner, manager}, false},
	{"R158: change resource roles of a package", []Action{ChangeRoleScopes}, []entitlement.RoleID{owner, manager}, false},
	{"R159: create and edit policies", []Action{CreatePolicy, UpdatePolicy, DeletePolicy}, []entitlement.RoleID{owner, manager}, false},
	{"R160: directly assign a user", []Action{AssignDirectly, ExtendDirectly}, []entitlement.RoleID{owner, manager, assigns}, false},
	{"R161: directly remove a user", []Action{RemoveDirectly}, []entitlement.RoleID{owner, manager, assigns}, false},
	{"R162: view who has an assignment", []Action{ListAssignments, ReadAssignment, ReadAdditionalAccess}, []entitlement.RoleID{owner, manager, assigns}, false},
	{"R163: view requests", []Action{ListRequests, ReadRequest, ReadApproval}, []entitlement.RoleID{owner, manager, assigns}, false},
	{"R164: view delivery errors, of the assignments of a catalog", []Action{ReadAssignment}, []entitlement.RoleID{owner, manager, assigns}, false},
	{"R165: reprocess a request", []Action{Reprocess}, []entitlement.RoleID{owner, manager, assigns}, false},
	{"R166: cancel a pending request", []Action{CancelRequest, ResumeRequest, DeleteRequest}, []entitlement.RoleID{owner, manager, assigns}, false},
	{"R167: hide a package", []Action{UpdatePackage, ChangeIncompatible}, []entitlement.RoleID{owner, manager}, false},
	{"R168: delete a package", []Action{DeletePackage}, []entitlement.RoleID{owner, manager}, false},
	{"R169: see the packages of a catalog", []Action{ReadCatalog, ListPackages, ReadPackage, ReadPolicy, ReadExtension}, []entitlement.RoleID{owner, manager, assigns, reader}, false},
	{"R173: policies that assign by themselves are for administrators", nil, nil, false},
	{"re-read a resource", []Action{RefreshResource, ChangeUploadSession}, []entitlement.RoleID{owner, manager}, false},
	{"edit the extensions of a catalog", []Action{ChangeExtension}, []entitlement.RoleID{owner}, false},
	{"see connected organizations", []Action{ReadOrganization}, []entitlement.RoleID{orgs}, true},
}

// unseen are the actions that read and that no auditor needs: of these, what is the caller's
// own, and what everybody may see.
var unseen = []Action{ReadSelf, ListRequestablePackages, ListAvailable, ReadRequirements, ListOwnRequests, ListOwnApprovals, ListOwnAssignments, ListReports, ReadRole, CallBatch}

// modelAllows says whether a role, held in the object's own catalog or in another one, lets
// its holder do an action.
func modelAllows(a Action, role entitlement.RoleID, own, inCatalog bool) bool {
	if role == auditor && !a.Writes() && !slices.Contains(unseen, a) {
		return true
	}
	for _, t := range tasks {
		if !slices.Contains(t.actions, a) || !slices.Contains(t.roles, role) {
			continue
		}
		if d, _ := role.Definition(); d.Everywhere || own && inCatalog && !t.nowhere {
			return true
		}
	}
	return false
}

// subjects of the walk: who holds the role, and how.
var heldBy = map[string]func(a entitlement.RoleAssignment) entitlement.RoleAssignment{
	"itself":       func(a entitlement.RoleAssignment) entitlement.RoleAssignment { a.User = "person"; return a },
	"a group":      func(a entitlement.RoleAssignment) entitlement.RoleAssignment { a.Group = "team"; return a },
	"somebody":     func(a entitlement.RoleAssignment) entitlement.RoleAssignment { a.User = "else"; return a },
	"others' team": func(a entitlement.RoleAssignment) entitlement.RoleAssignment { a.Group = "others"; return a },
}

// Every action, for every role, held by a person or by a group of theirs or by somebody else,
// in the catalog of the object or in another one, on an object of a catalog and on none, by a
// person and by an application: what the policies say is what the plain model says.
func TestThePoliciesSayWhatTheModelSays(t *testing.T) {
	asked, differ := 0, 0
	check := func(a Action, role entitlement.RoleID, by string, own, inCatalog, application bool) {
		asked++
		d, _ := role.Definition()
		r := entitlement.RoleAssignment{Role: role}
		switch {
		case d.Everywhere:
		case own:
			r.Catalog = "c"
		default:
			r.Catalog = "foreign"
		}
		o := Object{Roles: []entitlement.RoleAssignment{heldBy[by](r)}}
		if inCatalog {
			o.Catalog = "c"
		}
		c := Caller{ID: "person", Scopes: Every, Application: application}
		if application {
			c.Scopes = 0 // R174: the role takes the place of the scope
		}
		c = c.As(entitlement.User{ID: "person", Enabled: true, Groups: []entitlement.GroupID{"team"}})

		want := (by == "itself" || by == "a group") && modelAllows(a, role, own, inCatalog) && !(application && Rules[a].PeopleOnly)
		want = want || Rules[a].May&Everybody != 0 && !application
		if got := Allow(c, a, o); got.Allowed != want {
			differ++
			t.Errorf("%s by the role %s, held by %s, own catalog %t, object in a catalog %t, application %t: the policies say %t, the model %t (%s)",
				a, role, by, own, inCatalog, application, got.Allowed, want, got.Reason)
		}
	}

	for a := Action(1); a < actionCount; a++ {
		for _, d := range entitlement.RoleDefinitions {
			for by := range heldBy {
				for i := range 8 {
					check(a, d.ID, by, i&1 != 0, i&2 != 0, i&4 != 0)
				}
			}
		}
	}
	t.Logf("%d combinations, %d differences", asked, differ)
}

// Each row of the table by its number: the roles that it names may, and no other role, and
// no role of another catalog.
func TestTheTableOfTasks(t *testing.T) {
	for _, row := range tasks {
		t.Run(row.name, func(t *testing.T) {
			for _, a := range row.actions {
				for _, d := range entitlement.RoleDefinitions {
					person := entitlement.User{ID: "person", Enabled: true}
					on := func(in entitlement.CatalogID) Object {
						r := entitlement.RoleAssignment{Role: d.ID, User: person.ID}
						if !d.Everywhere {
							r.Catalog = in
						}
						o := Object{Catalog: "c", Roles: []entitlement.RoleAssignment{r}}
						if row.nowhere {
							o.Catalog = ""
						}
						return o
					}
					want := slices.Contains(row.roles, d.ID) || d.ID == auditor && !a.Writes()
					if got := Allow(calling(person, Every), a, on("c")); got.Allowed != want {
						t.Errorf("%s by the role %s: %t", a, d.ID, got.Allowed)
					}
					if got := Allow(calling(person, Every), a, on("foreign")); got.Allowed != (want && d.Everywhere) {
						t.Errorf("%s by the role %s in another catalog: %t", a, d.ID, got.Allowed)
					}
				}
			}
		})
	}
}

// S19: many roles elsewhere add nothing here, and one here adds nothing there.
func TestS19_RightsInOneCatalogAreNoneInAnother(t *testing.T) {
	person := entitlement.User{ID: "person", Enabled: true}
	var elsewhere []entitlement.RoleAssignment
	for _, d := range entitlement.RoleDefinitions {
		if !d.Everywhere {
			elsewhere = append(elsewhere, entitlement.RoleAssignment{Role: d.ID, User: person.ID, Catalog: "elsewhere"})
		}
	}
	here := append(slices.Clone(elsewhere), entitlement.RoleAssignment{Role: reader, User: person.ID, Catalog: "here"})
	for a := Action(1); a < actionCount; a++ {
		if Rules[a].May&Everybody != 0 {
			continue
		}
		if Allow(calling(person, Every), a, Object{Catalog: "here", Roles: elsewhere}).Allowed {
			t.Errorf("%s is allowed by roles elsewhere", a)
		}
		if got := Allow(calling(person, Every), a, Object{Catalog: "here", Roles: here}).Allowed; got != modelAllows(a, reader, true, true) {
			t.Errorf("%s by a reader who owns another catalog: %t", a, got)
		}
	}
	if got := fmt.Sprint(Catalogs(calling(person, Every), UpdateCatalog, here), Catalogs(calling(person, Every), ReadCatalog, here)); got != "[elsewhere] [elsewhere here]" {
		t.Errorf("may in %s", got)
	}
}

// Somebody who was disabled holds no role any more, nor does a token that is good for less.
func TestARoleNeedsItsHolderEnabledAndTheScope(t *testing.T) {
	o := Object{Catalog: "c", Roles: []entitlement.RoleAssignment{{Role: owner, User: "person", Catalog: "c"}}}
	if Allow(calling(entitlement.User{ID: "person"}, Every), UpdateCatalog, o).Allowed {
		t.Error("one who is disabled is let through")
	}
	if Allow(calling(person, ScopeSubject|ScopeRead), UpdateCatalog, o).Allowed || !Allow(calling(person, ScopeRead), ReadCatalog, o).Allowed {
		t.Error("the scope is not looked at")
	}
	if Allow(calling(person, ScopeSubject), ReadRequest, o).Allowed {
		t.Error("a token for what is one's own opens what is others'")
	}
}

// A decision takes few allocations, and so does what it is made of: the caller holds all the
// roles of a catalog, by itself and through groups.
func TestADecisionAllocatesLittle(t *testing.T) {
	u := entitlement.User{ID: "person", Enabled: true, Groups: []entitlement.GroupID{"team"}}
	held := []entitlement.RoleAssignment{{Role: owner, Catalog: "c", User: "person"}, {Role: manager, Catalog: "c", Group: "team"}, {Role: auditor, User: "person"}, {Role: reader, Catalog: "c", User: "else"}}
	known, ask := entities(u, "c", held)
	ask.Action = actionUIDs[DeleteCatalog]

	building := testing.AllocsPerRun(100, func() { entities(u, "c", held) })
	evaluating := testing.AllocsPerRun(100, func() { evaluate(known, ask) })
	if building > 50 || evaluating > 15 {
		t.Errorf("building entities %v allocations, evaluating %v, want at most 50 and 15", building, evaluating)
	}
	t.Logf("building entities %v allocations, evaluating %v", building, evaluating)
}

func BenchmarkDecision(b *testing.B) {
	u := entitlement.User{ID: "person", Enabled: true}
	o := Object{Catalog: "c", Roles: []entitlement.RoleAssignment{{Role: owner, Catalog: "c", User: "person"}}}
	for b.Loop() {
		Allow(calling(u, Every), DeleteCatalog, o)
	}
}
