package graph

import (
	"leasehold/pkg/authz"
	"leasehold/pkg/names"
)

// Operations that Graph documents and that are not served yet. They are known, so that a
// client is told so and not that it is lost; the same steps stand before them.

const (
	rm = names.APIVersion + "/roleManagement/entitlementManagement"
)

// laterCatalogs belong to the owners' side.
var laterCatalogs = []operation{

	{method: "GET", path: em + "/assignmentPolicies/$count", action: authz.ReadPolicy},

	{method: "GET", path: em + "/catalogs/$count", action: authz.ReadCatalog},
	{method: "POST", path: uploadsPath + "/{sessionId}/uploadFile", action: authz.RefreshResource},

	{method: "GET", path: rm + "/roleDefinitions", action: authz.ReadRole},
	{method: "GET", path: rm + "/roleDefinitions/{roleId}", action: authz.ReadRole},
	{method: "GET", path: rm + "/roleAssignments", action: authz.ReadRole},
	{method: "POST", path: rm + "/roleAssignments", action: authz.AssignRole},
	{method: "GET", path: rm + "/roleAssignments/{roleAssignmentId}", action: authz.ReadRole},
	{method: "DELETE", path: rm + "/roleAssignments/{roleAssignmentId}", action: authz.AssignRole},

	{method: "POST", path: root + "/$batch", action: authz.CallBatch},
}

// laterRequests belong to the people's side.
var laterRequests = []operation{
	{method: "GET", path: packagePath + "/$count", action: authz.ListPackages},
	{method: "GET", path: requestPath + "/$count", action: authz.ListRequests},
	{method: "GET", path: heldPath + "/$count", action: authz.ListAssignments},
}
