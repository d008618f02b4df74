package views

import (
	"cmp"
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Package is an access package with what it names: nil where it was not joined.
type Package struct {
	entitlement.AccessPackage
	Catalog            *Catalog
	Policies           []*Policy
	RoleScopes         []*RoleScope
	Incompatible       []*Package
	IncompatibleGroups []entitlement.Group
}

// OfPackages are views of packages.
func OfPackages(all []entitlement.AccessPackage) []*Package {
	out := make([]*Package, len(all))
	for i, p := range all {
		out[i] = &Package{AccessPackage: p}
	}
	return out
}

// Packages joins to packages what is wanted of catalogs, role scopes, policies, and what
// they are incompatible with.
func (r *Reader) Packages(ctx context.Context, by authz.Caller, of []*Package, w With) error {
	if err := r.may(ctx, by, w, idsOf(of, func(v *Package) entitlement.CatalogID { return v.AccessPackage.Catalog })); err != nil || len(of) == 0 {
		return err
	}
	return r.packages(ctx, of, w, nil)
}

// packages joins to packages; scopes are their role scopes where those were read with them.
func (r *Reader) packages(ctx context.Context, of []*Package, w With, scopes map[entitlement.PackageID]entitlement.PackageScopes) error {
	if len(of) == 0 {
		return nil
	}

	// One read for all packages a join, however many there are.
	joins := []func() error{func() error { return r.incompatible(ctx, of, w) }}
	if below, wanted := w[JoinCatalog]; wanted {
		joins = append(joins, func() error {
			catalogs, err := r.catalogsNamed(ctx, idsOf(of, func(v *Package) entitlement.CatalogID { return v.AccessPackage.Catalog }), below)
			for _, v := range of {
				v.Catalog = catalogs[v.AccessPackage.Catalog]
			}
			return err
		})
	}
	if below, wanted := w[JoinPolicies]; wanted {
		joins = append(joins, func() error {
			policies, err := r.policiesNamed(ctx, slices.Concat(idsOf(of, func(v *Package) []entitlement.PolicyID { return v.AccessPackage.Policies })...), below)
			for _, v := range of {
				v.Policies = those(v.AccessPackage.Policies, policies)
			}
			return err
		})
	}
	if below, wanted := w[JoinRoleScopes]; wanted {
		joins = append(joins, func() error { return r.roleScopesOf(ctx, of, below, scopes) })
	}
	return Together(joins...)
}

// incompatible joins what packages are incompatible with.
func (r *Reader) incompatible(ctx context.Context, of []*Package, w With) error {
	if below, wanted := w[JoinIncompatible]; wanted {
		packages, err := r.packagesNamed(ctx, slices.Concat(idsOf(of, func(v *Package) []entitlement.PackageID { return v.AccessPackage.Incompatible })...), r.Store.Packages, below)
		if err != nil {
			return err
		}
		for _, v := range of {
			v.Incompatible = those(v.AccessPackage.Incompatible, packages)
		}
	}

	if _, wanted := w[JoinIncompatibleGroups]; wanted {
		ids := slices.Concat(idsOf(of, func(v *Package) []entitlement.GroupID { return v.AccessPackage.IncompatibleGroups })...)
		groups, err := found(ctx, ids, r.Store.Groups, func(g entitlement.Group) entitlement.GroupID { return g.ID })
		if err != nil {
			return err
		}
		for _, v := range of {
			v.IncompatibleGroups = those(v.AccessPackage.IncompatibleGroups, groups)
		}
	}

	return nil
}

// those returns in their order what was found of the ids; never nil.
func those[ID comparable, T any](ids []ID, known map[ID]T) []T {
	out := []T{}
	for _, id := range ids {
		if v, there := known[id]; there {
			out = append(out, v)
		}
	}
	return out
}

// packagesNamed reads packages with what is wanted of them, by their ids.
func (r *Reader) packagesNamed(ctx context.Context, ids []entitlement.PackageID, read func(context.Context, []entitlement.PackageID) ([]entitlement.AccessPackage, error), w With) (map[entitlement.PackageID]*Package, error) {
	if ids = distinct(ids); len(ids) == 0 {
		return nil, nil
	}

	// The ids say which role scopes there are too: both are read at once.
	var all []entitlement.AccessPackage
	var scopes map[entitlement.PackageID]entitlement.PackageScopes
	reads := []func() error{func() (err error) { all, err = read(ctx, ids); return err }}
	if _, wanted := w[JoinRoleScopes]; wanted {
		reads = append(reads, func() (err error) { scopes, err = r.Store.ScopesOf(ctx, ids); return err })
	}
	if err := Together(reads...); err != nil {
		return nil, err
	}

	list := OfPackages(all)
	byID := map[entitlement.PackageID]*Package{}
	for _, v := range list {
		byID[v.ID] = v
	}

	return byID, r.packages(ctx, list, w, scopes)
}

// packagesEver reads packages, and what is kept of those that are gone: a request still says
// what it was for.
func (r *Reader) packagesEver(ctx context.Context, ids []entitlement.PackageID, w With) (map[entitlement.PackageID]*Package, error) {
	return r.packagesNamed(ctx, ids, r.ever(r.Store.Packages), w)
}

// ever returns what reads packages by read, and what is kept of those that are gone.
func (r *Reader) ever(read func(context.Context, []entitlement.PackageID) ([]entitlement.AccessPackage, error)) func(context.Context, []entitlement.PackageID) ([]entitlement.AccessPackage, error) {
	return func(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error) {
		// Mostly all are there, and what is kept of deleted ones costs no read.
		all, err := read(ctx, ids)
		if err != nil || len(all) == len(ids) {
			return all, err
		}

		there := map[entitlement.PackageID]bool{}
		for _, p := range all {
			there[p.ID] = true
		}

		gone := slices.DeleteFunc(slices.Clone(ids), func(id entitlement.PackageID) bool { return there[id] })
		former, err := r.Store.FormerPackages(ctx, gone)
		return append(all, former...), err
	}
}

// RoleScope is a role scope of a package with its role, which leads to the resource.
type RoleScope struct {
	entitlement.ResourceRoleScope
	Role *Role
}

// OfRoleScopes are views of the role scopes of a package in a catalog.
func OfRoleScopes(all []entitlement.ResourceRoleScope, in entitlement.CatalogID) []*RoleScope {
	out := make([]*RoleScope, len(all))
	for i, s := range all {
		out[i] = &RoleScope{ResourceRoleScope: s, Role: &Role{ResourceRole: s.Role, Origin: s.Origin, Of: s.Resource, Catalog: in}}
	}
	return out
}

// RoleScopesOf reads the role scopes of a package, for whoever may see the package as those
// do who keep it.
func (r *Reader) RoleScopesOf(ctx context.Context, by authz.Caller, p entitlement.AccessPackage) ([]*RoleScope, error) {
	may, err := authz.Ask(ctx, r.Store, by, authz.ListPackages, authz.Object{Catalog: p.Catalog, Package: p.ID})
	if err := cmp.Or(err, may.Err()); err != nil {
		return nil, err
	}
	scopes, err := r.Store.ScopesOf(ctx, []entitlement.PackageID{p.ID})
	return OfRoleScopes(scopes[p.ID].List, p.Catalog), err
}

// roleScopesOf reads the role scopes of all packages of a page at once, where they were not read
// already.
func (r *Reader) roleScopesOf(ctx context.Context, of []*Package, w With, scopes map[entitlement.PackageID]entitlement.PackageScopes) (err error) {
	if scopes == nil {
		if scopes, err = r.Store.ScopesOf(ctx, distinct(idsOf(of, func(v *Package) entitlement.PackageID { return v.ID }))); err != nil {
			return err
		}
	}
	var all []*RoleScope
	for _, v := range of {
		v.RoleScopes = OfRoleScopes(scopes[v.ID].List, v.AccessPackage.Catalog)
		all = append(all, v.RoleScopes...)
	}
	return r.roleScopes(ctx, all, w)
}

// RoleScopes joins to role scopes what is wanted of the resources of their roles.
func (r *Reader) RoleScopes(ctx context.Context, by authz.Caller, of []*RoleScope, w With) error {
	if err := r.may(ctx, by, w, idsOf(of, func(v *RoleScope) entitlement.CatalogID { return v.Role.Catalog })); err != nil {
		return err
	}
	return r.roleScopes(ctx, of, w)
}

func (r *Reader) roleScopes(ctx context.Context, of []*RoleScope, w With) error {
	return r.roles(ctx, idsOf(of, func(s *RoleScope) *Role { return s.Role }), w[JoinRole])
}

// Policy is an assignment policy with what it names.
type Policy struct {
	entitlement.AssignmentPolicy
	Package *Package
	Catalog *Catalog
	Stages  map[entitlement.ExtensionID]entitlement.CustomExtension // that it has called, where they were joined
	Named   map[string]string                                       // what those are called whom it names, by id, where they were joined
}

// OfPolicies are views of policies.
func OfPolicies(all []entitlement.AssignmentPolicy) []*Policy {
	out := make([]*Policy, len(all))
	for i, p := range all {
		out[i] = &Policy{AssignmentPolicy: p}
	}
	return out
}

// Policies joins to policies what is wanted of packages and catalogs.
func (r *Reader) Policies(ctx context.Context, by authz.Caller, of []*Policy, w With) error {
	if err := r.may(ctx, by, w, idsOf(of, func(v *Policy) entitlement.CatalogID { return v.AssignmentPolicy.Catalog })); err != nil || len(of) == 0 {
		return err
	}
	return r.policies(ctx, of, w)
}

func (r *Reader) policies(ctx context.Context, of []*Policy, w With) error {
	if _, wanted := w[JoinStages][JoinExtension]; wanted {
		if err := r.extensionsOf(ctx, of); err != nil {
			return err
		}
	}
	if _, wanted := w[JoinNamed]; wanted {
		if err := r.namedIn(ctx, of); err != nil {
			return err
		}
	}
	if below, wanted := w[JoinPackage]; wanted {
		packages, err := r.packagesNamed(ctx, idsOf(of, func(v *Policy) entitlement.PackageID { return v.AssignmentPolicy.Package }), r.Store.Packages, below)
		if err != nil {
			return err
		}
		for _, v := range of {
			v.Package = packages[v.AssignmentPolicy.Package]
		}
	}

	if below, wanted := w[JoinCatalog]; wanted {
		catalogs, err := r.catalogsNamed(ctx, idsOf(of, func(v *Policy) entitlement.CatalogID { return v.AssignmentPolicy.Catalog }), below)
		if err != nil {
			return err
		}
		for _, v := range of {
			v.Catalog = catalogs[v.AssignmentPolicy.Catalog]
		}
	}

	return nil
}

func (r *Reader) policiesNamed(ctx context.Context, ids []entitlement.PolicyID, w With) (map[entitlement.PolicyID]*Policy, error) {
	byID := map[entitlement.PolicyID]*Policy{}
	if ids = distinct(ids); len(ids) == 0 {
		return byID, nil
	}

	all, err := r.Store.Policies(ctx, ids)
	if err != nil {
		return nil, err
	}

	list := OfPolicies(all)
	for _, v := range list {
		byID[v.ID] = v
	}

	return byID, r.policies(ctx, list, w)
}

// extensionsOf joins to policies the custom extensions that they have called: one read for each
// catalog.
func (r *Reader) extensionsOf(ctx context.Context, of []*Policy) error {
	ids := map[entitlement.CatalogID][]entitlement.ExtensionID{}
	for _, v := range of {
		for _, stage := range v.AssignmentPolicy.Extensions {
			ids[v.AssignmentPolicy.Catalog] = append(ids[v.AssignmentPolicy.Catalog], stage.Extension)
		}
	}

	known := map[entitlement.ExtensionID]entitlement.CustomExtension{}
	for catalog, named := range ids {
		all, err := r.Store.Extensions(ctx, catalog, distinct(named))
		if err != nil {
			return err
		}
		for _, x := range all {
			known[x.ID] = x
		}
	}

	for _, v := range of {
		// All share one table: ids of extensions are unique over catalogs.
		v.Stages = known
	}
	return nil
}
