package entitlement

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// fixture is one package with one policy, its people, and what a test changes of them.
type fixture struct {
	ask NewRequest
	got SubmitInputs
	now time.Time
}

func newFixture() fixture {
	n := 0
	newID := func() string { n++; return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }
	mia := User{ID: "mia", Type: Member, Enabled: true, DisplayName: "Mia", Manager: "max", Groups: []GroupID{"sales"}}
	policy := AssignmentPolicy{ID: "policy", Package: "pkg", DisplayName: "Everybody", Scope: ScopeAllMembers,
		Requestor: RequestorSettings{SelfAdd: true}, Expiration: Expiration{Type: ExpireAfterDuration, Duration: 30 * 24 * time.Hour}}
	return fixture{
		now: noon,
		ask: NewRequest{ID: "req", Type: UserAdd, Command: "call", NewID: newID},
		got: SubmitInputs{Requestor: &mia, Subject: &mia, Package: &AccessPackage{ID: "pkg", Catalog: "cat"}, Catalog: &Catalog{ID: "cat", Published: true},
			Policies: []AssignmentPolicy{policy}, Slot: AssignmentSlot{Package: "pkg", Subject: "mia"}, SubjectRecord: SubjectRecord{Subject: "mia"}},
	}
}

func (w *fixture) policy() *AssignmentPolicy { return &w.got.Policies[0] }

func (w *fixture) approvedBy(stages ...[]SubjectSet) {
	w.policy().Approval = ApprovalSettings{RequiredForAdd: true}
	for _, s := range stages {
		w.policy().Approval.Stages = append(w.policy().Approval.Stages, ApprovalStage{Primary: s, Fallback: []SubjectSet{{Kind: SingleUser, ID: "fay"}}})
	}
}

func user(id string) SubjectSet { return SubjectSet{Kind: SingleUser, ID: id} }

