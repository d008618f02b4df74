package catalogs

import (
	"context"
	"slices"
	"sync"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// maxNamedAhead is how many holders are read to be named before it is known whom a page names: of
// so few it names all.
const maxNamedAhead = 50

// ImpactAhead reads what PreviewRoles looks at and what names its people, for a context in which
// nothing is read twice: side by side, where PreviewRoles waits for one thing after the other. It
// tells nothing; whoever may not make the change has the reading called off.
func (s *Service) ImpactAhead(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID, c RoleChange) {
	ask := func(ctx context.Context) error {
		return s.may(ctx, by, authz.ChangeRoleScopes, authz.Object{Catalog: catalog, Package: c.Package})
	}
	authz.Beside(ctx, by, authz.ChangeRoleScopes, ask, func(ctx context.Context) (struct{}, error) {
		var reads sync.WaitGroup
		reads.Go(func() { s.Store.Package(ctx, c.Package) })
		reads.Go(func() { s.resourceAhead(ctx, catalog, c) })
		reads.Go(func() {
			slots, err := s.Store.Slots(ctx, c.Package, "", s.atOnce())
			if err == nil && len(slots.Items) <= maxNamedAhead {
				var holders []entitlement.UserID
				for _, slot := range slots.Items {
					if slot.Assignment != nil {
						holders = append(holders, slot.Subject)
					}
				}
				s.Store.Users(ctx, holders)
			}
		})
		reads.Wait()
		return struct{}{}, nil
	})
}

// ImpactAheadOf is ImpactAhead for a change that waits, with who proposed it.
func (s *Service) ImpactAheadOf(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID, id entitlement.ChangeID) {
	c, err := s.Store.ImpactChange(ctx, catalog, id)
	if err != nil {
		return
	}
	if c.Policy != "" {
		s.Store.Package(ctx, c.Edit.Package)
		return
	}

	var reads sync.WaitGroup
	reads.Go(func() { s.Store.Users(ctx, []entitlement.UserID{c.Proposer}) })
	change := ChangeOf(c.Edit)
	change.Resource = c.Edit.Scope.Resource
	s.ImpactAhead(ctx, by, catalog, change)
	reads.Wait()
}

// resourceAhead reads the role scopes of the package, and the resource of the change.
func (s *Service) resourceAhead(ctx context.Context, catalog entitlement.CatalogID, c RoleChange) {
	var reads sync.WaitGroup
	defer reads.Wait()
	if c.Resource != "" {
		reads.Go(func() { s.Store.Resource(ctx, catalog, c.Resource) })
	}

	scopes, err := s.Store.Scopes(ctx, c.Package)
	i := slices.IndexFunc(scopes.List, func(r entitlement.ResourceRoleScope) bool { return r.ID == c.Remove })
	if err == nil && c.Resource == "" && i >= 0 {
		reads.Go(func() { s.Store.Resource(ctx, catalog, scopes.List[i].Resource) })
	}
}
