package entitlement

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// held is a fixture in which Mia holds the package until noon plus thirty days.
func held() fixture {
	w := newFixture()
	w.ask.ID, w.ask.Type = "ext", UserUpdate
	w.policy().Requestor.SelfUpdate = true
	w.got.Slot.Assignment = &Assignment{ID: "asg", Package: "pkg", Policy: "policy", Subject: "mia", Target: TargetPresent, State: AssignmentDelivered, End: noon.Add(30 * 24 * time.Hour)}
	w.got.Slot.Version = 4
	return w
}

func TestExtend_WhoMayMoveTheEnd(t *testing.T) {
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		set  func(*fixture)
		kind Kind
		says string
	}{
		"R83 the policy allows it": {func(*fixture) {}, Internal, ""},
		"R83 the policy does not":  {func(w *fixture) { w.policy().Requestor.SelfUpdate = false }, Precondition, "extend"},
		"R83 no longer in scope":   {func(w *fixture) { w.policy().Scope, w.policy().Targets = ScopeSpecificUsers, []SubjectSet{user("max")} }, Precondition, "extend"},
		"R84 beyond the policy's end": {func(w *fixture) {
			w.policy().Requestor.CustomSchedule = true
			w.ask.RequestedSchedule.Expiration = Expiration{Type: ExpireAfterDuration, Duration: 31 * day}
		}, Precondition, "not later"},
		"S16 its end has passed": {func(w *fixture) { w.now = noon.Add(30 * day) }, Conflict, "ended"},
		"it has ended":           {func(w *fixture) { w.got.Slot.Assignment = nil }, Conflict, "ended"},
		"an extension is open":   {func(w *fixture) { w.got.Slot.Open = "other" }, Conflict, "open request"},
		"a start in the future":  {func(w *fixture) { w.ask.RequestedSchedule.Start = noon.Add(day) }, Invalid, "startDateTime"},
		"R43 dates not allowed": {func(w *fixture) {
			w.ask.RequestedSchedule.Expiration = Expiration{Type: ExpireAfterDuration, Duration: day}
		}, Precondition, "dates"},
		"an administrator, with any end": {func(w *fixture) {
			w.ask.Type = AdminUpdate
			w.ask.RequestedSchedule.Expiration = Expiration{Type: ExpireNever}
		}, Internal, ""},
		"an administrator, where subjects may not": {func(w *fixture) {
			w.ask.Type, w.policy().Requestor.SelfUpdate = AdminUpdate, false
			w.ask.RequestedSchedule.Expiration = Expiration{Type: ExpireAfterDuration, Duration: day}
		}, Internal, ""},
		"R59 no justification":           {func(w *fixture) { w.policy().Approval.RequestorJustification = true }, Precondition, "justification"},
		"a disabled caller":              {func(w *fixture) { v := *w.got.Requestor; v.Enabled = false; w.got.Requestor = &v }, Forbidden, "disabled"},
		"a policy that was deleted":      {func(w *fixture) { w.got.Policies = nil }, Precondition, "policy"},
		"S7 a policy of another package": {func(w *fixture) { w.policy().Package = "other" }, Precondition, "policy"},
	} {
		t.Run(name, func(t *testing.T) {
			w := held()
			w.now = noon.Add(time.Hour)
			c.set(&w)
			r, change, err := Extend(w.ask, w.got, w.now)
			if c.kind != Internal {
				if KindOf(err) != c.kind || !strings.Contains(MessageOf(err), c.says) || len(change.Requests) > 0 {
					t.Fatalf("got %v, want %s saying %q", err, c.kind, c.says)
				}
				return
			}
			if err != nil || r.State != RequestDelivered || len(change.SubjectUpdates) != 0 || len(change.Events) != 2 || change.Slots[0].Version != 4 {
				t.Fatalf("got %+v, %+v, %v", r, change, err)
			}
			if w.got.Slot.Assignment.End != noon.Add(30*24*time.Hour) {
				t.Fatal("what was read must not change")
			}
		})
	}
}

func TestR80_AnExtensionCountsFromNow(t *testing.T) {
	w := held()
	w.now = noon.Add(10 * 24 * time.Hour)
	_, c, err := Extend(w.ask, w.got, w.now)
	if want := w.now.Add(30 * 24 * time.Hour); err != nil || !c.Slots[0].Assignment.End.Equal(want) {
		t.Errorf("got %+v, %v, want an end at %v", c.Slots, err, want)
	}
}

