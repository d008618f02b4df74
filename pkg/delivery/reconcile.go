// Package delivery makes the target systems match what people hold. A message says
// only whom to reconcile; the worker reads the truth, claims the subject's grants at
// each target, plans, checks what is there, writes what is missing, checks again, and
// records what it saw against the generation that it planned on.
//
// One subject at one target is a part. What happens to a part, and what a crash leaves:
//
//  1. The subject is read and planned on. Nothing is changed: the subject stays pending.
//  2. The part is claimed, which signs what may be granted and was never sent. A crash
//     leaves the claim until its lease ends, and the signatures: they count as sent.
//  3. The subject is looked up, where that is needed, and enters the use of an account that others may
//     share. A crash loses the id, nothing else.
//  4. Each role is read, written under a fence, and read again. A crash leaves what was
//     written at the target, and a record that says that it may be there; the id under
//     which it was written is lost where it was looked up just then.
//  5. The part is recorded, which ends its claim, and what follows for the subject's
//     assignments with it. Whatever is left is owed, at the time of the next look.
//  6. Messages name those who are to be looked at sooner. A crash loses them, and the sweep
//     finds at its own time what is owed.
//
// What an answer proves is decided in evidence.go, when it counts in window.go, and what
// to do next in decide.go; none of them calls anything.
package delivery

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Service reconciles subjects with their targets.
type Service struct {
	Store      Store
	Connectors Connectors
	Queue      Queue // hears of those who waited for a target that is well again, or for time
	Clock      clock.Clock
	IDs        clock.IDs
	Lease      time.Duration // as long as the function may run
	Log        *slog.Logger

	// Network is where the function calls targets from; "" where the deployment has one network
	// alone. HandOn is the queue of the function in the VPC, where this is that of the internet.
	Network names.Network
	HandOn  Queue
}

// Bounds of one call.
const (
	parallelReads = 16
	maxRounds     = 4                // a subject that keeps changing is left pending after so many
	reserve       = 15 * time.Second // of the run, kept for calls that are out and for recording
	recording     = 4 * time.Second  // of that, for recording alone
)

// run is one call of Deliver.
type run struct {
	*Service
	command string
	until   time.Time // when the run, and every claim of it, is over

	mu     sync.Mutex
	failed map[entitlement.UserID]error
	moved  []entitlement.UserID // to be planned afresh in this run
	left   []entitlement.UserID // for whom there was no time
	looks  map[entitlement.UserID]time.Time

	networks networks
}

// Deliver brings every subject's targets to what the subject's live assignments give, as
// far as the targets and the time let it, and records how far that was. A subject in the
// result could not be looked at and must be tried again; all others are done, or owed and
// recorded.
func (s *Service) Deliver(ctx context.Context, subjects []entitlement.UserID, command string) map[entitlement.UserID]error {
	budget := s.Lease
	if deadline, ok := ctx.Deadline(); ok {
		budget = min(budget, time.Until(deadline))
	}
	r := &run{Service: s, command: command, until: s.Clock.Now().Add(budget), failed: map[entitlement.UserID]error{}, looks: map[entitlement.UserID]time.Time{}}
	calls, cancel := context.WithTimeout(ctx, max(budget-recording, 0)) // no call may outlive the run
	defer cancel()

	// Steps 1 to 5, again for those who moved on meanwhile. Each round plans on what it reads,
	// so a crash between two of them is one after step 5.
	next := slices.Compact(slices.Sorted(slices.Values(subjects)))
	for round := 0; len(next) > 0 && round < maxRounds; round++ {
		next = r.round(ctx, calls, next)
	}

	// Step 6.
	r.enqueue(ctx)
	return r.failed
}

// inTime reports that there is time for another call.
func (r *run) inTime() bool { return r.Clock.Now().Before(r.until.Add(-reserve)) }

// round carries out what the subjects owe, all targets side by side, and returns those who
// moved on meanwhile. A part is recorded as soon as it is done: a silent target delays
// nothing at another.
func (r *run) round(ctx, calls context.Context, subjects []entitlement.UserID) []entitlement.UserID {
	// Step 1. A subject of whom nothing can be read fails alone, and is told of to the queue.
	byTarget := map[entitlement.ConnectorID][]*targetJob{}
	var g errgroup.Group

	jobs := r.divide(ctx, r.load(ctx, subjects))
	r.handOn(ctx, jobs)

	for _, j := range jobs {
		here := j.here()
		// What a subject without targets is owed is a matter of its record alone.
		if len(here) == 0 {
			g.Go(func() error { r.finish(ctx, j, nil); return nil })
		}
		for _, p := range here {
			byTarget[p.at] = append(byTarget[p.at], p)
		}
	}

	for id, parts := range byTarget {
		g.Go(func() error { (&target{run: r, id: id}).serve(ctx, calls, parts); return nil })
	}
	g.Wait()

	r.mu.Lock()
	defer r.mu.Unlock()
	moved := r.moved
	r.moved = nil
	slices.Sort(moved)
	return slices.Compact(moved)
}

// fail has a subject's message delivered again.
func (r *run) fail(subject entitlement.UserID, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed[subject] = err
}

// again has a subject planned afresh in the next round.
func (r *run) again(subject entitlement.UserID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.moved = append(r.moved, subject)
}

// laterOn leaves a subject to another run, for lack of time.
func (r *run) laterOn(subject entitlement.UserID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = append(r.left, subject)
}

// lookAt has a subject looked at again then.
func (r *run) lookAt(subject entitlement.UserID, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if was, known := r.looks[subject]; !known || at.Before(was) {
		r.looks[subject] = at
	}
}

// maxEnqueueDelay is how far ahead a message can be sent; what lies further is the sweep's.
const maxEnqueueDelay = 15 * time.Minute

// delayStep is how exactly messages are timed, so that one message serves many.
const delayStep = 5 * time.Second

// enqueue tells the queue of those for whom there was no time, and of those who must be
// looked at again soon. All of them are owed: a message that is lost costs time only.
func (r *run) enqueue(ctx context.Context) {
	byDelay := map[time.Duration][]entitlement.UserID{0: r.left}

	now := r.Clock.Now()

	for subject, at := range r.looks {
		// Rounded up, so that nobody looks too early and finds nothing to judge.
		if delay := (max(at.Sub(now), 0) + delayStep - 1).Truncate(delayStep); delay <= maxEnqueueDelay {
			byDelay[delay] = append(byDelay[delay], subject)
		}
	}

	for _, delay := range slices.Sorted(maps.Keys(byDelay)) {
		subjects := byDelay[delay]
		if len(subjects) == 0 {
			continue
		}

		slices.Sort(subjects)
		if err := r.Queue.EnqueueAfter(ctx, delay, slices.Compact(subjects)...); err != nil {
			r.Log.WarnContext(ctx, "a message was lost; the sweep will find the pending reconciliations", "subjects", len(subjects), "error", err)
		}
	}
}

// refusalOf turns a failed call into what is recorded of each op in it. A refused
// credential is not final: with a new one delivery goes on by itself (F28).
func refusalOf(err error) *connector.Refusal {
	refusal := *connector.RefusalOf(err)
	if refusal.Reason == connector.CredentialRefused || refusal.Reason == connector.TargetUnavailable {
		refusal.Permanent = false
	}
	return &refusal
}
