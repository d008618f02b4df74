package views

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// outside are joins that lead out of the catalog of what they hang on: a role in that
// catalog does not open them.
var outside = map[Join]bool{JoinEnvironment: true, JoinIncompatible: true, JoinIncompatibleGroups: true}

// may refuses a caller who may not have all of it joined to what is in the catalogs. The
// caller's delegated roles are read once, and only where something is wanted that needs one.
func (r *Reader) may(ctx context.Context, by authz.Caller, w With, in []entitlement.CatalogID) error {
	in = each(in)
	var held []entitlement.RoleAssignment
	read := false
	for action, out := range w.needs() {
		in := in
		if authz.Allow(by, action, authz.Object{}).Allowed || by.KnownEverywhere(action) {
			continue
		}
		if err := authz.Admit(by, action); err != nil {
			return err
		}

		if !read {
			var err error
			if held, err = r.held(ctx, by, in); err != nil {
				return err
			}
			read = true
		}
		if out || len(in) == 0 || authz.Everywhere(by, action, held) {
			in = []entitlement.CatalogID{""} // what is in no catalog, or outside of them
		}
		for _, c := range in {
			if err := authz.Allow(by, action, authz.Object{Catalog: c, Roles: held}).Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

// needs returns the actions that all of it needs, each with whether it leads out of the
// catalog.
func (w With) needs() map[authz.Action]bool {
	all := map[authz.Action]bool{}
	for join, below := range w {
		if action, asked := actions[join]; asked {
			all[action] = all[action] || outside[join]
		}
		for action, out := range below.needs() {
			all[action] = all[action] || out
		}
	}
	return all
}

// held reads the delegated roles that count in the catalogs: those of one catalog by
// themselves, those of several by whose they are.
func (r *Reader) held(ctx context.Context, by authz.Caller, in []entitlement.CatalogID) ([]entitlement.RoleAssignment, error) {
	if in = each(in); len(in) == 1 {
		return by.HeldIn(ctx, r.Store, in[0])
	}
	return r.Store.RolesOf(ctx, by.User())
}

// each returns every catalog once, and none where there is one without.
func each(in []entitlement.CatalogID) []entitlement.CatalogID {
	return slices.Compact(slices.Sorted(slices.Values(in)))
}

// Opens returns what says whether the caller might have something joined that needs an
// action, on anything at all: the wire refuses before it reads where it is not so. Roles are
// read at the first question that takes them.
func (r *Reader) Opens(ctx context.Context, by authz.Caller) func(a authz.Action) (bool, error) {
	read := sync.OnceValues(func() ([]entitlement.RoleAssignment, error) { return r.Store.RolesOf(ctx, by.User()) })
	return func(a authz.Action) (bool, error) {
		if authz.Allow(by, a, authz.Object{}).Allowed {
			return true, nil
		}
		if authz.Admit(by, a) != nil {
			return false, nil
		}
		held, err := read()
		return authz.Everywhere(by, a, held) || len(authz.Catalogs(by, a, held)) > 0, err
	}
}

// everywhere refuses a caller who may not do an action on everything.
func (r *Reader) everywhere(ctx context.Context, by authz.Caller, a authz.Action) error {
	d, err := authz.Ask(ctx, r.Store, by, a, authz.Object{})
	return cmp.Or(err, d.Err())
}

// open is everywhere for what is read meanwhile.
func open[T any](ctx context.Context, r *Reader, by authz.Caller, a authz.Action, read func(context.Context) (T, error)) (T, error) {
	return authz.Beside(ctx, by, a, func(ctx context.Context) error { return r.everywhere(ctx, by, a) }, read)
}

// assignmentsShown says of which assignments a caller is shown how they stand, where they are
// joined to requests. Roles count for those who come to a request by a role: whoever is
// concerned by it is shown what concerns them, and costs no read more.
func (r *Reader) assignmentsShown(ctx context.Context, by authz.Caller, of []*Request) (func(entitlement.Assignment) bool, error) {
	var byRole []entitlement.PackageID
	for _, v := range of {
		q := v.AssignmentRequest
		if !authz.Allow(by, authz.ReadRequest, authz.Object{Request: &q}).Allowed {
			byRole = append(byRole, q.Package)
		}
	}

	var held []entitlement.RoleAssignment
	var places map[entitlement.PackageID]entitlement.CatalogID
	if len(byRole) > 0 && authz.Admit(by, authz.ReadAssignment) == nil {
		var err error
		if places, err = r.places(ctx, byRole); err != nil {
			return nil, err
		}
		if held, err = r.held(ctx, by, slices.Collect(maps.Values(places))); err != nil {
			return nil, err
		}
	}
	return func(a entitlement.Assignment) bool {
		return authz.Allow(by, authz.ReadAssignment, authz.Object{Catalog: places[a.Package], Package: a.Package, Assignment: &a, Roles: held}).Allowed
	}, nil
}
