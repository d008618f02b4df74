package entitlement

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// apart lists the package other and the group audit, of which Mia has neither yet, as
// incompatible with the package.
func (w *fixture) apart() {
	w.got.Package.Incompatible, w.got.Package.IncompatibleGroups = []PackageID{"more", "other"}, []GroupID{"idle", "audit"}
}

func holdsOther(w *fixture) { w.got.SubjectRecord.Live = append(w.got.SubjectRecord.Live, "other") }

func inAudit(w *fixture) {
	v := *w.got.Subject
	v.Groups = append(slices.Clone(v.Groups), "audit")
	w.got.Subject = &v
}

func TestR179_WhoHasSomethingThatIsListedIsRefused(t *testing.T) {
	const held, member = "the access package other", "the group audit"
	for name, c := range map[string]struct {
		set  func(*fixture)
		says string // of the refusal; "" means taken
	}{
		"R177 nothing of what is listed":       {func(*fixture) {}, ""},
		"R179 a listed package":                {holdsOther, held},
		"R179 a listed group":                  {inAudit, member},
		"R98 assigned, with a listed package":  {func(w *fixture) { holdsOther(w); w.direct() }, held},
		"R98 assigned, with a listed group":    {func(w *fixture) { inAudit(w); w.direct() }, member},
		"R183 assigned by a policy for nobody": {func(w *fixture) { holdsOther(w); w.direct(); w.policy().Scope = ScopeNobody }, held},
		"R179 where somebody approves":         {func(w *fixture) { holdsOther(w); w.approvedBy([]SubjectSet{user("ann")}) }, held},
		"R179 for later": {func(w *fixture) {
			holdsOther(w)
			w.policy().Requestor.CustomSchedule = true
			w.ask.RequestedSchedule.Start = noon.Add(time.Hour)
		}, held},
		"R178 a package that is not listed":  {func(w *fixture) { w.got.SubjectRecord.Live = []PackageID{"unlisted"} }, ""},
		"R178 a group that is not listed":    {func(w *fixture) { w.got.Package.IncompatibleGroups = []GroupID{"idle"}; inAudit(w) }, ""},
		"R178 another's list does not count": {func(w *fixture) { holdsOther(w); w.got.Package.Incompatible = nil }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture()
			w.apart()
			c.set(&w)
			_, change, err := Submit(w.ask, w.got, w.now)
			if c.says == "" {
				if err != nil || len(change.Requests) != 1 {
					t.Fatalf("got %v, %+v", err, change)
				}
				return
			}
			if KindOf(err) != Precondition || !strings.Contains(MessageOf(err), c.says) {
				t.Fatalf("got %v, want a precondition saying %q", err, c.says)
			}
			if len(change.Requests)+len(change.Slots)+len(change.Events)+len(change.SubjectUpdates) > 0 {
				t.Fatalf("S13: a refusal changes nothing, got %+v", change)
			}
		})
	}
}

func TestR179_TheRefusalSaysToEachWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*fixture)
		want string
	}{
		"the holder":                 {holdsOther, "You hold the access package Payments, and this one cannot be held together with it: end that assignment first, then ask again."},
		"the member":                 {inAudit, "You are a member of the group Payments, whose members cannot have this access package: have yourself taken out of the group first, then ask again."},
		"an administrator, a holder": {func(w *fixture) { holdsOther(w); w.direct() }, "This user holds the access package Payments, and this one cannot be held together with it: end that assignment first."},
		"an administrator, a member": {func(w *fixture) { inAudit(w); w.direct() }, "This user is a member of the group Payments, whose members cannot have this access package: take the user out of the group first."},
	} {
		w := newFixture()
		w.apart()
		c.set(&w)
		_, _, err := Submit(w.ask, w.got, w.now)
		conflict, ok := errors.AsType[*IncompatibilityError](err)
		if !ok || MessageOf(conflict.Refusal("Payments")) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestS18_WhatBecomesLiveIsConditionedOnWhatIsListed(t *testing.T) {
	w := newFixture()
	w.apart()
	_, c, err := Submit(w.ask, w.got, w.now)
	if err != nil || len(c.SubjectUpdates) != 1 || !slices.Equal(c.SubjectUpdates[0].Incompatible, []PackageID{"more", "other"}) || !slices.Equal(c.SubjectUpdates[0].NotIn, []GroupID{"idle", "audit"}) {
		t.Errorf("got %+v, %v", c.SubjectUpdates, err)
	}
}

func TestF36_WhatIsListedIsCheckedAfreshAtTheLastDecision(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*fixture)
		says string
	}{
		"R179 a listed package, meanwhile": {holdsOther, "The user this is for holds the access package other, and this one cannot be held together with it: it can be given once that assignment has ended."},
		"R179 a listed group, meanwhile":   {inAudit, "The user this is for is a member of the group audit, whose members cannot have this access package: it can be given once that membership has ended."},
		"S18 for a later start":            {func(w *fixture) { holdsOther(w); w.ask.RequestedSchedule.Start = noon.Add(time.Hour) }, "holds the access package other"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture()
			w.approvedBy([]SubjectSet{user("ann")})
			w.policy().Requestor.CustomSchedule = true
			now := w
			c.set(&now)
			w.ask.RequestedSchedule = now.ask.RequestedSchedule
			r, _, err := Submit(w.ask, w.got, w.now)
			if err != nil {
				t.Fatal(err)
			}
			r.Version = 1
			now.apart() // listed, and had, since then
			ann := User{ID: "ann", Enabled: true}
			start := now.got.startInputs()
			start.Slot.Open = r.ID
			word := DecisionInput{Stage: r.Stages[0].ID, Approved: true}
			if _, change, err := Decide(r, word, ann, start, noon); KindOf(err) != Precondition || !strings.Contains(MessageOf(err), c.says) || len(change.Events) > 0 {
				t.Errorf("approved: %v, %+v", err, change)
			}
			word.Approved = false
			if r, _, err := Decide(r, word, ann, start, noon); err != nil || r.State != RequestDenied {
				t.Errorf("denied: %s, %v", r.State, err)
			}
		})
	}
}

