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
	// GroupsPage pages through the groups; eventually consistent.
	GroupsPage(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Group], error)
	Users(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error)
	// OwnersAmong returns those of the users who own a group.
	OwnersAmong(ctx context.Context, id entitlement.GroupID, users []entitlement.UserID) ([]entitlement.UserID, error)
	// Members and Owners page through who is a member, or an owner, of a group.
	Members(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error)
	Owners(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error)
	// AddMembers makes users members, or owners, of a group. Where one is already, or cannot be, it
	// is a Conflict, NotFound or Precondition, and some of the others may be one by then.
	AddMembers(ctx context.Context, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error
	// RemoveMembers ends that, and answers likewise.
	RemoveMembers(ctx context.Context, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error
}

// Connector speaks to the built-in directory.
type Connector struct{ directory Directory }

// New returns the connector of directory.
func New(directory Directory) *Connector { return &Connector{directory} }

// maxBatch bounds one change of members; the directory makes two transactions of it.
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
	return connector.Capabilities{MaxBatch: maxBatch, Ways: []connector.Way{wayDirectory}, Authoritative: true, Lists: connector.Every}
}

// Resource returns a group with its roles (R9). The administrators' group is never a
// resource: who administers is not for packages to decide.
func (c *Connector) Resource(ctx context.Context, originID string) (connector.Resource, error) {
	id, err := entitlement.ParseID[entitlement.GroupID]("originId", originID)
	if err != nil {
		return connector.Resource{}, err
	}

	if id == entitlement.AdministratorsGroup {
		return connector.Resource{}, entitlement.Errorf(entitlement.Precondition, notForPackages)
	}

	g, err := c.find(ctx, id)
	if err != nil {
		return connector.Resource{}, err
	}
	if why := g.NoResource(); why != "" { // R10, R11
		return connector.Resource{}, entitlement.Errorf(entitlement.Precondition, "%s", why)
	}

	return describe(g), nil
}

// notForPackages says why nothing gives the administrators' group.
const notForPackages = "The administrators' group cannot be given by an access package."

