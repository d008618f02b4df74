package graph

import (
	"leasehold/pkg/authz"
	"leasehold/pkg/names"
)

// Operations that Graph documents and that are not served yet, each with why. They are known,
// so that a client is told so and not that it is lost; the same steps stand before them.

const rm = names.APIVersion + "/roleManagement/entitlementManagement"

// laterCatalogs belong to the owners' side.
var laterCatalogs = []operation{
	// Counting is part of lists that know how many they have.
	{method: "GET", path: em + "/assignmentPolicies/$count", action: authz.ReadPolicy},
	{method: "GET", path: em + "/catalogs/$count", action: authz.ReadCatalog},

	// No access review reads what would be uploaded.
	{method: "POST", path: uploadsPath + "/{sessionId}/uploadFile", action: authz.RefreshResource},

	// Administrators alone administer: nobody can be given a role.
	{method: "GET", path: rm + "/roleDefinitions", action: authz.ReadRole},
	{method: "GET", path: rm + "/roleDefinitions/{roleId}", action: authz.ReadRole},
	{method: "GET", path: rm + "/roleAssignments", action: authz.ReadRole},
	{method: "POST", path: rm + "/roleAssignments", action: authz.AssignRole},
	{method: "GET", path: rm + "/roleAssignments/{roleAssignmentId}", action: authz.ReadRole},
	{method: "DELETE", path: rm + "/roleAssignments/{roleAssignmentId}", action: authz.AssignRole},

	// A call is one command: nothing takes several apart.
	{method: "POST", path: root + "/$batch", action: authz.CallBatch},
}

// laterRequests belong to the people's side; they count.
var laterRequests = []operation{
	{method: "GET", path: packagePath + "/$count", action: authz.ListPackages},
	{method: "GET", path: requestPath + "/$count", action: authz.ListRequests},
	{method: "GET", path: heldPath + "/$count", action: authz.ListAssignments},
}
