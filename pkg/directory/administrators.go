package directory

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Identify returns the user that a verified principal is bound to, or Forbidden. The
// deployment's first administrator becomes one by the first call, once for each value of
// that parameter.
func (s *Service) Identify(ctx context.Context, p entitlement.Principal, command string) (entitlement.UserID, error) {
	if p == s.First && p != (entitlement.Principal{}) && !s.used.Load() {
		return s.firstAdministrator(ctx, command)
	}
	id, err := s.Store.Bound(ctx, p)
	if entitlement.KindOf(err) == entitlement.NotFound {
		return "", unbound()
	}
	return id, err
}

func unbound() error {
	return entitlement.Errorf(entitlement.Forbidden, "You are signed in, but your sign-in is not bound to a user of this directory. Ask an administrator to bind it.")
}

// firstAdministrator makes whoever signs in as the deployment says an administrator, where
// that value of the parameter was not used before: the user that it is bound to, or else a
// new one. Whoever can deploy can so come back in, by another value.
//
// That it was used is the first event of the sign-in's own chain, and there can be but one:
// of several calls at once one makes it. From then on the value opens nothing, whatever
// becomes of that user.
func (s *Service) firstAdministrator(ctx context.Context, command string) (entitlement.UserID, error) {
	for try := 1; ; try++ {
		// Asked before the binding: a call that uses the value between the two has then bound it,
		// and is not taken for one whose user is gone.
		used, err := s.wasUsed(ctx)
		if err != nil {
			return "", err
		}

		id, err := s.Store.Bound(ctx, s.First)
		if err != nil && entitlement.KindOf(err) != entitlement.NotFound {
			return "", err
		}

		if used && id == "" {
			return "", unbound()
		}
		if used {
			return id, nil
		}

		id, c, err := s.appoint(ctx, id, command)
		if err == nil {
			err = s.Store.Commit(ctx, c)
		}

		// A Conflict: somebody used the value at the same time, so look at what they made of it.
		if err == nil || entitlement.KindOf(err) != entitlement.Conflict || try == conflictTries {
			return id, err
		}
	}
}

// wasUsed reports that the deployment's value for the first administrator opens nothing
// any more. That never becomes untrue, so it is asked until then alone.
func (s *Service) wasUsed(ctx context.Context) (bool, error) {
	if s.First == (entitlement.Principal{}) || s.used.Load() {
		return true, nil
	}
	events, err := s.Store.ListEvents(ctx, entitlement.OfPrincipal, derivedID(s.First), entitlement.Page{Limit: 1})
	used := len(events.Items)+events.Unread > 0
	if err == nil && used {
		s.used.Store(true)
	}
	return used, err
}

// use is the event that the deployment's value for the first administrator is used up.
func (s *Service) use(kind string, user, actor entitlement.UserID, command string) entitlement.Event {
	e := s.event(entitlement.OfPrincipal, derivedID(s.First), kind, actor, command)
	e.Data = map[string]string{"issuer": s.First.Issuer, "user": string(user)}
	return chained(new(entitlement.Chain), e)
}

