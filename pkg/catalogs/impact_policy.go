package catalogs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

func oldestFirst(all []entitlement.ImpactChange, now time.Time) []entitlement.ImpactChange {
	all = slices.DeleteFunc(all, func(c entitlement.ImpactChange) bool { return c.Over(now) })
	order.SortFunc(all, func(a, b entitlement.ImpactChange) int {
		if a.Created.Equal(b.Created) {
			return strings.Compare(string(a.ID), string(b.ID))
		}
		return a.Created.Compare(b.Created)
	})
	return all
}

// loosened asks for the second person where a policy is loosened in a catalog that wants one (A4).
func (s *Service) loosened(ctx context.Context, by authz.Command, old, p entitlement.AssignmentPolicy, loosens string) error {
	if loosens == "" {
		return nil
	}
	catalog, err := s.Store.Catalog(ctx, p.Catalog)
	if err != nil || !catalog.Limit.Loosening {
		return err
	}
	pkg, err := s.Store.Package(ctx, p.Package)
	if err != nil {
		return err
	}

	// A new policy has another id each time that it is sent.
	which := "policy " + string(old.ID)
	if old.ID == "" {
		which = "new policy " + p.DisplayName
	}
	changed := entitlement.Differences(old.Recorded(), p.Recorded())
	terms := p
	terms.Meta = entitlement.Meta{Version: old.Version}
	return s.wait(ctx, by, pkg, entitlement.ImpactChange{ID: changeID(string(p.Package), which), Catalog: p.Catalog, Edit: entitlement.RoleEdit{Package: p.Package},
		Policy: p.ID, Loosens: loosens, Changed: changed, Terms: terms, Hash: policyHash(old, changed)}, map[string]string{"policy": string(p.ID), entitlement.DataLoosens: loosens})
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

// agreeToPolicy saves a policy as it was proposed, where it is still the one that was proposed to
// be loosened.
func (s *Service) agreeToPolicy(ctx context.Context, by authz.Command, c entitlement.ImpactChange) error {
	p := c.Terms
	version := p.Version
	p.ID, p.Meta, c.Erased = c.Policy, entitlement.Meta{}, true
	agreed := entitlement.Change{ImpactChanges: []entitlement.ImpactChange{c}}
	if version == 0 {
		_, err := afresh(func() (entitlement.AssignmentPolicy, error) { return s.createPolicy(ctx, by, p, agreed) })
		return err
	}

	by.If = &authz.Condition{Refuse: func(kept any) error {
		if is, ok := kept.(entitlement.AssignmentPolicy); ok && is.Version == version {
			return nil
		}
		err := entitlement.Errorf(entitlement.Conflict, "The policy is another one by now than when this was proposed: propose it again, as it is now.")
		err.Code = CodeImpactMoved
		return err
	}}
	_, err := afresh(func() (entitlement.AssignmentPolicy, error) { return s.replacePolicy(ctx, by, p, agreed) })
	return err
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
