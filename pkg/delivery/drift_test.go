package delivery_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/delivery"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// lister is a target that lists who holds a role, in pages.
type lister struct {
	*system
	caps     connector.Capabilities
	page     int
	lists    int                          // calls for a page
	hides    bool                         // it shows nobody
	answered func(connector.PrincipalRef) // after a page with this one was read
}

func (l *lister) Describe() connector.Capabilities { return l.caps }

func (l *lister) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	return l, nil
}

func (l *lister) Holders(_ context.Context, role entitlement.RoleRef, cursor string) (connector.HolderPage, error) {
	l.mu.Lock()
	l.calls, l.lists = l.calls+1, l.lists+1
	if l.down != nil {
		l.mu.Unlock()
		return connector.HolderPage{}, l.down
	}
	from, _ := strconv.Atoi(cursor)
	all := l.members[role]
	if l.hides {
		all = nil
	}
	to := min(from+l.page, len(all))
	page := connector.HolderPage{Refs: slices.Clone(all[min(from, to):to])}
	if to < len(all) {
		page.Next = strconv.Itoa(to)
	}
	l.mu.Unlock()
	if l.answered != nil && len(page.Refs) > 0 {
		l.answered(page.Refs[0])
	}
	return page, nil
}

func (l *lister) Check(ctx context.Context, role entitlement.RoleRef, way connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	told, err := l.system.Check(ctx, role, way, who)
	if l.hides {
		for i := range told {
			told[i] = entitlement.PresenceAbsent
		}
	}
	return told, err
}

// byHand adds somebody at the target past us, and takes somebody out.
func (l *lister) add(role entitlement.RoleRef, who ...string) {
	for _, p := range who {
		l.members[role] = append(l.members[role], connector.PrincipalRef(p))
	}
}

func (l *lister) take(role entitlement.RoleRef, who ...entitlement.UserID) {
	gone := map[connector.PrincipalRef]bool{}
	for _, u := range who {
		gone[connector.PrincipalRef("at-"+u)] = true
	}
	l.members[role] = slices.DeleteFunc(l.members[role], func(p connector.PrincipalRef) bool { return gone[p] })
}

// driftFixture is a fixture with such a target and what compares it.
type driftFixture struct {
	*fixture
	lister *lister
	drift  *delivery.Drift
	meter  *dynamotest.Meter
	report delivery.DriftReport // of all runs
}

func newDrift(t *testing.T) *driftFixture {
	w := newFixture(t)
	d := &driftFixture{fixture: w}
	w.store, d.meter = dynamotest.Metered()
	d.lister = &lister{system: w.target, page: 999, caps: connector.Capabilities{MaxBatch: 20, Ways: []connector.Way{"list"}, Lists: connector.Every}}
	w.worker.Store, w.worker.Connectors = w.store, d.lister
	d.drift = &delivery.Drift{Store: w.store, Connectors: d.lister, Queue: w.queue, Clock: w.clock, IDs: w.clock, Log: quiet}
	return d
}

// holders assigns a package of one role to n people, and delivers it.
func (d *driftFixture) holders(n int, p entitlement.AccessPackage) []entitlement.UserID {
	d.t.Helper()
	var all []entitlement.UserID
	for range n {
		u := d.person()
		d.assign(u, p)
		all = append(all, u)
	}
	for some := range slices.Chunk(all, 500) {
		d.deliver(some...)
	}
	d.clock.Advance(10 * time.Minute)
	return all
}

// run runs the comparison as its schedule does, every five minutes, for a while.
func (d *driftFixture) run(times int) {
	d.t.Helper()
	for range times {
		report, err := d.drift.Run(context.Background(), "drift")
		if err != nil {
			d.t.Fatal(err)
		}
		d.report.Compared += report.Compared
		d.report.Missing += report.Missing
		d.report.Extra += report.Extra
		d.report.GivenBack += report.GivenBack
		d.report.TakenAway += report.TakenAway
		d.clock.Advance(5 * time.Minute)
	}
}

