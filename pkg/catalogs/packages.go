package catalogs

import (
	"context"
	"maps"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/idempotency"
)

// CreatePackage adds an access package without roles and policies to a catalog.
func (s *Service) CreatePackage(ctx context.Context, by authz.Command, p entitlement.AccessPackage) (entitlement.AccessPackage, error) {
	return idempotency.Once(ctx, s.once(), by, entitlement.OfPackage, func(made idempotency.Effect) (entitlement.AccessPackage, error) {
		p := p
		p.PolicyNames = nil
		p.ID, p.Created, p.Modified, p.Policies, p.Meta = entitlement.PackageID(made.ID), made.At, made.At, nil, made.Meta()
		if made.Again {
			err := namePackage(&p)
			return p, err
		}
		return afresh(func() (entitlement.AccessPackage, error) { return s.createPackage(ctx, made.Command, p) })
	})
}

func (s *Service) createPackage(ctx context.Context, by authz.Command, p entitlement.AccessPackage) (entitlement.AccessPackage, error) {
	c, err := s.catalog(ctx, &by, authz.CreatePackage, p.Catalog)
	if err != nil {
		return p, err
	}
	c.Packages++
	return s.putPackage(ctx, by, p, entitlement.AccessPackage{}, "created", entitlement.Change{Catalogs: []entitlement.Catalog{c}})
}

// namePackage cleans the texts of a package, and refuses those that cannot be.
func namePackage(p *entitlement.AccessPackage) (err error) {
	if p.DisplayName, err = entitlement.Name("displayName", p.DisplayName); err == nil {
		p.Description, err = entitlement.Description("description", p.Description)
	}
	return err
}

// UpdatePackage changes a package; edit is given the package as it is.
func (s *Service) UpdatePackage(ctx context.Context, by authz.Command, id entitlement.PackageID, edit func(*entitlement.AccessPackage)) (entitlement.AccessPackage, error) {
	return afresh(func() (entitlement.AccessPackage, error) {
		p, err := s.openPackage(ctx, &by, authz.UpdatePackage, id)
		if err == nil {
			err = by.Matches(p)
		}
		if err != nil {
			return p, err
		}
		before := p
		edit(&p)
		p.Modified = s.Clock.Now()
		return s.putPackage(ctx, by, p, before, "updated", entitlement.Change{})
	})
}

// openPackage reads a package that is not under deletion, for an action on it.
func (s *Service) openPackage(ctx context.Context, by *authz.Command, a authz.Action, id entitlement.PackageID) (entitlement.AccessPackage, error) {
	p, err := s.Store.Package(ctx, id)
	err = s.allow(ctx, by, a, inPackage(p), err)
	if err == nil && !p.Deleting.IsZero() {
		err = entitlement.Errorf(entitlement.Conflict, "The access package is being deleted; look again in a minute.")
	}
	return p, err
}

// putPackage commits a package with the event of its change and whatever goes with it.
func (s *Service) putPackage(ctx context.Context, by authz.Command, p, before entitlement.AccessPackage, kind string, with entitlement.Change) (entitlement.AccessPackage, error) {
	if err := namePackage(&p); err != nil {
		return p, err
	}
	e := by.Marked(s.event(entitlement.OfPackage, string(p.ID), kind, by))
	e.Changed = entitlement.Differences(before.Recorded(), p.Recorded())
	with.Packages = append(with.Packages, p)
	with.Names = entitlement.Renamed(entitlement.OfPackage, string(p.Catalog), string(p.ID), before.DisplayName, p.DisplayName)
	with = chainPackage(with, e)

	err := s.Store.Commit(ctx, with)
	if entitlement.StalePart(err) == entitlement.PartName {
		err = entitlement.NameTaken("an access package", " in the catalog")
	}
	p = with.Packages[0]
	p.Version++
	return p, err
}

// chainPackage appends e to the chain of the change's package.
func chainPackage(c entitlement.Change, e entitlement.Event) entitlement.Change {
	p := &c.Packages[0]
	p.Chain, e = p.Chain.Append(e)
	c.Events = append(c.Events, e)
	return c
}

