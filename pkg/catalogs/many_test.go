package catalogs_test

import (
	"testing"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// Who held a package once, and who asked for it, are not read by its deletion nor by that of
// its policy.
func TestF38_DeletingAPackageWithFiftyThousandFormerHoldersReadsNoneOfThem(t *testing.T) {
	cost := func(history int) (calls int, read float64) {
		w := newWorld(t)
		store, meter := dynamotest.Metered()
		w.store, w.Service.Store = store, store
		p := w.pack(w.catalog())
		policy := w.policy(p)
		dynamotest.OldRequests(t, store, "somebody", p.ID, history, w.clock.Now())
		meter.Reset()
		if err := w.DeletePolicy(t.Context(), by, policy.ID); err != nil {
			t.Fatal(err)
		}
		if err := w.DeletePackage(t.Context(), by, p.ID); err != nil {
			t.Fatal(err)
		}
		return meter.Total(), meter.ReadUnits
	}
	calls, read := cost(0)
	manyCalls, manyRead := cost(dynamotest.Many)
	t.Logf("without history %d calls, %.1f R; with %d requests %d calls, %.1f R", calls, read, dynamotest.Many, manyCalls, manyRead)
	if calls != manyCalls || read != manyRead {
		t.Errorf("with history %d calls and %.1f R, without %d and %.1f", manyCalls, manyRead, calls, read)
	}
}

// Where somebody holds a package the first page says so, however many more there are.
func TestF38_ADeletionThatIsRefusedReadsOnePageOfFiftyThousandHolders(t *testing.T) {
	w := newWorld(t)
	store, meter := dynamotest.Metered()
	w.store, w.Service.Store = store, store
	p := w.pack(w.catalog())
	dynamotest.Fill(t, store, dynamotest.Many, func(i int, c *entitlement.Change) {
		subject := entitlement.UserID(dynamotest.OldID(5, i))
		c.Slots = append(c.Slots, entitlement.Slot{Package: p.ID, Subject: subject,
			Assignment: &entitlement.Assignment{ID: entitlement.AssignmentID(dynamotest.OldID(6, i)), Package: p.ID, Subject: subject}})
	})
	meter.Reset()
	w.kind(w.DeletePackage(t.Context(), by, p.ID), entitlement.Conflict, "100 assignments")
	if meter.Calls["Query"] != 1 {
		t.Errorf("%d pages were read", meter.Calls["Query"])
	}
}
