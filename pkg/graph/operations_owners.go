package graph

import (
	"context"
	"net/http"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/graph/strict"
	"leasehold/pkg/views"
)

// ownersOperations are the rest of the owners' side: what was asked of catalogs, resources
// whose names are read again, packages that move, and groups that change.
var ownersOperations = []operation{
	{method: "GET", path: em + "/resourceRequests", action: authz.ReadCatalog, serve: listResourceRequests},
	{method: "POST", path: em + "/catalogs/{catalogId}/resources/{resourceId}/refresh", action: authz.RefreshResource, serve: refreshResource},
	{method: "POST", path: em + "/accessPackageCatalogs/{catalogId}/accessPackageResources/{resourceId}/refresh", action: authz.RefreshResource, serve: refreshResource},
	{method: "POST", path: em + "/accessPackages/{accessPackageId}/moveToCatalog", action: authz.MovePackage, serve: movePackage},

	{method: "PATCH", path: root + "/groups/{groupId}", action: authz.UpdateGroup, serve: updateGroup},
	{method: "DELETE", path: root + "/groups/{groupId}", action: authz.DeleteGroup, serve: deleteGroup},
}

func (c *call) resourceRequestType() entityType[*views.ResourceRequest] {
	return entityType[*views.ResourceRequest]{set: emSet + "resourceRequests", mapper: mapResourceRequest, load: c.deps.Views.ResourceRequests, example: &views.ResourceRequest{},
		navigation: func() map[string]navigationProperty {
			return map[string]navigationProperty{
				"catalog":  {action: authz.ReadCatalog, navigation: catalogNavigation},
				"resource": {action: authz.ReadCatalog, navigation: resourceNavigation},
			}
		}}
}

func mapResourceRequest(r *views.ResourceRequest) object {
	return object{
		"id": r.ID, "requestType": r.Type, "state": "delivered", "createdDateTime": instant(r.Created),
		"catalog":  one(r.Catalog, mapCatalog, reference(r.ResourceRequest.Catalog)),
		"resource": one(r.Resource, mapResource, unexpanded{object{"id": string(r.ResourceRequest.Resource), "originId": odata.Exact(r.OriginID)}}),
	}
}

func listResourceRequests(ctx context.Context, c *call) (response, error) {
	catalog, _, err := odata.EqualID[entitlement.CatalogID](c.options.Filter, "catalog/id")
	if err != nil {
		return response{}, err
	}
	read := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.ResourceRequest], error) {
		found, err := c.deps.Catalogs.ResourceRequests(ctx, c.by.Caller, catalog, page)
		if err != nil && entitlement.KindOf(err) == entitlement.NotFound { // a filter that fits nothing
			return entitlement.Paged[entitlement.ResourceRequest]{}, nil
		}
		return found, err
	}
	return list(ctx, c, c.resourceRequestType(), viewed(read, views.OfResourceRequests))
}

// refreshResource answers 200 without a body, as Graph documents it.
func refreshResource(ctx context.Context, c *call) (response, error) {
	return response{status: http.StatusOK}, c.deps.Catalogs.RefreshResource(ctx, c.by, id[entitlement.CatalogID](c, "catalogId"), id[entitlement.ResourceID](c, "resourceId"))
}

func movePackage(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	var to entitlement.CatalogID
	strict.ID(o, "catalogId", &to)
	if to == "" {
		o.Fail("catalogId", "must name the catalog that the access package goes to.")
	}
	if err := o.Done(); err != nil {
		return response{}, err
	}
	return done(c.deps.Catalogs.MovePackage(ctx, c.by, id[entitlement.PackageID](c, "accessPackageId"), to))
}

func updateGroup(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	sameID(o, c.path["groupId"])
	if err := readable(o, readGroup); err != nil {
		return response{}, err
	}
	_, err = c.deps.Directory.UpdateGroup(ctx, c.by, id[entitlement.GroupID](c, "groupId"), func(g *entitlement.Group) { readGroup(o, g) })
	return done(err)
}

func deleteGroup(ctx context.Context, c *call) (response, error) {
	return done(c.deps.Directory.DeleteGroup(ctx, c.by, id[entitlement.GroupID](c, "groupId")))
}
