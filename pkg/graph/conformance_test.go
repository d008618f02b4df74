package graph

import (
	"strings"
	"testing"
)

// conforms is one operation of Graph's reference, by its number in the contract.
type conforms struct {
	number       int
	method, path string // with samples in it, "{name}" for an id of the fixture
	body         object
	status       int
	members      string // of the answer, or of the first on its list; separated by spaces
}

// conformance are the documented operations with the status and the members that Graph
// documents. Operations of a kind that differ in their kind alone share a path.
func conformance() []conforms {
	settings := em + "/settings"
	pkg, catalog, policy := packagePath+"/{package}", em+"/catalogs/{catalog}", em+"/assignmentPolicies/{policy}"
	ref := func(path string) object { return object{"@odata.id": publicURL + "/v1.0" + path} }
	organization, extension := organizationsPath+"/{organization}", catalog+"/customWorkflowExtensions"
	extensionMembers := "id displayName description endpointConfiguration authenticationConfiguration clientConfiguration createdBy createdDateTime lastModifiedBy lastModifiedDateTime"
	packageMembers := "id displayName description isHidden createdDateTime modifiedDateTime"
	requestMembers := "id requestType state status schedule justification answers customExtensionCalloutInstances createdDateTime completedDateTime"
	assignmentMembers := "id state status schedule expiredDateTime customExtensionCalloutInstances"
	policyMembers := "id displayName description allowedTargetScope specificAllowedTargets expiration requestorSettings requestApprovalSettings reviewSettings automaticRequestSettings notificationSettings createdDateTime modifiedDateTime"
	resourceMembers := "id displayName description originId originSystem attributes createdDateTime modifiedDateTime"
	assignmentOfRole := "id principalId roleDefinitionId directoryScopeId appScopeId"
	before := extensionNamed("Before")
	before["@odata.type"] = "#microsoft.graph.accessPackageAssignmentWorkflowExtension"
	return []conforms{
		{1, "GET", settings, nil, 200, "id externalUserLifecycleAction durationUntilExternalUserDeletedAfterBlocked"},
		{2, "PATCH", settings, object{"externalUserLifecycleAction": "None"}, 204, ""},
		{3, "GET", packagePath + "?$filter=contains(tolower(displayName),'pack')&$expand=catalog", nil, 200, packageMembers + " catalog"},
		{4, "POST", packagePath, object{"displayName": "Another", "catalog": object{"id": "{catalog}"}}, 201, packageMembers},
		{5, "GET", pkg, nil, 200, packageMembers},
		{6, "PATCH", pkg, object{"isHidden": false}, 204, ""},
		{7, "DELETE", packagePath + "/{empty}", nil, 204, ""},
		{8, "GET", packagePath + "/filterByCurrentUser(on='allowedRequestor')", nil, 200, packageMembers},
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
		{19, "GET", packagePath + "/{other}/accessPackagesIncompatibleWith", nil, 200, packageMembers},
		{20, "GET", availablePath + "/{package}/resourceRoleScopes", nil, 200, "id createdDateTime"},
		{21, "GET", em + "/accessPackageSuggestions/filterByCurrentUser(on='relatedPeopleAssignments,assignmentHistory')", nil, 200, ""},

		{22, "GET", em + "/assignmentPolicies?$filter=displayName eq 'Policy'", nil, 200, policyMembers},
		{23, "POST", em + "/assignmentPolicies", object{"displayName": "New", "accessPackage": object{"id": "{third}"}}, 201, policyMembers},
		{24, "GET", policy + "?$expand=customExtensionStageSettings($expand=customExtension)", nil, 200, policyMembers + " customExtensionStageSettings"},
		{25, "PUT", policy, object{"id": "{policy}", "displayName": "Policy", "accessPackage": object{"id": "{package}"}, "automaticRequestSettings": nil}, 200, policyMembers},
		{26, "DELETE", em + "/assignmentPolicies/{unused}", nil, 204, ""},

		{27, "GET", requestPath, nil, 200, requestMembers},
		{28, "POST", requestPath, object{"requestType": "AdminAdd", "assignment": object{"targetId": "{manager}", "assignmentPolicyId": "{policy}", "accessPackageId": "{package}"}}, 201, requestMembers},
		{29, "GET", requestPath + "/{held}", nil, 200, requestMembers},
		{30, "DELETE", requestPath + "/{denied}", nil, 204, ""},
		{31, "POST", requestPath + "/{pending}/cancel", nil, 204, ""},
		{32, "POST", requestPath + "/" + sampleID + "/reprocess", nil, 404, ""},
		{33, "POST", requestPath + "/" + sampleID + "/resume", object{"source": "x", "type": "microsoft.graph.accessPackageCustomExtensionStage.assignmentRequestCreated", "data": object{
			"@odata.type": "#microsoft.graph.accessPackageAssignmentRequestCallbackData", "stage": "assignmentRequestCreated", "customExtensionStageInstanceId": sampleID}}, 404, ""},
		{34, "GET", requestPath + "/filterByCurrentUser(on='target')", nil, 200, ""},
		{35, "GET", heldPath + "?$filter=accessPackage/id eq '{package}'", nil, 200, assignmentMembers},
		{36, "GET", heldPath + "/{held}", nil, 200, assignmentMembers},
		{37, "POST", heldPath + "/{held}/reprocess", nil, 202, ""},
		{38, "GET", heldPath + "/filterByCurrentUser(on='target')", nil, 200, ""},
		{39, "GET", heldPath + "/additionalAccess(accessPackageId='{package}',incompatibleAccessPackageId='{other}')", nil, 200, ""},

		{40, "GET", approvalPath + "/{pending}?$expand=stages", nil, 200, "id stages"},
		{41, "GET", approvalPath + "/filterByCurrentUser(on='approver')", nil, 200, ""},
		{42, "GET", approvalPath + "/{pending}/stages", nil, 200, "id status reviewResult justification reviewedBy reviewedDateTime assignedToMe displayName"},
		{43, "GET", approvalPath + "/{pending}/stages/{stage}", nil, 200, "id status reviewResult justification reviewedBy reviewedDateTime assignedToMe displayName"},
		{44, "PATCH", approvalPath + "/{pending}/stages/{stage}", object{"reviewResult": "Approve", "justification": "yes"}, 204, ""},

		{45, "GET", em + "/catalogs", nil, 200, "id displayName description catalogType state isExternallyVisible createdDateTime modifiedDateTime"},
		{46, "POST", em + "/catalogs", object{"displayName": "Sales", "description": "", "state": "published", "isExternallyVisible": true}, 201, "id displayName description catalogType state isExternallyVisible createdDateTime modifiedDateTime"},
		{47, "GET", catalog, nil, 200, "id displayName description catalogType state isExternallyVisible createdDateTime modifiedDateTime"},
		{48, "PATCH", catalog, object{"displayName": "Catalog"}, 204, ""},
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

		{67, "GET", organizationsPath + "?$filter=displayName eq 'Contoso'", nil, 200, "id displayName description state identitySources createdDateTime modifiedDateTime"},
		{68, "POST", organizationsPath + "/", tenant("Fabrikam", "fab"), 201, "id displayName description state identitySources createdDateTime modifiedDateTime"},
		{69, "GET", organization + "?$expand=internalSponsors,externalSponsors", nil, 200, "id displayName internalSponsors externalSponsors"},
		{70, "PATCH", organization, object{"displayName": "Contoso"}, 202, "id displayName description state identitySources"},
		{71, "DELETE", organizationsPath + "/{second organization}", nil, 204, ""},
		{72, "GET", organization + "/internalSponsors", nil, 200, "id displayName"},
		{73, "POST", organization + "/internalSponsors/$ref", ref("/users/{manager}"), 204, ""},
		{74, "DELETE", organization + "/internalSponsors/{member}/$ref", nil, 204, ""},
		{75, "GET", organization + "/externalSponsors", nil, 200, "id displayName"},
		{76, "POST", organization + "/externalSponsors/$ref", ref("/groups/{sales}"), 204, ""},
		{77, "DELETE", organization + "/externalSponsors/{guest}/$ref", nil, 204, ""},
		{78, "GET", em + "/subjects(objectId='{guest}')", nil, 200, "id objectId displayName email principalName onPremisesSecurityIdentifier subjectType subjectLifecycle"},
		{79, "PATCH", em + "/subjects(objectId='{guest}')", object{"subjectLifecycle": "governed"}, 204, ""},

		{80, "GET", rm + "/roleDefinitions", nil, 200, "id displayName"},
		{81, "GET", rm + "/roleDefinitions/ae79f266-94d4-4dab-b730-feca7e132178", nil, 200, "id displayName"},
		{82, "GET", rm + "/roleAssignments?$filter=appScopeId eq '/AccessPackageCatalog/{catalog}'", nil, 200, assignmentOfRole},
		{83, "POST", rm + "/roleAssignments", object{"principalId": "{member}", "roleDefinitionId": "ae79f266-94d4-4dab-b730-feca7e132178", "appScopeId": "/AccessPackageCatalog/{catalog}"}, 201, assignmentOfRole},
		{84, "GET", rm + "/roleAssignments/{given}", nil, 200, assignmentOfRole},
		{85, "DELETE", rm + "/roleAssignments/{given}", nil, 204, ""},
	}
}

