package delivery_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// Fifty thousand who waited for a target that did not answer are woken by the first to whom it
// answers again, by pages: each once, and those who waited longest first. The delivery that
// found the target well costs no more than without them, but for those pages.
func TestF38_FiftyThousandWhoWaitForATargetAreWoken(t *testing.T) {
	cost := func(waiting int) (calls int, read float64, told []entitlement.UserID) {
		w := newFixture(t)
		store, meter := dynamotest.Metered()
		w.store, w.worker.Store = store, store
		u, p := w.person(), w.pack("a")
		w.assign(u, p)
		w.down(u)
		meter.Failing(t, target, entitlement.ReasonUnavailable, waiting, w.clock.Now().Add(-time.Hour))
		w.target.down = nil
		w.clock.Advance(time.Minute)
		meter.Reset()

		w.deliver(u)

		calls, read = meter.Total(), meter.ReadUnits
		w.holds(u, "a", 1)
		if b, err := store.Breaker(context.Background(), target); err != nil || b.Failures != 0 {
			t.Errorf("the target rests still: %+v, %v", b, err)
		}
		return calls, read, w.queue.told
	}
	calls, read, _ := cost(0)
	manyCalls, manyRead, told := cost(dynamotest.Many)
	t.Logf("nobody waits: %d calls, %.1f R; %d do: %d calls, %.1f R", calls, read, dynamotest.Many, manyCalls, manyRead)
	for i := range dynamotest.Many {
		if who := entitlement.UserID(dynamotest.OldID(4, i)); len(told) < dynamotest.Many || told[i] != who {
			t.Fatalf("%d were told; the one at %d is not %s", len(told), i, who)
		}
	}
	if len(slices.Compact(slices.Sorted(slices.Values(told)))) != len(told) {
		t.Error("somebody was told twice")
	}
	if pages := dynamotest.Many / entitlement.PageSize; manyCalls > calls+pages || manyRead > read+3*float64(pages) {
		t.Errorf("%d calls and %.1f R for %d pages", manyCalls-calls, manyRead-read, pages)
	}
}