// found returns the findings of a role that are shown, by the target's ids.
func (d *driftFixture) found(of entitlement.RoleRef) (missing, extra []string) {
	d.t.Helper()
	for page := (entitlement.Page{}); ; {
		list, err := d.store.DriftFindings(context.Background(), of.Connector, entitlement.DriftScanOf(of), page)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, f := range list.Items {
			switch {
			case !f.Shown():
			case f.Kind == entitlement.DriftMissing:
				missing = append(missing, f.Principal)
			default:
				extra = append(extra, f.Principal)
			}
		}
		if page.Token = list.Next; page.Token == "" {
			slices.Sort(missing)
			slices.Sort(extra)
			return missing, extra
		}
	}
}

func (d *driftFixture) scan(of entitlement.RoleRef) entitlement.DriftScan {
	d.t.Helper()
	s, err := d.store.DriftScan(context.Background(), of.Connector, entitlement.DriftScanOf(of))
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

func (d *driftFixture) mustFind(of entitlement.RoleRef, missing, extra []string) {
	d.t.Helper()
	gotMissing, gotExtra := d.found(of)
	slices.Sort(missing)
	slices.Sort(extra)
	if !slices.Equal(gotMissing, missing) || !slices.Equal(gotExtra, extra) {
		d.t.Fatalf("missing are %d: %.300v\nwant %d: %.300v\nextra are %d: %.300v\nwant %d: %.300v", len(gotMissing), gotMissing, len(missing), missing, len(gotExtra), gotExtra, len(extra), extra)
	}
}

func principals(users []entitlement.UserID) (all []string) {
	for _, u := range users {
		all = append(all, "at-"+string(u))
	}
	return all
}

func TestL8_F31_OneScanFindsAllThatWasChangedByHandAndNothingElse(t *testing.T) {
	people, by := 10_000, 50
	if testing.Short() {
		people = 1_000
	}
	d := newDrift(t)
	p := d.pack("group")
	all := d.holders(people, p)

	var removed []entitlement.UserID
	var added []string
	for i := range by {
		removed = append(removed, all[i*len(all)/by])
		added = append(added, fmt.Sprintf("stranger-%02d", i))
	}
	d.lister.take(role("group"), removed...)
	d.lister.add(role("group"), added...)

	writes := d.target.writes
	d.target.calls, d.target.checks = 0, 0
	d.meter.Reset()
	d.run(2) // the second looks again at what differed
	calls, checks := d.target.calls, d.target.checks
	t.Logf("%d memberships, %d removed and %d added by hand: %d calls to the target (%d for its list, %d questions), %.1f read and %.1f write units", people, by, by, calls, d.lister.lists, checks, d.meter.ReadUnits, d.meter.WriteUnits)

	d.mustFind(role("group"), principals(removed), added)
	if s := d.scan(role("group")); s.Missing != by || s.Extra != by || s.Holders != people || s.Ours != people || s.Unclear+s.Left+s.Unread != 0 || s.Completed.IsZero() || s.Reason != "" {
		t.Errorf("the scan says %+v", s)
	}
	if d.target.writes != writes {
		t.Errorf("a scan made %d changes at the target", d.target.writes-writes)
	}

	// The day after there is nothing new, and what was put right is no finding any more.
	d.lister.add(role("group"), principals(removed)...)
	d.clock.Advance(24 * time.Hour)
	d.run(2)
	d.mustFind(role("group"), nil, added)
	if d.report.Missing != by || d.report.Extra != by || d.target.writes != writes {
		t.Errorf("in all: %+v, %d changes", d.report, d.target.writes-writes)
	}
}

// offer puts the resource of a package's first role into its catalog, with its settings.
func (d *driftFixture) offer(p entitlement.AccessPackage, mode entitlement.DriftMode) {
	d.t.Helper()
	scopes, err := d.store.Scopes(context.Background(), p.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	s := scopes.List[0]
	d.commit(entitlement.Change{Connectors: []entitlement.ConnectorConfig{{ID: target, DisplayName: "Target", Kind: "scim"}}})
	d.commit(entitlement.Change{Resources: []entitlement.Resource{{ID: s.Resource, Catalog: p.Catalog, Connector: target, OriginID: s.Ref.Resource, DisplayName: "R", Drift: mode}}})
}

func TestL8_WhatIsMissingIsGivenAgainThreeTimesADayAndThenContested(t *testing.T) {
	d := newDrift(t)
	p := d.pack("group")
	d.offer(p, entitlement.DriftGiveAgain)
	u := d.holders(3, p)[0]

	for time := 1; time <= 3; time++ {
		d.lister.take(role("group"), u)
		d.run(2)
		if got := d.report.GivenBack; got != time || !slices.Contains(d.queue.told, u) {
			t.Fatalf("after the scan it was given again %d times, want %d; told are %v", got, time, d.queue.told)
		}
		d.deliver(u)
		if n := d.target.times(role("group"), u); n != 1 {
			t.Fatalf("the role is there %d times", n)
		}
		d.clock.Advance(7 * 3600e9)
	}

	// A fourth time within a day it is not, nor ever after, until it is there.
	d.lister.take(role("group"), u)
	d.run(2)
	d.clock.Advance(48 * 3600e9)
	d.run(2)
	if s := d.scan(role("group")); d.report.GivenBack != 3 || s.Contested != 1 || s.Missing != 1 || s.Called() != "R" {
		t.Fatalf("given again %d times; the scan says %+v", d.report.GivenBack, s)
	}
	d.lister.add(role("group"), principals([]entitlement.UserID{u})...)
	d.clock.Advance(24 * 3600e9)
	d.run(2)
	if s := d.scan(role("group")); s.Contested != 0 || s.Missing != 0 {
		t.Fatalf("it is there: the scan says %+v", s)
	}
}

func TestS15_AWriteOfOursThatIsUnderWayIsNoDrift(t *testing.T) {
	d := newDrift(t)
	p := d.pack("group")
	all := d.holders(20, p)
	late, leaver, back := d.person(), all[3], all[4]

	// While the list is read, somebody is given the role, another one loses it, and one loses it and
	// is given it again: what the list shows of them is not what our record says by then.
	done := false
	d.lister.page = 5
	d.lister.answered = func(connector.PrincipalRef) {
		if done {
			return
		}
		done = true
		d.assign(late, p)
		d.remove(leaver, p)
		d.remove(back, p)
		d.deliver(late, leaver, back)
		d.clock.Advance(5 * time.Minute)
		d.deliver(leaver, back)
		d.assign(back, p)
		d.deliver(back)
	}
	d.run(1)
	d.lister.answered = nil
	d.run(3)
	d.mustFind(role("group"), nil, nil)
	if s := d.scan(role("group")); s.Completed.IsZero() || d.report.Missing+d.report.Extra != 0 {
		t.Errorf("the scan says %+v, the report %+v", s, d.report)
	}
}

// A worker that died after its call leaves a person of whom the target's id is on no record.
func TestS15_WhoMayHaveTheRoleByUsUnderAnUnknownIdIsNotCalledExtra(t *testing.T) {
	d := newDrift(t)
	p := d.pack("group")
	d.holders(3, p)
	u := d.person()
	d.assign(u, p)
	if _, err := d.store.Claim(context.Background(), entitlement.Claim{Subject: u, Connector: target, Token: "dead", Now: d.clock.Now(), Until: d.clock.Now().Add(time.Minute), Intend: []entitlement.RoleRef{role("group")}}); err != nil {
		t.Fatal(err)
	}
	d.lister.add(role("group"), "at-"+string(u))
	d.run(2)
	d.mustFind(role("group"), nil, nil)
	if s := d.scan(role("group")); s.Unclear != 1 {
		t.Errorf("the scan says %+v", s)
	}
}

func TestF39_ATargetThatShowsNobodyIsNotBelieved(t *testing.T) {
	d := newDrift(t)
	p := d.pack("group")
	d.holders(5, p)
	d.lister.hides = true
	d.run(1)
	d.lister.hides = false // by the time that it is asked again it shows them
	d.run(1)
	d.mustFind(role("group"), nil, nil)
}

func TestF42_AScanOfATargetThatDoesNotAnswerSaysWhyAndGoesOn(t *testing.T) {
	d := newDrift(t)
	p := d.pack("group")
	u := d.holders(5, p)[0]
	d.lister.take(role("group"), u)
	d.lister.down = connector.Fail(entitlement.Unavailable, "call", &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "The target did not answer."}, nil)
	d.run(1)
	if s := d.scan(role("group")); s.Reason != string(connector.TargetUnavailable) || !s.Completed.IsZero() {
		t.Errorf("the scan says %+v", s)
	}
	d.lister.down = nil
	d.clock.Advance(time.Hour)
	d.run(2)
	d.mustFind(role("group"), principals([]entitlement.UserID{u}), nil)
	if s := d.scan(role("group")); s.Reason != "" {
		t.Errorf("the scan says %+v", s)
	}
}

// The target takes a list in turns: sixty calls a run, and each run goes on where the last one ended.
func TestS21_ALongListIsReadInTurnsAndNothingIsLostBetweenThem(t *testing.T) {
	d := newDrift(t)
	p := d.pack("group")
	all := d.holders(150, p)
	removed := []entitlement.UserID{all[0], all[80], all[149]}
	d.lister.page = 1
	d.lister.take(role("group"), removed...)
	d.lister.members[role("group")] = slices.Insert(d.lister.members[role("group")], 10, connector.PrincipalRef("early"))
	d.lister.add(role("group"), "late")

	for range 6 {
		d.lister.calls = 0
		d.run(1)
		if d.lister.calls > 60 {
			t.Fatalf("a run made %d calls", d.lister.calls)
		}
	}
	d.mustFind(role("group"), principals(removed), []string{"early", "late"})
	if s := d.scan(role("group")); s.Holders != 149 || s.Part != 0 || s.Cursor != "" {
		t.Errorf("the scan says %+v", s)
	}
	if left, err := d.store.DriftSeen(context.Background(), role("group")); err != nil || len(left) != 0 {
		t.Errorf("%d notes of what was seen are left, %v", len(left), err)
	}
}

func TestATargetThatListsNobodyIsAskedAboutThoseWhoOughtToBeThere(t *testing.T) {
	d := newDrift(t)
	p := d.pack("group")
	all := d.holders(250, p)
	d.lister.caps.Lists = nil
	d.lister.take(role("group"), all[7], all[200])
	d.lister.add(role("group"), "stranger")
	d.run(4)
	d.mustFind(role("group"), principals([]entitlement.UserID{all[7], all[200]}), nil)
	if s := d.scan(role("group")); s.Lists || s.Ours != 250 || s.Holders != 248 || d.lister.lists != 0 {
		t.Errorf("the scan says %+v; %d calls for lists", s, d.lister.lists)
	}
}

// A target's published limits: no window sees more than a tenth of what the target takes in it.
func TestAScanUsesATenthOfWhatATargetPublishes(t *testing.T) {
	d := newDrift(t)
	p := d.pack("group")
	d.holders(50, p)
	d.lister.page = 1
	window := 10 * time.Second
	d.lister.caps.Rate = &entitlement.Rate{Units: entitlement.Limit{Most: 100, Window: window}}
	spending := &spending{lister: d.lister}
	d.drift.Connectors = spending
	var asked []time.Time
	d.lister.answered = func(connector.PrincipalRef) { asked = append(asked, d.clock.Now()) }
	for range 8 {
		d.run(1)
	}
	for i, from := range asked {
		n := 0
		for _, at := range asked[i:] {
			if at.Sub(from) < window {
				n++
			}
		}
		if n > 10 {
			t.Fatalf("%d calls in a window from %s on", n, from)
		}
	}
	if s := d.scan(role("group")); s.Completed.IsZero() || s.Holders != 50 || len(asked) != 50 {
		t.Errorf("%d calls; the scan says %+v", len(asked), s)
	}
}

// spending is a lister whose pages cost a unit each.
type spending struct{ *lister }

func (s *spending) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	return s, nil
}

