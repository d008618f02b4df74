package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// managerScenarios are what lists about other people rely on: about those who report to somebody,
// and about those who hold what somebody looks after.
var managerScenarios = []scenario{
	{"R213: who reports to a manager is listed by name, page by page, and follows a new name and a new manager", reportsPaged},
	{"R213: of several people the live assignments and the open requests are found, and of nobody else", liveAndOpenOfSeveral},
	{"Policies by which others ask for people whom they do not name are listed by package, while they do", behalfPolicies},
	{"Whose delivery fails anywhere is listed once a connector, the longest first, until it works", failingAnywhere},
	{"All role assignments are listed page by page, each once, by who holds them", rolesListed},
}

// reports polls until exactly want reports to the manager, in this order, in pages of every size.
func (w *fixture) reports(manager entitlement.UserID, named entitlement.Named, want ...entitlement.UserID) {
	w.Helper()
	for _, limit := range []int{0, 1, 2} {
		w.eventually(func() string {
			return diff(readAll(w, limit, func(page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
				page.Named = named
				return w.s.ReportsOf(w.Context(), manager, page)
			}), want)
		})
	}
}

func reportsPaged(w *fixture) {
	boss, other := newID[entitlement.UserID](), newID[entitlement.UserID]()
	all, begins := entitlement.Named{}, entitlement.Named{Begins: "anna"}
	report := func(name string, to entitlement.UserID) entitlement.User {
		return w.user(func(u *entitlement.User) { u.DisplayName, u.Manager = name, to })
	}
	w.reports(boss, all)

	carl, anna := report("Carl", boss), report("Anna", boss)
	berta, annabel := report("Berta", boss), report("Annabel", boss)
	report("Bodo", "") // nobody's
	foreign := report("Bruno", other)
	w.reports(boss, all, anna.ID, annabel.ID, berta.ID, carl.ID)
	w.reports(boss, begins, anna.ID, annabel.ID)
	w.reports(boss, entitlement.Named{Begins: "Anna", Whole: true}, anna.ID)
	w.reports(boss, entitlement.Named{Begins: "Bruno"})
	w.reports(other, all, foreign.ID)

	anna.DisplayName, carl.Manager, berta.Manager = "Zoe", other, ""
	w.commit(entitlement.Change{Users: []entitlement.User{anna, carl, berta}})
	w.reports(boss, all, annabel.ID, anna.ID)
	w.reports(boss, begins, annabel.ID)
	w.reports(other, all, foreign.ID, carl.ID)
}

func liveAndOpenOfSeveral(w *fixture) {
	ann, ben, carl, nobody := newID[entitlement.UserID](), newID[entitlement.UserID](), newID[entitlement.UserID](), newID[entitlement.UserID]()
	var live []entitlement.AssignmentID
	for _, of := range []entitlement.UserID{ann, ann, ben} {
		r, _ := w.hold(newID[entitlement.PackageID](), of)
		live = append(live, r.AssignmentOf())
	}
	_, gone := w.hold(newID[entitlement.PackageID](), ben)
	w.end(gone)
	w.hold(newID[entitlement.PackageID](), carl) // who is not asked about

	asked := []entitlement.UserID{ann, ben, nobody}
	var found []entitlement.AssignmentID
	for _, a := range get[[]entitlement.Assignment](w)(w.s.LiveOf(w.Context(), asked)) {
		found = append(found, a.ID)
	}
	sameSet(w, found, live)

	want := map[entitlement.UserID]int{ann: 2, ben: 1} // of Ann's three no more than were asked for
	for _, of := range []entitlement.UserID{ann, ann, ann, ben, carl} {
		w.submit(newID[entitlement.PackageID](), of)
	}
	closed := w.submit(newID[entitlement.PackageID](), ben)
	closed.State = entitlement.RequestCanceled
	w.move(closed, "canceled")
	w.freeSlot(closed)
	w.eventually(func() string {
		got := map[entitlement.UserID]int{}
		for _, r := range get[[]entitlement.AssignmentRequest](w)(w.s.OpenRequestsOf(w.Context(), asked, 2)) {
			if !r.State.Open() {
				return fmt.Sprint("a request is listed that is ", r.State)
			}
			got[r.Subject]++
		}
		return diff(got, want)
	})
}

