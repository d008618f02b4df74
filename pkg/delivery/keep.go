package delivery

import (
	"context"
	"slices"

	"leasehold/pkg/entitlement"
)

// keep finds out which roles of a grant set are left where they are although nothing gives them any
// more: those that were there before us, of resources that say so. Only where there is such a role
// anything is read for it.
func (r *run) keep(ctx context.Context, j *reconciliation, grantSet entitlement.GrantSet) error {
	var candidates []entitlement.RoleRef
	for role, g := range grantSet.Grants {
		if !j.want[role] && !j.expiring[role] && entitlement.KeepExisting.Kept(g) {
			candidates = append(candidates, role)
		}
	}
	if len(candidates) == 0 {
		return nil
	}
	slices.SortFunc(candidates, entitlement.RoleRef.Compare)

	catalogs, err := r.catalogsOf(ctx, j)
	if err != nil {
		return err
	}
	for _, role := range candidates {
		for _, catalog := range catalogs {
			of, err := r.Store.ResourceByOrigin(ctx, catalog, role.Connector, role.Resource)
			if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
				continue
			}
			if err != nil {
				return err
			}
			// Of two catalogs that differ the one that takes less away is heeded.
			if of.PreExisting == entitlement.KeepExisting {
				if j.kept == nil {
					j.kept = roles{}
				}
				j.kept[role] = true
			}
		}
	}
	return nil
}

// catalogsOf returns the catalogs of the packages that a subject holds or held until now.
func (r *run) catalogsOf(ctx context.Context, j *reconciliation) ([]entitlement.CatalogID, error) {
	packages := slices.Clone(j.subjectRecord.Live)
	var catalogs []entitlement.CatalogID
	for _, a := range j.inputs.Ended {
		packages = append(packages, a.Package)
		catalogs = append(catalogs, a.Catalog)
	}
	slices.Sort(packages)

	all, err := r.Store.Packages(ctx, slices.Compact(packages))
	for _, p := range all {
		catalogs = append(catalogs, p.Catalog)
	}
	slices.Sort(catalogs)
	return slices.DeleteFunc(slices.Compact(catalogs), func(c entitlement.CatalogID) bool { return c == "" }), err
}

// keeps reports a role whose record goes and which is not taken away. Whether it may be is asked of the
// record as it is now.
func (j *reconciliation) keeps(role entitlement.RoleRef, g entitlement.Grant) bool {
	return j.kept[role] && entitlement.KeepExisting.Kept(g)
}
