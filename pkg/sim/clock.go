package sim

import (
	"context"
	"time"
)

// Bounds of how wrong a clock is (F23). Two workers tell each other by leases when one may
// take over from the other, and keep a reserve of fifteen seconds; their clocks are held to
// less than that. Nothing else may rest on clocks that agree.
const (
	maxSkew       = 5 * time.Minute
	maxWorkerSkew = 5 * time.Second
)

// toldTime is the clock as the running function sees it. It is wrong by as much as was
// drawn for the function, and jumps to the other side on the way.
type toldTime struct{ of *scheduler }

// Sleep holds the calling goroutine until the time has passed.
func (t toldTime) Sleep(ctx context.Context, d time.Duration) error {
	if inv := invocationOf(ctx); inv != nil && !t.of.park(inv, "waits "+d.String(), d) {
		return errDead
	}
	return nil
}

// Now returns what the running function takes for the time.
func (t toldTime) Now() time.Time {
	now := time.Now().UTC()
	inv := t.of.running
	switch {
	case inv == nil:
		return now
	case inv.calls > int(inv.seed%8):
		return now.Add(-inv.skew)
	default:
		return now.Add(inv.skew)
	}
}
