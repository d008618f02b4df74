package requests

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// requestableUnits is about how many read units a page of the list of what one may ask for
// takes; with the caller, and the groups that policies name, it is at most 30.
const requestableUnits = 22

// Requestable lists the packages that the caller may ask for: published, not hidden, open,
// and with a policy that lets the caller ask (R129). Each page reads what is on it and no
// more; it is in the order of names, the pages are not. It is as late as an index may be: what
// is asked for is decided on what is there then.
func (s *Service) Requestable(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	list := entitlement.Paged[entitlement.AccessPackage]{}
	u, err := s.Store.User(ctx, by.ID)
	if err == nil {
		err = authz.Allow(by.As(u), authz.ListRequestablePackages, authz.Object{}).Err()
	}
	if err != nil {
		return list, err
	}

	following := entitlement.CatalogID("")
	if page.Named.Begins != "" {
		list, err = s.requestableNamed(ctx, u, page)
	} else {
		list, following, err = s.requestable(ctx, u, page)
	}
	if err != nil {
		return list, err
	}

	published, err := s.published(ctx, list.Items)
	list.Items = slices.DeleteFunc(list.Items, func(p entitlement.AccessPackage) bool {
		return p.Hidden || !p.Deleting.IsZero() || !published[p.Catalog]
	})
	list.Sure = published[following]

	slices.SortFunc(list.Items, func(a, b entitlement.AccessPackage) int {
		return cmp.Compare(strings.ToLower(a.DisplayName)+string(a.ID), strings.ToLower(b.DisplayName)+string(b.ID))
	})
	return list, err
}

// requestable reads a page of packages that somebody may ask for, but for their catalogs. The
// package that follows is of the catalog that it returns, where that is known.
func (s *Service) requestable(ctx context.Context, u entitlement.User, page entitlement.Page) (list entitlement.Paged[entitlement.AccessPackage], following entitlement.CatalogID, err error) {
	found, err := s.Store.Candidates(ctx, u, requestableUnits, page)
	list = entitlement.Paged[entitlement.AccessPackage]{Items: found.Offered, Next: found.Next, Spent: found.Spent, Unread: found.Unread}
	if err != nil {
		return list, "", err
	}

	var ids []entitlement.PackageID
	for _, p := range found.Policies {
		if p.MayAsk(u) && !slices.Contains(ids, p.Package) {
			ids = append(ids, p.Package)
		}
	}
	named, err := s.Store.PackagesAsListed(ctx, ids)
	list.Items = append(list.Items, named...)
	return list, found.Following, err
}

// requestableNamed is requestable for packages of a name: found by that, however many there are
// of others.
func (s *Service) requestableNamed(ctx context.Context, u entitlement.User, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	list, err := s.Store.ListPackages(ctx, page)
	if err != nil {
		return list, err
	}

	var ids []entitlement.PolicyID
	for _, p := range list.Items {
		if !p.Audience().Has(u) {
			ids = append(ids, p.Policies...)
		}
	}
	policies, err := s.Store.PoliciesAsListed(ctx, ids)
	list.Items = slices.DeleteFunc(list.Items, func(p entitlement.AccessPackage) bool {
		through := func(policy entitlement.AssignmentPolicy) bool { return policy.Package == p.ID && policy.MayAsk(u) }
		return !p.Audience().Has(u) && !slices.ContainsFunc(policies, through)
	})
	return list, err
}

// published returns which catalogs of the packages are published.
func (s *Service) published(ctx context.Context, packages []entitlement.AccessPackage) (map[entitlement.CatalogID]bool, error) {
	var ids []entitlement.CatalogID
	for _, p := range packages {
		if !slices.Contains(ids, p.Catalog) {
			ids = append(ids, p.Catalog)
		}
	}

	catalogs, err := s.Store.CatalogsAsListed(ctx, ids)
	published := map[entitlement.CatalogID]bool{}
	for _, c := range catalogs {
		published[c.ID] = c.Published
	}
	return published, err
}
