package directory

import (
	"context"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// conflictTries bounds how often a change that met another one is decided afresh.
const conflictTries = 8

// together bounds the users of one change: each takes up to four actions of a transaction,
// and the group one or two.
const together = 24

// The codes of a Conflict that says that somebody is as asked already.
const (
	CodeAlreadyMember = "alreadyMember"
	CodeNotMember     = "notMember"
)

// AddMembers makes users members, or owners, of a group, each at most once, as many at a time as
// fit one change. It is a Conflict with CodeAlreadyMember where a user of those is one
// already, NotFound where one is not there, and Throttled where other changes of these very
// users came in between again and again.
func (s *Service) AddMembers(ctx context.Context, by authz.Command, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error {
	if err := allow(by, authz.ChangeMembers); err != nil {
		return err
	}
	return s.move(ctx, by, move{group: id, owner: owner, kind: kindOfMove(owner, "Added")}, users)
}

// RemoveMembers ends memberships, or ownerships. It is a Conflict with CodeNotMember where a user
// is none, and with CodeLastAdministrator where nobody would be left who can administer.
func (s *Service) RemoveMembers(ctx context.Context, by authz.Command, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error {
	if err := allow(by, authz.ChangeMembers); err != nil {
		return err
	}
	return s.leave(ctx, by, id, owner, users...)
}

func (s *Service) leave(ctx context.Context, by authz.Command, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error {
	return s.move(ctx, by, move{group: id, owner: owner, remove: true, kind: kindOfMove(owner, "Removed")}, users)
}

// move is a change of who belongs to a group.
type move struct {
	group         entitlement.GroupID
	owner, remove bool
	dissolves     bool   // the group is being deleted, and need not be there for anybody to leave it
	kind          string // of its events
}

func kindOfMove(owner bool, way string) string {
	if owner {
		return "owner" + way
	}
	return "member" + way
}

func (s *Service) move(ctx context.Context, by authz.Command, m move, users []entitlement.UserID) error {
	changes := max(1, (len(users)+together-1)/together)
	for some := range slices.Chunk(users, max(1, (len(users)+changes-1)/changes)) {
		if err := s.moveSome(ctx, by, m, some); err != nil {
			return err
		}
	}
	return nil
}

// moveSome changes the memberships in one change. Each is chained on its user, whose
// version it moves, and asks of the group only that it is there: so any number of people
// can come to one group at once and nobody stands in another's way. What did not go
// through is looked at again, so that a race that was lost is never told as somebody who
// is missing.
func (s *Service) moveSome(ctx context.Context, by authz.Command, m move, users []entitlement.UserID) error {
	for try := 1; ; try++ {
		c, err := s.moved(ctx, by, m, users)
		if err != nil {
			return err
		}

		err = s.Store.Commit(ctx, c)
		if err == nil || entitlement.KindOf(err) != entitlement.Conflict {
			return err
		}

		// The reason may be what a user's own record does not say, and then the refusal says
		// that.
		if err := s.stands(ctx, m, users); err != nil {
			return err
		}

		if try == conflictTries {
			return entitlement.Wrap(entitlement.Throttled, "change members", err, "These users are being changed by others all the time. Try again in a moment.")
		}
	}
}

func (s *Service) moved(ctx context.Context, by authz.Command, m move, users []entitlement.UserID) (entitlement.Change, error) {
	var c entitlement.Change
	var resigning []entitlement.UserID

	found, err := s.Store.Users(ctx, users)
	if err != nil {
		return c, err
	}

	for _, id := range users {
		i := slices.IndexFunc(found, func(u entitlement.User) bool { return u.ID == id })
		if i < 0 {
			return c, m.missing()
		}

		u := found[i]
		if err := m.check(u); err != nil {
			return c, err
		}
		if m.remove && !m.owner && m.group == entitlement.AdministratorsGroup && u.CanAdminister() {
			resigning = append(resigning, id)
		}

		c.Events = append(c.Events, chained(&u.Chain, s.membershipEvent(by, id, m.group, m.kind)))
		c.Users = append(c.Users, u)
		c.Memberships = append(c.Memberships, entitlement.Membership{Group: m.group, User: id, Owner: m.owner, Erased: m.remove})
	}

	if m.remove && !m.owner {
		if c.Absences, err = s.left(ctx, m.group, users, s.Clock.Now()); err != nil {
			return c, err
		}
	}

	c.Events = append(c.Events, by.Recorded("")...)
	if len(resigning) > 0 {
		err = s.resign(ctx, by, &c, resigning...)
		return c, err
	}

	if !m.dissolves {
		c.References = []entitlement.Reference{{Group: m.group}}
	}
	return c, nil
}

func (s *Service) membershipEvent(by authz.Command, id entitlement.UserID, group entitlement.GroupID, kind string) entitlement.Event {
	e := s.event(entitlement.OfUser, string(id), kind, by.ID, by.CommandID)
	e.Data = map[string]string{"group": string(group)}
	return e
}

// check refuses the move of a user who cannot make it. Whoever is disabled may be and
// become a member, as feeds have them; nobody newly makes them an owner.
func (m move) check(u entitlement.User) error {
	switch {
	case u.Gone() && !(m.remove && m.owner): // whose ownerships stay until somebody ends them
		return m.missing()
	case !m.owner && u.MemberOf(m.group) != m.remove:
		return m.already()
	case m.remove:
		return nil
	case m.owner && !u.Enabled:
		return entitlement.Errorf(entitlement.Precondition, "The user %s is disabled and cannot become an owner: enable them first.", u.DisplayName)
	case !m.owner && len(u.Groups) >= entitlement.MaxGroups:
		return entitlement.Errorf(entitlement.Precondition, "The user %s is a member of %d groups, the most that one user may be in.", u.DisplayName, entitlement.MaxGroups)
	default:
		return nil
	}
}

// missing is what is said of a user who is not there. Who is to be taken out of the group
// is answered like anybody else who does not belong to it.
func (m move) missing() error {
	if m.remove {
		return m.already()
	}
	return noUser()
}

func (m move) already() error {
	who := map[bool]string{false: "member", true: "owner"}[m.owner]
	if m.remove {
		return &entitlement.Error{Kind: entitlement.Conflict, Code: CodeNotMember, Msg: "The group has no such " + who + "."}
	}
	return &entitlement.Error{Kind: entitlement.Conflict, Code: CodeAlreadyMember, Msg: "The user is a " + who + " of the group already."}
}

// stands looks at what a user's own record does not say: whether the group is there, and
// who owns it.
func (s *Service) stands(ctx context.Context, m move, users []entitlement.UserID) error {
	if !m.dissolves {
		if _, err := s.group(ctx, m.group); err != nil {
			return err
		}
	}
	if !m.owner {
		return nil
	}
	owners, err := s.Store.OwnersAmong(ctx, m.group, users)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(users, func(id entitlement.UserID) bool { return slices.Contains(owners, id) != m.remove }) {
		return m.already()
	}
	return nil
}

func joinIDs(users []entitlement.UserID) string {
	list := make([]string, len(users))
	for i, u := range users {
		list[i] = string(u)
	}
	return strings.Join(list, " ")
}
