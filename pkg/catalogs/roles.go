package catalogs

import (
	"cmp"
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/idempotency"
)

// firstOwner makes whoever creates a catalog by a role its owner (R26). Administrators need
// no role in what they create.
func (s *Service) firstOwner(by authz.Command, c *entitlement.Catalog) []entitlement.RoleAssignment {
	if by.AllowedBy == "" {
		return nil
	}

	c.Owners = 1
	return []entitlement.RoleAssignment{{ID: entitlement.RoleAssignmentID(s.IDs.New()), Role: entitlement.CatalogOwner, Catalog: c.ID, User: by.ID, Created: c.Created}}
}

// rolesGone returns the role assignments of a catalog that goes, to go with it.
func (s *Service) rolesGone(ctx context.Context, id entitlement.CatalogID) ([]entitlement.RoleAssignment, error) {
	all, err := s.Store.RolesIn(ctx, id)
	if err != nil {
		return nil, err
	}

	all = slices.DeleteFunc(all, func(a entitlement.RoleAssignment) bool { return a.Catalog != id })
	for i := range all {
		all[i].Erased = true
	}
	return all, nil
}

// AssignRole gives a user, a group or an application a delegated role, in a catalog or in the
// whole organisation (R148, R152, R155, R170). Owners of a catalog give the roles in it.
func (s *Service) AssignRole(ctx context.Context, by authz.Command, a entitlement.RoleAssignment, principal string) (entitlement.RoleAssignment, error) {
	return idempotency.Once(ctx, s.once(), by, entitlement.OfCommand, func(e idempotency.Effect) (made entitlement.RoleAssignment, err error) {
		a := a
		a.ID, a.Created, a.Meta = entitlement.RoleAssignmentID(cmp.Or(e.Answer, s.IDs.New())), e.At, e.Meta()
		if e.Again {
			a.User = entitlement.UserID(principal) // or a group: the answer is the same
			return a, nil
		}
		err = crossed(func() (err error) {
			made, err = s.assignRole(ctx, e.Command, a, principal)
			return err
		})
		return made, err
	})
}

func (s *Service) assignRole(ctx context.Context, by authz.Command, a entitlement.RoleAssignment, principal string) (entitlement.RoleAssignment, error) {
	c, err := s.roleScope(ctx, &by, authz.AssignRole, a.Catalog)
	if err == nil {
		err = a.Checked()
	}
	if err == nil {
		err = s.holder(ctx, &a, principal)
	}
	if err != nil {
		return a, err
	}
	there, err := s.Store.RolesIn(ctx, a.Catalog)
	if err == nil {
		err = a.Give(there)
	}
	if err != nil {
		return a, err
	}

	change := entitlement.Change{}
	if a.Group == "" { // a group's version moves with it
		change.References = []entitlement.Reference{{User: a.User}}
	}
	if a.Role == entitlement.CatalogOwner {
		c.Owners++
	}
	err = s.putRole(ctx, by, a, c, "roleAssigned", change)
	a.Version++
	return a, err
}

// roleScope reads the catalog of a role assignment for an action on it; of those of the whole
// organisation there is none to read.
func (s *Service) roleScope(ctx context.Context, by *authz.Command, a authz.Action, id entitlement.CatalogID) (entitlement.Catalog, error) {
	if id != "" {
		return s.catalog(ctx, by, a, id)
	}
	return entitlement.Catalog{}, s.allow(ctx, by, a, authz.Object{}, nil)
}

// holder finds out whether an id is that of a user or of a group. Applications are users here.
func (s *Service) holder(ctx context.Context, a *entitlement.RoleAssignment, principal string) error {
	users, err := s.Store.Users(ctx, []entitlement.UserID{entitlement.UserID(principal)})
	if err != nil {
		return err
	}
	if len(users) > 0 && !users[0].Gone() {
		a.User = users[0].ID
		return nil
	}

	groups, err := s.Store.Groups(ctx, []entitlement.GroupID{entitlement.GroupID(principal)})
	if err != nil {
		return err
	}
	if len(groups) == 0 {
		return entitlement.Errorf(entitlement.Invalid, "principalId must name a user, a group or an application of the directory.")
	}
	a.Group = groups[0].ID
	return nil
}

