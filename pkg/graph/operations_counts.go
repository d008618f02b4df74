package graph

import (
	"context"

	"leasehold/pkg/authz"
)

// Every list can be counted at its own path with /$count behind it: a number as plain text,
// for whoever may read the list.

// catalogCounts are the counts of the lists that the function catalogs serves.
var catalogCounts = []operation{
	{method: "GET", path: root + "/users/$count", action: authz.ReadUser, serve: counting(listUsers)},
	{method: "GET", path: root + "/users/{user:text}/memberOf/$count", action: authz.ReadUser, serve: counting(listMemberOf)},
	{method: "GET", path: root + "/groups/$count", action: authz.ReadGroup, serve: counting(listGroups)},
	{method: "GET", path: root + "/groups/{groupId}/members/$count", action: authz.ReadGroup, serve: counting(listMembers)},
	{method: "GET", path: root + "/groups/{groupId}/owners/$count", action: authz.ReadGroup, serve: counting(listOwners)},

	{method: "GET", path: em + "/catalogs/$count", action: authz.ReadCatalog, serve: counting(listCatalogs)},
	{method: "GET", path: em + "/catalogs/{catalogId}/resources/$count", action: authz.ReadCatalog, serve: counting(listResources)},
	{method: "GET", path: em + "/catalogs/{catalogId}/resourceRoles/$count", action: authz.ReadCatalog, serve: counting(listResourceRoles)},
	{method: "GET", path: em + "/resourceEnvironments/$count", action: authz.ReadConnector, serve: counting(listEnvironments)},

	{method: "GET", path: packagePath + "/{accessPackageId}/resourceRoleScopes/$count", action: authz.ListPackages, serve: counting(listRoleScopes)},
	{method: "GET", path: packagePath + "/{accessPackageId}/assignmentPolicies/$count", action: authz.ReadPolicy, serve: counting(listPoliciesOf)},
	{method: "GET", path: packagePath + "/{accessPackageId}/incompatibleAccessPackages/$count", action: authz.ListPackages, serve: counting(listIncompatible)},
	{method: "GET", path: packagePath + "/{accessPackageId}/incompatibleGroups/$count", action: authz.ListPackages, serve: counting(listIncompatibleGroups)},
	{method: "GET", path: packagePath + "/{accessPackageId}/accessPackagesIncompatibleWith/$count", action: authz.ListPackages, serve: counting(listIncompatibleWith)},
	{method: "GET", path: em + "/assignmentPolicies/$count", action: authz.ReadPolicy, serve: counting(listPolicies)},

	{method: "GET", path: rm + "/roleDefinitions/$count", action: authz.ReadRole, serve: counting(listRoleDefinitions)},
	{method: "GET", path: rm + "/roleAssignments/$count", action: authz.ReadRoleAssignment, serve: counting(listRoleAssignments)},

	{method: "GET", path: em + "/controlConfigurations/$count", action: authz.ReadSettings, serve: counting(listControlConfigurations)},
	{method: "GET", path: organizationsPath + "/$count", action: authz.ReadOrganization, serve: counting(listOrganizations)},
	{method: "GET", path: organizationPath + "/internalSponsors/$count", action: authz.ReadOrganization, serve: counting(listInternalSponsors)},
	{method: "GET", path: organizationPath + "/externalSponsors/$count", action: authz.ReadOrganization, serve: counting(listExternalSponsors)},
	{method: "GET", path: extensionsPath + "/$count", action: authz.ReadExtension, serve: counting(listExtensions)},
	{method: "GET", path: uploadsPath + "/$count", action: authz.ReadCatalog, serve: counting(listUploadSessions)},
	{method: "GET", path: em + "/assignmentPolicies/{policyId}/customExtensionStageSettings/$count", action: authz.ReadPolicy, serve: counting(listStageSettings)},
	{method: "GET", path: em + "/assignmentPolicies/{policyId}/questions/$count", action: authz.ReadPolicy, serve: counting(listQuestions)},
	{method: "GET", path: em + "/catalogs/{catalogId}/accessPackages/$count", action: authz.ListPackages, serve: counting(listCatalogPackages)},
	{method: "GET", path: em + "/catalogs/{catalogId}/resourceScopes/$count", action: authz.ReadCatalog, serve: counting(listResourceScopes)},
	{method: "GET", path: em + "/resourceRequests/$count", action: authz.ReadCatalog, serve: counting(listResourceRequests)},
	{method: "GET", path: em + "/resources/$count", action: authz.ReadCatalog, serve: counting(listAllResources)},
	{method: "GET", path: em + "/resourceRoleScopes/$count", action: authz.ListPackages, serve: counting(listAllRoleScopes)},
	{method: "GET", path: root + "/identityGovernance/catalogs/$count", action: authz.ReadCatalog, serve: counting(listCatalogs)},

	{method: "GET", path: impactChangesPath + "/$count", action: authz.ReadCatalog, serve: counting(listImpactChanges)},
	{method: "GET", path: ours + "/connectors/$count", action: authz.ReadConnector, serve: counting(listConnectors)},
	{method: "GET", path: ours + "/events/{objectKind:text}/{objectId}/$count", action: authz.ReadEvents, serve: counting(listEvents)},
	{method: "GET", path: ours + "/events/$count", action: authz.ReadEvents, serve: counting(listHistory)},
	{method: "GET", path: ours + "/notices/$count", action: authz.ReadEvents, serve: counting(listNotices)},
}

