package graph

import (
	"context"
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/strict"
	"leasehold/pkg/views"
)

func listRoleDefinitions(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, roleDefinitions(), sliced(c.deps.Catalogs.RoleDefinitions(c.by.Caller)))
}

func getRoleDefinition(ctx context.Context, c *call) (response, error) {
	all, err := c.deps.Catalogs.RoleDefinitions(c.by.Caller)
	if err != nil {
		return response{}, err
	}

	wanted := id[entitlement.RoleID](c, "roleId")
	i := slices.IndexFunc(all, func(d entitlement.RoleDefinition) bool { return d.ID == wanted })
	if i < 0 {
		return response{}, entitlement.Errorf(entitlement.NotFound, "There is no role definition with this id.")
	}
	return entity(ctx, c, roleDefinitions(), all[i])
}

func roleDefinitions() entityType[entitlement.RoleDefinition] {
	return entityType[entitlement.RoleDefinition]{set: "roleManagement/entitlementManagement/roleDefinitions", mapper: mapRoleDefinition, navigation: noNavigation}
}

func mapRoleDefinition(d entitlement.RoleDefinition) object {
	scope := catalogScope
	if d.Everywhere {
		scope = "/"
	}
	return object{
		"id": string(d.ID), "templateId": string(d.ID), "displayName": text(d.DisplayName), "description": text(d.Description), "isBuiltIn": d.BuiltIn,
		"isEnabled": true, "version": "1.0", "resourceScopes": []any{scope},
		"rolePermissions": []any{object{"allowedResourceActions": texts(d.Actions), "excludedResourceActions": []any{}, "condition": nil}},
	}
}

// catalogScope stands before the id of a catalog in the scope of a role.
const catalogScope = "/AccessPackageCatalog/"

// scopeOf writes where a role is held: a catalog, or the whole organisation.
func scopeOf(c entitlement.CatalogID) string {
	if c == "" {
		return "/"
	}
	return catalogScope + string(c)
}

// parseScope reads it, in any case of the letters.
func parseScope(what, scope string) (entitlement.CatalogID, error) {
	if scope == "/" {
		return "", nil
	}
	if len(scope) < len(catalogScope) || !strings.EqualFold(scope[:len(catalogScope)], catalogScope) {
		return "", entitlement.Errorf(entitlement.Invalid, "%s must be %s and the id of a catalog, or / for the whole organisation.", what, catalogScope)
	}
	return entitlement.ParseID[entitlement.CatalogID](what+": what follows on "+catalogScope, scope[len(catalogScope):])
}

func (c *call) roleAssignments() entityType[*views.RoleAssignment] {
	return entityType[*views.RoleAssignment]{set: "roleManagement/entitlementManagement/roleAssignments", mapper: mapRoleAssignment,
		navigation: roleAssignmentNavigation, load: c.deps.Views.RoleAssignments, example: &views.RoleAssignment{}}
}

func roleAssignmentNavigation() map[string]navigationProperty {
	return map[string]navigationProperty{
		"principal":      {shown: true, navigation: noNavigation},
		"roleDefinition": {shown: true, within: true, navigation: noNavigation},
	}
}

func mapRoleAssignment(a *views.RoleAssignment) object {
	var principal any = unexpanded{object{"id": a.Holder()}}
	switch {
	case a.User != nil:
		principal = object{"@odata.type": "#microsoft.graph.user", "id": string(a.User.ID), "displayName": text(a.User.DisplayName), "userPrincipalName": text(a.User.UserPrincipalName)}
	case a.Group != nil:
		principal = object{"@odata.type": "#microsoft.graph.group", "id": string(a.Group.ID), "displayName": text(a.Group.DisplayName)}
	}

	d, _ := a.Role.Definition()
	return object{
		"id": string(a.ID), "principalId": a.Holder(), "roleDefinitionId": string(a.Role), "appScopeId": scopeOf(a.Catalog), "directoryScopeId": nil,
		"condition": nil, "principalOrganizationId": nil, "principal": principal, "roleDefinition": unexpanded{mapRoleDefinition(d)},
	}
}

// listRoleAssignments lists what was given, in the catalog that the filter names or in the
// whole organisation; without such a filter everything, for those who may see that.
func listRoleAssignments(ctx context.Context, c *call) (response, error) {
	scope, named := c.options.Filter.Equal("appScopeId")
	if !named {
		return list(ctx, c, c.roleAssignments(), viewed(asCaller(c, c.deps.Catalogs.ListRoleAssignments), views.OfRoleAssignments))
	}

	catalog, err := parseScope("$filter: appScopeId", scope)
	if err != nil {
		return response{}, err
	}
	return list(ctx, c, c.roleAssignments(), viewed(sliced(c.deps.Catalogs.RoleAssignmentsIn(ctx, c.by.Caller, catalog)), views.OfRoleAssignments))
}

func getRoleAssignment(ctx context.Context, c *call) (response, error) {
	a, err := c.deps.Catalogs.RoleAssignment(ctx, c.by.Caller, id[entitlement.RoleAssignmentID](c, "roleAssignmentId"))
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, c.roleAssignments(), viewOf(a, views.OfRoleAssignments))
}

func createRoleAssignment(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	var a entitlement.RoleAssignment
	principal := readRoleAssignment(o, &a)
	if err := o.Done(); err != nil {
		return response{}, err
	}

	made, err := c.deps.Catalogs.AssignRole(ctx, c.by, a, principal)
	if err != nil {
		return response{}, err
	}
	return created(ctx, c, c.roleAssignments(), viewOf(made, views.OfRoleAssignments))
}

// readRoleAssignment reads a body. Some clients also send a directoryScopeId, which can only
// be / here.
func readRoleAssignment(o *strict.Object, a *entitlement.RoleAssignment) (principal string) {
	o.Ignore("id", "principal", "roleDefinition", "appScope", "directoryScope")
	o.Refuse("condition", "principalOrganizationId")
	var scope, directory string
	strict.ID(o, "principalId", &principal)
	strict.ID(o, "roleDefinitionId", &a.Role)
	o.Text("appScopeId", &scope)
	o.Text("directoryScopeId", &directory)
	if scope == "" {
		scope = directory
	}

	switch {
	case principal == "":
		o.Fail("principalId", "must be the id of a user, a group or an application.")
	case a.Role == "":
		o.Fail("roleDefinitionId", "must be the id of a role definition.")
	case scope == "":
		o.Fail("appScopeId", "must be "+catalogScope+" and the id of a catalog, or / for the whole organisation.")
	case directory != "" && directory != "/":
		o.Fail("directoryScopeId", "must be / or left out: where the role is held is for appScopeId to say.")
	default:
		catalog, err := parseScope("appScopeId", scope)
		if err != nil {
			o.Fail("appScopeId", "must be "+catalogScope+" and the id of a catalog, or / for the whole organisation.")
		}
		a.Catalog = catalog
	}
	return principal
}

func deleteRoleAssignment(ctx context.Context, c *call) (response, error) {
	return done(c.deps.Catalogs.RemoveRole(ctx, c.by, id[entitlement.RoleAssignmentID](c, "roleAssignmentId")))
}
