package storetest

import (
	"slices"

	"leasehold/pkg/entitlement"
)

var guardScenarios = []scenario{
	{"S7: a closed package refuses every guard, whoever asks, until it is opened", closedGuardPackage},
	{"S7: a closed policy refuses the guards that name it only", closedGuardPolicy},
	{"S7: opening a package leaves its closed policies closed", closedGuardBoth},
	{"S7: a closed package lets pass what needs no guard", closedGuardUnguarded},
	{"S7: a new request is committed with the guard of its package and its policy, or not at all", guardedRequest},
}

func guard(p entitlement.PackageID, policy entitlement.PolicyID, subject entitlement.UserID) entitlement.Change {
	return entitlement.Change{DeletionGuards: []entitlement.DeletionGuard{{Package: p, Policy: policy, Subject: subject}},
		// a guard alone changes nothing, so that a real change goes with it
		Groups: []entitlement.Group{{ID: newID[entitlement.GroupID](), DisplayName: unique("group-")}}}
}

func setGuard(p entitlement.PackageID, policy entitlement.PolicyID, closed bool) entitlement.Change {
	return entitlement.Change{DeletionGuardUpdates: []entitlement.DeletionGuardUpdate{{Package: p, Policy: policy, Closed: closed}}}
}

// crowd is large enough to meet every guard of a package.
func crowd() []entitlement.UserID {
	all := make([]entitlement.UserID, 100)
	for i := range all {
		all[i] = newID[entitlement.UserID]()
	}
	return all
}

func closedGuardPackage(w *fixture) {
	p, other, policy := newID[entitlement.PackageID](), newID[entitlement.PackageID](), newID[entitlement.PolicyID]()
	people := crowd()
	w.commit(guard(p, policy, people[0]))
	w.commit(setGuard(p, "", true))
	for _, u := range people {
		w.refuse(entitlement.PartDeletionGuard, guard(p, policy, u))
		w.refuse(entitlement.PartDeletionGuard, guard(p, "", u))
	}
	w.commit(guard(other, policy, people[0]))
	w.commit(setGuard(p, "", true)) // closing twice is closing
	w.refuse(entitlement.PartDeletionGuard, guard(p, policy, people[0]))

	w.commit(setGuard(p, "", false))
	for _, u := range people {
		w.commit(guard(p, policy, u))
	}
}

func closedGuardPolicy(w *fixture) {
	p := newID[entitlement.PackageID]()
	a, b, c := newID[entitlement.PolicyID](), newID[entitlement.PolicyID](), newID[entitlement.PolicyID]()
	people := crowd()
	w.commit(setGuard(p, a, true))
	w.commit(setGuard(p, b, true))
	// Each subject checks one of several guards, so all of them must be closed.
	for _, u := range people {
		w.refuse(entitlement.PartDeletionGuard, guard(p, a, u))
		w.refuse(entitlement.PartDeletionGuard, guard(p, b, u))
	}
	w.commit(guard(p, c, people[0]))
	w.commit(guard(p, "", people[0]))
	w.commit(guard(newID[entitlement.PackageID](), a, people[0]))

	// A policy that was not deleted after all is open again, and the other one is not.
	w.commit(setGuard(p, a, false))
	for _, u := range people {
		w.commit(guard(p, a, u))
	}
	w.refuse(entitlement.PartDeletionGuard, guard(p, b, people[0]))
}

func closedGuardBoth(w *fixture) {
	p, policy, u := newID[entitlement.PackageID](), newID[entitlement.PolicyID](), newID[entitlement.UserID]()
	w.commit(setGuard(p, policy, true))
	w.commit(setGuard(p, "", true))
	w.commit(setGuard(p, "", false))
	w.refuse(entitlement.PartDeletionGuard, guard(p, policy, u))
	w.commit(guard(p, newID[entitlement.PolicyID](), u))

	w.commit(setGuard(p, "", true))
	w.commit(setGuard(p, policy, false))
	w.refuse(entitlement.PartDeletionGuard, guard(p, policy, u))
}

func closedGuardUnguarded(w *fixture) {
	subject, p := newID[entitlement.UserID](), newID[entitlement.PackageID]()
	r := w.submit(p, subject)
	w.commit(setGuard(p, "", true))
	r.State = entitlement.RequestCanceled
	e := next(&r.Chain, entitlement.OfRequest, string(r.ID), "canceled")
	slot := get[entitlement.AssignmentSlot](w)(w.s.AssignmentSlot(w.Context(), p, subject))
	slot.Open = ""
	w.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Slots: []entitlement.AssignmentSlot{slot.Vacate()}, Events: []entitlement.Event{e}})
}

func guardedRequest(w *fixture) {
	for _, direct := range []bool{false, true} {
		r, _ := asked(newID[entitlement.PackageID](), newID[entitlement.UserID](), instant(0))

		if direct {
			r.Type, r.Requestor = entitlement.AdminAdd, newID[entitlement.UserID]()
		}

		r, e := begun(r)
		// A request without its guard could pass a deletion; only its own will do.
		own := entitlement.DeletionGuard{Package: r.Package, Policy: r.Policy, Subject: r.Subject}
		elsewhere, none := own, own
		elsewhere.Package, none.Policy = newID[entitlement.PackageID](), ""

		for _, guards := range [][]entitlement.DeletionGuard{nil, {elsewhere}, {none}, {own}} {
			err := w.s.Commit(w.Context(), entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{e},
				Slots: []entitlement.AssignmentSlot{{Package: r.Package, Subject: r.Subject, Open: r.ID}}, DeletionGuards: guards})
			if slices.Contains(guards, own) {
				w.must(err)
			} else {
				w.kind(err, entitlement.Internal)
			}
		}
	}
}
