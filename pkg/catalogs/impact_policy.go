package catalogs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

func oldestFirst(all []entitlement.ImpactChange, now time.Time) []entitlement.ImpactChange {
	all = slices.DeleteFunc(all, func(c entitlement.ImpactChange) bool { return c.Over(now) })
	slices.SortFunc(all, func(a, b entitlement.ImpactChange) int {
		if a.Created.Equal(b.Created) {
			return strings.Compare(string(a.ID), string(b.ID))
		}
		return a.Created.Compare(b.Created)
	})
	return all
}

// loosened asks for the second person where a policy is loosened in a catalog that wants one
// (A4). It returns the change that was agreed to, which goes with the policy, or nothing where
// none is needed.
func (s *Service) loosened(ctx context.Context, by authz.Command, old, p entitlement.AssignmentPolicy, loosens string) ([]entitlement.ImpactChange, error) {
	if loosens == "" {
		return nil, nil
	}
	catalog, err := s.Store.Catalog(ctx, p.Catalog)
	if err != nil || !catalog.Limit.Loosening {
		return nil, err
	}

	// A new policy has another id each time that it is sent.
	which := "policy " + string(old.ID)
	if old.ID == "" {
		which = "new policy " + p.DisplayName
	}
	changed := entitlement.Differences(old.Recorded(), p.Recorded())
	c := entitlement.ImpactChange{ID: changeID(string(p.Package), which), Catalog: p.Catalog, Edit: entitlement.RoleEdit{Package: p.Package},
		Policy: p.ID, Loosens: loosens, Changed: changed, Hash: policyHash(old, changed)}
	kept, err := s.Store.ImpactChange(ctx, p.Catalog, c.ID)
	if err != nil && entitlement.KindOf(err) != entitlement.NotFound {
		return nil, err
	}
	if err == nil && kept.Hash == c.Hash && kept.Agreed != "" && !kept.Over(s.Clock.Now()) {
		kept.Erased = true
		return []entitlement.ImpactChange{kept}, nil
	}

	pkg, err := s.Store.Package(ctx, p.Package)
	if err != nil {
		return nil, err
	}
	return nil, s.wait(ctx, by, pkg, c, map[string]string{"policy": string(p.ID), entitlement.DataLoosens: loosens})
}

// policyHash names what a policy becomes and what it was: an edit of another version of it is
// another one.
func policyHash(old entitlement.AssignmentPolicy, changed []entitlement.Changed) string {
	parts := []string{"policy hash", string(old.ID), fmt.Sprint(old.Version)}
	for _, c := range changed {
		parts = append(parts, c.Property, c.Before, c.After)
	}
	return strings.ReplaceAll(string(changeID(parts...)), "-", "")
}

func (s *Service) agreeToPolicy(ctx context.Context, by authz.Command, c entitlement.ImpactChange) error {
	p, err := s.openPackage(ctx, &by, authz.UpdatePolicy, c.Edit.Package)
	if err != nil {
		return err
	}
	c.Agreed = by.ID
	event := s.event(entitlement.OfPackage, string(p.ID), "changeAgreed", by)
	event.Data = map[string]string{"change": string(c.ID), "impact": c.Hash, "proposer": string(c.Proposer), "policy": string(c.Policy)}
	return s.Store.Commit(ctx, chainPackage(entitlement.Change{Packages: []entitlement.AccessPackage{p}, ImpactChanges: []entitlement.ImpactChange{c}}, event))
}

// UpdateImpactLimit sets above what a change in a catalog needs a second person.
func (s *Service) UpdateImpactLimit(ctx context.Context, by authz.Command, id entitlement.CatalogID, limit entitlement.ImpactLimit) (entitlement.Catalog, error) {
	return s.limit(ctx, by, id, func(l *entitlement.ImpactLimit) { *l = limit })
}

// EditImpactLimit is UpdateImpactLimit for some of it; edit is given the limit as it is.
func (s *Service) EditImpactLimit(ctx context.Context, by authz.Command, id entitlement.CatalogID, edit func(*entitlement.ImpactLimit)) error {
	_, err := s.limit(ctx, by, id, edit)
	return err
}

// limit changes the limit of a catalog. Whoever keeps the catalog may make it stricter; that it
// is loosened takes an administrator, since whoever it binds would else lift it first.
func (s *Service) limit(ctx context.Context, by authz.Command, id entitlement.CatalogID, edit func(*entitlement.ImpactLimit)) (entitlement.Catalog, error) {
	return afresh(func() (entitlement.Catalog, error) {
		by := by
		c, err := s.catalog(ctx, &by, authz.UpdateCatalog, id)
		if err != nil {
			return c, err
		}
		before := c
		edit(&c.Limit)
		if err := c.Limit.Check(); err != nil {
			return c, err
		}
		if c.Limit.Looser(before.Limit) && by.AllowedBy != "" {
			return c, entitlement.Errorf(entitlement.Forbidden, "This lets one person do alone what needs two now: an administrator has to loosen it.")
		}
		c.Modified = s.Clock.Now()
		return s.putCatalog(ctx, by, c, before, "updated")
	})
}
