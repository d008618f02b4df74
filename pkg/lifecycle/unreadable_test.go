package lifecycle_test

import (
	"testing"
	"time"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// Items that a newer version wrote lie first in every shard of the due index, and an index
// entry of a kind that is not known: all others end when they are due, and each is told of
// (F37, L2).
func TestF37_UnreadableItemsInTheDueIndexStopNoExpiry(t *testing.T) {
	d := dynamotest.NewDamaged()
	w := fixtureOn(t, d.Store)
	var due []entitlement.AssignmentRequest
	for range 40 {
		due = append(due, w.ask(entitlement.AssignmentPolicy{Expiration: hours(1)}, entitlement.Schedule{}))
	}
	spoilt := due[:10]
	for _, r := range spoilt {
		d.SpoilAssignmentSlot(t, r.Package, r.Subject)
	}
	d.PlantDue(t, w.clock.Now())
	w.clock.Advance(time.Hour)
	d.Noticed()

	got := w.run()

	if got.Expired != 30 {
		t.Errorf("%d ended, want the 30 that can be read", got.Expired)
	}
	if n := d.Noticed(); n < 14 {
		t.Errorf("told of %d items, want each of 14 at least", n)
	}
	for _, r := range due[10:] {
		a, err := w.store.Assignment(t.Context(), r.AssignmentOf())
		if err != nil || a.State != entitlement.AssignmentExpired {
			t.Fatalf("got %+v, %v", a, err)
		}
	}
}