func TestSubmit_WhoMayAsk(t *testing.T) {
	off := func(u *User) *User { v := *u; v.Enabled = false; return &v }
	for name, c := range map[string]struct {
		set  func(*fixture)
		kind Kind // of the refusal; Internal means taken
		says string
	}{
		"R44 a member in scope":       {func(*fixture) {}, Internal, ""},
		"R39 a disabled user":         {func(w *fixture) { w.got.Requestor, w.got.Subject = off(w.got.Requestor), off(w.got.Subject) }, Forbidden, "disabled"},
		"no such package":             {func(w *fixture) { w.got.Package = nil }, NotFound, "package"},
		"a package under deletion":    {func(w *fixture) { w.got.Package.Deleting = noon }, NotFound, "package"},
		"R23 an unpublished catalog":  {func(w *fixture) { w.got.Catalog.Published = false }, Precondition, "not published"},
		"R108 no policy":              {func(w *fixture) { w.got.Policies = nil }, Precondition, "No policy"},
		"R35 requests switched off":   {func(w *fixture) { w.policy().Requestor.SelfAdd = false }, Precondition, "No policy"},
		"R30 a policy for nobody":     {func(w *fixture) { w.policy().Scope = ScopeNobody }, Precondition, "No policy"},
		"R31 a guest and all members": {func(w *fixture) { w.got.Subject.Type = Guest }, Precondition, "No policy"},
		"R31 a guest and all users":   {func(w *fixture) { w.got.Subject.Type, w.policy().Scope = Guest, ScopeAllUsers }, Internal, ""},
		"a named user":                {func(w *fixture) { w.policy().Scope, w.policy().Targets = ScopeSpecificUsers, []SubjectSet{user("mia")} }, Internal, ""},
		"a member of a named group": {func(w *fixture) {
			w.policy().Scope, w.policy().Targets = ScopeSpecificUsers, []SubjectSet{{Kind: GroupMembers, ID: "sales"}}
		}, Internal, ""},
		"somebody else named":                             {func(w *fixture) { w.policy().Scope, w.policy().Targets = ScopeSpecificUsers, []SubjectSet{user("max")} }, Precondition, "No policy"},
		"R43 a start that has come is no choice of dates": {func(w *fixture) { w.ask.RequestedSchedule.Start = noon }, Internal, ""},
		"R43 dates not allowed":                           {func(w *fixture) { w.ask.RequestedSchedule.Start = noon.Add(time.Hour) }, Precondition, "schedule"},
		"R84 beyond the policy's end": {func(w *fixture) {
			w.policy().Requestor.CustomSchedule = true
			w.ask.RequestedSchedule.Expiration = Expiration{Type: ExpireAfterDuration, Duration: 31 * 24 * time.Hour}
		}, Precondition, "not later"},
		"R84 for ever, where the policy ends": {func(w *fixture) {
			w.policy().Requestor.CustomSchedule = true
			w.ask.RequestedSchedule.Expiration = Expiration{Type: ExpireNever}
		}, Precondition, "not later"},
		"R81 within the policy's end": {func(w *fixture) {
			w.policy().Requestor.CustomSchedule = true
			w.ask.RequestedSchedule.Expiration = Expiration{Type: ExpireAfterDuration, Duration: 30 * 24 * time.Hour}
		}, Internal, ""},
		"R109 an end in the past": {func(w *fixture) {
			w.ask.RequestedSchedule.Expiration = Expiration{Type: ExpireAfterDateTime, End: noon.Add(-1)}
		}, Invalid, "future"},
		"R59 no justification":               {func(w *fixture) { w.policy().Approval.RequestorJustification = true }, Precondition, "justification"},
		"S5 an open request":                 {func(w *fixture) { w.got.Slot.Open = "other" }, Conflict, "open request"},
		"S5 a live assignment":               {func(w *fixture) { w.got.Slot.Assignment = &Assignment{ID: "a"} }, Conflict, "already have"},
		"R90 direct, by a policy for nobody": {func(w *fixture) { w.ask.Type, w.ask.Policy, w.policy().Scope = AdminAdd, "policy", ScopeNobody }, Internal, ""},
		"R91 direct, out of scope":           {func(w *fixture) { w.ask.Type, w.ask.Policy, w.got.Subject.Type = AdminAdd, "policy", Guest }, Precondition, "scope"},
		"direct, without a policy":           {func(w *fixture) { w.ask.Type = AdminAdd }, Invalid, "assignmentPolicyId"},
		"direct, another package's policy":   {func(w *fixture) { w.ask.Type, w.ask.Policy, w.policy().Package = AdminAdd, "policy", "other" }, Invalid, "assignmentPolicyId"},
		"direct, no such person":             {func(w *fixture) { w.ask.Type, w.ask.Policy, w.got.Subject = AdminAdd, "policy", nil }, NotFound, "targetId"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture()
			c.set(&w)
			_, change, err := Submit(w.ask, w.got, w.now)
			if c.kind == Internal {
				if err != nil || len(change.Requests) != 1 || len(change.Events) != 1 || len(change.DeletionGuards) != 1 {
					t.Fatalf("got %v, %+v", err, change)
				}
				return
			}
			if KindOf(err) != c.kind || !strings.Contains(MessageOf(err), c.says) {
				t.Fatalf("got %v, want %s saying %q", err, c.kind, c.says)
			}
			if len(change.Requests)+len(change.Slots)+len(change.Events)+len(change.SubjectUpdates) > 0 {
				t.Fatalf("a refusal changes nothing, got %+v (S13)", change)
			}
		})
	}
}

