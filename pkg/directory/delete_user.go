package directory

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// DeleteUser takes a user out of the directory: disabled first, so that access ends at
// once, then out of every group, then without name and sign-in. Each step may be repeated,
// so a call that was cut short is finished by the next. The record stays as the anchor of
// what was held, and nobody sees it.
func (s *Service) DeleteUser(ctx context.Context, by authz.Command, id entitlement.UserID) error {
	if err := allow(by, authz.DeleteUser); err != nil {
		return err
	}

	u, err := s.updateUser(ctx, by, id, func(u *entitlement.User) error { u.Enabled = false; return nil }, entitlement.Change{})
	if err != nil {
		return err
	}

	by.If = nil // from here on it is what the deletion itself made of it
	for try := 1; ; try++ {
		// Whoever is put into a group meanwhile is taken out of it in the next round.
		for _, g := range u.Groups {
			if err := s.leave(ctx, by, g, false, id); err != nil && entitlement.CodeOf(err) != CodeNotMember {
				return err
			}
		}

		_, err := s.updateUser(ctx, by, id, s.vanish, entitlement.Change{})
		if entitlement.KindOf(err) == entitlement.NotFound {
			return nil // another call that deletes the user came to the end of it first
		}

		if entitlement.CodeOf(err) != CodeAlreadyMember || try == conflictTries {
			return err
		}

		if u, err = s.Store.User(ctx, id); err != nil {
			return err
		}
	}
}

// vanish is the last step of a user's deletion, of one who is in no group: from then on
// nobody can put them into one.
func (s *Service) vanish(u *entitlement.User) error {
	if len(u.Groups) > 0 {
		return &entitlement.Error{Kind: entitlement.Conflict, Code: CodeAlreadyMember, Msg: "The user is being put into groups while being deleted. Try again."}
	}
	u.Enabled = false // again, where somebody enabled them meanwhile: what they hold ends with them
	u.Deleted, u.UserPrincipalName, u.Identities, u.Manager = s.Clock.Now(), string(u.ID), nil, ""
	return nil
}
