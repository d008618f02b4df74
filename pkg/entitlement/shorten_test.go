package entitlement

import (
	"testing"
	"time"
)

func TestR48_AnApprovalCanShortenAndNothingElse(t *testing.T) {
	day := 24 * time.Hour
	ann := User{ID: "ann", Enabled: true}
	for name, c := range map[string]struct {
		set  func(*AssignmentRequest, *DecisionInput)
		kind Kind // Internal: it is taken
	}{
		"an earlier end": {func(*AssignmentRequest, *DecisionInput) {}, Internal},
		"an end where there was none": {func(r *AssignmentRequest, _ *DecisionInput) {
			r.Expiration = Expiration{Type: ExpireNever}
		}, Internal},
		"the same end":                 {func(_ *AssignmentRequest, w *DecisionInput) { w.End = noon.Add(30 * day) }, Precondition},
		"a later end":                  {func(_ *AssignmentRequest, w *DecisionInput) { w.End = noon.Add(31 * day) }, Precondition},
		"an end that has passed":       {func(_ *AssignmentRequest, w *DecisionInput) { w.End = noon }, Invalid},
		"an end before the beginning":  {func(r *AssignmentRequest, _ *DecisionInput) { r.Start = noon.Add(20 * day) }, Invalid},
		"a denial with an end":         {func(_ *AssignmentRequest, w *DecisionInput) { w.Approved = false }, Invalid},
		"somebody who may not decide":  {func(r *AssignmentRequest, _ *DecisionInput) { r.Stages[0].Approvers = []SubjectSet{user("bob")} }, Forbidden},
		"what somebody decided before": {func(r *AssignmentRequest, _ *DecisionInput) { r.Stages[0].Decision = &Decision{Reviewer: "bob"} }, Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture()
			w.approvedBy([]SubjectSet{user("ann")})
			r, s := w.pending(t)
			in := DecisionInput{Stage: r.Stages[0].ID, Approved: true, End: noon.Add(7 * day)}
			c.set(&r, &in)
			was := r.Expiration

			after, change, err := Decide(r, in, ann, s, noon)
			if c.kind != Internal {
				if KindOf(err) != c.kind || len(change.Requests)+len(change.Events) > 0 || r.Expiration != was {
					t.Fatalf("got %v and %+v, want %s and nothing", err, change, c.kind)
				}
				return
			}
			if err != nil || !change.Slots[0].Assignment.End.Equal(in.End) || !after.Expiration.End.Equal(in.End) {
				t.Fatalf("got %+v, %v", after.Expiration, err)
			}
			if said := change.Events[0].Changed; len(said) != 1 || said[0].Property != "expiration" || said[0].Before != was.recorded() || said[0].After != after.Expiration.recorded() {
				t.Errorf("R245: the event says %+v", said)
			}
		})
	}
}

// What a stage shortened stays so in the next one, which can shorten it further.
func TestR47_WhatOneStageShortenedTheNextOneDecidesOn(t *testing.T) {
	w := newFixture()
	w.approvedBy([]SubjectSet{user("ann")}, []SubjectSet{user("bob")})
	r, s := w.pending(t)
	week := noon.Add(7 * 24 * time.Hour)
	r, _, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true, End: week}, User{ID: "ann", Enabled: true}, s, noon)
	if err != nil {
		t.Fatal(err)
	}
	bob := User{ID: "bob", Enabled: true}
	if _, _, err := Decide(r, DecisionInput{Stage: r.Stages[1].ID, Approved: true, End: week.Add(time.Hour)}, bob, s, noon); KindOf(err) != Precondition {
		t.Errorf("a later end again: %v", err)
	}
	if _, c, err := Decide(r, DecisionInput{Stage: r.Stages[1].ID, Approved: true}, bob, s, noon.Add(time.Hour)); err != nil || !c.Slots[0].Assignment.End.Equal(week) {
		t.Errorf("got %+v, %v", c.Slots, err)
	}
}

func TestR45_AnExtensionIsNotShortenedBelowWhatIsHeld(t *testing.T) {
	w := held()
	w.approvedBy([]SubjectSet{user("ann")})
	w.policy().Approval.RequiredForUpdate, w.policy().Requestor.SelfUpdate = true, true
	w.now = noon.Add(10 * 24 * time.Hour)
	r, c, err := Extend(w.ask, w.got, w.now)
	if err != nil {
		t.Fatal(err)
	}
	s := StartInputs{Package: w.got.Package, Subject: w.got.Subject, Requestor: w.got.Requestor, Slot: c.Slots[0], SubjectRecord: w.got.SubjectRecord}
	ann, held := User{ID: "ann", Enabled: true}, w.got.Slot.Assignment.End
	for end, kind := range map[time.Time]Kind{held: Precondition, held.Add(-time.Hour): Precondition, held.Add(time.Hour): Internal} {
		_, c, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true, End: end}, ann, s, w.now)
		if kind != Internal && KindOf(err) != kind {
			t.Errorf("%v: got %v, want %s", end, err, kind)
		}
		if kind == Internal && (err != nil || !c.Slots[0].Assignment.End.Equal(end)) {
			t.Errorf("%v: got %+v, %v", end, c.Slots, err)
		}
	}
}