func TestR36_SeveralPoliciesMustBeChosenFrom_R37_ByRankFirst(t *testing.T) {
	w := newFixture()
	second := *w.policy()
	second.ID = "second"
	w.got.Policies = append(w.got.Policies, second)
	if _, _, err := Submit(w.ask, w.got, w.now); KindOf(err) != Invalid {
		t.Errorf("two policies of one rank: %v", err)
	}
	w.ask.Policy = "second"
	if r, _, err := Submit(w.ask, w.got, w.now); err != nil || r.Policy != "second" {
		t.Errorf("the named one: %v, %v", r.Policy, err)
	}
	w.ask.Policy = ""
	w.got.Policies[1].Scope, w.got.Policies[1].Targets = ScopeSpecificUsers, []SubjectSet{user("mia")}
	if r, _, err := Submit(w.ask, w.got, w.now); err != nil || r.Policy != "second" {
		t.Errorf("the one that names her hides the one for all members: %v, %v", r.Policy, err)
	}
}

func TestR80_TheEndCountsFromTheStart(t *testing.T) {
	w := newFixture()
	_, c, err := Submit(w.ask, w.got, w.now)
	if err != nil {
		t.Fatal(err)
	}
	a := c.Slots[0].Assignment
	if want := noon.Add(30 * 24 * time.Hour); !a.End.Equal(want) || a.State != AssignmentDelivering || a.Target != TargetPresent || string(a.ID) != "req" {
		t.Errorf("got %+v, want an end at %v", a, want)
	}
	if h := c.SubjectUpdates[0]; h.Add != (Waiting{"pkg", "req"}) || !h.CheckAfter.After(noon) {
		t.Errorf("who moves it leaves the subject pending (S22): %+v", h)
	}
}

func TestR94_AFutureStartIsScheduledAndTheSweepBegins(t *testing.T) {
	w := newFixture()
	w.policy().Requestor.CustomSchedule = true
	w.ask.RequestedSchedule.Start = noon.Add(time.Hour)
	r, c, err := Submit(w.ask, w.got, w.now)
	if err != nil || r.State != RequestScheduled || r.Status() != "PendingNotBefore" || !r.Due.Equal(noon.Add(time.Hour)) || c.Slots[0].Open != "req" || len(c.SubjectUpdates) != 0 {
		t.Fatalf("got %+v, %v", r, err)
	}
	start := StartInputs{Package: w.got.Package, Subject: w.got.Subject, Slot: c.Slots[0], SubjectRecord: w.got.SubjectRecord}
	if _, early, err := Overdue(r, start, "sweep", noon.Add(time.Hour-1)); err != nil || len(early.Requests) != 0 {
		t.Errorf("a nanosecond early: %+v, %v", early, err)
	}
	begun, c, err := Overdue(r, start, "sweep", noon.Add(2*time.Hour))
	if err != nil || begun.State != RequestDelivering || !c.Slots[0].Assignment.End.Equal(noon.Add(2*time.Hour+30*24*time.Hour)) {
		t.Errorf("got %+v, %v", begun, err)
	}
	start.Subject = &User{ID: "mia"} // disabled meanwhile
	lapsed, c, err := Overdue(r, start, "sweep", noon.Add(time.Hour))
	if err != nil || lapsed.State != RequestCanceled || lapsed.Outcome != OutcomeLapsed || !c.Slots[0].Erased {
		t.Errorf("a start that is not possible any more: %+v, %v", lapsed, err)
	}
}

// pending submits a request that asks the stages, and returns it with its slot.
func (w *fixture) pending(t *testing.T) (AssignmentRequest, StartInputs) {
	t.Helper()
	r, c, err := Submit(w.ask, w.got, w.now)
	if err != nil || r.State != RequestPendingApproval {
		t.Fatalf("got %v, %v", r.State, err)
	}
	return r, StartInputs{Package: w.got.Package, Subject: w.got.Subject, Requestor: w.got.Requestor, Slot: c.Slots[0], SubjectRecord: w.got.SubjectRecord}
}

