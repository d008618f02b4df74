package views

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// mayOf is may for what belongs to packages: a role opens it in the catalog that its package is
// in now, whichever it was in when the request for it was made (R28). That is read where it takes
// a role, and no other time.
func (r *Reader) mayOf(ctx context.Context, by authz.Caller, w With, of []entitlement.PackageID) error {
	takesRole := false
	for action := range w.needs() {
		takesRole = takesRole || !authz.Allow(by, action, authz.Object{}).Allowed && authz.Admit(by, action) == nil && !by.KnownEverywhere(action)
	}
	if !takesRole {
		return r.may(ctx, by, w, nil)
	}

	places, err := r.places(ctx, of)
	if err != nil {
		return err
	}
	var in []entitlement.CatalogID
	for _, id := range of {
		in = append(in, places[id])
	}
	return r.may(ctx, by, w, in)
}

// places returns the catalogs that packages are in, or were in when they were deleted.
func (r *Reader) places(ctx context.Context, of []entitlement.PackageID) (map[entitlement.PackageID]entitlement.CatalogID, error) {
	all, err := r.ever(r.Store.Packages)(ctx, slices.Compact(slices.Sorted(slices.Values(of))))
	places := map[entitlement.PackageID]entitlement.CatalogID{}
	for _, p := range all {
		places[p.ID] = p.Catalog
	}
	return places, err
}
