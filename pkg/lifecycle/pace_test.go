package lifecycle_test

import (
	"context"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
)

// However many packages there are, one sweep counts a page of them, and the walk comes by all.
func TestS21_PacesAreCountedAPageAtATime(t *testing.T) {
	w := newFixture(t)
	ctx := context.Background()
	const packages = 25
	var ids []entitlement.PackageID
	for n := range packages {
		id := entitlement.PackageID(w.clock.New())
		ids = append(ids, id)
		w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{{ID: id, Catalog: entitlement.CatalogID(w.clock.New()), DisplayName: "P"}}})
		for range n % 7 { // some have enough to tell
			now := w.clock.Now()
			r := entitlement.AssignmentRequest{ID: entitlement.RequestID(w.clock.New()), Type: entitlement.UserAdd, State: entitlement.RequestDelivered, Package: id,
				Requestor: "00000000-0000-4000-8000-000000000001", Subject: "00000000-0000-4000-8000-000000000001", Policy: entitlement.PolicyID(w.clock.New()), Created: now, Completed: now.Add(3 * time.Hour)}
			var e entitlement.Event // by which a request is found by its package
			r.Chain, e = r.Chain.Append(entitlement.Event{Aggregate: entitlement.OfRequest, ID: string(r.ID), Kind: "submitted", Actor: r.Requestor, At: now,
				Data: map[string]string{"package": string(id), "subject": string(r.Subject)}})
			w.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{e}, DeletionGuards: []entitlement.DeletionGuard{{Package: id, Policy: r.Policy, Subject: r.Subject}}})
		}
	}

	counted := func() (told int) {
		t.Helper()
		all, err := w.store.Paces(ctx, ids)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			if took, enough := p.Usual(); enough {
				told++
				if took != 3*time.Hour {
					t.Errorf("%s takes %v", p.Package, took)
				}
			}
		}
		return told
	}
	count := func() {
		t.Helper()
		if err := w.sweep.CountPaces(ctx); err != nil {
			t.Fatal(err)
		}
	}

	count()
	first := counted()
	count() // too soon after
	if got := counted(); got != first || first == 0 || first == packages/7*2 {
		t.Errorf("%d are told after one page, %d after the second try", first, got)
	}
	for range 3 {
		w.clock.Advance(5 * time.Minute)
		count()
	}
	if got, want := counted(), packages/7*2; got != want {
		t.Errorf("%d are told after all pages, want %d", got, want)
	}
}
