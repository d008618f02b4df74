package directory

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// SetPreferences sets how the pages speak to the caller. What holds already changes nothing. The
// event says that they were changed and not to what: they are personal, and decide nothing.
func (s *Service) SetPreferences(ctx context.Context, by authz.Command, p entitlement.Preferences) error {
	if err := authz.Allow(by.Caller, authz.SetPreferences, authz.Object{Subject: by.ID}).Err(); err != nil {
		return err
	}
	if err := p.Check(); err != nil {
		return err
	}

	for try := 1; ; try++ {
		u, err := s.user(ctx, by.ID)
		if err != nil || u.Preferences == p {
			return err
		}

		u.Preferences = p
		e := chained(&u.Chain, s.event(entitlement.OfUser, string(u.ID), "preferencesChanged", by.ID, by.CommandID))
		err = s.Store.Commit(ctx, entitlement.Change{Users: []entitlement.User{u}, Events: []entitlement.Event{e}})
		if entitlement.StalePart(err) == "" || try == conflictTries {
			return err
		}
	}
}
