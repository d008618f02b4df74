package entitlement

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// mia changes who the subject is, as somebody does in the directory meanwhile.
func (w *fixture) mia(set func(*User)) {
	v := *w.got.Subject
	v.Groups = slices.Clone(v.Groups)
	set(&v)
	w.got.Subject, w.got.Requestor = &v, &v
}

func leavesSales(w *fixture) { w.mia(func(u *User) { u.Groups = nil }) }

// forSales has the policy be for the members of the group sales, of whom Mia is one.
func (w *fixture) forSales() {
	w.policy().Scope, w.policy().Targets = ScopeSpecificUsers, []SubjectSet{user("otto"), {Kind: GroupMembers, ID: "sales"}, {Kind: GroupMembers, ID: "other"}}
}

// whatHappens are the things that may happen to a subject before a request of hers is
// approved, or begins, with what is to become of it.
var whatHappens = map[string]struct {
	policy, meanwhile func(*fixture)
	still             bool // she may have it
}{
	"nothing":                              {(*fixture).forSales, func(*fixture) {}, true},
	"F36 out of the group that may ask":    {(*fixture).forSales, leavesSales, false},
	"F36 from one group to another of it":  {(*fixture).forSales, func(w *fixture) { w.mia(func(u *User) { u.Groups = []GroupID{"other"} }) }, true},
	"F36 no member of the organisation":    {func(*fixture) {}, func(w *fixture) { w.mia(func(u *User) { u.Type = Guest }) }, false},
	"F36 disabled":                         {(*fixture).forSales, func(w *fixture) { w.mia(func(u *User) { u.Enabled = false }) }, false},
	"F36 gone":                             {(*fixture).forSales, func(w *fixture) { w.got.Subject = nil }, false},
	"F36 disabled, and enabled again":      {(*fixture).forSales, func(w *fixture) { w.got.SubjectRecord.Disabled = true }, false},
	"S6 a policy that others may ask by":   {(*fixture).forSales, func(w *fixture) { w.policy().Targets = []SubjectSet{user("otto")} }, true},
	"S6 a policy that nobody may ask by":   {(*fixture).forSales, func(w *fixture) { w.policy().Requestor.SelfAdd = false }, true},
	"direct, by a policy for nobody":       {func(w *fixture) { w.direct(); w.policy().Scope = ScopeNobody }, leavesSales, true},
	"direct, by that, and disabled":        {func(w *fixture) { w.direct(); w.policy().Scope = ScopeNobody }, func(w *fixture) { w.mia(func(u *User) { u.Enabled = false }) }, false},
	"R91 direct, by a policy with a scope": {func(w *fixture) { w.direct(); w.forSales() }, leavesSales, false},
}

func TestF36_AnApprovalForSomebodyWhomThePolicyIsNotForAnyMoreDeniesTheRequest(t *testing.T) {
	for name, c := range whatHappens {
		for _, later := range []bool{false, true} { // to begin at once, or at a time of its own
			w := newFixture()
			w.policy().Requestor.CustomSchedule = true
			c.policy(&w)
			w.approvedBy([]SubjectSet{user("ann")}, []SubjectSet{user("bob")})
			if later {
				w.ask.RequestedSchedule.Start = noon.Add(48 * time.Hour)
			}
			r, s := w.pending(t)
			c.meanwhile(&w)
			s.Subject, s.SubjectRecord = w.got.Subject, w.got.SubjectRecord
			r, _, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true}, User{ID: "ann", Enabled: true}, s, noon)
			if err != nil || r.State != RequestPendingApproval {
				t.Fatalf("%s, before the last decision: %s, %v", name, r.State, err)
			}

			last, bob := DecisionInput{Stage: r.Stages[1].ID}, User{ID: "bob", Enabled: true}
			if denied, _, err := Decide(r, last, bob, s, noon); err != nil || denied.State != RequestDenied || denied.Outcome != "" {
				t.Errorf("%s: a denial goes through: %s, %v", name, denied.State, err)
			}
			last.Approved = true
			after, change, err := Decide(r, last, bob, s, noon)
			if c.still {
				if err != nil || after.State != RequestDelivering && after.State != RequestScheduled {
					t.Errorf("%s: %s, %v", name, after.State, err)
				}
				continue
			}
			if KindOf(err) != Precondition || !Closes(err) || !strings.Contains(MessageOf(err), "The request is denied") {
				t.Errorf("%s: the approver is told %v", name, err)
			}
			w.turnedDown(t, name, after, change)
		}
	}
}

