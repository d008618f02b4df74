package directory

import (
	"cmp"
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Account returns the caller with the user that it is, read strongly.
func (s *Service) Account(ctx context.Context, by authz.Caller) (authz.Caller, error) {
	u, err := s.Store.User(ctx, by.ID)
	return by.As(u), err
}

// Self returns the user that the caller is.
func (s *Service) Self(by authz.Caller) (entitlement.User, error) {
	return by.User(), authz.Allow(by, authz.ReadSelf, authz.Object{Subject: by.ID}).Err()
}

// may refuses a caller who may not read the directory: it has no parts, so that only the
// roles in the whole organisation count.
func (s *Service) may(ctx context.Context, by authz.Caller, a authz.Action) error {
	d, err := authz.Ask(ctx, s.Store, by, a, authz.Object{})
	return cmp.Or(err, d.Err())
}

// open is may for what is read meanwhile.
func open[T any](ctx context.Context, s *Service, by authz.Caller, a authz.Action, read func(context.Context) (T, error)) (T, error) {
	return authz.Beside(ctx, by, a, func(ctx context.Context) error { return s.may(ctx, by, a) }, read)
}

// User returns a user. Of one who was deleted the record is kept, and nobody sees it.
func (s *Service) User(ctx context.Context, by authz.Caller, id entitlement.UserID) (entitlement.User, error) {
	return open(ctx, s, by, authz.ReadUser, func(ctx context.Context) (entitlement.User, error) { return s.user(ctx, id) })
}

// UserNamed finds a user by the whole userPrincipalName, in any case.
func (s *Service) UserNamed(ctx context.Context, by authz.Caller, userPrincipalName string) (entitlement.User, error) {
	if err := s.may(ctx, by, authz.ReadUser); err != nil {
		return entitlement.User{}, err
	}
	u, err := s.Store.UserNamed(ctx, userPrincipalName)
	if err == nil && u.Gone() {
		return entitlement.User{}, noUser()
	}
	return u, err
}

// UsersNamed returns those of the users who were not deleted.
func (s *Service) UsersNamed(ctx context.Context, by authz.Caller, ids []entitlement.UserID) ([]entitlement.User, error) {
	all, err := open(ctx, s, by, authz.ReadUser, func(ctx context.Context) ([]entitlement.User, error) { return s.Store.Users(ctx, ids) })
	return slices.DeleteFunc(all, entitlement.User.Gone), err
}

// ListUsers lists the users who were not deleted.
func (s *Service) ListUsers(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.User], error) {
	return s.users(ctx, by, page, s.Store.ListUsers)
}

// UsersMailed lists the users who have an address of mail, in any case.
func (s *Service) UsersMailed(ctx context.Context, by authz.Caller, mail string, page entitlement.Page) (entitlement.Paged[entitlement.User], error) {
	return s.users(ctx, by, page, func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.User], error) {
		return s.Store.UsersMailed(ctx, mail, page)
	})
}

// UsersEmployed lists the users who have an id by which other systems know them, in any case.
func (s *Service) UsersEmployed(ctx context.Context, by authz.Caller, employeeID string, page entitlement.Page) (entitlement.Paged[entitlement.User], error) {
	return s.users(ctx, by, page, func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.User], error) {
		return s.Store.UsersEmployed(ctx, employeeID, page)
	})
}

// users reads a page of users for a caller who may see them, without those who are gone.
func (s *Service) users(ctx context.Context, by authz.Caller, page entitlement.Page, read func(context.Context, entitlement.Page) (entitlement.Paged[entitlement.User], error)) (entitlement.Paged[entitlement.User], error) {
	all, err := open(ctx, s, by, authz.ReadUser, func(ctx context.Context) (entitlement.Paged[entitlement.User], error) { return read(ctx, page) })
	all.Items = slices.DeleteFunc(all.Items, entitlement.User.Gone)
	all.Sure = false // who follows may be gone
	return all, err
}

// Group returns a group.
func (s *Service) Group(ctx context.Context, by authz.Caller, id entitlement.GroupID) (entitlement.Group, error) {
	return open(ctx, s, by, authz.ReadGroup, func(ctx context.Context) (entitlement.Group, error) { return s.group(ctx, id) })
}

// GroupsNamed returns those of the groups that are there.
func (s *Service) GroupsNamed(ctx context.Context, by authz.Caller, ids []entitlement.GroupID) ([]entitlement.Group, error) {
	if err := s.may(ctx, by, authz.ReadGroup); err != nil {
		return nil, err
	}
	all, err := s.Store.Groups(ctx, ids)
	return slices.DeleteFunc(all, entitlement.Group.Gone), err
}

// ListGroups lists all groups.
func (s *Service) ListGroups(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.Group], error) {
	all, err := open(ctx, s, by, authz.ReadGroup, func(ctx context.Context) (entitlement.Paged[entitlement.Group], error) {
		return s.Store.ListGroups(ctx, page)
	})
	all.Items = slices.DeleteFunc(all.Items, entitlement.Group.Gone)
	return all, err
}

// Members pages through the members of a group.
func (s *Service) Members(ctx context.Context, by authz.Caller, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	return open(ctx, s, by, authz.ReadGroup, func(ctx context.Context) (entitlement.Paged[entitlement.UserID], error) {
		return s.Store.Members(ctx, id, page)
	})
}

// Owners lists the owners of a group.
func (s *Service) Owners(ctx context.Context, by authz.Caller, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	return open(ctx, s, by, authz.ReadGroup, func(ctx context.Context) (entitlement.Paged[entitlement.UserID], error) {
		return s.Store.Owners(ctx, id, page)
	})
}
