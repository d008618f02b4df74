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
	return s.pickable(ctx, by, authz.AddResource, catalog)
}

// PickableNow is Pickable for those who may look what there is to bring in, as Offers is: a token
// for reading is enough.
func (s *Service) PickableNow(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID) ([]entitlement.ConnectorConfig, error) {
	if _, err := s.Catalog(ctx, by, catalog); err != nil {
		return nil, err
	}
	return s.pickable(ctx, by, authz.PickResource, catalog)
}

func (s *Service) pickable(ctx context.Context, by authz.Caller, action authz.Action, catalog entitlement.CatalogID) ([]entitlement.ConnectorConfig, error) {
	command := authz.Command{Caller: by}
	if err := s.allow(ctx, &command, action, authz.Object{Catalog: catalog}, nil); err != nil {
		return nil, err
	}

	all, err := s.Store.ListConnectors(ctx)
	if err != nil || command.AllowedBy == "" {
		return all, err
	}
	return slices.DeleteFunc(all, func(c entitlement.ConnectorConfig) bool { return !slices.Contains(c.ResourceManagers, by.ID) }), nil
}
