package dynamo

import (
	"context"
	"slices"

	"leasehold/pkg/entitlement"
)

// Catalog returns a catalog.
func (db *DB) Catalog(ctx context.Context, id entitlement.CatalogID) (entitlement.Catalog, error) {
	return one(ctx, db, catalogMapper, catalogKey(id))
}

// Catalogs returns those of the catalogs that there are.
func (db *DB) Catalogs(ctx context.Context, ids []entitlement.CatalogID) ([]entitlement.Catalog, error) {
	return several(ctx, db, catalogMapper, true, keysOf(ids, catalogKey))
}

// ListCatalogs lists all catalogs by name.
func (db *DB) ListCatalogs(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Catalog], error) {
	return listed(ctx, db, catalogMapper, tableQuery{index: index1, partition: listPartition(wordCatalog, ""), prefix: encNamed(page.Named)}, page)
}

// Resource returns a resource of a catalog.
func (db *DB) Resource(ctx context.Context, catalog entitlement.CatalogID, id entitlement.ResourceID) (entitlement.Resource, error) {
	return one(ctx, db, resourceMapper, resourceKey(catalog, id))
}

// ResourceByOrigin finds a catalog's resource by its id at the target.
func (db *DB) ResourceByOrigin(ctx context.Context, catalog entitlement.CatalogID, connector entitlement.ConnectorID, originID string) (entitlement.Resource, error) {
	it, err := db.get(ctx, originKey(catalog, connector, originID))
	if err != nil {
		return entitlement.Resource{}, err
	}
	if it == nil {
		return entitlement.Resource{}, missing(resourceMapper.noun)
	}
	id, err := holderOf[entitlement.ResourceID](it, tagOrigin)
	if err != nil {
		return entitlement.Resource{}, err
	}
	return db.Resource(ctx, catalog, id)
}

// ListResources lists a catalog's resources.
func (db *DB) ListResources(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.Resource], error) {
	return within(ctx, db, tableQuery{partition: catalogKey(catalog).PK, prefix: prefixResource}, page, resourceMapper.read)
}

// Package returns an access package.
func (db *DB) Package(ctx context.Context, id entitlement.PackageID) (entitlement.AccessPackage, error) {
	return one(ctx, db, packageMapper, packageKey(id))
}

// Packages returns those of the access packages that there are.
func (db *DB) Packages(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error) {
	return several(ctx, db, packageMapper, true, keysOf(ids, packageKey))
}

// FormerPackages returns what is kept of those of the packages that are gone.
func (db *DB) FormerPackages(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error) {
	return several(ctx, db, formerMapper, false, keysOf(ids, formerKey))
}

// ListPackages lists all access packages by name, but those under deletion.
func (db *DB) ListPackages(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	return listed(ctx, db, packageMapper, tableQuery{index: index2, partition: listPartition(wordPackage, ""), prefix: encNamed(page.Named)}, page)
}

// PackagesOf lists a catalog's access packages by name. One that has moved to another catalog
// may have its entry here for a while, and is not shown to those who see this one.
func (db *DB) PackagesOf(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	list, err := listed(ctx, db, packageMapper, packagesOf(catalog, page), page)
	list.Items = slices.DeleteFunc(list.Items, func(p entitlement.AccessPackage) bool { return p.Catalog != catalog })
	return list, err
}

// PackagesWithScopes is PackagesOf with the role scopes of each, read strongly and beside them.
func (db *DB) PackagesWithScopes(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], map[entitlement.PackageID]entitlement.PackageScopes, error) {
	w := packagesOf(catalog, page)
	entries, err := within(ctx, db, w, page, func(it item) (Key, error) { return keyOf(it), nil })
	if err != nil {
		return entitlement.Paged[entitlement.AccessPackage]{}, nil, err
	}

	list := entitlement.Paged[entitlement.AccessPackage]{Next: entries.Next, Sure: entries.Sure}
	var scopes map[entitlement.PackageID]entitlement.PackageScopes
	err = db.sideBySide(ctx, 2, func(ctx context.Context, i int) (err error) {
		if i == 0 {
			var unread []error
			list.Items, unread, err = readableOf(ctx, db, packageMapper, false, entries.Items)
			list.Unread = len(unread)
			return err
		}
		ids := make([]entitlement.PackageID, len(entries.Items))
		for n, key := range entries.Items {
			ids[n] = packageAt(key)
		}
		scopes, err = db.ScopesOf(ctx, ids)
		return err
	})
	list.Items = slices.DeleteFunc(list.Items, func(p entitlement.AccessPackage) bool { return p.Catalog != catalog })
	return list, scopes, err
}

func packagesOf(catalog entitlement.CatalogID, page entitlement.Page) tableQuery {
	return tableQuery{index: index1, partition: catalogKey(catalog).PK, prefix: prefixPackage + encNamed(page.Named)}
}

// IncompatibleWith pages through the ids of the packages that list a package as incompatible.
func (db *DB) IncompatibleWith(ctx context.Context, id entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.PackageID], error) {
	return within(ctx, db, tableQuery{partition: packageKey(id).PK, prefix: prefixIncompatible}, page, func(it item) (entitlement.PackageID, error) {
		return incompatibleAt(keyOf(it)), nil
	})
}

// Scopes returns a package's role scopes; a package without any has an empty list at version 0.
func (db *DB) Scopes(ctx context.Context, id entitlement.PackageID) (entitlement.PackageScopes, error) {
	s, err := one(ctx, db, scopesMapper, scopesKey(id))
	if entitlement.KindOf(err) == entitlement.NotFound {
		return entitlement.PackageScopes{Package: id}, nil
	}
	return s, err
}

// Policy returns an assignment policy.
func (db *DB) Policy(ctx context.Context, id entitlement.PolicyID) (entitlement.AssignmentPolicy, error) {
	return one(ctx, db, policyMapper, policyKey(id))
}

// Policies returns those of the assignment policies that there are.
func (db *DB) Policies(ctx context.Context, ids []entitlement.PolicyID) ([]entitlement.AssignmentPolicy, error) {
	return several(ctx, db, policyMapper, true, keysOf(ids, policyKey))
}

// ListPolicies lists all assignment policies by name.
func (db *DB) ListPolicies(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error) {
	return listed(ctx, db, policyMapper, tableQuery{index: index2, partition: listPartition(wordPolicy, ""), prefix: encNamed(page.Named)}, page)
}

// Connector returns a connector's registration.
func (db *DB) Connector(ctx context.Context, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error) {
	return one(ctx, db, connectorMapper, connectorKey(id))
}

// Connectors returns those of the connectors that there are.
func (db *DB) Connectors(ctx context.Context, ids []entitlement.ConnectorID) ([]entitlement.ConnectorConfig, error) {
	return several(ctx, db, connectorMapper, true, keysOf(ids, connectorKey))
}

// ListConnectors lists all connectors by name.
func (db *DB) ListConnectors(ctx context.Context) ([]entitlement.ConnectorConfig, error) {
	entries, err := db.all(ctx, tableQuery{index: index1, partition: listPartition(wordConnector, "")})
	if err != nil {
		return nil, err
	}
	list, _, err := readableOf(ctx, db, connectorMapper, false, keysOf(entries, keyOf))
	return list, err
}
