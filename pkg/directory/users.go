package directory

import (
	"context"
	"net/mail"
	"slices"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/idempotency"
)

// MaxIdentities bounds the principals of one user.
const MaxIdentities = 10

// CreateUser adds a user with the identities that may sign in as it.
func (s *Service) CreateUser(ctx context.Context, by authz.Command, u entitlement.User) (entitlement.User, error) {
	if err := allow(by, authz.CreateUser); err != nil {
		return u, err
	}
	if err := checkUser(&u); err != nil {
		return u, err
	}
	return idempotency.Once(ctx, s.once(), by, entitlement.OfUser, func(made idempotency.Effect) (entitlement.User, error) {
		u := u
		u.ID, u.Created, u.Manager, u.Groups, u.Meta = entitlement.UserID(made.ID), made.At, "", nil, made.Meta()
		if made.Again {
			return u, nil
		}
		return s.putUser(ctx, made.Command, u, "created", nil, entitlement.Change{})
	})
}

// user reads a user who was not deleted.
func (s *Service) user(ctx context.Context, id entitlement.UserID) (entitlement.User, error) {
	u, err := s.Store.User(ctx, id)
	if err == nil && u.Gone() {
		err = noUser()
	}
	return u, err
}

func noUser() error {
	return entitlement.Errorf(entitlement.NotFound, "There is no user with this id.")
}

// UpdateUser changes a user; edit is given the user as it is, once more where somebody
// else's change came first.
func (s *Service) UpdateUser(ctx context.Context, by authz.Command, id entitlement.UserID, edit func(*entitlement.User) error) (entitlement.User, error) {
	if err := allow(by, authz.UpdateUser); err != nil {
		return entitlement.User{}, err
	}
	return s.updateUser(ctx, by, id, edit, entitlement.Change{})
}

// updateUser is UpdateUser with what is to hold, or to come true, together with it.
func (s *Service) updateUser(ctx context.Context, by authz.Command, id entitlement.UserID, edit func(*entitlement.User) error, with entitlement.Change) (entitlement.User, error) {
	for try := 1; ; try++ {
		u, err := s.user(ctx, id)
		if err == nil {
			err = by.Matches(u)
		}
		if err != nil {
			return u, err
		}

		// Cloned, since edit may write into the list that both would share.
		before := u
		before.Identities = slices.Clone(u.Identities)
		if err := edit(&u); err != nil {
			return u, err
		}
		if err := checkUser(&u); err != nil {
			return u, err
		}

		u, err = s.putUser(ctx, by, u, "updated", &before, with)
		if part := entitlement.StalePart(err); part != entitlement.PartDirectory && part != entitlement.PartEvent || try == conflictTries {
			return u, err
		}
	}
}

// putUser commits a user with whatever goes with the change; before is nil for a new one.
func (s *Service) putUser(ctx context.Context, by authz.Command, u entitlement.User, kind string, before *entitlement.User, c entitlement.Change) (entitlement.User, error) {
	e := by.Marked(s.event(entitlement.OfUser, string(u.ID), kind, by.ID, by.CommandID))
	e.After = enabledWord(u)
	if before != nil {
		e.Before = enabledWord(*before)
	}

	if err := s.tell(ctx, before, &u, &e); err != nil {
		return u, err
	}

	c.Events = append(slices.Clone(c.Events), chained(&u.Chain, e))
	c.Users, c.SubjectUpdates = []entitlement.User{u}, turned(u, e.Before, e.At)
	if before != nil {
		c.Absences = entitlement.Absent(*before, u, e.At)
		if err := s.withdraw(ctx, by, *before, u, &c); err != nil {
			return u, err
		}
	}

	err := s.Store.Commit(ctx, c)

	// A message that is lost costs time: the new generation stays pending, and the sweep finds
	// it.
	if err == nil && len(c.SubjectUpdates) > 0 {
		if lost := s.Enqueuer.Enqueue(ctx, u.ID); lost != nil {
			s.Log.WarnContext(ctx, "a message was lost; the sweep will find the pending reconciliation", "subject", u.ID, "error", lost)
		}
	}

	if entitlement.StalePart(err) == entitlement.PartName {
		err = &entitlement.Error{Kind: entitlement.Conflict, Code: "nameAlreadyExists", Msg: "Another user has this userPrincipalName, or one of these identities.", Err: err}
	}

	u.Version++
	return u, err
}

