package dynamo_test

import (
	"testing"

	"leasehold/pkg/clock"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// Y1: within a page nothing is read twice, what its address names is there already, and a write
// makes all of it be read anew.
func TestY1_AnItemIsReadOnceForAPage(t *testing.T) {
	store, meter := dynamotest.Metered()
	group := entitlement.Group{ID: entitlement.GroupID(clock.System{}.New()), DisplayName: "Then"}
	if err := store.Commit(t.Context(), entitlement.Change{Groups: []entitlement.Group{group}}); err != nil {
		t.Fatal(err)
	}

	ctx := store.Once(t.Context())
	named := func(want string, calls int) entitlement.Group {
		t.Helper()
		meter.Reset()
		got, err := store.Group(ctx, group.ID)
		if err != nil || got.DisplayName != want || meter.Total() != calls {
			t.Fatalf("got %q in %d calls, %v; want %q in %d", got.DisplayName, meter.Total(), err, want, calls)
		}
		return got
	}
	store.Ahead(ctx, entitlement.Addressed{Group: group.ID})
	kept := named("Then", 0)

	kept.DisplayName = "Now"
	if err := store.Commit(t.Context(), entitlement.Change{Groups: []entitlement.Group{kept}}); err != nil {
		t.Fatal(err)
	}
	kept = named("Then", 0) // somebody else's write is seen by the next page

	kept, err := store.Group(t.Context(), group.ID)
	if err != nil {
		t.Fatal(err)
	}
	kept.DisplayName = "Later"
	if err := store.Commit(ctx, entitlement.Change{Groups: []entitlement.Group{kept}}); err != nil {
		t.Fatal(err)
	}
	named("Later", 1)

	missing := entitlement.GroupID(clock.System{}.New())
	for _, calls := range []int{1, 0} { // that there is none is remembered too
		meter.Reset()
		if _, err := store.Group(ctx, missing); entitlement.KindOf(err) != entitlement.NotFound || meter.Total() != calls {
			t.Fatalf("%d calls, %v", meter.Total(), err)
		}
	}

	pkg := entitlement.AccessPackage{ID: entitlement.PackageID(clock.System{}.New()), Catalog: entitlement.CatalogID(clock.System{}.New()), DisplayName: "P"}
	if err := store.Commit(t.Context(), entitlement.Change{Packages: []entitlement.AccessPackage{pkg}}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.PackagesAsListed(ctx, []entitlement.PackageID{pkg.ID}); err != nil {
		t.Fatal(err)
	}
	meter.Reset()
	if _, err := store.Package(ctx, pkg.ID); err != nil || meter.Total() != 1 {
		t.Fatalf("a weak read answered a strong one: %d calls, %v", meter.Total(), err)
	}
}