// requestCounts are those of the function requests. The count of packages is among them,
// because it arrives where the gateway takes it for one package.
var requestCounts = []operation{
	{method: "GET", path: packagePath + "/$count", action: authz.ListPackages, serve: counting(listPackages)},
	{method: "GET", path: packagePath + "/filterByCurrentUser(on='{on:text}')/$count", action: authz.ListRequestablePackages, serve: counting(listMyPackages)},
	{method: "GET", path: suggestionsPath + "/$count", action: authz.ListRequestablePackages, serve: counting(listSuggestions)},

	{method: "GET", path: requestPath + "/$count", action: authz.ListRequests, serve: counting(listRequests)},
	{method: "GET", path: requestPath + "/filterByCurrentUser(on='{on:text}')/$count", action: authz.ListOwnRequests, also: []authz.Action{authz.ListOwnApprovals, authz.ListReports}, serve: counting(listMyRequests)},

	{method: "GET", path: heldPath + "/$count", action: authz.ListAssignments, serve: counting(listAssignments)},
	{method: "GET", path: heldPath + "/filterByCurrentUser(on='{on:text}')/$count", action: authz.ListOwnAssignments, also: []authz.Action{authz.ListReports}, serve: counting(listMyAssignments)},
	{method: "GET", path: ours + "/assignments/{assignmentId}/grants/$count", action: authz.ReadAssignment, serve: counting(listGrants)},
	{method: "GET", path: accountsPath + "/$count", action: authz.ListAssignments, serve: counting(listAccounts)},

	{method: "GET", path: approvalPath + "/filterByCurrentUser(on='{on:text}')/$count", action: authz.ListOwnApprovals, serve: counting(listMyApprovals)},
	{method: "GET", path: approvalPath + "/{assignmentRequestId}/stages/$count", action: authz.ReadApproval, serve: counting(listStages)},

	{method: "GET", path: availablePath + "/$count", action: authz.ListAvailable, serve: counting(listAvailable)},
	{method: "GET", path: availablePath + "/{accessPackageId}/resourceRoleScopes/$count", action: authz.ReadPackage, serve: counting(listAvailableRoleScopes)},
	{method: "GET", path: heldPath + "/additionalAccess()/$count", action: authz.ReadAdditionalAccess, serve: counting(listAllAdditionalAccess)},
	{method: "GET", path: heldPath + "/additionalAccess(accessPackageId='{accessPackageId}',incompatibleAccessPackageId='{otherId}')/$count", action: authz.ReadAdditionalAccess, serve: counting(listAdditionalAccess)},
	{method: "GET", path: approvalPath + "/$count", action: authz.ListApprovals, serve: counting(listApprovals)},

	{method: "GET", path: ours + "/deliveryErrors/$count", action: authz.ReadDeliveryErrors, serve: counting(listDeliveryErrors)},
	{method: "GET", path: ours + "/deliveryErrors/{connectorId}/{reason:text}/$count", action: authz.ReadDeliveryErrors, serve: counting(listFailures)},
	{method: "GET", path: roleHoldersPath + "/$count", action: authz.ListAssignments, serve: counting(listRoleHolders)},
	{method: "GET", path: ours + "/removals/$count", action: authz.ReadDeliveryErrors, serve: counting(listRemovals)},
}

// counting answers with how many there are on a list, in place of the list.
func counting(list func(context.Context, *call) (response, error)) func(context.Context, *call) (response, error) {
	return func(ctx context.Context, c *call) (response, error) {
		c.counting = true
		return list(ctx, c)
	}
}
