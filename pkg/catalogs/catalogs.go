// Package catalogs is the owners' side: catalogs, their resources, the packages that
// bundle roles of them, the policies under which people get packages, and the targets.
package catalogs

import (
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
	VPC      bool // the deployment has a VPC that connectors can be in

	// AtOnce is with how many people one call looks at a change of roles, above which it is a job;
	// 0 means MaxAtOnce.
	AtOnce int
}

// Jobs starts the way of a package edit to the holders. A lost message costs time,
// never correctness: the sweep finds the job.
type Jobs interface {
	EnqueueJob(ctx context.Context, pkg entitlement.PackageID, generation int64) error
	// EnqueueImpact tells a worker of a change of roles that it is to look at. No sweep finds one
	// whose message is lost before it was sent: whoever asks is told so, and asks again.
	EnqueueImpact(ctx context.Context, pkg entitlement.PackageID, id entitlement.ImpactJobID) error
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
	// Offers returns a piece of what a target has to offer, asked for live. A search is a hint.
	Offers(ctx context.Context, at entitlement.ConnectorID, search string, page entitlement.Page) (entitlement.Paged[entitlement.TargetOffer], error)
	// Survey finds out what the target of a registration speaks, shows and heeds; what goes wrong
	// there is part of what it returns. An error says that it could not be asked at all.
	Survey(ctx context.Context, as entitlement.ConnectorConfig) (entitlement.TargetCheck, error)
	// FindPerson looks a person up at the target of a registration. An error says why there is no
	// account of theirs that roles could be given to.
	FindPerson(ctx context.Context, as entitlement.ConnectorConfig, who entitlement.User) error
	// Probe checks that a registration is usable without calling the target.
	Probe(ctx context.Context, cfg entitlement.ConnectorConfig, credential string) error
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
	return entitlement.Event{Aggregate: of, ID: id, Kind: kind, Actor: by.ID, Command: by.CommandID, At: s.Clock.Now(), AllowedBy: by.AllowedBy}
}

// inPackage is a package, or something of it, as the object of an action.
func inPackage(p entitlement.AccessPackage) authz.Object {
	return authz.Object{Catalog: p.Catalog, Package: p.ID}
}

// catalog reads a catalog for an action on it.
func (s *Service) catalog(ctx context.Context, by *authz.Command, a authz.Action, id entitlement.CatalogID) (entitlement.Catalog, error) {
	c, err := s.Store.Catalog(ctx, id)
	return c, s.allow(ctx, by, a, authz.Object{Catalog: id}, err)
}

// CreateCatalog adds an empty catalog.
func (s *Service) CreateCatalog(ctx context.Context, by authz.Command, c entitlement.Catalog) (entitlement.Catalog, error) {
	if err := s.allow(ctx, &by, authz.CreateCatalog, authz.Object{}, nil); err != nil {
		return c, err
	}
	return idempotency.Once(ctx, s.once(), by, entitlement.OfCatalog, func(made idempotency.Effect) (entitlement.Catalog, error) {
		c := c
		c.ID, c.Created, c.Modified, c.Packages, c.Meta = entitlement.CatalogID(made.ID), made.At, made.At, 0, made.Meta()
		if made.Again {
			err := nameCatalog(&c)
			return c, err
		}
		return s.putCatalog(ctx, made.Command, c, entitlement.Catalog{}, "created", s.firstOwner(by, &c)...)
	})
}

// UpdateCatalog changes a catalog; edit is given the catalog as it is.
func (s *Service) UpdateCatalog(ctx context.Context, by authz.Command, id entitlement.CatalogID, edit func(*entitlement.Catalog)) (entitlement.Catalog, error) {
	return afresh(func() (entitlement.Catalog, error) {
		c, err := s.catalog(ctx, &by, authz.UpdateCatalog, id)
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

func (s *Service) putCatalog(ctx context.Context, by authz.Command, c, before entitlement.Catalog, kind string, owners ...entitlement.RoleAssignment) (entitlement.Catalog, error) {
	if err := nameCatalog(&c); err != nil {
		return c, err
	}
	e := by.Marked(s.event(entitlement.OfCatalog, string(c.ID), kind, by))
	e.Changed = entitlement.Differences(before.Recorded(), c.Recorded())
	e.After = catalogState(c)
	for _, owner := range owners {
		e.Data = roleData(owner)
	}
	c.Chain, e = c.Chain.Append(e)

	err := s.Store.Commit(ctx, entitlement.Change{Catalogs: []entitlement.Catalog{c}, RoleAssignments: owners, Events: []entitlement.Event{e},
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

// DeleteCatalog removes a catalog without packages (R27). Who holds roles in it holds them
// no more.
func (s *Service) DeleteCatalog(ctx context.Context, by authz.Command, id entitlement.CatalogID) error {
	c, err := s.catalog(ctx, &by, authz.DeleteCatalog, id)
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

	extensions, err := s.Store.ListExtensions(ctx, id, entitlement.Page{})
	if err != nil {
		return err
	}
	if len(extensions.Items)+extensions.Unread > 0 {
		return entitlement.Errorf(entitlement.Conflict, "The catalog holds custom extensions: remove them first.")
	}

	roles, err := s.rolesGone(ctx, id)
	if err != nil {
		return err
	}

	// A package or a resource that is added from here on moves the catalog's version on, and this
	// fails.
	e := s.event(entitlement.OfCatalog, string(id), "deleted", by)
	e.Changed = entitlement.Differences(c.Recorded(), nil)
	c.Chain, e = c.Chain.Append(e)
	c.Erased = true
	return s.Store.Commit(ctx, entitlement.Change{Catalogs: []entitlement.Catalog{c}, RoleAssignments: roles, Events: []entitlement.Event{e},
		Names: entitlement.Renamed(entitlement.OfCatalog, "", string(id), c.DisplayName, "")})
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
