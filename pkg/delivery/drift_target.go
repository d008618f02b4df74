package delivery

import (
	"context"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// driftTarget is one target in one run, with the share of it that the run may use.
type driftTarget struct {
	run   *driftRun
	id    entitlement.ConnectorID
	conn  connector.Connector
	caps  connector.Capabilities
	err   error
	calls int // that are left of the share, where the target publishes no limits
	units share
	burst float64 // units at most that the share holds
	have  float64 // that it holds
	since time.Time
	spent bool

	window time.Duration
	nobody connector.PrincipalRef // an id that nobody has
}

// Shares of a target that one run may use.
const (
	// driftPart is the part of a published limit that is held at most, and that comes anew in one of
	// its windows: both together are a tenth of what the target takes in any window.
	driftPart = 20
	// driftWait is how long a call waits for its share, at most: a run is over for the target before.
	driftWait = 5 * time.Second
	// driftCalls is how many calls a run makes to a target without published limits.
	driftCalls = 60
	// driftOwn is how many to the built-in directory, which is our own table.
	driftOwn = 2000
)

// target opens a target, once in a run.
func (r *driftRun) target(ctx context.Context, id entitlement.ConnectorID) (*driftTarget, error) {
	if t, known := r.targets[id]; known {
		return t, t.err
	}

	t := &driftTarget{run: r, id: id, nobody: connector.PrincipalRef(r.IDs.New())}
	r.targets[id] = t
	t.err = t.open(ctx)
	return t, t.err
}

func (t *driftTarget) open(ctx context.Context) error {
	b, err := t.run.Store.Breaker(ctx, t.id)
	if err != nil {
		return err
	}
	// What was silent a moment ago is left alone: deliveries find out when it is well again.
	if b.Failures > 0 {
		return connector.Fail(entitlement.Unavailable, "open connector", &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "The target did not answer when it was last called."}, nil)
	}

	if t.conn, err = t.run.Connectors.Open(ctx, t.id); err != nil {
		return connector.RefusalOf(err)
	}
	t.caps = t.conn.Describe()
	t.caps.MaxBatch = max(t.caps.MaxBatch, 1)
	if len(t.caps.Ways) == 0 {
		t.caps.Ways = []connector.Way{""}
	}
	t.window = windowOf(t.caps, b)

	t.calls = driftCalls
	switch {
	case t.caps.Authoritative:
		t.calls = driftOwn
	case t.caps.Rate != nil:
		t.units.limit = t.caps.Rate.Units
		t.burst = max(float64(t.caps.Rate.Units.Most)/driftPart, 1)
		t.have, t.since = t.burst, t.run.Clock.Now()
	}
	return nil
}

// call makes one call to the target, if the share allows it. The calls of a target with published
// limits pay for themselves, as they cost.
func (t *driftTarget) call(ctx context.Context, do func(context.Context) error) error {
	if t.spent || !t.run.inTime() {
		return errNoTime
	}
	if t.caps.Rate != nil {
		return ofTarget(do(connector.Limited(ctx, t.spend)))
	}
	if t.calls == 0 {
		t.spent = true
		return errNoTime
	}
	t.calls--
	return ofTarget(do(ctx))
}

// ofTarget marks an error as the target's, so that it is recorded of the comparison.
func ofTarget(err error) error {
	if err == nil || isNoTime(err) {
		return err
	}
	return connector.RefusalOf(err)
}

// spend takes a cost out of the run's share, and out of what the table hands out to all workers. Where
// others have taken what there is now, deliveries come first, and this run is over for the target.
func (t *driftTarget) spend(ctx context.Context, c entitlement.Cost) error {
	units := c.Units + c.Writes
	if err := t.await(ctx, float64(units)); err != nil {
		t.spent = true
		return err
	}

	if now := t.run.Clock.Now(); t.units.limit.Most > 0 && !t.units.portion.Holds(units, now) {
		lease, err := t.run.Store.RateLease(ctx, t.id)
		if err != nil {
			return err
		}
		if lease.Units.After(now) {
			t.spent = true
			return errNoTime
		}
		lease.Units = t.units.take(lease.Units, units, max(units, int(t.have)), now)
		err = t.run.Store.Commit(ctx, entitlement.Change{RateLeases: []entitlement.RateLease{lease}})
		if entitlement.StalePart(err) != "" {
			t.spent = true
			return errNoTime
		}
		if err != nil {
			return err
		}
	}

	t.units.spend(units)
	t.have -= float64(units)
	return nil
}

