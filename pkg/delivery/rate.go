package delivery

import (
	"context"
	"sync"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// meter keeps one worker to what a target publishes that it takes. All workers together share
// the target's rate: each takes a portion from the table, which begins where the last one
// ended, and uses it from then on. One that has much to do takes a second's worth, and so
// writes to the table once a second; one that has little takes that.
type meter struct {
	target *target
	rate   entitlement.Rate
	turn   chan struct{} // taken by whoever takes a portion

	mu       sync.Mutex
	portion  entitlement.Portion
	expected entitlement.Cost // what is still to be spent in this run, as far as is known
}

// unitsOfQuestions is what the questions about one role of as many people as one change takes
// cost, as a guess: only how much is taken at a time depends on it.
const unitsOfQuestions = 10

// metered returns a context in which calls to the target wait for their share of its rate.
func (t *target) metered(calls context.Context) context.Context {
	if t.caps.Rate == nil {
		return calls
	}
	t.meter = &meter{target: t, rate: *t.caps.Rate, turn: make(chan struct{}, 1)}
	return connector.Limited(calls, t.meter.spend)
}

// expect tells how much is going to be spent.
func (m *meter) expect(units []*unit) {
	if m == nil {
		return
	}
	var all entitlement.Cost
	for _, u := range units {
		all = all.Plus(u.cost(u.ops)).Plus(entitlement.Cost{Units: unitsOfQuestions})
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expected = all
}

// cost is what a change of the ops counts at the target.
func (t *unit) cost(ops []*op) entitlement.Cost {
	changes := make([]connector.Op, len(ops))
	for i, o := range ops {
		changes[i] = connector.Op{Grant: o.Grant, Principal: o.who}
	}
	return t.caps.Costs(t.role, changes)
}

// pay waits for the share of a change before it is fenced, so that no time passes between the
// fence and the call.
func (u *unit) pay(calls context.Context, ops []*op) error {
	if u.meter == nil {
		return nil
	}
	return u.meter.spend(calls, u.cost(ops))
}

// spend waits until the cost can be spent. An error says that there is no time for that.
func (m *meter) spend(calls context.Context, c entitlement.Cost) error {
	for {
		from, enough := m.use(c)
		if enough {
			return m.sleepUntil(calls, from)
		}
		if err := m.more(calls, c); err != nil {
			return err
		}
	}
}

// use takes the cost out of the portion at hand, and returns from when it may be spent.
func (m *meter) use(c entitlement.Cost) (from time.Time, enough bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &m.portion
	if p.Writes < c.Writes || p.Units < c.Units || !m.target.run.Clock.Now().Before(p.Until) {
		return from, false
	}
	p.Writes, p.Units = p.Writes-c.Writes, p.Units-c.Units
	m.expected.Writes, m.expected.Units = max(m.expected.Writes-c.Writes, 0), max(m.expected.Units-c.Units, 0)
	return p.From, true
}

// more takes the next portion from the table, unless somebody else of this worker just did.
func (m *meter) more(calls context.Context, need entitlement.Cost) error {
	select {
	case m.turn <- struct{}{}:
	case <-calls.Done():
		return errNoTime
	}
	defer func() { <-m.turn }()

	m.mu.Lock()
	p, now := m.portion, m.target.run.Clock.Now()
	want := entitlement.Cost{Writes: max(m.expected.Writes, need.Writes), Units: max(m.expected.Units, need.Units)}
	m.mu.Unlock()
	if p.Writes >= need.Writes && p.Units >= need.Units && now.Before(p.Until) {
		return nil
	}

	for {
		if calls.Err() != nil || !m.target.run.inTime() {
			return errNoTime
		}
		store := m.target.run.Store
		var portion entitlement.Portion
		lease, err := store.RateLease(calls, m.target.id)
		if err == nil {
			lease, portion = lease.Take(m.rate, need, want, m.target.run.Clock.Now())
			err = store.Commit(calls, entitlement.Change{RateLeases: []entitlement.RateLease{lease}})
		}
		switch {
		case err == nil:
			m.mu.Lock()
			m.portion = portion
			m.mu.Unlock()
			return m.sleepUntil(calls, portion.From)
		// That is no fault of the target: what is left is owed to another run.
		case entitlement.StalePart(err) == "":
			m.target.run.Log.WarnContext(calls, "a target's limits could not be read or written; it is not called", "connector", m.target.id, "error", err)
			return errNoTime
		}
		// Another worker took the portion: the next one is behind it.
	}
}

func (m *meter) sleepUntil(calls context.Context, from time.Time) error {
	wait := from.Sub(m.target.run.Clock.Now())
	if wait <= 0 {
		return nil
	}
	if err := m.target.run.Clock.Sleep(calls, wait); err != nil || !m.target.run.inTime() {
		return errNoTime
	}
	return nil
}