// describe returns a group as a resource with its roles.
func describe(g entitlement.Group) connector.Resource {
	return connector.Resource{OriginID: string(g.ID), DisplayName: g.DisplayName, Description: g.Description, Roles: []connector.Role{
		{OriginID: memberPrefix + string(g.ID), DisplayName: "Member"},
		{OriginID: ownerPrefix + string(g.ID), DisplayName: "Owner"},
	}}
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
		// Somebody who was deleted has no account any more, whatever memberships are left.
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

// Apply changes the members or owners of a group, as many as can be in one go.
func (c *Connector) Apply(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	id, owner, sort, err := c.group(ctx, role)
	if err != nil {
		return nil, err
	}

	results := make([]connector.Result, len(ops))
	// Grants and removals go apart: one call adds or removes, and not both.
	for _, grant := range []bool{true, false} {
		change := change{group: id, owner: owner, grant: grant, refuse: func(u entitlement.UserID, why *connector.Refusal) {
			for i, op := range ops {
				if op.Grant == grant && entitlement.UserID(op.Principal) == u {
					results[i].Err = why
				}
			}
		}}

		var users []entitlement.UserID
		for _, op := range ops {
			if op.Grant == grant {
				users = append(users, entitlement.UserID(op.Principal))
			}
		}

		// It may have become another sort of group since it was offered. What was given is taken back.
		if why := sort.NoResource(); grant && why != "" {
			for _, u := range users {
				change.refuse(u, &connector.Refusal{Reason: connector.RefusedByTarget, Detail: why, Permanent: true})
			}
			continue
		}

		if err := c.make(ctx, change, slices.Compact(slices.Sorted(slices.Values(users)))); err != nil {
			return nil, err
		}
	}

	return results, nil
}

// change is one of grants or of removals.
type change struct {
	group        entitlement.GroupID
	owner, grant bool
	refuse       func(entitlement.UserID, *connector.Refusal)
}

// changeTries bounds how often a change goes on with those who are left.
const changeTries = 4

// make carries out a change. Where somebody stands in the way of the others, it finds out
// who is as asked already and who cannot be, and goes on with the rest.
func (c *Connector) make(ctx context.Context, as change, users []entitlement.UserID) error {
	do := c.directory.RemoveMembers
	if as.grant {
		do = c.directory.AddMembers
	}

	for try := 1; len(users) > 0; try++ {
		err := do(ctx, as.group, as.owner, users...)
		// Only these may be about one of several; all other failures are about all of them.
		switch entitlement.KindOf(err) {
		case entitlement.Conflict, entitlement.NotFound, entitlement.Precondition:
		default:
			return err
		}

		if try == changeTries {
			return entitlement.Wrap(entitlement.Throttled, "change members", err, "These users are being changed by others all the time. Try again in a moment.")
		}

		if _, err := c.find(ctx, as.group); err != nil {
			return err
		}

		if users, err = c.left(ctx, as, users); err != nil {
			return err
		}
	}

	return nil
}

// left returns those for whom a change is still to be made, and refuses those for whom it
// cannot be.
func (c *Connector) left(ctx context.Context, as change, users []entitlement.UserID) ([]entitlement.UserID, error) {
	found, err := c.directory.Users(ctx, users)
	if err != nil {
		return nil, err
	}

	holds, err := c.held(ctx, as.group, as.owner, users, found)
	if err != nil {
		return nil, err
	}

	var rest []entitlement.UserID
	for i, id := range users {
		at := slices.IndexFunc(found, func(u entitlement.User) bool { return u.ID == id })
		switch {
		case holds[i] == as.grant: // it is so already
		case at < 0 || as.grant && found[at].Gone():
			as.refuse(id, missing())
		case as.grant && as.owner && !found[at].Enabled:
			as.refuse(id, &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "The user is disabled and cannot become an owner of a group."})
		case as.grant && !as.owner && len(found[at].Groups) >= entitlement.MaxGroups:
			as.refuse(id, &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "The user is in as many groups as one may be in. Take them out of one."})
		default:
			rest = append(rest, id)
		}
	}

	return rest, nil
}

// Check tells for each user whether it is a member, or an owner, now.
func (c *Connector) Check(ctx context.Context, role entitlement.RoleRef, _ connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	id, owner, _, err := c.group(ctx, role)
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
	if owner {
		return c.held(ctx, id, owner, users, nil)
	}
	found, err := c.directory.Users(ctx, users)
	if err != nil {
		return nil, err
	}
	return c.held(ctx, id, owner, users, found)
}

// held tells of each user whether it is a member, or an owner, by the users as they were read.
func (c *Connector) held(ctx context.Context, id entitlement.GroupID, owner bool, users []entitlement.UserID, found []entitlement.User) ([]bool, error) {
	holds := make([]bool, len(users))
	if owner {
		owners, err := c.directory.OwnersAmong(ctx, id, users)
		for i, u := range users {
			holds[i] = slices.Contains(owners, u)
		}
		return holds, err
	}
	for i, u := range users {
		holds[i] = slices.ContainsFunc(found, func(f entitlement.User) bool { return f.ID == u && f.MemberOf(id) })
	}
	return holds, nil
}

// group reads a role's group, which may have been deleted since.
func (c *Connector) group(ctx context.Context, role entitlement.RoleRef) (id entitlement.GroupID, owner bool, sort entitlement.GroupSort, err error) {
	switch role.Role {
	case memberPrefix + role.Resource:
	case ownerPrefix + role.Resource:
		owner = true
	default:
		return "", false, sort, entitlement.Errorf(entitlement.Invalid, "A group has no role %q.", role.Role)
	}
	id = entitlement.GroupID(role.Resource)
	g, err := c.find(ctx, id)
	return id, owner, g.GroupSort, err
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
