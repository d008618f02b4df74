package graph

import (
	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

func (c *call) packageKind() entityType[*views.Package] {
	return entityType[*views.Package]{tagged: true, set: emSet + "accessPackages", mapper: mapPackage, navigation: packageNavigation, load: c.deps.Views.Packages, example: &views.Package{},
		named: "displayName", lookups: "id, catalog/id, or displayName by eq or startswith"}
}

// packageNavigation: in packages within another one's list nothing is expanded, for lists of lists
// would have no bound.
func packageNavigation() map[string]navigationProperty {
	return map[string]navigationProperty{
		"catalog":                    {shown: true, sample: sampleCatalog, navigation: catalogNavigation},
		"assignmentPolicies":         {many: true, action: authz.ReadPolicy, sample: samplePolicy, navigation: policyNavigation},
		"incompatibleAccessPackages": {many: true, action: authz.ListPackages, sample: samplePackage, navigation: noNavigation},
		"incompatibleGroups":         {many: true, action: authz.ReadGroup, sample: groups().sample, navigation: noNavigation},
		"resourceRoleScopes":         {many: true, shown: true, sample: sampleRoleScope, navigation: roleScopeNavigation},
	}
}

func mapPackage(p *views.Package) object {
	return object{
		"id": string(p.ID), "displayName": text(p.DisplayName), "description": p.Description, "isHidden": p.Hidden,
		"createdDateTime": instant(p.Created), "modifiedDateTime": instant(p.Modified),
		"catalog":                    one(p.Catalog, mapCatalog, reference(p.AccessPackage.Catalog)),
		"assignmentPolicies":         several(p.Policies, mapPolicy, unexpanded{texts(p.AccessPackage.Policies)}),
		"resourceRoleScopes":         several(p.RoleScopes, mapRoleScope, unexpanded{}),
		"incompatibleAccessPackages": several(p.Incompatible, mapPackage, unexpanded{texts(p.AccessPackage.Incompatible)}),
		"incompatibleGroups":         several(p.IncompatibleGroups, mapGroup, unexpanded{texts(p.AccessPackage.IncompatibleGroups)}),
	}
}

func (c *call) roleScopes() entityType[*views.RoleScope] {
	return entityType[*views.RoleScope]{set: emSet + "resourceRoleScopes", mapper: mapRoleScope, navigation: roleScopeNavigation, load: c.deps.Views.RoleScopes,
		example: views.OfRoleScopes([]entitlement.ResourceRoleScope{{}}, "")[0]}
}

func roleScopeNavigation() map[string]navigationProperty {
	return map[string]navigationProperty{
		"role":  {shown: true, within: true, sample: like(mapRole, &views.Role{}), navigation: roleNavigation},
		"scope": {shown: true, within: true, sample: sampleScope, navigation: noNavigation},
	}
}

func mapRoleScope(s *views.RoleScope) object {
	return object{"id": s.ID, "createdDateTime": instant(s.Created), "role": unexpanded{mapRole(s.Role)}, "scope": unexpanded{mapScope(s.Scope, s.Origin)}}
}
