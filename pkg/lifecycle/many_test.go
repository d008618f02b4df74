package lifecycle_test

import (
	"testing"
	"time"

	"leasehold/pkg/dynamo/dynamotest"
)

// Somebody who once approved in fifty thousand sets of approvers is disabled: the request in
// the last of them that waits for nobody now is found, by sweeps that each read a bounded
// part.
func TestF38_WhatWaitsForALeaverInFiftyThousandApproverSetsIsFound(t *testing.T) {
	store, meter := dynamotest.Metered()
	w := approvalFixtureIn(t, fixtureOn(t, store))
	meter.ApproverSets(t, w.ann, dynamotest.Many)
	r := w.asks(single(w.ann), single(w.bob))
	w.enabled(w.bob, false)
	for range 3 { // until nobody looks any more at what waits for him
		w.run()
		w.clock.Advance(2 * time.Minute)
	}
	w.waitsFor(r, w.fay, false)

	w.enabled(w.ann, false)
	sweeps, most, widened := 0, 0, 0
	for ; widened == 0 && sweeps < 30; sweeps++ {
		w.clock.Advance(time.Minute)
		meter.Reset()
		widened = w.run().Widened
		most = max(most, meter.Total())
	}
	w.waitsFor(r, w.fay, true)
	t.Logf("%d sweeps of at most %d calls", sweeps, most)
	if sweeps > 12 || most > 5300 {
		t.Errorf("it took %d sweeps of at most %d calls", sweeps, most)
	}
}