func (s *spending) Holders(ctx context.Context, role entitlement.RoleRef, cursor string) (connector.HolderPage, error) {
	if err := connector.Spend(ctx, entitlement.Cost{Units: 1}); err != nil {
		return connector.HolderPage{}, err
	}
	return s.lister.Holders(ctx, role, cursor)
}

// decide records a person's decision to take an extra role away, as the use case does.
func (d *driftFixture) decide(principal string) { d.t.Helper(); d.decideAs("admin", principal) }

func (d *driftFixture) decideAs(who entitlement.UserID, principal string) {
	d.t.Helper()
	f, err := d.store.DriftFinding(context.Background(), target, entitlement.DriftScanOf(role("group")), entitlement.DriftFindingOf(principal))
	if err != nil {
		d.t.Fatal(err)
	}
	change, news, err := entitlement.TakeExtra(d.scan(role("group")), f, entitlement.Actor{ID: who, Command: "c"}, d.clock.Now())
	if err != nil {
		d.t.Fatal(err)
	}
	if news {
		d.commit(change)
	}
}

func TestS9_OnlyWhatAPersonDecidedIsTakenAwayAndOnlyIfItIsStillExtra(t *testing.T) {
	d := newDrift(t)
	p := d.pack("group")
	d.holders(5, p)
	d.lister.add(role("group"), "stranger", "other", "third")
	later := d.person()
	d.lister.add(role("group"), "at-"+string(later))
	d.run(2)
	d.mustFind(role("group"), nil, []string{"stranger", "other", "third", "at-" + string(later)})
	writes := d.target.writes

	// One of them was assigned the package since: what gives the role now is an assignment.
	d.decide("stranger")
	d.decide("at-" + string(later))
	d.assign(later, p)
	d.deliver(later)
	d.run(2)
	d.mustFind(role("group"), nil, []string{"other", "third"})
	if d.report.TakenAway != 1 || d.target.writes != writes+1 || d.target.times(role("group"), later) != 1 || slices.Contains(d.target.members[role("group")], "stranger") {
		t.Errorf("taken away %d, %d changes, %v", d.report.TakenAway, d.target.writes-writes, d.target.members[role("group")])
	}

	// And nothing else, ever.
	d.clock.Advance(48 * time.Hour)
	d.run(4)
	if d.target.writes != writes+1 {
		t.Errorf("%d changes more", d.target.writes-writes-1)
	}
}

