package requests

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

// requestableUnits is about how many read units a page of the list of what one may ask for
// takes; with the caller, and the groups that policies name, it is at most 30.
const requestableUnits = 22

// Requestable lists the packages that the caller may ask for: published, not hidden, open,
// and with a policy that lets the caller ask (R129). Each page reads what is on it and no
// more; it is in the order of names, the pages are not. It is as late as an index may be: what
// is asked for is decided on what is there then.
func (s *Service) Requestable(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	offers, err := s.Offers(ctx, by, page, func(Candidates) entitlement.Foreseen { return entitlement.Foreseen{} })
	return offers.Paged, err
}

// Offers is a page of Requestable with the policies that name the caller, which are all through
// which they may ask for what is not offered to everybody.
type Offers struct {
	entitlement.Paged[entitlement.AccessPackage]
	Named []entitlement.AssignmentPolicy
}

// Candidates are the packages that a page of Offers is likely to have.
type Candidates struct {
	Named   []entitlement.PackageID // by policies that name the caller,
	In      []entitlement.CatalogID // which say in which catalogs they are
	Offered []entitlement.AccessPackage
}

// Offers is Requestable for a page that will ask for more of the packages: ahead says what that is,
// and it is read with them.
func (s *Service) Offers(ctx context.Context, by authz.Caller, page entitlement.Page, ahead func(Candidates) entitlement.Foreseen) (Offers, error) {
	list := Offers{}
	u, err := s.Store.User(ctx, by.ID)
	if err == nil {
		err = authz.Allow(by.As(u), authz.ListRequestablePackages, authz.Object{}).Err()
	}
	if err != nil {
		return list, err
	}

	of, err := s.Store.OrganizationOf(ctx, u)
	if err != nil {
		return list, err
	}

	asks := asker{u, of, map[entitlement.PackageID]bool{}, ahead}
	following := entitlement.CatalogID("")
	if page.Named.Begins != "" {
		list.Paged, err = s.requestableNamed(ctx, asks, page)
	} else {
		list, following, err = s.requestable(ctx, asks, page)
	}
	if err != nil {
		return list, err
	}

	// Policies for people outside count in catalogs alone that are open to them (R24).
	catalogs, err := s.catalogsOf(ctx, list.Items)
	list.Items = slices.DeleteFunc(list.Items, func(p entitlement.AccessPackage) bool {
		in := catalogs[p.Catalog]
		return p.Hidden || !p.Deleting.IsZero() || !in.Published || !in.ExternallyVisible && !asks.inside[p.ID]
	})
	list.Sure = catalogs[following].Published

	order.SortFunc(list.Items, func(a, b entitlement.AccessPackage) int {
		return cmp.Compare(strings.ToLower(a.DisplayName)+string(a.ID), strings.ToLower(b.DisplayName)+string(b.ID))
	})
	return list, err
}

// asker is who looks for what to ask for: with the organization of a guest, and with the
// packages that may be asked for by a policy which is not for people outside.
type asker struct {
	entitlement.User
	of     *entitlement.ConnectedOrganization
	inside map[entitlement.PackageID]bool
	ahead  func(Candidates) entitlement.Foreseen
}

// may reports that the asker may ask for a package through a policy, and notes which packages
// that takes no open catalog for.
func (a asker) may(p entitlement.AssignmentPolicy) bool {
	may := p.MayAsk(a.User, a.of)
	a.inside[p.Package] = a.inside[p.Package] || may && !p.ForOutside()
	return may
}

// requestable reads a page of packages that somebody may ask for, but for their catalogs. The
// package that follows is of the catalog that it returns, where that is known.
func (s *Service) requestable(ctx context.Context, u asker, page entitlement.Page) (list Offers, following entitlement.CatalogID, err error) {
	found, err := s.Store.Candidates(ctx, u.User, u.of, requestableUnits, page)
	list = Offers{entitlement.Paged[entitlement.AccessPackage]{Items: found.Offered, Next: found.Next, Spent: found.Spent, Unread: found.Unread}, found.Policies}
	if err != nil {
		return list, "", err
	}

	// What is offered to everybody is not for people outside alone.
	for _, p := range found.Offered {
		u.inside[p.ID] = true
	}

	var ids []entitlement.PackageID
	var in []entitlement.CatalogID
	for _, p := range found.Policies {
		if u.may(p) && !slices.Contains(ids, p.Package) {
			ids, in = append(ids, p.Package), append(in, p.Catalog)
		}
	}
	f := u.ahead(Candidates{ids, in, found.Offered})
	f.PackagesListed, f.CatalogsListed = append(f.PackagesListed, ids...), append(in, catalogIDs(found.Offered)...)
	s.Store.Foresee(ctx, f)
	named, err := s.Store.PackagesAsListed(ctx, ids)
	list.Items = append(list.Items, named...)
	return list, found.Following, err
}

func catalogIDs(all []entitlement.AccessPackage) (ids []entitlement.CatalogID) {
	for _, p := range all {
		ids = append(ids, p.Catalog)
	}
	return ids
}

// requestableNamed is requestable for packages of a name: found by that, however many there are
// of others.
func (s *Service) requestableNamed(ctx context.Context, u asker, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	list, err := s.Store.ListPackages(ctx, page)
	if err != nil {
		return list, err
	}

	var ids []entitlement.PolicyID
	for _, p := range list.Items {
		if u.inside[p.ID] = p.Audience().Has(u.User); !u.inside[p.ID] {
			ids = append(ids, p.Policies...)
		}
	}
	policies, err := s.Store.PoliciesAsListed(ctx, ids)

	through := map[entitlement.PackageID]bool{}
	for _, p := range policies {
		through[p.Package] = u.may(p) || through[p.Package]
	}
	list.Items = slices.DeleteFunc(list.Items, func(p entitlement.AccessPackage) bool {
		return !u.inside[p.ID] && !through[p.ID]
	})
	return list, err
}

// catalogsOf returns the catalogs of the packages.
func (s *Service) catalogsOf(ctx context.Context, packages []entitlement.AccessPackage) (map[entitlement.CatalogID]entitlement.Catalog, error) {
	var ids []entitlement.CatalogID
	for _, p := range packages {
		if !slices.Contains(ids, p.Catalog) {
			ids = append(ids, p.Catalog)
		}
	}

	listed, err := s.Store.CatalogsAsListed(ctx, ids)
	catalogs := map[entitlement.CatalogID]entitlement.Catalog{}
	for _, c := range listed {
		catalogs[c.ID] = c
	}
	return catalogs, err
}
