package graph

import (
	"context"
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/graph/strict"
)

func getMe(ctx context.Context, c *call) (answer, error) { return entity(ctx, c, users(), c.by.User()) }

func listUsers(ctx context.Context, c *call) (answer, error) {
	if id, named, err := odata.EqualID[entitlement.UserID](c.options.Filter, "id"); named || err != nil {
		if err != nil {
			return answer{}, err
		}
		return list(ctx, c, users(), only(present(c.deps.Reads.User(ctx, id))))
	}
	if name, named := c.options.Filter.Equal("userPrincipalName"); named {
		return list(ctx, c, users(), only(present(c.deps.Reads.UserNamed(ctx, name))))
	}
	return list(ctx, c, users(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.User], error) {
		all, err := c.deps.Reads.ListUsers(ctx, page)
		all.Items = slices.DeleteFunc(all.Items, entitlement.User.Gone)
		return all, err
	})
}

// present hides a user who was deleted: the record is kept, and nobody sees it.
func present(u entitlement.User, err error) (entitlement.User, error) {
	if err == nil && u.Gone() {
		return entitlement.User{}, entitlement.Errorf(entitlement.NotFound, "There is no user with this id.")
	}
	return u, err
}

// presentUsers reads those of the users who were not deleted.
func (c *call) presentUsers(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error) {
	found, err := c.deps.Reads.Users(ctx, ids)
	return slices.DeleteFunc(found, entitlement.User.Gone), err
}

func deleteUser(ctx context.Context, c *call) (answer, error) {
	u, err := userInPath(ctx, c)
	if err != nil {
		return answer{}, err
	}
	return done(c.deps.Directory.DeleteUser(ctx, c.by, u.ID))
}

// userInPath returns the user that the path names by id or by userPrincipalName.
func userInPath(ctx context.Context, c *call) (entitlement.User, error) {
	named := c.path["user"]
	if id, err := entitlement.ParseID[entitlement.UserID]("", named); err == nil {
		return present(c.deps.Reads.User(ctx, id))
	}
	if !strings.Contains(named, "@") {
		return entitlement.User{}, entitlement.Errorf(entitlement.Invalid, "In the path, the user must be named by a UUID or a userPrincipalName.")
	}
	return present(c.deps.Reads.UserNamed(ctx, named))
}

func getUser(ctx context.Context, c *call) (answer, error) {
	u, err := userInPath(ctx, c)
	if err != nil {
		return answer{}, err
	}
	return entity(ctx, c, users(), u)
}

func createUser(ctx context.Context, c *call) (answer, error) {
	o, err := c.body()
	if err != nil {
		return answer{}, err
	}
	u := entitlement.User{Type: entitlement.Member, Enabled: true}
	readUser(o, &u)
	if err := o.Done(); err != nil {
		return answer{}, err
	}
	if u, err = c.deps.Directory.CreateUser(ctx, c.by, u); err != nil {
		return answer{}, err
	}
	return created(ctx, c, users(), u)
}

func updateUser(ctx context.Context, c *call) (answer, error) {
	o, err := c.body()
	if err != nil {
		return answer{}, err
	}
	u, err := userInPath(ctx, c)
	if err != nil {
		return answer{}, err
	}
	sameID(o, string(u.ID))
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

func getManager(ctx context.Context, c *call) (answer, error) {
	u, err := userInPath(ctx, c)
	if err != nil {
		return answer{}, err
	}
	var manager entitlement.User
	if u.Manager != "" {
		manager, err = present(c.deps.Reads.User(ctx, u.Manager))
	}
	if u.Manager == "" || entitlement.KindOf(err) == entitlement.NotFound {
		err = entitlement.Errorf(entitlement.NotFound, "The user has no manager.")
	}
	if err != nil {
		return answer{}, err
	}
	return entity(ctx, c, directoryObjects(), manager)
}

func setManager(ctx context.Context, c *call) (answer, error) {
	manager, err := refAdded[entitlement.UserID](c, "users", "directoryObjects")
	if err != nil {
		return answer{}, err
	}
	u, err := userInPath(ctx, c)
	if err != nil {
		return answer{}, err
	}
	return done(c.deps.Directory.SetManager(ctx, c.by, u.ID, manager))
}

func removeManager(ctx context.Context, c *call) (answer, error) {
	u, err := userInPath(ctx, c)
	if err != nil {
		return answer{}, err
	}
	return done(c.deps.Directory.SetManager(ctx, c.by, u.ID, ""))
}

func listMemberOf(ctx context.Context, c *call) (answer, error) {
	u, err := userInPath(ctx, c)
	if err != nil {
		return answer{}, err
	}
	slices.Sort(u.Groups)
	return list(ctx, c, groups(), paged(sliced(u.Groups, nil), c.deps.Reads.Groups))
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
