package requests

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Hide deletes the record of a request that is over, as far as anybody sees (R125, R126).
func (s *Service) Hide(ctx context.Context, by authz.Command, id entitlement.RequestID) error {
	for try := 1; ; try++ {
		c, err := s.hide(ctx, by, id)
		if err != nil {
			return err
		}
		err = s.Store.Commit(ctx, c)
		if entitlement.StalePart(err) == "" || try == commitTries {
			return err
		}
	}
}

func (s *Service) hide(ctx context.Context, by authz.Command, id entitlement.RequestID) (entitlement.Change, error) {
	none := entitlement.Change{}
	r, err := s.Store.Request(ctx, id)
	if err == nil {
		err = s.allow(ctx, &by, authz.DeleteRequest, authz.Object{Catalog: r.Catalog, Package: r.Package, Request: &r})
	}
	if err != nil {
		return none, noRequest(err)
	}
	if r.Gone() {
		return none, noRequest(nil)
	}
	if !r.Type.Adds() {
		return entitlement.Hide(r, nil, entitlement.AssignmentSlot{}, actor(by), s.Clock.Now())
	}

	slot, err := s.Store.AssignmentSlot(ctx, r.Package, r.Subject)
	if err != nil {
		return none, err
	}
	a, err := s.Store.Assignment(ctx, r.AssignmentOf())
	switch {
	case err == nil:
		return entitlement.Hide(r, &a, slot, actor(by), s.Clock.Now())
	case entitlement.KindOf(err) == entitlement.NotFound: // it never came to one
		return entitlement.Hide(r, nil, slot, actor(by), s.Clock.Now())
	default:
		return none, err
	}
}

// seen leaves out requests whose record was hidden.
func seen(list entitlement.Paged[entitlement.AssignmentRequest], err error) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	list.Items = slices.DeleteFunc(list.Items, entitlement.AssignmentRequest.Gone)
	return list, err
}

// requestsFor lists one package's requests.
func (s *Service) requestsFor(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	return seen(s.Store.RequestsFor(ctx, pkg, page))
}

// AllApprovals lists the approvals of all requests that anybody was asked to decide, package
// by package.
func (s *Service) AllApprovals(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[Approval], error) {
	if err := s.mayListAll(ctx, by, authz.ListApprovals); err != nil {
		return entitlement.Paged[Approval]{}, err
	}
	list, err := perPackage(ctx, s.Store, page, s.requestsFor)
	if err != nil {
		return entitlement.Paged[Approval]{}, err
	}
	list.Items = slices.DeleteFunc(list.Items, func(r entitlement.AssignmentRequest) bool { return len(r.Stages) == 0 })
	subjects, err := s.subjects(ctx, list.Items)
	if err != nil {
		return entitlement.Paged[Approval]{}, err
	}
	all, err := s.withReviewers(ctx, by, list.Items)
	for i, a := range all {
		all[i].Mine = a.Request.MayReview(by.User(), subjects[a.Request.Subject].Manager)
	}
	return entitlement.Paged[Approval]{Items: all, Next: list.Next, Unread: list.Unread}, err
}
