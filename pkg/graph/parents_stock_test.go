package graph

import "strings"

// stockOrganizations adds two connected organizations and two custom extensions, each under a
// parent of its own, and an upload session for each of two resources.
func (w *fixture) stockOrganizations() {
	w.Helper()
	for name, as := range map[string]string{"export": "admin", "export2": "robot"} {
		w.ids[name] = w.call(as, "POST", exportsPath, nil).want(202).get("id")
	}
	post := func(path string, body object) string {
		w.Helper()
		return w.call("admin", "POST", path, body).want(201).get("id")
	}
	w.stockChanges()
	w.ids["loses"] = "loses"
	w.ids["look"], w.ids["look2"] = w.stockLook("package"), w.stockLook("package3")
	w.stockDrift("connector", "connector2")
	w.gives("package2", "connector")
	for name, tenant := range map[string]string{"organization": "a-tenant", "organization2": "b-tenant"} {
		w.ids[name] = post(organizationsPath, object{"displayName": name, "identitySources": []object{{"@odata.type": "#microsoft.graph.azureActiveDirectoryTenant", "tenantId": tenant}}})
	}
	for organization, sponsor := range map[string]string{"organization": "member", "organization2": "other"} {
		w.call("admin", "POST", organizationsPath+"/"+w.ids[organization]+"/internalSponsors/$ref", object{"@odata.id": "/v1.0/users/" + w.ids[sponsor]}).want(204)
		guest := post("/v1.0/users", object{"displayName": "Guest", "userPrincipalName": "guest-of-" + organization + "@example.com", "userType": "Guest",
			"identities": []object{{"issuer": "https://login.microsoftonline.com/" + map[string]string{"organization": "a-tenant", "organization2": "b-tenant"}[organization] + "/v2.0", "issuerAssignedId": "g"}}})
		w.ids[strings.Replace(organization, "organization", "guest", 1)] = guest
		w.call("admin", "POST", organizationsPath+"/"+w.ids[organization]+"/externalSponsors/$ref", object{"@odata.id": "/v1.0/users/" + guest}).want(204)
	}
	for name, catalog := range map[string]string{"extension": "catalog", "extension2": "catalog2"} {
		w.ids[name] = post(em+"/catalogs/"+w.ids[catalog]+"/customWorkflowExtensions", extensionNamed(name))
	}
	for name, at := range map[string]string{"session": "catalog resource", "session2": "catalog2 resource2"} {
		catalog, resource, _ := strings.Cut(at, " ")
		w.ids[name] = post(em+"/catalogs/"+w.ids[catalog]+"/resources/"+w.ids[resource]+"/uploadSessions", uploadFor(sampleID))
	}
}

func extensionNamed(name string) object {
	return object{"@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension", "displayName": name, "description": "",
		"endpointConfiguration":       object{"@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration", "subscriptionId": "38ab2ccc", "resourceGroupName": "rg", "logicAppWorkflowName": "flow"},
		"authenticationConfiguration": object{"@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"}}
}

func uploadFor(review string) object {
	return object{"@odata.type": "#microsoft.graph.customDataProvidedResourceAccessReviewUploadSession",
		"data": object{"@odata.type": "#microsoft.graph.customDataProvidedResourcePayloads.accessReviewContextData", "reviewDefinitionId": sampleID, "reviewInstanceId": review}}
}

// organizationTakings are settings, subjects, connected organizations, custom extensions and
// upload sessions.
func organizationTakings() []taking {
	user, organization := free("user", anybody), free("organization", "administrators keep all connected organizations")
	nobodys := func(wrong ...string) map[string]place {
		return only1("body id", place{ignored: readOnly, wrong: wrong})
	}
	inPath := only1("path organizationId", organization)
	foreign := only1("body identitySources[].tenantId", place{foreign: elsewhere})
	source := []any{object{"@odata.type": "#microsoft.graph.azureActiveDirectoryTenant", "tenantId": "c-tenant"}}
	all := []taking{
		{op: "PATCH " + em + "/settings", ok: 204, body: object{"externalUserLifecycleAction": "None"}, ids: nobodys("policy")},
		{op: "PUT " + endUserPath, ok: 200, body: object{"relatedPeopleInsightLevel": "count"}, ids: nobodys("policy")},
		{op: "PATCH " + endUserPath, ok: 200, body: object{"relatedPeopleInsightLevel": "count"}, ids: nobodys("policy")},
		{op: "GET " + ours + "/accessPackages/{accessPackageId}/link", ok: 200, ids: only1("path accessPackageId", free("package", anyPackage))},
		{op: "GET " + subjectPath, ok: 200, path: map[string]string{"objectId": "member"}, ids: only1("path objectId", user)},
		{op: "PATCH " + subjectPath, ok: 204, path: map[string]string{"objectId": "guest"}, body: object{"subjectLifecycle": "governed"}, ids: map[string]place{
			"path objectId": user, "body id": {ignored: readOnly, wrong: []string{"other"}}, "body objectId": {ignored: readOnly, wrong: []string{"other"}}}},

		{op: "GET " + organizationsPath, ok: 200, ids: only1("filter id", organization.at("organization"))},
		{op: "POST " + organizationsPath, ok: 201, body: object{"displayName": "New", "identitySources": source}, ids: places(foreign, nobodys("organization"))},
		{op: "GET " + organizationPath, ok: 200, ids: inPath},
		{op: "PATCH " + organizationPath, ok: 202, body: object{"displayName": "New"}, ids: places(foreign, inPath, only1("body id", wrong("organization", "organization2").at("organization")))},
		{op: "DELETE " + organizationPath, ok: 204, ids: inPath},
	}
	for _, list := range []struct {
		name, sponsor string
		others        []string
	}{{"internalSponsors", "member", []string{"other", "manager", "admin"}}, {"externalSponsors", "guest", []string{"guest2", "other", "admin"}}} {
		at := organizationPath + "/" + list.name
		named := wrong("user", list.others...)
		newcomer := map[string]string{"internalSponsors": "manager", "externalSponsors": "guest2"}[list.name]
		all = append(all,
			taking{op: "GET " + at, ok: 200, ids: inPath},
			taking{op: "POST " + at + "/$ref", ok: 204, body: object{"@odata.id": "/v1.0/users/{" + newcomer + "}"}, ids: places(inPath, only1("body @odata.id", user.at(newcomer).as("/v1.0/users/*")))},
			taking{op: "DELETE " + at + "/{sponsorId}/$ref", ok: 204, path: map[string]string{"sponsorId": list.sponsor}, ids: places(inPath, only1("path sponsorId", named))},
			taking{op: "DELETE " + at + "/$ref", ok: 204, query: "@id=/v1.0/users/{" + list.sponsor + "}",
				ids: places(inPath, only1("query @id", named.at(list.sponsor).as(publicURL+"/v1.0/users/*")))})
	}
	return append(all, extensionTakings()...)
}

