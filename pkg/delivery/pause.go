package delivery

import (
	"context"
	"errors"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

const (
	// pauseSeen is how often a run that is under way looks whether its target was paused: it
	// sends nothing any more that long after the pause.
	pauseSeen = 5 * time.Second
	// pausedRetry is when somebody is looked at again who waits for a paused target. Nobody has
	// to wait for it: resuming wakes them.
	pausedRetry = time.Hour
)

// isPaused reports a call that was not made, since the target is paused.
func isPaused(err error) bool {
	refusal, is := errors.AsType[*connector.Refusal](err)
	return is && refusal.Reason == connector.TargetPaused
}

// paused reports that the target was paused since it was opened. Where no call would be made
// anyway it does not look.
func (t *target) paused(ctx context.Context) bool {
	if t.id == entitlement.BuiltinConnector || t.silent() || ctx.Err() != nil || !t.run.inTime() {
		return false
	}

	t.mu.Lock()
	now := t.run.Clock.Now()
	recent := now.Before(t.looked.Add(pauseSeen))
	t.mu.Unlock()
	if recent {
		return false
	}

	// Where it cannot be read, nothing says that it is paused, and the next call looks again.
	c, err := t.run.Store.Connector(ctx, t.id)
	if err != nil || c.Paused {
		return c.Paused
	}
	t.mu.Lock()
	t.looked = now
	t.mu.Unlock()
	return false
}
