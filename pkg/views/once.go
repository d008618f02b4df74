package views

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// ResourcesAhead reads what is in catalogs, in a context of Once, so that roles find their resources
// there. A catalog that a package has left since costs a read and no more.
func (r *Reader) ResourcesAhead(ctx context.Context, in []entitlement.CatalogID) {
	in = distinct(in)
	sideBySide(len(in), func(i int) error { r.resourcesIn(ctx, in[i]); return nil })
}

// PoliciesAhead reads the policies of assignments, in a context of Once, while it is asked whether
// they are shown.
func (r *Reader) PoliciesAhead(ctx context.Context, of []*Assignment) {
	r.policiesNamed(ctx, idsOf(of, func(v *Assignment) entitlement.PolicyID { return v.Assignment.Policy }), nil)
}

// RolesAhead reads the roles that count in the catalog of a package, for a caller who may do an
// action there by a role alone, so that they were read when somebody asks by them.
func (r *Reader) RolesAhead(ctx context.Context, by authz.Caller, a authz.Action, in entitlement.PackageID) {
	if authz.Allow(by, a, authz.Object{}).Allowed || !by.MayByRole(a) {
		return
	}
	places, err := r.places(ctx, []entitlement.PackageID{in})
	if err == nil {
		by.HeldIn(ctx, r.Store, places[in])
	}
}