func TestR45_ApprovalOfExtensionsIsASwitchOfItsOwn(t *testing.T) {
	w := held()
	w.now = noon.Add(time.Hour)
	w.approvedBy([]SubjectSet{user("ann")})
	if r, _, err := Extend(w.ask, w.got, w.now); err != nil || r.State != RequestDelivered {
		t.Errorf("approval for new assignments alone: %v, %v", r.State, err)
	}
	w.policy().Approval.RequiredForUpdate = true
	r, c, err := Extend(w.ask, w.got, w.now)
	if err != nil || r.State != RequestPendingApproval || c.Slots[0].Open != "ext" || c.Slots[0].Assignment == nil {
		t.Fatalf("got %+v, %v", r, err)
	}
	ann, s := User{ID: "ann", Enabled: true}, StartInputs{Package: w.got.Package, Subject: w.got.Subject, Slot: c.Slots[0], SubjectRecord: SubjectRecord{Live: []PackageID{"pkg"}}}
	denied, d, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID}, ann, s, noon)
	if err != nil || denied.State != RequestDenied || d.Slots[0].Erased || d.Slots[0].Assignment == nil || d.Slots[0].Open != "" {
		t.Errorf("a denied extension leaves the assignment: %+v, %v", d.Slots, err)
	}
	_, late, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true}, ann, s, noon.Add(5*24*time.Hour))
	if want := noon.Add(35 * 24 * time.Hour); err != nil || !late.Slots[0].Assignment.End.Equal(want) || late.Slots[0].Open != "" {
		t.Errorf("approved: %+v, %v", late.Slots, err)
	}
	if _, _, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true}, ann, s, noon.Add(DefaultTimeLimit-1)); err != nil {
		t.Errorf("within the stage's time: %v", err)
	}
	s.Slot.Assignment = nil
	if _, _, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true}, ann, s, noon); KindOf(err) != Conflict {
		t.Errorf("F17: an extension after the expiry: %v", err)
	}
}

func TestF17_AnExpiryDeniesTheExtensionThatIsOpen(t *testing.T) {
	w := held()
	w.approvedBy([]SubjectSet{user("ann")})
	w.policy().Approval.RequiredForUpdate = true
	r, c, err := Extend(w.ask, w.got, w.now)
	if err != nil {
		t.Fatal(err)
	}
	ended, err := Expire(c.Slots[0], []AssignmentRequest{r}, "sweep", noon.Add(30*24*time.Hour))
	if err != nil || len(ended.Requests) != 1 || ended.Requests[0].State != RequestDenied || ended.Requests[0].Outcome != OutcomeEnded || !ended.Slots[0].Erased || len(ended.Slots) != 1 {
		t.Errorf("got %+v, %v", ended, err)
	}
}

// A request whose assignment ends before it was delivered is not left in delivering for
// ever: with the assignment gone, nobody would move it again.
func TestL1_ARequestThatIsStillDeliveringEndsWithItsAssignment(t *testing.T) {
	a := &Assignment{ID: "r", Package: "pkg", Subject: "mia", State: AssignmentDelivering, Target: TargetPresent, End: noon}
	slot := AssignmentSlot{Package: "pkg", Subject: "mia", Meta: Meta{Version: 3}, Assignment: a}
	if got := slot.EndsWith(); len(got) != 1 || got[0] != "r" {
		t.Fatalf("it ends with %v", got)
	}
	made := AssignmentRequest{ID: "r", Type: UserAdd, State: RequestDelivering, Meta: Meta{Version: 2}}
	for name, end := range map[string]func() (Change, error){
		"its end": func() (Change, error) { return Expire(slot, []AssignmentRequest{made}, "sweep", noon) },
		"a leave": func() (Change, error) {
			return EndForLeaver(slot, []AssignmentRequest{made}, OutcomeSubjectDisabled, "sweep", noon)
		},
		"a removal": func() (Change, error) {
			_, c, err := Remove(Removal{ID: "rem", Type: AdminRemove, Requestor: "adm"}, slot, []AssignmentRequest{made}, noon)
			return c, err
		},
	} {
		c, err := end()
		if err != nil || len(c.Requests) == 0 {
			t.Errorf("%s: %+v, %v", name, c, err)
			continue
		}
		if r := c.Requests[0]; r.State != RequestDeliveryFailed || r.Outcome != OutcomeEnded || !r.Completed.Equal(noon) || r.Version != 2 {
			t.Errorf("%s leaves the request %+v", name, r)
		}
	}
	a.State = AssignmentPartiallyDelivered
	if got := slot.EndsWith(); len(got) != 0 {
		t.Errorf("what has become something stays: %v", got)
	}
}

