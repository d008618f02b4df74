package delivery_test

import (
	"context"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/delivery"
	"leasehold/pkg/entitlement"
)

// prompt is a queue whose messages are worked on before the sender goes on.
type prompt struct{ deliver func(...entitlement.UserID) }

func (p prompt) Enqueue(_ context.Context, subjects ...entitlement.UserID) error {
	p.deliver(subjects...)
	return nil
}

func (p prompt) EnqueueAfter(ctx context.Context, delay time.Duration, subjects ...entitlement.UserID) error {
	if delay > 0 {
		return nil
	}
	return p.Enqueue(ctx, subjects...)
}

// crossing is a store in which something happens just before a worker records what it saw.
type crossing struct {
	delivery.Store
	first func()
}

func (c *crossing) Commit(ctx context.Context, change entitlement.Change) error {
	if first := c.first; first != nil && len(change.GrantSets) > 0 {
		c.first = nil
		first()
	}
	return c.Store.Commit(ctx, change)
}

// down has the target be silent until a back-off has begun.
func (w *fixture) down(users ...entitlement.UserID) {
	w.t.Helper()
	w.target.down = entitlement.Errorf(entitlement.Unavailable, "silent")
	w.deliver(users...)
	if b, err := w.store.Breaker(context.Background(), target); err != nil || b.Failures == 0 {
		w.t.Fatalf("nobody backs off from the target: %+v, %v", b, err)
	}
}

// A worker that is woken at once must not find the target backed off from still: it would
// put its subjects off once more, and nobody would wake them again.
func TestL6_WhoIsWokenFindsTheTargetOpen(t *testing.T) {
	w := newFixture(t)
	p := w.pack("a")
	first, second := w.person(), w.person()
	w.assign(first, p)
	id := w.assign(second, p)
	w.down(first, second)

	w.target.down = nil
	w.clock.Advance(time.Minute)
	w.worker.Queue = prompt{w.deliver}
	w.deliver(first)
	w.request(id, entitlement.RequestDelivered)
}

// Whoever is put off because the target rests, and is on record as waiting only after those
// who waited were woken, is looked at again by the worker that put them off.
func TestL6_WhoIsPutOffWhileTheTargetComesBackIsNotForgotten(t *testing.T) {
	w := newFixture(t)
	p := w.pack("a")
	first, late := w.person(), w.person()
	w.assign(first, p)
	w.down(first)

	id := w.assign(late, p)
	other := *w.worker
	w.worker.Store = &crossing{Store: w.store, first: func() {
		w.target.down = nil
		w.clock.Advance(31 * time.Second)
		for u, err := range other.Deliver(context.Background(), []entitlement.UserID{first}, "other") {
			t.Errorf("%s: %v", u, err)
		}
	}}
	w.deliver(late)
	w.request(id, entitlement.RequestDelivered)
}

// hanging takes its time before it does not answer.
type hanging struct {
	*fixture
	took time.Duration
}

func (h hanging) Open(ctx context.Context, id entitlement.ConnectorID) (connector.Connector, error) {
	h.clock.Advance(h.took)
	return h.target.Open(ctx, id)
}

// The sweep comes once a minute. A target that is left alone until just after it would
// be found well again a minute later than need be (D3).
func TestL6_ASilentTargetIsTriedWithEverySweepHoweverLongItKeepsUsWaiting(t *testing.T) {
	for _, took := range []time.Duration{0, 10 * time.Second, 25 * time.Second} {
		w := newFixture(t)
		u, p := w.person(), w.pack("a")
		w.assign(u, p)
		w.worker.Connectors = hanging{w, took}
		w.target.down = entitlement.Errorf(entitlement.Unavailable, "silent")
		began := w.clock.Now()
		for minute := range 10 {
			w.clock.Advance(began.Add(time.Duration(minute)*time.Minute + time.Second).Sub(w.clock.Now()))
			before := w.target.calls
			if w.deliver(u); w.target.calls == before {
				t.Errorf("calls of %v: not tried in minute %d", took, minute)
			}
		}
		if w.target.calls > 20 {
			t.Errorf("Y17: %d calls to a silent target in ten minutes, want at most 20", w.target.calls)
		}
	}
}
