package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// asks has a person ask for a new package that somebody must approve.
func (w *fixture) asks(u entitlement.UserID) entitlement.RequestID {
	w.t.Helper()
	p := w.pack("asked for")
	policy, err := w.store.Policy(context.Background(), p.Policies[0])
	if err != nil {
		w.t.Fatal(err)
	}
	policy.Approval = entitlement.ApprovalSettings{RequiredForAdd: true,
		Stages: []entitlement.ApprovalStage{{Primary: []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: w.clock.New()}}}}}
	w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{policy}})
	return w.assign(u, p)
}

func (w *fixture) disable(u entitlement.UserID) {
	w.t.Helper()
	user, err := w.store.User(context.Background(), u)
	if err != nil {
		w.t.Fatal(err)
	}
	user.Enabled = false
	w.commit(entitlement.Change{Users: []entitlement.User{user}, SubjectUpdates: []entitlement.SubjectUpdate{{Subject: u, Disabled: true, CheckAfter: w.clock.Now()}}})
}

// A leaver's requests of the past are not read: neither what they cost nor whether they can
// be read comes between the leaver and the end of the access.
func TestF38_ALeaverWithFiftyThousandRequestsLosesEveryRole(t *testing.T) {
	cost := func(history int) (calls int, read float64) {
		w := newFixture(t)
		store, meter := dynamotest.Metered()
		w.store, w.worker.Store = store, store
		u, p := w.person(), w.pack("a", "b")
		dynamotest.OldRequests(t, store, u, p.ID, history, w.clock.Now())
		id := w.assign(u, p)
		w.deliver(u)
		open := w.asks(u)
		w.disable(u)
		meter.Reset()

		w.deliver(u)

		calls, read = meter.Total(), meter.ReadUnits
		w.holds(u, "a", 0)
		w.holds(u, "b", 0)
		w.request(open, entitlement.RequestCanceled)
		if a := w.assignment(id); a.Removed.IsZero() {
			t.Errorf("the removal is not complete: %+v", a)
		}
		if h, _ := w.subjectRecord(u); h.NeedsReconcile() {
			t.Errorf("something is owed: %+v", h)
		}
		return calls, read
	}
	calls, read := cost(0)
	manyCalls, manyRead := cost(dynamotest.Many)
	t.Logf("a leaver with 0 requests: %d calls, %.1f R; with %d: %d calls, %.1f R", calls, read, dynamotest.Many, manyCalls, manyRead)
	if manyCalls != calls || manyRead != read {
		t.Errorf("with %d requests of the past a leaver costs %d calls and %.1f R, without any %d and %.1f", dynamotest.Many, manyCalls, manyRead, calls, read)
	}
}

// blind is a store by which open requests cannot be found.
type blind struct{ *dynamotest.Store }

func (blind) OpenRequests(context.Context, entitlement.UserID, entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	return entitlement.Paged[entitlement.AssignmentRequest]{}, fmt.Errorf("unreadable")
}

// Revocation comes before any other reading: where a leaver's open requests cannot be read
// the roles go all the same, and the subject stays owed until they are canceled.
func TestF38_ALeaverLosesEveryRoleThoughTheOpenRequestsCannotBeRead(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	id := w.assign(u, p)
	w.deliver(u)
	open := w.asks(u)
	w.disable(u)
	w.worker.Store = blind{w.store}

	w.deliver(u)

	w.holds(u, "a", 0)
	if a := w.assignment(id); a.Removed.IsZero() {
		t.Errorf("the removal is not complete: %+v", a)
	}
	w.request(open, entitlement.RequestPendingApproval)
	if h, _ := w.subjectRecord(u); !h.NeedsReconcile() {
		t.Error("settled, and the leaver asks for something")
	}

	w.worker.Store = w.store
	w.deliver(u)

	w.request(open, entitlement.RequestCanceled)
	if h, _ := w.subjectRecord(u); h.NeedsReconcile() {
		t.Errorf("something is owed: %+v", h)
	}
}

// stuck is a store by which one slot cannot be read.
type stuck struct {
	*dynamotest.Store
	pkg entitlement.PackageID
}

func (s stuck) AssignmentSlot(ctx context.Context, pkg entitlement.PackageID, subject entitlement.UserID) (entitlement.AssignmentSlot, error) {
	if pkg == s.pkg {
		return entitlement.AssignmentSlot{}, fmt.Errorf("unreadable")
	}
	return s.Store.AssignmentSlot(ctx, pkg, subject)
}

// One assignment of a leaver that cannot be ended keeps no other, and no role.
func TestF37_OneAssignmentOfALeaverThatCannotBeReadKeepsNoRole(t *testing.T) {
	w := newFixture(t)
	u, packs := w.person(), []entitlement.AccessPackage{w.pack("a"), w.pack("b"), w.pack("c")}
	var ids []entitlement.RequestID
	for _, p := range packs {
		ids = append(ids, w.assign(u, p))
	}
	w.deliver(u)
	w.disable(u)
	w.worker.Store = stuck{w.store, packs[1].ID}

	w.deliver(u)

	for _, name := range []string{"a", "b", "c"} {
		w.holds(u, name, 0)
	}
	for _, i := range []int{0, 2} {
		if a := w.assignment(ids[i]); a.Removed.IsZero() {
			t.Errorf("the removal of %d is not complete: %+v", i, a)
		}
	}
	if h, _ := w.subjectRecord(u); !h.NeedsReconcile() || len(h.Live) != 1 {
		t.Errorf("got %+v, want the one left to be owed", h)
	}
	w.worker.Store = w.store
	w.deliver(u)
	if h, _ := w.subjectRecord(u); h.NeedsReconcile() || len(h.Live) > 0 {
		t.Errorf("got %+v, want nothing left", h)
	}
}