func TestR82_AnExtensionWithoutDatesAsksForAFreshPeriodAndNeverShortens(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		end  time.Time // of the assignment
		want time.Time // zero: nothing would change, and that is said
	}{
		"an end before the fresh period's": {noon.Add(10 * day), noon.Add(30 * day)},
		"the same end":                     {noon.Add(30 * day), time.Time{}},
		"an end far ahead":                 {noon.Add(60 * day), time.Time{}},
		"no end":                           {time.Time{}, time.Time{}},
	} {
		for _, notSpecified := range []bool{false, true} {
			w := held()
			w.got.Slot.Assignment.End = c.end
			if notSpecified {
				w.ask.RequestedSchedule.Expiration.Type = ExpireNotSpecified
			}
			_, change, err := Extend(w.ask, w.got, w.now)
			if c.want.IsZero() {
				w.unchanged(t, name, change, err)
			} else if err != nil || !change.Slots[0].Assignment.End.Equal(c.want) {
				t.Errorf("%s: got %+v, %v", name, change.Slots, err)
			}
		}
	}
}

// unchanged demands the refusal of what would change nothing, which says so and does nothing.
func (w *fixture) unchanged(t *testing.T, name string, c Change, err error) {
	t.Helper()
	if KindOf(err) != Precondition || CodeOf(err) != "nothingChanged" || !strings.Contains(MessageOf(err), "changes nothing") || len(c.Requests)+len(c.Slots)+len(c.Events) > 0 {
		t.Errorf("%s: got %v, %+v", name, err, c)
	}
}

func TestR82_AnAdministratorsUpdateWithoutAnEndLeavesTheEndWhereItIs(t *testing.T) {
	for name, asked := range map[string]Schedule{"no schedule": {}, "notSpecified": {Expiration: Expiration{Type: ExpireNotSpecified}}, "a start that has come": {Start: noon.Add(-time.Hour)}} {
		for _, approval := range []bool{false, true} {
			w := held()
			w.ask.Type, w.ask.RequestedSchedule = AdminUpdate, asked
			w.got.Slot.Assignment.End = noon.Add(time.Hour)
			w.approvedBy([]SubjectSet{user("ann")})
			w.policy().Approval.RequiredForUpdate = approval
			_, c, err := Extend(w.ask, w.got, w.now)
			w.unchanged(t, fmt.Sprintf("%s, approval %t", name, approval), c, err)
		}
	}
	w := held()
	w.ask.Type, w.ask.RequestedSchedule.Expiration = AdminUpdate, Expiration{Type: ExpireAfterDateTime, End: w.got.Slot.Assignment.End}
	_, c, err := Extend(w.ask, w.got, w.now)
	w.unchanged(t, "the end that it has", c, err)
}

func TestR45_NobodyIsAskedAboutAnExtensionThatCannotChangeAnything(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		left  time.Duration // of the assignment
		asked bool
	}{
		"decided at the last moment it would change something": {44*day - 1, true},
		"not even then":  {44 * day, false},
		"without an end": {0, false},
	} {
		w := held()
		w.got.Slot.Assignment.End = noon.Add(c.left)
		if c.left == 0 {
			w.got.Slot.Assignment.End = time.Time{}
		}
		w.approvedBy([]SubjectSet{user("ann")}) // who has 14 days for it
		w.policy().Approval.RequiredForUpdate = true
		r, change, err := Extend(w.ask, w.got, w.now)
		if !c.asked {
			w.unchanged(t, name, change, err)
		} else if err != nil || r.State != RequestPendingApproval {
			t.Errorf("%s: %s, %v", name, r.State, err)
		}
	}
}

func TestR45_AnExtensionThatIsApprovedWhenItChangesNothingSaysSo(t *testing.T) {
	w := held()
	w.got.Slot.Assignment.End = noon.Add(40 * 24 * time.Hour)
	w.approvedBy([]SubjectSet{user("ann")})
	w.policy().Approval.RequiredForUpdate = true
	r, c, err := Extend(w.ask, w.got, w.now)
	if err != nil {
		t.Fatal(err)
	}
	ann, s := User{ID: "ann", Enabled: true}, StartInputs{Package: w.got.Package, Subject: w.got.Subject, Slot: c.Slots[0]}
	r, c, err = Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true}, ann, s, noon.Add(time.Hour))
	if KindOf(err) != Precondition || !Closes(err) || r.State != RequestCanceled || r.Outcome != OutcomeUnchanged || !strings.Contains(r.Status(), "changed nothing") {
		t.Fatalf("got %s %s %q, %v", r.State, r.Outcome, r.Status(), err)
	}
	if len(c.Slots) != 1 || c.Slots[0].Open != "" || !c.Slots[0].Assignment.End.Equal(noon.Add(40*24*time.Hour)) || c.Events[0].Actor != Service || !strings.Contains(c.Events[0].Data["reason"], "changes nothing") {
		t.Errorf("got %+v, %+v", c.Slots, c.Events)
	}
}
