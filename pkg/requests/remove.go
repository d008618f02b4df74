package requests

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// removal is likewise.
func removal(t entitlement.RequestType) authz.Action {
	if t == entitlement.AdminRemove {
		return authz.RemoveDirectly
	}
	return authz.RemoveOwn
}

// Remove ends an assignment: one's own where its policy lets subjects do that, anybody's
// for administrators (R42, R99).
func (s *Service) Remove(ctx context.Context, by authz.Command, t entitlement.RequestType, id entitlement.AssignmentID, justification string) (entitlement.AssignmentRequest, error) {
	return s.RemoveHeld(ctx, by, Submission{Type: t, Assignment: id, Justification: justification})
}

// RemoveHeld is Remove for an assignment of which a client says more than its id.
func (s *Service) RemoveHeld(ctx context.Context, by authz.Command, in Submission) (entitlement.AssignmentRequest, error) {
	return s.create(ctx, by, in.payload(), func(n entitlement.NewRequest) (entitlement.AssignmentRequest, entitlement.Change, error) {
		return s.remove(ctx, by, n, in)
	})
}

func (s *Service) remove(ctx context.Context, by authz.Command, n entitlement.NewRequest, in Submission) (entitlement.AssignmentRequest, entitlement.Change, error) {
	var none entitlement.AssignmentRequest
	id := in.Assignment
	a, may, err := s.assignment(ctx, by.Caller, removal(n.Type), id)
	if err == nil {
		err = in.matches(a)
	}
	if err == nil {
		err = may.Err()
	}
	if err == nil && n.Type != entitlement.AdminRemove {
		err = s.letsRemove(ctx, by.ID, a)
	}
	if err != nil {
		return none, entitlement.Change{}, err
	}

	slot, err := s.Store.AssignmentSlot(ctx, a.Package, a.Subject)
	if err != nil {
		return none, entitlement.Change{}, err
	}

	if slot.Assignment != nil && slot.Assignment.ID != id {
		slot.Assignment = nil // a later assignment of the same pair is not meant
	}

	with, err := s.endsWith(ctx, slot)
	if err != nil {
		return none, entitlement.Change{}, err
	}

	removal := entitlement.Removal{ID: n.ID, Type: n.Type, Requestor: by.ID, Justification: n.Justification, Command: n.Command, AllowedBy: may.Policy(), Fingerprint: n.Fingerprint}
	return entitlement.Remove(removal, slot, with, s.Clock.Now())
}

// endsWith reads the requests that end with a slot's assignment.
func (s *Service) endsWith(ctx context.Context, slot entitlement.AssignmentSlot) ([]entitlement.AssignmentRequest, error) {
	var with []entitlement.AssignmentRequest
	for _, id := range slot.EndsWith() {
		r, err := s.Store.Request(ctx, id)
		if err != nil {
			return nil, err
		}
		with = append(with, r)
	}
	return with, nil
}

// letsRemove refuses the end of an assignment whose policy does not let its subject end it, or
// not somebody who acts for the subject.
func (s *Service) letsRemove(ctx context.Context, by entitlement.UserID, a entitlement.Assignment) error {
	lets := false
	if by == a.Subject {
		policies, err := s.Store.Policies(ctx, []entitlement.PolicyID{a.Policy})
		if err != nil {
			return err
		}
		lets = len(policies) > 0 && policies[0].Requestor.SelfRemove
	} else {
		found, err := s.Store.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: by, Subject: a.Subject, Package: a.Package, Policy: a.Policy})
		if err != nil {
			return err
		}
		lets = found.RemovesFor()
	}

	if !lets {
		return entitlement.Errorf(entitlement.Precondition, "The policy of this assignment does not let you end it yourself: ask an administrator.")
	}
	return nil
}