func TestDecide_WhoMay(t *testing.T) {
	set := []SubjectSet{user("ann"), {Kind: GroupMembers, ID: "board"}, {Kind: RequestorManager}, user("mia")}
	for name, c := range map[string]struct {
		reviewer User
		set      func(r *AssignmentRequest, s *StartInputs)
		kind     Kind
	}{
		"R51 a named user":              {User{ID: "ann", Enabled: true}, nil, Internal},
		"R51 a member of a named group": {User{ID: "bob", Enabled: true, Groups: []GroupID{"board"}}, nil, Internal},
		"R51 the manager":               {User{ID: "max", Enabled: true}, nil, Internal},
		"a former manager": {User{ID: "max", Enabled: true}, func(_ *AssignmentRequest, s *StartInputs) {
			s.Subject = &User{ID: "mia", Enabled: true, Manager: "new"}
		}, Forbidden},
		"a new manager": {User{ID: "new", Enabled: true}, func(_ *AssignmentRequest, s *StartInputs) {
			s.Subject = &User{ID: "mia", Type: Member, Enabled: true, Manager: "new"}
		}, Internal},
		"F36 a disabled approver":               {User{ID: "ann"}, nil, Forbidden},
		"T11 one who left the group":            {User{ID: "bob", Enabled: true}, nil, Forbidden},
		"somebody else":                         {User{ID: "eve", Enabled: true}, nil, Forbidden},
		"R56 the requestor, though named":       {User{ID: "mia", Enabled: true}, nil, Forbidden},
		"R56 the requestor, through the group":  {User{ID: "mia", Enabled: true, Groups: []GroupID{"board"}}, nil, Forbidden},
		"R52 the fallback, where a manager is":  {User{ID: "fay", Enabled: true}, nil, Forbidden},
		"R50 after the time limit":              {User{ID: "ann", Enabled: true}, func(r *AssignmentRequest, _ *StartInputs) { r.Stages[0].Deadline = noon }, Conflict},
		"R64 a stage that was decided":          {User{ID: "ann", Enabled: true}, func(r *AssignmentRequest, _ *StartInputs) { r.Stages[0].Decision = &Decision{Reviewer: "bob"} }, Conflict},
		"R63 a request that was canceled":       {User{ID: "ann", Enabled: true}, func(r *AssignmentRequest, _ *StartInputs) { r.State = RequestCanceled }, Conflict},
		"R57 a justification that is asked for": {User{ID: "ann", Enabled: true}, func(r *AssignmentRequest, _ *StartInputs) { r.Stages[0].Policy.ApproverJustification = true }, Precondition},
		"a package that is held already":        {User{ID: "ann", Enabled: true}, func(_ *AssignmentRequest, s *StartInputs) { s.SubjectRecord.Live = []PackageID{"pkg"} }, Conflict},
		"S21 more packages than one may hold":   {User{ID: "ann", Enabled: true}, func(_ *AssignmentRequest, s *StartInputs) { s.SubjectRecord.Live = make([]PackageID, MaxLive) }, Precondition},
		"S21 more removals than may be owed":    {User{ID: "ann", Enabled: true}, func(_ *AssignmentRequest, s *StartInputs) { s.SubjectRecord.Removing = make([]Removing, MaxRemoving) }, Precondition},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture()
			w.approvedBy(set)
			r, s := w.pending(t)
			if c.set != nil {
				c.set(&r, &s)
			}
			after, change, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true}, c.reviewer, s, noon)
			if c.kind != Internal {
				if KindOf(err) != c.kind || len(change.Requests)+len(change.Events) > 0 {
					t.Fatalf("got %v and %+v, want %s and nothing", err, change, c.kind)
				}
				return
			}
			if err != nil || after.State != RequestDelivering || after.Stages[0].Decision.Reviewer != c.reviewer.ID || len(change.SubjectUpdates) != 1 {
				t.Fatalf("got %+v, %v", after, err)
			}
			if r.Stages[0].Decision != nil {
				t.Fatal("the request that was read must not change")
			}
		})
	}
}