// More open requests than one look cancels are canceled by the looks after it, each of
// which is bounded.
func TestS21_ALeaverWithManyOpenRequestsIsLookedAtUntilNoneIsLeft(t *testing.T) {
	w := newFixture(t)
	u := w.person()
	for range 230 {
		w.asks(u)
	}
	w.disable(u)
	looks := 0
	for next := []entitlement.UserID{u}; len(next) > 0; looks++ {
		w.queue.later = nil
		w.deliver(next...)
		next = nil
		for _, message := range w.queue.later {
			next = append(next, message.subject)
		}
	}
	open, err := w.store.OpenRequests(context.Background(), u, entitlement.Page{})
	if h, _ := w.subjectRecord(u); err != nil || len(open.Items) > 0 || h.NeedsReconcile() || looks != 3 {
		t.Errorf("after %d looks %d requests are open, record %+v, error %v; want none after 3", looks, len(open.Items), h, err)
	}
}

// Whoever comes and goes while a target is down piles up what is owed until nothing new is
// given: what is held then still ends, and all of it goes once the target answers.
func TestF38_ComingAndGoingWhileATargetIsDownKeepsNoRole(t *testing.T) {
	w := newFixture(t)
	u, kept, p := w.person(), w.pack("kept"), w.pack("a")
	id := w.assign(u, kept)
	w.deliver(u)
	w.target.down = entitlement.Errorf(entitlement.Unavailable, "down")
	submit := func() error {
		ask, err := w.store.SubmitInputs(context.Background(), entitlement.SubmitKeys{Requestor: u, Subject: u, Package: p.ID})
		if err != nil {
			t.Fatal(err)
		}
		_, c, err := entitlement.Submit(entitlement.NewRequest{ID: entitlement.RequestID(w.clock.New()), Type: entitlement.UserAdd, NewID: w.clock.New}, ask, w.clock.Now())
		if err == nil {
			err = w.store.Commit(context.Background(), c)
		}
		return err
	}
	rounds := 0
	for ; rounds < 2*entitlement.MaxRemoving; rounds++ {
		err := submit()
		if entitlement.KindOf(err) == entitlement.Precondition {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		w.remove(u, p)
	}
	if rounds != entitlement.MaxRemoving {
		t.Errorf("nothing new is given after %d rounds, want %d", rounds, entitlement.MaxRemoving)
	}
	w.disable(u)
	w.target.down = nil
	looks := 0
	for h := (entitlement.SubjectRecord{Generation: 1}); h.NeedsReconcile() && looks < 50; looks++ {
		w.clock.Advance(10 * time.Minute)
		w.deliver(u)
		h, _ = w.subjectRecord(u)
	}
	w.holds(u, "kept", 0)
	w.holds(u, "a", 0)
	if a := w.assignment(id); a.Removed.IsZero() {
		t.Errorf("the removal is not complete: %+v", a)
	}
	if h, _ := w.subjectRecord(u); h.NeedsReconcile() || len(h.Removing) > 0 {
		t.Errorf("after %d looks %d removals are owed", looks, len(h.Removing))
	}
	t.Logf("%d looks", looks)
}

// What is on record of a leaver at one target cannot be read: the roles at every other go all
// the same, and nothing is said to be gone for good until it can.
func TestF37_OneGrantSetOfALeaverThatCannotBeReadKeepsNoRoleElsewhere(t *testing.T) {
	w := newFixture(t)
	d := dynamotest.NewDamaged()
	w.store, w.worker.Store = d.Store, d.Store
	u, p := w.person(), w.pack("a", "b")
	id := w.assign(u, p)
	w.deliver(u)
	claim := entitlement.Claim{Subject: u, Connector: "other", Token: "token", Now: w.clock.Now(), Until: w.clock.Now().Add(time.Minute)}
	grantSet, err := w.store.Claim(context.Background(), claim)
	if err != nil {
		t.Fatal(err)
	}
	w.commit(entitlement.Change{GrantSets: []entitlement.GrantSet{grantSet}})
	d.SpoilGrantSet(t, u, "other")
	w.disable(u)
	d.Noticed()

	w.deliver(u)

	w.holds(u, "a", 0)
	w.holds(u, "b", 0)
	if a := w.assignment(id); a.State != entitlement.AssignmentExpired || !a.Removed.IsZero() {
		t.Errorf("got %+v, want it ended, and not said to be gone", a)
	}
	if record, _, err := w.store.SubjectRecord(context.Background(), u); !errors.Is(err, entitlement.ErrUnreadable) || !record.NeedsReconcile() || len(record.Removing) != 1 {
		t.Errorf("got %+v, %v, want it to be owed still", record, err)
	}
	if d.Noticed() == 0 {
		t.Error("nobody was told")
	}
}