// DeletePackage removes a package that nobody holds and nobody asks for (R124).
func (s *Service) DeletePackage(ctx context.Context, by authz.Command, id entitlement.PackageID) error {
	read := func() (entitlement.Deletion, error) {
		p, err := s.Store.Package(ctx, id)
		err = s.allow(ctx, &by, authz.DeletePackage, inPackage(p), err)
		if err == nil {
			err = by.Matches(p)
		}
		return entitlement.DeletionOf(p), err
	}
	return s.remove(ctx, &by, read, func(d entitlement.Deletion) error { return s.erase(ctx, by, d.Package) })
}

// unsure refuses what is decided on everything that there is, where some of it cannot be read.
func unsure(n int) error {
	return entitlement.Errorf(entitlement.Conflict, "%d items that belong to this cannot be read by this version of the service, so it cannot be told whether they stand in the way: the log names them.", n)
}

func (s *Service) erase(ctx context.Context, by authz.Command, p entitlement.AccessPackage) error {
	catalog, err := s.Store.Catalog(ctx, p.Catalog)
	if err != nil {
		return err
	}

	scopes, err := s.Store.Scopes(ctx, p.ID)
	if err != nil {
		return err
	}

	policies, err := s.Store.Policies(ctx, p.Policies)
	if err != nil {
		return err
	}

	catalog.Packages--
	p.Erased = true
	c := entitlement.Change{Catalogs: []entitlement.Catalog{catalog}, Packages: []entitlement.AccessPackage{p}, Former: []entitlement.AccessPackage{p.Former()},
		Names: entitlement.Renamed(entitlement.OfPackage, string(p.Catalog), string(p.ID), p.DisplayName, "")}
	for _, policy := range policies {
		policy.Erased = true
		c.Policies = append(c.Policies, policy)
	}

	// Each resource counts the scopes that use it, and can be removed when none does.
	if c.Extensions, err = s.counted(ctx, p.Catalog, stagesOf(policies), nil); err != nil {
		return err
	}
	if scopes.Version > 0 {
		uses := map[entitlement.ResourceID]int{}
		for _, scope := range scopes.List {
			uses[scope.Resource]++
		}
		for _, id := range slices.Sorted(maps.Keys(uses)) {
			r, err := s.Store.Resource(ctx, p.Catalog, id)
			if err != nil {
				return err
			}
			r.Uses -= uses[id]
			c.Resources = append(c.Resources, r)
		}
		scopes.Erased = true
		c.Scopes = []entitlement.PackageScopes{scopes}
	}

	e := s.event(entitlement.OfPackage, string(p.ID), "deleted", by)
	e.Changed = entitlement.Differences(p.Recorded(), nil)
	if len(p.Policies) > 0 {
		e.Data = map[string]string{"policies": joined(p.Policies)} // which go with it
	}

	return s.Store.Commit(ctx, chainPackage(c, e))
}

// AddScope adds one role of one of the catalog's resources to a package (R14). The
// package's generation moves with it, and a job carries it to every holder (R1).
func (s *Service) AddScope(ctx context.Context, by authz.Command, id entitlement.PackageID, resource entitlement.Resource, roleOrigin string) (entitlement.ResourceRoleScope, error) {
	first := true
	return s.editRoles(ctx, by, agreement{}, func(by *authz.Command) (plannedEdit, error) {
		if first { // the caller has just read it
			first = false
			return s.adding(ctx, by, id, resource, roleOrigin)
		}
		now, err := s.Store.Resource(ctx, resource.Catalog, resource.ID)
		if err != nil {
			return plannedEdit{}, err
		}
		return s.adding(ctx, by, id, now, roleOrigin)
	})
}

// plannedEdit is a change of a package's roles that was decided on what was read, and is not
// committed yet.
type plannedEdit struct {
	entitlement.RoleEdit
	pkg      entitlement.AccessPackage
	before   entitlement.PackageScopes
	after    entitlement.PackageScopes
	resource entitlement.Resource
}

