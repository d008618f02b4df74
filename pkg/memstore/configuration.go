package memstore

import (
	"context"

	"leasehold/pkg/entitlement"
)

// one reads the item of a key, or NotFound for want of the thing.
func one[K ~string, V any](ctx context.Context, s *Store, op, thing string, items func(*state) map[K]V, id K) (V, error) {
	return look(ctx, s, op, []string{string(id)}, func() (V, error) {
		v, ok := items(s.state)[id]
		if !ok {
			return v, missing(thing)
		}
		return v, nil
	})
}

func missing(thing string) error {
	return entitlement.Errorf(entitlement.NotFound, "There is no %s with this id.", thing)
}

// some reads those of the keys that are there.
func some[K ~string, V any](ctx context.Context, s *Store, op string, items func(*state) map[K]V, ids []K) ([]V, error) {
	return look(ctx, s, op, texts(ids), func() ([]V, error) { return several(items(s.state), ids), nil })
}

// list reads a page of what an index lists, as the items are now.
func list[K ~string, V any](ctx context.Context, s *Store, op string, items func(*state) map[K]V, of string, page entitlement.Page) (entitlement.Paged[V], error) {
	return look(ctx, s, op, nil, func() (entitlement.Paged[V], error) {
		ids, next, err := refs[K](s.index.view, of, false, page)
		return entitlement.Paged[V]{Items: several(items(s.state), ids), Next: next}, err
	})
}

func texts[K ~string](ids []K) []string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = string(id)
	}
	return all
}

func catalogs(s *state) map[entitlement.CatalogID]entitlement.Catalog         { return s.catalogs }
func packages(s *state) map[entitlement.PackageID]entitlement.AccessPackage   { return s.packages }
func policies(s *state) map[entitlement.PolicyID]entitlement.AssignmentPolicy { return s.policies }

// Catalog returns a catalog.
func (s *Store) Catalog(ctx context.Context, id entitlement.CatalogID) (entitlement.Catalog, error) {
	return one(ctx, s, "Catalog", "catalog", catalogs, id)
}

// Catalogs returns those of the catalogs that exist.
func (s *Store) Catalogs(ctx context.Context, ids []entitlement.CatalogID) ([]entitlement.Catalog, error) {
	return some(ctx, s, "Catalogs", catalogs, ids)
}

// ListCatalogs lists all catalogs by name.
func (s *Store) ListCatalogs(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Catalog], error) {
	return list(ctx, s, "ListCatalogs", catalogs, allCatalogs, page)
}

// Resource returns a resource of a catalog.
func (s *Store) Resource(ctx context.Context, catalog entitlement.CatalogID, id entitlement.ResourceID) (entitlement.Resource, error) {
	return look(ctx, s, "Resource", []string{string(id)}, func() (entitlement.Resource, error) {
		r, ok := s.state.resources[resourceKey{catalog, id}]
		if !ok {
			return r, missing("resource")
		}
		return r, nil
	})
}

// ResourceByOrigin finds a catalog's resource by its id at the target.
func (s *Store) ResourceByOrigin(ctx context.Context, catalog entitlement.CatalogID, connector entitlement.ConnectorID, originID string) (entitlement.Resource, error) {
	return look(ctx, s, "ResourceByOrigin", []string{originID}, func() (entitlement.Resource, error) {
		id, ok := s.state.origins[originKey{catalog, connector, originID}]
		if !ok {
			return entitlement.Resource{}, missing("resource")
		}
		return s.state.resources[resourceKey{catalog, id}], nil
	})
}

// ListResources lists a catalog's resources.
func (s *Store) ListResources(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.Resource], error) {
	return look(ctx, s, "ListResources", []string{string(catalog)}, func() (entitlement.Paged[entitlement.Resource], error) {
		keys, next, err := refs[resourceKey](s.state.strong, resourcesOf(catalog), false, page)
		return entitlement.Paged[entitlement.Resource]{Items: several(s.state.resources, keys), Next: next}, err
	})
}

// Package returns an access package.
func (s *Store) Package(ctx context.Context, id entitlement.PackageID) (entitlement.AccessPackage, error) {
	return one(ctx, s, "Package", "access package", packages, id)
}

// Packages returns those of the packages that exist.
func (s *Store) Packages(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error) {
	return some(ctx, s, "Packages", packages, ids)
}

// FormerPackages returns what is kept of those of the packages that are gone.
func (s *Store) FormerPackages(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error) {
	return some(ctx, s, "FormerPackages", func(s *state) map[entitlement.PackageID]entitlement.AccessPackage { return s.former }, ids)
}

// ListPackages lists all packages by name.
func (s *Store) ListPackages(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	return list(ctx, s, "ListPackages", packages, allPackages, page)
}

// PackagesOf lists a catalog's packages by name.
func (s *Store) PackagesOf(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	return list(ctx, s, "PackagesOf", packages, packagesOf(catalog), page)
}

// IncompatibleWith pages through the ids of the packages that list a package as incompatible.
func (s *Store) IncompatibleWith(ctx context.Context, id entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.PackageID], error) {
	return look(ctx, s, "IncompatibleWith", []string{string(id)}, func() (entitlement.Paged[entitlement.PackageID], error) {
		ids, next, err := refs[entitlement.PackageID](s.state.strong, incompatibleWith(id), false, page)
		return entitlement.Paged[entitlement.PackageID]{Items: ids, Next: next}, err
	})
}

// Scopes returns a package's role scopes, an empty list at version 0 where it has none.
func (s *Store) Scopes(ctx context.Context, id entitlement.PackageID) (entitlement.PackageScopes, error) {
	return look(ctx, s, "Scopes", []string{string(id)}, func() (entitlement.PackageScopes, error) {
		scopes := s.state.scopes[id]
		scopes.Package = id
		return scopes, nil
	})
}

// Policy returns an assignment policy.
func (s *Store) Policy(ctx context.Context, id entitlement.PolicyID) (entitlement.AssignmentPolicy, error) {
	return one(ctx, s, "Policy", "assignment policy", policies, id)
}

// Policies returns those of the policies that exist.
func (s *Store) Policies(ctx context.Context, ids []entitlement.PolicyID) ([]entitlement.AssignmentPolicy, error) {
	return some(ctx, s, "Policies", policies, ids)
}

// ListPolicies lists all policies by name.
func (s *Store) ListPolicies(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error) {
	return list(ctx, s, "ListPolicies", policies, allPolicies, page)
}

// Connector returns the registration of a target system.
func (s *Store) Connector(ctx context.Context, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error) {
	return one(ctx, s, "Connector", "connector", func(s *state) map[entitlement.ConnectorID]entitlement.ConnectorConfig { return s.connectors }, id)
}

// ListConnectors lists all connectors by name.
func (s *Store) ListConnectors(ctx context.Context) ([]entitlement.ConnectorConfig, error) {
	return look(ctx, s, "ListConnectors", nil, func() ([]entitlement.ConnectorConfig, error) {
		var all []entitlement.ConnectorConfig
		for _, r := range s.index.lists[allConnectors] {
			if c, ok := s.state.connectors[r.ref.(entitlement.ConnectorID)]; ok {
				all = append(all, c)
			}
		}
		return all, nil
	})
}
