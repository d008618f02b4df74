package delivery

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

// parallelCalls bounds the calls that one worker makes to one target side by side: with the
// two workers of the bulk queue as many as a target can take that allows twenty changes a
// second and needs 200 ms for each of the three calls of a change (Y5).
const parallelCalls = 8

// patience is how long one run waits for a target that asks for a moment. What takes
// longer is owed and taken up again later: the worker is needed elsewhere (L6).
const patience = 10 * time.Second

// partsPerBatch is how many people are carried from claim to record at a time where they must be
// looked up first, so that a run which is cut short has recorded what it did.
const partsPerBatch = 100

// maxMisses is how many calls in a row may stay unanswered at a target that answered others.
const maxMisses = 3

// target carries out the tasks of several subjects at one target system.
type target struct {
	run       *run
	id        entitlement.ConnectorID
	conn      connector.Connector
	caps      connector.Capabilities
	accounts  connector.Accounts // nil: none can be made
	manners   targetProfile
	breaker   entitlement.Breaker
	began     time.Time // when it was let in
	finishing errgroup.Group
	token     string                 // under which this worker may write to a resource
	heard     chan struct{}          // closed when the outcome of the first call is known
	nobody    connector.PrincipalRef // an id that nobody has
	meter     *meter                 // nil: the target publishes no limits

	mu        sync.Mutex // of what follows
	looked    time.Time  // when it was last seen not to be paused
	failed    bool       // some call was not answered
	misses    int        // calls in a row that were not
	answered  bool       // some call was
	alive     bool       // or was refused
	busy      time.Time  // the target throttles, and wants to be asked again then
	quiet     time.Time  // the target asked to be left alone until then
	patient   time.Time  // how long it is worth waiting for that
	lags      []time.Duration
	resources map[string]*resource
}

// unit is what is done at a time: one role of as many subjects as the target takes at once.
type unit struct {
	*target
	resource *resource
	role     entitlement.RoleRef
	ops      []*op
	turn     int // among those of the resource
}

// serve carries out parts: those first whose ids are known, together; then the others, so
// many at a time that what was found out is recorded soon.
func (t *target) serve(ctx, calls context.Context, parts []*targetJob) {
	t.finishing.SetLimit(parallelReads)
	defer t.finishing.Wait()

	refusal, away := t.open(ctx)
	if away {
		t.leaveOut(ctx, parts)
		return
	}
	// What was learnt of the target is written even where all calls failed: above all then.
	if refusal == nil {
		defer t.remember(ctx)
		calls = t.metered(calls)
	}

	var known, unknown []*targetJob
	for _, p := range parts {
		if refusal == nil && t.unsure(p.grantSet, p.job.plan(p.grantSet, t.run.Clock.Now())) {
			unknown = append(unknown, p)
		} else {
			known = append(known, p)
		}
	}

	for _, some := range slices.Concat([][]*targetJob{known}, slices.Collect(slices.Chunk(unknown, partsPerBatch))) {
		if len(some) > 0 {
			t.wave(ctx, calls, some, refusal)
		}
	}
}

// open reads whether the target may be called, and opens it. What it returns is recorded of
// all tasks instead; away, nothing is, since the target is of the other network by now.
func (t *target) open(ctx context.Context) (instead *outcome, away bool) {
	switch ok, err := t.admitted(ctx); {
	case err != nil:
		return &outcome{failure: refusalOf(err)}, false
	case !ok:
		return &outcome{failure: t.resting(), resting: true}, false
	}

	conn, err := t.run.Connectors.Open(ctx, t.id)
	if err != nil {
		return &outcome{failure: refusalOf(err), resting: isPaused(err)}, t.run.isElsewhere(err)
	}
	t.looked = t.run.Clock.Now()

	t.conn, t.caps = conn, conn.Describe()
	if can, is := conn.(connector.Accounts); is && t.caps.Accounts != nil {
		t.accounts = can
	}
	// A connector that says nothing of itself gets one change a call, and one way of asking.
	t.caps.MaxBatch = max(t.caps.MaxBatch, 1)
	if len(t.caps.Ways) == 0 {
		t.caps.Ways = []connector.Way{""}
	}

	_, madeLater := conn.(connector.Poller)
	t.manners = targetProfile{authoritative: t.caps.Authoritative, serial: t.caps.SerialWrites, unconfirmed: t.caps.Unconfirmed, window: windowOf(t.caps, t.breaker), madeLater: madeLater}

	t.token, t.nobody = t.run.IDs.New(), connector.PrincipalRef(t.run.IDs.New())
	t.heard, t.resources = make(chan struct{}), map[string]*resource{}

	return nil, false
}

// wave carries some parts from claim to record.
func (t *target) wave(ctx, calls context.Context, parts []*targetJob, instead *outcome) {
	if !t.run.inTime() {
		for _, p := range parts {
			p.left = true
			t.finish(ctx, p)
		}
		return
	}

	// Step 2. Who is left here has a claim until the run is over.
	parts = t.claim(ctx, parts)
	if instead != nil {
		for _, p := range parts {
			p.rested = instead.resting
			t.unchanged(ctx, p, *instead)
		}
		return
	}

	// Step 3.
	t.find(ctx, calls, parts)
	t.tendAll(ctx, calls, parts)
	t.enterAll(ctx, parts)

	// Step 4, and step 5 by whichever unit is the last one of a part.
	var g errgroup.Group
	g.SetLimit(parallelCalls)
	if t.breaker.Failures > 0 {
		g.SetLimit(1) // one call tries a target that was silent
	}

	units := t.units(parts)
	t.meter.expect(units)

	for _, u := range units {
		over := make(chan struct{})
		g.Go(func() error { defer close(over); u.serve(ctx, calls); return nil })
		select {
		case <-t.heard: // the first call is made alone: of a dead target, one is enough (Y17)
		case <-over:
		}
	}

	g.Wait()
}

