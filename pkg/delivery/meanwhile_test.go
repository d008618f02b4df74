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
