package catalogs

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Catalog returns a catalog to those who keep it.
func (s *Service) Catalog(ctx context.Context, by authz.Caller, id entitlement.CatalogID) (entitlement.Catalog, error) {
	c, err := s.Store.Catalog(ctx, id)
	return permitted(ctx, s, by, authz.ReadCatalog, authz.Object{Catalog: id}, c, err)
}

// ListCatalogs lists all catalogs, or those in which the caller holds a role that shows them.
func (s *Service) ListCatalogs(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.Catalog], error) {
	in, everywhere, err := s.catalogsFor(ctx, by, authz.ReadCatalog)
	if err != nil {
		return entitlement.Paged[entitlement.Catalog]{}, err
	}
	if !everywhere {
		return s.catalogsAmong(ctx, in, page)
	}
	return s.Store.ListCatalogs(ctx, page)
}

// Resources lists the resources of a catalog.
func (s *Service) Resources(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.Resource], error) {
	return open(ctx, s, by, authz.ReadCatalog, authz.Object{Catalog: catalog}, func(ctx context.Context) (entitlement.Paged[entitlement.Resource], error) {
		return s.Store.ListResources(ctx, catalog, page)
	})
}

// Package returns a package to those who keep it.
func (s *Service) Package(ctx context.Context, by authz.Caller, id entitlement.PackageID) (entitlement.AccessPackage, error) {
	p, err := s.Store.Package(ctx, id)
	return permitted(ctx, s, by, authz.ListPackages, inPackage(p), p, err)
}

// ListPackages lists all packages, or those of the catalogs in which the caller holds a role
// that shows them.
func (s *Service) ListPackages(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	in, everywhere, err := s.catalogsFor(ctx, by, authz.ListPackages)
	if err != nil {
		return entitlement.Paged[entitlement.AccessPackage]{}, err
	}
	if !everywhere {
		return s.packagesAmong(ctx, in, page)
	}
	return s.Store.ListPackages(ctx, page)
}

// PackagesOf lists the packages of a catalog.
func (s *Service) PackagesOf(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	return open(ctx, s, by, authz.ListPackages, authz.Object{Catalog: catalog}, func(ctx context.Context) (entitlement.Paged[entitlement.AccessPackage], error) {
		return s.Store.PackagesOf(ctx, catalog, page)
	})
}

// PackagesNamed returns those of the packages that are there, and that the caller may see:
// what a package is incompatible with may be in catalogs of others.
func (s *Service) PackagesNamed(ctx context.Context, by authz.Caller, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error) {
	all, err := s.Store.Packages(ctx, ids)
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, by, all)
}

// Policy returns a policy to those who keep its package.
func (s *Service) Policy(ctx context.Context, by authz.Caller, id entitlement.PolicyID) (entitlement.AssignmentPolicy, error) {
	p, err := s.Store.Policy(ctx, id)
	return permitted(ctx, s, by, authz.ReadPolicy, inPolicy(p), p, err)
}

// ListPolicies lists all policies.
func (s *Service) ListPolicies(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error) {
	if err := s.may(ctx, by, authz.ReadPolicy, authz.Object{}); err != nil {
		return entitlement.Paged[entitlement.AssignmentPolicy]{}, narrower(err, "accessPackage/id eq '{id}'")
	}
	return s.Store.ListPolicies(ctx, page)
}

// PoliciesOf returns those of the policies that are there, of a package that was read.
func (s *Service) PoliciesOf(ctx context.Context, by authz.Caller, p entitlement.AccessPackage, ids []entitlement.PolicyID) ([]entitlement.AssignmentPolicy, error) {
	if err := s.may(ctx, by, authz.ReadPolicy, inPackage(p)); err != nil {
		return nil, err
	}
	return s.Store.Policies(ctx, ids)
}

// Connector returns the registration of a target.
func (s *Service) Connector(ctx context.Context, by authz.Caller, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error) {
	c, err := s.Store.Connector(ctx, id)
	return permitted(ctx, s, by, authz.ReadConnector, authz.Object{}, c, err)
}

// ListConnectors lists the registered targets.
func (s *Service) ListConnectors(ctx context.Context, by authz.Caller) ([]entitlement.ConnectorConfig, error) {
	return open(ctx, s, by, authz.ReadConnector, authz.Object{}, s.Store.ListConnectors)
}