// await waits until the share holds so many. A call that costs more than the share ever holds takes it
// whole, and the next one waits for longer.
func (t *driftTarget) await(ctx context.Context, units float64) error {
	limit := t.units.limit
	if t.spent {
		return errNoTime
	}
	if limit.Most == 0 {
		return nil
	}

	perSecond := t.burst / limit.Window.Seconds()
	now := t.run.Clock.Now()
	t.have, t.since = min(t.burst, t.have+now.Sub(t.since).Seconds()*perSecond), now
	missing := min(units, t.burst) - t.have
	if missing <= 0 {
		return nil
	}

	wait := time.Duration(missing/perSecond*float64(time.Second)) + time.Millisecond
	if wait > driftWait || !now.Add(wait).Before(t.run.until) {
		return errNoTime
	}
	if err := t.run.Clock.Sleep(ctx, wait); err != nil {
		return errNoTime
	}
	t.have, t.since = t.have+wait.Seconds()*perSecond, t.run.Clock.Now()
	return nil
}

// check asks who of the people holds the role, and returns what counts of the answer: in one way after
// the other, until what counts is known of all. Each question names an id that nobody has, and, where
// one is known, somebody who was seen to be there: so each shows whether it tells them apart (S15).
func (t *driftTarget) check(ctx context.Context, role entitlement.RoleRef, known entitlement.TargetResource, who []suspect, there connector.PrincipalRef) ([]entitlement.Presence, error) {
	counts := make([]entitlement.Presence, len(who))
	for i := range counts {
		counts[i] = entitlement.PresenceUnknown
	}

	var last error
	answered := false
	for _, way := range t.ways(known) {
		said, err := t.ask(ctx, role, way, who, there)
		if refusal := connector.RefusalOf(err); err != nil && passes(refusal.Reason) && !isNoTime(err) {
			last = err
			continue
		}
		if err != nil {
			return nil, err
		}

		answered = true
		open := false
		for i, p := range said.weighed(t, known, who) {
			if counts[i] == entitlement.PresenceUnknown {
				counts[i] = p
			}
			open = open || counts[i] == entitlement.PresenceUnknown
		}
		if !open {
			break
		}
	}

	if !answered {
		return nil, last
	}
	return counts, nil
}

// ways are those of the target, the one that told last first.
func (t *driftTarget) ways(known entitlement.TargetResource) []connector.Way {
	all := make([]connector.Way, 0, len(t.caps.Ways))
	for _, w := range t.caps.Ways {
		if string(w) == known.Way {
			all = append(all, w)
		}
	}
	for _, w := range t.caps.Ways {
		if string(w) != known.Way {
			all = append(all, w)
		}
	}
	return all
}

// driftAnswer is what one way said of people, of somebody who is there, and of nobody.
type driftAnswer struct {
	way     connector.Way
	people  []entitlement.Presence
	control entitlement.Presence
	there   entitlement.Presence
}

// weighed returns what counts of it, as delivery counts.
func (a driftAnswer) weighed(t *driftTarget, known entitlement.TargetResource, who []suspect) []entitlement.Presence {
	if t.caps.Authoritative {
		return a.people
	}

	result := checkResult{way: a.way, control: a.control, people: append(append([]entitlement.Presence{}, a.people...), a.there), shown: make([]bool, len(who)+1)}
	for i, s := range who {
		result.shown[i] = s.way == string(a.way)
	}
	return result.weigh(known, t.run.Clock.Now())[:len(who)]
}

// ask asks in one way.
func (t *driftTarget) ask(ctx context.Context, role entitlement.RoleRef, way connector.Way, who []suspect, there connector.PrincipalRef) (driftAnswer, error) {
	a := driftAnswer{way: way}
	var refs []connector.PrincipalRef
	for _, s := range who {
		refs = append(refs, connector.PrincipalRef(s.finding.Principal))
	}
	controls := 0
	if !t.caps.Authoritative {
		refs, controls = append(refs, t.nobody), 1
		if there != "" {
			refs, controls = append(refs, there), 2
		}
	}

	var said []entitlement.Presence
	// The controls may be one more than a call takes.
	for len(refs) > 0 {
		some := refs[:min(len(refs), t.caps.MaxBatch)]
		refs = refs[len(some):]
		err := t.call(ctx, func(ctx context.Context) error {
			part, err := t.conn.Check(ctx, role, way, some)
			said = append(said, part...)
			return answeredAll(len(part), len(some), err)
		})
		if err != nil {
			return a, err
		}
	}

	a.people = said[:len(who)]
	if controls > 0 {
		a.control = said[len(who)]
	}
	if controls > 1 {
		a.there = said[len(who)+1]
	}
	return a, nil
}
