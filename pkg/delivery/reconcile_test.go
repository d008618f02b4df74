package delivery_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/delivery"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

const target entitlement.ConnectorID = "00000000-0000-4000-8000-00000000c0de"

func role(name string) entitlement.RoleRef {
	return entitlement.RoleRef{Connector: target, Resource: name, Role: "Member_" + name}
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// fixture is a store, a target and a worker under virtual time.
type fixture struct {
	t      *testing.T
	store  *dynamotest.Store
	clock  clockAndIDs
	target *system
	worker *delivery.Service
	queue  *bulk // who was woken
}

func newFixture(t *testing.T) *fixture {
	w := &fixture{t: t, store: dynamotest.New(), clock: clock.NewVirtual(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)), target: newSystem()}
	w.queue = &bulk{}
	w.worker = &delivery.Service{Store: w.store, Connectors: w.target, Queue: w.queue, Clock: w.clock, IDs: w.clock, Lease: time.Minute,
		Log: quiet}
	return w
}

func (w *fixture) commit(c entitlement.Change) {
	w.t.Helper()
	if err := w.store.Commit(context.Background(), c); err != nil {
		w.t.Fatal(err)
	}
}

func (w *fixture) person() entitlement.UserID {
	w.t.Helper()
	id := entitlement.UserID(w.clock.New())
	w.commit(entitlement.Change{Users: []entitlement.User{{ID: id, Type: entitlement.Member, DisplayName: "P", UserPrincipalName: string(id), Enabled: true}}})
	return id
}

// pack adds a package of roles with one policy without approval.
func (w *fixture) pack(roles ...string) entitlement.AccessPackage {
	w.t.Helper()
	var refs []entitlement.RoleRef
	for _, r := range roles {
		refs = append(refs, role(r))
	}
	return w.packOf(refs...)
}

func (w *fixture) packOf(roles ...entitlement.RoleRef) entitlement.AccessPackage {
	w.t.Helper()
	id := entitlement.PackageID(w.clock.New())
	policy := entitlement.AssignmentPolicy{ID: entitlement.PolicyID(w.clock.New()), Package: id, DisplayName: "All", Scope: entitlement.ScopeAllMembers,
		Requestor: entitlement.RequestorSettings{SelfAdd: true}}
	p := entitlement.AccessPackage{ID: id, Catalog: entitlement.CatalogID(w.clock.New()), DisplayName: "P", Policies: []entitlement.PolicyID{policy.ID}}
	scopes := entitlement.PackageScopes{Package: id}
	for _, r := range roles {
		scopes.List = append(scopes.List, entitlement.ResourceRoleScope{ID: w.clock.New() + "_" + w.clock.New(), Resource: entitlement.ResourceID(w.clock.New()), Ref: r})
	}
	w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{p}, Policies: []entitlement.AssignmentPolicy{policy}, Scopes: []entitlement.PackageScopes{scopes},
		Catalogs: []entitlement.Catalog{{ID: p.Catalog, DisplayName: "C", Published: true}}})
	return p
}

