package delivery

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func ref(name string) entitlement.RoleRef {
	return entitlement.RoleRef{Connector: "con", Resource: name, Role: "Member_" + name}
}

func scopes(names ...string) entitlement.PackageScopes {
	var s entitlement.PackageScopes
	for _, n := range names {
		s.List = append(s.List, entitlement.ResourceRoleScope{ID: n, Ref: ref(n)})
	}
	return s
}

func set(names ...string) map[entitlement.RoleRef]bool {
	s := map[entitlement.RoleRef]bool{}
	for _, n := range names {
		s[ref(n)] = true
	}
	return s
}

func mia() *entitlement.User { return &entitlement.User{ID: "mia", Enabled: true} }

// Whatever packages overlap and whichever of them live, a role is desired exactly where a
// live one gives it (S8, T1).
func TestS8_ARoleIsDesiredExactlyWhereALivePackageGivesIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := []string{"a", "b", "c", "d"}
		w := entitlement.ReconcileInputs{Subject: mia(), Scopes: map[entitlement.PackageID]entitlement.PackageScopes{}}
		var h entitlement.SubjectRecord
		want := map[entitlement.RoleRef]bool{}
		for _, p := range []entitlement.PackageID{"p", "q", "r"} {
			roles := rapid.SliceOfDistinct(rapid.SampledFrom(all), func(s string) string { return s }).Draw(t, "roles of "+string(p))
			w.Scopes[p] = scopes(roles...)
			if rapid.Bool().Draw(t, string(p)+" lives") {
				h.Live = append(h.Live, p)
				for _, r := range roles {
					want[ref(r)] = true
				}
			}
		}
		got := Desired(h, w, noon)
		if len(got) != len(want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		for r := range want {
			if !got[r] {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
	})
}

func TestDesired_NobodyGetsAnythingAfterTheEndOrWhenDisabled(t *testing.T) {
	h := entitlement.SubjectRecord{Live: []entitlement.PackageID{"p"}}
	w := entitlement.ReconcileInputs{Subject: mia(), Scopes: map[entitlement.PackageID]entitlement.PackageScopes{"p": scopes("a")},
		Slots: map[entitlement.PackageID]entitlement.AssignmentSlot{"p": {Assignment: &entitlement.Assignment{End: noon}}}}
	for name, c := range map[string]struct {
		at   time.Time
		set  func()
		want int
	}{
		"before the end":         {noon.Add(-1), func() {}, 1},
		"S1 at the end":          {noon, func() {}, 0},
		"disabled":               {noon.Add(-1), func() { w.Subject.Enabled = false }, 0},
		"deleted":                {noon.Add(-1), func() { w.Subject = nil }, 0},
		"disabled on the record": {noon.Add(-1), func() { w.Subject, h.Disabled = mia(), true }, 0},
	} {
		w.Subject, h.Disabled = mia(), false
		c.set()
		if got := len(Desired(h, w, c.at)); got != c.want {
			t.Errorf("%s: %d roles, want %d", name, got, c.want)
		}
	}
}

func TestPlan_WhatIsDoneIsNotDoneAgain(t *testing.T) {
	present := entitlement.Grant{Presence: entitlement.PresencePresent}
	failing := entitlement.Grant{Presence: entitlement.PresenceUnknown, Since: noon}
	refused := entitlement.Grant{Presence: entitlement.PresenceUnknown, Since: noon, Permanent: true, Generation: 7}
	for name, c := range map[string]struct {
		want, verify map[entitlement.RoleRef]bool
		grant        *entitlement.Grant
		generation   int64
		tasks        int
		give         bool
	}{
		"never granted":                  {set("a"), nil, nil, 7, 1, true},
		"present":                        {set("a"), nil, &present, 7, 0, false},
		"present, to be read back":       {set("a"), set("a"), &present, 7, 1, true},
		"failing":                        {set("a"), nil, &failing, 7, 1, true},
		"refused at this generation":     {set("a"), set("a"), &refused, 7, 0, false},
		"refused at an older one":        {set("a"), nil, &refused, 8, 1, true},
		"present and not desired":        {nil, nil, &present, 7, 1, false},
		"unknown and not desired":        {nil, nil, &failing, 7, 1, false},
		"refused once and now undesired": {nil, nil, &refused, 7, 1, false},
		"another target's role":          {map[entitlement.RoleRef]bool{{Connector: "other"}: true}, nil, nil, 7, 0, false},
	} {
		grantSet := entitlement.GrantSet{Connector: "con", Grants: map[entitlement.RoleRef]entitlement.Grant{}}
		if c.grant != nil {
			grantSet.Grants[ref("a")] = *c.grant
		}
		tasks := Plan(c.want, nil, c.verify, grantSet, c.generation, noon)
		if len(tasks) != c.tasks || len(tasks) == 1 && tasks[0].Grant != c.give {
			t.Errorf("%s: %+v", name, tasks)
		}
	}
}

