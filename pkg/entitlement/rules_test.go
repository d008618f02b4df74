package entitlement

import (
	"slices"
	"testing"
	"time"
)

// direct turns the fixture's request into an administrator's for Mia.
func (w *fixture) direct() {
	w.ask.Type, w.ask.Policy = AdminAdd, w.policy().ID
	w.got.Requestor = &User{ID: "adm", Type: Member, Enabled: true, DisplayName: "Adm"}
}

func TestR29_NobodyGetsAPackageWithoutAPolicy(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*fixture)
		kind Kind
	}{
		"asked for":                              {func(w *fixture) {}, Precondition},
		"asked for by name":                      {func(w *fixture) { w.ask.Policy = "policy" }, Precondition},
		"assigned, naming none":                  {func(w *fixture) { w.direct(); w.ask.Policy = "" }, Invalid},
		"assigned, naming one that is not there": {func(w *fixture) { w.direct() }, Invalid},
	} {
		w := newFixture()
		c.set(&w)
		w.got.Policies = nil
		if _, change, err := Submit(w.ask, w.got, w.now); KindOf(err) != c.kind || len(change.Slots) > 0 {
			t.Errorf("%s: %v, %+v", name, err, change)
		}
	}
}

func TestInScope_EveryScopeAgainstEverybody(t *testing.T) {
	guest := User{ID: "gus", Type: Guest, Enabled: true}
	member := User{ID: "mia", Type: Member, Enabled: true, Groups: []GroupID{"sales"}}
	other := User{ID: "otto", Type: Member, Enabled: true}
	for name, c := range map[string]struct {
		scope                TargetScope
		targets              []SubjectSet
		guest, member, other bool
	}{
		"R30 nobody":                   {ScopeNobody, nil, false, false, false},
		"R31 all members":              {ScopeAllMembers, nil, false, true, true},
		"R31 all users":                {ScopeAllUsers, nil, true, true, true},
		"R31 a named user":             {ScopeSpecificUsers, []SubjectSet{user("mia")}, false, true, false},
		"R31 a named group":            {ScopeSpecificUsers, []SubjectSet{{Kind: GroupMembers, ID: "sales"}}, false, true, false},
		"R31 a named guest":            {ScopeSpecificUsers, []SubjectSet{user("gus")}, true, false, false},
		"a scope of another directory": {"allConfiguredConnectedOrganizationUsers", nil, false, false, false},
	} {
		p := AssignmentPolicy{Scope: c.scope, Targets: c.targets, Requestor: RequestorSettings{SelfAdd: true}}
		for u, want := range map[*User]bool{&guest: c.guest, &member: c.member, &other: c.other} {
			if p.InScope(*u, nil) != want || p.MayAsk(*u, nil) != want {
				t.Errorf("%s, %s: in scope %t, may ask %t, want %t", name, u.ID, p.InScope(*u, nil), p.MayAsk(*u, nil), want)
			}
		}
	}
}

func TestR37_TheNarrowestScopeHidesTheWiderOnes(t *testing.T) {
	mia := User{ID: "mia", Type: Member, Enabled: true}
	of := map[string]AssignmentPolicy{
		"named": {ID: "named", Scope: ScopeSpecificUsers, Targets: []SubjectSet{user("mia")}},
		"all":   {ID: "all", Scope: ScopeAllMembers},
		"users": {ID: "users", Scope: ScopeAllUsers},
	}
	for _, c := range []struct {
		offered []string
		want    PolicyID
	}{
		{[]string{"named", "all", "users"}, "named"}, {[]string{"users", "all", "named"}, "named"}, {[]string{"users", "named"}, "named"},
		{[]string{"all", "users"}, "all"}, {[]string{"users", "all"}, "all"}, {[]string{"users"}, "users"},
	} {
		var policies []AssignmentPolicy
		for _, name := range c.offered {
			p := of[name]
			p.Requestor.SelfAdd = true
			policies = append(policies, p)
		}
		if got, err := Choose(policies, "", mia, nil); err != nil || got.ID != c.want {
			t.Errorf("of %v: %s, %v, want %s", c.offered, got.ID, err, c.want)
		}
	}
}