func TestF36_AScheduledStartBesideWhatIsListedLapses(t *testing.T) {
	for name, set := range map[string]func(*fixture){"R179 a package": holdsOther, "R179 a group": inAudit} {
		w := newFixture()
		w.policy().Requestor.CustomSchedule = true
		w.ask.RequestedSchedule.Start = noon.Add(time.Hour)
		r, _, err := Submit(w.ask, w.got, w.now)
		if err != nil || r.State != RequestScheduled {
			t.Fatalf("%s, %v", r.State, err)
		}
		r.Version = 1
		w.apart()
		set(&w)
		start := w.got.startInputs()
		start.Slot.Open = r.ID
		got, c, err := Overdue(r, start, "sweep", noon.Add(time.Hour))
		if err != nil || got.State != RequestCanceled || got.Outcome != OutcomeLapsed || len(c.SubjectUpdates) != 0 || !strings.Contains(c.Events[0].Data["reason"], "The user this is for") {
			t.Errorf("%s: %s %s, %+v, %v", name, got.State, got.Outcome, c.Events, err)
		}
	}
}

func TestR180_WhatIsHeldKeepsItsEndAndGetsNoLaterOne(t *testing.T) {
	const day = 24 * time.Hour
	until := func(d time.Duration) Schedule {
		return Schedule{Expiration: Expiration{Type: ExpireAfterDuration, Duration: d}}
	}
	for name, c := range map[string]struct {
		set  func(*fixture)
		says string // of the refusal; "" means taken
	}{
		"R180 more time beside a package":      {func(w *fixture) { w.now = noon.Add(day); holdsOther(w) }, "You hold the access package other"},
		"R180 more time beside a group":        {func(w *fixture) { w.now = noon.Add(day); inAudit(w) }, "You are a member of the group audit"},
		"R183 more time from an administrator": {func(w *fixture) { w.ask.Type = AdminUpdate; w.ask.RequestedSchedule = until(31 * day); holdsOther(w) }, "This user holds the access package other"},
		"R180 for ever": {func(w *fixture) {
			w.ask.Type = AdminUpdate
			w.ask.RequestedSchedule.Expiration.Type = ExpireNever
			holdsOther(w)
		}, "This user holds"},
		"R180 more time, where somebody approves": {func(w *fixture) {
			w.now = noon.Add(day)
			holdsOther(w)
			w.approvedBy([]SubjectSet{user("ann")})
			w.policy().Approval.RequiredForUpdate = true
		}, "You hold"},
		"R180 less time": {func(w *fixture) { w.ask.Type = AdminUpdate; w.ask.RequestedSchedule = until(day); holdsOther(w) }, ""},
		"R180 an end for what had none": {func(w *fixture) {
			w.got.Slot.Assignment.End = time.Time{}
			w.ask.Type = AdminUpdate
			w.ask.RequestedSchedule = until(day)
			holdsOther(w)
		}, ""},
		"R180 more time beside nothing that counts": {func(w *fixture) { w.now = noon.Add(day) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := held()
			w.got.SubjectRecord.Live = []PackageID{"pkg"}
			w.apart()
			c.set(&w)
			_, change, err := Extend(w.ask, w.got, w.now)
			if c.says == "" {
				if err != nil || len(change.Requests) != 1 {
					t.Errorf("got %v", err)
				}
				return
			}
			if KindOf(err) != Precondition || !strings.Contains(MessageOf(err), c.says) || len(change.Requests) > 0 {
				t.Errorf("got %v, want a precondition saying %q", err, c.says)
			}
		})
	}
}

func TestR180_AnApprovedExtensionIsCheckedAfresh(t *testing.T) {
	w := held()
	w.approvedBy([]SubjectSet{user("ann")})
	w.policy().Approval.RequiredForUpdate = true
	r, _, err := Extend(w.ask, w.got, w.now)
	if err != nil || r.State != RequestPendingApproval {
		t.Fatalf("%s, %v", r.State, err)
	}
	r.Version = 1
	w.apart()
	holdsOther(&w)
	start := w.got.startInputs()
	start.Slot.Open = r.ID
	_, c, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true}, User{ID: "ann", Enabled: true}, start, noon.Add(time.Hour))
	if KindOf(err) != Precondition || !strings.Contains(MessageOf(err), "The user this is for holds the access package other") || len(c.Slots) > 0 {
		t.Errorf("got %v, %+v", err, c)
	}
}