func (s *Service) adding(ctx context.Context, by *authz.Command, id entitlement.PackageID, resource entitlement.Resource, roleOrigin string) (plannedEdit, error) {
	none := plannedEdit{}
	p, err := s.openPackage(ctx, by, authz.ChangeRoleScopes, id)
	if err != nil {
		return none, err
	}

	if resource.Catalog != p.Catalog {
		return none, entitlement.Errorf(entitlement.Precondition, "The resource belongs to another catalog than the access package: add it to the package's catalog first.")
	}
	role, ok := resource.Role(roleOrigin)
	if !ok {
		return none, entitlement.Errorf(entitlement.Invalid, "The resource %s has no role with the originId %q.", resource.DisplayName, roleOrigin)
	}

	scopes, err := s.Store.Scopes(ctx, id)
	if err != nil {
		return none, err
	}

	added := entitlement.ResourceRoleScope{
		ID: role.ID + "_" + resource.Scope.ID, Resource: resource.ID, Role: role, Scope: resource.Scope, Origin: resource.OriginSystem,
		Ref: entitlement.RoleRef{Connector: resource.Connector, Resource: resource.OriginID, Role: role.OriginID}, Created: by.Instant(s.Clock.Now()),
	}

	if slices.ContainsFunc(scopes.List, func(r entitlement.ResourceRoleScope) bool { return r.ID == added.ID }) {
		return none, entitlement.Errorf(entitlement.Conflict, "The access package has this role already.")
	}
	if len(scopes.List) >= entitlement.MaxScopes {
		return none, entitlement.Errorf(entitlement.Precondition, "An access package holds at most %d roles.", entitlement.MaxScopes)
	}

	// The count of uses moves the resource's version on, so that it is not removed meanwhile.
	before := scopes
	scopes.Package, scopes.List = id, append(slices.Clone(scopes.List), added)
	resource.Uses++
	return plannedEdit{entitlement.RoleEdit{Package: id, Scope: added}, p, before, scopes, resource}, nil
}

// RemoveScope takes a role out of a package, and so from every holder to whom no other
// package gives it (R2).
func (s *Service) RemoveScope(ctx context.Context, by authz.Command, id entitlement.PackageID, scopeID string) error {
	_, err := s.editRoles(ctx, by, agreement{}, func(by *authz.Command) (plannedEdit, error) { return s.removing(ctx, by, id, scopeID) })
	return err
}

func (s *Service) removing(ctx context.Context, by *authz.Command, id entitlement.PackageID, scopeID string) (plannedEdit, error) {
	none := plannedEdit{}
	p, err := s.openPackage(ctx, by, authz.ChangeRoleScopes, id)
	if err != nil {
		return none, err
	}

	scopes, err := s.Store.Scopes(ctx, id)
	if err != nil {
		return none, err
	}

	i := slices.IndexFunc(scopes.List, func(r entitlement.ResourceRoleScope) bool { return r.ID == scopeID })
	if i < 0 {
		return none, entitlement.Errorf(entitlement.NotFound, "The access package has no resource role scope with this id.")
	}

	resource, err := s.Store.Resource(ctx, p.Catalog, scopes.List[i].Resource)
	if err != nil {
		return none, err
	}

	resource.Uses--
	return plannedEdit{entitlement.RoleEdit{Package: id, Scope: scopes.List[i], Remove: true}, p, scopes, scopes.Without(i, s.Clock.Now()), resource}, nil
}

// putScopes commits a change of a package's roles with whatever goes with it.
func (s *Service) putScopes(ctx context.Context, by authz.Command, e plannedEdit, data map[string]string, with entitlement.Change) error {
	kind := "roleAdded"
	if e.Remove {
		kind = "roleRemoved"
	}
	event := s.event(entitlement.OfPackage, string(e.pkg.ID), kind, by)
	event.Data = map[string]string{"roleScope": e.Scope.ID, "resource": string(e.resource.ID), "connector": string(e.resource.Connector), "originId": e.resource.OriginID}
	maps.Copy(event.Data, data)

	job := entitlement.NewJob(e.pkg.ID, e.after.Version+1, event.At)
	with.Packages, with.Scopes, with.Resources = []entitlement.AccessPackage{e.pkg}, []entitlement.PackageScopes{e.after}, []entitlement.Resource{e.resource}
	with.Jobs, with.Events = []entitlement.Job{job}, append(with.Events, by.Recorded(e.Scope.ID)...)
	if err := s.Store.Commit(ctx, chainPackage(with, event)); err != nil {
		return err
	}

	// A crash before this leaves the job on record, and the sweep enqueues it.
	if lost := s.Jobs.EnqueueJob(ctx, job.Package, job.Generation); lost != nil {
		s.Log.WarnContext(ctx, "a message was lost; the sweep will find the job", "package", job.Package, "error", lost)
	}
	return nil
}
