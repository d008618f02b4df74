package graph

import "leasehold/pkg/authz"

// catalogOperations are catalogs and what is in them; the numbers of graph operations
// 45 to 50, 52, 65 and 66.
var catalogOperations = []operation{
	{method: "GET", path: em + "/catalogs", action: authz.ReadCatalog, serve: listCatalogs},
	{method: "POST", path: em + "/catalogs", action: authz.CreateCatalog, serve: createCatalog},
	{method: "GET", path: em + "/catalogs/{catalogId}", action: authz.ReadCatalog, serve: getCatalog},
	{method: "PATCH", path: em + "/catalogs/{catalogId}", action: authz.UpdateCatalog, serve: updateCatalog},
	{method: "DELETE", path: em + "/catalogs/{catalogId}", action: authz.DeleteCatalog, serve: deleteCatalog},
	{method: "GET", path: em + "/catalogs/{catalogId}/resources", action: authz.ReadCatalog, serve: listResources},
	{method: "GET", path: em + "/catalogs/{catalogId}/resourceRoles", action: authz.ReadCatalog, serve: listResourceRoles},
	{method: "POST", path: em + "/resourceRequests", action: authz.AddResource, also: []authz.Action{authz.RemoveResource}, serve: createResourceRequest},
	{method: "GET", path: em + "/resourceEnvironments", action: authz.ReadConnector, serve: listEnvironments},
}

// packageOperations are packages with their role scopes, their policies, and what they are
// incompatible with.
var packageOperations = []operation{
	{method: "GET", path: em + "/accessPackages", action: authz.ListPackages, serve: listPackages},
	{method: "POST", path: em + "/accessPackages", action: authz.CreatePackage, serve: createPackage},
	{method: "GET", path: em + "/accessPackages/{accessPackageId}", action: authz.ReadPackage, elsewhere: true, serve: getKeptPackage}, // for those who prefer to see what they changed
	{method: "PATCH", path: em + "/accessPackages/{accessPackageId}", action: authz.UpdatePackage, serve: updatePackage},
	{method: "DELETE", path: em + "/accessPackages/{accessPackageId}", action: authz.DeletePackage, serve: deletePackage},
	{method: "GET", path: em + "/accessPackages/{accessPackageId}/resourceRoleScopes", action: authz.ListPackages, serve: listRoleScopes},
	{method: "POST", path: em + "/accessPackages/{accessPackageId}/resourceRoleScopes", action: authz.ChangeRoleScopes, serve: addRoleScope},
	{method: "DELETE", path: em + "/accessPackages/{accessPackageId}/resourceRoleScopes/{roleScope:text}", action: authz.ChangeRoleScopes, serve: removeRoleScope},
	{method: "GET", path: em + "/accessPackages/{accessPackageId}/assignmentPolicies", action: authz.ReadPolicy, serve: listPoliciesOf},
	{method: "GET", path: em + "/accessPackages/{accessPackageId}/incompatibleAccessPackages", action: authz.ListPackages, serve: listIncompatible},
	{method: "POST", path: em + "/accessPackages/{accessPackageId}/incompatibleAccessPackages/$ref", action: authz.ChangeIncompatible, serve: addIncompatible},
	{method: "DELETE", path: em + "/accessPackages/{accessPackageId}/incompatibleAccessPackages/{otherId}/$ref", action: authz.ChangeIncompatible, serve: removeIncompatible},
	{method: "DELETE", path: em + "/accessPackages/{accessPackageId}/incompatibleAccessPackages/$ref", action: authz.ChangeIncompatible, serve: removeIncompatible},
	{method: "GET", path: em + "/accessPackages/{accessPackageId}/incompatibleGroups", action: authz.ListPackages, serve: listIncompatibleGroups},
	{method: "POST", path: em + "/accessPackages/{accessPackageId}/incompatibleGroups/$ref", action: authz.ChangeIncompatible, serve: addIncompatibleGroup},
	{method: "DELETE", path: em + "/accessPackages/{accessPackageId}/incompatibleGroups/{groupId}/$ref", action: authz.ChangeIncompatible, serve: removeIncompatibleGroup},
	{method: "DELETE", path: em + "/accessPackages/{accessPackageId}/incompatibleGroups/$ref", action: authz.ChangeIncompatible, serve: removeIncompatibleGroup},
	{method: "GET", path: em + "/accessPackages/{accessPackageId}/accessPackagesIncompatibleWith", action: authz.ListPackages, serve: listIncompatibleWith},
	{method: "GET", path: em + "/assignmentPolicies", action: authz.ReadPolicy, serve: listPolicies},
	{method: "POST", path: em + "/assignmentPolicies", action: authz.CreatePolicy, serve: createPolicy},
	{method: "GET", path: em + "/assignmentPolicies/{policyId}", action: authz.ReadPolicy, serve: getPolicy},
	{method: "PUT", path: em + "/assignmentPolicies/{policyId}", action: authz.UpdatePolicy, serve: replacePolicy},
	{method: "DELETE", path: em + "/assignmentPolicies/{policyId}", action: authz.DeletePolicy, serve: deletePolicy},
}

// connectorOperations are target systems, which are ours.
var connectorOperations = []operation{
	{method: "GET", path: ours + "/connectors", action: authz.ReadConnector, serve: listConnectors},
	{method: "POST", path: ours + "/connectors", action: authz.RegisterConnector, serve: createConnector},
	{method: "GET", path: ours + "/connectors/{connectorId}", action: authz.ReadConnector, serve: getConnector},
	{method: "PATCH", path: ours + "/connectors/{connectorId}", action: authz.UpdateConnector, serve: updateConnector},
	{method: "DELETE", path: ours + "/connectors/{connectorId}", action: authz.DeleteConnector, serve: deleteConnector},
}
