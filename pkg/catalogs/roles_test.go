package catalogs_test

import (
	"context"
	"fmt"
	"testing"

	"leasehold/pkg/entitlement"
)

// people adds users who are there to be given roles.
func (w *fixture) people(n int) []string {
	w.t.Helper()
	var all []string
	for i := range n {
		u := entitlement.User{ID: entitlement.UserID(w.clock.New()), DisplayName: "x", UserPrincipalName: fmt.Sprintf("x%d@example.com", i), Enabled: true, Created: w.clock.Now()}
		if err := w.store.Commit(w.t.Context(), entitlement.Change{Users: []entitlement.User{u}}); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, string(u.ID))
	}
	return all
}

func (w *fixture) owns(c entitlement.Catalog, who string) entitlement.RoleAssignment {
	w.t.Helper()
	a, err := w.AssignRole(w.t.Context(), by, entitlement.RoleAssignment{Role: entitlement.CatalogOwner, Catalog: c.ID}, who)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// Of two owners who leave at the same time one stays: each looks at the owners who are left
// when it is its turn.
func TestR152_OfTwoOwnersWhoLeaveAtOnceOneStays(t *testing.T) {
	w := newFixture(t)
	c, who := w.catalog(), w.people(2)
	first, second := w.owns(c, who[0]), w.owns(c, who[1])
	rival, crossed := *w.Service, false
	w.Store = late{w.store, func(ctx context.Context) {
		if crossed {
			return
		}
		crossed = true
		if err := rival.RemoveRole(ctx, by, second.ID); err != nil {
			t.Error(err)
		}
	}}

	if err := w.RemoveRole(t.Context(), by, first.ID); entitlement.KindOf(err) != entitlement.Conflict || entitlement.StalePart(err) != "" {
		t.Errorf("the last owner left: %v", err)
	}
	left, err := w.store.RolesIn(t.Context(), c.ID)
	if kept, _ := w.store.Catalog(t.Context(), c.ID); err != nil || len(left) != 1 || left[0].ID != first.ID || kept.Owners != 1 {
		t.Errorf("left: %v, counted %d, %v", left, kept.Owners, err)
	}
}

// A role is not given in a catalog that is deleted meanwhile, nor the same one twice.
func TestS13_ARoleIsGivenOnceAndInACatalogThatIsThere(t *testing.T) {
	w := newFixture(t)
	c, who := w.catalog(), w.people(1)
	rival, crossed := *w.Service, false
	asked := entitlement.RoleAssignment{Role: entitlement.CatalogReader, Catalog: c.ID}
	w.Store = late{w.store, func(ctx context.Context) {
		if !crossed {
			crossed = true
			if _, err := rival.AssignRole(ctx, by, asked, who[0]); err != nil {
				t.Error(err)
			}
		}
	}}
	if _, err := w.AssignRole(t.Context(), by, asked, who[0]); entitlement.KindOf(err) != entitlement.Conflict || entitlement.StalePart(err) != "" {
		t.Errorf("given twice: %v", err)
	}

	crossed = false
	asked.Role = entitlement.AccessPackageManager
	w.Store = late{w.store, func(ctx context.Context) {
		if !crossed {
			crossed = true
			if err := rival.DeleteCatalog(ctx, by, c.ID); err != nil {
				t.Error(err)
			}
		}
	}}
	if _, err := w.AssignRole(t.Context(), by, asked, who[0]); entitlement.KindOf(err) != entitlement.NotFound {
		t.Errorf("given in a catalog that is gone: %v", err)
	}
	if left, err := w.store.RolesIn(t.Context(), c.ID); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// A catalog, and the whole organisation, has so many role assignments and no more (S21).
func TestS21_RolesAreBounded(t *testing.T) {
	w := newFixture(t)
	c, who := w.catalog(), w.people(entitlement.MaxRoleAssignments+1)
	for i, each := range who {
		_, err := w.AssignRole(t.Context(), by, entitlement.RoleAssignment{Role: entitlement.CatalogReader, Catalog: c.ID}, each)
		if (err != nil) != (i == entitlement.MaxRoleAssignments) {
			t.Fatalf("role %d: %v", i+1, err)
		}
	}
	if err := w.DeleteCatalog(t.Context(), by, c.ID); err != nil {
		t.Errorf("a catalog with as many as there can be is not deleted: %v", err)
	}
}