func TestPlan_EqualInputsGiveEqualPlans(t *testing.T) {
	want := set("d", "a", "c", "b")
	grantSet := entitlement.GrantSet{Connector: "con"}
	first := Plan(want, nil, nil, grantSet, 1, noon)
	for range 20 {
		if !slices.Equal(first, Plan(want, nil, nil, grantSet, 1, noon)) {
			t.Fatal("the order wanders")
		}
	}
}

func TestRecord_FailuresGrowTheWaitAndSuccessForgetsThem(t *testing.T) {
	grantSet := entitlement.GrantSet{Grants: map[entitlement.RoleRef]entitlement.Grant{}}
	task := Task{Role: ref("a"), Grant: true}
	down := outcome{failure: &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "down"}}
	var waits []time.Duration
	for range 10 {
		record(&grantSet, task, down, 1, noon)
		waits = append(waits, grantSet.Grants[ref("a")].Next.Sub(noon))
	}
	if waits[0] != 30*time.Second || waits[1] != time.Minute || waits[9] != time.Hour || !slices.IsSorted(waits) {
		t.Errorf("waits %v", waits)
	}
	record(&grantSet, task, outcome{failure: &connector.Refusal{Reason: connector.TargetThrottled, After: 20 * time.Minute}}, 1, noon)
	asked := grantSet.Grants[ref("a")]
	if asked.Attempts != 11 || asked.Since != noon {
		t.Errorf("got %+v", asked)
	}
	fresh := entitlement.GrantSet{Grants: map[entitlement.RoleRef]entitlement.Grant{}}
	record(&fresh, task, outcome{failure: &connector.Refusal{Reason: connector.TargetThrottled, After: 20 * time.Minute}}, 1, noon)
	if wait := fresh.Grants[ref("a")].Next.Sub(noon); wait != 20*time.Minute {
		t.Errorf("F9: Retry-After is obeyed, got %v", wait)
	}
	record(&fresh, task, outcome{failure: &connector.Refusal{After: 24 * time.Hour}}, 1, noon)
	if wait := fresh.Grants[ref("a")].Next.Sub(noon); wait != time.Hour {
		t.Errorf("F9: and capped, got %v", wait)
	}
	record(&grantSet, task, outcome{presence: entitlement.PresencePresent}, 2, noon)
	if g := grantSet.Grants[ref("a")]; g.Failing() || g.Attempts != 0 || g.Presence != entitlement.PresencePresent || g.Reason != "" || !g.Next.IsZero() {
		t.Errorf("after success: %+v", g)
	}
	record(&grantSet, Task{Role: ref("a")}, outcome{failure: &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true}}, 3, noon)
	if g := grantSet.Grants[ref("a")]; g.Permanent || g.Next.IsZero() {
		t.Errorf("S1: a removal is never given up: %+v", g)
	}
	record(&grantSet, Task{Role: ref("a")}, outcome{presence: entitlement.PresenceAbsent}, 4, noon)
	if len(grantSet.Grants) != 0 {
		t.Errorf("read back absent: %+v", grantSet.Grants)
	}
}

