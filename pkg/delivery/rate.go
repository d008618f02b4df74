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
// writes to the table about once a second; one that has little takes that.
type meter struct {
	target        *target
	turn          chan struct{} // taken by whoever takes a portion
	mu            sync.Mutex    // of what follows
	writes, units share
}

// share is what a worker has of one of the limits.
type share struct {
	limit    entitlement.Limit
	portion  entitlement.Portion
	expected int // still to be spent in this run, as far as is known
}

// unitsOfQuestions is what the questions about one role of as many people as one change takes
// cost, as a guess: only how much is taken at a time depends on it.
const unitsOfQuestions = 6

// metered returns a context in which calls to the target wait for their share of its rate.
func (t *target) metered(calls context.Context) context.Context {
	if t.caps.Rate == nil {
		return calls
	}
	t.meter = &meter{target: t, turn: make(chan struct{}, 1), writes: share{limit: t.caps.Rate.Writes}, units: share{limit: t.caps.Rate.Units}}
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
	m.writes.expected, m.units.expected = all.Writes, all.Units
}

// cost is what a change of the ops counts at the target.
func (u *unit) cost(ops []*op) entitlement.Cost {
	changes := make([]connector.Op, len(ops))
	for i, o := range ops {
		changes[i] = connector.Op{Grant: o.Grant, Principal: o.who}
	}
	return u.caps.Costs(u.role, changes)
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
		enough, from := m.use(c)
		switch {
		case enough:
			return nil
		case from.IsZero():
			if err := m.more(calls, c); err != nil {
				return err
			}
		default:
			if err := m.sleepUntil(calls, from); err != nil {
				return err
			}
		}
	}
}

// use takes the cost out of the portions at hand, once both have begun; from is when they have.
func (m *meter) use(c entitlement.Cost) (enough bool, from time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()

	now := m.target.run.Clock.Now()
	if !m.writes.portion.Holds(c.Writes, now) || !m.units.portion.Holds(c.Units, now) {
		return false, time.Time{}
	}
	for _, s := range []struct {
		n    int
		from time.Time
	}{{c.Writes, m.writes.portion.From}, {c.Units, m.units.portion.From}} {
		if s.n > 0 && s.from.After(now) {
			from = later(from, s.from)
		}
	}
	if !from.IsZero() {
		return false, from
	}
	m.writes.spend(c.Writes)
	m.units.spend(c.Units)
	return true, from
}

func (s *share) spend(n int) {
	s.portion.N -= n
	s.expected = max(s.expected-n, 0)
}

// take takes the next portion, where what is needed is not at hand.
func (s *share) take(upTo time.Time, need, want int, now time.Time) time.Time {
	if s.portion.Holds(need, now) {
		return upTo
	}
	upTo, s.portion = s.limit.Take(upTo, need, want, now)
	return upTo
}

// take takes what is missing of both limits: of the units as many as go with the writes that are
// at hand, since what is not used soon is lost.
func (m *meter) take(lease entitlement.RateLease, writes, units *share, need entitlement.Cost, now time.Time) entitlement.RateLease {
	had := writes.portion
	// Questions come first, and writes follow soon: one trip for both.
	lease.Writes = writes.take(lease.Writes, max(need.Writes, min(writes.expected, 1)), writes.expected, now)

	want := units.expected
	if writes.expected > 0 {
		want = (units.expected*min(writes.portion.N, writes.expected) + writes.expected - 1) / writes.expected
	}
	want = max(want, units.limit.AtLeast())
	atHand := need.Units
	if writes.portion != had {
		atHand = max(atHand, want) // one trip for both
	}
	if !units.portion.Holds(atHand, now) {
		lease.Units = units.take(lease.Units, max(need.Units, units.portion.N+1), want, now)
	}
	return lease
}

// more takes what is missing from the table, unless somebody else of this worker just did.
func (m *meter) more(calls context.Context, need entitlement.Cost) error {
	select {
	case m.turn <- struct{}{}:
	case <-calls.Done():
		return errNoTime
	}
	defer func() { <-m.turn }()

	run := m.target.run
	for calls.Err() == nil && run.inTime() {
		m.mu.Lock()
		writes, units, now := m.writes, m.units, run.Clock.Now()
		m.mu.Unlock()
		if writes.portion.Holds(need.Writes, now) && units.portion.Holds(need.Units, now) {
			return nil
		}

		lease, err := run.Store.RateLease(calls, m.target.id)
		if err == nil {
			lease = m.take(lease, &writes, &units, need, now)
			err = run.Store.Commit(calls, entitlement.Change{RateLeases: []entitlement.RateLease{lease}})
		}
		switch {
		case err == nil:
			m.mu.Lock()
			m.writes.portion, m.units.portion = m.writes.newer(writes.portion), m.units.newer(units.portion)
			m.mu.Unlock()
			return nil
		// That is no fault of the target: what is left is owed to another run.
		case entitlement.StalePart(err) == "":
			run.Log.WarnContext(calls, "a target's limits could not be read or written; it is not called", "connector", m.target.id, "error", err)
			return errNoTime
		}
		// Another worker took the portion: the next one is behind it.
	}
	return errNoTime
}

// newer returns the portion that was taken, or the one at hand where none was: others of this
// worker went on spending from that meanwhile.
func (s *share) newer(taken entitlement.Portion) entitlement.Portion {
	if taken.From.Equal(s.portion.From) && taken.Until.Equal(s.portion.Until) {
		return s.portion
	}
	return taken
}

func (m *meter) sleepUntil(calls context.Context, from time.Time) error {
	err := m.target.run.Clock.Sleep(calls, from.Sub(m.target.run.Clock.Now()))
	if err != nil || !m.target.run.inTime() {
		return errNoTime
	}
	return nil
}
