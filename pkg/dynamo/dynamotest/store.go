package dynamotest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/dynamo/faults"
)

// Store is the store that ships. Tests of use cases embed it under this name.
type Store = dynamo.DB

// New returns the store on an empty table in memory.
func New() *Store { return with(engine.Options{}, faults.Hooks{}) }

// with is New with a table that is behind, and with calls that go wrong. Calls are made
// again at once. Items are shared, since the store changes nothing that it is handed, which
// TestWhatIsReadIsNeverChanged holds it to.
func with(o engine.Options, h faults.Hooks, options ...dynamo.Option) *Store {
	o.Table, o.Share = "table", true
	return dynamo.New(faults.Wrap(engine.New(Waiving(o)), h), o.Table, append(options, dynamo.Pausing(atOnce))...)
}

func atOnce(ctx context.Context, _ int) error { return ctx.Err() }

// Fault is what becomes of one try of a call.
type Fault uint8

// The faults.
const (
	None       Fault = iota
	FailBefore       // the service is down, without effect
	FailAfter        // the answer is lost, after the effect
)

// Flaky is New with calls that go as fault says. It is asked before each try of each, and
// may take its time. The calls of one operation of the store come one after the other.
func Flaky(fault func(faults.Op) Fault) *Store { return FlakyJudged(fault, &Roles{}) }

// FlakyJudged is Flaky with calls that the role of their function does not allow refused.
func FlakyJudged(fault func(faults.Op) Fault, roles *Roles) *Store {
	var lost sync.Map // inputs of which the answer will be

	return with(engine.Options{}, faults.Hooks{
		Before: func(ctx context.Context, c faults.Call) error {
			if err := roles.evaluate(ctx, c); err != nil {
				return err
			}

			switch fault(c.Op) {
			case FailBefore:
				return faults.Down()
			case FailAfter:
				lost.Store(c.Input, true)
			}
			return nil
		},
		After: func(_ context.Context, c faults.Call, _ error) error {
			if _, is := lost.LoadAndDelete(c.Input); is {
				return faults.Silent()
			}
			return nil
		},
	}, dynamo.OneByOne())
}

// Behind is New with indexes that stay as they are until they are settled.
func Behind() (store *Store, settle func()) {
	var turn atomic.Int64 // what was written before it is seen
	seen := func(unseen []time.Time) (n int) {
		for n < len(unseen) && unseen[n].Unix() < turn.Load() {
			n++
		}
		return n
	}
	o := engine.Options{
		Now: func() time.Time { return time.Unix(turn.Load(), 0) },
		Lag: func(_ context.Context, _, _ string, unseen []time.Time) int { return seen(unseen) },
	}
	return with(o, faults.Hooks{}), func() { turn.Add(1) }
}