func TestR102_WhatTheGrantsMeanForAnAssignment(t *testing.T) {
	present := entitlement.Grant{Presence: entitlement.PresencePresent}
	hopeful := entitlement.Grant{Presence: entitlement.PresenceUnknown, Since: noon}
	refused := entitlement.Grant{Presence: entitlement.PresenceUnknown, Since: noon, Permanent: true}
	shown := entitlement.Grant{Presence: entitlement.PresencePresent, Wrote: noon, Revoked: true}
	within, after := noon.Add(GiveUpAfter-1), noon.Add(GiveUpAfter)
	for name, c := range map[string]struct {
		a, b entitlement.Grant
		at   time.Time
		want entitlement.AssignmentEvent
	}{
		"both there":                    {present, present, within, entitlement.AllPresent},
		"one may still come":            {present, hopeful, within, ""},
		"one did not come":              {present, hopeful, after, entitlement.SomePresent},
		"neither came":                  {hopeful, hopeful, after, entitlement.NonePresent},
		"one is refused":                {present, refused, within, entitlement.SomePresent},
		"one was taken away, and shows": {present, shown, within, ""}, // of a leaver whose assignment could not be ended yet (run 150517)
		"both are refused":              {refused, refused, within, entitlement.NonePresent},
		"one refused, one may come yet": {refused, hopeful, within, ""},
	} {
		known := map[entitlement.RoleRef]entitlement.Grant{ref("a"): c.a, ref("b"): c.b}
		if got, _ := evaluate(entitlement.Assignment{Since: noon}, scopes("a", "b").List, known, c.at); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	if got, _ := evaluate(entitlement.Assignment{Since: noon}, nil, nil, noon); got != entitlement.AllPresent {
		t.Errorf("a package without roles: %q", got)
	}
}

// What is about to end is left alone until the sweep has decided: it is neither settled, should
// a clock go back meanwhile (S15), nor looked at again and again until then (L10).
func TestS15_WhatIsExpiringIsNotSettled_L10_AndWaitsForTheSweep(t *testing.T) {
	a := entitlement.Assignment{ID: "a", Package: "p", Subject: "mia", Target: entitlement.TargetPresent, State: entitlement.AssignmentDelivering, End: noon}
	s := State{
		SubjectRecord: entitlement.SubjectRecord{Subject: "mia", Generation: 2, Live: []entitlement.PackageID{"p"}, Waiting: []entitlement.Waiting{{Package: "p", Assignment: "a"}}},
		Inputs: entitlement.ReconcileInputs{Subject: mia(), Scopes: map[entitlement.PackageID]entitlement.PackageScopes{"p": scopes("a")},
			Slots: map[entitlement.PackageID]entitlement.AssignmentSlot{"p": {Package: "p", Subject: "mia", Assignment: &a}}},
		Expiring: set("a"), Planned: noon.Add(time.Second),
		// Given by another assignment that has ended, and due to be looked at.
		GrantSets: []entitlement.GrantSet{{Subject: "mia", Connector: "con", Grants: map[entitlement.RoleRef]entitlement.Grant{ref("a"): {Role: ref("a"), Presence: entitlement.PresencePresent, Sent: true, Generation: 1, CheckAfter: noon}}}},
	}
	if at := soonest(s.GrantSets, s.Expiring); !at.IsZero() {
		t.Errorf("a message is sent for %s", at)
	}

	for _, now := range []time.Time{noon.Add(-time.Second), noon.Add(2 * time.Second)} {
		c, err := Settle(s, "test", now)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Slots) > 0 || len(c.Settlements[0].Delivered) > 0 || c.Settlements[0].Reconciled {
			t.Errorf("at %s: settled: %+v", now, c)
		}
		if next := c.Settlements[0].Next; next.Before(now.Add(30 * time.Second)) {
			t.Errorf("at %s: looked at again at %s", now, next)
		}
	}
}

// What a target showed right after a removal is from before it, however long whoever asked was
// stopped before the answer is judged.
func TestF13_F40_AnAnswerIsAsOldAsItsQuestion(t *testing.T) {
	removed := situation{targetProfile: targetProfile{window: time.Minute}, sent: true, shown: entitlement.PresenceAbsent,
		record: entitlement.Grant{Sent: true, Wrote: noon, Revoked: true}, now: noon.Add(24 * time.Hour)}
	for read, want := range map[time.Duration]step{time.Second: stepLook, 2 * time.Minute: stepDone} {
		removed.read = noon.Add(read)
		for when, next := range map[string]nextStep{"before a write": removed.before(), "after a write": removed.after(true)} {
			if next.step != want || want == stepLook && next.look.Before(removed.now) {
				t.Errorf("asked %s after the removal, judged %s: the next step is %v at %s", read, when, next.step, next.look)
			}
		}
	}
}

// A target showed a role as gone, refused to give it again, and shows it as there: that is what was there
// before it was taken, read from another server of theirs, and proves no grant.
func TestF40_WhatIsShownAfterAGrantWasRefusedMayBeFromBeforeTheRemoval(t *testing.T) {
	u := &unit{target: &target{manners: targetProfile{window: time.Minute}}}
	o := &op{task: &task{Task: Task{Grant: true}}, record: entitlement.Grant{Sent: true, Revoked: true, Wrote: noon, Confirmed: noon, Presence: entitlement.PresenceAbsent}, read: noon.Add(time.Second)}
	if u.stale(o) {
		t.Error("a grant that was taken after the role was shown as gone is not believed")
	}
	o.refusal = &connector.Refusal{Reason: connector.RefusedByTarget}
	if !u.stale(o) {
		t.Error("a grant that was refused counts as there")
	}
}
