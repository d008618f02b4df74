// Package builtin is the connector of the built-in directory: its groups are resources,
// their members and owners are roles, and a person's id there is the user's own.
package builtin

import (
	"context"
	"slices"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Directory is what the connector needs of the directory.
type Directory interface {
	Group(ctx context.Context, id entitlement.GroupID) (entitlement.Group, error)
	Users(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error)
	Owners(ctx context.Context, id entitlement.GroupID) ([]entitlement.UserID, error)
	// Join makes users members, or owners, of a group; Conflict where one is already.
	Join(ctx context.Context, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error
	// Leave ends that; Conflict where one is none.
	Leave(ctx context.Context, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error
}

// Connector speaks to the built-in directory.
type Connector struct{ directory Directory }

// New returns the connector of directory.
func New(directory Directory) *Connector { return &Connector{directory} }

// maxBatch keeps one change of members within one transaction: two actions a member.
const maxBatch = 40

// The roles of a group; a role's id is its prefix and the group's id.
const (
	memberPrefix = "Member_"
	ownerPrefix  = "Owner_"
)

// wayDirectory is the one way of asking: the directory itself.
const wayDirectory connector.Way = "directory"

// Describe returns what the directory can do.
func (c *Connector) Describe() connector.Capabilities {
	return connector.Capabilities{MaxBatch: maxBatch, Ways: []connector.Way{wayDirectory}, Authoritative: true}
}

// Resource returns a group with its roles (R9). The administrators' group is never a
// resource: who administers is not for packages to decide.
func (c *Connector) Resource(ctx context.Context, originID string) (connector.Resource, error) {
	id, err := entitlement.ParseID[entitlement.GroupID]("originId", originID)
	if err != nil {
		return connector.Resource{}, err
	}
	if id == entitlement.AdministratorsGroup {
		return connector.Resource{}, entitlement.Errorf(entitlement.Precondition, "The administrators' group cannot be given by an access package.")
	}
	g, err := c.find(ctx, id)
	if err != nil {
		return connector.Resource{}, err
	}
	return connector.Resource{OriginID: string(id), DisplayName: g.DisplayName, Description: g.Description, Roles: []connector.Role{
		{OriginID: memberPrefix + string(id), DisplayName: "Member"},
		{OriginID: ownerPrefix + string(id), DisplayName: "Owner"},
	}}, nil
}

// FindPrincipals returns the users' own ids.
func (c *Connector) FindPrincipals(ctx context.Context, who []connector.Correlation) ([]connector.Found, error) {
	ids := make([]entitlement.UserID, len(who))
	for i, w := range who {
		ids[i] = w.User
	}
	users, err := c.directory.Users(ctx, ids)
	if err != nil {
		return nil, err
	}
	found := make([]connector.Found, len(who))
	for i, id := range ids {
		found[i].Ref = connector.PrincipalRef(id)
		if !slices.ContainsFunc(users, func(u entitlement.User) bool { return u.ID == id }) {
			found[i] = connector.Found{Err: missing()}
		}
	}
	return found, nil
}

func missing() *connector.Refusal {
	return &connector.Refusal{Reason: connector.PrincipalMissing, Detail: "The directory has no such user.", Permanent: true}
}

// Apply changes the members or owners of a group: all in one transaction, or, where
// that meets somebody who is already as asked, one by one.
func (c *Connector) Apply(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	id, owner, err := c.group(ctx, role)
	if err != nil {
		return nil, err
	}
	results := make([]connector.Result, len(ops))
	for _, grant := range []bool{true, false} {
		var at []int
		for i, op := range ops {
			if op.Grant == grant {
				at = append(at, i)
			}
		}
		if err := c.change(ctx, id, owner, grant, ops, at, results); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func (c *Connector) change(ctx context.Context, id entitlement.GroupID, owner, grant bool, ops []connector.Op, at []int, results []connector.Result) error {
	if len(at) == 0 {
		return nil
	}
	users := make([]entitlement.UserID, len(at))
	for n, i := range at {
		users[n] = entitlement.UserID(ops[i].Principal)
	}
	once := slices.Compact(slices.Sorted(slices.Values(users)))
	do := c.directory.Leave
	if grant {
		do = c.directory.Join
	}
	err := do(ctx, id, owner, once...)
	if entitlement.KindOf(err) != entitlement.Conflict {
		return err
	}
	for n, i := range at {
		switch err := do(ctx, id, owner, users[n]); entitlement.KindOf(err) {
		case entitlement.Conflict: // it is so already, or the user is gone
			holds, err := c.holds(ctx, id, owner, users[n:n+1])
			if err != nil {
				return err
			}
			if holds[0] != grant {
				results[i].Err = missing()
			}
		default:
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Check tells for each user whether it is a member, or an owner, now.
func (c *Connector) Check(ctx context.Context, role entitlement.RoleRef, _ connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	id, owner, err := c.group(ctx, role)
	if err != nil {
		return nil, err
	}
	users := make([]entitlement.UserID, len(who))
	for i, p := range who {
		users[i] = entitlement.UserID(p)
	}
	holds, err := c.holds(ctx, id, owner, users)
	if err != nil {
		return nil, err
	}
	told := make([]entitlement.Presence, len(who))
	for i, is := range holds {
		told[i] = entitlement.PresenceOf(is)
	}
	return told, nil
}

func (c *Connector) holds(ctx context.Context, id entitlement.GroupID, owner bool, users []entitlement.UserID) ([]bool, error) {
	holds := make([]bool, len(users))
	if owner {
		owners, err := c.directory.Owners(ctx, id)
		for i, u := range users {
			holds[i] = slices.Contains(owners, u)
		}
		return holds, err
	}
	found, err := c.directory.Users(ctx, users)
	for i, u := range users {
		holds[i] = slices.ContainsFunc(found, func(f entitlement.User) bool { return f.ID == u && f.MemberOf(id) })
	}
	return holds, err
}

// group reads a role's group, which may have been deleted since.
func (c *Connector) group(ctx context.Context, role entitlement.RoleRef) (id entitlement.GroupID, owner bool, err error) {
	switch role.Role {
	case memberPrefix + role.Resource:
	case ownerPrefix + role.Resource:
		owner = true
	default:
		return "", false, entitlement.Errorf(entitlement.Invalid, "A group has no role %q.", role.Role)
	}
	id = entitlement.GroupID(role.Resource)
	_, err = c.find(ctx, id)
	return id, owner, err
}

// find reads a group; one that is not there is a refusal with its reason.
func (c *Connector) find(ctx context.Context, id entitlement.GroupID) (entitlement.Group, error) {
	g, err := c.directory.Group(ctx, id)
	if entitlement.KindOf(err) == entitlement.NotFound {
		gone := &connector.Refusal{Reason: connector.ResourceMissing, Detail: "There is no group with this id.", Permanent: true}
		err = connector.Fail(entitlement.NotFound, "read group", gone, err)
	}
	return g, err
}