// derivedID names a sign-in in events, the same way always, without saying which it is.
func derivedID(p entitlement.Principal) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%d|%s|%s", len(p.Issuer), p.Issuer, p.Value)))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80 // version 8: a hash of our own
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// appoint makes the user with the id, or a new one, an administrator in the deployment's
// name. One who is disabled stays as they are, and the value unused.
func (s *Service) appoint(ctx context.Context, id entitlement.UserID, command string) (entitlement.UserID, entitlement.Change, error) {
	var c entitlement.Change
	u := entitlement.User{ID: entitlement.UserID(s.IDs.New()), Type: entitlement.Member, DisplayName: "First administrator", Enabled: true,
		Identities: []entitlement.Principal{s.First}, Created: s.Clock.Now()}

	if id == "" {
		id, u.UserPrincipalName = u.ID, string(u.ID)
		made := s.event(entitlement.OfUser, string(id), "created", id, command)
		if err := s.tell(ctx, nil, &u, &made); err != nil {
			return id, c, err
		}
		c.Events = append(c.Events, chained(&u.Chain, made))
	} else {
		var err error
		if u, err = s.user(ctx, id); err != nil || !u.Enabled {
			return id, c, err
		}
	}

	by := authz.Command{Caller: authz.Caller{ID: id}, CommandID: command}
	c.Events = append(c.Events, s.use("usedAsFirstAdministrator", id, id, command))

	// A member already: the value is used up all the same, and opens nothing when they are
	// removed.
	if u.MemberOf(entitlement.AdministratorsGroup) {
		c.References = []entitlement.Reference{{User: id}}
		return id, c, nil
	}

	c.Events = append(c.Events, chained(&u.Chain, s.membershipEvent(by, id, entitlement.AdministratorsGroup, "memberAdded")))
	c.Users = []entitlement.User{u}
	c.Memberships = []entitlement.Membership{{Group: entitlement.AdministratorsGroup, User: id}}
	err := s.withAdministrators(ctx, by, &c)
	return id, c, err
}

// withAdministrators demands that the administrators' group is there, or makes it.
func (s *Service) withAdministrators(ctx context.Context, by authz.Command, c *entitlement.Change) error {
	_, err := s.Store.Group(ctx, entitlement.AdministratorsGroup)
	if entitlement.KindOf(err) != entitlement.NotFound {
		c.References = append(c.References, entitlement.Reference{Group: entitlement.AdministratorsGroup})
		return err
	}
	g := entitlement.Group{ID: entitlement.AdministratorsGroup, DisplayName: "Administrators", Description: "Its members may administer everything.",
		MailNickname: "administrators", Created: s.Clock.Now()}
	e := s.event(entitlement.OfGroup, string(g.ID), "created", by.ID, by.CommandID)
	e.Changed = entitlement.Differences(nil, g.Recorded())
	c.Events = append(c.Events, chained(&g.Chain, e))
	c.Groups = append(c.Groups, g)
	return nil
}

// CodeLastAdministrator is the code of a refusal to leave nobody who can administer.
const CodeLastAdministrator = "lastAdministrator"

// resign adds to a change after which users cannot administer any more what keeps the last
// one: a new version of the administrators' group, on the version at which somebody else
// was found who can. Of two changes at once that would each leave the other's
// administrator, one is so decided after the other.
func (s *Service) resign(ctx context.Context, by authz.Command, c *entitlement.Change, going ...entitlement.UserID) error {
	g, err := s.Store.Group(ctx, entitlement.AdministratorsGroup)
	if err != nil {
		return err
	}

	stays, err := s.administratorBeside(ctx, going)
	if err != nil {
		return err
	}

	if !stays {
		return &entitlement.Error{Kind: entitlement.Conflict, Code: CodeLastAdministrator,
			Msg: "This would leave nobody who can administer. First make somebody else an administrator who is enabled and has a sign-in among their identities."}
	}

	// The group's new version is the point: two such changes at once cannot both commit.
	e := s.event(entitlement.OfGroup, string(g.ID), "administratorsLeft", by.ID, by.CommandID)
	e.Data = map[string]string{"users": joinIDs(going)}
	c.Events = append(c.Events, chained(&g.Chain, e))
	c.Groups = append(c.Groups, g)
	return nil
}

// administratorBeside reports that others than those can administer.
func (s *Service) administratorBeside(ctx context.Context, going []entitlement.UserID) (bool, error) {
	for page := (entitlement.Page{}); ; {
		members, err := s.Store.Members(ctx, entitlement.AdministratorsGroup, page)
		if err != nil {
			return false, err
		}

		users, err := s.Store.Users(ctx, members.Items)
		if err != nil {
			return false, err
		}

		if slices.ContainsFunc(users, func(u entitlement.User) bool { return u.CanAdminister() && !slices.Contains(going, u.ID) }) {
			return true, nil
		}

		if members.Next == "" {
			return false, nil
		}
		page.Token = members.Next
	}
}
