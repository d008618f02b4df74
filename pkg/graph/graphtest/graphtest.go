// Package graphtest is the reference of Graph's entitlement management as a table: each of its
// 85 operations with the status and the members that are documented. It fills whatever serves
// the API with something for each of them, over the API alone, so that one table is held
// against the code in process and against a deployed stack.
package graphtest

import (
	"encoding/json"
	"fmt"
	"strings"
)

type object = map[string]any

// Operation is one operation of the reference, by its number in the contract.
type Operation struct {
	Number       int
	Method, Path string // with samples in it, "{name}" for what the fixture knows by that name
	Body         map[string]any
	Status       int
	Members      string // of the answer, or of the first on its list; separated by spaces
}

// As is who calls the operation: an administrator, but for a decision, which takes an approver.
func (o Operation) As() string {
	if o.Number == 44 {
		return Reviewer
	}
	return Administrator
}

// Who calls: an administrator, a member of the organisation who asks, and another one who
// decides.
const (
	Administrator = "admin"
	Member        = "member"
	Reviewer      = "reviewer"
)

// Answer is what the API said.
type Answer struct {
	Status int
	Body   map[string]any
	Text   string
}

// Call calls the API with a JSON body, or with none where it is nil. Paths begin with /v1.0;
// they may hold spaces and quotes, which the call has to encode.
type Call func(as, method, path string, body any) (Answer, error)

// Fixture is something for every operation, by its names.
type Fixture struct {
	call Call
	ids  map[string]string
}

// Paths of the API.
const (
	em            = "/v1.0/identityGovernance/entitlementManagement"
	roles         = "/v1.0/roleManagement/entitlementManagement"
	packages      = em + "/accessPackages"
	requests      = em + "/assignmentRequests"
	assignments   = em + "/assignments"
	approvals     = em + "/accessPackageAssignmentApprovals"
	available     = em + "/availableAccessPackages"
	organizations = em + "/connectedOrganizations"
)

// nobody is an id that nothing has.
const nobody = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"

func tenant(name, id string) object {
	return object{"displayName": name, "description": "", "identitySources": []object{{"@odata.type": "#microsoft.graph.azureActiveDirectoryTenant", "displayName": name, "tenantId": id}}}
}

func extensionNamed(name string) object {
	return object{"@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension", "displayName": name, "description": "",
		"endpointConfiguration":       object{"@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration", "subscriptionId": "38ab2ccc", "resourceGroupName": "rg", "logicAppWorkflowName": "flow"},
		"authenticationConfiguration": object{"@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"}}
}

func uploadFor(review string) object {
	return object{"@odata.type": "#microsoft.graph.customDataProvidedResourceAccessReviewUploadSession",
		"data": object{"@odata.type": "#microsoft.graph.customDataProvidedResourcePayloads.accessReviewContextData", "reviewDefinitionId": nobody, "reviewInstanceId": review}}
}