// stockConformance fills a fixture with something for every operation.
func stockConformance(t *testing.T) *fixture {
	t.Helper()
	w := newFixture(t)
	w.offer(open())
	post := func(name, path string, body object) {
		w.ids[name] = w.call("admin", "POST", path, body).want(201).get("id")
	}
	at := em + "/catalogs/" + w.ids["catalog"]
	resource := w.call("admin", "GET", at+"/resources", nil).one()
	w.ids["resource"] = dig(resource, "id")
	w.ids["roleScope"] = dig(w.call("admin", "GET", packagePath+"/"+w.ids["package"]+"/resourceRoleScopes", nil).one(), "id")
	w.ids["held"] = w.ask("member")
	for _, name := range []string{"empty", "other", "third"} {
		post(name, packagePath, object{"displayName": name, "catalog": object{"id": w.ids["catalog"]}})
	}
	w.list(w.ids["package"], "incompatibleAccessPackages", packagePath+"/"+w.ids["other"]).want(204)
	w.list(w.ids["package"], "incompatibleGroups", "/v1.0/groups/"+w.ids["reviewers"]).want(204)
	post("bare", em+"/catalogs", object{"displayName": "Bare"})
	decided := approved(w)
	decided["displayName"], decided["accessPackage"] = "Decided", object{"id": w.ids["third"]}
	post("decided", em+"/assignmentPolicies", decided)
	post("unused", em+"/assignmentPolicies", object{"displayName": "Unused", "accessPackage": object{"id": w.ids["other"]}})
	ask := func(name, who string) {
		w.ids[name] = w.call(who, "POST", requestPath, object{"requestType": "userAdd", "assignment": object{"accessPackageId": w.ids["third"]}}).want(201).get("id")
	}
	ask("pending", "admin")
	w.ids["stage"] = dig(w.call("reviewer", "GET", approvalPath+"/"+w.ids["pending"]+"/stages", nil).one(), "id")
	ask("denied", "member")
	stages := approvalPath + "/" + w.ids["denied"] + "/stages"
	w.call("manager", "PATCH", stages+"/"+dig(w.call("manager", "GET", stages, nil).one(), "id"), object{"reviewResult": "Deny"}).want(204)

	post("organization", organizationsPath, tenant("Contoso", "a"))
	post("second organization", organizationsPath, tenant("Second", "b"))
	post("guest", "/v1.0/users", object{"displayName": "Guest", "userPrincipalName": "guest@example.com", "userType": "Guest"})
	for list, who := range map[string]string{"internalSponsors": "member", "externalSponsors": "guest"} {
		w.call("admin", "POST", organizationsPath+"/"+w.ids["organization"]+"/"+list+"/$ref", object{"@odata.id": "/v1.0/users/" + w.ids[who]}).want(204)
	}
	post("extension", at+"/customWorkflowExtensions", extensionNamed("X"))
	before := extensionNamed("Before")
	before["@odata.type"] = "#microsoft.graph.accessPackageAssignmentWorkflowExtension"
	post("before", at+"/customWorkflowExtensions", before)
	w.ids["given"] = w.assign("admin", "member", "44272f93-9762-48e8-af59-1b5351b1d6b3", w.ids["catalog"]).want(201).get("id")
	post("session", at+"/resources/"+w.ids["resource"]+"/uploadSessions", uploadFor(sampleID))
	return w
}

