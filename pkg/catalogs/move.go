package catalogs

import (
	"context"
	"maps"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// MovePackage moves a package to another catalog, which must hold the resources that the
// package gives roles of (R28). Whoever holds the package keeps it, and nothing changes at any
// target: the role scopes are those of the other catalog's entries of the same resources. Its
// name must be free there. To move it to where it is does nothing.
func (s *Service) MovePackage(ctx context.Context, by authz.Command, id entitlement.PackageID, to entitlement.CatalogID) error {
	return crossed(func() error { return s.movePackage(ctx, by, id, to) })
}

func (s *Service) movePackage(ctx context.Context, by authz.Command, id entitlement.PackageID, to entitlement.CatalogID) error {
	p, err := s.openPackage(ctx, &by, authz.MovePackage, id)
	if err != nil {
		return err
	}
	there, err := s.catalog(ctx, &by, authz.CreatePackage, to)
	if err != nil || p.Catalog == to {
		return err
	}
	here, err := s.Store.Catalog(ctx, p.Catalog)
	if err != nil {
		return err
	}
	if there.Limit.Looser(here.Limit) && by.AllowedBy != "" {
		return entitlement.Errorf(entitlement.Forbidden, "The other catalog lets one person do alone what needs two here: an administrator has to move the access package.")
	}
	c, err := s.movedScopes(ctx, p, to)
	if err != nil {
		return err
	}
	if c.Policies, err = s.movedPolicies(ctx, p, to); err != nil {
		return err
	}

	before := p
	p.Catalog, p.Modified = to, s.Clock.Now()
	here.Packages--
	there.Packages++
	c.Packages, c.Catalogs = []entitlement.AccessPackage{p}, []entitlement.Catalog{here, there}
	c.Names = entitlement.Moved(entitlement.OfPackage, string(here.ID), string(there.ID), string(id), p.DisplayName)
	e := s.event(entitlement.OfPackage, string(id), "moved", by)
	e.Changed = entitlement.Differences(before.Recorded(), p.Recorded())
	if err := s.Store.Commit(ctx, chainPackage(c, e)); err != nil {
		if entitlement.StalePart(err) == entitlement.PartName {
			err = entitlement.NameTaken("an access package", " in the other catalog")
		}
		return err
	}
	for _, job := range c.Jobs {
		if lost := s.Jobs.EnqueueJob(ctx, job.Package, job.Generation); lost != nil {
			s.Log.WarnContext(ctx, "a message was lost; the sweep will find the job", "package", job.Package, "error", lost)
		}
	}
	return nil
}

// movedPolicies are the policies of a package in its new catalog.
func (s *Service) movedPolicies(ctx context.Context, p entitlement.AccessPackage, to entitlement.CatalogID) ([]entitlement.AssignmentPolicy, error) {
	policies, err := s.Store.Policies(ctx, p.Policies)
	if err != nil {
		return nil, err
	}
	if missing := len(p.Policies) - len(policies); missing != 0 {
		return nil, unsure(missing)
	}
	for i := range policies {
		if len(policies[i].Extensions) > 0 { // which belong to the catalog (R202)
			return nil, entitlement.Errorf(entitlement.Precondition, "The policy %s has custom extensions of this catalog called: take them out of it first.", policies[i].DisplayName)
		}
		policies[i].Catalog = to
	}
	return policies, nil
}

// movedScopes puts the other catalog's resources in the place of the package's. The list
// moves on to another generation, as with every change of it, and a job carries that to the
// holders.
func (s *Service) movedScopes(ctx context.Context, p entitlement.AccessPackage, to entitlement.CatalogID) (c entitlement.Change, err error) {
	scopes, err := s.Store.Scopes(ctx, p.ID)
	if err != nil || len(scopes.List) == 0 {
		return c, err
	}
	scopes.List = slices.Clone(scopes.List)
	leaves, comes := map[entitlement.ResourceID]entitlement.Resource{}, map[entitlement.ResourceID]entitlement.Resource{}
	for i, scope := range scopes.List {
		old, known := leaves[scope.Resource]
		if !known {
			if old, err = s.Store.Resource(ctx, p.Catalog, scope.Resource); err != nil {
				return c, err
			}
		}
		found, err := s.Store.ResourceByOrigin(ctx, to, scope.Ref.Connector, scope.Ref.Resource)
		if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
			err = entitlement.Errorf(entitlement.Precondition, "The other catalog does not hold the resource %s: add it there first.", old.DisplayName)
		}
		if err != nil {
			return c, err
		}
		if known, there := comes[found.ID]; there {
			found = known
		}
		role, offered := found.Role(scope.Ref.Role)
		if !offered {
			return c, entitlement.Errorf(entitlement.Precondition, "In the other catalog the resource %s does not offer the role %s: refresh it there first.", found.DisplayName, scope.Role.DisplayName)
		}

		old.Uses--
		found.Uses++
		leaves[old.ID], comes[found.ID] = old, found
		scopes.List[i].ID, scopes.List[i].Resource = role.ID+"_"+found.Scope.ID, found.ID
		scopes.List[i].Role, scopes.List[i].Scope = role, found.Scope
	}
	for _, all := range []map[entitlement.ResourceID]entitlement.Resource{leaves, comes} {
		for _, id := range slices.Sorted(maps.Keys(all)) {
			c.Resources = append(c.Resources, all[id])
		}
	}
	c.Scopes = []entitlement.PackageScopes{scopes}
	c.Jobs = []entitlement.Job{entitlement.NewJob(p.ID, scopes.Version+1, s.Clock.Now())}
	return c, nil
}
