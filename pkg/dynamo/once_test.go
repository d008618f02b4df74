package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/dynamo/faults"
	"leasehold/pkg/entitlement"
)

// onceFixture is a table with a few catalogs and resources, and what its calls are.
func onceFixture(t *testing.T) (*dynamotest.Store, *dynamotest.Meter, []entitlement.CatalogID) {
	t.Helper()
	store, meter := dynamotest.Metered()
	var ids []entitlement.CatalogID
	for n := range 3 {
		c := entitlement.Catalog{ID: newID[entitlement.CatalogID](), DisplayName: fmt.Sprint("Catalog ", n), Created: start2026}
		ids = append(ids, c.ID)
		made(t, store, entitlement.Change{Catalogs: []entitlement.Catalog{c}})
	}
	for n := range 5 {
		made(t, store, entitlement.Change{Resources: []entitlement.Resource{{ID: newID[entitlement.ResourceID](), Catalog: ids[0], DisplayName: fmt.Sprint("Team ", n),
			Connector: newID[entitlement.ConnectorID](), OriginID: "team", Created: start2026}}})
	}
	meter.Reset()
	return store, meter, ids
}

func made(t *testing.T, db *dynamo.DB, c entitlement.Change) {
	t.Helper()
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// Within Once an item is read once, by whatever read and beside whichever others; outside of it, and
// within another one, it is read anew.
func TestOnce_ReadsEachItemOnce(t *testing.T) {
	store, meter, ids := onceFixture(t)
	ctx := store.Once(t.Context())
	read := func(ctx context.Context, want int, names ...entitlement.CatalogID) {
		t.Helper()
		meter.Reset()
		got, err := store.Catalogs(ctx, names)
		if err != nil || len(got) != len(names) {
			t.Fatalf("%d catalogs, %v", len(got), err)
		}
		if meter.Total() != want {
			t.Errorf("%d calls for %d catalogs, want %d", meter.Total(), len(names), want)
		}
	}
	read(ctx, 1, ids[0])
	read(ctx, 0, ids[0])
	read(ctx, 1, ids...)
	if meter.ReadUnits != 2 {
		t.Errorf("%v units for two catalogs that were not read", meter.ReadUnits)
	}
	meter.Reset()
	if c, err := store.Catalog(ctx, ids[2]); err != nil || c.ID != ids[2] || meter.Total() != 0 {
		t.Errorf("%v, %v, %d calls", c.ID, err, meter.Total())
	}

	// What is absent is known to be.
	for range 2 {
		if _, err := store.Catalog(ctx, newID[entitlement.CatalogID]()); entitlement.KindOf(err) != entitlement.NotFound {
			t.Error(err)
		}
	}
	absent := newID[entitlement.CatalogID]()
	store.Catalog(ctx, absent)
	meter.Reset()
	if _, err := store.Catalog(ctx, absent); entitlement.KindOf(err) != entitlement.NotFound || meter.Total() != 0 {
		t.Errorf("%v, %d calls", err, meter.Total())
	}

	read(t.Context(), 1, ids[0])
	read(store.Once(t.Context()), 1, ids[0])
}

// A strong read is answered by strong reads alone; one that may be late by either.
func TestOnce_AnswersStrongReadsByStrongReadsAlone(t *testing.T) {
	store, meter, ids := onceFixture(t)
	ctx := store.Once(t.Context())
	for _, step := range []struct {
		read func(context.Context, []entitlement.CatalogID) ([]entitlement.Catalog, error)
		want float64
	}{{store.CatalogsAsListed, 0.5}, {store.CatalogsAsListed, 0}, {store.Catalogs, 1}, {store.CatalogsAsListed, 0}, {store.Catalogs, 0}} {
		meter.Reset()
		if got, err := step.read(ctx, ids[:1]); err != nil || len(got) != 1 || meter.ReadUnits != step.want {
			t.Errorf("%d catalogs, %v, %v units, want %v", len(got), err, meter.ReadUnits, step.want)
		}
	}
}

// A page of a query is read once, and the first rows of a longer one are those of a shorter one,
// with the same place where the next page begins.
func TestOnce_ReadsEachPageOfAQueryOnce(t *testing.T) {
	store, meter, ids := onceFixture(t)
	page := func(ctx context.Context, limit int, token string, calls int) entitlement.Paged[entitlement.Resource] {
		t.Helper()
		meter.Reset()
		got, err := store.ListResources(ctx, ids[0], entitlement.Page{Limit: limit, Token: token})
		if err != nil || meter.Total() != calls {
			t.Errorf("%d rows from %q: %v, %d calls, want %d", limit, token, err, meter.Total(), calls)
		}
		return got
	}

	ctx := store.Once(t.Context())
	page(ctx, 4, "", 1)
	short := page(ctx, 2, "", 0)
	alone := page(t.Context(), 2, "", 1)
	if len(short.Items) != 2 || short.Next != alone.Next || short.Items[1].ID != alone.Items[1].ID {
		t.Errorf("%d rows and then %q, alone %d and then %q", len(short.Items), short.Next, len(alone.Items), alone.Next)
	}
	if rest := page(ctx, 4, short.Next, 1); len(rest.Items) != 3 || rest.Next != "" {
		t.Errorf("%d rows follow, and then %q", len(rest.Items), rest.Next)
	}
	if all := page(ctx, 10, "", 1); len(all.Items) != 5 {
		t.Errorf("%d rows", len(all.Items))
	}
	if list := page(ctx, 10, "", 0); len(append(list.Items, list.Items...)) != 10 {
		t.Error("a list cannot be added to")
	}
}

// Whoever changes something sees it, and so does everybody who reads after that.
func TestOnce_ForgetsWithAChange(t *testing.T) {
	store, _, ids := onceFixture(t)
	ctx := store.Once(t.Context())
	c, err := store.Catalog(ctx, ids[0])
	if err != nil {
		t.Fatal(err)
	}
	c.DisplayName = "Renamed"
	if err := store.Commit(ctx, entitlement.Change{Catalogs: []entitlement.Catalog{c}}); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Catalog(ctx, ids[0]); err != nil || got.DisplayName != "Renamed" || got.Version == c.Version {
		t.Errorf("%q in version %d, %v", got.DisplayName, got.Version, err)
	}
}

// Reads at the same time are one call; where it fails, whoever waited for it reads by themselves.
func TestOnce_SharesReadsThatAreUnderWay(t *testing.T) {
	for _, fails := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			calls := 0
			table := engine.New(engine.Options{Table: "once"})
			id := newID[entitlement.CatalogID]()
			made(t, dynamo.New(table, "once"), entitlement.Change{Catalogs: []entitlement.Catalog{{ID: id, DisplayName: "Sales", Created: start2026}}})
			db := dynamo.New(faults.Wrap(table, faults.Hooks{Before: func(ctx context.Context, _ faults.Call) error {
				mu.Lock()
				calls++
				first := calls == 1
				mu.Unlock()
				time.Sleep(time.Second)
				if fails && first {
					return context.Canceled
				}
				return nil
			}}), "once", dynamo.Pausing(func(context.Context, int) error { return errors.New("no more tries") }))

			ctx := db.Once(t.Context())
			failures := make([]error, 4)
			var all sync.WaitGroup
			for i := range failures {
				all.Go(func() { _, failures[i] = db.Catalogs(ctx, []entitlement.CatalogID{id}) })
			}
			all.Wait()
			failed := len(slices.DeleteFunc(failures, func(err error) bool { return err == nil }))
			if want := map[bool][2]int{false: {1, 0}, true: {2, 1}}[fails]; calls != want[0] || failed != want[1] {
				t.Errorf("%d calls, of which %d failed; want %v", calls, failed, want)
			}
		})
	}
}

