package catalogs

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Catalog returns a catalog to those who keep it.
func (s *Service) Catalog(ctx context.Context, by authz.Caller, id entitlement.CatalogID) (entitlement.Catalog, error) {
	c, err := s.Store.Catalog(ctx, id)
	return permitted(by, authz.ReadCatalog, authz.Object{Catalog: id}, c, err)
}

// permitted returns what was read, where the caller may read it.
func permitted[T any](by authz.Caller, a authz.Action, o authz.Object, v T, err error) (T, error) {
	if err == nil {
		err = authz.Allow(by, a, o).Err()
	}
	if err != nil {
		var none T
		return none, err
	}
	return v, nil
}

// ListCatalogs lists all catalogs.
func (s *Service) ListCatalogs(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.Catalog], error) {
	if err := authz.Allow(by, authz.ReadCatalog, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.Catalog]{}, err
	}
	return s.Store.ListCatalogs(ctx, page)
}

// Resources lists the resources of a catalog.
func (s *Service) Resources(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.Resource], error) {
	if err := authz.Allow(by, authz.ReadCatalog, authz.Object{Catalog: catalog}).Err(); err != nil {
		return entitlement.Paged[entitlement.Resource]{}, err
	}
	return s.Store.ListResources(ctx, catalog, page)
}

// Package returns a package to those who keep it.
func (s *Service) Package(ctx context.Context, by authz.Caller, id entitlement.PackageID) (entitlement.AccessPackage, error) {
	p, err := s.Store.Package(ctx, id)
	return permitted(by, authz.ListPackages, inPackage(p), p, err)
}

// ListPackages lists all packages.
func (s *Service) ListPackages(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	if err := authz.Allow(by, authz.ListPackages, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.AccessPackage]{}, err
	}
	return s.Store.ListPackages(ctx, page)
}

// PackagesOf lists the packages of a catalog.
func (s *Service) PackagesOf(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	if err := authz.Allow(by, authz.ListPackages, authz.Object{Catalog: catalog}).Err(); err != nil {
		return entitlement.Paged[entitlement.AccessPackage]{}, err
	}
	return s.Store.PackagesOf(ctx, catalog, page)
}

// PackagesNamed returns those of the packages that are there.
func (s *Service) PackagesNamed(ctx context.Context, by authz.Caller, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error) {
	if err := authz.Allow(by, authz.ListPackages, authz.Object{}).Err(); err != nil {
		return nil, err
	}
	return s.Store.Packages(ctx, ids)
}

// Policy returns a policy to those who keep its package.
func (s *Service) Policy(ctx context.Context, by authz.Caller, id entitlement.PolicyID) (entitlement.AssignmentPolicy, error) {
	p, err := s.Store.Policy(ctx, id)
	return permitted(by, authz.ReadPolicy, inPolicy(p), p, err)
}

// ListPolicies lists all policies.
func (s *Service) ListPolicies(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error) {
	if err := authz.Allow(by, authz.ReadPolicy, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.AssignmentPolicy]{}, err
	}
	return s.Store.ListPolicies(ctx, page)
}

// PoliciesNamed returns those of the policies that are there.
func (s *Service) PoliciesNamed(ctx context.Context, by authz.Caller, ids []entitlement.PolicyID) ([]entitlement.AssignmentPolicy, error) {
	if err := authz.Allow(by, authz.ReadPolicy, authz.Object{}).Err(); err != nil {
		return nil, err
	}
	return s.Store.Policies(ctx, ids)
}

// Connector returns the registration of a target.
func (s *Service) Connector(ctx context.Context, by authz.Caller, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error) {
	c, err := s.Store.Connector(ctx, id)
	return permitted(by, authz.ReadConnector, authz.Object{}, c, err)
}

// ListConnectors lists the registered targets.
func (s *Service) ListConnectors(ctx context.Context, by authz.Caller) ([]entitlement.ConnectorConfig, error) {
	if err := authz.Allow(by, authz.ReadConnector, authz.Object{}).Err(); err != nil {
		return nil, err
	}
	return s.Store.ListConnectors(ctx)
}
