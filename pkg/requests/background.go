package requests

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

// NamedAccess is something incompatible that a subject has, with what it is called.
type NamedAccess struct {
	entitlement.IncompatibleAccess
	Name string
}

// Background is what those should know beside a request who decide on it.
type Background struct {
	Incompatible []NamedAccess                   // what the subject has that the package lists (R179)
	Held         []entitlement.Assignment        // of the subject, live
	Earlier      []entitlement.AssignmentRequest // of the subject for this package, newest first
}

// maxEarlier bounds the requests of a subject that are looked through for earlier ones for the
// same package, and so what one page of a decision reads.
const maxEarlier = 50

// Weigh returns the approval of a request and, for those whose decision it waits for, what they
// should know beside it. What is hidden is not told of what somebody holds, but where it stands
// against the request.
func (s *Service) Weigh(ctx context.Context, by authz.Caller, id entitlement.RequestID) (Approval, Background, error) {
	a, err := s.Approval(ctx, by, id)
	if err != nil || !a.Mine {
		return a, Background{}, err
	}

	var of Background
	var list entitlement.Paged[entitlement.AssignmentRequest]
	var reads errgroup.Group
	reads.Go(func() error {
		conflicts, err := s.IncompatibleOf(ctx, by, []entitlement.AssignmentRequest{a.Request})
		of.Incompatible = conflicts[a.Request.ID]
		return err
	})
	reads.Go(func() (err error) { of.Held, err = s.openly(ctx, a.Request.Subject); return err })
	reads.Go(func() (err error) {
		list, err = seen(s.Store.RequestsOf(ctx, a.Request.Subject, entitlement.Page{Limit: maxEarlier}))
		return err
	})
	if err := reads.Wait(); err != nil {
		return a, Background{}, err
	}
	for _, r := range list.Items {
		if r.Package == a.Request.Package && r.ID != a.Request.ID {
			of.Earlier = append(of.Earlier, r)
		}
	}
	return a, of, nil
}

// openly returns what a subject holds of packages that are not hidden. The record names the
// packages, so that they are read beside the assignments.
func (s *Service) openly(ctx context.Context, subject entitlement.UserID) ([]entitlement.Assignment, error) {
	records, err := s.Store.SubjectRecords(ctx, []entitlement.UserID{subject})
	ids := records[subject].Live
	if err != nil || len(ids) == 0 {
		return nil, err
	}

	var pairs []entitlement.PackageSubject
	for _, id := range ids {
		pairs = append(pairs, entitlement.PackageSubject{Package: id, Subject: subject})
	}
	var live map[entitlement.AssignmentID]entitlement.Assignment
	var packages []entitlement.AccessPackage
	var reads errgroup.Group
	reads.Go(func() (err error) { live, err = s.Store.LiveAssignments(ctx, pairs); return err })
	reads.Go(func() (err error) { packages, err = s.Store.Packages(ctx, ids); return err })
	if err := reads.Wait(); err != nil {
		return nil, err
	}

	var held []entitlement.Assignment
	for _, a := range live {
		if slices.ContainsFunc(packages, func(p entitlement.AccessPackage) bool { return p.ID == a.Package && !p.Hidden }) {
			held = append(held, a)
		}
	}
	order.SortFunc(held, func(a, b entitlement.Assignment) int {
		return cmp.Compare(slices.Index(ids, a.Package), slices.Index(ids, b.Package))
	})
	return held, nil
}

// IncompatibleOf returns of requests that the caller may see the approval of what their subjects
// have that the packages list, by the requests' ids: all of them in a few reads, and in one
// where no package lists anything.
func (s *Service) IncompatibleOf(ctx context.Context, by authz.Caller, all []entitlement.AssignmentRequest) (map[entitlement.RequestID][]NamedAccess, error) {
	packages, err := s.listing(ctx, all)
	if err != nil || len(packages) == 0 {
		return nil, err
	}

	var subjects []entitlement.UserID
	for _, r := range all {
		if _, lists := packages[r.Package]; lists && !slices.Contains(subjects, r.Subject) {
			subjects = append(subjects, r.Subject)
		}
	}
	var users []entitlement.User
	var records map[entitlement.UserID]entitlement.SubjectRecord
	var reads errgroup.Group
	reads.Go(func() (err error) { users, err = s.Store.Users(ctx, subjects); return err })
	reads.Go(func() (err error) { records, err = s.Store.SubjectRecords(ctx, subjects); return err })
	if err := reads.Wait(); err != nil {
		return nil, err
	}

	out := map[entitlement.RequestID][]NamedAccess{}
	for _, r := range all {
		p, lists := packages[r.Package]
		at := slices.IndexFunc(users, func(u entitlement.User) bool { return u.ID == r.Subject })
		if !lists || at < 0 {
			continue
		}
		if err := authz.Allow(by, authz.ReadApproval, authz.Object{Catalog: r.Catalog, Package: r.Package, Request: &r, Manager: users[at].Manager}).Err(); err != nil {
			return nil, err
		}
		for _, has := range entitlement.IncompatibleHeld(p, users[at], records[r.Subject].Live) {
			out[r.ID] = append(out[r.ID], NamedAccess{IncompatibleAccess: has})
		}
	}
	return out, s.nameAll(ctx, out)
}

// nameAll says what incompatible things are called, all of them in one round.
func (s *Service) nameAll(ctx context.Context, all map[entitlement.RequestID][]NamedAccess) error {
	var things []entitlement.IncompatibleAccess
	for _, list := range all {
		for _, has := range list {
			if !slices.Contains(things, has.IncompatibleAccess) {
				things = append(things, has.IncompatibleAccess)
			}
		}
	}

	names := make([]string, len(things))
	err := each(ctx, len(things), func(ctx context.Context, i int) (err error) { names[i], err = s.nameOf(ctx, things[i]); return err })
	for _, list := range all {
		for i, has := range list {
			list[i].Name = names[slices.Index(things, has.IncompatibleAccess)]
		}
	}
	return err
}

// listing returns those packages of requests that list something as incompatible.
func (s *Service) listing(ctx context.Context, all []entitlement.AssignmentRequest) (map[entitlement.PackageID]entitlement.AccessPackage, error) {
	var ids []entitlement.PackageID
	for _, r := range all {
		if !slices.Contains(ids, r.Package) {
			ids = append(ids, r.Package)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	packages, err := s.Store.Packages(ctx, ids)
	out := map[entitlement.PackageID]entitlement.AccessPackage{}
	for _, p := range packages {
		if len(p.Incompatible)+len(p.IncompatibleGroups) > 0 {
			out[p.ID] = p
		}
	}
	return out, err
}

// nameOf returns what something incompatible is called: by its id where it cannot be read, since
// what it forbids stands whatever it is called.
func (s *Service) nameOf(ctx context.Context, of entitlement.IncompatibleAccess) (string, error) {
	if of.Group != "" {
		g, err := s.Store.Group(ctx, of.Group)
		if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
			return string(of.Group), nil
		}
		return g.DisplayName, err
	}
	p, err := s.Store.Package(ctx, of.Package)
	if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
		return string(of.Package), nil
	}
	return p.DisplayName, err
}
