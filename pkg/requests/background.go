package requests

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
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
	reads.Go(func() error {
		live, err := s.Store.AssignmentsOf(ctx, a.Request.Subject)
		if err == nil {
			of.Held, err = s.unhidden(ctx, live)
		}
		return err
	})
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

// unhidden leaves out assignments of hidden packages.
func (s *Service) unhidden(ctx context.Context, all []entitlement.Assignment) ([]entitlement.Assignment, error) {
	var ids []entitlement.PackageID
	for _, a := range all {
		ids = append(ids, a.Package)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	packages, err := s.Store.Packages(ctx, ids)
	return slices.DeleteFunc(all, func(a entitlement.Assignment) bool {
		return !slices.ContainsFunc(packages, func(p entitlement.AccessPackage) bool { return p.ID == a.Package && !p.Hidden })
	}), err
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
	names := map[entitlement.IncompatibleAccess]string{}
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
			if _, known := names[has]; !known {
				if names[has], err = s.nameOf(ctx, has); err != nil {
					return nil, err
				}
			}
			out[r.ID] = append(out[r.ID], NamedAccess{has, names[has]})
		}
	}
	return out, nil
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