func (w *fixture) assign(u entitlement.UserID, p entitlement.AccessPackage, set ...func(*entitlement.NewRequest)) entitlement.RequestID {
	w.t.Helper()
	ask, err := w.store.SubmitInputs(context.Background(), entitlement.SubmitKeys{Requestor: u, Subject: u, Package: p.ID})
	if err != nil {
		w.t.Fatal(err)
	}
	id := entitlement.RequestID(w.clock.New())
	n := entitlement.NewRequest{ID: id, Type: entitlement.UserAdd, NewID: w.clock.New}
	for _, change := range set {
		change(&n)
	}
	_, c, err := entitlement.Submit(n, ask, w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	w.commit(c)
	return id
}

func (w *fixture) remove(u entitlement.UserID, p entitlement.AccessPackage) entitlement.RequestID {
	w.t.Helper()
	slot, err := w.store.AssignmentSlot(context.Background(), p.ID, u)
	if err != nil {
		w.t.Fatal(err)
	}
	id := entitlement.RequestID(w.clock.New())
	_, c, err := entitlement.Remove(entitlement.Removal{ID: id, Type: entitlement.AdminRemove, Requestor: u}, slot, nil, w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	w.commit(c)
	return id
}

func (w *fixture) deliver(users ...entitlement.UserID) {
	w.t.Helper()
	for u, err := range w.worker.Deliver(context.Background(), users, "test") {
		w.t.Fatalf("%s: %v", u, err)
	}
}

func (w *fixture) request(id entitlement.RequestID, want entitlement.RequestState) {
	w.t.Helper()
	r, err := w.store.Request(context.Background(), id)
	if err != nil || r.State != want {
		w.t.Fatalf("request is %s, want %s (%v)", r.State, want, err)
	}
}

func (w *fixture) assignment(id entitlement.RequestID) entitlement.Assignment {
	w.t.Helper()
	a, err := w.store.Assignment(context.Background(), entitlement.AssignmentID(id))
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *fixture) subjectRecord(u entitlement.UserID) (entitlement.SubjectRecord, map[entitlement.RoleRef]entitlement.Grant) {
	w.t.Helper()
	h, grantSets, err := w.store.SubjectRecord(context.Background(), u)
	if err != nil {
		w.t.Fatal(err)
	}
	grants := map[entitlement.RoleRef]entitlement.Grant{}
	for _, s := range grantSets {
		if s.Token != "" {
			w.t.Fatal("a claim was left behind")
		}
		for r, g := range s.Grants {
			grants[r] = g
		}
	}
	return h, grants
}

func (w *fixture) holds(u entitlement.UserID, name string, want int) {
	w.t.Helper()
	if got := w.target.times(role(name), u); got != want {
		w.t.Fatalf("the target lists the person %d times in %s, want %d", got, name, want)
	}
}

func TestS15_DeliveredMeansReadBack_Y3_OneWriteARole(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a", "b", "c")
	id := w.assign(u, p)
	w.deliver(u)
	w.request(id, entitlement.RequestDelivered)
	if a := w.assignment(id); a.State != entitlement.AssignmentDelivered || a.ObservedPackageGeneration != 1 || a.Delivered.IsZero() {
		t.Errorf("got %+v", a)
	}
	if w.target.writes != 3 || w.target.checks != 6 {
		t.Errorf("%d writes and %d checks for three roles, want 3 and 6", w.target.writes, w.target.checks)
	}
	h, grants := w.subjectRecord(u)
	if h.NeedsReconcile() || len(h.Waiting) != 0 || len(grants) != 3 {
		t.Errorf("pending reconciliation %+v, grants %v", h, grants)
	}
	w.deliver(u, u) // the message comes twice more (F4)
	if w.target.writes != 3 || w.target.checks != 6 {
		t.Errorf("a repeat made %d writes, %d checks", w.target.writes-3, w.target.checks-6)
	}
}

func TestY3_OneCallServesEverySubjectOfABatch(t *testing.T) {
	w := newFixture(t)
	p := w.pack("a")
	var users []entitlement.UserID
	for range 40 {
		u := w.person()
		w.assign(u, p)
		users = append(users, u)
	}
	w.deliver(users...)
	if w.target.applies != 2 || w.target.writes != 40 || w.target.checks != 4 {
		t.Errorf("%d calls, %d writes, %d checks for 40 people at 20 a call", w.target.applies, w.target.writes, w.target.checks)
	}
}

func TestR4_SharedRoleStays_WhicheverEndsFirst(t *testing.T) {
	for _, first := range []int{0, 1} {
		w := newFixture(t)
		u := w.person()
		packs := []entitlement.AccessPackage{w.pack("shared", "x"), w.pack("shared", "y")}
		ids := []entitlement.RequestID{w.assign(u, packs[0]), w.assign(u, packs[1])}
		w.deliver(u)
		w.holds(u, "shared", 1)
		r := w.remove(u, packs[first])
		w.deliver(u)
		w.request(r, entitlement.RequestDelivered)
		w.holds(u, "shared", 1)
		w.holds(u, []string{"x", "y"}[first], 0)
		if a := w.assignment(ids[first]); a.Removed.IsZero() || a.Status(w.clock.Now()) != "Expired" {
			t.Errorf("the first is %+v", a)
		}
		w.remove(u, packs[1-first])
		w.deliver(u)
		w.holds(u, "shared", 0)
		if _, grants := w.subjectRecord(u); len(grants) != 0 {
			t.Errorf("left: %v", grants)
		}
	}
}

func TestS9_PreExistingAccessIsRecorded_R6_AndGoesWithTheLast(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	w.target.members[role("a")] = []connector.PrincipalRef{connector.PrincipalRef("at-" + u)}
	w.assign(u, p)
	w.deliver(u)
	_, grants := w.subjectRecord(u)
	if g := grants[role("a")]; !g.PreExisting || w.target.writes != 0 {
		t.Errorf("got %+v after %d writes", g, w.target.writes)
	}
	w.remove(u, p)
	w.deliver(u)
	w.holds(u, "a", 0)
}

func TestF7_AnAnswerLostAfterTheEffectIsNoSecondWrite(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	id := w.assign(u, p)
	w.target.before = func(entitlement.RoleRef, []connector.Op) trouble {
		return trouble{err: entitlement.Wrap(entitlement.Unavailable, "call", context.DeadlineExceeded, "lost"), after: true}
	}
	w.deliver(u)
	w.request(id, entitlement.RequestDelivering)
	h, grants := w.subjectRecord(u)
	g := grants[role("a")]
	if !h.NeedsReconcile() || g.Reason != string(connector.TargetUnavailable) || g.Detail == "" || !g.Next.After(w.clock.Now()) {
		t.Errorf("owed with its reason: %+v", g)
	}
	w.target.before = nil
	w.clock.Advance(time.Minute)
	w.deliver(u)
	w.request(id, entitlement.RequestDelivered)
	w.holds(u, "a", 1)
	if _, grants := w.subjectRecord(u); grants[role("a")].PreExisting {
		t.Error("what we wrote ourselves is not pre-existing")
	}
}

func TestT5_AcceptedButNotThereNeverBecomesDelivered(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	id := w.assign(u, p)
	w.target.before = func(entitlement.RoleRef, []connector.Op) trouble { return trouble{deaf: true} }
	w.deliver(u)
	w.request(id, entitlement.RequestDelivering)
	if _, grants := w.subjectRecord(u); grants[role("a")].Reason != string(connector.NotConfirmed) {
		t.Errorf("got %+v", grants)
	}
	w.clock.Advance(delivery.GiveUpAfter)
	w.deliver(u)
	w.request(id, entitlement.RequestDeliveryFailed)
	if h, _ := w.subjectRecord(u); !h.NeedsReconcile() {
		t.Error("it stays owed after it shows as failed")
	}
	w.target.before = nil
	w.deliver(u)
	w.request(id, entitlement.RequestDelivered) // a later retry succeeds
}

func TestOneRefusedPersonHurtsNobodyElse(t *testing.T) {
	w := newFixture(t)
	known, outsider, p := w.person(), w.person(), w.pack("a", "b")
	w.target.people = map[entitlement.UserID]connector.PrincipalRef{known: connector.PrincipalRef("at-" + known)}
	a, b := w.assign(known, p), w.assign(outsider, p)
	w.deliver(known, outsider)
	w.request(a, entitlement.RequestDelivered)
	w.request(b, entitlement.RequestDeliveryFailed)
	h, grants := w.subjectRecord(outsider)
	if h.NeedsReconcile() || len(h.Waiting) != 1 || !grants[role("a")].Permanent {
		t.Errorf("a final refusal is recorded and settled: %+v, %+v", h, grants)
	}
	w.remove(outsider, p)
	w.deliver(outsider)
	if h, grants := w.subjectRecord(outsider); h.NeedsReconcile() || len(grants) != 0 {
		t.Errorf("one who is not there holds nothing there: %+v, %v", h, grants)
	}
}

// Whichever call a credential is refused at, with a new one delivery goes on by itself.
func TestF28_ARefusedCredentialIsNeverTheLastAnswer(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	id := w.assign(u, p)
	w.target.down = connector.Fail(entitlement.Forbidden, "call", &connector.Refusal{Reason: connector.CredentialRefused, Detail: "no", Permanent: true}, nil)
	w.deliver(u)
	if h, grants := w.subjectRecord(u); !h.NeedsReconcile() || grants[role("a")].Permanent || grants[role("a")].Reason != string(connector.CredentialRefused) {
		t.Fatalf("got %+v, %+v", h, grants)
	}
	w.target.down = nil
	w.clock.Advance(time.Minute)
	w.deliver(u)
	w.request(id, entitlement.RequestDelivered)
}

// Whoever is deleted at the target and there again has another id: the one that is
// remembered is forgotten, and looked up afresh without anybody asking for it.
func TestF29_APersonWhoIsThereAgainUnderAnotherIDIsFound(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	w.target.people = map[entitlement.UserID]connector.PrincipalRef{u: "first"}
	w.assign(u, p)
	w.deliver(u)

	w.target.people[u], w.target.gone = "second", map[connector.PrincipalRef]bool{"first": true}
	w.target.members = map[entitlement.RoleRef][]connector.PrincipalRef{}
	slot, err := w.store.AssignmentSlot(context.Background(), p.ID, u)
	if err != nil {
		t.Fatal(err)
	}
	again, err := entitlement.ReprocessAssignment(slot, entitlement.Actor{ID: u, Command: "again"}, w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.commit(again)
	w.deliver(u)
	if h, grants := w.subjectRecord(u); !h.NeedsReconcile() || grants[role("a")].Permanent {
		t.Fatalf("the answer about the old id counts as the last one: %+v", grants)
	}
	w.clock.Advance(time.Minute)
	w.deliver(u)
	if got := w.target.members[role("a")]; len(got) != 1 || got[0] != "second" {
		t.Errorf("the target lists %v", got)
	}
}

func TestT2_ARemovalIsOwedUntilTheTargetAnswers(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	id := w.assign(u, p)
	w.deliver(u)
	w.target.down = entitlement.Errorf(entitlement.Unavailable, "down")
	r := w.remove(u, p)
	for range 12 {
		w.deliver(u)
		w.clock.Advance(time.Hour)
	}
	w.request(r, entitlement.RequestDelivering)
	if a := w.assignment(id); a.State != entitlement.AssignmentExpired || a.Status(w.clock.Now()) != "RemovalOverdue" {
		t.Errorf("got %s, %s", a.State, a.Status(w.clock.Now()))
	}
	w.target.down = nil
	w.deliver(u)
	w.holds(u, "a", 0)
	w.request(r, entitlement.RequestDelivered)
}

// A worker that dies between the call and the record leaves the intention; when the
// assignment ends before anybody delivers again, the role is taken back all the same.
func TestL9_ACrashAfterTheCallLeavesATraceThatTheRemovalFinds(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	w.assign(u, p)
	w.target.before = func(entitlement.RoleRef, []connector.Op) trouble { return trouble{} }
	died := errors.New("died")
	dying := &delivery.Service{Store: crashing{w.store, died}, Connectors: w.target, Clock: w.clock, IDs: w.clock, Lease: time.Minute, Log: w.worker.Log}
	if errs := dying.Deliver(context.Background(), []entitlement.UserID{u}, "test"); !errors.Is(errs[u], died) {
		t.Fatalf("got %v", errs)
	}
	w.holds(u, "a", 1)
	w.remove(u, p)
	w.deliver(u) // the dead worker's lease still runs
	w.holds(u, "a", 1)
	w.clock.Advance(2 * time.Minute)
	w.deliver(u)
	w.holds(u, "a", 0)
}

// mortal dies at the commit after its life is used up.
type mortal struct {
	*dynamotest.Store
	mu   sync.Mutex
	life int
	err  error
}

func (m *mortal) Commit(ctx context.Context, c entitlement.Change) error {
	m.mu.Lock()
	m.life--
	dead := m.life < 0
	m.mu.Unlock()
	if dead {
		return m.err
	}
	return m.Store.Commit(ctx, c)
}

// crashing dies at every commit.
type crashing struct {
	*dynamotest.Store
	err error
}

func (c crashing) Commit(context.Context, entitlement.Change) error { return c.err }

func TestS14_AWorkerThatWasOvertakenWritesNothing(t *testing.T) {
	w := newFixture(t)
	roles := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}
	u, p := w.person(), w.pack(roles...)
	w.assign(u, p)
	// While the first roles are written, the assignment is removed: the others are not granted
	// any more, and the first are taken back in the next round of the same worker.
	var once sync.Once
	granted := atomic.Int32{}
	w.target.before = func(_ entitlement.RoleRef, ops []connector.Op) trouble {
		once.Do(func() { w.remove(u, p) })
		if ops[0].Grant {
			granted.Add(1)
		}
		return trouble{}
	}
	w.deliver(u)
	for _, role := range roles {
		w.holds(u, role, 0)
	}
	if n := int(granted.Load()); n < 1 || n > 8 || w.target.writes != 2*n {
		t.Errorf("%d writes: %d grants that were under way, and their revocations", w.target.writes, n)
	}
	if h, grants := w.subjectRecord(u); h.NeedsReconcile() || len(grants) != 0 || len(h.Removing) != 0 {
		t.Errorf("left: %+v, %v", h, grants)
	}
}

// overtaken has something happen just before its first claim.
type overtaken struct {
	*dynamotest.Store
	once sync.Once
	by   func()
}

func (o *overtaken) Claim(ctx context.Context, c entitlement.Claim) (entitlement.GrantSet, error) {
	o.once.Do(o.by)
	return o.Store.Claim(ctx, c)
}

// What a worker meant to grant and never tried is not left on record: with nothing
// pending by the one who overtook it, nobody would ever look at it.
func TestS14_AWorkerOvertakenBeforeItsClaimLeavesNothingOnRecord(t *testing.T) {
	for name, down := range map[string]error{"target well": nil, "target down": entitlement.Errorf(entitlement.Unavailable, "down")} {
		t.Run(name, func(t *testing.T) { overtakenBeforeItsClaim(t, down) })
	}
}

func overtakenBeforeItsClaim(t *testing.T, down error) {
	t.Helper()
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	w.assign(u, p)
	slow := *w.worker
	slow.Store = &overtaken{Store: w.store, by: func() {
		w.remove(u, p)
		w.deliver(u)
		w.target.down = down
	}}
	if errs := slow.Deliver(context.Background(), []entitlement.UserID{u}, "test"); len(errs) > 0 {
		t.Fatal(errs)
	}
	if h, grants := w.subjectRecord(u); h.NeedsReconcile() || len(grants) != 0 || w.target.writes != 0 {
		t.Errorf("left: %+v, %v after %d writes", h, grants, w.target.writes)
	}
}

// What another worker granted between this one's reading and its claim is neither
// pre-existing nor to be forgotten.
func TestS9_WhatAnotherWorkerJustGrantedIsOnRecordAsOurs(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	w.assign(u, p)
	slow := *w.worker
	slow.Store = &overtaken{Store: w.store, by: func() { w.deliver(u) }}
	if errs := slow.Deliver(context.Background(), []entitlement.UserID{u}, "test"); len(errs) > 0 {
		t.Fatal(errs)
	}
	if _, grants := w.subjectRecord(u); len(grants) != 1 || grants[role("a")].PreExisting {
		t.Errorf("on record: %+v", grants)
	}
	w.holds(u, "a", 1)
	w.remove(u, p)
	w.deliver(u)
	w.holds(u, "a", 0)
}

// unfenced cannot read its fences.
type unfenced struct{ *dynamotest.Store }

func (unfenced) Holding(context.Context, []entitlement.Fence) ([]bool, error) {
	return nil, entitlement.Errorf(entitlement.Unavailable, "down")
}

// What was on record is no proof any more once the target was read and shows otherwise,
// written to or not.
func TestS15_ARoleThatIsGoneIsNotDeliveredBecauseItOnceWas(t *testing.T) {
	w := newFixture(t)
	u, first, second := w.person(), w.pack("a"), w.pack("a", "b")
	w.assign(u, first)
	w.deliver(u)
	id := w.assign(u, second)
	w.target.members = map[entitlement.RoleRef][]connector.PrincipalRef{role("b"): {connector.PrincipalRef("at-" + u)}}
	blind := *w.worker
	blind.Store = unfenced{w.store}
	if errs := blind.Deliver(context.Background(), []entitlement.UserID{u}, "test"); len(errs) > 0 {
		t.Fatal(errs)
	}
	w.request(id, entitlement.RequestDelivering)
	w.deliver(u)
	w.request(id, entitlement.RequestDelivered)
	w.holds(u, "a", 1)
}

func TestF12_TwoWorkersAtOnceWriteOnce(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	id := w.assign(u, p)
	w.target.before = func(entitlement.RoleRef, []connector.Op) trouble {
		w.target.before = nil
		w.deliver(u) // a second worker takes the message: the claim is the first one's
		return trouble{}
	}
	w.deliver(u)
	w.request(id, entitlement.RequestDelivered)
	w.holds(u, "a", 1)
}

func TestF10_AnUnknownSubjectNeedsReconcileNothing(t *testing.T) {
	w := newFixture(t)
	w.deliver("00000000-0000-4000-8000-0000000fffff")
}

func TestS10_EventsFollowTheStates(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	id := w.assign(u, p)
	w.deliver(u)
	r := w.remove(u, p)
	w.deliver(u)
	for request, want := range map[entitlement.RequestID][]string{id: {"submitted", "delivered", "removed", "revoked"}, r: {"submitted", "delivered"}} {
		events, err := w.store.Events(context.Background(), entitlement.OfRequest, string(request))
		if err != nil || len(events) != len(want) {
			t.Fatalf("got %d events, %v", len(events), err)
		}
		for i, e := range events {
			if e.Kind != want[i] {
				t.Errorf("event %d is %s, want %s", i+1, e.Kind, want[i])
			}
		}
		if err := entitlement.VerifyChain(entitlement.Chain{Number: events[len(events)-1].Number, Hash: events[len(events)-1].Hash}, events); err != nil {
			t.Error(err)
		}
	}
}