func TestR46_AnExtensionIsDecidedByTheStagesOfARequest(t *testing.T) {
	w := held()
	w.approvedBy([]SubjectSet{user("ann")}, []SubjectSet{user("bob")})
	w.policy().Approval.RequiredForUpdate = true
	r, c, err := Extend(w.ask, w.got, w.now)
	if err != nil || len(r.Stages) != 2 {
		t.Fatalf("got %+v, %v", r, err)
	}
	s := StartInputs{Package: w.got.Package, Subject: w.got.Subject, Slot: c.Slots[0]}
	for i, reviewer := range []UserID{"ann", "bob"} {
		if _, _, err := Decide(r, DecisionInput{Stage: r.Stages[i].ID, Approved: true}, User{ID: "eve", Enabled: true}, s, noon.Add(time.Hour)); KindOf(err) != Forbidden {
			t.Errorf("stage %d: one who is not asked: %v", i+1, err)
		}
		if r, c, err = Decide(r, DecisionInput{Stage: r.Stages[i].ID, Approved: true}, User{ID: reviewer, Enabled: true}, s, noon.Add(time.Hour)); err != nil {
			t.Fatalf("stage %d: %v", i+1, err)
		}
	}
	if r.State != RequestDelivered || len(c.Slots) != 1 {
		t.Errorf("got %+v", r)
	}
}

func TestR48_OneWordOfAnybodyAskedSettlesTheStage(t *testing.T) {
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		reviewer, late UserID
		after          time.Duration
		manager        UserID
	}{
		"a primary approver":      {"ann", "bob", 0, "max"},
		"the other one":           {"bob", "ann", 0, "max"},
		"a fallback approver":     {"fay", "ann", 0, ""},
		"an alternate approver":   {"alt", "bob", 2 * day, "max"},
		"a primary, once forward": {"ann", "alt", 2 * day, "max"},
	} {
		w := newFixture()
		w.approvedBy([]SubjectSet{user("ann"), user("bob"), {Kind: RequestorManager}})
		stage := &w.policy().Approval.Stages[0]
		stage.TimeLimit, stage.Escalation, stage.EscalateAfter, stage.Alternates = 4*day, true, day, []SubjectSet{user("alt")}
		w.got.Subject.Manager = c.manager
		r, s := w.pending(t)
		now := noon.Add(c.after)
		if c.after > 0 {
			forwarded, _, err := Overdue(r, s, "sweep", now)
			if err != nil {
				t.Fatal(err)
			}
			r = forwarded
		}
		word := DecisionInput{Stage: r.Stages[0].ID, Approved: true}
		after, _, err := Decide(r, word, User{ID: c.reviewer, Enabled: true}, s, now)
		if err != nil || after.State != RequestDelivering {
			t.Errorf("%s: %s, %v", name, after.State, err)
			continue
		}
		if _, _, err := Decide(after, word, User{ID: c.late, Enabled: true}, s, now); KindOf(err) != Conflict {
			t.Errorf("%s: another one after that: %v", name, err)
		}
	}
}

func TestR62_AManagerAsAlternateNeedsAFallback(t *testing.T) {
	stage := ApprovalStage{Primary: []SubjectSet{user("ann")}, TimeLimit: 4 * 24 * time.Hour, Escalation: true, EscalateAfter: 24 * time.Hour,
		Alternates: []SubjectSet{{Kind: RequestorManager}}}
	p := AssignmentPolicy{Scope: ScopeAllMembers, Approval: ApprovalSettings{RequiredForAdd: true, Stages: []ApprovalStage{stage}}}
	if err := p.Check(noon); KindOf(err) != Invalid {
		t.Errorf("without one: %v", err)
	}
	p.Approval.Stages[0].FallbackAlternates = []SubjectSet{user("fay")}
	if err := p.Check(noon); err != nil {
		t.Error(err)
	}
}

