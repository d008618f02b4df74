package lifecycle_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// endless is a store in which more is due than any sweep can do: there is always a next page.
type endless struct {
	*dynamotest.Store
	pages int // until the sweep's time is over
	over  context.CancelFunc
}

func (e *endless) Due(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.DueRef], error) {
	if e.pages--; e.pages == 0 {
		e.over()
	}
	list, err := e.Store.Due(ctx, shard, until, entitlement.Page{})
	list.Next = fmt.Sprint(e.pages)
	return list, err
}

// A sweep that is busy ending looks at pending reconciliations all the same, and at every
// shard of what is due.
func TestL3_ASweepThatIsBusyEndingLooksAtPendingReconciliationsToo(t *testing.T) {
	w := newFixture(t)
	pending := w.pending(20, w.clock.Now())
	ctx, cancel := context.WithCancel(t.Context())
	w.sweep.Store = &endless{w.store, 9, cancel}

	got, _ := w.sweep.Sweep(ctx, "sweep") // the table did not answer any more when its time was over

	if !got.Measured || !got.Looked || got.Enqueued != len(pending) {
		t.Errorf("got %+v, want all %d pending reconciliations enqueued", got, len(pending))
	}
}

// pending makes people pending who must be looked at then.
func (w *fixture) pending(n int, checkAfter time.Time) (all []entitlement.UserID) {
	w.t.Helper()
	for range n {
		u := entitlement.UserID(w.clock.New())
		w.commit(entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: u, Add: entitlement.Waiting{Package: entitlement.PackageID(w.clock.New()), Assignment: entitlement.AssignmentID(w.clock.New())}, CheckAfter: checkAfter}}})
		all = append(all, u)
	}
	return all
}

// queue remembers who was enqueued in it.
type queue struct{ told []entitlement.UserID }

func (l *queue) Enqueue(_ context.Context, subjects ...entitlement.UserID) error {
	l.told = append(l.told, subjects...)
	return nil
}

// The reconciliations pending after an outage go to the queue that has time, all but a few:
// a request or a removal never waits behind them.
func TestL3_RepeatedMessagesNeverCrowdTheQueueThatPeopleWaitFor(t *testing.T) {
	w := newFixture(t)
	bulk := &queue{}
	w.sweep.Bulk = bulk
	pending := w.pending(3000, w.clock.Now())

	got := w.run()

	urgent := len(w.enqueued)
	if urgent == 0 || urgent > 500 || urgent+len(bulk.told) != len(pending) || got.Enqueued != len(pending) {
		t.Errorf("%d of %d were enqueued in the urgent queue and %d to the other, want all, and 500 to the first at most", urgent, len(pending), len(bulk.told))
	}
}

// What is owed and not late costs a sweep nothing, and neither do the figures of it.
func TestY6_ASweepCostsNoMoreForWhatIsOwedAndNotLate(t *testing.T) {
	for _, n := range []int{0, 3000} {
		store, meter := dynamotest.Metered()
		w := fixtureOn(t, store)
		w.pending(n, w.clock.Now().Add(time.Hour))
		dynamotest.Fill(t, store, n, func(i int, c *entitlement.Change) {
			c.Ended = append(c.Ended, entitlement.Assignment{ID: entitlement.AssignmentID(dynamotest.OldID(3, i)), Ended: w.clock.Now().Add(-time.Minute)})
		})
		meter.Reset()

		got := w.run()

		if calls := meter.Total(); calls != 10 || meter.ReadUnits != 5 || got.OverdueRemovals != 0 || got.OldestPending != 0 {
			t.Errorf("with %d owed: %d calls, %.1f R, %+v; want 10 and 5", n, calls, meter.ReadUnits, got)
		}
	}
}

// A shard that cannot be read keeps the sweep from no other, and from no
// pending reconciliation; and the lag, which was not seen in all of them, is
// not known.
func TestL2_AShardThatCannotBeReadStopsNoOther(t *testing.T) {
	w := newFixture(t)
	for range 40 {
		w.ask(entitlement.AssignmentPolicy{Expiration: hours(1)}, entitlement.Schedule{})
	}
	w.clock.Advance(time.Hour)
	w.sweep.Store = broken{w.store}

	got, err := w.sweep.Sweep(t.Context(), "sweep")

	if err == nil || got.Looked || got.Expired == 0 || got.Enqueued == 0 {
		t.Errorf("got %+v, %v; want ends, messages, and the error", got, err)
	}
}

// broken is a store of which the first shard of what is due cannot be read.
type broken struct{ *dynamotest.Store }

func (b broken) Due(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.DueRef], error) {
	if shard == 0 {
		return entitlement.Paged[entitlement.DueRef]{}, fmt.Errorf("down")
	}
	return b.Store.Due(ctx, shard, until, page)
}
