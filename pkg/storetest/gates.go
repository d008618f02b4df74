package storetest

import (
	"slices"

	"leasehold/pkg/entitlement"
)

var gateScenarios = []scenario{
	{"S7: a closed package refuses every guard, whoever asks, until it is opened", gatePackage},
	{"S7: a closed policy refuses the guards that name it only", gatePolicy},
	{"S7: opening a package leaves its closed policies closed", gateBoth},
	{"S7: a closed package lets pass what needs no guard", gateUnguarded},
	{"S7: a new request is committed with the guard of its package and its policy, or not at all", guardedRequest},
}

func guard(p entitlement.PackageID, policy entitlement.PolicyID, subject entitlement.UserID) entitlement.Change {
	return entitlement.Change{Guards: []entitlement.Guard{{Package: p, Policy: policy, Subject: subject}},
		// a guard alone changes nothing, so that a real change goes with it
		Groups: []entitlement.Group{{ID: newID[entitlement.GroupID](), DisplayName: unique("group-")}}}
}

func gate(p entitlement.PackageID, policy entitlement.PolicyID, closed bool) entitlement.Change {
	return entitlement.Change{Gates: []entitlement.Gate{{Package: p, Policy: policy, Closed: closed}}}
}

// crowd is large enough to meet every guard of a package.
func crowd() []entitlement.UserID {
	all := make([]entitlement.UserID, 100)
	for i := range all {
		all[i] = newID[entitlement.UserID]()
	}
	return all
}

func gatePackage(w *world) {
	p, other, policy := newID[entitlement.PackageID](), newID[entitlement.PackageID](), newID[entitlement.PolicyID]()
	people := crowd()
	w.commit(guard(p, policy, people[0]))
	w.commit(gate(p, "", true))
	for _, u := range people {
		w.refuse(entitlement.PartGuard, guard(p, policy, u))
		w.refuse(entitlement.PartGuard, guard(p, "", u))
	}
	w.commit(guard(other, policy, people[0]))
	w.commit(gate(p, "", true)) // closing twice is closing
	w.refuse(entitlement.PartGuard, guard(p, policy, people[0]))

	w.commit(gate(p, "", false))
	for _, u := range people {
		w.commit(guard(p, policy, u))
	}
}

func gatePolicy(w *world) {
	p := newID[entitlement.PackageID]()
	a, b, c := newID[entitlement.PolicyID](), newID[entitlement.PolicyID](), newID[entitlement.PolicyID]()
	people := crowd()
	w.commit(gate(p, a, true))
	w.commit(gate(p, b, true))
	for _, u := range people {
		w.refuse(entitlement.PartGuard, guard(p, a, u))
		w.refuse(entitlement.PartGuard, guard(p, b, u))
	}
	w.commit(guard(p, c, people[0]))
	w.commit(guard(p, "", people[0]))
	w.commit(guard(newID[entitlement.PackageID](), a, people[0]))

	w.commit(gate(p, a, false))
	for _, u := range people {
		w.commit(guard(p, a, u))
	}
	w.refuse(entitlement.PartGuard, guard(p, b, people[0]))
}

func gateBoth(w *world) {
	p, policy, u := newID[entitlement.PackageID](), newID[entitlement.PolicyID](), newID[entitlement.UserID]()
	w.commit(gate(p, policy, true))
	w.commit(gate(p, "", true))
	w.commit(gate(p, "", false))
	w.refuse(entitlement.PartGuard, guard(p, policy, u))
	w.commit(guard(p, newID[entitlement.PolicyID](), u))

	w.commit(gate(p, "", true))
	w.commit(gate(p, policy, false))
	w.refuse(entitlement.PartGuard, guard(p, policy, u))
}

func gateUnguarded(w *world) {
	subject, p := newID[entitlement.UserID](), newID[entitlement.PackageID]()
	r := w.submit(p, subject)
	w.commit(gate(p, "", true))
	r.State = entitlement.RequestCanceled
	e := next(&r.Chain, entitlement.OfRequest, string(r.ID), "canceled")
	slot := get[entitlement.AssignmentSlot](w)(w.s.AssignmentSlot(w.Context(), p, subject))
	slot.Open = ""
	w.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Slots: []entitlement.AssignmentSlot{slot.Vacate()}, Events: []entitlement.Event{e}})
}

func guardedRequest(w *world) {
	for _, direct := range []bool{false, true} {
		r, _ := asked(newID[entitlement.PackageID](), newID[entitlement.UserID](), instant(0))
		if direct {
			r.Type, r.Requestor = entitlement.AdminAdd, newID[entitlement.UserID]()
		}
		r, e := begun(r)
		own := entitlement.Guard{Package: r.Package, Policy: r.Policy, Subject: r.Subject}
		elsewhere, none := own, own
		elsewhere.Package, none.Policy = newID[entitlement.PackageID](), ""
		for _, guards := range [][]entitlement.Guard{nil, {elsewhere}, {none}, {own}} {
			err := w.s.Commit(w.Context(), entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{e},
				Slots: []entitlement.AssignmentSlot{{Package: r.Package, Subject: r.Subject, Open: r.ID}}, Guards: guards})
			if slices.Contains(guards, own) {
				w.must(err)
			} else {
				w.kind(err, entitlement.Internal)
			}
		}
	}
}
