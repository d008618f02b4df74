package lifecycle_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/lifecycle"
)

type fixture struct {
	t        *testing.T
	store    *dynamotest.Store
	settle   func() // the indexes hear of everything; nil: they are never behind
	clock    *clock.Virtual
	mu       sync.Mutex
	enqueued map[entitlement.UserID]int
	lost     bool // messages are lost
	jobs     []int64
	sweep    *lifecycle.Service
}

func newFixture(t *testing.T) *fixture { return fixtureOn(t, dynamotest.New()) }

// newFixtureBehind is a fixture whose indexes hear of nothing until they are settled.
func newFixtureBehind(t *testing.T) *fixture {
	store, settle := dynamotest.Behind()
	w := fixtureOn(t, store)
	w.settle = settle
	return w
}

func fixtureOn(t *testing.T, store *dynamotest.Store) *fixture {
	w := &fixture{t: t, store: store, clock: clock.NewVirtual(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)), enqueued: map[entitlement.UserID]int{}}
	w.sweep = &lifecycle.Service{Store: w.store, Enqueuer: w, Jobs: w, Clock: w.clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	return w
}

func (w *fixture) Enqueue(_ context.Context, subjects ...entitlement.UserID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost {
		return errors.New("lost")
	}
	for _, s := range subjects {
		w.enqueued[s]++
	}
	return nil
}

func (w *fixture) EnqueueJob(_ context.Context, _ entitlement.PackageID, generation int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.jobs = append(w.jobs, generation)
	return nil
}

func (w *fixture) commit(c entitlement.Change) {
	w.t.Helper()
	if err := w.store.Commit(context.Background(), c); err != nil {
		w.t.Fatal(err)
	}
}

// ask submits a request of a new person for a new package under the policy, and returns it.
func (w *fixture) ask(p entitlement.AssignmentPolicy, asked entitlement.Schedule) entitlement.AssignmentRequest {
	w.t.Helper()
	u := entitlement.UserID(w.clock.New())
	w.commit(entitlement.Change{Users: []entitlement.User{{ID: u, Type: entitlement.Member, DisplayName: "U", UserPrincipalName: string(u), Enabled: true}}})
	return w.askBy(u, p, asked)
}