// Every operation of the reference is answered with the status and the members that are
// documented, each in a fixture of its own.
func TestConformance(t *testing.T) {
	all, passed := conformance(), 0
	for i, op := range all {
		if op.number != i+1 {
			t.Fatalf("operation %d stands in the place of %d", op.number, i+1)
		}
		w := stockConformance(t)
		as := "admin"
		if op.number == 44 {
			as = "reviewer" // who is asked; nobody decides on a request of their own
		}
		var body any
		if op.body != nil {
			body = w.filled(op.body)
		}
		got := w.call(as, op.method, w.named(op.path), body)
		if missing := got.lacks(op.members); got.status != op.status || missing != "" {
			t.Errorf("%d %s %s: %d, want %d; it lacks %q: %.300s", op.number, op.method, op.path, got.status, op.status, missing, got.text)
			continue
		}
		passed++
	}
	t.Logf("conformance: %d of %d operations pass", passed, len(all))
}

// named puts ids into a path; names may have spaces.
func (w *fixture) named(path string) string {
	for name, id := range w.ids {
		path = strings.ReplaceAll(path, "{"+name+"}", id)
	}
	return path
}

// lacks returns the members that are not in the answer, or not in the first on its list.
func (r reply) lacks(members string) string {
	one := r.body
	if list, many := r.body["value"].([]any); many {
		if len(list) == 0 {
			return members
		}
		one = list[0].(object)
	}
	var missing []string
	for name := range strings.SplitSeq(members, " ") {
		if _, there := one[name]; name != "" && !there {
			missing = append(missing, name)
		}
	}
	return strings.Join(missing, " ")
}
