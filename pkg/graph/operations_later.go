package graph

import (
	"leasehold/pkg/authz"
	"leasehold/pkg/names"
)

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
	{method: "GET", path: em + "/settings", action: authz.ReadSettings},
	{method: "PATCH", path: em + "/settings", action: authz.UpdateSettings},

	{method: "POST", path: inPackage + "/moveToCatalog", action: authz.MovePackage},
	{method: "GET", path: em + "/availableAccessPackages", action: authz.ListAvailable},
	{method: "GET", path: em + "/availableAccessPackages/{accessPackageId}", action: authz.ReadPackage},
	{method: "GET", path: em + "/availableAccessPackages/{accessPackageId}/resourceRoleScopes", action: authz.ReadPackage},
	{method: "GET", path: em + "/accessPackageSuggestions/filterByCurrentUser(on='{on:text}')", action: authz.ListRequestablePackages},

	{method: "GET", path: em + "/assignmentPolicies/{policyId}/questions", action: authz.ReadPolicy},
	{method: "GET", path: em + "/assignmentPolicies/{policyId}/customExtensionStageSettings", action: authz.ReadPolicy},
	{method: "GET", path: em + "/assignmentPolicies/$count", action: authz.ReadPolicy},

	{method: "GET", path: em + "/catalogs/$count", action: authz.ReadCatalog},
	{method: "GET", path: inCatalog + "/resourceScopes", action: authz.ReadCatalog},
	{method: "GET", path: inCatalog + "/accessPackages", action: authz.ListPackages},
	{method: "POST", path: inCatalog + "/resources/{resourceId}/refresh", action: authz.RefreshResource},
	{method: "GET", path: extensions, action: authz.ReadExtension},
	{method: "POST", path: extensions, action: authz.ChangeExtension},
	{method: "GET", path: extensions + "/{extensionId}", action: authz.ReadExtension},
	{method: "PUT", path: extensions + "/{extensionId}", action: authz.ChangeExtension},
	{method: "DELETE", path: extensions + "/{extensionId}", action: authz.ChangeExtension},
	{method: "GET", path: uploads, action: authz.ReadCatalog},
	{method: "POST", path: uploads, action: authz.RefreshResource},
	{method: "DELETE", path: uploads + "/{sessionId}", action: authz.RefreshResource},
	{method: "POST", path: uploads + "/{sessionId}/uploadFile", action: authz.RefreshResource},
	{method: "GET", path: em + "/resourceRequests", action: authz.ReadCatalog},
	{method: "GET", path: em + "/resources", action: authz.ReadCatalog},
	{method: "GET", path: em + "/resourceRoleScopes", action: authz.ListPackages},
	{method: "GET", path: em + "/controlConfigurations", action: authz.ReadSettings},
	{method: "GET", path: root + "/identityGovernance/catalogs", action: authz.ReadCatalog},

	{method: "GET", path: orgs, action: authz.ReadOrganization},
	{method: "POST", path: orgs, action: authz.ChangeOrganization},
	{method: "GET", path: orgs + "/{organizationId}", action: authz.ReadOrganization},
	{method: "PATCH", path: orgs + "/{organizationId}", action: authz.ChangeOrganization},
	{method: "DELETE", path: orgs + "/{organizationId}", action: authz.ChangeOrganization},
	{method: "GET", path: orgs + "/{organizationId}/internalSponsors", action: authz.ReadOrganization},
	{method: "POST", path: orgs + "/{organizationId}/internalSponsors/$ref", action: authz.ChangeOrganization},
	{method: "DELETE", path: orgs + "/{organizationId}/internalSponsors/$ref", action: authz.ChangeOrganization},
	{method: "DELETE", path: orgs + "/{organizationId}/internalSponsors/{sponsorId}/$ref", action: authz.ChangeOrganization},
	{method: "GET", path: orgs + "/{organizationId}/externalSponsors", action: authz.ReadOrganization},
	{method: "POST", path: orgs + "/{organizationId}/externalSponsors/$ref", action: authz.ChangeOrganization},
	{method: "DELETE", path: orgs + "/{organizationId}/externalSponsors/$ref", action: authz.ChangeOrganization},
	{method: "DELETE", path: orgs + "/{organizationId}/externalSponsors/{sponsorId}/$ref", action: authz.ChangeOrganization},

	{method: "GET", path: subject, action: authz.ReadSubject},
	{method: "PATCH", path: subject, action: authz.UpdateSubject},

	{method: "GET", path: rm + "/roleDefinitions", action: authz.ReadRole},
	{method: "GET", path: rm + "/roleDefinitions/{roleId}", action: authz.ReadRole},
	{method: "GET", path: rm + "/roleAssignments", action: authz.ReadRole},
	{method: "POST", path: rm + "/roleAssignments", action: authz.AssignRole},
	{method: "GET", path: rm + "/roleAssignments/{roleAssignmentId}", action: authz.ReadRole},
	{method: "DELETE", path: rm + "/roleAssignments/{roleAssignmentId}", action: authz.AssignRole},

	{method: "PATCH", path: root + "/groups/{groupId}", action: authz.UpdateGroup},
	{method: "DELETE", path: root + "/groups/{groupId}", action: authz.DeleteGroup},
}

// laterRequests belong to the people's side.
var laterRequests = []operation{
	{method: "GET", path: packagePath + "/$count", action: authz.ListPackages},
	{method: "GET", path: requestPath + "/$count", action: authz.ListRequests},
	{method: "DELETE", path: requestPath + "/{assignmentRequestId}", action: authz.DeleteRequest},
	{method: "POST", path: requestPath + "/{assignmentRequestId}/resume", action: authz.ResumeRequest},
	{method: "GET", path: heldPath + "/$count", action: authz.ListAssignments},
	{method: "GET", path: heldPath + "/additionalAccess()", action: authz.ReadAdditionalAccess},
	{method: "GET", path: heldPath + "/additionalAccess(accessPackageId='{accessPackageId}',incompatibleAccessPackageId='{otherId}')", action: authz.ReadAdditionalAccess},
	{method: "GET", path: heldPath + "/{assignmentId}/target", action: authz.ListAssignments},
	{method: "GET", path: approvalPath, action: authz.ListApprovals},
}
