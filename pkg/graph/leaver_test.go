package graph

import (
	"testing"

	"leasehold/pkg/entitlement"
)

// Who is disabled loses everything for good; what was ended and why is read where a client
// of Graph reads it.
func TestL1_WhatADisablingEndedSaysSoForGood(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	waiting := w.ask("member")
	w.offer(open())
	held := w.ask("member")
	w.call("admin", "PATCH", "/v1.0/users/"+w.ids["member"], object{"accountEnabled": false}).want(204)
	w.leaves(entitlement.RequestID(held), entitlement.RequestID(waiting))
	w.call("admin", "PATCH", "/v1.0/users/"+w.ids["member"], object{"accountEnabled": true}).want(204)

	const why = ": the user was disabled or deleted, and being enabled again brings nothing back"
	if a := w.call("member", "GET", em+"/assignments/"+held, nil).want(200); a.get("state") != "expired" || a.get("status") != "Removing"+why {
		t.Errorf("the assignment says %s", a.text)
	}
	if r := w.call("member", "GET", requestPath+"/"+waiting, nil).want(200); r.get("state") != "canceled" || r.get("status") != "Canceled"+why {
		t.Errorf("the request says %s", r.text)
	}
	listed := w.call("admin", "GET", requestPath+"?$filter=state%20eq%20%27canceled%27", nil).one()
	if dig(listed, "id") != waiting || dig(listed, "status") != "Canceled"+why {
		t.Errorf("listed: %v", listed)
	}
	events, err := w.store.Events(t.Context(), entitlement.OfRequest, held)
	if last := events[len(events)-1]; err != nil || last.Kind != "removed" || last.Data["reason"] != entitlement.OutcomeSubjectDisabled {
		t.Errorf("the event says %+v, %v", last, err)
	}
}

// leaves does what the worker does for the member who was disabled.
func (w *fixture) leaves(held, waiting entitlement.RequestID) {
	w.Helper()
	r, err := w.store.Request(w.Context(), held)
	if err != nil {
		w.Fatal(err)
	}
	open, err := w.store.Request(w.Context(), waiting)
	if err != nil {
		w.Fatal(err)
	}
	of := func(r entitlement.AssignmentRequest) entitlement.AssignmentSlot {
		slot, err := w.store.AssignmentSlot(w.Context(), r.Package, r.Subject)
		if err != nil {
			w.Fatal(err)
		}
		return slot
	}
	ended, err := entitlement.EndForLeaver(of(r), []entitlement.AssignmentRequest{r}, entitlement.OutcomeSubjectDisabled, "worker", w.clock.Now())
	if err == nil {
		err = w.store.Commit(w.Context(), ended)
	}
	if err != nil {
		w.Fatal(err)
	}
	canceled, err := entitlement.Withdraw(open, of(open), entitlement.OutcomeSubjectDisabled, "worker", w.clock.Now())
	if err == nil {
		err = w.store.Commit(w.Context(), canceled)
	}
	if err != nil {
		w.Fatal(err)
	}
}
