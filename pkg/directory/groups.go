package directory

import (
	"context"
	"slices"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/idempotency"
)

// MaxBound bounds the people who come into a group together with it: all of them are part
// of one transaction.
const MaxBound = 20

// People are those who belong to a group from its beginning.
type People struct{ Members, Owners []entitlement.UserID }

// all are the people of a new group, each once.
func (p People) all() []entitlement.UserID {
	all := slices.Concat(p.Members, p.Owners)
	slices.Sort(all)
	return slices.Compact(all)
}

// CreateGroup adds a group without members.
func (s *Service) CreateGroup(ctx context.Context, by authz.Command, g entitlement.Group) (entitlement.Group, error) {
	return s.CreateGroupOf(ctx, by, g, People{})
}

// CreateGroupOf adds a group with its first members and owners, or nothing at all.
func (s *Service) CreateGroupOf(ctx context.Context, by authz.Command, g entitlement.Group, with People) (entitlement.Group, error) {
	err := allow(by, authz.CreateGroup)
	if err == nil && len(with.all()) > 0 {
		err = allow(by, authz.ChangeMembers)
	}
	if err != nil {
		return g, err
	}
	if len(with.all()) > MaxBound {
		return g, entitlement.Errorf(entitlement.Invalid, "A new group takes at most %d people: add the others to it afterwards.", MaxBound)
	}
	if err := checkGroup(&g); err != nil {
		return g, err
	}

	return idempotency.Once(ctx, s.once(), by, entitlement.OfGroup, func(made idempotency.Effect) (entitlement.Group, error) {
		g := g
		g.ID, g.Created, g.Deleted, g.Meta = entitlement.GroupID(made.ID), made.At, time.Time{}, made.Meta()
		if made.Again {
			return g, nil
		}
		return s.putGroup(ctx, made.Command, g, with)
	})
}

// putGroup commits a new group and its people in one change. Where one of them was changed
// meanwhile, it is decided afresh.
func (s *Service) putGroup(ctx context.Context, by authz.Command, g entitlement.Group, with People) (entitlement.Group, error) {
	e := by.Marked(s.event(entitlement.OfGroup, string(g.ID), "created", by.ID, by.CommandID))
	e.Changed = entitlement.Differences(nil, g.Recorded())
	g.Chain, e = g.Chain.Append(e)

	var tried []entitlement.User
	var failure error
	for range conflictTries {
		c := entitlement.Change{Groups: []entitlement.Group{g}, Events: []entitlement.Event{e}}
		if err := s.bring(ctx, by, g.ID, with, &c); err != nil {
			return g, err
		}
		if failure != nil && slices.EqualFunc(c.Users, tried, func(a, b entitlement.User) bool { return a.Version == b.Version }) {
			break // it was not the people: the group is there already
		}
		tried = c.Users
		if failure = s.Store.Commit(ctx, c); failure == nil || entitlement.KindOf(failure) != entitlement.Conflict {
			break
		}
	}
	g.Version++
	return g, failure
}

// bring adds the first people of a new group to the change that makes it.
func (s *Service) bring(ctx context.Context, by authz.Command, group entitlement.GroupID, with People, c *entitlement.Change) error {
	ids := with.all()
	if len(ids) == 0 {
		return nil
	}

	found, err := s.Store.Users(ctx, ids)
	if err != nil {
		return err
	}

	for _, id := range ids {
		i := slices.IndexFunc(found, func(u entitlement.User) bool { return u.ID == id })
		if i < 0 || found[i].Gone() {
			return entitlement.Errorf(entitlement.Invalid, "There is no user with the id %s, who is to belong to the group.", id)
		}

		u := found[i]
		for owner, of := range map[bool][]entitlement.UserID{false: with.Members, true: with.Owners} {
			if !slices.Contains(of, id) {
				continue
			}
			if err := (move{group: group, owner: owner}).check(u); err != nil {
				return err
			}
			c.Events = append(c.Events, chained(&u.Chain, s.membershipEvent(by, id, group, kindOfMove(owner, "Added"))))
			c.Memberships = append(c.Memberships, entitlement.Membership{Group: group, User: id, Owner: owner})
		}
		c.Users = append(c.Users, u)
	}
	return nil
}

// group reads a group that is not being deleted.
func (s *Service) group(ctx context.Context, id entitlement.GroupID) (entitlement.Group, error) {
	g, err := s.Store.Group(ctx, id)
	if err == nil && g.Gone() {
		return entitlement.Group{}, noGroup()
	}
	return g, err
}

func noGroup() error {
	return entitlement.Errorf(entitlement.NotFound, "There is no group with this id.")
}