func TestR52_WithoutAManagerTheFallbackIsAsked(t *testing.T) {
	w := newFixture()
	w.approvedBy([]SubjectSet{{Kind: RequestorManager}})
	w.got.Subject.Manager = ""
	r, s := w.pending(t)
	if _, _, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true}, User{ID: "fay", Enabled: true}, s, noon); err != nil {
		t.Error(err)
	}
}

func TestR47_StagesFollowEachOther_R49_ADenialEnds(t *testing.T) {
	w := newFixture()
	w.approvedBy([]SubjectSet{user("ann")}, []SubjectSet{user("bob")}, []SubjectSet{user("cy")})
	r, s := w.pending(t)
	ann, bob := User{ID: "ann", Enabled: true}, User{ID: "bob", Enabled: true}
	if _, _, err := Decide(r, DecisionInput{Stage: r.Stages[1].ID, Approved: true}, bob, s, noon); KindOf(err) != Conflict {
		t.Errorf("a stage before its turn: %v", err)
	}
	r, c, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true}, ann, s, noon.Add(time.Hour))
	if err != nil || r.State != RequestPendingApproval || r.Stage != 1 || len(c.SubjectUpdates)+len(c.Slots) != 0 || !r.Stages[1].Deadline.Equal(noon.Add(time.Hour+DefaultTimeLimit)) {
		t.Fatalf("got %+v, %v", r, err)
	}
	if _, _, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID}, ann, s, noon); KindOf(err) != Conflict {
		t.Errorf("a second word on the first stage: %v", err)
	}
	r, c, err = Decide(r, DecisionInput{Stage: r.Stages[1].ID, Approved: false}, bob, s, noon)
	if err != nil || r.State != RequestDenied || !c.Slots[0].Empty() || len(c.SubjectUpdates) != 0 || r.Completed.IsZero() {
		t.Fatalf("got %+v, %v", r, err)
	}
}

func TestR50_TheSweepDeniesAndR60Escalates(t *testing.T) {
	w := newFixture()
	w.approvedBy([]SubjectSet{user("ann")})
	stage := &w.policy().Approval.Stages[0]
	stage.TimeLimit, stage.Escalation, stage.EscalateAfter, stage.Alternates = 4*24*time.Hour, true, 24*time.Hour, []SubjectSet{user("alt")}
	r, s := w.pending(t)
	alt := User{ID: "alt", Enabled: true}
	if r.MayReview(alt, "") || !r.Due.Equal(noon.Add(24*time.Hour)) {
		t.Fatalf("the alternate is not asked yet; due %v", r.Due)
	}
	r, c, err := Overdue(r, s, "sweep", noon.Add(25*time.Hour))
	if err != nil || r.Status() != "PendingApprovalEscalated" || !r.MayReview(alt, "") || !r.MayReview(User{ID: "ann", Enabled: true}, "") || len(c.Requests) != 1 {
		t.Fatalf("got %+v, %v", r, err)
	}
	if _, again, err := Overdue(r, s, "sweep", noon.Add(26*time.Hour)); err != nil || len(again.Requests) != 0 {
		t.Fatalf("a second sweep changes nothing (T17): %+v, %v", again, err)
	}
	if _, _, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true}, alt, s, noon.Add(4*24*time.Hour)); KindOf(err) != Conflict {
		t.Errorf("at the deadline nobody decides any more: %v", err)
	}
	r, c, err = Overdue(r, s, "sweep", noon.Add(4*24*time.Hour))
	if err != nil || r.State != RequestDenied || r.Outcome != OutcomeTimedOut || r.Status() != "Expired" || !c.Slots[0].Erased {
		t.Fatalf("got %+v, %v", r, err)
	}
}

