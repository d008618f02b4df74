package delivery

import (
	"context"

	"leasehold/pkg/entitlement"
)

// leave ends all that a subject holds and asks for who may not hold anything any more:
// each assignment and each open request in a change of its own, so that a crash is taken
// up where it was. What somebody else moves meanwhile is a Conflict: nothing may count as
// settled while the subject still holds or asks for anything, so the message comes again.
// It returns how many assignments it ended, by which the head moved on.
func (s *Service) leave(ctx context.Context, h entitlement.Head, command string) (ended int, err error) {
	for _, pkg := range h.Live {
		n, err := s.leaveOne(ctx, pkg, h.Subject, command)
		if err != nil {
			return 0, err
		}
		ended += n
	}
	open, err := s.Store.OpenRequests(ctx, h.Subject)
	if err != nil {
		return 0, err
	}
	for _, r := range open {
		slot, err := s.Store.Slot(ctx, r.Package, r.Subject)
		if err != nil {
			return 0, err
		}
		change, err := entitlement.Withdraw(r, slot, entitlement.OutcomeSubjectDisabled, command, s.Clock.Now())
		if err == nil {
			err = s.Store.Commit(ctx, change)
		}
		if err != nil {
			return 0, err
		}
	}
	return ended, nil
}

func (s *Service) leaveOne(ctx context.Context, pkg entitlement.PackageID, subject entitlement.UserID, command string) (ended int, err error) {
	slot, err := s.Store.Slot(ctx, pkg, subject)
	if err != nil {
		return 0, err
	}
	with, err := s.endsWith(ctx, slot)
	if err != nil {
		return 0, err
	}
	change, err := entitlement.Leave(slot, with, entitlement.OutcomeSubjectDisabled, command, s.Clock.Now())
	if err == nil && len(change.Ended) > 0 {
		err = s.Store.Commit(ctx, change)
	}
	return len(change.Ended), err
}

// endsWith reads the requests that end with a slot's assignment: the one that made it
// comes with the work that it still is.
func (s *Service) endsWith(ctx context.Context, slot entitlement.Slot) ([]entitlement.AssignmentRequest, error) {
	var with []entitlement.AssignmentRequest
	for _, id := range slot.EndsWith() {
		if id == slot.Open {
			open, err := s.Store.OpenRequests(ctx, slot.Subject)
			if err != nil {
				return nil, err
			}
			with = append(with, open...)
			continue
		}
		waits := entitlement.Head{Subject: slot.Subject, Waiting: []entitlement.Waiting{{Package: slot.Package, Assignment: slot.Assignment.ID}}}
		work, err := s.Store.Work(ctx, waits)
		if err != nil {
			return nil, err
		}
		if r, ok := work.Requests[id]; ok {
			with = append(with, r)
		}
	}
	return with, nil
}