// The table is put back to an hour ago, and the target is not: what was granted in the hour is there
// without us, and what was taken in it is missing.
func TestF33_ARestoredTableIsComparedByTheScan(t *testing.T) {
	d := newDrift(t)
	p := d.pack("group")
	all := d.holders(10, p)

	// What happened in the lost hour is known to the target alone.
	granted := d.person()
	d.lister.add(role("group"), "at-"+string(granted))
	d.lister.take(role("group"), all[2])

	d.run(2)
	d.mustFind(role("group"), principals([]entitlement.UserID{all[2]}), principals([]entitlement.UserID{granted}))
}

func TestARoleThatNoPackageGivesAnyMoreIsComparedNoMore(t *testing.T) {
	d := newDrift(t)
	p := d.pack("group", "other")
	d.holders(2, p)
	d.lister.add(role("group"), "stranger")
	d.run(2)
	d.mustFind(role("group"), nil, []string{"stranger"})

	scopes, err := d.store.Scopes(context.Background(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	d.commit(entitlement.Change{Scopes: []entitlement.PackageScopes{scopes.Without(slices.IndexFunc(scopes.List, func(s entitlement.ResourceRoleScope) bool { return s.Ref == role("group") }), d.clock.Now())}})
	d.clock.Advance(24 * time.Hour)
	d.run(2)
	d.mustFind(role("group"), nil, nil)
	if _, err := d.store.DriftScan(context.Background(), target, entitlement.DriftScanOf(role("group"))); entitlement.KindOf(err) != entitlement.NotFound {
		t.Errorf("the comparison is still there: %v", err)
	}
}

// removing is a lister that has something happen just after it took a removal.
type removing struct {
	*lister
	removed func() error // what it answers besides
	shows   int          // so many looks show what is gone as it was
	unclear int          // and so many after them nothing
}

func (r *removing) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	return r, nil
}

func (r *removing) Apply(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	results, err := r.lister.Apply(ctx, role, ops)
	if err == nil && r.removed != nil {
		err = r.removed()
	}
	return results, err
}

func (r *removing) Check(ctx context.Context, role entitlement.RoleRef, way connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	told, err := r.lister.Check(ctx, role, way, who)
	for i, p := range who {
		if p == "stranger" && told[i] == entitlement.PresenceAbsent && r.shows > 0 {
			told[i], r.shows = entitlement.PresencePresent, r.shows-1
		} else if p == "stranger" && told[i] == entitlement.PresenceAbsent && r.unclear > 0 {
			told[i], r.unclear = entitlement.PresenceUnknown, r.unclear-1
		}
	}
	return told, err
}

// taken returns who decided what is on record of roles that were to be taken away, and that were.
func (d *driftFixture) taken() (decided, done []entitlement.UserID) {
	d.t.Helper()
	list, err := d.store.Events(context.Background(), entitlement.OfDrift, string(entitlement.DriftScanOf(role("group"))))
	if err != nil {
		d.t.Fatal(err)
	}
	for _, e := range list {
		switch e.Kind {
		case "roleToTakeAway":
			decided = append(decided, e.Actor)
		case "roleTakenAway":
			done = append(done, e.Actor)
		}
	}
	return decided, done
}

func TestS9_WhatWasTakenAwayIsOnRecordHoweverLateItShows(t *testing.T) {
	for name, what := range map[string]func(*driftFixture, *removing){
		"the target shows it late": func(_ *driftFixture, r *removing) { r.shows = 1 },
		"the answer was lost": func(_ *driftFixture, r *removing) {
			r.removed = func() error { return &connector.Refusal{Reason: connector.TargetUnavailable} }
		},
		"a later try cannot tell": func(d *driftFixture, r *removing) {
			r.shows, r.unclear = 1, 1
		},
		"a second caller at once": func(d *driftFixture, r *removing) {
			r.removed = func() error { d.decideAs("second", "stranger"); return nil }
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrift(t)
			d.holders(3, d.pack("group"))
			d.lister.add(role("group"), "stranger")
			d.run(2)
			d.mustFind(role("group"), nil, []string{"stranger"})
			target := &removing{lister: d.lister}
			d.drift.Connectors = target
			what(d, target)

			d.decide("stranger")
			d.run(1)
			target.removed = nil
			for range 2 {
				d.clock.Advance(2 * time.Hour)
				d.run(2)
			}
			d.mustFind(role("group"), nil, nil)
			decided, done := d.taken()
			if want := []entitlement.UserID{"admin"}; !slices.Equal(decided, want) || !slices.Equal(done, want) || d.report.TakenAway != 1 {
				t.Errorf("decided by %q, taken away for %q, %d in the reports", decided, done, d.report.TakenAway)
			}
		})
	}
}