func TestS6_APolicyEditChangesNothingOfAPendingRequest(t *testing.T) {
	w := newFixture()
	w.approvedBy([]SubjectSet{user("ann")})
	r, s := w.pending(t)
	w.policy().Approval.Stages[0].Primary[0] = user("eve")
	w.policy().Expiration = Expiration{Type: ExpireNever}
	if _, _, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true}, User{ID: "eve", Enabled: true}, s, noon); KindOf(err) != Forbidden {
		t.Errorf("one who was named later decides: %v", err)
	}
	_, c, err := Decide(r, DecisionInput{Stage: r.Stages[0].ID, Approved: true}, User{ID: "ann", Enabled: true}, s, noon)
	if err != nil || c.Slots[0].Assignment.End.IsZero() {
		t.Errorf("the terms are those of the submission: %+v, %v", c.Slots, err)
	}
}

func TestR115_OnlyWhatHasNotBegunIsCanceled(t *testing.T) {
	w := newFixture()
	w.approvedBy([]SubjectSet{user("ann")})
	r, s := w.pending(t)
	after, c, err := Cancel(r, s.Slot, Actor{ID: "mia", Command: "call"}, noon)
	if err != nil || after.State != RequestCanceled || !c.Slots[0].Empty() {
		t.Errorf("got %+v, %v", after, err)
	}
	for _, state := range RequestStates {
		r.State = state
		if _, _, err := Cancel(r, s.Slot, Actor{ID: "mia", Command: "call"}, noon); (err == nil) != state.Open() {
			t.Errorf("%s: %v", state, err)
		}
	}
}

func TestS16_NothingExpiresBeforeItsInstant(t *testing.T) {
	slot := AssignmentSlot{Package: "pkg", Subject: "mia", Meta: Meta{Version: 3}, Assignment: &Assignment{ID: "a", Package: "pkg", Subject: "mia", State: AssignmentDelivered, Target: TargetPresent, End: noon}}
	for name, c := range map[string]struct {
		at   time.Time
		ends bool
	}{"before": {noon.Add(-1), false}, "at": {noon, true}, "after": {noon.Add(time.Hour), true}} {
		change, err := Expire(slot, nil, "sweep", c.at)
		if err != nil || (len(change.Ended) == 1) != c.ends {
			t.Errorf("%s: %+v, %v", name, change, err)
		}
	}
	slot.Assignment.End = time.Time{}
	if change, err := Expire(slot, nil, "sweep", noon.AddDate(100, 0, 0)); err != nil || len(change.Ended) != 0 {
		t.Errorf("without an end (T19): %+v, %v", change, err)
	}
}