func TestR77_AnAssignmentEndsNeverOnADateOrAfterDaysOrHours(t *testing.T) {
	date := time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		e    Expiration
		want time.Time
	}{
		"never":     {Expiration{Type: ExpireNever}, time.Time{}},
		"a date":    {Expiration{Type: ExpireAfterDateTime, End: date}, date},
		"ten days":  {Expiration{Type: ExpireAfterDuration, Duration: 240 * time.Hour}, noon.AddDate(0, 0, 10)},
		"six hours": {Expiration{Type: ExpireAfterDuration, Duration: 6 * time.Hour}, noon.Add(6 * time.Hour)},
	} {
		w := newFixture()
		w.policy().Expiration = c.e
		if err := w.policy().Check(noon); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, change, err := Submit(w.ask, w.got, w.now)
		if err != nil || !change.Slots[0].Assignment.End.Equal(c.want) {
			t.Errorf("%s: %+v, %v, want an end at %v", name, change.Slots, err, c.want)
		}
	}
}

func TestR78_DaysAreBounded(t *testing.T) {
	for text, ok := range map[string]bool{"P1D": true, "P3660D": true, "P3661D": false, "P3660DT1M": false} {
		if _, err := ParseDuration("duration", text); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestR82_WithoutAnEndOfItsOwnADirectAssignmentHasThePolicys(t *testing.T) {
	w := newFixture()
	w.direct()
	_, c, err := Submit(w.ask, w.got, w.now)
	if want := noon.Add(30 * 24 * time.Hour); err != nil || !c.Slots[0].Assignment.End.Equal(want) {
		t.Errorf("got %+v, %v, want an end at %v", c.Slots, err, want)
	}
	w.ask.RequestedSchedule.Expiration = Expiration{Type: ExpireAfterDuration, Duration: time.Hour}
	_, c, err = Submit(w.ask, w.got, w.now)
	if want := noon.Add(time.Hour); err != nil || !c.Slots[0].Assignment.End.Equal(want) {
		t.Errorf("with one: got %+v, %v, want an end at %v", c.Slots, err, want)
	}
}

func TestR92_ADirectAssignmentWaitsForApprovalLikeAnyOther(t *testing.T) {
	w := newFixture()
	w.direct()
	w.approvedBy([]SubjectSet{user("ann"), user("adm")})
	r, s := w.pending(t)
	if s.Slot.Assignment != nil {
		t.Fatalf("it is held before anybody approved: %+v", s.Slot)
	}
	word := DecisionInput{Stage: r.Stages[0].ID, Approved: true}
	if _, _, err := Decide(r, word, User{ID: "adm", Enabled: true, Groups: []GroupID{AdministratorsGroup}}, s, noon); KindOf(err) != Forbidden {
		t.Errorf("the administrator who assigns approves as well: %v", err)
	}
	if after, _, err := Decide(r, word, User{ID: "ann", Enabled: true}, s, noon); err != nil || after.State != RequestDelivering {
		t.Errorf("got %s, %v", after.State, err)
	}
}

func TestR94_ADirectAssignmentWithAFutureStartIsScheduled(t *testing.T) {
	w := newFixture()
	w.direct()
	start, end := noon.Add(time.Hour), noon.Add(2*time.Hour)
	w.ask.RequestedSchedule = Schedule{Start: start, Expiration: Expiration{Type: ExpireAfterDateTime, End: end}}
	r, c, err := Submit(w.ask, w.got, w.now)
	if err != nil || r.State != RequestScheduled || c.Slots[0].Assignment != nil {
		t.Fatalf("got %+v, %v", r, err)
	}
	begun, c, err := Overdue(r, StartInputs{Package: w.got.Package, Subject: w.got.Subject, Slot: c.Slots[0]}, "sweep", start)
	if err != nil || begun.State != RequestDelivering || !c.Slots[0].Assignment.Start.Equal(start) || !c.Slots[0].Assignment.End.Equal(end) {
		t.Errorf("got %+v, %+v, %v", begun, c.Slots, err)
	}
}

func TestR101_ANewAssignmentStartsInDelivering(t *testing.T) {
	begins := map[string]func(w *fixture) (Change, error){
		"asked for": func(w *fixture) (Change, error) { _, c, err := Submit(w.ask, w.got, w.now); return c, err },
		"assigned":  func(w *fixture) (Change, error) { w.direct(); _, c, err := Submit(w.ask, w.got, w.now); return c, err },
		"approved": func(w *fixture) (Change, error) {
			w.approvedBy([]SubjectSet{user("ann")})
			r, s := w.pending(t)
			_, c, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true}, User{ID: "ann", Enabled: true}, s, noon)
			return c, err
		},
	}
	for name, begin := range begins {
		w := newFixture()
		c, err := begin(&w)
		if err != nil || len(c.Slots) != 1 || c.Slots[0].Assignment.State != AssignmentDelivering || len(c.SubjectUpdates) != 1 {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
}

func TestR103_WhateverEndsAnAssignmentMakesItExpired(t *testing.T) {
	for name, end := range map[string]func(AssignmentSlot) (Change, error){
		"its end": func(s AssignmentSlot) (Change, error) { return Expire(s, nil, "sweep", noon) },
		"its subject": func(s AssignmentSlot) (Change, error) {
			_, c, err := Remove(Removal{ID: "rem", Type: UserRemove, Requestor: "mia"}, s, nil, noon)
			return c, err
		},
		"an administrator": func(s AssignmentSlot) (Change, error) {
			_, c, err := Remove(Removal{ID: "rem", Type: AdminRemove, Requestor: "adm"}, s, nil, noon)
			return c, err
		},
		"its subject's leaving": func(s AssignmentSlot) (Change, error) {
			return EndForLeaver(s, nil, OutcomeSubjectDisabled, "sweep", noon)
		},
	} {
		for _, state := range AssignmentStates {
			if !state.Live() {
				continue
			}
			slot := AssignmentSlot{Package: "pkg", Subject: "mia", Assignment: &Assignment{ID: "asg", Package: "pkg", Subject: "mia", Target: TargetPresent, State: state, End: noon}}
			c, err := end(slot)
			if err != nil || len(c.Ended) != 1 || c.Ended[0].State != AssignmentExpired || c.Ended[0].Target != TargetAbsent || !c.Ended[0].Ended.Equal(noon) {
				t.Errorf("%s, from %s: %+v, %v", name, state, c, err)
			}
		}
	}
}

func TestR119_OnlyWhatWasNotDeliveredWholeIsReprocessed_R120_AtAnyAge(t *testing.T) {
	slot := AssignmentSlot{Package: "pkg", Subject: "mia", Assignment: &Assignment{ID: "req", Package: "pkg", Subject: "mia", Target: TargetPresent, State: AssignmentPartiallyDelivered}}
	for _, state := range RequestStates {
		r := AssignmentRequest{ID: "req", Assignment: "req", State: state, Completed: noon}
		c, err := Reprocess(r, slot, Actor{ID: "adm", Command: "call"}, noon.AddDate(2, 0, 0))
		if !slices.Contains([]RequestState{RequestPartiallyDelivered, RequestDeliveryFailed}, state) {
			if KindOf(err) != Conflict || len(c.Requests) > 0 {
				t.Errorf("%s: %v", state, err)
			}
			continue
		}
		if err != nil || c.Requests[0].State != RequestDelivering || c.Slots[0].Assignment.State != AssignmentDelivering || len(c.SubjectUpdates) != 1 {
			t.Errorf("%s: %+v, %v", state, c, err)
		}
	}
}

func TestR109_NothingIsTakenThatCouldNeverBegin(t *testing.T) {
	for name, c := range map[string]struct {
		start, end time.Time
		kind       Kind // Internal: taken
	}{
		"the policy has ended":                 {time.Time{}, noon.Add(-time.Hour), Precondition},
		"the policy ends now":                  {time.Time{}, noon, Precondition},
		"a start after the policy's end":       {noon.Add(2 * time.Hour), noon.Add(time.Hour), Precondition},
		"a start at the policy's end":          {noon.Add(time.Hour), noon.Add(time.Hour), Precondition},
		"a start just before the policy's end": {noon.Add(time.Hour), noon.Add(time.Hour + 1), Internal},
	} {
		for _, approved := range []bool{false, true} {
			w := newFixture()
			w.policy().Requestor.CustomSchedule = true
			w.policy().Expiration, w.ask.RequestedSchedule.Start = Expiration{Type: ExpireAfterDateTime, End: c.end}, c.start
			if approved {
				w.approvedBy([]SubjectSet{user("ann")})
			}
			_, change, err := Submit(w.ask, w.got, w.now)
			if c.kind == Internal && err != nil || c.kind != Internal && (KindOf(err) != c.kind || len(change.Requests) > 0) {
				t.Errorf("%s, approved %t: %v", name, approved, err)
			}
		}
	}
}

func TestR109_AnExtensionNeverTakesTheAccessAway(t *testing.T) {
	for _, approved := range []bool{false, true} {
		w := held()
		w.approvedBy([]SubjectSet{user("ann")})
		w.policy().Expiration, w.policy().Approval.RequiredForUpdate = Expiration{Type: ExpireAfterDateTime, End: noon}, approved
		if _, c, err := Extend(w.ask, w.got, w.now); KindOf(err) != Precondition || len(c.Slots) > 0 {
			t.Errorf("by a policy that has ended, approved %t: %+v, %v", approved, c.Slots, err)
		}
	}

	w := held()
	w.approvedBy([]SubjectSet{user("ann")})
	w.policy().Approval.RequiredForUpdate, w.policy().Requestor.CustomSchedule = true, true
	w.ask.RequestedSchedule.Expiration = Expiration{Type: ExpireAfterDateTime, End: noon.Add(time.Hour)}
	r, c, err := Extend(w.ask, w.got, w.now)
	if err != nil {
		t.Fatal(err)
	}
	s := StartInputs{Package: w.got.Package, Subject: w.got.Subject, Slot: c.Slots[0]}
	word, ann := DecisionInput{Stage: r.Stages[0].ID, Approved: true}, User{ID: "ann", Enabled: true}
	if _, c, err := Decide(r, word, ann, s, noon.Add(time.Hour)); KindOf(err) != Precondition || len(c.Slots) > 0 {
		t.Errorf("approved when its end has passed: %+v, %v", c.Slots, err)
	}
	word.Approved = false
	if denied, _, err := Decide(r, word, ann, s, noon.Add(time.Hour)); err != nil || denied.State != RequestDenied {
		t.Errorf("it can be denied still: %s, %v", denied.State, err)
	}
}

func TestR80_TheEndCountsFromTheApproval(t *testing.T) {
	w := newFixture()
	w.approvedBy([]SubjectSet{user("ann")})
	r, s := w.pending(t)
	approved := noon.Add(5 * 24 * time.Hour)
	_, c, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true}, User{ID: "ann", Enabled: true}, s, approved)
	if want := approved.Add(30 * 24 * time.Hour); err != nil || !c.Slots[0].Assignment.End.Equal(want) {
		t.Errorf("got %+v, %v, want an end at %v", c.Slots, err, want)
	}
}

func TestR256_APolicyNamesFiveHundredAndNoMore(t *testing.T) {
	p := AssignmentPolicy{Scope: ScopeSpecificUsers, Expiration: Expiration{Type: ExpireNever}}
	for range 500 {
		p.Targets = append(p.Targets, SubjectSet{Kind: SingleUser, ID: "ann"})
	}
	if err := p.Check(noon); err != nil {
		t.Errorf("500: %v", err)
	}

	p.Targets = append(p.Targets, SubjectSet{Kind: GroupMembers, ID: "crew"})
	if err := p.Check(noon); KindOf(err) != Invalid {
		t.Errorf("501: %v, want Invalid", err)
	}
}