// What is kept of one context is bounded: beyond it things are read again, and rightly.
func TestS21_WhatOnceKeepsIsBounded(t *testing.T) {
	store, meter, ids := onceFixture(t)
	ctx := store.Once(t.Context())
	for range 30 {
		var absent []entitlement.CatalogID
		for range 100 {
			absent = append(absent, newID[entitlement.CatalogID]())
		}
		if _, err := store.Catalogs(ctx, absent); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		meter.Reset()
		if c, err := store.Catalog(ctx, ids[0]); err != nil || c.ID != ids[0] || meter.Total() != 1 {
			t.Errorf("%v, %v, %d calls", c.ID, err, meter.Total())
		}
	}
}

// An assignment that ends between two looks is found where it is then, though it was looked for
// there before within the same context.
func TestOnce_LooksAgainForAnAssignmentThatEnded(t *testing.T) {
	store, _, _ := onceFixture(t)
	r := entitlement.AssignmentRequest{ID: newID[entitlement.RequestID](), Package: newID[entitlement.PackageID](), Subject: newID[entitlement.UserID](), State: entitlement.RequestDelivered, Created: start2026}
	made(t, store, entitlement.Change{Requests: []entitlement.AssignmentRequest{r}})
	id := r.AssignmentOf()

	ctx := store.Once(t.Context())
	if _, err := store.Assignment(ctx, id); entitlement.KindOf(err) != entitlement.NotFound {
		t.Fatal(err)
	}
	made(t, store, entitlement.Change{Ended: []entitlement.Assignment{{ID: id, Package: r.Package, Subject: r.Subject, Ended: start2026}}})
	if a, err := store.Assignment(ctx, id); err != nil || a.ID != id {
		t.Errorf("%v, %v", a.ID, err)
	}
}

// What is foreseen is read side by side, and found read; outside of Once nothing is.
func TestOnce_ForeseesWhatIsAskedForThen(t *testing.T) {
	store, meter, ids := onceFixture(t)
	f := entitlement.Foreseen{Resources: ids[:1], CatalogsListed: ids, Packages: []entitlement.PackageID{newID[entitlement.PackageID]()}}
	store.Foresee(t.Context(), f)
	if meter.Total() != 0 {
		t.Errorf("%d calls outside of Once", meter.Total())
	}

	ctx := store.Once(t.Context())
	store.Foresee(ctx, f)
	if meter.Total() != 3 {
		t.Errorf("%d calls, want one for each strength and one for the list", meter.Total())
	}
	meter.Reset()
	store.Foresee(ctx, f)
	list, err := store.ListResources(ctx, ids[0], entitlement.Page{})
	if err != nil || len(list.Items) != 5 {
		t.Errorf("%d resources, %v", len(list.Items), err)
	}
	if got, err := store.CatalogsAsListed(ctx, ids); err != nil || len(got) != 3 {
		t.Errorf("%d catalogs, %v", len(got), err)
	}
	if _, err := store.Package(ctx, f.Packages[0]); entitlement.KindOf(err) != entitlement.NotFound {
		t.Error(err)
	}
	if meter.Total() != 0 {
		t.Errorf("%d calls for what was foreseen", meter.Total())
	}
}
