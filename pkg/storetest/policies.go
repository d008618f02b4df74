package storetest

import (
	"cmp"
	"slices"
	"strconv"

	"leasehold/pkg/entitlement"
)

var policyScenarios = []scenario{
	{"Policies are found by everybody, by user and by group, and as they are now", policiesFor},
}

// policiesFor walks the policies for a user by pages of so many packages.
func (w *fixture) policiesFor(u entitlement.User, packages int) (all []entitlement.AssignmentPolicy) {
	w.Helper()
	of := map[entitlement.PackageID]int{} // the page that each package is on

	for n, page := 0, (entitlement.Page{Limit: packages}); ; n++ {
		list := get[entitlement.Paged[entitlement.AssignmentPolicy]](w)(w.s.PoliciesFor(w.Context(), u, nil, page))
		on := map[entitlement.PackageID]bool{}

		for _, p := range list.Items {
			if before, seen := of[p.Package]; seen && before != n || string(p.Package) <= page.Token {
				w.Fatalf("package %s is on two pages", p.Package)
			}
			of[p.Package], on[p.Package] = n, true
		}

		if len(on) > page.Size() {
			w.Fatalf("%d packages on a page of %d", len(on), page.Size())
		}

		all = append(all, list.Items...)
		if page.Token = list.Next; page.Token == "" {
			return all
		}
	}
}

func policiesFor(w *fixture) {
	p := w.pkg(newID[entitlement.CatalogID]())
	ann, bob, g := w.user(), w.user(), w.group()
	w.join(ann.ID, g.ID)
	ann = get[entitlement.User](w)(w.s.User(w.Context(), ann.ID))
	scoped := func(scope entitlement.TargetScope, targets ...entitlement.SubjectSet) entitlement.AssignmentPolicy {
		return w.policy(&p, func(pol *entitlement.AssignmentPolicy) { pol.Scope, pol.Targets = scope, targets })
	}
	members, all := scoped(entitlement.ScopeAllMembers), scoped(entitlement.ScopeAllUsers)
	scoped(entitlement.ScopeNobody)
	named := scoped(entitlement.ScopeSpecificUsers, byUser(ann.ID), byUser(bob.ID))
	team := scoped(entitlement.ScopeSpecificUsers, byGroup(g.ID))
	both := scoped(entitlement.ScopeSpecificUsers, byUser(ann.ID), byGroup(g.ID))

	finds := func(u entitlement.User, want ...entitlement.AssignmentPolicy) {
		w.Helper()
		w.eventually(func() string {
			got := w.policiesFor(u, 3)
			got = slices.DeleteFunc(got, func(x entitlement.AssignmentPolicy) bool { return x.Package != p.ID })
			byID := func(a, b entitlement.AssignmentPolicy) int { return cmp.Compare(a.ID, b.ID) }
			slices.SortFunc(got, byID)
			slices.SortFunc(want, byID)
			return diff(got, want)
		})
	}
	finds(ann, members, all, named, team, both)
	finds(bob, members, all, named)
	finds(w.user(), members, all)

	change := func(pol *entitlement.AssignmentPolicy, scope entitlement.TargetScope, targets ...entitlement.SubjectSet) {
		w.Helper()
		pol.Scope, pol.Targets = scope, targets
		w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{*pol}})
		pol.Version++
	}
	change(&named, entitlement.ScopeSpecificUsers, byUser(bob.ID))
	change(&members, entitlement.ScopeNobody)
	change(&team, entitlement.ScopeAllUsers)
	finds(ann, all, team, both)
	finds(bob, all, team, named)

	var others []entitlement.AssignmentPolicy // of packages of their own
	for range 7 {
		q := w.pkg(newID[entitlement.CatalogID]())
		others = append(others, w.policy(&q, func(pol *entitlement.AssignmentPolicy) {
			pol.Scope, pol.Targets = entitlement.ScopeSpecificUsers, []entitlement.SubjectSet{byUser(ann.ID), byGroup(g.ID)}
		}))
	}
	w.eventually(func() string {
		for _, o := range others {
			if n := len(slices.DeleteFunc(w.policiesFor(ann, 2), func(x entitlement.AssignmentPolicy) bool { return x.ID != o.ID })); n != 1 {
				return "a policy is listed " + strconv.Itoa(n) + " times"
			}
		}
		return ""
	})

	both.Erased = true
	w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{both}})
	finds(ann, all, team)
}
