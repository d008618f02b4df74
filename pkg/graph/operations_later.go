package graph

import "leasehold/pkg/names"

// Operations that Graph documents and that are not served yet. They are known, so that a
// client is told so and not that it is lost; the same steps stand before them.

const (
	rm         = names.APIVersion + "/roleManagement/entitlementManagement"
	inCatalog  = em + "/catalogs/{catalogId}"
	inPackage  = packagePath + "/{accessPackageId}"
	extensions = inCatalog + "/customWorkflowExtensions"
	uploads    = inCatalog + "/resources/{resourceId}/uploadSessions"
	orgs       = em + "/connectedOrganizations"
	subject    = em + "/subjects(objectId='{objectId}')"
)

// laterCatalogs belong to the owners' side.
var laterCatalogs = []operation{
	{method: "GET", path: em + "/settings", need: needRead},
	{method: "PATCH", path: em + "/settings", need: needWrite},

	{method: "POST", path: inPackage + "/moveToCatalog", need: needWrite},
	{method: "GET", path: em + "/availableAccessPackages", need: needSubjectRead, role: self},
	{method: "GET", path: em + "/availableAccessPackages/{accessPackageId}", need: needSubjectRead, role: self},
	{method: "GET", path: em + "/availableAccessPackages/{accessPackageId}/resourceRoleScopes", need: needSubjectRead, role: self},
	{method: "GET", path: em + "/accessPackageSuggestions/filterByCurrentUser(on='{on:text}')", need: needSubjectRead, role: self, delegated: true},

	{method: "GET", path: em + "/assignmentPolicies/{policyId}/questions", need: needRead},
	{method: "GET", path: em + "/assignmentPolicies/{policyId}/customExtensionStageSettings", need: needRead},
	{method: "GET", path: em + "/assignmentPolicies/$count", need: needRead},

	{method: "GET", path: em + "/catalogs/$count", need: needRead},
	{method: "GET", path: inCatalog + "/resourceScopes", need: needRead},
	{method: "GET", path: inCatalog + "/accessPackages", need: needRead},
	{method: "POST", path: inCatalog + "/resources/{resourceId}/refresh", need: needWrite},
	{method: "GET", path: extensions, need: needRead},
	{method: "POST", path: extensions, need: needWrite},
	{method: "GET", path: extensions + "/{extensionId}", need: needRead},
	{method: "PUT", path: extensions + "/{extensionId}", need: needWrite},
	{method: "DELETE", path: extensions + "/{extensionId}", need: needWrite},
	{method: "GET", path: uploads, need: needRead},
	{method: "POST", path: uploads, need: needWrite},
	{method: "DELETE", path: uploads + "/{sessionId}", need: needWrite},
	{method: "POST", path: uploads + "/{sessionId}/uploadFile", need: needWrite},
	{method: "GET", path: em + "/resourceRequests", need: needRead},
	{method: "GET", path: em + "/resources", need: needRead},
	{method: "GET", path: em + "/resourceRoleScopes", need: needRead},
	{method: "GET", path: em + "/controlConfigurations", need: needRead},
	{method: "GET", path: root + "/identityGovernance/catalogs", need: needRead},

	{method: "GET", path: orgs, need: needRead},
	{method: "POST", path: orgs, need: needWrite},
	{method: "GET", path: orgs + "/{organizationId}", need: needRead},
	{method: "PATCH", path: orgs + "/{organizationId}", need: needWrite},
	{method: "DELETE", path: orgs + "/{organizationId}", need: needWrite},
	{method: "GET", path: orgs + "/{organizationId}/internalSponsors", need: needRead},
	{method: "POST", path: orgs + "/{organizationId}/internalSponsors/$ref", need: needWrite},
	{method: "DELETE", path: orgs + "/{organizationId}/internalSponsors/$ref", need: needWrite},
	{method: "DELETE", path: orgs + "/{organizationId}/internalSponsors/{sponsorId}/$ref", need: needWrite},
	{method: "GET", path: orgs + "/{organizationId}/externalSponsors", need: needRead},
	{method: "POST", path: orgs + "/{organizationId}/externalSponsors/$ref", need: needWrite},
	{method: "DELETE", path: orgs + "/{organizationId}/externalSponsors/$ref", need: needWrite},
	{method: "DELETE", path: orgs + "/{organizationId}/externalSponsors/{sponsorId}/$ref", need: needWrite},

	{method: "GET", path: subject, need: needRead},
	{method: "PATCH", path: subject, need: needWrite},

	{method: "GET", path: rm + "/roleDefinitions", need: needRead},
	{method: "GET", path: rm + "/roleDefinitions/{roleId}", need: needRead},
	{method: "GET", path: rm + "/roleAssignments", need: needRead},
	{method: "POST", path: rm + "/roleAssignments", need: needWrite},
	{method: "GET", path: rm + "/roleAssignments/{roleAssignmentId}", need: needRead},
	{method: "DELETE", path: rm + "/roleAssignments/{roleAssignmentId}", need: needWrite},

	{method: "PATCH", path: root + "/groups/{groupId}", need: needWrite},
	{method: "DELETE", path: root + "/groups/{groupId}", need: needWrite},
	{method: "POST", path: root + "/$batch", need: needSubjectRead, role: self},
}

// laterRequests belong to the people's side.
var laterRequests = []operation{
	{method: "GET", path: packagePath + "/$count", need: needRead},
	{method: "GET", path: requestPath + "/$count", need: needRead},
	{method: "DELETE", path: requestPath + "/{assignmentRequestId}", need: needWrite},
	{method: "POST", path: requestPath + "/{assignmentRequestId}/resume", need: needWrite},
	{method: "GET", path: heldPath + "/$count", need: needRead},
	{method: "GET", path: heldPath + "/additionalAccess()", need: needRead, delegated: true},
	{method: "GET", path: heldPath + "/additionalAccess(accessPackageId='{accessPackageId}',incompatibleAccessPackageId='{otherId}')", need: needRead, delegated: true},
	{method: "GET", path: heldPath + "/{assignmentId}/target", need: needRead},
	{method: "GET", path: approvalPath, need: needRead, delegated: true},
}
