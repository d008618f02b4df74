package graph

import (
	"context"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/graph/strict"
)

func getMe(ctx context.Context, c *call) (response, error) {
	u, err := c.deps.Directory.Self(c.by.Caller)
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, users(), u)
}

func listUsers(ctx context.Context, c *call) (response, error) {
	if id, named, err := odata.EqualID[entitlement.UserID](c.options.Filter, "id"); named || err != nil {
		if err != nil {
			return response{}, err
		}
		return list(ctx, c, users(), only(c.deps.Directory.User(ctx, c.by.Caller, id)))
	}
	if name, named := c.options.Filter.Equal("userPrincipalName"); named {
		return list(ctx, c, users(), only(c.deps.Directory.UserNamed(ctx, c.by.Caller, name)))
	}
	// Several may have the same of these, so that each is a list; none has none.
	if mail, named := c.options.Filter.Equal("mail"); named && mail != "" {
		return list(ctx, c, users(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.User], error) {
			return c.deps.Directory.UsersMailed(ctx, c.by.Caller, mail, page)
		})
	}
	if employee, named := c.options.Filter.Equal("employeeId"); named && employee != "" {
		return list(ctx, c, users(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.User], error) {
			return c.deps.Directory.UsersEmployed(ctx, c.by.Caller, employee, page)
		})
	}
	return list(ctx, c, users(), asCaller(c, c.deps.Directory.ListUsers))
}

func deleteUser(ctx context.Context, c *call) (response, error) {
	u, err := userInPath(ctx, c)
	if err != nil {
		return response{}, err
	}
	return done(c.deps.Directory.DeleteUser(ctx, c.by, u.ID))
}

// userInPath returns the user that the path names by id or by userPrincipalName.
func userInPath(ctx context.Context, c *call) (entitlement.User, error) {
	named := c.path["user"]
	if id, err := entitlement.ParseID[entitlement.UserID]("", named); err == nil {
		return c.deps.Directory.User(ctx, c.by.Caller, id)
	}
	if !strings.Contains(named, "@") {
		return entitlement.User{}, entitlement.Errorf(entitlement.Invalid, "In the path, the user must be named by a UUID or a userPrincipalName.")
	}
	return c.deps.Directory.UserNamed(ctx, c.by.Caller, named)
}

func getUser(ctx context.Context, c *call) (response, error) {
	u, err := userInPath(ctx, c)
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, users(), u)
}

func createUser(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}

	u := entitlement.User{Type: entitlement.Member, Enabled: true}
	readUser(o, &u)
	if err := o.Done(); err != nil {
		return response{}, err
	}

	if u, err = c.deps.Directory.CreateUser(ctx, c.by, u); err != nil {
		return response{}, err
	}

	return created(ctx, c, users(), u)
}

func updateUser(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}

	u, err := userInPath(ctx, c)
	if err != nil {
		return response{}, err
	}

	sameID(o, string(u.ID))

	// Read onto the user as kept, so that members which are left out stay as they are.
	_, err = c.deps.Directory.UpdateUser(ctx, c.by, u.ID, func(u *entitlement.User) error {
		readUser(o, u)
		return o.Done()
	})

	return done(err)
}

// readUser reads a user. employeeId is the id by which other systems know the person;
// passwords are taken and forgotten, since nobody signs in here with one.
func readUser(o *strict.Object, u *entitlement.User) {
	o.Ignore("id", "createdDateTime", "passwordProfile", "passwordPolicies")
	o.Text("displayName", &u.DisplayName)
	o.Text("userPrincipalName", &u.UserPrincipalName)

	o.Text("mail", &u.Mail)
	o.Text("mailNickname", &u.MailNickname)
	o.Text("givenName", &u.GivenName)
	o.Text("surname", &u.Surname)
	o.Text("department", &u.Department)
	o.Text("jobTitle", &u.JobTitle)
	o.Text("employeeId", &u.ExternalID)

	o.Bool("accountEnabled", &u.Enabled)
	strict.Enum(o, "userType", &u.Type, entitlement.Member, entitlement.Guest)

	// Left out, or null, keeps the sign-ins; an empty list takes them all away.
	if !o.Has("identities") {
		o.Ignore("identities")
		return
	}

	u.Identities = nil
	for _, identity := range o.Objects("identities") {
		var p entitlement.Principal
		identity.Ignore("signInType")
		identity.Text("issuer", &p.Issuer)
		identity.Text("issuerAssignedId", &p.Value)
		u.Identities = append(u.Identities, p)
	}
}

func getManager(ctx context.Context, c *call) (response, error) {
	u, err := userInPath(ctx, c)
	if err != nil {
		return response{}, err
	}

	var manager entitlement.User
	if u.Manager != "" {
		manager, err = c.deps.Directory.User(ctx, c.by.Caller, u.Manager)
	}

	// A manager who was deleted is none, and is told so in the same words.
	if u.Manager == "" || entitlement.KindOf(err) == entitlement.NotFound {
		err = entitlement.Errorf(entitlement.NotFound, "The user has no manager.")
	}

	if err != nil {
		return response{}, err
	}

	return entity(ctx, c, directoryObjects(), manager)
}

func setManager(ctx context.Context, c *call) (response, error) {
	manager, err := refAdded[entitlement.UserID](c, "users", "directoryObjects")
	if err != nil {
		return response{}, err
	}
	u, err := userInPath(ctx, c)
	if err != nil {
		return response{}, err
	}
	return done(c.deps.Directory.SetManager(ctx, c.by, u.ID, manager))
}

func removeManager(ctx context.Context, c *call) (response, error) {
	u, err := userInPath(ctx, c)
	if err != nil {
		return response{}, err
	}
	return done(c.deps.Directory.SetManager(ctx, c.by, u.ID, ""))
}

func listMemberOf(ctx context.Context, c *call) (response, error) {
	u, err := userInPath(ctx, c)
	if err != nil {
		return response{}, err
	}
	slices.Sort(u.Groups)
	return list(ctx, c, groups(), paged(sliced(u.Groups, nil), named(c, c.deps.Directory.GroupsNamed)))
}

// named is a use case's read of several, asked for by the caller.
func named[ID, T any](c *call, read func(context.Context, authz.Caller, []ID) ([]T, error)) func(context.Context, []ID) ([]T, error) {
	return func(ctx context.Context, ids []ID) ([]T, error) { return read(ctx, c.by.Caller, ids) }
}

// paged lists what the ids on each page of a list name.
func paged[ID, T any](ids lister[ID], read func(context.Context, []ID) ([]T, error)) lister[T] {
	return func(ctx context.Context, page entitlement.Page) (entitlement.Paged[T], error) {
		got, err := ids(ctx, page)
		if err != nil || len(got.Items) == 0 {
			return entitlement.Paged[T]{Next: got.Next}, err
		}
		found, err := read(ctx, got.Items)
		return entitlement.Paged[T]{Items: found, Next: got.Next}, err
	}
}