func extensionTakings() []taking {
	catalog := free("catalog", anyCatalog)
	inCatalog := only1("path catalogId", catalog)
	extension := places(only1("path catalogId", wrong("catalog", "catalog2")), only1("path extensionId", wrong("extension", "extension2")))
	resource := places(only1("path catalogId", wrong("catalog", "catalog2")), only1("path resourceId", wrong("resource", "resource2", "resourceK2")))
	elsewhereIDs := map[string]place{"body endpointConfiguration.subscriptionId": {foreign: elsewhere}, "body authenticationConfiguration.resourceId": {foreign: elsewhere}}
	held := free("request", anyRequest)
	made := extensionNamed("New")
	return []taking{
		{op: "GET " + extensionsPath, ok: 200, ids: inCatalog},
		{op: "POST " + extensionsPath, ok: 201, body: made, ids: places(inCatalog, elsewhereIDs, only1("body id", place{ignored: readOnly, wrong: []string{"extension"}}))},
		{op: "GET " + extensionsPath + "/{extensionId}", ok: 200, ids: extension},
		{op: "PUT " + extensionsPath + "/{extensionId}", ok: 200, body: made, ids: places(extension, elsewhereIDs, only1("body id", wrong("extension", "extension2").at("extension")))},
		{op: "DELETE " + extensionsPath + "/{extensionId}", ok: 204, ids: extension},
		{op: "GET " + em + "/assignmentPolicies/{policyId}/customExtensionStageSettings", ok: 200, ids: only1("path policyId", free("policy", anyPolicy))},

		{op: "GET " + uploadsPath, ok: 200, ids: resource},
		{op: "POST " + uploadsPath, ok: 201, body: uploadFor("2b4e28ba-2fa1-41d2-883f-0016d3cca427"), ids: places(resource, map[string]place{
			"body id": {ignored: readOnly, wrong: []string{"session2"}}, "body referenceId": {ignored: follows, wrong: []string{"session2"}},
			"body data.reviewDefinitionId": {foreign: elsewhere}, "body data.reviewInstanceId": {foreign: elsewhere}})},
		{op: "DELETE " + uploadsPath + "/{sessionId}", ok: 204, ids: places(resource, only1("path sessionId", wrong("upload session", "session2")))},

		{op: "POST " + requestPath + "/{assignmentRequestId}/resume", ok: 409, ids: places(only1("path assignmentRequestId", held), only1("body data.customExtensionStageInstanceId", place{foreign: elsewhere})),
			body: object{"source": "Contoso", "type": "microsoft.graph.accessPackageCustomExtensionStage.assignmentRequestCreated", "data": object{"@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
				"stage": "assignmentRequestCreated", "customExtensionStageInstanceId": sampleID, "state": "denied"}}},
	}
}

// organizationPolicyTakings are a policy for a connected organization; the other ids of a
// policy stand in other ways to write one.
func organizationPolicyTakings(known map[string]place) []taking {
	ids := map[string]place{}
	for where := range known {
		ids[where] = place{foreign: anotherWay}
	}
	ids["body specificAllowedTargets[].connectedOrganizationId"] = free("organization", "every connected organization may be named in a policy")
	ids["path policyId"] = free("policy", anyPolicy)
	body := object{"displayName": "New", "accessPackage": object{"id": "{package}"}, "allowedTargetScope": "specificConnectedOrganizationUsers",
		"specificAllowedTargets": []any{object{"@odata.type": typePrefix + "connectedOrganizationMembers", "connectedOrganizationId": "{organization}"}}}
	added := places(ids)
	delete(added, "path policyId")
	return []taking{
		{op: "POST " + em + "/assignmentPolicies", ok: 201, body: body, ids: added},
		{op: "PUT " + em + "/assignmentPolicies/{policyId}", ok: 200, body: body, ids: ids},
	}
}