func TestS9_WhoDecidesASecondTimeHasItTriedAgainAndIsNotWhoDecided(t *testing.T) {
	d := newDrift(t)
	d.holders(3, d.pack("group"))
	d.lister.add(role("group"), "stranger")
	d.run(2)
	target := &removing{lister: d.lister, shows: 1}
	d.drift.Connectors = target
	d.decide("stranger")
	d.run(1)

	// It waits to be looked at in an hour; asked once more, it is looked at now.
	d.decideAs("second", "stranger")
	f, err := d.store.DriftFinding(context.Background(), role("group").Connector, entitlement.DriftScanOf(role("group")), entitlement.DriftFindingOf("stranger"))
	if err != nil || f.DecidedBy != "admin" {
		t.Errorf("decided by %q, %v", f.DecidedBy, err)
	}
	d.run(1)
	if decided, done := d.taken(); len(decided) != 2 || !slices.Equal(done, []entitlement.UserID{"admin"}) {
		t.Errorf("asked by %q, taken away for %q", decided, done)
	}
}

func TestS9_WhatTheTargetRefusedForGoodWasNotTakenAwayByUs(t *testing.T) {
	d := newDrift(t)
	d.holders(3, d.pack("group"))
	d.lister.add(role("group"), "stranger")
	d.run(2)
	d.drift.Connectors = &denying{d.lister}
	d.decide("stranger")
	d.run(1)
	d.mustFind(role("group"), nil, []string{"stranger"})

	// Somebody takes it away at the target.
	d.lister.members[role("group")] = slices.DeleteFunc(d.lister.members[role("group")], func(p connector.PrincipalRef) bool { return p == "stranger" })
	d.clock.Advance(2 * time.Hour)
	d.run(3)
	d.mustFind(role("group"), nil, nil)
	if _, done := d.taken(); len(done) != 0 || d.report.TakenAway != 0 {
		t.Errorf("taken away for %q, %d in the reports", done, d.report.TakenAway)
	}
}

// denying is a lister that refuses every change for good.
type denying struct{ *lister }

func (r *denying) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	return r, nil
}

func (*denying) Apply(_ context.Context, _ entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	return slices.Repeat([]connector.Result{{Err: &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true}}}, len(ops)), nil
}