// askBy is ask for somebody who is there.
func (w *fixture) askBy(u entitlement.UserID, p entitlement.AssignmentPolicy, asked entitlement.Schedule) entitlement.AssignmentRequest {
	w.t.Helper()
	pkg := entitlement.AccessPackage{ID: entitlement.PackageID(w.clock.New()), Catalog: entitlement.CatalogID(w.clock.New()), DisplayName: "P"}
	p.ID, p.Package, p.Requestor = entitlement.PolicyID(w.clock.New()), pkg.ID, entitlement.RequestorSettings{SelfAdd: true, CustomSchedule: true}
	if p.Scope == "" {
		p.Scope = entitlement.ScopeAllMembers
	}
	pkg.Policies = []entitlement.PolicyID{p.ID}
	w.commit(entitlement.Change{
		Catalogs: []entitlement.Catalog{{ID: pkg.Catalog, DisplayName: "C", Published: true}}, Packages: []entitlement.AccessPackage{pkg}, Policies: []entitlement.AssignmentPolicy{p}})
	ask, err := w.store.SubmitInputs(context.Background(), entitlement.SubmitKeys{Requestor: u, Subject: u, Package: pkg.ID})
	if err != nil {
		w.t.Fatal(err)
	}
	r, c, err := entitlement.Submit(entitlement.NewRequest{ID: entitlement.RequestID(w.clock.New()), Type: entitlement.UserAdd, RequestedSchedule: asked, NewID: w.clock.New}, ask, w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	w.commit(c)
	return r
}

func (w *fixture) run() lifecycle.Report {
	w.t.Helper()
	r, err := w.sweep.Sweep(context.Background(), "sweep")
	if err != nil || r.Failed != 0 {
		w.t.Fatalf("%+v, %v", r, err)
	}
	return r
}

func (w *fixture) state(r entitlement.AssignmentRequest, want entitlement.RequestState) {
	w.t.Helper()
	got, err := w.store.Request(context.Background(), r.ID)
	if err != nil || got.State != want {
		w.t.Fatalf("request is %s, want %s (%v)", got.State, want, err)
	}
}

func hours(n int) entitlement.Expiration {
	return entitlement.Expiration{Type: entitlement.ExpireAfterDuration, Duration: time.Duration(n) * time.Hour}
}

func TestL2_WhatIsDueEndsAndItsSubjectIsEnqueued(t *testing.T) {
	w := newFixture(t)
	r := w.ask(entitlement.AssignmentPolicy{Expiration: hours(1)}, entitlement.Schedule{})
	w.clock.Advance(time.Hour - 1)
	if got := w.run(); got.Expired != 0 {
		t.Fatalf("S16: ended early: %+v", got)
	}
	w.enqueued = map[entitlement.UserID]int{}
	w.clock.Advance(30 * time.Second)
	got := w.run()
	if got.Expired != 1 || got.Lag < 29*time.Second || got.Lag > 30*time.Second || w.enqueued[r.Subject] == 0 {
		t.Fatalf("got %+v, messages %v", got, w.enqueued)
	}
	a, err := w.store.Assignment(context.Background(), r.AssignmentOf())
	if err != nil || a.State != entitlement.AssignmentExpired || a.Target != entitlement.TargetAbsent {
		t.Fatalf("got %+v, %v", a, err)
	}
}

func TestF18_TwiceLateOrTwiceAtOnceChangesNothingButLag(t *testing.T) {
	w := newFixture(t)
	var all []entitlement.AssignmentRequest
	for range 20 {
		all = append(all, w.ask(entitlement.AssignmentPolicy{Expiration: hours(1)}, entitlement.Schedule{}))
	}
	w.clock.Advance(3 * time.Hour) // many sweeps were missed
	done := make(chan int, 3)
	for range cap(done) {
		go func() {
			r, err := w.sweep.Sweep(context.Background(), "sweep")
			if err != nil || r.Failed != 0 {
				t.Errorf("%+v, %v", r, err)
			}
			done <- r.Expired
		}()
	}
	if sum := <-done + <-done + <-done; sum != len(all) {
		t.Errorf("%d ended by three sweeps at once, want %d", sum, len(all))
	}
	for _, r := range all {
		events, err := w.store.Events(context.Background(), entitlement.OfRequest, string(r.ID))
		if err != nil || len(events) != 2 || events[1].Kind != "expired" {
			t.Errorf("events of %s: %v, %v", r.ID, events, err)
		}
	}
	if again := w.run(); again.Expired != 0 {
		t.Errorf("T17: another sweep ended %d", again.Expired)
	}
}

func TestR50_UndecidedRequestsAreDenied_AndTheSlotIsFree(t *testing.T) {
	w := newFixture(t)
	p := entitlement.AssignmentPolicy{Approval: entitlement.ApprovalSettings{RequiredForAdd: true, Stages: []entitlement.ApprovalStage{{
		TimeLimit: time.Hour, Primary: []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: w.clock.New()}}}}}}
	r := w.ask(p, entitlement.Schedule{})
	w.clock.Advance(time.Hour)
	if got := w.run(); got.TimedOut != 1 {
		t.Fatalf("got %+v", got)
	}
	w.state(r, entitlement.RequestDenied)
	if slot, err := w.store.AssignmentSlot(context.Background(), r.Package, r.Subject); entitlement.KindOf(err) != entitlement.NotFound && !slot.Empty() {
		t.Errorf("the slot is still taken: %+v, %v", slot, err)
	}
}

func TestR94_ScheduledRequestsBeginOnTime(t *testing.T) {
	w := newFixture(t)
	r := w.ask(entitlement.AssignmentPolicy{Expiration: hours(5)}, entitlement.Schedule{Start: w.clock.Now().Add(time.Hour)})
	w.state(r, entitlement.RequestScheduled)
	w.run()
	w.state(r, entitlement.RequestScheduled)
	w.clock.Advance(time.Hour)
	if got := w.run(); got.Started != 1 {
		t.Fatalf("got %+v", got)
	}
	w.state(r, entitlement.RequestDelivering)
	if w.enqueued[r.Subject] == 0 {
		t.Error("nobody was told")
	}
}

