package graph

import (
	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/views"
)

// emSet stands before the entity sets of entitlement management in contexts.
const emSet = "identityGovernance/entitlementManagement/"

func (c *call) catalogKind() entityType[*views.Catalog] {
	return entityType[*views.Catalog]{tagged: true, set: emSet + "catalogs", mapper: mapCatalog, navigation: catalogNavigation, load: c.deps.Views.Catalogs, example: &views.Catalog{},
		named: "displayName", lookups: "id, or displayName by eq or startswith"}
}

func catalogNavigation() map[string]navigationProperty {
	return map[string]navigationProperty{
		"accessPackages": {many: true, action: authz.ListPackages, sample: samplePackage, navigation: packageNavigation},
		"resources":      {many: true, action: authz.ReadCatalog, sample: sampleResource, navigation: resourceNavigation},
	}
}

func mapCatalog(c *views.Catalog) object {
	state := "unpublished"
	if c.Published {
		state = "published"
	}
	return object{
		"id": string(c.ID), "displayName": text(c.DisplayName), "description": c.Description, "catalogType": "userManaged", "state": state,
		"isExternallyVisible": c.ExternallyVisible, "createdDateTime": instant(c.Created), "modifiedDateTime": instant(c.Modified),
		"accessPackages": several(c.Packages, mapPackage, unexpanded{}), "resources": several(c.Resources, mapResource, unexpanded{}),
	}
}

func (c *call) resourceKind() entityType[*views.Resource] {
	return entityType[*views.Resource]{set: emSet + "resources", mapper: mapResource, navigation: resourceNavigation, load: c.deps.Views.Resources, example: &views.Resource{}}
}

// resourceNavigation are for administrators: what a catalog holds beside the role that led here,
// and the target's address, are nothing that a holder of the role needs.
func resourceNavigation() map[string]navigationProperty {
	return map[string]navigationProperty{
		"roles":       {many: true, within: true, action: authz.ReadCatalog, sample: like(mapRole, &views.Role{}), navigation: roleNavigation},
		"scopes":      {many: true, within: true, action: authz.ReadCatalog, sample: sampleScope, navigation: noNavigation},
		"environment": {action: authz.ReadConnector, sample: environments().sample, navigation: noNavigation},
	}
}

func mapResource(r *views.Resource) object {
	return object{
		"id": string(r.ID), "displayName": text(r.DisplayName), "description": text(r.Description), "originId": odata.Exact(r.OriginID),
		"originSystem": text(r.OriginSystem), "attributes": []any{}, "createdDateTime": instant(r.Created), "modifiedDateTime": nil,
		"roles": unexpanded{objects(r.Roles, mapRole)}, "scopes": unexpanded{[]any{mapScope(r.Scope, r.OriginSystem)}},
		"environment": one(r.Environment, func(e *entitlement.ConnectorConfig) object { return mapEnvironment(*e) }, reference(r.Connector)),
	}
}

func (c *call) resourceRoles() entityType[*views.Role] {
	return entityType[*views.Role]{set: emSet + "resourceRoles", mapper: mapRole, navigation: roleNavigation, load: c.deps.Views.Roles, example: &views.Role{}}
}

func roleNavigation() map[string]navigationProperty {
	return map[string]navigationProperty{"resource": {shown: true, sample: sampleResource, navigation: resourceNavigation}}
}

func mapRole(r *views.Role) object {
	return object{
		"id": r.ID, "displayName": text(r.DisplayName), "description": nil, "originId": odata.Exact(r.OriginID), "originSystem": text(r.Origin),
		"type": nil, "resource": one(r.Resource, mapResource, reference(r.Of)),
	}
}

func mapScope(s entitlement.ResourceScope, origin string) object {
	return object{
		"id": s.ID, "displayName": text(s.DisplayName), "description": nil, "originId": odata.Exact(s.OriginID), "originSystem": text(origin), "isRootScope": true,
	}
}
