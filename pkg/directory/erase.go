package directory

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// ErasePersonalData forgets all names, addresses and sign-ins of a user who was deleted, and
// those that events refer to: all of them stand in the user's own record. The ids and the
// events stay, and their chain verifies as before. Asked again, it does nothing.
func (s *Service) ErasePersonalData(ctx context.Context, by authz.Command, id entitlement.UserID) error {
	if err := allow(by, authz.ErasePersonalData); err != nil {
		return err
	}

	for try := 1; ; try++ {
		u, err := s.Store.User(ctx, id)
		if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
			return noUser()
		}
		if err != nil {
			return err
		}

		if !u.Gone() {
			return entitlement.Errorf(entitlement.Conflict, "The personal data of somebody who is in the directory is what the directory is for: delete the user first.")
		}
		if u.Forgotten() {
			return nil
		}

		u = u.Forget()
		e := chained(&u.Chain, s.event(entitlement.OfUser, string(id), "personalDataErased", by.ID, by.CommandID))
		err = s.Store.Commit(ctx, entitlement.Change{Users: []entitlement.User{u}, Events: []entitlement.Event{e}})
		if entitlement.StalePart(err) == "" || try == conflictTries {
			return err
		}
	}
}
