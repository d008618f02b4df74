package requests

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Extend takes a request to give an assignment another end: one's own where its policy
// lets subjects do that, anybody's for administrators (R83 to R85).
func (s *Service) Extend(ctx context.Context, by authz.Command, t entitlement.RequestType, id entitlement.AssignmentID, asked entitlement.Schedule, justification string) (entitlement.AssignmentRequest, error) {
	return s.ExtendHeld(ctx, by, Submission{Type: t, Assignment: id, Justification: justification, RequestedSchedule: asked})
}

// ExtendHeld is Extend for an assignment as a client names it: by its id, or as the one
// that a subject holds in a package. Which one that is, is asked only once it is known that
// the command was not carried out before.
func (s *Service) ExtendHeld(ctx context.Context, by authz.Command, in Submission) (entitlement.AssignmentRequest, error) {
	if in.Subject == "" && in.Assignment == "" {
		in.Subject = by.ID
	}

	return s.create(ctx, by, in.payload(), func(n entitlement.NewRequest) (entitlement.AssignmentRequest, entitlement.Change, error) {
		id := in.Assignment
		if id == "" {
			var err error
			if id, err = s.heldIn(ctx, by, n.Type, in.Package, in.Subject); err != nil {
				return entitlement.AssignmentRequest{}, entitlement.Change{}, err
			}
		}
		return s.extend(ctx, by, n, in, id)
	})
}

// heldIn returns the live assignment of a subject in a package, to the subject and to
// administrators.
func (s *Service) heldIn(ctx context.Context, by authz.Command, t entitlement.RequestType, pkg entitlement.PackageID, subject entitlement.UserID) (entitlement.AssignmentID, error) {
	slot, err := s.Store.AssignmentSlot(ctx, pkg, subject)
	if err != nil {
		return "", err
	}
	if slot.Assignment == nil {
		return "", noAssignment(nil)
	}
	a, _, err := s.assignment(ctx, by.Caller, extension(t), slot.Assignment.ID)
	return a.ID, err
}

func (s *Service) extend(ctx context.Context, by authz.Command, n entitlement.NewRequest, in Submission, id entitlement.AssignmentID) (entitlement.AssignmentRequest, entitlement.Change, error) {
	a, may, err := s.assignment(ctx, by.Caller, extension(n.Type), id)
	if err == nil {
		err = in.matches(a)
	}
	if err == nil {
		err = may.Err()
	}
	if err != nil {
		return entitlement.AssignmentRequest{}, entitlement.Change{}, err
	}

	n.AllowedBy = may.Policy()
	ask, err := s.Store.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: by.ID, Subject: a.Subject, Package: a.Package, Policy: a.Policy})
	if err != nil {
		return entitlement.AssignmentRequest{}, entitlement.Change{}, err
	}

	if live := ask.Slot.Assignment; live != nil && live.ID != id {
		ask.Slot.Assignment = nil // a later assignment of the same pair is not meant
	}

	return entitlement.Extend(n, ask, s.Clock.Now())
}

// extension is the action that a request of a type is.
func extension(t entitlement.RequestType) authz.Action {
	if t == entitlement.AdminUpdate {
		return authz.ExtendDirectly
	}
	return authz.ExtendOwn
}
