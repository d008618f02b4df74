package directory

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Subject returns a user as one who asks for packages and holds them.
func (s *Service) Subject(ctx context.Context, by authz.Caller, id entitlement.UserID) (entitlement.User, error) {
	if err := s.may(ctx, by, authz.ReadSubject); err != nil {
		return entitlement.User{}, err
	}
	return s.user(ctx, id)
}

// SetLifecycle says of a guest whether the account is governed here (R146).
func (s *Service) SetLifecycle(ctx context.Context, by authz.Command, id entitlement.UserID, lifecycle entitlement.SubjectLifecycle) error {
	if err := allow(by, authz.UpdateSubject); err != nil {
		return err
	}
	_, err := s.updateUser(ctx, by, id, func(u *entitlement.User) error {
		if u.Type != entitlement.Guest {
			return entitlement.Errorf(entitlement.Precondition, "Only guests are governed: the user %s is a %s.", u.DisplayName, u.Type)
		}
		u.Lifecycle = lifecycle
		return nil
	}, entitlement.Change{})
	return err
}
