package views

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Catalog is a catalog with what is in it: nil where it was not joined.
type Catalog struct {
	entitlement.Catalog
	Packages  []*Package
	Resources []*Resource
}

// OfCatalogs are views of catalogs.
func OfCatalogs(all []entitlement.Catalog) []*Catalog {
	out := make([]*Catalog, len(all))
	for i, c := range all {
		out[i] = &Catalog{Catalog: c}
	}
	return out
}

// Catalogs joins to catalogs what is wanted of what is in them.
func (r *Reader) Catalogs(ctx context.Context, by authz.Caller, of []*Catalog, w With) error {
	if err := r.may(ctx, by, w, idsOf(of, func(v *Catalog) entitlement.CatalogID { return v.ID })); err != nil || len(of) == 0 {
		return err
	}
	return r.catalogs(ctx, of, w)
}

// catalogs reads lists that only their catalog leads to: one for each catalog, several side
// by side.
func (r *Reader) catalogs(ctx context.Context, of []*Catalog, w With) error {
	if below, wanted := w[JoinPackages]; wanted {
		err := sideBySide(len(of), func(i int) error {
			all, err := whole("list the access packages by themselves, with $filter=catalog/id eq the catalog's", func(page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
				return r.Store.PackagesOf(ctx, of[i].ID, page)
			})
			of[i].Packages = OfPackages(all)
			return err
		})
		if err != nil {
			return err
		}
		if err := r.packages(ctx, slices.Concat(idsOf(of, func(c *Catalog) []*Package { return c.Packages })...), below, nil); err != nil {
			return err
		}
	}

	if below, wanted := w[JoinResources]; wanted {
		err := sideBySide(len(of), func(i int) error {
			all, err := r.resourcesIn(ctx, of[i].ID)
			of[i].Resources = OfResources(all)
			return err
		})
		if err != nil {
			return err
		}

		return r.resources(ctx, slices.Concat(idsOf(of, func(c *Catalog) []*Resource { return c.Resources })...), below)
	}

	return nil
}

func (r *Reader) resourcesIn(ctx context.Context, catalog entitlement.CatalogID) ([]entitlement.Resource, error) {
	return whole("list the resources of the catalog by themselves", func(page entitlement.Page) (entitlement.Paged[entitlement.Resource], error) {
		return r.Store.ListResources(ctx, catalog, page)
	})
}

func (r *Reader) catalogsNamed(ctx context.Context, ids []entitlement.CatalogID, w With) (map[entitlement.CatalogID]*Catalog, error) {
	byID := map[entitlement.CatalogID]*Catalog{}
	if ids = distinct(ids); len(ids) == 0 {
		return byID, nil
	}

	all, err := r.Store.Catalogs(ctx, ids)
	if err != nil {
		return nil, err
	}

	list := OfCatalogs(all)
	for _, v := range list {
		byID[v.ID] = v
	}

	return byID, r.catalogs(ctx, list, w)
}

// Resource is a resource of a catalog with the roles that it offers, and its target.
type Resource struct {
	entitlement.Resource
	Roles       []*Role
	Environment *entitlement.ConnectorConfig
}

// OfResources are views of resources.
func OfResources(all []entitlement.Resource) []*Resource {
	out := make([]*Resource, len(all))
	for i, r := range all {
		out[i] = &Resource{Resource: r, Roles: OfRoles(r)}
	}
	return out
}

// Role is a role with what it is a role of.
type Role struct {
	entitlement.ResourceRole
	Origin   string
	Of       entitlement.ResourceID
	Catalog  entitlement.CatalogID
	Resource *Resource
}

// OfRoles are views of the roles that a resource offers.
func OfRoles(r entitlement.Resource) []*Role {
	out := make([]*Role, len(r.Roles))
	for i, role := range r.Roles {
		out[i] = &Role{ResourceRole: role, Origin: r.OriginSystem, Of: r.ID, Catalog: r.Catalog}
	}
	return out
}

// Resources joins to resources what is wanted of their targets and roles.
func (r *Reader) Resources(ctx context.Context, by authz.Caller, of []*Resource, w With) error {
	if err := r.may(ctx, by, w, idsOf(of, func(v *Resource) entitlement.CatalogID { return v.Catalog })); err != nil {
		return err
	}
	return r.resources(ctx, of, w)
}

