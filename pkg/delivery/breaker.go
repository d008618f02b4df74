package delivery

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Bounds of the breaker: a dead target sees at most twenty tries in ten minutes, and one
// with every sweep, so that it is found well again within a minute (D3). A back-off
// counts from the begin of a try, which may take long: the next sweep would come too
// early for it.
const (
	firstBackOff = 30 * time.Second
	maxBackOff   = 50 * time.Second
)

// breakerDelay returns how long a target is left alone after n failures in a row.
func breakerDelay(n int) time.Duration { return min(firstBackOff<<min(max(n-1, 0), 10), maxBackOff) }

// admitted reports whether the target may be called now. After a back-off one worker of
// many is let through: the one that moves the end of the back-off on.
func (t *target) admitted(ctx context.Context) (bool, error) {
	b, err := t.run.Store.Breaker(ctx, t.id)
	if err != nil {
		return false, err
	}

	t.breaker = b
	now := t.run.Clock.Now()
	t.began = now

	switch {
	case b.Failures == 0:
		return true, nil
	case now.Before(b.Until):
		return false, nil
	}

	// The condition on the breaker's version picks the one worker that tries. A crash from here
	// on leaves the back-off moved on: the next try comes one back-off later.
	b.Until = now.Add(breakerDelay(b.Failures))
	err = t.run.Store.Commit(ctx, entitlement.Change{Breakers: []entitlement.Breaker{b}})
	if entitlement.StalePart(err) != "" {
		return false, nil
	}

	b.Version++
	t.breaker = b
	return err == nil, err
}

// remember records how the target did as a whole, and how late its reads were, where that
// is news. Losing the race to write it is harmless: somebody else saw the same target.
func (t *target) remember(ctx context.Context) {
	for _, id := range slices.Sorted(maps.Keys(t.resources)) {
		t.resources[id].remember(ctx)
	}

	b, news := observe(t.breaker, t.lags)
	well := b.Failures > 0 && t.answered

	switch {
	case t.failed && !t.answered && !t.alive:
		b.Failures++
		b.Until = t.began.Add(breakerDelay(b.Failures))
	case well:
		b.Failures, b.Until = 0, time.Time{}
	case b.Failures > 0 && !t.busy.IsZero():
		b.Until = t.busy // it is alive, and has said when it wants to be tried again
	case !news:
		return
	}

	if err := t.run.Store.Commit(ctx, entitlement.Change{Breakers: []entitlement.Breaker{b}}); err != nil && entitlement.StalePart(err) == "" {
		t.run.Log.WarnContext(ctx, "the state of a target was not recorded", "connector", t.id, "error", err)
	}
	if well {
		t.wake(ctx) // not before: whoever is woken at once would find the target backed off from
	}
}

// maxWoken bounds the people whom one worker wakes (S21): a few seconds of what a run keeps
// for its end.
const maxWoken = 50_000

// wake enqueues everybody who waited for the target, those who waited longest first: their
// next attempts may lie an hour ahead. What is not enqueued here is found by the sweep in
// its time.
func (t *target) wake(ctx context.Context) {
	woken := 0
	for _, reason := range []string{entitlement.ReasonUnavailable, entitlement.ReasonPaused} {
		if err := t.wakeFailing(ctx, reason, &woken); err != nil {
			t.run.Log.WarnContext(ctx, "those who waited for a target were not all told that it is well again; the sweep will find them", "connector", t.id, "error", err)
			return
		}
	}
}

func (t *target) wakeFailing(ctx context.Context, reason string, woken *int) error {
	for page := (entitlement.Page{}); *woken < maxWoken; {
		waiting, err := t.run.Store.Failing(ctx, t.id, reason, page)
		if err != nil {
			return err
		}

		var subjects []entitlement.UserID
		for _, f := range waiting.Items {
			subjects = append(subjects, f.Subject)
		}

		if len(subjects) > 0 {
			if err := t.run.Queue.Enqueue(ctx, subjects...); err != nil {
				return err
			}
		}

		if page.Token = waiting.Next; waiting.Next == "" {
			return nil
		}
		*woken += len(subjects)
	}
	return nil
}

// wellAgain reports that a target that was backed off from when a subject came is not
// any more: those who waited were woken, and this one may not have been on record among
// them.
func (r *run) wellAgain(ctx context.Context, j *reconciliation) bool {
	for _, p := range j.parts {
		if !p.rested {
			continue
		}
		// Where it cannot be read the subject is tried again in its time.
		if b, err := r.Store.Breaker(ctx, p.at); err == nil && b.Failures == 0 {
			return true
		}
	}
	return false
}

// observe takes note of a call's outcome. Only a target that answers nothing trips the breaker:
// one that refuses or throttles is alive, and has said what it wants, and one that answers
// some calls would lose the others' patience for each that it does not.
func (t *target) observe(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	// Whoever waits for the outcome of the first call may go on.
	select {
	case <-t.heard:
	default:
		close(t.heard)
	}

	if isNoTime(err) || errors.Is(err, errSilent) || isPaused(err) {
		return // there was no call
	}

	if err == nil {
		t.answered, t.misses = true, 0
		return
	}

	switch refusal := connector.RefusalOf(err); refusal.Reason {
	case connector.TargetUnavailable:
		t.failed, t.misses = true, t.misses+1
	case connector.TargetThrottled:
		t.busy = t.run.Clock.Now().Add(min(max(refusal.After, 0), maxBackOff))
		t.alive, t.misses = true, 0
	case connector.NotUnderstood: // whatever answered may not be the target
	default:
		t.alive, t.misses = true, 0
	}
}

// resting is what is recorded of tasks that a resting target was not asked about.
func (t *target) resting() *connector.Refusal {
	return &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "The target did not answer others a moment ago; delivery goes on by itself.",
		After: t.breaker.Until.Sub(t.run.Clock.Now())}
}
