package delivery_test

import (
	"context"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/delivery"
	"leasehold/pkg/entitlement"
)

// meanwhile lets something happen between the reading of a record and of what it names.
type meanwhile struct {
	delivery.Store
	happens func()
}

func (m *meanwhile) ReconcileInputs(ctx context.Context, h entitlement.SubjectRecord) (entitlement.ReconcileInputs, error) {
	if happens := m.happens; happens != nil {
		m.happens = nil
		happens()
	}
	return m.Store.ReconcileInputs(ctx, h)
}

func TestS14_ARemovalThatAnotherWorkerSettledMeanwhileIsNoFailure(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	w.assign(u, p)
	w.deliver(u)
	r := w.remove(u, p)
	late := *w.worker
	late.Store = &meanwhile{w.store, func() { w.deliver(u) }}
	for u, err := range late.Deliver(context.Background(), []entitlement.UserID{u}, "test") {
		t.Errorf("%s: %v", u, err)
	}
	w.request(r, entitlement.RequestDelivered)
	if h, grants := w.subjectRecord(u); h.NeedsReconcile() || len(h.Removing) > 0 || len(grants) > 0 {
		t.Errorf("left: %+v, %v", h, grants)
	}
}

// refusing has the server answer all calls with a reason, or those of one sort; and no call
// where there is no reason.
func (b *bench) refusing(call string, reason connector.Reason, kind entitlement.Kind) {
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	b.server.fault = func(of string) error {
		if reason == "" || call != "" && of != call {
			return nil
		}
		return connector.Fail(kind, "call", &connector.Refusal{Reason: reason, Detail: "no"}, nil)
	}
}

// A grant that failed for hours is tried once an hour. What is wanted after it has not
// failed yet, and does not wait so long.
func TestL2_ARemovalDoesNotWaitAsLongAsTheGrantBeforeIt(t *testing.T) {
	onBench(t, func(b *bench) {
		u, p := b.staff(1)[0], b.pack("a")
		b.work(1)
		b.assign(u, p)
		b.enqueue(u)
		b.within(time.Minute, "there", func() bool { return b.server.there(u, "a") })
		q := b.pack("a", "b") // of which the other role is there
		b.refusing("", connector.CredentialRefused, entitlement.Forbidden)
		b.assign(u, q)
		b.enqueue(u)
		time.Sleep(6 * time.Hour)
		b.remove(u, q)
		b.remove(u, p)
		b.enqueue(u)
		time.Sleep(time.Minute)
		b.refusing("", "", entitlement.Internal)
		b.within(2*time.Minute, "out", func() bool { return !b.server.there(u, "a") })
	})
}

// Whatever stands in front of a target goes away without a word. Who waits for it waits a
// tenth longer than it took, and not for an attempt that may lie an hour ahead (F42).
func TestL2_WhoWaitsForAnAnswerOfTheTargetItselfIsServedSoonAfterItIsBack(t *testing.T) {
	for i, outage := range []time.Duration{5 * time.Minute, 20 * time.Minute, 3 * time.Hour, 5 * time.Minute, 20 * time.Minute, 3 * time.Hour} {
		onBench(t, func(b *bench) {
			u, p := b.staff(1)[0], b.pack("a")
			b.work(1)
			b.assign(u, p)
			b.enqueue(u)
			b.within(time.Minute, "there", func() bool { return b.server.there(u, "a") })
			b.refusing([]string{"", "apply"}[i/3], connector.NotUnderstood, entitlement.Unavailable)
			b.remove(u, p)
			b.enqueue(u)
			time.Sleep(outage)
			b.refusing("", "", entitlement.Internal)
			b.within(outage/10+2*time.Minute, "out", func() bool { return !b.server.there(u, "a") })
		})
	}
}

// An end is moved by whoever comes to the table first, the extension or the sweep; a worker
// that saw the end pass does not decide between them.
func TestS8_AnEndThatPassedTakesNothingAwayUntilTheSweepHasEndedIt_S16(t *testing.T) {
	for name, extended := range map[string]bool{"extended at the last moment": true, "ended by the sweep": false} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			u, p := w.person(), w.pack("a", "b")
			id := w.assign(u, p)

			// One role of two is there when the end passes, and so the worker knows of the end.
			w.target.before = func(r entitlement.RoleRef, _ []connector.Op) trouble {
				if r == role("b") {
					return trouble{err: entitlement.Errorf(entitlement.Unavailable, "down")}
				}
				return trouble{}
			}
			w.deliver(u)
			w.holds(u, "a", 1)

			end := w.clock.Now().Add(time.Hour)
			slot := w.slot(u, p)
			slot.Assignment.End = end
			w.commit(entitlement.Change{Slots: []entitlement.AssignmentSlot{slot}})

			w.target.before = nil
			w.clock.Advance(61 * time.Minute)
			w.deliver(u)
			w.holds(u, "a", 1)
			w.holds(u, "b", 0)

			if extended {
				ask, err := w.store.SubmitInputs(context.Background(), entitlement.SubmitKeys{Requestor: u, Subject: u, Package: p.ID, Policy: p.Policies[0]})
				if err != nil {
					t.Fatal(err)
				}
				_, c, err := entitlement.Extend(entitlement.NewRequest{ID: entitlement.RequestID(w.clock.New()), Type: entitlement.AdminUpdate, NewID: w.clock.New,
					RequestedSchedule: entitlement.Schedule{Expiration: entitlement.Expiration{Type: entitlement.ExpireAfterDateTime, End: end.Add(24 * time.Hour)}}}, ask, end.Add(-time.Second))
				if err != nil {
					t.Fatal(err)
				}
				w.commit(c)
			} else {
				c, err := entitlement.Expire(w.slot(u, p), nil, "test", w.clock.Now())
				if err != nil {
					t.Fatal(err)
				}
				w.commit(c)
			}

			w.deliver(u)
			if extended {
				w.holds(u, "a", 1)
				w.holds(u, "b", 1)
				w.request(id, entitlement.RequestDelivered)
			} else {
				w.holds(u, "a", 0)
				w.holds(u, "b", 0)
			}
		})
	}
}

// slot returns what the person holds of the package, or asks for.
func (w *fixture) slot(u entitlement.UserID, p entitlement.AccessPackage) entitlement.AssignmentSlot {
	w.t.Helper()
	slot, err := w.store.AssignmentSlot(context.Background(), p.ID, u)
	if err != nil {
		w.t.Fatal(err)
	}
	return slot
}
