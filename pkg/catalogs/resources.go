package catalogs

import (
	"cmp"
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// AddResource registers a target's resource in a catalog, as the target describes it.
func (s *Service) AddResource(ctx context.Context, by authz.Command, catalog entitlement.CatalogID, at entitlement.ConnectorID, originSystem, originID string) (entitlement.Resource, error) {
	return s.addResource(ctx, by, s.IDs.New(), entitlement.Resource{Catalog: catalog, Connector: at, OriginSystem: originSystem, OriginID: originID})
}

// addResource is AddResource by a request that has an id.
func (s *Service) addResource(ctx context.Context, by authz.Command, request string, asked entitlement.Resource) (entitlement.Resource, error) {
	catalog, at, originSystem, originID := asked.Catalog, asked.Connector, asked.OriginSystem, asked.OriginID
	if _, err := s.catalog(ctx, &by, authz.AddResource, catalog); err != nil {
		return entitlement.Resource{}, err
	}

	if err := s.manages(ctx, by, at, originID); err != nil {
		return entitlement.Resource{}, err
	}

	r, err := s.Targets.Resource(ctx, at, originID)
	if err != nil {
		return r, err
	}

	if r.OriginID != "" {
		originID = r.OriginID // as the target writes it
	}
	called(&r, originID)

	// A group and an application of one target are told apart by the target itself.
	told := r.OriginSystem
	if told != "" && told != originSystem {
		return r, entitlement.Errorf(entitlement.Invalid, "resource.originSystem must be that of the resource: %s.", told)
	}
	r.ID, r.Catalog, r.Connector, r.OriginSystem, r.OriginID = entitlement.ResourceID(s.IDs.New()), catalog, at, originSystem, originID
	r.Scope = entitlement.ResourceScope{ID: s.IDs.New(), OriginID: originID, DisplayName: "Root"}
	r.Created = s.Clock.Now()
	for i := range r.Roles {
		r.Roles[i].ID = s.IDs.New()
	}

	err = crossed(func() error { return s.putResource(ctx, by, request, r, told) })
	if entitlement.StalePart(err) == entitlement.PartName {
		err = &entitlement.Error{Kind: entitlement.Conflict, Code: "nameAlreadyExists", Msg: "The catalog holds this resource already.", Err: err}
	}

	r.Version++
	return r, err
}

// called makes what a target calls its resource fit to be shown (A9, A19): its names are
// cleaned and kept, and what has none goes by its id there.
func called(r *entitlement.Resource, originID string) {
	r.DisplayName = cmp.Or(first(entitlement.CleanName(r.DisplayName), entitlement.MaxName), originID)
	r.Description = first(entitlement.CleanDescription(r.Description), entitlement.MaxDescription)
	for i, role := range r.Roles {
		r.Roles[i].DisplayName = cmp.Or(first(entitlement.CleanName(role.DisplayName), entitlement.MaxName), role.OriginID)
	}
}

// first returns at most that many characters of a text.
func first(s string, most int) string {
	if text := []rune(s); len(text) > most {
		return entitlement.CleanDescription(string(text[:most])) // an emoji may be cut in two
	}
	return s
}

// putResource commits a new resource; told is the origin system that the target says it is of. The catalog's version holds its deletion off, and
// its chain records the change; the connector's holds off the deletion of that.
func (s *Service) putResource(ctx context.Context, by authz.Command, request string, r entitlement.Resource, told string) error {
	held, err := s.withoutRoles(ctx, by, r)
	if err != nil {
		return err
	}
	c, err := s.Store.Catalog(ctx, r.Catalog)
	if err != nil {
		return err
	}

	used, err := s.use(ctx, r.Connector, +1)
	if err != nil {
		return err
	}

	for _, at := range used {
		// Origin system and connector are named apart, and may contradict each other.
		if told == "" && at.OriginSystem != r.OriginSystem {
			return entitlement.Errorf(entitlement.Invalid, "resource.originSystem must be that of the connector: %s.", at.OriginSystem)
		}
	}

	e := s.event(entitlement.OfCatalog, string(c.ID), entitlement.EventResourceAdded, by)
	e.Data = map[string]string{"resource": string(r.ID), "originId": r.OriginID, "connector": string(r.Connector), entitlement.DataRequest: request}
	c.Chain, e = c.Chain.Append(e)
	return s.Store.Commit(ctx, entitlement.Change{Catalogs: []entitlement.Catalog{c}, Resources: []entitlement.Resource{r}, Connectors: used, References: held,
		Events: append([]entitlement.Event{e}, by.Recorded(request)...)})
}

// FindResource finds a resource of a catalog by its id, or else by its id at the target.
func (s *Service) FindResource(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID, id entitlement.ResourceID, at entitlement.ConnectorID, originID string) (entitlement.Resource, error) {
	if err := s.may(ctx, by, authz.ReadCatalog, authz.Object{Catalog: catalog}); err != nil {
		return entitlement.Resource{}, err
	}
	if id != "" {
		return s.Store.Resource(ctx, catalog, id)
	}
	return s.Store.ResourceByOrigin(ctx, catalog, at, originID)
}

// crossTries bounds how often a change is decided afresh. Each meets the others of the same
// catalog, package or connector, at which all are counted; of those that meet one always
// goes through, so that as many tries carry as many changes at once.
const crossTries = 20

// crossed decides a change again that met another one, on what that one left.
func crossed(change func() error) error {
	_, err := afresh(func() (struct{}, error) { return struct{}{}, change() })
	return err
}

// RemoveResource takes a resource that no package uses out of its catalog (R16).
func (s *Service) RemoveResource(ctx context.Context, by authz.Command, r entitlement.Resource) error {
	return s.takeResource(ctx, by, s.IDs.New(), r)
}

// takeResource is RemoveResource by a request that has an id.
func (s *Service) takeResource(ctx context.Context, by authz.Command, request string, r entitlement.Resource) error {
	if err := s.allow(ctx, &by, authz.RemoveResource, authz.Object{Catalog: r.Catalog}, nil); err != nil {
		return err
	}
	if err := s.manages(ctx, by, r.Connector, r.OriginID); err != nil {
		return err
	}

	return crossed(func() error {
		now, err := s.Store.Resource(ctx, r.Catalog, r.ID)
		if err != nil {
			return err
		}
		return s.removeResource(ctx, by, request, now)
	})
}

func (s *Service) removeResource(ctx context.Context, by authz.Command, request string, r entitlement.Resource) error {
	if r.Uses > 0 {
		return entitlement.Errorf(entitlement.Conflict, "%d resource role scopes of access packages use the resource: remove them first.", r.Uses)
	}

	held, err := s.withoutRoles(ctx, by, r)
	if err != nil {
		return err
	}
	c, err := s.Store.Catalog(ctx, r.Catalog)
	if err != nil {
		return err
	}
	used, err := s.use(ctx, r.Connector, -1)
	if err != nil {
		return err
	}

	e := s.event(entitlement.OfCatalog, string(c.ID), entitlement.EventResourceRemoved, by)
	e.Data = map[string]string{"resource": string(r.ID), "originId": r.OriginID, entitlement.DataRequest: request}
	c.Chain, e = c.Chain.Append(e)
	r.Erased = true
	return s.Store.Commit(ctx, entitlement.Change{Catalogs: []entitlement.Catalog{c}, Resources: []entitlement.Resource{r}, Connectors: used, References: held,
		Events: append([]entitlement.Event{e}, by.Recorded(request)...)})
}
