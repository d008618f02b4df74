package graph

import (
	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/views"
)

// emSet stands before the entity sets of entitlement management in contexts.
const emSet = "identityGovernance/entitlementManagement/"

func (c *call) catalogKind() kind[*views.Catalog] {
	return kind[*views.Catalog]{set: emSet + "catalogs", shape: shapeCatalog, links: catalogLinks, load: c.deps.Views.Catalogs, example: &views.Catalog{}}
}

func catalogLinks() map[string]link {
	return map[string]link{
		"accessPackages": {many: true, action: authz.ListPackages, links: packageLinks},
		"resources":      {many: true, action: authz.ReadCatalog, links: resourceLinks},
	}
}

func shapeCatalog(c *views.Catalog) object {
	state := "unpublished"
	if c.Published {
		state = "published"
	}
	return object{
		"id": string(c.ID), "displayName": text(c.DisplayName), "description": c.Description, "catalogType": "userManaged", "state": state,
		"isExternallyVisible": c.ExternallyVisible, "createdDateTime": instant(c.Created), "modifiedDateTime": instant(c.Modified),
		"accessPackages": several(c.Packages, shapePackage, hidden{}), "resources": several(c.Resources, shapeResource, hidden{}),
	}
}

func (c *call) resourceKind() kind[*views.Resource] {
	return kind[*views.Resource]{set: emSet + "resources", shape: shapeResource, links: resourceLinks, load: c.deps.Views.Resources, example: &views.Resource{}}
}

// resourceLinks are for administrators: what a catalog holds beside the role that led here,
// and the target's address, are nothing that a holder of the role needs.
func resourceLinks() map[string]link {
	return map[string]link{
		"roles":       {many: true, within: true, action: authz.ReadCatalog, links: roleLinks},
		"scopes":      {many: true, within: true, action: authz.ReadCatalog, links: noLinks},
		"environment": {action: authz.ReadConnector, links: noLinks},
	}
}

func shapeResource(r *views.Resource) object {
	return object{
		"id": string(r.ID), "displayName": text(r.DisplayName), "description": text(r.Description), "originId": odata.Exact(r.OriginID),
		"originSystem": text(r.OriginSystem), "attributes": []any{}, "createdDateTime": instant(r.Created), "modifiedDateTime": nil,
		"roles": hidden{objects(r.Roles, shapeRole)}, "scopes": hidden{[]any{shapeScope(r.Scope, r.OriginSystem)}},
		"environment": one(r.Environment, func(e *entitlement.ConnectorConfig) object { return shapeEnvironment(*e) }, reference(r.Connector)),
	}
}

func (c *call) resourceRoles() kind[*views.Role] {
	return kind[*views.Role]{set: emSet + "resourceRoles", shape: shapeRole, links: roleLinks, load: c.deps.Views.Roles, example: &views.Role{}}
}

func roleLinks() map[string]link {
	return map[string]link{"resource": {shown: true, links: resourceLinks}}
}

func shapeRole(r *views.Role) object {
	return object{
		"id": r.ID, "displayName": text(r.DisplayName), "description": nil, "originId": odata.Exact(r.OriginID), "originSystem": text(r.Origin),
		"type": nil, "resource": one(r.Resource, shapeResource, reference(r.Of)),
	}
}

func shapeScope(s entitlement.ResourceScope, origin string) object {
	return object{
		"id": s.ID, "displayName": text(s.DisplayName), "description": nil, "originId": odata.Exact(s.OriginID), "originSystem": text(origin), "isRootScope": true,
	}
}