// Operations are those of the reference, in the order of their numbers.
func Operations() []Operation {
	settings := em + "/settings"
	pkg, catalog, policy := packages+"/{package}", em+"/catalogs/{catalog}", em+"/assignmentPolicies/{policy}"
	ref := func(path string) object { return object{"@odata.id": "https://graph.microsoft.com/v1.0" + path} }
	organization, extension := organizations+"/{organization}", catalog+"/customWorkflowExtensions"
	extensionMembers := "id displayName description endpointConfiguration authenticationConfiguration clientConfiguration createdBy createdDateTime lastModifiedBy lastModifiedDateTime"
	packageMembers := "id displayName description isHidden createdDateTime modifiedDateTime"
	requestMembers := "id requestType state status schedule justification answers customExtensionCalloutInstances createdDateTime completedDateTime"
	assignmentMembers := "id state status schedule expiredDateTime customExtensionCalloutInstances"
	policyMembers := "id displayName description allowedTargetScope specificAllowedTargets expiration requestorSettings requestApprovalSettings reviewSettings automaticRequestSettings notificationSettings createdDateTime modifiedDateTime"
	resourceMembers := "id displayName description originId originSystem attributes createdDateTime modifiedDateTime"
	assignmentOfRole := "id principalId roleDefinitionId directoryScopeId appScopeId"
	before := extensionNamed("Before")
	before["@odata.type"] = "#microsoft.graph.accessPackageAssignmentWorkflowExtension"
	return []Operation{
		{1, "GET", settings, nil, 200, "id externalUserLifecycleAction durationUntilExternalUserDeletedAfterBlocked"},
		{2, "PATCH", settings, object{"externalUserLifecycleAction": "None"}, 204, ""},
		{3, "GET", packages + "?$filter=contains(tolower(displayName),'pack')&$expand=catalog", nil, 200, packageMembers + " catalog"},
		{4, "POST", packages, object{"displayName": "Another", "catalog": object{"id": "{catalog}"}}, 201, packageMembers},
		{5, "GET", pkg, nil, 200, packageMembers},
		{6, "PATCH", pkg, object{"isHidden": false}, 204, ""},
		{7, "DELETE", packages + "/{empty}", nil, 204, ""},
		{8, "GET", packages + "/filterByCurrentUser(on='allowedRequestor')", nil, 200, packageMembers},
		{9, "POST", pkg + "/getApplicablePolicyRequirements", nil, 200, "policyId policyDisplayName policyDescription isApprovalRequiredForAdd isApprovalRequiredForUpdate isRequestorJustificationRequired allowCustomAssignmentSchedule schedule questions"},
		{10, "GET", pkg + "?$expand=resourceRoleScopes($expand=role,scope)", nil, 200, packageMembers + " resourceRoleScopes"},
		{11, "POST", pkg + "/resourceRoleScopes", object{"role": object{"originId": "Owner_{sales}", "originSystem": "AadGroup", "resource": object{"id": "{resource}", "originId": "{sales}", "originSystem": "AadGroup"}},
			"scope": object{"originId": "{sales}", "originSystem": "AadGroup"}}, 201, "id createdDateTime"},
		{12, "DELETE", pkg + "/resourceRoleScopes/{roleScope}", nil, 204, ""},
		{13, "GET", pkg + "/incompatibleAccessPackages", nil, 200, packageMembers},
		{14, "POST", pkg + "/incompatibleAccessPackages/$ref", ref("/x/accessPackages/{third}"), 204, ""},
		{15, "DELETE", pkg + "/incompatibleAccessPackages/{other}/$ref", nil, 204, ""},
		{16, "GET", pkg + "/incompatibleGroups", nil, 200, "id displayName"},
		{17, "POST", pkg + "/incompatibleGroups/$ref", ref("/groups/{sales}"), 204, ""},
		{18, "DELETE", pkg + "/incompatibleGroups/{reviewers}/$ref", nil, 204, ""},
		{19, "GET", packages + "/{other}/accessPackagesIncompatibleWith", nil, 200, packageMembers},
		{20, "GET", available + "/{package}/resourceRoleScopes", nil, 200, "id createdDateTime"},
		{21, "GET", em + "/accessPackageSuggestions/filterByCurrentUser(on='relatedPeopleAssignments,assignmentHistory')", nil, 200, ""},

		{22, "GET", em + "/assignmentPolicies?$filter=displayName eq 'Policy {mark}'", nil, 200, policyMembers},
		{23, "POST", em + "/assignmentPolicies", object{"displayName": "New", "accessPackage": object{"id": "{third}"}}, 201, policyMembers},
		{24, "GET", policy + "?$expand=customExtensionStageSettings($expand=customExtension)", nil, 200, policyMembers + " customExtensionStageSettings"},
		{25, "PUT", policy, object{"id": "{policy}", "displayName": "Policy {mark}", "accessPackage": object{"id": "{package}"}, "automaticRequestSettings": nil}, 200, policyMembers},
		{26, "DELETE", em + "/assignmentPolicies/{unused}", nil, 204, ""},

		{27, "GET", requests, nil, 200, requestMembers},
		{28, "POST", requests, object{"requestType": "AdminAdd", "assignment": object{"targetId": "{manager}", "assignmentPolicyId": "{policy}", "accessPackageId": "{package}"}}, 201, requestMembers},
		{29, "GET", requests + "/{held}", nil, 200, requestMembers},
		{30, "DELETE", requests + "/{denied}", nil, 204, ""},
		{31, "POST", requests + "/{canceled}/cancel", nil, 204, ""},
		{32, "POST", requests + "/" + nobody + "/reprocess", nil, 404, ""},
		{33, "POST", requests + "/" + nobody + "/resume", object{"source": "x", "type": "microsoft.graph.accessPackageCustomExtensionStage.assignmentRequestCreated", "data": object{
			"@odata.type": "#microsoft.graph.accessPackageAssignmentRequestCallbackData", "stage": "assignmentRequestCreated", "customExtensionStageInstanceId": nobody}}, 404, ""},
		{34, "GET", requests + "/filterByCurrentUser(on='target')", nil, 200, ""},
		{35, "GET", assignments + "?$filter=accessPackage/id eq '{package}'", nil, 200, assignmentMembers},
		{36, "GET", assignments + "/{held}", nil, 200, assignmentMembers},
		{37, "POST", assignments + "/{held}/reprocess", nil, 202, ""},
		{38, "GET", assignments + "/filterByCurrentUser(on='target')", nil, 200, ""},
		{39, "GET", assignments + "/additionalAccess(accessPackageId='{package}',incompatibleAccessPackageId='{other}')", nil, 200, ""},

		{40, "GET", approvals + "/{pending}?$expand=stages", nil, 200, "id stages"},
		{41, "GET", approvals + "/filterByCurrentUser(on='approver')", nil, 200, ""},
		{42, "GET", approvals + "/{pending}/stages", nil, 200, "id status reviewResult justification reviewedBy reviewedDateTime assignedToMe displayName"},
		{43, "GET", approvals + "/{pending}/stages/{stage}", nil, 200, "id status reviewResult justification reviewedBy reviewedDateTime assignedToMe displayName"},
		{44, "PATCH", approvals + "/{pending}/stages/{stage}", object{"reviewResult": "Approve", "justification": "yes"}, 204, ""},

		{45, "GET", em + "/catalogs", nil, 200, "id displayName description catalogType state isExternallyVisible createdDateTime modifiedDateTime"},
		{46, "POST", em + "/catalogs", object{"displayName": "Sales {mark}", "description": "", "state": "published", "isExternallyVisible": true}, 201, "id displayName description catalogType state isExternallyVisible createdDateTime modifiedDateTime"},
		{47, "GET", catalog, nil, 200, "id displayName description catalogType state isExternallyVisible createdDateTime modifiedDateTime"},
		{48, "PATCH", catalog, object{"displayName": "Catalog {mark}"}, 204, ""},
		{49, "DELETE", em + "/catalogs/{bare}", nil, 204, ""},
		{50, "GET", catalog + "/resources?$expand=roles,scopes,environment&$filter=originSystem eq 'AadGroup'", nil, 200, resourceMembers + " roles scopes environment"},
		{51, "POST", catalog + "/resources/{resource}/refresh", nil, 200, ""},
		{52, "GET", catalog + "/resourceRoles?$filter=(originSystem eq 'AadGroup' and resource/id eq '{resource}')&$expand=resource", nil, 200, "id displayName description originId originSystem type resource"},
		{53, "GET", extension, nil, 200, extensionMembers},
		{54, "POST", extension, extensionNamed("New"), 201, extensionMembers + " callbackConfiguration"},
		{55, "GET", extension + "/{extension}", nil, 200, extensionMembers},
		{56, "PUT", extension + "/{extension}", object{"@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension", "displayName": "Renamed"}, 200, extensionMembers},
		{57, "DELETE", extension + "/{extension}", nil, 204, ""},
		{58, "GET", extension + "/{before}", nil, 200, extensionMembers},
		{59, "PUT", extension + "/{before}", object{"@odata.type": before["@odata.type"], "displayName": "Renamed"}, 200, extensionMembers},
		{60, "DELETE", extension + "/{before}", nil, 204, ""},
		{61, "GET", catalog + "/resources/{resource}/uploadSessions", nil, 200, "id createdDateTime data isUploadDone referenceId stats status"},
		{62, "POST", catalog + "/resources/{resource}/uploadSessions", uploadFor("2b4e28ba-2fa1-41d2-883f-0016d3cca427"), 201, "id createdDateTime data isUploadDone referenceId stats status"},
		{63, "DELETE", catalog + "/resources/{resource}/uploadSessions/{session}", nil, 204, ""},

		{64, "GET", em + "/resourceRequests?$filter=catalog/id eq '{catalog}'&$expand=resource,catalog", nil, 200, "id requestType state createdDateTime resource catalog"},
		{65, "POST", em + "/resourceRequests", object{"requestType": "adminAdd", "resource": object{"originId": "{reviewers}", "originSystem": "AadGroup"}, "catalog": object{"id": "{catalog}"}}, 201, "id requestType state createdDateTime"},
		{66, "GET", em + "/resourceEnvironments?$filter=originSystem eq 'AadGroup'", nil, 200, "id displayName description originId originSystem isDefaultEnvironment connectionInfo createdDateTime modifiedDateTime"},

		{67, "GET", organizations + "?$filter=displayName eq 'Contoso {mark}'", nil, 200, "id displayName description state identitySources createdDateTime modifiedDateTime"},
		{68, "POST", organizations + "/", tenant("Fabrikam {mark}", "fab-{mark}"), 201, "id displayName description state identitySources createdDateTime modifiedDateTime"},
		{69, "GET", organization + "?$expand=internalSponsors,externalSponsors", nil, 200, "id displayName internalSponsors externalSponsors"},
		{70, "PATCH", organization, object{"displayName": "Contoso {mark}"}, 202, "id displayName description state identitySources"},
		{71, "DELETE", organizations + "/{second organization}", nil, 204, ""},
		{72, "GET", organization + "/internalSponsors", nil, 200, "id displayName"},
		{73, "POST", organization + "/internalSponsors/$ref", ref("/users/{manager}"), 204, ""},
		{74, "DELETE", organization + "/internalSponsors/{member}/$ref", nil, 204, ""},
		{75, "GET", organization + "/externalSponsors", nil, 200, "id displayName"},
		{76, "POST", organization + "/externalSponsors/$ref", ref("/groups/{sales}"), 204, ""},
		{77, "DELETE", organization + "/externalSponsors/{guest}/$ref", nil, 204, ""},
		{78, "GET", em + "/subjects(objectId='{guest}')", nil, 200, "id objectId displayName email principalName onPremisesSecurityIdentifier subjectType subjectLifecycle"},
		{79, "PATCH", em + "/subjects(objectId='{guest}')", object{"subjectLifecycle": "governed"}, 204, ""},

		{80, "GET", roles + "/roleDefinitions", nil, 200, "id displayName"},
		{81, "GET", roles + "/roleDefinitions/ae79f266-94d4-4dab-b730-feca7e132178", nil, 200, "id displayName"},
		{82, "GET", roles + "/roleAssignments?$filter=appScopeId eq '/AccessPackageCatalog/{catalog}'", nil, 200, assignmentOfRole},
		{83, "POST", roles + "/roleAssignments", object{"principalId": "{member}", "roleDefinitionId": "ae79f266-94d4-4dab-b730-feca7e132178", "appScopeId": "/AccessPackageCatalog/{catalog}"}, 201, assignmentOfRole},
		{84, "GET", roles + "/roleAssignments/{given}", nil, 200, assignmentOfRole},
		{85, "DELETE", roles + "/roleAssignments/{given}", nil, 204, ""},
	}
}