func behalfPolicies(w *fixture) {
	p := w.pkg(newID[entitlement.CatalogID]())
	lets := func(scope entitlement.TargetScope) entitlement.AssignmentPolicy {
		return w.policy(&p, func(pol *entitlement.AssignmentPolicy) { pol.Scope, pol.Requestor.OnBehalfAdd = scope, true })
	}
	members, users := lets(entitlement.ScopeAllMembers), lets(entitlement.ScopeAllUsers)
	lets(entitlement.ScopeSpecificUsers) // which are found by whom they name
	lets(entitlement.ScopeNobody)
	w.policy(&p) // by which nobody asks for others

	listed := func(want ...entitlement.PolicyID) {
		w.Helper()
		for _, limit := range []int{0, 1, 2} {
			w.eventually(func() string {
				var got []entitlement.PolicyID
				var before entitlement.PackageID
				for _, pol := range readAll(w, limit, func(page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error) {
					return w.s.BehalfPolicies(w.Context(), page)
				}) {
					if pol.Package < before {
						return "the policies are not in the order of their packages"
					}
					if before = pol.Package; pol.Package == p.ID { // others may play on the same table
						got = append(got, pol.ID)
					}
				}
				return diff(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)))
			})
		}
	}
	listed(members.ID, users.ID)

	users.Requestor.OnBehalfAdd = false
	w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{users}})
	listed(members.ID)
	members.Deleting = instant(0)
	w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{members}})
	listed()
}

func failingAnywhere(w *fixture) {
	ann, ben := newID[entitlement.UserID](), newID[entitlement.UserID]()
	one, two := grantSetKey{ann, newID[entitlement.ConnectorID]()}, grantSetKey{ann, newID[entitlement.ConnectorID]()}
	other, well := grantSetKey{ben, one.at}, newGrantSetKey()

	fails := func(want ...entitlement.Failing) {
		w.Helper()
		for _, limit := range []int{0, 1} {
			w.eventually(func() string {
				var got []entitlement.Failing
				for shard := range names.LateShards {
					all := readAll(w, limit, func(page entitlement.Page) (entitlement.Paged[entitlement.Failing], error) {
						return w.s.FailingAnywhere(w.Context(), shard, page)
					})
					if !slices.IsSortedFunc(all, func(a, b entitlement.Failing) int { return a.Since.Compare(b.Since) }) {
						return "a shard is not sorted by time"
					}
					got = append(got, all...)
				}
				got = slices.DeleteFunc(got, func(f entitlement.Failing) bool {
					return f.Subject != ann && f.Subject != ben && f.Subject != well.subject
				})
				return diff(inOrder(got), inOrder(want))
			})
		}
	}
	since := func(d grantSetKey, at time.Duration) entitlement.Failing {
		return entitlement.Failing{Subject: d.subject, Since: instant(at)}
	}

	one.records(w, down("down", instant(2)), down("refused", instant(1))) // by the worst of them
	two.records(w, down("refused", instant(3)))
	other.records(w, down("down", instant(0)))
	works := entitlement.Grant{Presence: entitlement.PresencePresent, Confirmed: instant(0), Generation: 1}
	well.records(w, works)
	fails(since(other, 0), since(one, 1), since(two, 3))

	one.records(w, works)
	fails(since(other, 0), since(two, 3))
	two.records(w)
	other.records(w, works)
	fails()
}

func rolesListed(w *fixture) {
	c, g := newID[entitlement.CatalogID](), w.group().ID
	want := map[entitlement.RoleAssignmentID]entitlement.RoleAssignment{}
	for _, a := range []entitlement.RoleAssignment{
		{Role: entitlement.CatalogOwner, Catalog: c, User: w.user().ID},
		{Role: entitlement.CatalogReader, Catalog: c, Group: g},
		{Role: entitlement.CatalogCreator, Group: g},
	} {
		a = w.role(a)
		want[a.ID] = a
	}

	holder := func(a entitlement.RoleAssignment) string { return cmp.Or("U"+string(a.User), "") + string(a.Group) }
	listed := func() {
		w.Helper()
		for _, limit := range []int{0, 1} {
			w.eventually(func() string {
				got, seen := map[entitlement.RoleAssignmentID]entitlement.RoleAssignment{}, map[string]bool{}
				last := ""
				for _, a := range readAll(w, limit, func(page entitlement.Page) (entitlement.Paged[entitlement.RoleAssignment], error) {
					return w.s.ListRoleAssignments(w.Context(), page)
				}) {
					if _, ours := want[a.ID]; !ours && a.Catalog != c && a.Group != g {
						continue // others may play on the same table
					}
					if _, twice := got[a.ID]; twice {
						return "a role assignment is listed twice"
					}
					if h := holder(a); h != last && seen[h] {
						return "what one holds is not listed together"
					}
					got[a.ID], last = a, holder(a)
					seen[last] = true
				}
				return diff(got, want)
			})
		}
	}
	listed()

	for id, a := range want {
		a.Erased = true
		w.commit(entitlement.Change{RoleAssignments: []entitlement.RoleAssignment{a}})
		delete(want, id)
		break
	}
	listed()
}
