package graph

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/views"
)

const availablePath = em + "/availableAccessPackages"

// peopleOperations are the rest of the people's side: packages as those see them who choose
// one, who holds two that do not go together, the approvals of everybody, and the deletion of
// records of requests.
var peopleOperations = []operation{
	{method: "GET", path: availablePath, action: authz.ListAvailable, serve: listAvailable},
	{method: "GET", path: availablePath + "/{accessPackageId}", action: authz.ReadPackage, serve: getAvailable},
	{method: "GET", path: availablePath + "/{accessPackageId}/resourceRoleScopes", action: authz.ReadPackage, serve: listAvailableRoleScopes},

	{method: "DELETE", path: requestPath + "/{assignmentRequestId}", action: authz.DeleteRequest, serve: deleteRequest},
	{method: "GET", path: heldPath + "/additionalAccess()", action: authz.ReadAdditionalAccess, serve: listAllAdditionalAccess},
	{method: "GET", path: heldPath + "/additionalAccess(accessPackageId='{accessPackageId}',incompatibleAccessPackageId='{otherId}')", action: authz.ReadAdditionalAccess, serve: listAdditionalAccess},
	{method: "GET", path: approvalPath, action: authz.ListApprovals, serve: listApprovals},
}

// availableType is a package as people see it who are to choose one.
func (c *call) availableType() entityType[*views.Package] {
	return entityType[*views.Package]{set: emSet + "availableAccessPackages", mapper: mapAvailable, load: c.deps.Views.Packages, example: &views.Package{},
		navigation: func() map[string]navigationProperty {
			return map[string]navigationProperty{"resourceRoleScopes": {many: true, shown: true, navigation: roleScopeNavigation}}
		}}
}

func mapAvailable(p *views.Package) object {
	return object{
		"id": string(p.ID), "displayName": text(p.DisplayName), "description": p.Description,
		"resourceRoleScopes": several(p.RoleScopes, mapRoleScope, unexpanded{}),
	}
}

func listAvailable(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, c.availableType(), viewed(asCaller(c, c.deps.Requests.Available), views.OfPackages))
}

func getAvailable(ctx context.Context, c *call) (response, error) {
	p, err := c.deps.Requests.Package(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"))
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, c.availableType(), viewOf(p, views.OfPackages))
}

func listAvailableRoleScopes(ctx context.Context, c *call) (response, error) {
	p, err := c.deps.Requests.Package(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"))
	if err != nil {
		return response{}, err
	}
	shown := views.OfPackages([]entitlement.AccessPackage{p})
	err = c.deps.Views.Packages(ctx, c.by.Caller, shown, views.With{views.JoinRoleScopes: nil})
	return list(ctx, c, c.roleScopes(), sliced(shown[0].RoleScopes, err))
}

func deleteRequest(ctx context.Context, c *call) (response, error) {
	return done(c.deps.Requests.Hide(ctx, c.by, id[entitlement.RequestID](c, "assignmentRequestId")))
}

func listAdditionalAccess(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, c.assignments(), viewed(func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
		return c.deps.Requests.AdditionalAccess(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"), id[entitlement.PackageID](c, "otherId"), page)
	}, views.OfAssignments))
}

func listAllAdditionalAccess(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, c.assignments(), viewed(asCaller(c, c.deps.Requests.AllAdditionalAccess), views.OfAssignments))
}

// listApprovals lists the approvals of everybody's requests.
func listApprovals(ctx context.Context, c *call) (response, error) {
	request, named, err := odata.EqualID[entitlement.RequestID](c.options.Filter, "id")
	if err != nil {
		return response{}, err
	}
	if named {
		return list(ctx, c, approvals(), only(c.deps.Requests.Approval(ctx, c.by.Caller, request)))
	}
	return list(ctx, c, approvals(), asCaller(c, c.deps.Requests.AllApprovals))
}