// InOneFixture returns the operations in an order in which they can be called one after another
// in one fixture: what only reads comes first, and what ends things last.
func InOneFixture() []Operation {
	var first, then, last []Operation
	for _, op := range Operations() {
		switch op.Method {
		case "GET":
			first = append(first, op)
		case "DELETE":
			last = append(last, op)
		default:
			then = append(then, op)
		}
	}
	return append(append(first, then...), last...)
}

// Try calls an operation, and says how its answer differs from what is documented; "" where it
// does not.
func (f *Fixture) Try(op Operation) (string, error) {
	got, err := f.do(op.As(), op.Method, op.Path, op.Body)
	if err != nil {
		return "", err
	}
	if missing := lacks(got.Body, op.Members); got.Status != op.Status || missing != "" {
		return fmt.Sprintf("%d %s %s: %d, want %d; it lacks %q: %.300s", op.Number, op.Method, op.Path, got.Status, op.Status, missing, got.Text), nil
	}
	return "", nil
}

// do calls with ids in the places of names.
func (f *Fixture) do(as, method, path string, body object) (Answer, error) {
	names := make([]string, 0, 2*len(f.ids))
	for name, id := range f.ids {
		names = append(names, "{"+name+"}", id)
	}
	named := strings.NewReplacer(names...)
	if body == nil {
		return f.call(as, method, named.Replace(path), nil)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return Answer{}, err
	}
	return f.call(as, method, named.Replace(path), json.RawMessage(named.Replace(string(text))))
}

// lacks returns the members that are not in the answer, or not in the first on its list.
func lacks(body object, members string) string {
	if list, many := body["value"].([]any); many {
		if len(list) == 0 {
			return members
		}
		body, _ = list[0].(object)
	}
	var missing []string
	for name := range strings.SplitSeq(members, " ") {
		if _, there := body[name]; name != "" && !there {
			missing = append(missing, name)
		}
	}
	return strings.Join(missing, " ")
}
