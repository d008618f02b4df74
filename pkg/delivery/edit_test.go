package delivery_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/delivery"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// bulk collects messages and repeated messages of jobs.
type bulk struct {
	told  []entitlement.UserID
	sent  int // messages
	again int
	later []soon // messages that arrive after a delay
}

type soon struct {
	subject entitlement.UserID
	delay   time.Duration
}

func (b *bulk) Enqueue(_ context.Context, subjects ...entitlement.UserID) error {
	b.told = append(b.told, subjects...)
	b.sent++
	return nil
}

func (b *bulk) EnqueueAfter(_ context.Context, delay time.Duration, subjects ...entitlement.UserID) error {
	for _, s := range subjects {
		b.later = append(b.later, soon{s, delay})
	}
	return nil
}

func (b *bulk) EnqueueJob(context.Context, entitlement.PackageID, int64) error { b.again++; return nil }

func (w *fixture) fanOut(store delivery.FanOutStore, b *bulk) *delivery.FanOut {
	return &delivery.FanOut{Store: store, Bulk: b, JobQueue: b, Clock: w.clock, Log: w.worker.Log}
}

// edit puts roles into a package's list and sends the job on its way.
func (w *fixture) edit(p entitlement.AccessPackage, roles ...string) int64 {
	w.t.Helper()
	scopes, err := w.store.Scopes(context.Background(), p.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	scopes.List = nil
	for _, r := range roles {
		scopes.List = append(scopes.List, entitlement.ResourceRoleScope{ID: w.clock.New(), Ref: role(r)})
	}
	w.commit(entitlement.Change{Scopes: []entitlement.PackageScopes{scopes}, Jobs: []entitlement.Job{entitlement.NewJob(p.ID, scopes.Version+1, w.clock.Now())}})
	return scopes.Version + 1
}

func TestR1_AnAddedRoleReachesEveryHolder_R2_ARemovedOneIsTaken(t *testing.T) {
	w := newFixture(t)
	p := w.pack("a")
	var users []entitlement.UserID
	for range 250 {
		u := w.person()
		w.assign(u, p)
		users = append(users, u)
	}
	w.deliver(users...)
	before := w.target.writes
	b := &bulk{}
	if err := w.fanOut(w.store, b).Run(context.Background(), p.ID, w.edit(p, "a", "b")); err != nil || len(b.told) != 250 {
		t.Fatalf("%d told, %v", len(b.told), err)
	}
	w.deliver(b.told...)
	for _, u := range users {
		w.holds(u, "a", 1)
		w.holds(u, "b", 1)
	}
	if b.sent != 3 {
		t.Errorf("Y4: %d messages for 250 holders, want one for each hundred", b.sent)
	}
	if w.target.writes-before != 250 {
		t.Errorf("T21: %d writes for 250 additions: an unchanged role is left alone", w.target.writes-before)
	}
	b = &bulk{}
	if err := w.fanOut(w.store, b).Run(context.Background(), p.ID, w.edit(p, "b")); err != nil {
		t.Fatal(err)
	}
	w.deliver(b.told...)
	for _, u := range users {
		w.holds(u, "a", 0)
		w.holds(u, "b", 1)
	}
	if _, err := w.store.Job(context.Background(), p.ID, 3); entitlement.KindOf(err) != entitlement.NotFound {
		t.Errorf("the job is still there: %v", err)
	}
}

func TestF21_ARoleThatIsRemovedWhileItsAdditionIsUnderWayEndsWithNobody(t *testing.T) {
	w := newFixture(t)
	p := w.pack("a")
	var users []entitlement.UserID
	for range 120 {
		u := w.person()
		w.assign(u, p)
		users = append(users, u)
	}
	w.deliver(users...)
	added := w.edit(p, "a", "b")
	b := &bulk{}
	if err := w.fanOut(w.store, b).Run(context.Background(), p.ID, added); err != nil {
		t.Fatal(err)
	}
	w.deliver(b.told[:60]...) // half of them have it when it is taken out again
	removed := w.edit(p, "a")
	second := &bulk{}
	if err := w.fanOut(w.store, second).Run(context.Background(), p.ID, removed); err != nil {
		t.Fatal(err)
	}
	w.deliver(second.told...)
	w.deliver(b.told...) // what was left of the first edit comes late
	for _, u := range users {
		w.holds(u, "a", 1)
		w.holds(u, "b", 0)
		if h, _ := w.subjectRecord(u); h.NeedsReconcile() {
			t.Fatalf("still owed: %+v", h)
		}
	}
}

func TestL9_AFanOutThatDiesGoesOnWhereItWas(t *testing.T) {
	w := newFixture(t)
	p := w.pack("a")
	for range 250 {
		w.assign(w.person(), p)
	}
	generation := w.edit(p, "a", "b")
	died := errors.New("died")
	b := &bulk{}
	dying := &mortal{Store: w.store, life: 101, err: died} // within the second page
	if err := w.fanOut(dying, b).Run(context.Background(), p.ID, generation); !errors.Is(err, died) || len(b.told) != 100 {
		t.Fatalf("%d told, %v", len(b.told), err)
	}
	if err := w.fanOut(w.store, b).Run(context.Background(), p.ID, generation); err != nil {
		t.Fatal(err)
	}
	told := map[entitlement.UserID]bool{}
	for _, u := range b.told {
		told[u] = true
	}
	if len(told) != 250 || len(b.told) > 350 {
		t.Errorf("%d of 250 told, in %d messages: a crash repeats one page at most", len(told), len(b.told))
	}
}

func TestFanOut_HandsTheRestOnBeforeItsTimeIsOver(t *testing.T) {
	w := newFixture(t)
	p := w.pack("a")
	w.assign(w.person(), p)
	generation := w.edit(p, "a", "b")
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	b := &bulk{}
	if err := w.fanOut(w.store, b).Run(ctx, p.ID, generation); err != nil || b.again != 1 || len(b.told) != 0 {
		t.Errorf("got %v, %+v", err, b)
	}
	if err := w.fanOut(w.store, b).Run(context.Background(), p.ID, generation+9); err != nil {
		t.Errorf("a job that is done: %v", err)
	}
}

func TestLeaver_LosesEverythingAtOnce(t *testing.T) {
	w := newFixture(t)
	u, other, p, q := w.person(), w.person(), w.pack("a"), w.pack("a", "b")
	id, second := w.assign(u, p), w.assign(u, q)
	w.assign(other, p)
	w.deliver(u, other)
	gone, err := w.store.User(context.Background(), u)
	if err != nil {
		t.Fatal(err)
	}
	gone.Enabled = false
	w.commit(entitlement.Change{Users: []entitlement.User{gone}, SubjectUpdates: []entitlement.SubjectUpdate{{Subject: u, Disabled: true, CheckAfter: w.clock.Now()}}})
	w.deliver(u)
	w.holds(u, "a", 0)
	w.holds(u, "b", 0)
	w.holds(other, "a", 1)
	for _, id := range []entitlement.RequestID{id, second} {
		a := w.assignment(id)
		events, err := w.store.Events(context.Background(), entitlement.OfRequest, string(id))
		if err != nil || a.State != entitlement.AssignmentExpired || a.Removed.IsZero() || len(events) != 4 || events[2].Data["reason"] != entitlement.OutcomeSubjectDisabled {
			t.Errorf("got %+v, %v", a, events)
		}
	}
	if h, grants := w.subjectRecord(u); h.NeedsReconcile() || len(h.Live)+len(h.Removing)+len(grants) != 0 {
		t.Errorf("left: %+v, %v", h, grants)
	}
}

func TestF10_ADeadTargetIsLeftAloneAndTakenUpAgain(t *testing.T) {
	w := newFixture(t)
	p := w.pack("a")
	var users []entitlement.UserID
	for range 30 {
		u := w.person()
		w.assign(u, p)
		users = append(users, u)
	}
	w.target.down = entitlement.Errorf(entitlement.Unavailable, "down")
	began := w.clock.Now()
	for w.clock.Now().Sub(began) < 10*time.Minute {
		for _, u := range users { // a message each, as if nothing bundled them
			w.deliver(u)
		}
		w.clock.Advance(5 * time.Second)
	}
	if w.target.calls > 20 {
		t.Errorf("Y17: %d calls to a dead target in ten minutes, want at most 20", w.target.calls)
	}
	w.target.down = nil
	w.clock.Advance(2 * time.Minute)
	w.deliver(users[0]) // one gets through, and wakes all the others
	if len(w.queue.told) < len(users)-1 {
		t.Errorf("%d of %d were woken", len(w.queue.told), len(users)-1)
	}
	w.deliver(w.queue.told...)
	for _, u := range users {
		w.holds(u, "a", 1)
	}
	if b, err := w.store.Breaker(context.Background(), target); err != nil || b.Failures != 0 {
		t.Errorf("got %+v, %v", b, err)
	}
}

// meddled has something happen just after a slot was read for the first time.
type meddled struct {
	*dynamotest.Store
	once sync.Once
	by   func()
}

func (m *meddled) AssignmentSlot(ctx context.Context, pkg entitlement.PackageID, subject entitlement.UserID) (entitlement.AssignmentSlot, error) {
	slot, err := m.Store.AssignmentSlot(ctx, pkg, subject)
	m.once.Do(m.by)
	return slot, err
}

// An end that meets another change is made once more: a leaver who still holds something is
// never settled.
func TestL1_ALeaverWhoseEndMetAnotherChangeIsStillOwedIt(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	id := w.assign(u, p)
	w.deliver(u)
	w.commit(entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: u, Disabled: true, CheckAfter: w.clock.Now()}}})
	other := *w.worker
	other.Store = &meddled{Store: w.store, by: func() {
		slot, err := w.store.AssignmentSlot(context.Background(), p.ID, u)
		if err != nil {
			t.Fatal(err)
		}
		again, err := entitlement.ReprocessAssignment(slot, entitlement.Actor{ID: u, Command: "again"}, w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		w.commit(again)
	}}
	if errs := other.Deliver(context.Background(), []entitlement.UserID{u}, "test"); len(errs) > 0 {
		t.Fatal(errs)
	}
	if h, _ := w.subjectRecord(u); h.NeedsReconcile() || len(h.Live) > 0 {
		t.Fatalf("got %+v, want everything ended and settled", h)
	}
	if a := w.assignment(id); a.State != entitlement.AssignmentExpired || a.Removed.IsZero() {
		t.Errorf("got %+v", a)
	}
	w.holds(u, "a", 0)
}