func checkGroup(g *entitlement.Group) (err error) {
	if g.ID == entitlement.AdministratorsGroup && g.GroupSort != (entitlement.GroupSort{}) {
		return entitlement.Errorf(entitlement.Precondition, "The group Administrators stays a security group of this directory.")
	}
	if err := g.GroupSort.Check(); err != nil {
		return err
	}
	if g.DisplayName, err = entitlement.FeedName("displayName", g.DisplayName); err != nil {
		return err
	}
	if g.Description, err = entitlement.Description("description", g.Description); err != nil {
		return err
	}
	if g.MailNickname != "" {
		g.MailNickname, err = entitlement.Name("mailNickname", g.MailNickname)
	}
	return err
}

// UpdateGroup changes what a group is called; edit is given the group as it is, once more
// where somebody else's change came first.
func (s *Service) UpdateGroup(ctx context.Context, by authz.Command, id entitlement.GroupID, edit func(*entitlement.Group)) (entitlement.Group, error) {
	if err := allow(by, authz.UpdateGroup); err != nil {
		return entitlement.Group{}, err
	}
	for try := 1; ; try++ {
		g, err := s.group(ctx, id)
		if err != nil {
			return g, err
		}
		before := g
		edit(&g)
		if err := checkGroup(&g); err != nil {
			return g, err
		}

		e := s.event(entitlement.OfGroup, string(id), "updated", by.ID, by.CommandID)
		e.Changed = entitlement.Differences(before.Recorded(), g.Recorded())
		e = chained(&g.Chain, e)
		err = s.Store.Commit(ctx, entitlement.Change{Groups: []entitlement.Group{g}, Events: []entitlement.Event{e}})
		g.Version++
		if entitlement.StalePart(err) == "" || try == conflictTries {
			return g, err
		}
	}
}

// maxDissolved bounds the pages of members that one deletion takes out of their group (S21).
const maxDissolved = 50

// DeleteGroup takes a group out of the directory. From its first step on nobody comes into it
// and nobody sees it; then its members and owners leave it, each with an event of their own;
// then it goes. Each step may be repeated, so a call that was cut short is finished by the
// next. Policies and packages that name the group name nobody then.
func (s *Service) DeleteGroup(ctx context.Context, by authz.Command, id entitlement.GroupID) error {
	if err := allow(by, authz.DeleteGroup); err != nil {
		return err
	}
	if id == entitlement.AdministratorsGroup {
		return entitlement.Errorf(entitlement.Precondition, "The group Administrators cannot be deleted.")
	}
	if err := s.closeGroup(ctx, by, id); err != nil {
		return err
	}
	for _, owner := range []bool{false, true} {
		if err := s.dissolve(ctx, by, id, owner); err != nil {
			return err
		}
	}
	return s.eraseGroup(ctx, by, id)
}

// closeGroup marks a group as being deleted, unless it is.
func (s *Service) closeGroup(ctx context.Context, by authz.Command, id entitlement.GroupID) error {
	for try := 1; ; try++ {
		g, err := s.Store.Group(ctx, id)
		if err != nil || g.Gone() {
			return err
		}
		g.Deleted = s.Clock.Now()
		e := chained(&g.Chain, s.event(entitlement.OfGroup, string(id), "deletionStarted", by.ID, by.CommandID))
		err = s.Store.Commit(ctx, entitlement.Change{Groups: []entitlement.Group{g}, Events: []entitlement.Event{e}})
		if entitlement.StalePart(err) == "" || try == conflictTries {
			return err
		}
	}
}

// dissolve takes everybody out of a group that is being deleted.
func (s *Service) dissolve(ctx context.Context, by authz.Command, id entitlement.GroupID, owners bool) error {
	m := move{group: id, owner: owners, remove: true, dissolves: true, kind: kindOfMove(owners, "Removed")}
	list := s.Store.Members
	if owners {
		list = s.Store.Owners
	}
	for range maxDissolved {
		some, err := list(ctx, id, entitlement.Page{})
		if err != nil || len(some.Items) == 0 {
			return err
		}
		err = s.move(ctx, by, m, some.Items)
		if err != nil && entitlement.CodeOf(err) != CodeNotMember { // somebody left by themselves: look again
			return err
		}
	}
	return entitlement.Errorf(entitlement.Throttled, "So many people are in the group that one call does not take all of them out. Repeat it: it goes on where it was.")
}

// eraseGroup removes a group that nobody is in and nobody comes into.
func (s *Service) eraseGroup(ctx context.Context, by authz.Command, id entitlement.GroupID) error {
	g, err := s.Store.Group(ctx, id)
	if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
		return nil // another call that deletes it came to the end of it first
	}
	if err != nil {
		return err
	}
	e := s.event(entitlement.OfGroup, string(id), "deleted", by.ID, by.CommandID)
	e.Changed = entitlement.Differences(g.Recorded(), nil)
	e = chained(&g.Chain, e)
	g.Erased = true
	err = s.Store.Commit(ctx, entitlement.Change{Groups: []entitlement.Group{g}, Events: []entitlement.Event{e}})
	if entitlement.StalePart(err) == "" {
		return err
	}
	if _, gone := s.Store.Group(ctx, id); entitlement.KindOf(gone) == entitlement.NotFound && gone != nil {
		return nil
	}
	return err
}
