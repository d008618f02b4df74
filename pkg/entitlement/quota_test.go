package entitlement

import (
	"testing"
	"time"
)

// loop asks for the package at a time and has it come to nothing; it returns the slot that
// is left, or why nothing was taken.
func (w *fixture) loop(t *testing.T, at time.Time, nothing func(AssignmentRequest, AssignmentSlot) Change) error {
	t.Helper()
	w.now = at
	r, c, err := Submit(w.ask, w.got, at)
	if err != nil {
		return err
	}
	slot := c.Slots[0]
	slot.Version++
	after := nothing(r, slot)
	w.got.Slot = after.Slots[0]
	if w.got.Slot.Erased {
		w.got.Slot = AssignmentSlot{Package: slot.Package, Subject: slot.Subject}
	}
	return nil
}

func (w *fixture) withdrawn(t *testing.T) func(AssignmentRequest, AssignmentSlot) Change {
	return func(r AssignmentRequest, slot AssignmentSlot) Change {
		_, c, err := Cancel(r, slot, Actor{ID: r.Requestor, Command: "call"}, w.now)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

func (w *fixture) saidNo(t *testing.T) func(AssignmentRequest, AssignmentSlot) Change {
	return func(r AssignmentRequest, slot AssignmentSlot) Change {
		s := w.got.startInputs()
		s.Slot = slot
		_, c, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID}, User{ID: "ann", Enabled: true}, s, w.now)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

func TestA17_ThreeRequestsThatComeToNothingWithinAnHourCloseThePackageForAnHour(t *testing.T) {
	w := newFixture()
	w.approvedBy([]SubjectSet{user("ann")})
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	for _, step := range []struct {
		at      int
		nothing func(AssignmentRequest, AssignmentSlot) Change
		wait    time.Duration // refused for that long; zero: taken
	}{
		{0, w.withdrawn(t), 0},
		{50, w.saidNo(t), 0},
		{70, w.withdrawn(t), 0}, // the first is longer than an hour ago
		{80, w.withdrawn(t), 0}, // the third within an hour
		{80, w.withdrawn(t), time.Hour},
		{139, w.withdrawn(t), time.Minute},
		{140, w.withdrawn(t), 0},
		{141, w.saidNo(t), 0},
		{142, w.saidNo(t), 0},
		{143, w.withdrawn(t), 59 * time.Minute},
	} {
		err := w.loop(t, minute(step.at), step.nothing)
		if step.wait == 0 && err != nil || step.wait > 0 && (KindOf(err) != Throttled || WaitOf(err) != step.wait) {
			t.Errorf("minute %d: %v, wait %s", step.at, err, WaitOf(err))
		}
	}
	w.direct()
	if _, _, err := Submit(w.ask, w.got, minute(143)); err != nil {
		t.Errorf("an administrator may assign it: %v", err)
	}
}

func TestA17_WhatSomebodyElseEndsCountsAgainstNobody(t *testing.T) {
	w := newFixture()
	w.approvedBy([]SubjectSet{user("ann")})
	for name, nothing := range map[string]func(AssignmentRequest, AssignmentSlot) Change{
		"an administrator cancels": func(r AssignmentRequest, slot AssignmentSlot) Change {
			_, c, err := Cancel(r, slot, Actor{ID: "admin", Command: "call"}, w.now)
			if err != nil {
				t.Fatal(err)
			}
			return c
		},
		"the service withdraws": func(r AssignmentRequest, slot AssignmentSlot) Change {
			c, err := Withdraw(r, slot, OutcomeSubjectDisabled, "call", w.now)
			if err != nil {
				t.Fatal(err)
			}
			return c
		},
		"nobody decides": func(r AssignmentRequest, slot AssignmentSlot) Change {
			s := w.got.startInputs()
			s.Slot = slot
			_, c, err := Overdue(r, s, "sweep", w.now.Add(DefaultTimeLimit))
			if err != nil {
				t.Fatal(err)
			}
			return c
		},
	} {
		for range 2 * MaxSetbacks {
			if err := w.loop(t, noon, nothing); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if w.got.Slot.Version != 0 {
			t.Errorf("%s: a slot is left: %+v", name, w.got.Slot)
		}
	}
}

// An extension that is denied again and again is one as well, and what counts outlives the
// assignment that it was about.
func TestA17_ExtensionsThatAreDeniedCountAndOutliveTheAssignment(t *testing.T) {
	slot := AssignmentSlot{Package: "pkg", Subject: "mia", Assignment: &Assignment{ID: "a", Package: "pkg", Subject: "mia", State: AssignmentDelivered, End: noon.Add(time.Hour)}, Meta: Meta{Version: 3}}
	for n := range MaxSetbacks {
		r := AssignmentRequest{ID: RequestID("ext"), Type: UserUpdate, State: RequestPendingApproval, Package: "pkg", Subject: "mia", Requestor: "mia", Assignment: "a"}
		slot.Open = r.ID
		_, c, err := Cancel(r, slot, Actor{ID: "mia", Command: "call"}, noon.Add(time.Duration(n)*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		slot = c.Slots[0]
	}
	if err := slot.cooled(UserUpdate, noon.Add(10*time.Minute)); KindOf(err) != Throttled {
		t.Errorf("one more extension: %v", err)
	}
	if !slot.Forgotten().IsZero() {
		t.Errorf("a slot with an assignment goes at %s", slot.Forgotten())
	}
	c, err := EndForLeaver(slot, nil, "", "call", noon.Add(30*time.Minute))
	if left := c.Slots[0]; err != nil || left.Erased || !left.Forgotten().Equal(noon.Add(62*time.Minute)) || KindOf(left.cooled(UserAdd, noon.Add(31*time.Minute))) != Throttled {
		t.Errorf("after its end: %+v, %v", left, err)
	}
	if c, err = EndForLeaver(slot, nil, "", "call", noon.Add(2*time.Hour)); err != nil || !c.Slots[0].Erased {
		t.Errorf("after two hours: %+v, %v", c.Slots, err)
	}
}

func TestA17_NobodyHasMoreThanFiftyRequestsOpen(t *testing.T) {
	for _, c := range []struct {
		kind    RequestType
		state   RequestState
		open    int
		refused bool
	}{
		{UserAdd, RequestPendingApproval, MaxOpen - 1, false},
		{UserAdd, RequestPendingApproval, MaxOpen, true},
		{UserUpdate, RequestPendingApproval, MaxOpen, true},
		{UserAdd, RequestScheduled, MaxOpen, true},
		{UserAdd, RequestDelivering, MaxOpen, false},
		{AdminAdd, RequestPendingApproval, MaxOpen, false},
	} {
		err := CheckOpen(AssignmentRequest{Type: c.kind, State: c.state}, c.open)
		if (KindOf(err) == Throttled && WaitOf(err) > 0) != c.refused {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