func TestL3_ALostMessageIsRepeatedUntilThePendingReconciliationIsPaid(t *testing.T) {
	w := newFixture(t)
	w.lost = true
	r := w.ask(entitlement.AssignmentPolicy{Expiration: hours(5)}, entitlement.Schedule{})
	w.run()
	w.lost = false
	w.clock.Advance(2 * time.Minute)
	if got := w.run(); got.Enqueued != 1 || w.enqueued[r.Subject] != 1 {
		t.Fatalf("got %+v, messages %v", got, w.enqueued)
	}
	record, _, err := w.store.SubjectRecord(context.Background(), r.Subject)
	if err != nil {
		t.Fatal(err)
	}
	w.commit(entitlement.Change{Settlements: []entitlement.Settlement{{Subject: r.Subject, Generation: record.Generation, Reconciled: true}}})
	w.clock.Advance(time.Hour)
	if got := w.run(); got.Enqueued != 0 {
		t.Errorf("L10: who is reconciled is enqueued: %+v", got)
	}
}

func TestF25_AStaleDueEntryOnlyLeadsToARead(t *testing.T) {
	w := newFixtureBehind(t)
	r := w.ask(entitlement.AssignmentPolicy{Expiration: hours(1)}, entitlement.Schedule{})
	w.settle()
	slot, err := w.store.AssignmentSlot(context.Background(), r.Package, r.Subject)
	if err != nil {
		t.Fatal(err)
	}
	a := *slot.Assignment
	a.End = a.End.Add(24 * time.Hour)
	slot.Assignment = &a
	w.commit(entitlement.Change{Slots: []entitlement.AssignmentSlot{slot}}) // extended; the index has not heard
	w.clock.Advance(2 * time.Hour)
	if got := w.run(); got.Expired != 0 {
		t.Fatalf("S16: an extended assignment ended: %+v", got)
	}
}

func TestS7_ADeletionThatWasCutShortIsUndone(t *testing.T) {
	w := newFixture(t)
	p := entitlement.AccessPackage{ID: entitlement.PackageID(w.clock.New()), DisplayName: "P", Deleting: w.clock.Now()}
	w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{p}, DeletionGuardUpdates: []entitlement.DeletionGuardUpdate{{Package: p.ID, Closed: true}}})
	if got := w.run(); got.Reopened != 0 {
		t.Fatal("a deletion under way was undone")
	}
	w.clock.Advance(2 * time.Minute)
	if got := w.run(); got.Reopened != 1 {
		t.Fatalf("got %+v", got)
	}
	if err := w.store.Commit(context.Background(), entitlement.Change{DeletionGuards: []entitlement.DeletionGuard{{Package: p.ID, Subject: "x"}}}); err != nil {
		t.Errorf("the package is still closed: %v", err)
	}
}

// closed makes a policy that is closed for its deletion since now.
func (w *fixture) closed() entitlement.AssignmentPolicy {
	w.t.Helper()
	p := entitlement.AssignmentPolicy{ID: entitlement.PolicyID(w.clock.New()), Package: entitlement.PackageID(w.clock.New()), DisplayName: "P", Deleting: w.clock.Now()}
	w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{p}, DeletionGuardUpdates: []entitlement.DeletionGuardUpdate{{Package: p.Package, Policy: p.ID, Closed: true}}})
	p.Version = 1
	return p
}

func (w *fixture) policy(id entitlement.PolicyID) entitlement.AssignmentPolicy {
	w.t.Helper()
	p, err := w.store.Policy(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func TestS7_APolicysDeletionThatWasCutShortIsUndone(t *testing.T) {
	w := newFixture(t)
	p := w.closed()
	w.clock.Advance(time.Minute - 1)
	if got := w.run(); got.Reopened != 0 {
		t.Fatal("a deletion under way was undone")
	}
	w.clock.Advance(1)
	if got := w.run(); got.Reopened != 1 {
		t.Fatalf("got %+v", got)
	}
	if err := w.store.Commit(context.Background(), entitlement.Change{DeletionGuards: []entitlement.DeletionGuard{{Package: p.Package, Policy: p.ID, Subject: "x"}}}); err != nil {
		t.Errorf("the policy is still closed: %v", err)
	}
	events, err := w.store.Events(context.Background(), entitlement.OfPolicy, string(p.ID))
	if got := w.policy(p.ID); !got.Deleting.IsZero() || err != nil || len(events) != 1 || events[0].Kind != "reopened" || entitlement.VerifyChain(got.Chain, events) != nil {
		t.Errorf("S10: got %+v with the events %+v, %v", got, events, err)
	}
	w.clock.Advance(time.Hour)
	if got := w.run(); got.Reopened != 0 {
		t.Errorf("L10: an open policy was opened: %+v", got)
	}
}

func TestF25_AStaleDueEntryUndoesNoOtherDeletion(t *testing.T) {
	for name, again := range map[string]bool{"deleted anew": true, "open again": false} {
		t.Run(name, func(t *testing.T) {
			w := newFixtureBehind(t)
			p := w.closed()
			pack := entitlement.AccessPackage{ID: p.Package, DisplayName: "P", Deleting: p.Deleting}
			w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{pack}})
			w.settle()
			w.clock.Advance(time.Minute)
			p.Deleting, pack.Deleting, pack.Version = time.Time{}, time.Time{}, 1
			if again {
				p.Deleting, pack.Deleting = w.clock.Now(), w.clock.Now()
			}
			w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{p}}) // the index has not heard
			w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{pack}})
			if got := w.run(); got.Reopened != 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// rival has somebody else move things just before a commit.
