package graph

// catalogOperations are catalogs and what is in them; the numbers of graph operations
// 45 to 50, 52, 65 and 66.
var catalogOperations = []operation{
	{method: "GET", path: em + "/catalogs", need: needRead, serve: listCatalogs},
	{method: "POST", path: em + "/catalogs", need: needWrite, serve: createCatalog},
	{method: "GET", path: em + "/catalogs/{catalogId}", need: needRead, serve: getCatalog},
	{method: "PATCH", path: em + "/catalogs/{catalogId}", need: needWrite, serve: updateCatalog},
	{method: "DELETE", path: em + "/catalogs/{catalogId}", need: needWrite, serve: deleteCatalog},
	{method: "GET", path: em + "/catalogs/{catalogId}/resources", need: needRead, serve: listResources},
	{method: "GET", path: em + "/catalogs/{catalogId}/resourceRoles", need: needRead, serve: listResourceRoles},
	{method: "POST", path: em + "/resourceRequests", need: needWrite, serve: createResourceRequest},
	{method: "GET", path: em + "/resourceEnvironments", need: needRead, serve: listEnvironments},
}

// packageOperations are packages with their role scopes, their policies, and what they are
// incompatible with.
var packageOperations = []operation{
	{method: "GET", path: em + "/accessPackages", need: needRead, serve: listPackages},
	{method: "POST", path: em + "/accessPackages", need: needWrite, serve: createPackage},
	{method: "GET", path: em + "/accessPackages/{accessPackageId}", elsewhere: true},
	{method: "PATCH", path: em + "/accessPackages/{accessPackageId}", need: needWrite, serve: updatePackage},
	{method: "DELETE", path: em + "/accessPackages/{accessPackageId}", need: needWrite, serve: deletePackage},
	{method: "GET", path: em + "/accessPackages/{accessPackageId}/resourceRoleScopes", need: needRead, serve: listRoleScopes},
	{method: "POST", path: em + "/accessPackages/{accessPackageId}/resourceRoleScopes", need: needWrite, serve: addRoleScope},
	{method: "DELETE", path: em + "/accessPackages/{accessPackageId}/resourceRoleScopes/{roleScope:text}", need: needWrite, serve: removeRoleScope},
	{method: "GET", path: em + "/accessPackages/{accessPackageId}/assignmentPolicies", need: needRead, serve: listPoliciesOf},
	{method: "GET", path: em + "/accessPackages/{accessPackageId}/incompatibleAccessPackages", need: needRead, serve: listIncompatible},
	{method: "POST", path: em + "/accessPackages/{accessPackageId}/incompatibleAccessPackages/$ref", need: needWrite, serve: addIncompatible},
	{method: "DELETE", path: em + "/accessPackages/{accessPackageId}/incompatibleAccessPackages/{otherId}/$ref", need: needWrite, serve: removeIncompatible},
	{method: "DELETE", path: em + "/accessPackages/{accessPackageId}/incompatibleAccessPackages/$ref", need: needWrite, serve: removeIncompatible},
	{method: "GET", path: em + "/accessPackages/{accessPackageId}/incompatibleGroups", need: needRead, serve: listIncompatibleGroups},
	{method: "POST", path: em + "/accessPackages/{accessPackageId}/incompatibleGroups/$ref", need: needWrite, serve: addIncompatibleGroup},
	{method: "DELETE", path: em + "/accessPackages/{accessPackageId}/incompatibleGroups/{groupId}/$ref", need: needWrite, serve: removeIncompatibleGroup},
	{method: "DELETE", path: em + "/accessPackages/{accessPackageId}/incompatibleGroups/$ref", need: needWrite, serve: removeIncompatibleGroup},
	{method: "GET", path: em + "/accessPackages/{accessPackageId}/accessPackagesIncompatibleWith", need: needRead, serve: listIncompatibleWith},
	{method: "GET", path: em + "/assignmentPolicies", need: needRead, serve: listPolicies},
	{method: "POST", path: em + "/assignmentPolicies", need: needWrite, serve: createPolicy},
	{method: "GET", path: em + "/assignmentPolicies/{policyId}", need: needRead, serve: getPolicy},
	{method: "PUT", path: em + "/assignmentPolicies/{policyId}", need: needWrite, serve: replacePolicy},
	{method: "DELETE", path: em + "/assignmentPolicies/{policyId}", need: needWrite, serve: deletePolicy},
}

// connectorOperations are target systems, which are ours.
var connectorOperations = []operation{
	{method: "GET", path: ours + "/connectors", need: needRead, serve: listConnectors},
	{method: "POST", path: ours + "/connectors", need: needWrite, serve: createConnector},
	{method: "GET", path: ours + "/connectors/{connectorId}", need: needRead, serve: getConnector},
	{method: "PATCH", path: ours + "/connectors/{connectorId}", need: needWrite, serve: updateConnector},
	{method: "DELETE", path: ours + "/connectors/{connectorId}", need: needWrite, serve: deleteConnector},
}
