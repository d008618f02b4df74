package dynamo

import (
	"context"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Bound returns the user that a principal is bound to.
func (db *DB) Bound(ctx context.Context, p entitlement.Principal) (entitlement.UserID, error) {
	it, err := db.get(ctx, principalKey(p))
	if err != nil {
		return "", err
	}
	if it == nil {
		return "", entitlement.Errorf(entitlement.NotFound, "No user is bound to this sign-in.")
	}
	return holderOf[entitlement.UserID](it, tagName)
}

// User returns a user.
func (db *DB) User(ctx context.Context, id entitlement.UserID) (entitlement.User, error) {
	return one(ctx, db, userMapper, userKey(id))
}

// Users returns those of the users that there are.
func (db *DB) Users(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error) {
	return several(ctx, db, userMapper, true, keysOf(ids, userKey))
}

// UserNamed finds a user by the whole userPrincipalName, in any case.
func (db *DB) UserNamed(ctx context.Context, userPrincipalName string) (entitlement.User, error) {
	it, err := db.get(ctx, userNameKey(userPrincipalName))
	if err != nil {
		return entitlement.User{}, err
	}
	if it == nil {
		return entitlement.User{}, entitlement.Errorf(entitlement.NotFound, "There is no user with this name.")
	}
	id, err := holderOf[entitlement.UserID](it, tagName)
	if err != nil {
		return entitlement.User{}, err
	}
	return db.User(ctx, id)
}

// ListUsers lists users by userPrincipalName within a shard.
func (db *DB) ListUsers(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.User], error) {
	return spread(ctx, db, userMapper, wordUser, page, func(entry item) Key {
		return userKey(lastOf[entitlement.UserID](textOf(entry, names.AttrI1S)))
	})
}

// UsersMailed lists the users who have an address of mail, in any case.
func (db *DB) UsersMailed(ctx context.Context, mail string, page entitlement.Page) (entitlement.Paged[entitlement.User], error) {
	return followed(ctx, db, userMapper, true, tableQuery{index: index1, partition: valuePartition(wordMail, mail)}, page, keyOf)
}

// UsersEmployed lists the users who have an id by which other systems know them, in any case.
func (db *DB) UsersEmployed(ctx context.Context, employeeID string, page entitlement.Page) (entitlement.Paged[entitlement.User], error) {
	return followed(ctx, db, userMapper, true, tableQuery{index: index2, partition: valuePartition(wordEmployee, employeeID)}, page, keyOf)
}

// Group returns a group.
func (db *DB) Group(ctx context.Context, id entitlement.GroupID) (entitlement.Group, error) {
	return one(ctx, db, groupMapper, groupKey(id))
}

// Groups returns those of the groups that there are.
func (db *DB) Groups(ctx context.Context, ids []entitlement.GroupID) ([]entitlement.Group, error) {
	return several(ctx, db, groupMapper, true, keysOf(ids, groupKey))
}

// ListGroups lists groups by display name within a shard.
func (db *DB) ListGroups(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Group], error) {
	return spread(ctx, db, groupMapper, wordGroup, page, keyOf)
}

// Members pages through a group's members.
func (db *DB) Members(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	return within(ctx, db, tableQuery{partition: groupKey(id).PK, prefix: prefixMember}, page, func(it item) (entitlement.UserID, error) {
		return personAt(keyOf(it)), nil
	})
}

// Owners pages through a group's owners.
func (db *DB) Owners(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	return within(ctx, db, tableQuery{partition: groupKey(id).PK, prefix: prefixOwner}, page, func(it item) (entitlement.UserID, error) {
		return personAt(keyOf(it)), nil
	})
}

// OwnedAmong returns those of the groups that a user owns.
func (db *DB) OwnedAmong(ctx context.Context, user entitlement.UserID, groups []entitlement.GroupID) ([]entitlement.GroupID, error) {
	all, err := db.batch(ctx, true, keysOf(groups, func(g entitlement.GroupID) Key { return ownerKey(g, user) })...)
	if err != nil {
		return nil, err
	}
	var owned []entitlement.GroupID
	for _, g := range groups {
		if _, is := all[ownerKey(g, user)]; is {
			owned = append(owned, g)
		}
	}
	return owned, nil
}

// OwnersAmong returns those of the users who own a group. Each is looked up by itself, so
// that it takes no longer for all the others who own it.
func (db *DB) OwnersAmong(ctx context.Context, id entitlement.GroupID, users []entitlement.UserID) ([]entitlement.UserID, error) {
	all, err := db.batch(ctx, true, keysOf(users, func(u entitlement.UserID) Key { return ownerKey(id, u) })...)
	if err != nil {
		return nil, err
	}
	var owners []entitlement.UserID
	for _, u := range users {
		if _, is := all[ownerKey(id, u)]; is {
			owners = append(owners, u)
		}
	}
	return owners, nil
}
