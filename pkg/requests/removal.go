package requests

import (
	"context"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// claimFor is how long closing a removal keeps workers from the records that it forgets.
const claimFor = 10 * time.Second

// CloseRemoval closes a removal that is still owed, on the word of an administrator who
// knows what the target cannot tell. Delivery looks at the person once more and settles
// the rest.
func (s *Service) CloseRemoval(ctx context.Context, by authz.Caller, id entitlement.AssignmentID, justification string) error {
	justification, err := entitlement.Justification(justification)
	if err != nil {
		return err
	}
	a, err := s.Store.Assignment(ctx, id)
	if err != nil {
		return noAssignment(err)
	}
	now := s.Clock.Now()
	claim := entitlement.Claim{Subject: a.Subject, Token: s.IDs.New(), Now: now, Until: now.Add(claimFor)} // the same one with every try
	err = s.again(ctx, func() (entitlement.Change, error) { return s.closeRemoval(ctx, by, id, claim, justification) })
	if entitlement.StalePart(err) == entitlement.PartClaim {
		return entitlement.Errorf(entitlement.Conflict, "The removal is being tried at this moment. Look at it again in a minute, and close it if it is still owed.")
	}
	if err != nil {
		return err
	}
	if err := s.Hinter.Hint(ctx, a.Subject); err != nil {
		s.Log.WarnContext(ctx, "a hint was lost; the tick will find the debt", "subject", a.Subject, "error", err)
	}
	return nil
}

func (s *Service) closeRemoval(ctx context.Context, by authz.Caller, id entitlement.AssignmentID, claim entitlement.Claim, justification string) (entitlement.Change, error) {
	head, sheets, err := s.Store.Debt(ctx, claim.Subject)
	if err != nil {
		return entitlement.Change{}, err
	}
	work, err := s.Store.Work(ctx, head)
	if err != nil {
		return entitlement.Change{}, err
	}
	owed, err := entitlement.Owes(id, head, work)
	if err != nil {
		return entitlement.Change{}, err
	}

	// Decided before anything is claimed: a refusal leaves nothing behind.
	if _, err := entitlement.CloseRemoval(owed, nil, justification, by.ID, by.Command, claim.Now); err != nil {
		return entitlement.Change{}, err
	}
	var claimed []entitlement.GrantSheet
	for _, sheet := range sheets {
		if !owed.Forgets(sheet) {
			continue
		}
		claim.Connector = sheet.Connector
		mine, err := s.Store.Claim(ctx, claim)
		if err != nil {
			return entitlement.Change{}, err
		}
		claimed = append(claimed, mine)
	}
	return entitlement.CloseRemoval(owed, claimed, justification, by.ID, by.Command, claim.Now)
}
