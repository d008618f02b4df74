package lifecycle_test

import (
	"testing"
	"time"

	"leasehold/pkg/dynamo/dynamotest"
)

// Somebody who once approved in fifty thousand sets of approvers is disabled: the request in
// the last of them that waits for nobody now is found, by ticks that each read a bounded part.
func TestF38_WhatWaitsForALeaverInFiftyThousandApproverSetsIsFound(t *testing.T) {
	store, meter := dynamotest.Metered()
	w := officeIn(t, worldOn(t, store))
	meter.ApproverSets(t, w.ann, dynamotest.Many)
	r := w.asks(single(w.ann), single(w.bob))
	w.enabled(w.bob, false)
	for range 3 { // until nobody looks any more at what waits for him
		w.run()
		w.clock.Advance(2 * time.Minute)
	}
	w.waitsFor(r, w.fay, false)

	w.enabled(w.ann, false)
	ticks, most, widened := 0, 0, 0
	for ; widened == 0 && ticks < 30; ticks++ {
		w.clock.Advance(time.Minute)
		meter.Reset()
		widened = w.run().Widened
		most = max(most, meter.Total())
	}
	w.waitsFor(r, w.fay, true)
	t.Logf("%d ticks of at most %d calls", ticks, most)
	if ticks > 12 || most > 5300 {
		t.Errorf("it took %d ticks of at most %d calls", ticks, most)
	}
}
