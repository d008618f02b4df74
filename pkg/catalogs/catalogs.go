// Package catalogs is the owners' side: catalogs, their resources, the packages that
// bundle roles of them, the policies under which people get packages, and the targets.
package catalogs

import (
	"cmp"
	"context"
	"log/slog"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/idempotency"
)

// Service keeps catalogs and what is in them.
type Service struct {
	Store    Store
	Targets  Targets
	Secrets  Secrets
	Kinds    []entitlement.TargetKind // of connectors that may be registered
	Jobs     Jobs
	Enqueuer Enqueuer
	Clock    clock.Clock
	IDs      clock.IDs
	Log      *slog.Logger
}

// Jobs starts the way of a package edit to the holders. A lost message costs time,
// never correctness: the sweep finds the job.
type Jobs interface {
	EnqueueJob(ctx context.Context, pkg entitlement.PackageID, generation int64) error
}

// Enqueuer tells the delivery worker whom to reconcile. A lost message costs time,
// never correctness: the sweep finds the pending reconciliation.
type Enqueuer interface {
	Enqueue(ctx context.Context, subjects ...entitlement.UserID) error
}

// Targets looks things up at target systems.
type Targets interface {
	// Resource returns what the target calls its resource, and the roles that it offers.
	// NotFound: it is not there; Precondition: it can never be granted.
	Resource(ctx context.Context, at entitlement.ConnectorID, originID string) (entitlement.Resource, error)
	// Probe checks that a registration is usable without calling the target.
	Probe(cfg entitlement.ConnectorConfig, credential string) error
}

// Secrets keeps connector credentials.
type Secrets interface {
	// Put stores a credential for an address beside earlier ones of the connector, and
	// returns the number by which it is read.
	Put(ctx context.Context, id entitlement.ConnectorID, address, secret string) (int64, error)
	// Delete forgets all credentials of a connector; having none already is no error.
	Delete(ctx context.Context, id entitlement.ConnectorID) error
}

func (s *Service) event(of entitlement.AggregateKind, id, kind string, by authz.Command) entitlement.Event {
	return entitlement.Event{Aggregate: of, ID: id, Kind: kind, Actor: by.ID, Command: by.CommandID, At: s.Clock.Now()}
}

// allow asks whether a command may do what it is about to, on what it has read.
func allow(by authz.Command, a authz.Action, o authz.Object) error {
	return authz.Allow(by.Caller, a, o).Err()
}

// inPackage is a package, or something of it, as the object of an action.
func inPackage(p entitlement.AccessPackage) authz.Object {
	return authz.Object{Catalog: p.Catalog, Package: p.ID}
}

// catalog reads a catalog for an action on it.
func (s *Service) catalog(ctx context.Context, by authz.Command, a authz.Action, id entitlement.CatalogID) (entitlement.Catalog, error) {
	c, err := s.Store.Catalog(ctx, id)
	if err == nil {
		err = allow(by, a, authz.Object{Catalog: id})
	}
	return c, err
}

// CreateCatalog adds an empty catalog.
func (s *Service) CreateCatalog(ctx context.Context, by authz.Command, c entitlement.Catalog) (entitlement.Catalog, error) {
	if err := allow(by, authz.CreateCatalog, authz.Object{}); err != nil {
		return c, err
	}
	return idempotency.Once(ctx, s.once(), by, entitlement.OfCatalog, func(made idempotency.Effect) (entitlement.Catalog, error) {
		c := c
		c.ID, c.Created, c.Modified, c.Packages, c.Meta = entitlement.CatalogID(made.ID), made.At, made.At, 0, made.Meta()
		if made.Again {
			err := nameCatalog(&c)
			return c, err
		}
		return s.putCatalog(ctx, made.Command, c, entitlement.Catalog{}, "created")
	})
}

// UpdateCatalog changes a catalog; edit is given the catalog as it is.
func (s *Service) UpdateCatalog(ctx context.Context, by authz.Command, id entitlement.CatalogID, edit func(*entitlement.Catalog)) (entitlement.Catalog, error) {
	return afresh(func() (entitlement.Catalog, error) {
		c, err := s.catalog(ctx, by, authz.UpdateCatalog, id)
		if err == nil {
			err = by.Matches(c)
		}
		if err != nil {
			return c, err
		}
		before := c
		edit(&c)
		c.Modified = s.Clock.Now()
		return s.putCatalog(ctx, by, c, before, "updated")
	})
}

func (s *Service) putCatalog(ctx context.Context, by authz.Command, c, before entitlement.Catalog, kind string) (entitlement.Catalog, error) {
	if err := nameCatalog(&c); err != nil {
		return c, err
	}
	e := by.Marked(s.event(entitlement.OfCatalog, string(c.ID), kind, by))
	e.Changed = entitlement.Differences(before.Recorded(), c.Recorded())
	e.After = catalogState(c)
	c.Chain, e = c.Chain.Append(e)
	err := s.Store.Commit(ctx, entitlement.Change{Catalogs: []entitlement.Catalog{c}, Events: []entitlement.Event{e},
		Names: entitlement.Renamed(entitlement.OfCatalog, "", string(c.ID), before.DisplayName, c.DisplayName)})
	c.Version++
	if entitlement.StalePart(err) == entitlement.PartName {
		err = entitlement.NameTaken("a catalog", "")
	}
	return c, err
}

// nameCatalog cleans the texts of a catalog, and refuses those that cannot be.
func nameCatalog(c *entitlement.Catalog) (err error) {
	if c.DisplayName, err = entitlement.Name("displayName", c.DisplayName); err == nil {
		c.Description, err = entitlement.Description("description", c.Description)
	}
	return err
}

