package requests

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Mine lists requests by or for the caller, newest first. Those made for others come
// after those for oneself.
func (s *Service) Mine(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	if err := authz.Allow(by, authz.ListOwnRequests, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.AssignmentRequest]{}, err
	}
	return seen(s.Store.RequestsOf(ctx, by.ID, page))
}

// CreatedByMe lists requests that the caller made, for oneself first, then for others.
func (s *Service) CreatedByMe(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	if err := authz.Allow(by, authz.ListOwnRequests, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.AssignmentRequest]{}, err
	}
	own := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
		list, err := seen(s.Store.RequestsOf(ctx, by.ID, page))
		list.Items = slices.DeleteFunc(list.Items, func(r entitlement.AssignmentRequest) bool { return r.Requestor != by.ID })
		list.Sure = false // what follows may be another's
		return list, err
	}
	others := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
		return seen(s.Store.RequestsBy(ctx, by.ID, page))
	}
	return chain(ctx, page, own, others)
}

// Waiting lists requests that wait for the caller's decision, oldest first (R56).
func (s *Service) Waiting(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	u, err := s.Store.User(ctx, by.ID)
	if err != nil {
		return entitlement.Paged[entitlement.AssignmentRequest]{}, err
	}
	return s.WaitingNow(ctx, by.As(u), page)
}

// WaitingNow is Waiting for a caller who was read for this call already, which spares a round of
// reads.
func (s *Service) WaitingNow(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	return s.WaitingWith(ctx, by, page, func(entitlement.AssignmentRequest) entitlement.Foreseen { return entitlement.Foreseen{} })
}

// WaitingWith is WaitingNow for a page that will ask for what the requests name: ahead says of
// each what that is, and it is read beside whom the list asks about them.
func (s *Service) WaitingWith(ctx context.Context, by authz.Caller, page entitlement.Page, ahead func(entitlement.AssignmentRequest) entitlement.Foreseen) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	if err := authz.Allow(by, authz.ListOwnApprovals, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.AssignmentRequest]{}, err
	}

	u := by.User()
	list, err := s.Store.Inbox(ctx, u, page)
	if err != nil {
		return list, err
	}

	var f entitlement.Foreseen
	for _, r := range list.Items {
		f = f.And(ahead(r))
	}
	s.Store.Foresee(ctx, f)
	subjects, err := s.subjects(ctx, list.Items)
	if err != nil {
		return list, err
	}

	// The index may be late: what was decided meanwhile, or asks somebody else by now, is left
	// out.
	list.Items = slices.DeleteFunc(list.Items, func(r entitlement.AssignmentRequest) bool {
		return !r.MayReview(u, subjects[r.Subject].Manager)
	})

	return list, nil
}

// subjects reads the subjects of those requests that ask a manager, and sets right in the list
// who the managers' managers are.
func (s *Service) subjects(ctx context.Context, list []entitlement.AssignmentRequest) (map[entitlement.UserID]entitlement.User, error) {
	var ids []entitlement.UserID
	for _, r := range list {
		if r.AsksManager() && !slices.Contains(ids, r.Subject) {
			ids = append(ids, r.Subject)
		}
	}
	found, err := s.usersNamed(ctx, ids)
	if err != nil {
		return found, err
	}

	var managers []entitlement.UserID
	for _, r := range list {
		if m := found[r.Subject].Manager; r.AsksSecond() && m != "" && !slices.Contains(managers, m) {
			managers = append(managers, m)
		}
	}
	above, err := s.usersNamed(ctx, managers)
	for i, r := range list {
		list[i] = r.WithSecond(above[found[r.Subject].Manager].Manager)
	}
	return found, err
}

// usersNamed returns those of the users that can be read, by their ids.
func (s *Service) usersNamed(ctx context.Context, ids []entitlement.UserID) (map[entitlement.UserID]entitlement.User, error) {
	users, err := entitlement.Readable(ids, func(ids []entitlement.UserID) ([]entitlement.User, error) { return s.Store.Users(ctx, ids) })
	found := make(map[entitlement.UserID]entitlement.User, len(users))
	for _, u := range users {
		found[u.ID] = u
	}
	return found, err
}

// Held lists the caller's assignments: the live ones first, then the ended ones.
func (s *Service) Held(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	if err := authz.Allow(by, authz.ListOwnAssignments, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.Assignment]{}, err
	}
	return s.assignmentsOf(ctx, by.ID, page)
}
