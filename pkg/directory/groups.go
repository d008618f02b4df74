package directory

import (
	"context"
	"slices"

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
	if g.DisplayName, err = entitlement.FeedName("displayName", g.DisplayName); err != nil {
		return g, err
	}
	if g.Description, err = entitlement.Description("description", g.Description); err != nil {
		return g, err
	}
	if g.MailNickname != "" {
		if g.MailNickname, err = entitlement.Name("mailNickname", g.MailNickname); err != nil {
			return g, err
		}
	}
	return idempotency.Once(ctx, s.once(), by, entitlement.OfGroup, func(made idempotency.Effect) (entitlement.Group, error) {
		g := g
		g.ID, g.Created, g.Meta = entitlement.GroupID(made.ID), made.At, made.Meta()
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
