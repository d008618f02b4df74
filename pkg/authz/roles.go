package authz

import (
	"context"
	"slices"
	"strings"
	"sync"

	"leasehold/pkg/entitlement"
)

// Roles reads who holds which delegated role.
type Roles interface {
	// RolesIn returns the role assignments of a catalog and those of the whole organisation, or
	// these alone where no catalog is named; read strongly.
	RolesIn(ctx context.Context, catalog entitlement.CatalogID) ([]entitlement.RoleAssignment, error)
}

// Ask is Allow with the caller's delegated roles. They are read where nothing else makes the
// caller allowed and a role may: what administrators do, and what people do for themselves,
// costs no read more. A refusal says which role would be needed, and to those who may read it
// who holds that.
func Ask(ctx context.Context, roles Roles, c Caller, a Action, o Object) (Decision, error) {
	d := Allow(c, a, o)
	if d.Allowed || !c.MayByRole(a) {
		return d, nil
	}

	var err error
	if o.Roles, err = c.HeldIn(ctx, roles, o.Catalog); err != nil {
		return Decision{refusal: err}, err
	}
	return Allow(c, a, o).told(c, a, o), nil
}

// MayByRole reports that the caller may do the action on something, with the right role.
func (c Caller) MayByRole(a Action) bool {
	return c.user != nil && c.user.Enabled && c.byRoleOpened(a.rule()) && len(RolesFor(a)) > 0
}

// byRoleOpened reports that the caller may use delegated roles for an action: with a token
// that is good for doing it for everybody, or as an application, whose role takes the place
// of the scope (R174) and is narrower.
func (c Caller) byRoleOpened(rule *Rule) bool {
	return rule.Scope.ofAll().openedBy(c) || c.Application && !rule.PeopleOnly
}

// RolesFor returns the delegated roles that let somebody do the action, by the policies.
func RolesFor(a Action) []entitlement.RoleID { return rolesFor[a]() }

// rolesFor asks the policies for an action and every role once, on a catalog in which somebody
// holds that role and no other.
var rolesFor = func() (all [actionCount]func() []entitlement.RoleID) {
	for a := range all {
		all[a] = sync.OnceValue(func() []entitlement.RoleID { return rolesThatAllow(Action(a)) })
	}
	return all
}()

func rolesThatAllow(a Action) (roles []entitlement.RoleID) {
	somebody := entitlement.User{ID: "somebody", Enabled: true}
	for _, d := range entitlement.RoleDefinitions {
		held := entitlement.RoleAssignment{Role: d.ID, User: somebody.ID}
		if !d.Everywhere {
			held.Catalog = "some catalog"
		}
		if _, allowed := permitted(somebody, a, "some catalog", []entitlement.RoleAssignment{held}); allowed {
			roles = append(roles, d.ID)
		}
	}
	return roles
}

// needed says which roles would open an action, the narrowest last as in the policies; the
// auditor is not among those that people should ask for.
func needed(a Action) string {
	var inCatalog, everywhere []string
	for _, role := range RolesFor(a) {
		d, _ := role.Definition()
		switch {
		case role == entitlement.Auditor:
		case d.Everywhere:
			everywhere = append(everywhere, role.String())
		default:
			inCatalog = append(inCatalog, role.String())
		}
	}

	switch {
	case len(inCatalog) > 0:
		return "the role " + strings.Join(inCatalog, " or ") + " in the catalog"
	case len(everywhere) > 0:
		return "the role " + strings.Join(everywhere, " or ")
	default:
		return ""
	}
}

// byRole reports that one of the delegated roles that were read of the object lets the caller
// do the action, and by which policy.
func (c Caller) byRole(a Action, o Object) (policy string, allowed bool) {
	if len(o.Roles) == 0 || !c.MayByRole(a) {
		return "", false
	}
	return permitted(*c.user, a, o.Catalog, o.Roles)
}

// knowsByRole reports that a delegated role lets the caller know of the object that it may
// not do the action on.
func (c Caller) knowsByRole(o Object) bool {
	for _, read := range readsOf(o) {
		if _, allowed := c.byRole(read, o); allowed {
			return true
		}
	}
	return false
}

// readsOf are the actions by which an object comes to be known.
func readsOf(o Object) []Action {
	switch {
	case o.Request != nil:
		return []Action{ReadRequest}
	case o.Assignment != nil:
		return []Action{ReadAssignment}
	case o.Package != "":
		return []Action{ListPackages}
	default:
		return nil
	}
}

// Everywhere reports that a caller who holds these roles may do an action everywhere, so
// that a list need not be cut down to catalogs.
func Everywhere(c Caller, a Action, held []entitlement.RoleAssignment) bool {
	return Allow(c, a, Object{Roles: held}).Allowed
}

// Catalogs returns the catalogs, in their order, in which a caller who holds these roles may
// do an action.
func Catalogs(c Caller, a Action, held []entitlement.RoleAssignment) []entitlement.CatalogID {
	var all []entitlement.CatalogID
	for _, r := range held {
		if r.Catalog != "" && !slices.Contains(all, r.Catalog) && Allow(c, a, Object{Catalog: r.Catalog, Roles: held}).Allowed {
			all = append(all, r.Catalog)
		}
	}
	slices.Sort(all)
	return all
}
