package catalogs_test

import (
	"testing"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// Whoever has a role in the catalog that a package left is not shown it there, however late the
// index is (run 150879 of the simulator).
func TestS19_APackageThatMovedIsNotListedWhereItWas(t *testing.T) {
	const left, into = entitlement.CatalogID("00000000-0000-4000-8000-00000000000a"), entitlement.CatalogID("00000000-0000-4000-8000-00000000000b")
	store, settle := dynamotest.Behind()
	p := entitlement.AccessPackage{ID: "00000000-0000-4000-8000-00000000000c", Catalog: left, DisplayName: "Moved"}
	commit := func(c entitlement.Change) {
		t.Helper()
		if err := store.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	lists := func(in entitlement.CatalogID, want int) {
		t.Helper()
		list, err := store.PackagesOf(t.Context(), in, entitlement.Page{})
		if err != nil || len(list.Items) != want {
			t.Errorf("%s lists %v, %v, want %d", in, list.Items, err, want)
		}
	}

	commit(entitlement.Change{Catalogs: []entitlement.Catalog{{ID: left, DisplayName: "Left"}, {ID: into, DisplayName: "Into"}}, Packages: []entitlement.AccessPackage{p}})
	settle()
	lists(left, 1)

	p.Catalog, p.Version = into, 1
	commit(entitlement.Change{Packages: []entitlement.AccessPackage{p}})
	lists(left, 0)
	settle()
	lists(left, 0)
	lists(into, 1)
}
