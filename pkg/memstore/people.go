package memstore

import (
	"context"
	"maps"
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
)

func users(s *state) map[entitlement.UserID]entitlement.User    { return s.users }
func groups(s *state) map[entitlement.GroupID]entitlement.Group { return s.groups }

// Bound returns the user that a principal is bound to.
func (s *Store) Bound(ctx context.Context, p entitlement.Principal) (entitlement.UserID, error) {
	return look(ctx, s, "Bound", []string{p.Value}, func() (entitlement.UserID, error) {
		id, ok := s.state.principals[p]
		if !ok {
			return "", entitlement.Errorf(entitlement.NotFound, "There is no user for this sign-in.")
		}
		return id, nil
	})
}

// User returns a user.
func (s *Store) User(ctx context.Context, id entitlement.UserID) (entitlement.User, error) {
	return one(ctx, s, "User", "user", users, id)
}

// Users returns those of the users that exist.
func (s *Store) Users(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error) {
	return some(ctx, s, "Users", users, ids)
}

// UserNamed finds a user by the whole userPrincipalName, in any case.
func (s *Store) UserNamed(ctx context.Context, userPrincipalName string) (entitlement.User, error) {
	return look(ctx, s, "UserNamed", []string{userPrincipalName}, func() (entitlement.User, error) {
		id, ok := s.state.names[strings.ToLower(userPrincipalName)]
		if !ok {
			return entitlement.User{}, entitlement.Errorf(entitlement.NotFound, "There is no user with this name.")
		}
		return s.state.users[id], nil
	})
}

// ListUsers lists all users by userPrincipalName.
func (s *Store) ListUsers(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.User], error) {
	return list(ctx, s, "ListUsers", users, allUsers, page)
}

// Group returns a group.
func (s *Store) Group(ctx context.Context, id entitlement.GroupID) (entitlement.Group, error) {
	return one(ctx, s, "Group", "group", groups, id)
}

// Groups returns those of the groups that exist.
func (s *Store) Groups(ctx context.Context, ids []entitlement.GroupID) ([]entitlement.Group, error) {
	return some(ctx, s, "Groups", groups, ids)
}

// ListGroups lists all groups by name.
func (s *Store) ListGroups(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Group], error) {
	return list(ctx, s, "ListGroups", groups, allGroups, page)
}

// Members pages through a group's members.
func (s *Store) Members(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	return look(ctx, s, "Members", []string{string(id)}, func() (entitlement.Paged[entitlement.UserID], error) {
		ids, next, err := refs[entitlement.UserID](s.state.strong, membersOf(id), false, page)
		return entitlement.Paged[entitlement.UserID]{Items: ids, Next: next}, err
	})
}

// Owners returns a group's owners.
func (s *Store) Owners(ctx context.Context, id entitlement.GroupID) ([]entitlement.UserID, error) {
	return look(ctx, s, "Owners", []string{string(id)}, func() ([]entitlement.UserID, error) {
		var owners []entitlement.UserID
		for key := range maps.Keys(s.state.owners) {
			if key.group == id {
				owners = append(owners, key.user)
			}
		}
		slices.Sort(owners)
		return owners, nil
	})
}