// turnedDown demands that a change denies a request, in the name of the service and with
// its reason, and gives nothing.
func (w *fixture) turnedDown(t *testing.T, name string, r AssignmentRequest, c Change) {
	t.Helper()
	if r.State != RequestDenied || r.Outcome != OutcomeIneligible || !strings.HasPrefix(r.Status(), "Denied: ") || !r.Due.IsZero() || r.Completed.IsZero() {
		t.Errorf("%s: the request is %s %s %q", name, r.State, r.Outcome, r.Status())
	}
	if len(c.Requests) != 1 || len(c.Slots) != 1 || len(c.SubjectUpdates) != 0 || len(c.Events) != 1 || r.Stages[r.Stage].Decision != nil {
		t.Fatalf("%s: got %+v", name, c)
	}
	if e := c.Events[0]; e.Kind != "denied" || e.Actor != Service || e.Data["reason"] == "" || e.Data["reviewer"] != "bob" || e.After != string(RequestDenied) {
		t.Errorf("%s: the event says %+v", name, e)
	}
}

func TestF36_AScheduledStartForSomebodyWhomThePolicyIsNotForAnyMoreIsCanceled(t *testing.T) {
	for name, c := range whatHappens {
		w := newFixture()
		w.policy().Requestor.CustomSchedule = true
		c.policy(&w)
		w.ask.RequestedSchedule.Start = noon.Add(time.Hour)
		r, change, err := Submit(w.ask, w.got, w.now)
		if err != nil || r.State != RequestScheduled {
			t.Fatalf("%s: %s, %v", name, r.State, err)
		}
		c.meanwhile(&w)
		s := w.got.startInputs()
		s.Slot = change.Slots[0]
		after, change, err := Overdue(r, s, "sweep", noon.Add(time.Hour))
		if c.still {
			if err != nil || after.State != RequestDelivering {
				t.Errorf("%s: %s, %v", name, after.State, err)
			}
			continue
		}
		if err != nil || after.State != RequestCanceled || after.Outcome != OutcomeLapsed || !strings.HasPrefix(after.Status(), "Canceled: ") || len(change.SubjectUpdates) != 0 || !change.Slots[0].Erased || change.Events[0].Data["reason"] == "" {
			t.Errorf("%s: %s %q, %+v, %v", name, after.State, after.Status(), change, err)
		}
	}
}

func TestR83_AnExtensionForSomebodyWhomThePolicyIsNotForAnyMoreIsDenied(t *testing.T) {
	for name, c := range map[string]struct {
		by        RequestType
		meanwhile func(*fixture)
		still     bool
	}{
		"nothing happens":               {UserUpdate, func(*fixture) {}, true},
		"F36 out of the group":          {UserUpdate, leavesSales, false},
		"F36 disabled":                  {UserUpdate, func(w *fixture) { w.mia(func(u *User) { u.Enabled = false }) }, false},
		"an administrator's":            {AdminUpdate, leavesSales, true},
		"an administrator's, disabled":  {AdminUpdate, func(w *fixture) { w.mia(func(u *User) { u.Enabled = false }) }, false},
		"S6 a policy that lets no more": {UserUpdate, func(w *fixture) { w.policy().Requestor.SelfUpdate = false }, true},
	} {
		w := held()
		w.now = noon.Add(time.Hour)
		w.forSales()
		w.policy().Requestor.CustomSchedule = true
		w.ask.Type, w.ask.RequestedSchedule.Expiration = c.by, Expiration{Type: ExpireAfterDateTime, End: noon.Add(30*24*time.Hour + time.Hour)}
		w.approvedBy([]SubjectSet{user("bob")})
		w.policy().Approval.RequiredForUpdate = true
		r, change, err := Extend(w.ask, w.got, w.now)
		if err != nil || r.State != RequestPendingApproval {
			t.Fatalf("%s: %s, %v", name, r.State, err)
		}
		c.meanwhile(&w)
		s := w.got.startInputs()
		s.Slot = change.Slots[0]
		after, change, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true}, User{ID: "bob", Enabled: true}, s, w.now)
		if c.still {
			if err != nil || after.State != RequestDelivered {
				t.Errorf("%s: %s, %v", name, after.State, err)
			}
			continue
		}
		if KindOf(err) != Precondition || !Closes(err) {
			t.Errorf("%s: the approver is told %v", name, err)
		}
		w.turnedDown(t, name, after, change)
		if a := change.Slots[0].Assignment; a == nil || !a.End.Equal(noon.Add(30*24*time.Hour)) || change.Slots[0].Open != "" {
			t.Errorf("%s: the assignment stays with its end: %+v", name, change.Slots[0])
		}
	}
}

