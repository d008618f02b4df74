package authz

import (
	"fmt"
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
)

// maxNamed bounds the holders of one role that a refusal names.
const maxNamed = 5

// told adds to the refusal of what a role would allow who holds such a role there, for those
// who may read that anyway; to all others the refusal says which role alone. o.Roles must be
// all role assignments of the object's catalog and of the whole organisation. Holders are
// named by their ids, as role assignments name them.
func (d Decision) told(c Caller, a Action, o Object) Decision {
	roles := slices.DeleteFunc(slices.Clone(RolesFor(a)), func(role entitlement.RoleID) bool { return role == entitlement.Auditor })
	if d.Allowed || d.hidden || len(roles) == 0 || !Allow(c, ReadRoleAssignment, o).Allowed {
		return d
	}

	var held []string
	for _, role := range roles {
		if definition, _ := role.Definition(); definition.Everywhere || o.Catalog != "" {
			held = append(held, role.String()+" is held by "+holdersOf(role, o.Catalog, o.Roles))
		}
	}
	if len(held) > 0 {
		d.refusal = entitlement.AllFaults(d.refusal, entitlement.Errorf(entitlement.Forbidden, "The role %s.", strings.Join(held, ", ")))
	}
	return d
}

// holdersOf names who holds a role in a catalog, or in the whole organisation.
func holdersOf(role entitlement.RoleID, catalog entitlement.CatalogID, all []entitlement.RoleAssignment) string {
	var names []string
	for _, r := range all {
		switch {
		case r.Role != role || r.Catalog != "" && r.Catalog != catalog:
		case r.Group != "":
			names = append(names, "the group "+string(r.Group))
		default:
			names = append(names, "the user "+string(r.User))
		}
	}

	if len(names) == 0 {
		return "nobody"
	}
	if more := len(names) - maxNamed; more > 0 {
		names = append(names[:maxNamed], fmt.Sprint(more, " more"))
	}
	return strings.Join(names, " and ")
}
