package directory

import (
	"context"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// erasureWait is how long after a deletion the erasure may come: until then an index may not
// show a request that was made just before, and what that one answers would be kept for good.
const erasureWait = time.Minute

// ErasePersonalData forgets all names, addresses and sign-ins of a user who was deleted, and
// those that events refer to: all of them stand in the user's own record; and what the user
// answered to the questions of policies, which stands in the requests. The ids and the events stay, and their chain verifies as before. Asked again, it does nothing.
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
		if at := u.Deleted.Add(erasureWait); s.Clock.Now().Before(at) {
			return entitlement.Errorf(entitlement.Conflict, "The user was deleted a moment ago, and what was asked for just before may not be found yet: try again after %s.", at.UTC().Format(time.RFC3339))
		}

		// Before the user's own record, which says that everything was erased: after a crash in
		// between it is asked again, and what is left is erased then.
		if err := s.eraseAnswers(ctx, id); err != nil {
			return err
		}

		u = u.Forget()
		e := chained(&u.Chain, s.event(entitlement.OfUser, string(id), "personalDataErased", by.ID, by.CommandID))
		err = s.Store.Commit(ctx, entitlement.Change{Users: []entitlement.User{u}, Events: []entitlement.Event{e}})
		if entitlement.StalePart(err) == "" || try == conflictTries {
			return err
		}
	}
}

// eraseAnswers takes what a person answered out of all requests for the person.
func (s *Service) eraseAnswers(ctx context.Context, id entitlement.UserID) error {
	for page := (entitlement.Page{}); ; {
		list, err := s.Store.RequestsOf(ctx, id, page)
		if err != nil {
			return err
		}
		for _, r := range list.Items {
			if len(r.Answers) == 0 {
				continue
			}

			// One request has one event for each of its states, and this is none of them: the event
			// of the person says that everything was erased.
			r.Answers = nil
			if err := s.Store.Commit(ctx, entitlement.Change{Requests: []entitlement.AssignmentRequest{r}}); err != nil {
				return err
			}
		}
		if page.Token = list.Next; page.Token == "" {
			return nil
		}
	}
}
