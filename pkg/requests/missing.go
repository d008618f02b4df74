package requests

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Missing is a package that somebody looked for and may know of, with what keeps them from asking
// for it.
type Missing struct {
	Package    entitlement.AccessPackage
	Hindrances []MissingHindrance // none: they may ask for it
	Owners     []string           // of its catalog, for those alone who may know who that is
}

// MissingHindrance is a hindrance with what the incompatible thing is called, where it is one.
type MissingHindrance struct {
	entitlement.Hindrance
	Name string
}

// ByOwner reports a hindrance that whoever keeps the package's policies can take away.
func (h MissingHindrance) ByOwner() bool {
	return slices.Contains([]entitlement.HindranceKind{entitlement.HinderedScope, entitlement.HinderedClosed, entitlement.HinderedOutside}, h.Kind)
}

// maxMissing bounds the packages of one name that are looked at.
const maxMissing = 5

// Missing says of packages of the whole name, or of the one with the id, why the caller does not
// find them. Packages that are hidden, being deleted, or in a catalog that is not published are
// answered like those that are not there (A1, R128), but to whoever has them or came by the link
// and may ask.
func (s *Service) Missing(ctx context.Context, by authz.Caller, name string, id entitlement.PackageID) ([]Missing, error) {
	if err := authz.Allow(by, authz.ListRequestablePackages, authz.Object{}).Err(); err != nil {
		return nil, err
	}

	ids := []entitlement.PackageID{id}
	if id == "" {
		list, err := s.Store.ListPackages(ctx, entitlement.Page{Limit: maxMissing, Named: entitlement.Named{Begins: name, Whole: true}})
		if err != nil {
			return nil, err
		}
		ids = nil
		for _, p := range list.Items {
			if strings.EqualFold(p.DisplayName, name) {
				ids = append(ids, p.ID)
			}
		}
	}

	var all []Missing
	for _, one := range ids {
		ask, err := s.Store.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: by.ID, Subject: by.ID, Package: one})
		if err != nil {
			return nil, err
		}
		if !ask.Known(id != "") {
			continue
		}
		found, err := s.missing(ctx, by, ask)
		if err != nil {
			return nil, err
		}
		all = append(all, found)
	}
	return all, nil
}

func (s *Service) missing(ctx context.Context, by authz.Caller, ask entitlement.SubmitInputs) (Missing, error) {
	found := Missing{Package: *ask.Package}
	asksOwner := false
	for _, h := range ask.Hindrances(s.Clock.Now()) {
		is := MissingHindrance{Hindrance: h}
		if h.Kind == entitlement.HinderedIncompatible {
			var err error
			if is.Name, err = s.nameOf(ctx, h.Incompatible); err != nil {
				return found, err
			}
		}
		found.Hindrances = append(found.Hindrances, is)
		asksOwner = asksOwner || is.ByOwner()
	}
	if !asksOwner {
		return found, nil
	}

	// Who keeps the catalog is named to those alone who may read that anyway; all others are told
	// by which role it is kept.
	d, err := s.ask(ctx, by, authz.ReadRoleAssignment, authz.Object{Catalog: ask.Package.Catalog})
	if err != nil || !d.Allowed {
		return found, err
	}
	found.Owners, err = s.ownersOf(ctx, by, ask.Package.Catalog)
	return found, err
}

// ownersOf names the owners of a catalog.
func (s *Service) ownersOf(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID) (names []string, err error) {
	roles, err := by.HeldIn(ctx, s.Store, catalog)
	if err != nil {
		return nil, err
	}

	var users []entitlement.UserID
	for _, r := range roles {
		switch {
		case r.Role != entitlement.CatalogOwner || r.Catalog != catalog:
		case r.Group != "":
			name, err := s.nameOf(ctx, entitlement.IncompatibleAccess{Group: r.Group})
			if err != nil {
				return nil, err
			}
			names = append(names, name)
		default:
			users = append(users, r.User)
		}
	}

	if len(users) == 0 {
		return names, nil
	}
	known, err := s.Store.Users(ctx, users)
	for _, u := range known {
		// A deleted owner is nobody to turn to.
		if !u.Gone() {
			names = append(names, u.DisplayName)
		}
	}
	return names, err
}

// Offered is what a package in the list of what somebody may ask for says of itself: the ways to
// get it.
type Offered struct {
	Ways []entitlement.AssignmentPolicy
	Pace entitlement.Pace // how long it usually takes
}

// OfferedBy returns of packages that the caller may ask for, as they were listed, through which
// policies; those that name the caller were read with the list. It is as late as a list may be.
func (s *Service) OfferedBy(ctx context.Context, by authz.Caller, all []entitlement.AccessPackage, named []entitlement.AssignmentPolicy) (map[entitlement.PackageID]Offered, error) {
	if err := authz.Allow(by, authz.ListRequestablePackages, authz.Object{}).Err(); err != nil || len(all) == 0 {
		return nil, err
	}
	var ids []entitlement.PolicyID
	for _, p := range all {
		if !slices.ContainsFunc(named, func(n entitlement.AssignmentPolicy) bool { return n.Package == p.ID }) {
			ids = append(ids, p.Policies...)
		}
	}
	var of *entitlement.ConnectedOrganization
	var policies []entitlement.AssignmentPolicy
	var catalogs map[entitlement.CatalogID]entitlement.Catalog
	var paces map[entitlement.PackageID]entitlement.Pace
	var reads errgroup.Group
	reads.Go(func() (err error) { of, err = s.Store.OrganizationOf(ctx, by.User()); return err })
	reads.Go(func() (err error) { policies, err = s.Store.PoliciesAsListed(ctx, ids); return err })
	reads.Go(func() (err error) { catalogs, err = s.catalogsOf(ctx, all); return err })
	reads.Go(func() (err error) { paces, err = s.pacesOf(ctx, all); return err })
	if err := reads.Wait(); err != nil {
		return nil, err
	}

	policies = append(policies, named...)
	out := map[entitlement.PackageID]Offered{}
	for _, p := range all {
		in := catalogs[p.Catalog]
		ask := entitlement.SubmitInputs{Package: &p, Catalog: &in, Policies: policies, Organization: of}
		out[p.ID] = Offered{Ways: ask.Applicable(by.User()), Pace: paces[p.ID]}
	}
	return out, nil
}

// pacesOf returns how long it usually takes to get packages.
func (s *Service) pacesOf(ctx context.Context, all []entitlement.AccessPackage) (map[entitlement.PackageID]entitlement.Pace, error) {
	var ids []entitlement.PackageID
	for _, p := range all {
		ids = append(ids, p.ID)
	}
	paces, err := s.Store.PacesAsListed(ctx, ids)
	out := map[entitlement.PackageID]entitlement.Pace{}
	for _, p := range paces {
		out[p.Package] = p
	}
	return out, err
}
