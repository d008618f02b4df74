package storetest

import (
	"slices"

	"leasehold/pkg/entitlement"
)

var policyScenarios = []scenario{
	{"Policies are found by everybody, by user and by group, and as they are now", policiesFor},
}

func policiesFor(w *world) {
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
			got, err := w.s.PoliciesFor(w.Context(), u)
			w.must(err)
			got = slices.DeleteFunc(got, func(x entitlement.AssignmentPolicy) bool { return x.Package != p.ID })
			byID := func(a, b entitlement.AssignmentPolicy) int { return slices.Compare([]byte(a.ID), []byte(b.ID)) }
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

	both.Erased = true
	w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{both}})
	finds(ann, all, team)
}
