package graph

import (
	"leasehold/pkg/authz"
	"leasehold/pkg/names"
)

// rm is where Graph has the delegated roles of entitlement management.
const rm = names.APIVersion + "/roleManagement/entitlementManagement"

// roleOperations are delegated roles and who holds them; graph operations 80 to 85.
var roleOperations = []operation{
	{method: "GET", path: rm + "/roleDefinitions", action: authz.ReadRole, serve: listRoleDefinitions},
	{method: "GET", path: rm + "/roleDefinitions/{roleId}", action: authz.ReadRole, serve: getRoleDefinition},
	{method: "GET", path: rm + "/roleAssignments", action: authz.ReadRoleAssignment, serve: listRoleAssignments},
	{method: "POST", path: rm + "/roleAssignments", action: authz.AssignRole, serve: createRoleAssignment},
	{method: "GET", path: rm + "/roleAssignments/{roleAssignmentId}", action: authz.ReadRoleAssignment, serve: getRoleAssignment},
	{method: "DELETE", path: rm + "/roleAssignments/{roleAssignmentId}", action: authz.AssignRole, serve: deleteRoleAssignment},
}