func catalogState(c entitlement.Catalog) string {
	if c.Published {
		return "published"
	}
	return "unpublished"
}

// DeleteCatalog removes a catalog without packages (R27). Its resources go with it.
func (s *Service) DeleteCatalog(ctx context.Context, by authz.Command, id entitlement.CatalogID) error {
	c, err := s.catalog(ctx, by, authz.DeleteCatalog, id)
	if err == nil {
		err = by.Matches(c)
	}
	if err != nil {
		return err
	}
	if c.Packages > 0 {
		return entitlement.Errorf(entitlement.Conflict, "The catalog holds %d access packages: delete them first.", c.Packages)
	}
	left, err := s.Store.ListResources(ctx, id, entitlement.Page{})
	if err != nil {
		return err
	}
	if len(left.Items) > 0 {
		return entitlement.Errorf(entitlement.Conflict, "The catalog holds resources: remove them first.")
	}
	e := s.event(entitlement.OfCatalog, string(id), "deleted", by)
	e.Changed = entitlement.Differences(c.Recorded(), nil)
	c.Chain, e = c.Chain.Append(e)
	c.Erased = true
	return s.Store.Commit(ctx, entitlement.Change{Catalogs: []entitlement.Catalog{c}, Events: []entitlement.Event{e},
		Names: entitlement.Renamed(entitlement.OfCatalog, "", string(id), c.DisplayName, "")})
}

// AddResource registers a target's resource in a catalog, as the target describes it.
func (s *Service) AddResource(ctx context.Context, by authz.Command, catalog entitlement.CatalogID, at entitlement.ConnectorID, originSystem, originID string) (entitlement.Resource, error) {
	if _, err := s.catalog(ctx, by, authz.AddResource, catalog); err != nil {
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
	r.ID, r.Catalog, r.Connector, r.OriginSystem, r.OriginID = entitlement.ResourceID(s.IDs.New()), catalog, at, originSystem, originID
	r.Scope = entitlement.ResourceScope{ID: s.IDs.New(), OriginID: originID, DisplayName: "Root"}
	r.Created = s.Clock.Now()
	for i := range r.Roles {
		r.Roles[i].ID = s.IDs.New()
	}
	err = crossed(func() error { return s.putResource(ctx, by, r) })
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

// putResource commits a new resource. The catalog's version holds its deletion off, and
// its chain records the change; the connector's holds off the deletion of that.
func (s *Service) putResource(ctx context.Context, by authz.Command, r entitlement.Resource) error {
	c, err := s.Store.Catalog(ctx, r.Catalog)
	if err != nil {
		return err
	}
	used, err := s.use(ctx, r.Connector, +1)
	if err != nil {
		return err
	}
	for _, at := range used {
		if at.OriginSystem != r.OriginSystem {
			return entitlement.Errorf(entitlement.Invalid, "resource.originSystem must be that of the connector: %s.", at.OriginSystem)
		}
	}
	e := s.event(entitlement.OfCatalog, string(c.ID), "resourceAdded", by)
	e.Data = map[string]string{"resource": string(r.ID), "originId": r.OriginID, "connector": string(r.Connector)}
	c.Chain, e = c.Chain.Append(e)
	return s.Store.Commit(ctx, entitlement.Change{Catalogs: []entitlement.Catalog{c}, Resources: []entitlement.Resource{r}, Connectors: used,
		Events: append([]entitlement.Event{e}, by.Recorded("")...)})
}

// FindResource finds a resource of a catalog by its id, or else by its id at the target.
func (s *Service) FindResource(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID, id entitlement.ResourceID, at entitlement.ConnectorID, originID string) (entitlement.Resource, error) {
	if err := authz.Allow(by, authz.ReadCatalog, authz.Object{Catalog: catalog}).Err(); err != nil {
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

// afresh is crossed for a change that returns something.
func afresh[T any](change func() (T, error)) (T, error) {
	for try := 1; ; try++ {
		changed, err := change()
		if entitlement.StalePart(err) != entitlement.PartConfiguration || try == crossTries {
			return changed, err
		}
	}
}

// RemoveResource takes a resource that no package uses out of its catalog (R16).
func (s *Service) RemoveResource(ctx context.Context, by authz.Command, r entitlement.Resource) error {
	if err := allow(by, authz.RemoveResource, authz.Object{Catalog: r.Catalog}); err != nil {
		return err
	}
	return crossed(func() error {
		now, err := s.Store.Resource(ctx, r.Catalog, r.ID)
		if err != nil {
			return err
		}
		return s.removeResource(ctx, by, now)
	})
}

func (s *Service) removeResource(ctx context.Context, by authz.Command, r entitlement.Resource) error {
	if r.Uses > 0 {
		return entitlement.Errorf(entitlement.Conflict, "%d resource role scopes of access packages use the resource: remove them first.", r.Uses)
	}
	c, err := s.Store.Catalog(ctx, r.Catalog)
	if err != nil {
		return err
	}
	used, err := s.use(ctx, r.Connector, -1)
	if err != nil {
		return err
	}
	e := s.event(entitlement.OfCatalog, string(c.ID), "resourceRemoved", by)
	e.Data = map[string]string{"resource": string(r.ID), "originId": r.OriginID}
	c.Chain, e = c.Chain.Append(e)
	r.Erased = true
	return s.Store.Commit(ctx, entitlement.Change{Catalogs: []entitlement.Catalog{c}, Resources: []entitlement.Resource{r}, Connectors: used,
		Events: append([]entitlement.Event{e}, by.Recorded("")...)})
}