// units sorts the tasks of those whose ids are known by role, and cuts them to the target's
// size. The resources take turns, since changes of one may have to wait for each other, and
// those that failed before come last: what one of them does to the target is not to keep
// the others from it (L7).
func (t *target) units(parts []*targetJob) []*unit {
	byRole := map[entitlement.RoleRef][]*op{}

	for _, p := range parts {
		// What is over already needs no call, such as a removal whose account is not there.
		for _, task := range p.tasks {
			if task.over {
				continue
			}

			byRole[task.Role] = append(byRole[task.Role], p.ops(task)...)
		}
	}

	// In order, so that equal parts make equal calls.
	var units []*unit
	turns := map[string]int{}
	for _, role := range slices.SortedFunc(maps.Keys(byRole), compareRoles) {
		for ops := range slices.Chunk(byRole[role], t.caps.BatchOf(role.Resource)) {
			units = append(units, &unit{target: t, role: role, ops: ops, turn: turns[role.Resource]})
			turns[role.Resource]++
		}
	}

	order.SortStableFunc(units, func(a, b *unit) int {
		return cmp.Or(cmp.Compare(a.trouble(), b.trouble()), cmp.Compare(a.turn, b.turn))
	})

	return units
}

// trouble returns how often something of the unit failed before.
func (u *unit) trouble() int {
	n := 0
	for _, o := range u.ops {
		n = max(n, o.record.Attempts)
	}
	return n
}

// Calls that were not made.
var (
	// errSilent: the ones before were not answered.
	errSilent = entitlement.Errorf(entitlement.Unavailable, "The target does not answer.")
	// errNoTime: the run is nearly over.
	errNoTime = errors.New("no time is left for a call")
)

// call makes one call to the target, unless it is silent or the time is over.
func (t *target) call(calls context.Context, do func(context.Context) error) error {
	err := t.try(calls, do)
	t.observe(err)
	return err
}

// try makes a call whose outcome the caller takes note of, with observe.
func (t *target) try(calls context.Context, do func(context.Context) error) error {
	if t.paused(calls) {
		return connector.Paused()
	}
	return t.attempt(calls, do)
}

// attempt is try for whoever has looked already whether the target is paused.
func (t *target) attempt(calls context.Context, do func(context.Context) error) error {
	switch {
	case t.silent():
		return errSilent
	case calls.Err() != nil || !t.run.inTime():
		return errNoTime
	}
	err := do(calls)
	if err != nil && calls.Err() != nil {
		return errNoTime // our time was over, not the target's patience
	}
	return err
}

func (t *target) silent() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.misses > 0 && !t.answered && !t.alive || t.misses >= maxMisses
}

// waitRetryAfter waits for the end of the moment that the target asked somebody for.
func (t *target) waitRetryAfter(calls context.Context) {
	t.mu.Lock()
	wait := t.quiet.Sub(t.run.Clock.Now())
	t.mu.Unlock()
	if wait > 0 {
		_ = t.run.Clock.Sleep(calls, wait) // where the time is over, the next call says so
	}
}

// worthWaiting reports that a call failed because the target wants to be left alone for
// so short a time that it is worth waiting. All calls wait then, not the refused one alone.
func (t *target) worthWaiting(err error) bool {
	// A refusal without a time says nothing of how long; the grant waits for its own back-off.
	refusal, now := connector.RefusalOf(err), t.run.Clock.Now()
	if refusal.Reason != connector.TargetThrottled || refusal.After <= 0 {
		return false
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	// From the first one on: a target that asks again and again gets ten seconds in all (L6).
	if t.patient.IsZero() {
		t.patient = now.Add(patience)
	}

	until := now.Add(refusal.After)
	if until.After(t.patient) {
		return false
	}

	if until.After(t.quiet) {
		t.quiet = until
	}
	return true
}

// note takes in an outcome under one of the subject's ids, or "" for all, and has the part recorded when it was the last one.
func (t *target) note(ctx context.Context, task *task, id connector.PrincipalRef, o outcome) {
	if task.part.note(task, id, o, t.run.Clock.Now()) {
		t.finish(ctx, task.part)
	}
}

// noteAll takes in the outcome of all tasks of a part.
func (t *target) noteAll(ctx context.Context, p *targetJob, o outcome) {
	for _, task := range p.tasks {
		task.ids = 1
		t.note(ctx, task, "", o)
	}
}

// failedBy returns the outcome of a task whose call failed.
func failedBy(err error) outcome {
	if isNoTime(err) {
		return outcome{left: true}
	}
	return outcome{failure: refusalOf(err)}
}

func isNoTime(err error) bool { return errors.Is(err, errNoTime) }

func (t *target) finish(ctx context.Context, p *targetJob) {
	p.unsign()
	t.finishing.Go(func() error { t.run.finish(ctx, p.job, p); return nil })
}