func TestR83_TheSubjectMustBeInScopeWhenAskingToo(t *testing.T) {
	w := held()
	w.now = noon.Add(time.Hour)
	w.forSales()
	leavesSales(&w)
	if _, c, err := Extend(w.ask, w.got, w.now); KindOf(err) != Precondition || len(c.Requests) > 0 {
		t.Errorf("got %v", err)
	}
}

// Whatever begins or prolongs access by a group depends on the membership being there when it
// is committed; what only begins to wait, or is given for another reason, does not.
func TestF36_WhatBeginsByAGroupDependsOnTheMembership(t *testing.T) {
	sales := []Reference{{User: "mia", Group: "sales"}}
	for name, c := range map[string]struct {
		set  func(*fixture)
		do   func(*testing.T, *fixture) Change
		want []Reference
	}{
		"asked for":                      {(*fixture).forSales, submits, sales},
		"assigned":                       {func(w *fixture) { w.direct(); w.forSales() }, submits, sales},
		"assigned by one for nobody":     {func(w *fixture) { w.direct(); w.policy().Scope = ScopeNobody }, submits, nil},
		"by a policy for all":            {func(*fixture) {}, submits, nil},
		"named, and in a group as well":  {func(w *fixture) { w.forSales(); w.policy().Targets = append(w.policy().Targets, user("mia")) }, submits, nil},
		"waits for a decision":           {func(w *fixture) { w.forSales(); w.approvedBy([]SubjectSet{user("ann")}) }, submits, nil},
		"the last decision":              {func(w *fixture) { w.forSales(); w.approvedBy([]SubjectSet{user("ann")}) }, decides, sales},
		"approved for later":             {func(w *fixture) { w.forSales(); w.later() }, submits, nil},
		"and begins":                     {func(w *fixture) { w.forSales(); w.later() }, begins, sales},
		"an extension":                   {func(w *fixture) { *w = held(); w.forSales() }, extends, sales},
		"an extension of administrators": {func(w *fixture) { *w = held(); w.forSales(); w.ask.Type = AdminUpdate }, extends, nil},
	} {
		w := newFixture()
		c.set(&w)
		if got := c.do(t, &w).References; !slices.Equal(got, c.want) {
			t.Errorf("%s: depends on %v, want %v", name, got, c.want)
		}
	}
}

func (w *fixture) later() {
	w.policy().Requestor.CustomSchedule = true
	w.ask.RequestedSchedule.Start = noon.Add(time.Hour)
}

func submits(t *testing.T, w *fixture) Change {
	_, c, err := Submit(w.ask, w.got, w.now)
	return sure(t, c, err)
}

func decides(t *testing.T, w *fixture) Change {
	r, s := w.pending(t)
	_, c, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true}, User{ID: "ann", Enabled: true}, s, noon)
	return sure(t, c, err)
}

func begins(t *testing.T, w *fixture) Change {
	r, c, err := Submit(w.ask, w.got, w.now)
	s := w.got.startInputs()
	s.Slot = sure(t, c, err).Slots[0]
	_, c, err = Overdue(r, s, "sweep", noon.Add(time.Hour))
	return sure(t, c, err)
}

func extends(t *testing.T, w *fixture) Change {
	w.ask.RequestedSchedule.Expiration = Expiration{Type: ExpireAfterDateTime, End: noon.Add(20 * 24 * time.Hour)}
	w.policy().Requestor.CustomSchedule = true
	_, c, err := Extend(w.ask, w.got, noon.Add(time.Hour))
	return sure(t, c, err)
}

func sure(t *testing.T, c Change, err error) Change {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return c
}
