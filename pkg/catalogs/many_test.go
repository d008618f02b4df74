package catalogs_test

import (
	"context"
	"testing"
	"time"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// Who held a package once, and who asked for it, are not read by its deletion nor by that of
// its policy.
func TestF38_DeletingAPackageWithFiftyThousandFormerHoldersReadsNoneOfThem(t *testing.T) {
	cost := func(history int) (calls int, read float64) {
		w := newFixture(t)
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
	w := newFixture(t)
	store, meter := dynamotest.Metered()
	w.store, w.Service.Store = store, store
	p := w.pack(w.catalog())
	w.holders(p.ID, "", dynamotest.Many)
	meter.Reset()
	w.kind(w.DeletePackage(t.Context(), by, p.ID), entitlement.Conflict, "100 assignments")
	if meter.Calls["Query"] != 1 {
		t.Errorf("%d pages were read", meter.Calls["Query"])
	}
}

// holders are n people who hold a package under a policy.
func (w *fixture) holders(p entitlement.PackageID, policy entitlement.PolicyID, n int) {
	w.t.Helper()
	dynamotest.Fill(w.t, w.store, n, func(i int, c *entitlement.Change) {
		a := entitlement.Assignment{ID: entitlement.AssignmentID(dynamotest.OldID(6, i)), Package: p, Policy: policy, Subject: entitlement.UserID(dynamotest.OldID(5, i))}
		c.Slots = append(c.Slots, entitlement.AssignmentSlot{Package: p, Subject: a.Subject, Assignment: &a})
	})
}

// A policy under which nobody stands goes in one call, though fifty thousand hold the package
// under another one: they are read by pages as large as the table has them.
func TestF38_DeletingAPolicyBesideFiftyThousandHoldersOfAnotherIsOneCall(t *testing.T) {
	w := newFixture(t)
	store, meter := dynamotest.Metered()
	w.store, w.Service.Store = store, store
	p := w.pack(w.catalog())
	used, unused := w.policy(p), w.policy(p)
	w.holders(p.ID, used.ID, dynamotest.Many)
	meter.Reset()
	if err := w.DeletePolicy(t.Context(), by, unused.ID); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d calls, %d pages, %.1f R", meter.Total(), meter.Calls["Query"], meter.ReadUnits)
	if pages := meter.Calls["Query"]; pages > 15 {
		t.Errorf("%d pages were read", pages)
	}
	w.kind(w.DeletePolicy(t.Context(), by, used.ID), entitlement.Conflict, "100 assignments")
}

// Fifty thousand who asked and took it back leave a trace for an hour, and whatever the
// table has not yet taken away of it stands in nobody's way.
func TestF38_DeletingAPackageThatFiftyThousandAskedForLatelyIsOneCall(t *testing.T) {
	w := newFixture(t)
	store, meter := dynamotest.Metered()
	w.store, w.Service.Store = store, store
	p := w.pack(w.catalog())
	dynamotest.Fill(t, store, dynamotest.Many, func(i int, c *entitlement.Change) {
		c.Slots = append(c.Slots, entitlement.AssignmentSlot{Package: p.ID, Subject: entitlement.UserID(dynamotest.OldID(5, i)), Setbacks: []time.Time{w.clock.Now()}})
	})
	meter.Reset()
	if err := w.DeletePackage(t.Context(), by, p.ID); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d calls, %d pages, %.1f R", meter.Total(), meter.Calls["Query"], meter.ReadUnits)
	if pages := meter.Calls["Query"]; pages > 10 {
		t.Errorf("%d pages were read", pages)
	}
}

// small is a store whose large pages are small ones.
type small struct{ *dynamotest.Store }

func (s small) Slots(ctx context.Context, id entitlement.PackageID, token string, _ int) (entitlement.Paged[entitlement.AssignmentSlot], error) {
	return s.Holders(ctx, id, entitlement.Page{Token: token})
}

// More than one call looks through is looked through by several, each of which goes on where
// the one before it ended; nobody gets in meanwhile. The pages are scaled down.
func TestF38_ADeletionGoesOnWhereTheLastCallEnded(t *testing.T) {
	w := newFixture(t)
	w.Service.Store = small{w.store}
	p := w.pack(w.catalog())
	used, unused := w.policy(p), w.policy(p)
	w.holders(p.ID, used.ID, 5000)
	calls := 1
	for ; ; calls++ {
		err := w.DeletePolicy(t.Context(), by, unused.ID)
		if err == nil {
			break
		}
		w.kind(err, entitlement.Throttled, "goes on where it was")
		if calls == 10 {
			t.Fatal("it comes to no end")
		}
		late := entitlement.AssignmentSlot{Package: p.ID, Subject: "late", Open: "late", OpenPolicy: unused.ID}
		if err := w.store.Commit(t.Context(), entitlement.Change{Slots: []entitlement.AssignmentSlot{late},
			DeletionGuards: []entitlement.DeletionGuard{{Package: p.ID, Subject: "late", Policy: unused.ID}}}); entitlement.StalePart(err) == "" {
			t.Fatalf("the policy is open to new work: %v", err)
		}
		w.clock.Advance(30 * time.Second)
	}
	if calls != 3 {
		t.Errorf("it took %d calls, want 3 for 50 pages", calls)
	}
}

// A look that somebody else's opening has made worthless begins anew.
func TestS7_ADeletionThatWasOpenedMeanwhileLooksFromTheStart(t *testing.T) {
	w := newFixture(t)
	w.Service.Store = small{w.store}
	p := w.pack(w.catalog())
	used, unused := w.policy(p), w.policy(p)
	w.holders(p.ID, used.ID, 3000)
	w.kind(w.DeletePolicy(t.Context(), by, unused.ID), entitlement.Throttled, "")
	policy, err := w.store.Policy(t.Context(), unused.ID)
	if err != nil || policy.Looked == "" {
		t.Fatalf("got %+v, %v", policy, err)
	}
	policy.Deleting = time.Time{} // as the sweep opens it, which leaves all the rest
	opened := entitlement.Change{Policies: []entitlement.AssignmentPolicy{policy}, DeletionGuardUpdates: []entitlement.DeletionGuardUpdate{{Package: p.ID, Policy: unused.ID}}}
	if err := w.store.Commit(t.Context(), opened); err != nil {
		t.Fatal(err)
	}
	early := entitlement.UserID(dynamotest.OldID(4, 0)) // before everybody
	if err := w.store.Commit(t.Context(), entitlement.Change{Slots: []entitlement.AssignmentSlot{{Package: p.ID, Subject: early, Open: "open", OpenPolicy: unused.ID}}}); err != nil {
		t.Fatal(err)
	}
	w.kind(w.DeletePolicy(t.Context(), by, unused.ID), entitlement.Conflict, "1 open requests")
}

// Every removal reads what is on record of a person at each connector, so that there may be so
// many connectors and no more.
func TestS21_ThereAreAtMostMaxConnectors(t *testing.T) {
	w := newFixture(t)
	first := w.connector()
	dynamotest.Fill(t, w.store, entitlement.MaxConnectors-1, func(i int, c *entitlement.Change) {
		c.Connectors = append(c.Connectors, entitlement.ConnectorConfig{ID: entitlement.ConnectorID(dynamotest.OldID(7, i)), DisplayName: "C", Kind: "scim"})
	})
	another := entitlement.ConnectorConfig{DisplayName: "One more", Kind: "scim", URL: "https://more.example", CorrelationKeys: first.CorrelationKeys}
	_, err := w.RegisterConnector(t.Context(), by, another, "s3cr3t")
	w.kind(err, entitlement.Precondition, "delete one that nothing uses")
	if err := w.DeleteConnector(t.Context(), by, first.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.RegisterConnector(t.Context(), by, another, "s3cr3t"); err != nil {
		t.Errorf("one was deleted, and none may be added: %v", err)
	}
}
