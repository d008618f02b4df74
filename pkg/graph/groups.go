package graph

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/graph/strict"
)

func listGroups(ctx context.Context, c *call) (response, error) {
	id, named, err := odata.EqualID[entitlement.GroupID](c.options.Filter, "id")
	if err != nil {
		return response{}, err
	}
	if named {
		return list(ctx, c, groups(), only(c.deps.Directory.Group(ctx, c.by.Caller, id)))
	}
	return list(ctx, c, groups(), asCaller(c, c.deps.Directory.ListGroups))
}

func getGroup(ctx context.Context, c *call) (response, error) {
	g, err := c.deps.Directory.Group(ctx, c.by.Caller, id[entitlement.GroupID](c, "groupId"))
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, groups(), g)
}

func createGroup(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}

	var g entitlement.Group
	readGroup(o, &g)
	members, owners := readBound(o, "members"), readBound(o, "owners")
	if err := o.Done(); err != nil {
		return response{}, err
	}

	if g, err = c.deps.Directory.CreateGroupOf(ctx, c.by, g, directory.People{Members: members, Owners: owners}); err != nil {
		return response{}, err
	}

	return created(ctx, c, groups(), g)
}

// readGroup reads a group. Of which sort it is says whoever feeds the directory: Graph's
// onPremisesSyncEnabled, which is read-only there, comes from them too.
func readGroup(o *strict.Object, g *entitlement.Group) {
	o.Ignore("id", "createdDateTime")
	o.Refuse("members", "owners")
	security := !g.NoSecurity
	o.Bool("securityEnabled", &security)
	g.NoSecurity = !security
	o.Bool("mailEnabled", &g.MailEnabled)
	o.Bool("onPremisesSyncEnabled", &g.Synced)
	readGroupTypes(o, g)
	o.Text("membershipRule", &g.Rule)
	o.Text("displayName", &g.DisplayName)
	o.Text("description", &g.Description)
	o.Text("mailNickname", &g.MailNickname)
}

func readGroupTypes(o *strict.Object, g *entitlement.Group) {
	types := groupTypes(*g)
	o.Texts("groupTypes", &types)
	g.Unified, g.Dynamic = false, false
	for _, t := range types {
		switch t {
		case typeUnified:
			g.Unified = true
		case typeDynamic:
			g.Dynamic = true
		default:
			o.Fail("groupTypes", "may hold "+typeUnified+" and "+typeDynamic+".")
		}
	}
}

// The words of groupTypes.
const (
	typeUnified = "Unified"
	typeDynamic = "DynamicMembership"
)

func groupTypes(g entitlement.Group) []string {
	types := []string{}
	if g.Unified {
		types = append(types, typeUnified)
	}
	if g.Dynamic {
		types = append(types, typeDynamic)
	}
	return types
}

func listMembers(ctx context.Context, c *call) (response, error) {
	group := id[entitlement.GroupID](c, "groupId")
	if _, err := c.deps.Directory.Group(ctx, c.by.Caller, group); err != nil {
		return response{}, err
	}
	members := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
		return c.deps.Directory.Members(ctx, c.by.Caller, group, page)
	}
	return list(ctx, c, directoryObjects(), paged(members, named(c, c.deps.Directory.UsersNamed)))
}

func listOwners(ctx context.Context, c *call) (response, error) {
	group := id[entitlement.GroupID](c, "groupId")
	if _, err := c.deps.Directory.Group(ctx, c.by.Caller, group); err != nil {
		return response{}, err
	}
	owners := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
		return c.deps.Directory.Owners(ctx, c.by.Caller, group, page)
	}
	return list(ctx, c, directoryObjects(), paged(owners, named(c, c.deps.Directory.UsersNamed)))
}

func addMember(ctx context.Context, c *call) (response, error)    { return join(ctx, c, false) }
func addOwner(ctx context.Context, c *call) (response, error)     { return join(ctx, c, true) }
func removeMember(ctx context.Context, c *call) (response, error) { return removeFrom(ctx, c, false) }
func removeOwner(ctx context.Context, c *call) (response, error)  { return removeFrom(ctx, c, true) }

func join(ctx context.Context, c *call, owner bool) (response, error) {
	user, err := refAdded[entitlement.UserID](c, "users", "directoryObjects")
	if err != nil {
		return response{}, err
	}
	err = c.deps.Directory.Once(ctx, c.by, func(by authz.Command) error {
		return c.deps.Directory.AddMembers(ctx, by, id[entitlement.GroupID](c, "groupId"), owner, user)
	})
	if entitlement.CodeOf(err) == directory.CodeAlreadyMember {
		list := map[bool]string{false: "members", true: "owners"}[owner]
		err = entitlement.Errorf(entitlement.Invalid, "One or more added object references already exist for the following modified properties: '%s'.", list)
	}
	return done(err)
}

func removeFrom(ctx context.Context, c *call, owner bool) (response, error) {
	user, err := refRemoved[entitlement.UserID](c, "userId", "users", "directoryObjects")
	if err != nil {
		return response{}, err
	}
	err = c.deps.Directory.RemoveMembers(ctx, c.by, id[entitlement.GroupID](c, "groupId"), owner, user)
	if entitlement.CodeOf(err) == directory.CodeNotMember {
		err = entitlement.Errorf(entitlement.NotFound, "The group has no such member or owner.")
	}
	return done(err)
}

// readBound reads the users that a new group is bound to from its beginning.
func readBound(o *strict.Object, list string) []entitlement.UserID {
	name := list + "@odata.bind"
	var addresses []string
	o.Texts(name, &addresses)
	var ids []entitlement.UserID
	for _, address := range addresses {
		id, err := referenced[entitlement.UserID](address, "users", "directoryObjects")
		switch {
		case err != nil:
			o.Fail(name, "must hold addresses that end in /users/ or /directoryObjects/, and an id.")
		case slices.Contains(ids, id):
			o.Fail(name, "names the same user twice.")
		}
		ids = append(ids, id)
	}
	return ids
}
