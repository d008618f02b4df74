package graph

import "slices"

// nestedTakings are the paths that lead from a thing to what it names.
func nestedTakings() []taking {
	catalog, policy, pkg := free("catalog", anyCatalog), free("policy", anyPolicy), free("package", anyPackage)
	inCatalog, inPolicy := only1("path catalogId", catalog), only1("path policyId", policy)
	all := []taking{
		{op: "GET " + em + "/accessPackages/{accessPackageId}/catalog", ok: 200, ids: only1("path accessPackageId", pkg)},
		{op: "GET " + em + "/catalogs/{catalogId}/accessPackages", ok: 200, ids: inCatalog},
		{op: "GET " + em + "/catalogs/{catalogId}/resourceScopes", ok: 200, ids: inCatalog},
		{op: "GET " + em + "/catalogs/{catalogId}/resources/{resourceId}", ok: 200, ids: places(only1("path catalogId", wrong("catalog", "catalog2")), only1("path resourceId", wrong("resource", "resource2", "resourceK2")))},
		{op: "GET " + roleHoldersPath, ok: 200, ids: places(only1("path catalogId", wrong("catalog", "catalog2")), only1("path resourceId", wrong("resource", "resource2", "resourceK2")), only1("path resourceRoleId", wrong("role", "role1b")))},
		{op: "GET " + pickablePath, ok: 200, ids: inCatalog},
		{op: "GET " + em + "/assignmentPolicies/{policyId}/accessPackage", ok: 200, ids: inPolicy},
		{op: "GET " + em + "/assignmentPolicies/{policyId}/catalog", ok: 200, ids: inPolicy},
		{op: "GET " + em + "/assignmentPolicies/{policyId}/questions", ok: 200, ids: inPolicy},
		{op: "GET " + root + "/identityGovernance/catalogs", ok: 200, ids: only1("filter id", catalog.at("catalog"))},
		{op: "GET " + root + "/identityGovernance/catalogs/{catalogId}", ok: 200, ids: inCatalog},
	}

	held := only1("path assignmentId", free("assignment", "administrators see all assignments, and the path names no package"))
	all = append(all, taking{op: "GET " + heldPath + "/{assignmentId}/assignmentPolicy", ok: 200, ids: held})
	for _, name := range []string{"target", "accessPackage"} {
		op := "GET " + heldPath + "/{assignmentId}/" + name
		all = append(all, taking{op: op, ok: 200, ids: held}, taking{op: op, as: "member", ok: 200, ids: only1("path assignmentId", wrong("assignment", "held2"))})
	}
	for _, name := range []string{"accessPackage", "requestor", "assignment"} {
		op := "GET " + requestPath + "/{assignmentRequestId}/" + name
		all = append(all, taking{op: op, ok: 200, ids: only1("path assignmentRequestId", free("request", anyRequest))},
			taking{op: op, as: "member", ok: 200, ids: only1("path assignmentRequestId", wrong("request", "request2", "held2"))})
	}
	return slices.Concat(all, peopleTakings(), ownersTakings(), organizationTakings(), impactTakings(), driftTakings())
}

// peopleTakings are the rest of the people's side.
func peopleTakings() []taking {
	pkg := free("package", anyPackage)
	var all []taking
	for _, path := range []string{availablePath + "/{accessPackageId}", availablePath + "/{accessPackageId}/resourceRoleScopes"} {
		all = append(all, taking{op: "GET " + path, ok: 200, ids: only1("path accessPackageId", pkg)},
			taking{op: "GET " + path, as: "member", ok: 200, ids: only1("path accessPackageId", wrong("package", "package4"))})
	}
	sponsored := only1("path organizationId", wrong("organization", "organization2"))
	guests := places(sponsored, only1("path userId", wrong("user", "guest2", "other", "manager")))
	return append(all,
		taking{op: "GET " + packageInsightPath, ok: 200, ids: only1("path accessPackageId", pkg)},
		taking{op: "GET " + packageInsightPath, as: "member", ok: 200, ids: only1("path accessPackageId", wrong("package", "package4"))},
		taking{op: "GET " + missingPackage, as: "member", ok: 200, ids: only1("path accessPackageId", free("package", "of a package that is shown to people everybody is told why they cannot ask for it"))},
		taking{op: "GET " + guestsPath, as: "member", ok: 200, ids: sponsored},
		taking{op: "GET " + guestPath + "/assignments", as: "member", ok: 200, path: map[string]string{"userId": "guest"}, ids: guests},
		taking{op: "GET " + guestPath + "/assignmentRequests", as: "member", ok: 200, path: map[string]string{"userId": "guest"}, ids: guests},

		taking{op: "DELETE " + requestPath + "/{assignmentRequestId}", ok: 409, ids: only1("path assignmentRequestId", free("request", anyRequest))},
		taking{op: "GET " + heldPath + "/additionalAccess(accessPackageId='{accessPackageId}',incompatibleAccessPackageId='{otherId}')", ok: 200,
			ids: places(only1("path accessPackageId", pkg), only1("path otherId", pkg))},
		taking{op: "GET " + approvalPath, ok: 200, ids: only1("filter id", free("request", anyRequest).at("request"))})
}

// ownersTakings are the rest of the owners' side.
func ownersTakings() []taking {
	catalog, group := free("catalog", anyCatalog), free("group", anyGroup)
	resource := places(only1("path catalogId", wrong("catalog", "catalog2")), only1("path resourceId", wrong("resource", "resource2", "resourceK2")))
	return []taking{
		{op: "GET " + em + "/resourceRequests", ok: 200, ids: only1("filter catalog/id", catalog.at("catalog"))},
		{op: "POST " + em + "/catalogs/{catalogId}/resources/{resourceId}/refresh", ok: 200, ids: resource},
		{op: "POST " + em + "/accessPackageCatalogs/{catalogId}/accessPackageResources/{resourceId}/refresh", ok: 200, ids: resource},
		{op: "POST " + em + "/accessPackages/{accessPackageId}/moveToCatalog", ok: 204, path: map[string]string{"accessPackageId": "package4"}, body: object{"catalogId": "{catalog2}"},
			ids: places(only1("path accessPackageId", free("package", anyPackage)), only1("body catalogId", catalog))},
		{op: "PATCH " + root + "/groups/{groupId}", ok: 204, body: object{"displayName": "New"}, ids: places(only1("path groupId", group), only1("body id", wrong("group", "sales", "support").at("spare")))},
		{op: "DELETE " + root + "/groups/{groupId}", ok: 204, ids: only1("path groupId", group)},
	}
}
