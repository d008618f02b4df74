package requests

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// ask is authz.Ask, where roles in a catalog open what is in it now: a request, and the
// assignment that came of it, remember the catalog that their package was in when it was
// asked for, and the package may have moved since (R28). Which one it is in is read where it
// takes a role, and no other time.
func (s *Service) ask(ctx context.Context, by authz.Caller, a authz.Action, o authz.Object) (authz.Decision, error) {
	d := authz.Allow(by, a, o)
	if d.Allowed || o.Request == nil && o.Assignment == nil || !by.MayByRole(a) {
		return authz.Ask(ctx, s.Store, by, a, o)
	}

	in, err := s.placeOf(ctx, o.Package)
	if err != nil {
		return authz.Decision{}, err
	}
	o.Catalog = in
	return authz.Ask(ctx, s.Store, by, a, o)
}

// placeOf returns the catalog that a package is in, or was in when it was deleted; "" where
// there never was one.
func (s *Service) placeOf(ctx context.Context, id entitlement.PackageID) (entitlement.CatalogID, error) {
	found, err := s.Store.Packages(ctx, []entitlement.PackageID{id})
	if err == nil && len(found) == 0 {
		found, err = s.Store.FormerPackages(ctx, []entitlement.PackageID{id})
	}
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0].Catalog, nil
}
