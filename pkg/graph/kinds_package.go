package graph

import (
	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

func (c *call) packageKind() kind[*views.Package] {
	return kind[*views.Package]{set: emSet + "accessPackages", shape: shapePackage, links: packageLinks, load: c.deps.Views.Packages, example: &views.Package{}}
}

// packageLinks: in packages within another one's list nothing is expanded, for lists of lists
// would have no bound.
func packageLinks() map[string]link {
	return map[string]link{
		"catalog":                    {shown: true, links: catalogLinks},
		"assignmentPolicies":         {many: true, action: authz.ReadPolicy, links: policyLinks},
		"incompatibleAccessPackages": {many: true, action: authz.ListPackages, links: noLinks},
		"incompatibleGroups":         {many: true, action: authz.ReadGroup, links: noLinks},
		"resourceRoleScopes":         {many: true, shown: true, links: roleScopeLinks},
	}
}

func shapePackage(p *views.Package) object {
	return object{
		"id": string(p.ID), "displayName": text(p.DisplayName), "description": p.Description, "isHidden": p.Hidden,
		"createdDateTime": instant(p.Created), "modifiedDateTime": instant(p.Modified),
		"catalog":                    one(p.Catalog, shapeCatalog, reference(p.AccessPackage.Catalog)),
		"assignmentPolicies":         several(p.Policies, shapePolicy, hidden{texts(p.AccessPackage.Policies)}),
		"resourceRoleScopes":         several(p.RoleScopes, shapeRoleScope, hidden{}),
		"incompatibleAccessPackages": several(p.Incompatible, shapePackage, hidden{texts(p.AccessPackage.Incompatible)}),
		"incompatibleGroups":         several(p.IncompatibleGroups, shapeGroup, hidden{texts(p.AccessPackage.IncompatibleGroups)}),
	}
}

func (c *call) roleScopes() kind[*views.RoleScope] {
	return kind[*views.RoleScope]{set: emSet + "resourceRoleScopes", shape: shapeRoleScope, links: roleScopeLinks, load: c.deps.Views.RoleScopes,
		example: views.OfRoleScopes([]entitlement.ResourceRoleScope{{}}, "")[0]}
}

func roleScopeLinks() map[string]link {
	return map[string]link{"role": {shown: true, within: true, links: roleLinks}, "scope": {shown: true, within: true, links: noLinks}}
}

func shapeRoleScope(s *views.RoleScope) object {
	return object{"id": s.ID, "createdDateTime": instant(s.Created), "role": hidden{shapeRole(s.Role)}, "scope": hidden{shapeScope(s.Scope, s.Origin)}}
}