type rival struct {
	*dynamotest.Store
	moves func()
}

func (r *rival) Commit(ctx context.Context, c entitlement.Change) error {
	r.moves()
	return r.Store.Commit(ctx, c)
}

func TestS7_APolicyThatSomebodyMovesMeanwhileIsLeftToThem(t *testing.T) {
	w := newFixture(t)
	p := w.closed()
	w.clock.Advance(time.Hour)
	w.sweep.Store = &rival{w.store, func() {
		p.Deleting = w.clock.Now() // deleted anew
		w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{p}})
	}}
	if got := w.run(); got.Reopened != 0 {
		t.Errorf("got %+v", got)
	}
	err := w.store.Commit(context.Background(), entitlement.Change{DeletionGuards: []entitlement.DeletionGuard{{Package: p.Package, Policy: p.ID, Subject: "x"}}})
	if got := w.policy(p.ID); entitlement.StalePart(err) != entitlement.PartDeletionGuard || !got.Deleting.Equal(w.clock.Now()) {
		t.Errorf("it was opened under the hands of a deletion: %+v, %v", got, err)
	}
}

func TestL5_AJobThatDoesNotMoveIsEnqueued(t *testing.T) {
	w := newFixture(t)
	pkg := entitlement.PackageID(w.clock.New())
	w.commit(entitlement.Change{Jobs: []entitlement.Job{entitlement.NewJob(pkg, 7, w.clock.Now())}})
	if got := w.run(); got.Jobs != 0 {
		t.Fatalf("a fresh job was enqueued: %+v", got)
	}
	w.clock.Advance(2 * time.Minute)
	if got := w.run(); got.Jobs != 1 || len(w.jobs) != 1 || w.jobs[0] != 7 {
		t.Fatalf("got %+v, %v", got, w.jobs)
	}
}

func TestF10_ATargetThatHasRestedIsTriedByOne(t *testing.T) {
	w := newFixture(t)
	at := entitlement.ConnectorID(w.clock.New())
	until := w.clock.Now().Add(time.Minute)
	w.commit(entitlement.Change{Breakers: []entitlement.Breaker{{Connector: at, Failures: 3, Until: until}}})
	role := entitlement.RoleRef{Connector: at, Resource: "g", Role: "m"}
	for range 3 {
		u := entitlement.UserID(w.clock.New())
		grantSet, err := w.store.Claim(context.Background(), entitlement.Claim{Subject: u, Connector: at, Token: "t", Now: w.clock.Now(), Until: until})
		if err != nil {
			t.Fatal(err)
		}
		grantSet.Grants = map[entitlement.RoleRef]entitlement.Grant{role: {Role: role, Since: w.clock.Now(), Reason: entitlement.ReasonUnavailable}}
		w.commit(entitlement.Change{GrantSets: []entitlement.GrantSet{grantSet}})
	}
	if w.run(); len(w.enqueued) != 0 {
		t.Fatalf("tried while backed off from: %v", w.enqueued)
	}
	w.clock.Advance(time.Minute)
	if w.run(); len(w.enqueued) != 1 {
		t.Fatalf("enqueued %v, want one to try it", w.enqueued)
	}
}

