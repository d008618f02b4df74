package views

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// RoleAssignment is a role assignment with who holds the role.
type RoleAssignment struct {
	entitlement.RoleAssignment
	User  *entitlement.User
	Group *entitlement.Group
}

// OfRoleAssignments are views of role assignments.
func OfRoleAssignments(all []entitlement.RoleAssignment) []*RoleAssignment {
	out := make([]*RoleAssignment, len(all))
	for i, a := range all {
		out[i] = &RoleAssignment{RoleAssignment: a}
	}
	return out
}

// RoleAssignments joins to role assignments who holds the roles, where that is wanted: the
// users in one read, the groups in another. It is open to those who may see the assignments.
func (r *Reader) RoleAssignments(ctx context.Context, _ authz.Caller, of []*RoleAssignment, w With) error {
	if _, wanted := w[JoinPrincipal]; !wanted || len(of) == 0 {
		return nil
	}

	users, err := r.users(ctx, idsOf(of, func(v *RoleAssignment) entitlement.UserID { return v.RoleAssignment.User }))
	if err != nil {
		return err
	}
	ids := idsOf(of, func(v *RoleAssignment) entitlement.GroupID { return v.RoleAssignment.Group })
	groups, err := found(ctx, ids, r.Store.Groups, func(g entitlement.Group) entitlement.GroupID { return g.ID })
	for _, v := range of {
		v.User = users[v.RoleAssignment.User]
		if g, there := groups[v.RoleAssignment.Group]; there {
			v.Group = &g
		}
	}
	return err
}
