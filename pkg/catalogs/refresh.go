package catalogs

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// RequestResource is AddResource by a request that has an id, by which it is listed.
func (s *Service) RequestResource(ctx context.Context, by authz.Command, request string, asked entitlement.Resource) (entitlement.Resource, error) {
	return s.addResource(ctx, by, request, asked)
}

// RequestRemoval is RemoveResource likewise.
func (s *Service) RequestRemoval(ctx context.Context, by authz.Command, request string, r entitlement.Resource) error {
	return s.takeResource(ctx, by, request, r)
}

// ResourceRequests lists the resource requests of a catalog, or where it is "" those of all
// catalogs that the caller sees, oldest first. They are read from the events of catalogs: a page
// has as many events, and may be short and still have a next.
func (s *Service) ResourceRequests(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.ResourceRequest], error) {
	none := entitlement.Paged[entitlement.ResourceRequest]{}
	if catalog == "" {
		seen := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Catalog], error) {
			return s.ListCatalogs(ctx, by, page)
		}
		return everywhere(ctx, page, seen, catalogID, s.resourceRequestsOf)
	}
	if err := s.may(ctx, by, authz.ReadCatalog, authz.Object{Catalog: catalog}); err != nil {
		return none, err
	}
	if _, err := s.Store.Catalog(ctx, catalog); err != nil {
		return none, err
	}
	return s.resourceRequestsOf(ctx, catalog, page)
}

func (s *Service) resourceRequestsOf(ctx context.Context, catalog entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.ResourceRequest], error) {
	events, err := s.Store.ListEvents(ctx, entitlement.OfCatalog, string(catalog), page)
	out := entitlement.Paged[entitlement.ResourceRequest]{Next: events.Next, Unread: events.Unread}
	for _, e := range events.Items {
		if r, is := entitlement.ResourceRequestOf(e); is {
			out.Items = append(out.Items, r)
		}
	}
	return out, err
}

// RefreshResource reads again what a target calls its resource and the roles that it offers.
// Roles keep their ids; one that the target does not name any more stays, since packages may
// give it, and its delivery says what is wrong with it.
func (s *Service) RefreshResource(ctx context.Context, by authz.Command, catalog entitlement.CatalogID, id entitlement.ResourceID) error {
	if err := s.allow(ctx, &by, authz.RefreshResource, authz.Object{Catalog: catalog}, nil); err != nil {
		return err
	}
	r, err := s.Store.Resource(ctx, catalog, id)
	if err != nil {
		return err
	}
	there, err := s.Targets.Resource(ctx, r.Connector, r.OriginID)
	if err != nil {
		if entitlement.KindOf(err) == entitlement.NotFound {
			err = entitlement.Wrap(entitlement.Precondition, "refresh resource", err, "The target has no such resource any more: remove it from its packages and from the catalog.")
		}
		return err
	}
	called(&there, r.OriginID)
	return crossed(func() error { return s.putRefreshed(ctx, by, catalog, id, there) })
}

// putRefreshed commits what the target said of a resource, where it says anything new.
func (s *Service) putRefreshed(ctx context.Context, by authz.Command, catalog entitlement.CatalogID, id entitlement.ResourceID, there entitlement.Resource) error {
	c, err := s.Store.Catalog(ctx, catalog)
	if err != nil {
		return err
	}
	r, err := s.Store.Resource(ctx, catalog, id)
	if err != nil {
		return err
	}
	before := r.Named()
	r.DisplayName, r.Description, r.Roles = there.DisplayName, there.Description, s.refreshedRoles(r.Roles, there.Roles)

	e := s.event(entitlement.OfCatalog, string(catalog), "resourceRefreshed", by)
	e.Data = map[string]string{"resource": string(id)}
	if e.Changed = entitlement.Differences(before, r.Named()); len(e.Changed) == 0 {
		return nil
	}
	c.Chain, e = c.Chain.Append(e)
	return s.Store.Commit(ctx, entitlement.Change{Catalogs: []entitlement.Catalog{c}, Resources: []entitlement.Resource{r}, Events: []entitlement.Event{e}})
}

// refreshedRoles returns the roles that were known by their present names, and new ones.
func (s *Service) refreshedRoles(known, there []entitlement.ResourceRole) []entitlement.ResourceRole {
	roles := slices.Clone(known)
	for _, role := range there {
		i := slices.IndexFunc(roles, func(r entitlement.ResourceRole) bool { return r.OriginID == role.OriginID })
		if i >= 0 {
			roles[i].DisplayName = role.DisplayName
			continue
		}
		role.ID = s.IDs.New()
		roles = append(roles, role)
	}
	return roles
}