// putRole commits a role assignment that comes or goes, with its event: in the chain of its
// catalog, whose version keeps what was decided on true until then; or of its own, where it
// is of the whole organisation.
func (s *Service) putRole(ctx context.Context, by authz.Command, a entitlement.RoleAssignment, c entitlement.Catalog, kind string, change entitlement.Change) error {
	e := s.event(entitlement.OfRole, string(a.ID), kind, by)
	if a.Catalog != "" {
		e = s.event(entitlement.OfCatalog, string(c.ID), kind, by)
	}
	e.Data = roleData(a)

	if a.Catalog != "" {
		c.Chain, e = c.Chain.Append(e)
		change.Catalogs = []entitlement.Catalog{c}
	} else {
		a.Chain, e = a.Chain.Append(e)
	}
	change.RoleAssignments, change.Events = []entitlement.RoleAssignment{a}, append([]entitlement.Event{e}, by.Recorded(string(a.ID))...)
	return s.Store.Commit(ctx, change)
}

// roleData is what events say of a role that is given or taken back.
func roleData(a entitlement.RoleAssignment) map[string]string {
	return map[string]string{entitlement.DataRole: string(a.ID), "roleDefinition": string(a.Role), "principal": a.Holder()}
}

// RemoveRole takes a role assignment back (R156). The last owner of a catalog stays.
func (s *Service) RemoveRole(ctx context.Context, by authz.Command, id entitlement.RoleAssignmentID) error {
	return crossed(func() error { return s.removeRole(ctx, by, id) })
}

func (s *Service) removeRole(ctx context.Context, by authz.Command, id entitlement.RoleAssignmentID) error {
	a, err := s.Store.RoleAssignment(ctx, id)
	if err != nil {
		return s.allow(ctx, &by, authz.AssignRole, authz.Object{}, err)
	}
	c, err := s.roleScope(ctx, &by, authz.AssignRole, a.Catalog)
	if err == nil {
		err = a.TakeFrom(&c)
	}
	if err != nil {
		return err
	}

	a.Erased = true
	return s.putRole(ctx, by, a, c, "roleRemoved", entitlement.Change{})
}

// RoleAssignment returns a role assignment to those who may see who holds roles there.
func (s *Service) RoleAssignment(ctx context.Context, by authz.Caller, id entitlement.RoleAssignmentID) (entitlement.RoleAssignment, error) {
	a, err := s.Store.RoleAssignment(ctx, id)
	return permitted(ctx, s, by, authz.ReadRoleAssignment, authz.Object{Catalog: a.Catalog}, a, err)
}

// RoleAssignmentsIn returns the role assignments of one catalog, or those of the whole
// organisation: what was given, and not what somebody may through a group (R175).
func (s *Service) RoleAssignmentsIn(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID) ([]entitlement.RoleAssignment, error) {
	if err := s.may(ctx, by, authz.ReadRoleAssignment, authz.Object{Catalog: catalog}); err != nil {
		return nil, err
	}

	all, err := s.Store.RolesIn(ctx, catalog)
	return slices.DeleteFunc(all, func(a entitlement.RoleAssignment) bool { return a.Catalog != catalog }), err
}

// ListRoleAssignments lists all role assignments that there are.
func (s *Service) ListRoleAssignments(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.RoleAssignment], error) {
	if err := s.may(ctx, by, authz.ReadRoleAssignment, authz.Object{}); err != nil {
		return entitlement.Paged[entitlement.RoleAssignment]{}, narrower(err, "appScopeId eq '/AccessPackageCatalog/{id}'")
	}
	return s.Store.ListRoleAssignments(ctx, page)
}

// RoleDefinitions returns the delegated roles that there are.
func (s *Service) RoleDefinitions(by authz.Caller) ([]entitlement.RoleDefinition, error) {
	return entitlement.RoleDefinitions, authz.Allow(by, authz.ReadRole, authz.Object{}).Err()
}

// narrower adds to the refusal of a list of everything which filter those need who hold a
// role in a catalog.
func narrower(err error, filter string) error {
	if entitlement.KindOf(err) != entitlement.Forbidden {
		return err
	}
	return entitlement.Errorf(entitlement.Forbidden, "This list of everything needs an administrator or an auditor. With a role in a catalog use $filter=%s.", filter)
}