// A removal is complete when the roles are gone that its package gave, those included
// that an edit took out of the package meanwhile.
func TestS15_ARemovalWaitsForARoleThatAnEditTookOut(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a", "b")
	id := w.assign(u, p)
	w.deliver(u)
	r := w.remove(u, p)
	scopes, err := w.store.Scopes(context.Background(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.commit(entitlement.Change{Scopes: []entitlement.PackageScopes{scopes.Without(1, w.clock.Now())}})
	w.target.before = func(x entitlement.RoleRef, _ []connector.Op) trouble { return trouble{deaf: x == role("b")} }
	w.deliver(u)
	w.request(r, entitlement.RequestDelivering)
	if a := w.assignment(id); !a.Removed.IsZero() {
		t.Error("it counts as removed, and the target lists the person")
	}
	w.target.before = nil
	w.clock.Advance(time.Minute)
	w.deliver(u)
	w.request(r, entitlement.RequestDelivered)
	w.holds(u, "b", 0)
}

// The role that an edit took out is in another package by now, which the person is losing
// too: it is still the first one that gave it.
func TestS15_ARemovalWaitsForARoleThatIsInAnotherPackageByNow(t *testing.T) {
	w := newFixture(t)
	u, p, q := w.person(), w.pack("a", "b"), w.pack("c")
	w.assign(u, p)
	w.assign(u, q)
	w.deliver(u)
	first, second := w.remove(u, p), w.remove(u, q)
	scopes, err := w.store.Scopes(context.Background(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.commit(entitlement.Change{Scopes: []entitlement.PackageScopes{scopes.Without(1, w.clock.Now())}})
	w.edit(q, "c", "b")
	w.target.before = func(x entitlement.RoleRef, _ []connector.Op) trouble { return trouble{deaf: x == role("b")} }
	w.deliver(u)
	w.request(first, entitlement.RequestDelivering)
	w.target.before = nil
	w.clock.Advance(time.Minute)
	w.deliver(u)
	w.request(first, entitlement.RequestDelivered)
	w.request(second, entitlement.RequestDelivered)
}

// A target that was silent and then throttles is alive: it is tried again when it said, not
// after the back-off from one that says nothing.
func TestF9_ASilentTargetThatThrottlesIsTriedWhenItSaid(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	w.assign(u, p)
	silent := connector.Fail(entitlement.Unavailable, "call", &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "down"}, nil)
	busy := connector.Fail(entitlement.Throttled, "call", &connector.Refusal{Reason: connector.TargetThrottled, Detail: "slow down", After: 20 * time.Second}, nil)
	w.target.down = silent
	for range 4 {
		w.deliver(u)
		w.clock.Advance(2 * time.Minute)
	}
	w.target.down = busy
	w.deliver(u)
	b, err := w.store.Breaker(context.Background(), target)
	if err != nil || b.Failures == 0 || b.Until.Sub(w.clock.Now()) != 20*time.Second {
		t.Fatalf("%d failures, tried again in %s, want 20s (%v)", b.Failures, b.Until.Sub(w.clock.Now()), err)
	}
}
