package directory

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// SetManager makes manager the user's manager; "" takes it away.
func (s *Service) SetManager(ctx context.Context, by authz.Command, id, manager entitlement.UserID) error {
	if err := allow(by, authz.UpdateUser); err != nil {
		return err
	}

	if manager == id {
		return entitlement.Errorf(entitlement.Invalid, "Nobody can be their own manager.")
	}

	// A condition of the transaction, so that nobody is given a manager who is deleted meanwhile.
	var with entitlement.Change
	if manager != "" {
		with.References = []entitlement.Reference{{User: manager}}
	}

	_, err := s.updateUser(ctx, by, id, func(u *entitlement.User) (err error) {
		if u.Manager = manager; manager != "" {
			_, err = s.user(ctx, manager)
		}
		return err
	}, with)

	if err != nil {
		return err
	}

	return s.reassign(ctx, by, id, manager)
}

// reassign has the new manager find what waits for a decision: a page of it at once, and
// what there is beyond that by the sweep, which is asked to look (S21). Who decides is
// read afresh at the decision, so an open request that this misses is found late, not
// wrongly.
func (s *Service) reassign(ctx context.Context, by authz.Command, id, manager entitlement.UserID) error {
	open, err := s.Store.OpenRequests(ctx, id, entitlement.Page{})
	if err == nil && open.Next != "" {
		err = s.Store.Commit(ctx, entitlement.Change{Absences: []entitlement.Absence{{Person: id, Due: s.Clock.Now()}}})
	}
	if err != nil {
		return err
	}

	second := entitlement.UserID("")
	if manager != "" && slices.ContainsFunc(open.Items, entitlement.AssignmentRequest.AsksSecond) {
		u, err := s.user(ctx, manager)
		if err != nil && entitlement.KindOf(err) != entitlement.NotFound {
			return err
		}
		second = u.Manager
	}

	for _, r := range open.Items {
		c := entitlement.Reassign(r, manager, second, by.ID, by.CommandID, s.Clock.Now())
		if len(c.Requests) == 0 {
			continue
		}

		// One that moved meanwhile is left: who decides is read afresh at the decision.
		if err := s.Store.Commit(ctx, c); err != nil && entitlement.KindOf(err) != entitlement.Conflict {
			return err
		}
	}

	return nil
}
