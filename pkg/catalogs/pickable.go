package catalogs

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Pickable lists the targets whose resources the caller may bring into a catalog: all of them
// for administrators, and by a role in the catalog those whose resources the caller manages
// (R172). The built-in directory is not listed: its groups have managers of their own.
func (s *Service) Pickable(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID) ([]entitlement.ConnectorConfig, error) {
	command := authz.Command{Caller: by}
	if err := s.allow(ctx, &command, authz.AddResource, authz.Object{Catalog: catalog}, nil); err != nil {
		return nil, err
	}

	all, err := s.Store.ListConnectors(ctx)
	if err != nil || command.AllowedBy == "" {
		return all, err
	}
	return slices.DeleteFunc(all, func(c entitlement.ConnectorConfig) bool { return !slices.Contains(c.ResourceManagers, by.ID) }), nil
}