func TestR99_ARemovalEndsAtOnceAndNeedsReconcileTheRevocation(t *testing.T) {
	slot := AssignmentSlot{Package: "pkg", Subject: "mia", Meta: Meta{Version: 3}, Assignment: &Assignment{ID: "a", Package: "pkg", Subject: "mia", State: AssignmentDelivered, Target: TargetPresent}}
	r, c, err := Remove(Removal{ID: "rem", Type: AdminRemove, Requestor: "adm", Command: "call"}, slot, nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	a := c.Ended[0]
	if a.State != AssignmentExpired || a.Target != TargetAbsent || a.Removal != "rem" || !a.Removed.IsZero() || a.Status(noon) != "Removing" || a.Status(noon.Add(OverdueAfter+1)) != "RemovalOverdue" {
		t.Errorf("ended: %+v", a)
	}
	h := c.SubjectUpdates[0]
	if r.State != RequestDelivering || !c.Slots[0].Erased || h.Remove != (Waiting{"pkg", "a"}) || h.Ended != (Removing{"a", "pkg", "rem"}) || len(c.Events) != 2 {
		t.Errorf("got %+v, %+v", r, c)
	}
	if _, _, err := Remove(Removal{}, AssignmentSlot{}, nil, noon); KindOf(err) != Conflict {
		t.Errorf("a second removal: %v", err)
	}
}

func TestS11_AnAlteredChainIsFound(t *testing.T) {
	var head Chain
	var events []Event
	for i := range 3 {
		var e Event
		head, e = head.Append(Event{Aggregate: OfRequest, ID: "r", Kind: fmt.Sprint("step", i), Actor: "mia", At: noon.Add(time.Duration(i)), Data: map[string]string{"b": "2", "a": "1"}})
		events = append(events, e)
	}
	if err := VerifyChain(head, events); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func([]Event) []Event{
		"altered":   func(l []Event) []Event { l[1].Actor = "eve"; return l },
		"reordered": func(l []Event) []Event { l[0], l[1] = l[1], l[0]; return l },
		"removed":   func(l []Event) []Event { return slices.Delete(l, 1, 2) },
		"truncated": func(l []Event) []Event { return l[:2] },
	} {
		if VerifyChain(head, spoil(slices.Clone(events))) == nil {
			t.Errorf("%s, and nobody noticed", name)
		}
	}
}

func TestPolicyCheck_ContradictionsAreRefused(t *testing.T) {
	manager := SubjectSet{Kind: RequestorManager}
	for name, set := range map[string]func(*AssignmentPolicy){
		"specific users, nobody named": func(p *AssignmentPolicy) { p.Scope = ScopeSpecificUsers },
		"all members, somebody named":  func(p *AssignmentPolicy) { p.Targets = []SubjectSet{user("x")} },
		"unknown scope":                func(p *AssignmentPolicy) { p.Scope = "everyone" },
		"approval without a stage":     func(p *AssignmentPolicy) { p.Approval.RequiredForAdd = true },
		"R47 four stages": func(p *AssignmentPolicy) {
			p.Approval.Stages = slices.Repeat([]ApprovalStage{{Primary: []SubjectSet{user("x")}}}, 4)
		},
		"a stage without approvers":        func(p *AssignmentPolicy) { p.Approval.Stages = []ApprovalStage{{}} },
		"R53 a manager without a fallback": func(p *AssignmentPolicy) { p.Approval.Stages = []ApprovalStage{{Primary: []SubjectSet{manager}}} },
		"a manager as fallback": func(p *AssignmentPolicy) {
			p.Approval.Stages = []ApprovalStage{{Primary: []SubjectSet{manager}, Fallback: []SubjectSet{manager}}}
		},
		"R61 escalation after the time limit": func(p *AssignmentPolicy) {
			p.Approval.Stages = []ApprovalStage{{Primary: []SubjectSet{user("x")}, TimeLimit: time.Hour, Escalation: true, EscalateAfter: time.Hour, Alternates: []SubjectSet{user("y")}}}
		},
		"R79 an end in the past": func(p *AssignmentPolicy) { p.Expiration = Expiration{Type: ExpireAfterDateTime, End: noon} },
		"26 approvers": func(p *AssignmentPolicy) {
			p.Approval.Stages = []ApprovalStage{{Primary: slices.Repeat([]SubjectSet{user("x")}, 26)}}
		},
		"a manager among those who may ask": func(p *AssignmentPolicy) { p.Scope, p.Targets = ScopeSpecificUsers, []SubjectSet{manager} },
	} {
		p := AssignmentPolicy{Scope: ScopeAllMembers}
		if err := p.Check(noon); err != nil {
			t.Fatal(err)
		}
		set(&p)
		if err := p.Check(noon); KindOf(err) != Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestA9_TextThatNobodyTypesIsRefused(t *testing.T) {
	for name, text := range map[string]string{"NUL": "a\x00b", "escape": "a\x1b[2Jb", "right-to-left override": "a\u202eb", "broken UTF-8": "a\xffb", "a megabyte": strings.Repeat("x", 1<<20), "empty": "  "} {
		if _, err := Name("displayName", text); KindOf(err) != Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := Name("displayName", " Zoë’s 团队 = +1 "); err != nil || got != "Zoë’s 团队 = +1" {
		t.Errorf("got %q, %v", got, err)
	}
}