func (r *Reader) resources(ctx context.Context, of []*Resource, w With) error {
	if len(of) == 0 {
		return nil
	}

	if _, wanted := w[JoinEnvironment]; wanted {
		all, err := r.environmentsOf(ctx, of)
		if err != nil {
			return err
		}
		for _, v := range of {
			if i := slices.IndexFunc(all, func(c entitlement.ConnectorConfig) bool { return c.ID == v.Connector }); i >= 0 {
				v.Environment = &all[i]
			}
		}
	}

	// What is not asked for is not read.
	if below, wanted := w[JoinRoles]; wanted {
		return r.roles(ctx, slices.Concat(idsOf(of, func(v *Resource) []*Role { return v.Roles })...), below)
	}
	return nil
}

// Roles joins to roles what is wanted of their resources.
func (r *Reader) Roles(ctx context.Context, by authz.Caller, of []*Role, w With) error {
	if err := r.may(ctx, by, w, idsOf(of, func(v *Role) entitlement.CatalogID { return v.Catalog })); err != nil {
		return err
	}
	return r.roles(ctx, of, w)
}

// roles finds resources through their catalogs, each of which is read once.
func (r *Reader) roles(ctx context.Context, of []*Role, w With) error {
	below, wanted := w[JoinResource]
	if !wanted {
		return nil
	}

	// Only the catalog's list leads to a resource, so each list is read once for all its roles.
	catalogs := distinct(idsOf(of, func(v *Role) entitlement.CatalogID { return v.Catalog }))
	lists := make([][]*Resource, len(catalogs))
	err := sideBySide(len(catalogs), func(i int) error {
		in, err := r.resourcesIn(ctx, catalogs[i])
		lists[i] = OfResources(in)
		return err
	})
	if err != nil {
		return err
	}

	known := map[entitlement.CatalogID]map[entitlement.ResourceID]*Resource{}
	for i, id := range catalogs {
		known[id] = map[entitlement.ResourceID]*Resource{}
		for _, v := range lists[i] {
			known[id][v.ID] = v
		}
	}
	var all []*Resource
	for _, role := range of {
		if role.Resource = known[role.Catalog][role.Of]; role.Resource != nil {
			all = append(all, role.Resource)
		}
	}

	return r.resources(ctx, distinct(all), below)
}

// Environments lists the built-in directory and every registered connector.
func (r *Reader) Environments(ctx context.Context, by authz.Caller) ([]entitlement.ConnectorConfig, error) {
	return open(ctx, r, by, authz.ReadConnector, r.environments)
}

// EnvironmentsNamed returns those of the targets that are there.
func (r *Reader) EnvironmentsNamed(ctx context.Context, by authz.Caller, ids []entitlement.ConnectorID) ([]entitlement.ConnectorConfig, error) {
	return open(ctx, r, by, authz.ReadConnector, func(ctx context.Context) ([]entitlement.ConnectorConfig, error) { return r.environmentsNamed(ctx, ids) })
}

// environmentsOf reads the targets of resources, those that are there.
func (r *Reader) environmentsOf(ctx context.Context, of []*Resource) ([]entitlement.ConnectorConfig, error) {
	return r.environmentsNamed(ctx, idsOf(of, func(v *Resource) entitlement.ConnectorID { return v.Connector }))
}

func (r *Reader) environmentsNamed(ctx context.Context, ids []entitlement.ConnectorID) ([]entitlement.ConnectorConfig, error) {
	var all []entitlement.ConnectorConfig
	ids = distinct(ids)

	// The built-in directory is registered by nobody: it is there without being read.
	if i := slices.Index(ids, entitlement.BuiltinConnector); i >= 0 {
		all, ids = append(all, entitlement.BuiltinRegistration()), slices.Delete(ids, i, i+1)
	}
	if len(ids) == 0 {
		return all, nil
	}

	registered, err := entitlement.Readable(ids, func(ids []entitlement.ConnectorID) ([]entitlement.ConnectorConfig, error) {
		return r.Store.Connectors(ctx, ids)
	})
	return append(all, registered...), err
}

func (r *Reader) environments(ctx context.Context) ([]entitlement.ConnectorConfig, error) {
	registered, err := r.Store.ListConnectors(ctx)
	return append([]entitlement.ConnectorConfig{entitlement.BuiltinRegistration()}, registered...), err
}