func TestF36_AScheduledStartBesideAnIncompatiblePackageOrGroupLapses(t *testing.T) {
	for name, c := range map[string]struct {
		list   func(w *fixture, p *entitlement.AccessPackage, subject entitlement.UserID)
		lapses bool
	}{
		"R179 a package, held meanwhile": {func(w *fixture, p *entitlement.AccessPackage, subject entitlement.UserID) {
			other := entitlement.PackageID(w.clock.New())
			p.Incompatible = []entitlement.PackageID{other}
			w.commit(entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: subject, Add: entitlement.Waiting{Package: other, Assignment: "a"}, CheckAfter: w.clock.Now().Add(time.Hour)}}})
		}, true},
		"R179 a group, joined meanwhile": {func(w *fixture, p *entitlement.AccessPackage, subject entitlement.UserID) {
			g := entitlement.GroupID(w.clock.New())
			p.IncompatibleGroups = []entitlement.GroupID{g}
			w.commit(entitlement.Change{Groups: []entitlement.Group{{ID: g, DisplayName: "G"}}, Memberships: []entitlement.Membership{{Group: g, User: subject}}})
		}, true},
		"R178 listed, and neither held nor joined": {func(w *fixture, p *entitlement.AccessPackage, _ entitlement.UserID) {
			p.Incompatible, p.IncompatibleGroups = []entitlement.PackageID{"other"}, []entitlement.GroupID{"other"}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			r := w.ask(entitlement.AssignmentPolicy{}, entitlement.Schedule{Start: w.clock.Now().Add(time.Minute)})
			p, err := w.store.Package(context.Background(), r.Package)
			if err != nil {
				t.Fatal(err)
			}
			c.list(w, &p, r.Subject)
			w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{p}})
			w.clock.Advance(time.Minute)
			got := w.run()
			if !c.lapses {
				w.state(r, entitlement.RequestDelivering)
				return
			}
			w.state(r, entitlement.RequestCanceled)
			if got.Lapsed != 1 || got.Started != 0 {
				t.Errorf("got %+v", got)
			}
			record, _, err := w.store.SubjectRecord(context.Background(), r.Subject)
			if err != nil || slices.Contains(record.Live, r.Package) {
				t.Errorf("S18: live %v, %v", record.Live, err)
			}
		})
	}
}

func TestS18_OfTwoIncompatibleStartsAtOneInstantOneBegins(t *testing.T) {
	w := newFixture(t)
	at := entitlement.Schedule{Start: w.clock.Now().Add(time.Minute)}
	first := w.ask(entitlement.AssignmentPolicy{}, at)
	second := w.ask(entitlement.AssignmentPolicy{}, at)
	for _, pair := range [][2]entitlement.AssignmentRequest{{first, second}, {second, first}} {
		p, err := w.store.Package(context.Background(), pair[0].Package)
		if err != nil {
			t.Fatal(err)
		}
		p.Incompatible = []entitlement.PackageID{pair[1].Package}
		w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{p}})
	}
	moved := w.both(first, second)
	w.clock.Advance(time.Minute)
	w.run()
	w.run() // whoever met the other one is looked at again
	record, _, err := w.store.SubjectRecord(context.Background(), first.Subject)
	a, errA := w.store.Request(context.Background(), first.ID)
	b, errB := w.store.Request(context.Background(), moved.ID)
	if err != nil || errA != nil || errB != nil || len(record.Live) != 1 {
		t.Fatalf("live %v; %v, %v, %v", record.Live, err, errA, errB)
	}
	if states := []entitlement.RequestState{a.State, b.State}; !slices.Contains(states, entitlement.RequestDelivering) || !slices.Contains(states, entitlement.RequestCanceled) {
		t.Errorf("got %v", states)
	}
}

// both has the subject of the first request ask for the second one's package as well, at
// the same start.
func (w *fixture) both(first, second entitlement.AssignmentRequest) entitlement.AssignmentRequest {
	w.t.Helper()
	ask, err := w.store.SubmitInputs(context.Background(), entitlement.SubmitKeys{Requestor: first.Subject, Subject: first.Subject, Package: second.Package})
	if err != nil {
		w.t.Fatal(err)
	}
	r, c, err := entitlement.Submit(entitlement.NewRequest{ID: entitlement.RequestID(w.clock.New()), Type: entitlement.UserAdd, RequestedSchedule: first.RequestedSchedule, NewID: w.clock.New}, ask, w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	w.commit(c)
	return r
}