// tell has the event of a user's change say what changed, and the user keep what the event
// says by a pseudonym.
func (s *Service) tell(ctx context.Context, before, u *entitlement.User, e *entitlement.Event) error {
	key, err := s.Store.SigningKey(ctx)
	if err != nil {
		return err
	}
	if before == nil {
		u.Former = nil
		e.Changed = entitlement.Differences(nil, u.Recorded(key))
		return nil
	}
	e.Changed = entitlement.Differences(before.Recorded(key), u.Recorded(key))
	u.Former, err = u.Remember(*before)
	return err
}

// withdraw adds what goes with a user's no longer being an administrator who can sign in,
// and with a first administrator's sign-in that is taken off the user.
func (s *Service) withdraw(ctx context.Context, by authz.Command, before, after entitlement.User, c *entitlement.Change) error {
	if before.CanAdminister() && !after.CanAdminister() {
		if err := s.resign(ctx, by, c, after.ID); err != nil {
			return err
		}
	}

	if !slices.Contains(before.Identities, s.First) || slices.Contains(after.Identities, s.First) {
		return nil
	}

	used, err := s.wasUsed(ctx)
	if err == nil && !used { // an administrator has decided who this sign-in is not
		c.Events = append(c.Events, s.use("withdrawn", after.ID, by.ID, by.CommandID))
	}
	return err
}

// turned is what a user's being disabled, or enabled again, means for what they hold: from
// then on nothing, or something again. The worker ends what is there.
func turned(u entitlement.User, before string, now time.Time) []entitlement.SubjectUpdate {
	after := enabledWord(u)
	if before == "" || before == after {
		return nil
	}
	return []entitlement.SubjectUpdate{{Subject: u.ID, Disabled: !u.Enabled, Enabled: u.Enabled, CheckAfter: now.Add(time.Minute)}}
}

func enabledWord(u entitlement.User) string {
	if u.Enabled {
		return "enabled"
	}
	return "disabled"
}

func checkUser(u *entitlement.User) (err error) {
	if u.DisplayName, err = entitlement.FeedName("displayName", u.DisplayName); err != nil {
		return err
	}
	if u.UserPrincipalName, err = entitlement.Name("userPrincipalName", u.UserPrincipalName); err != nil {
		return err
	}

	for what, text := range map[string]*string{"givenName": &u.GivenName, "surname": &u.Surname, "department": &u.Department, "jobTitle": &u.JobTitle} {
		if *text = entitlement.CleanName(*text); *text == "" {
			continue
		}
		if *text, err = entitlement.FeedName(what, *text); err != nil {
			return err
		}
	}

	for what, text := range map[string]*string{"mail": &u.Mail, "mailNickname": &u.MailNickname, "externalId": &u.ExternalID} {
		if *text == "" {
			continue
		}
		if *text, err = entitlement.Name(what, *text); err != nil { // somebody is found by it: it is not for us to change
			return err
		}
	}

	if a, err := mail.ParseAddress(u.Mail); u.Mail != "" && (err != nil || a.Address != u.Mail) {
		return entitlement.Errorf(entitlement.Invalid, "mail must be one plain address.")
	}

	if u.Type != entitlement.Member && u.Type != entitlement.Guest {
		return entitlement.Errorf(entitlement.Invalid, "userType must be Member or Guest.")
	}
	if len(u.Identities) > MaxIdentities {
		return entitlement.Errorf(entitlement.Invalid, "identities holds at most %d entries.", MaxIdentities)
	}

	for i, p := range u.Identities {
		if p.Issuer == "" || p.Value == "" || len(p.Issuer) > 512 || len(p.Value) > 512 {
			return entitlement.Errorf(entitlement.Invalid, "identities: issuer and issuerAssignedId must be given, at most 512 bytes each.")
		}
		for what, text := range map[string]string{"identities: issuer": p.Issuer, "identities: issuerAssignedId": p.Value} {
			if err := entitlement.Exact(what, text); err != nil {
				return err
			}
		}
		if slices.Contains(u.Identities[:i], p) {
			return entitlement.Errorf(entitlement.Invalid, "identities: the same issuer and issuerAssignedId stand there twice.")
		}
	}
	return nil
}
