package graph

import (
	"maps"
	"strings"
)

// Why every one of a kind is a right one.
const (
	anybody      = "administrators keep all people"
	anyGroup     = "administrators keep all groups"
	anyCatalog   = "administrators keep all catalogs"
	anyPackage   = "administrators keep all packages"
	anyPolicy    = "administrators keep all policies, and the path names no package"
	anyConnector = "administrators keep all connectors"
	anyRequest   = "administrators see all requests, and the path names no package"
	allEvents    = "administrators and auditors read all events, and the path names nothing"
	readOnly     = "the server sets it; clients send back what they read"
	follows      = "it follows from another id of the call; clients send back what they read"
	elsewhere    = "an id of another system"
	anotherWay   = "it stands in another way to call the operation"
)

func free(kind, why string) place { return place{kind: kind, free: why} }

func (p place) at(right string) place {
	p.right = right
	return p
}

func (p place) as(written string) place {
	p.written = written
	return p
}

func (p place) instead(of ...string) place {
	p.without = of
	return p
}

func wrong(kind string, names ...string) place { return place{kind: kind, wrong: names} }

// places puts lists of places together.
func places(lists ...map[string]place) map[string]place {
	all := map[string]place{}
	for _, list := range lists {
		maps.Copy(all, list)
	}
	return all
}

// only1 is the list of one place.
func only1(where string, p place) map[string]place { return map[string]place{where: p} }

// takings are all ways to call all operations that take ids.
func takings() []taking {
	var all []taking
	all = append(all, directoryTakings()...)
	all = append(all, catalogTakings()...)
	all = append(all, roleTakings()...)
	all = append(all, packageTakings()...)
	all = append(all, policyTakings()...)
	all = append(all, requestTakings()...)
	all = append(all, assignmentTakings()...)
	all = append(all, nestedTakings()...)
	all = append(all, approvalTakings()...)
	return append(all, countTakings(all)...)
}

// countTakings are the ways to count lists: each is called as the list is, and takes the
// ids of its path.
func countTakings(lists []taking) (all []taking) {
	counts := map[string]bool{}
	for _, op := range served() {
		counts[op.name()] = true
	}

	for _, tk := range lists {
		tk.op += "/$count"
		if !counts[tk.op] {
			continue
		}

		ids := map[string]place{}
		for where, in := range tk.ids {
			if strings.HasPrefix(where, "path ") {
				ids[where] = in
			}
		}
		if tk.ids = ids; len(ids) > 0 {
			all = append(all, tk)
		}
	}
	return all
}

func directoryTakings() []taking {
	user, group := free("user", anybody), free("group", anyGroup)
	foreign := map[string]place{"body employeeId": {foreign: elsewhere}, "body identities[].issuerAssignedId": {foreign: elsewhere}}
	newID := only1("body id", place{ignored: readOnly, wrong: []string{"member", "spare"}})
	inPath := only1("path user", user)
	all := []taking{
		{op: "GET /v1.0/users", ok: 200, ids: only1("filter id", user.at("member"))},
		{op: "POST /v1.0/users", ok: 201, body: object{"displayName": "New", "userPrincipalName": "new@example.com"}, ids: places(foreign, newID)},
		{op: "GET /v1.0/users/{user:text}", ok: 200, ids: inPath},
		{op: "PATCH /v1.0/users/{user:text}", ok: 204, body: object{"displayName": "New"}, ids: places(foreign, inPath, only1("body id", wrong("user", "other").at("member")))},
		{op: "DELETE /v1.0/users/{user:text}", ok: 204, ids: inPath},
		{op: "GET /v1.0/users/{user:text}/manager", ok: 200, ids: inPath},
		{op: "PUT /v1.0/users/{user:text}/manager/$ref", ok: 204, body: object{"@odata.id": "/v1.0/users/{other}"}, ids: places(inPath, only1("body @odata.id", user.as("/v1.0/users/*")))},
		{op: "DELETE /v1.0/users/{user:text}/manager/$ref", ok: 204, ids: inPath},
		{op: "GET /v1.0/users/{user:text}/memberOf", ok: 200, ids: inPath},
		{op: "GET /v1.0/groups", ok: 200, ids: only1("filter id", group.at("sales"))},
		{op: "POST /v1.0/groups", ok: 201, body: object{"displayName": "New"}, ids: newID},
		{op: "GET /v1.0/groups/{groupId}", ok: 200, ids: only1("path groupId", group)},
	}
	all = append(all,
		taking{op: "GET " + ours + "/events", ok: 200, ids: map[string]place{"filter subject": free("user", allEvents).at("member"), "filter actor": free("user", allEvents).at("admin"),
			"filter accessPackage": free("package", allEvents).at("package")}},
		taking{op: "GET " + ours + "/events/{objectKind:text}/{objectId}", ok: 200, ids: only1("path objectId", free("policy", anyPolicy))},
		taking{op: "DELETE " + ours + "/people/{personId}/personalData", ok: 409, ids: only1("path personId", free("user", "only those who were deleted are erased, and all of them may be"))})
	// Who belongs to another group, and who belongs to none.
	belongs := wrong("user", "other", "manager", "admin")
	for _, list := range []string{"members", "owners"} {
		at := "/v1.0/groups/{groupId}/" + list
		inPath := only1("path groupId", group)
		all = append(all,
			taking{op: "GET " + at, ok: 200, ids: only1("path groupId", group)},
			taking{op: "POST " + at + "/$ref", ok: 204, body: object{"@odata.id": "/v1.0/users/{reviewer}"}, ids: places(only1("path groupId", group), only1("body @odata.id", user.as("/v1.0/directoryObjects/*")))},
			taking{op: "DELETE " + at + "/{userId}/$ref", ok: 204, ids: places(inPath, only1("path userId", belongs))},
			taking{op: "DELETE " + at + "/$ref", ok: 204, query: "@id=/v1.0/users/{member}", ids: places(inPath, only1("query @id", belongs.at("member").as(publicURL+"/v1.0/users/*")))})
	}
	return all
}

func catalogTakings() []taking {
	catalog, connector := free("catalog", anyCatalog), free("connector", anyConnector)
	newID := only1("body id", place{ignored: readOnly, wrong: []string{"catalog", "connector"}})
	inPath := only1("path catalogId", catalog)
	all := []taking{
		{op: "GET " + em + "/catalogs", ok: 200, ids: only1("filter id", catalog.at("catalog"))},
		{op: "POST " + em + "/catalogs", ok: 201, body: object{"displayName": "New"}, ids: newID},
		{op: "GET " + em + "/catalogs/{catalogId}", ok: 200, ids: inPath},
		{op: "PATCH " + em + "/catalogs/{catalogId}", ok: 204, body: object{"displayName": "New"}, ids: places(inPath, only1("body id", wrong("catalog", "catalog2").at("catalog")))},
		{op: "DELETE " + em + "/catalogs/{catalogId}", ok: 409, ids: inPath},
		{op: "GET " + em + "/catalogs/{catalogId}/resources", ok: 200, ids: inPath},
		{op: "GET " + em + "/catalogs/{catalogId}/resourceRoles", ok: 200, ids: inPath},
	}
	all = append(all, resourceTakings()...)

	managers := only1("body resourceManagers[]", free("user", anybody))
	registered := only1("path connectorId", connector)
	return append(all,
		taking{op: "POST " + ours + "/connectors", ok: 201, ids: places(newID, managers), body: object{"displayName": "New", "kind": "scim", "url": "https://new.example.com",
			"correlationKeys": []any{"userName"}, "credential": "geheim", "resourceManagers": []any{"{manager}"}}},
		taking{op: "GET " + ours + "/connectors/{connectorId}", ok: 200, ids: registered},
		taking{op: "PATCH " + ours + "/connectors/{connectorId}", ok: 204, body: object{"resourceManagers": []any{"{manager}"}}, ids: places(registered, managers, only1("body id", wrong("connector", "connector2").at("connector")))},
		taking{op: "DELETE " + ours + "/connectors/{connectorId}", ok: 409, ids: registered},
		taking{op: "GET " + connectorPath + "/resources", ok: 200, ids: registered},
		taking{op: "POST " + connectorPath + "/check", ok: 200, body: object{"userId": "{member}"}, ids: places(registered, only1("body userId", free("user", anybody)))},
		taking{op: "GET " + ours + "/deliveryErrors/{connectorId}/{reason:text}", ok: 200, ids: registered},
		taking{op: "POST " + ours + "/reprocess", ok: 200, body: object{"connectorId": "{connector}", "reason": "target-unavailable"},
			ids: places(only1("body connectorId", connector), only1("body connector.id", connector.at("connector").instead("connectorId")))})
}

// resourceTakings are resources that come into a catalog, and that go.
func resourceTakings() []taking {
	ask := func(kind string, ok int, resource object, ids map[string]place) taking {
		ids["body id"] = place{ignored: readOnly, wrong: []string{"resource2"}}
		ids["body resource.environment.originId"] = place{ignored: follows, wrong: []string{"connector2"}}
		return taking{op: "POST " + em + "/resourceRequests", ok: ok, ids: ids, body: object{"requestType": kind, "catalog": object{"id": "{catalog}"}, "resource": resource}}
	}
	return []taking{
		ask("adminAdd", 201, object{"originId": "{spare}", "originSystem": "AadGroup"}, map[string]place{
			"body catalog.id":              free("catalog", anyCatalog),
			"body resource.id":             {ignored: readOnly, wrong: []string{"resource", "resource2"}},
			"body resource.originId":       free("group", anyGroup),
			"body resource.environment.id": wrong("connector", "connector", "connector2").at("builtin"),
		}),
		ask("adminAdd", 201, object{"originId": "new", "originSystem": "Scim", "environment": object{"id": "{connector}"}}, map[string]place{
			"body catalog.id":              free("catalog", anyCatalog),
			"body resource.id":             {ignored: readOnly, wrong: []string{"resource", "resource2"}},
			"body resource.originId":       {foreign: elsewhere},
			"body resource.environment.id": free("connector", anyConnector),
		}),
		ask("adminRemove", 201, object{"id": "{resourceK}"}, map[string]place{
			"body catalog.id":              wrong("catalog", "catalog2"),
			"body resource.id":             wrong("resource", "resource2", "resourceK2"),
			"body resource.originId":       wrong("group", "originK2", "marketing", "sales").at("originK"),
			"body resource.environment.id": wrong("connector", "connector2").at("connector"),
		}),
		ask("adminRemove", 201, object{"originId": "{originK}", "originSystem": "Scim", "environment": object{"id": "{connector}"}}, map[string]place{
			"body catalog.id":              wrong("catalog", "catalog2"),
			"body resource.id":             wrong("resource", "resource2", "resourceK2").at("resourceK"),
			"body resource.originId":       wrong("group", "originK2", "marketing", "sales"),
			"body resource.environment.id": wrong("connector", "connector2"),
		}),
	}
}

func packageTakings() []taking {
	const at = em + "/accessPackages/{accessPackageId}"
	pkg := free("package", anyPackage)
	inPath := only1("path accessPackageId", pkg)
	listed, listedGroup := wrong("package", "package2", "package4"), wrong("group", "marketing", "spare")
	reviewers := map[string]string{"groupId": "reviewers"}
	all := []taking{
		{op: "GET " + em + "/accessPackages", ok: 200, ids: places(only1("filter id", pkg.at("package")), only1("filter catalog/id", free("catalog", anyCatalog).at("catalog")))},
		{op: "GET " + em + "/accessPackages", ok: 200, filter: " and catalog/id eq '{catalog}'", ids: map[string]place{
			"filter id": wrong("package", "package3").at("package"), "filter catalog/id": wrong("catalog", "catalog2").at("catalog")}},
		{op: "POST " + em + "/accessPackages", ok: 201, body: object{"displayName": "New", "catalog": object{"id": "{catalog}"}}, ids: map[string]place{
			"body id": {ignored: readOnly, wrong: []string{"package", "package3"}}, "body catalog.id": free("catalog", anyCatalog)}},
		{op: "GET " + at, ok: 200, ids: inPath},
		{op: "GET " + at, as: "member", ok: 200, ids: only1("path accessPackageId", wrong("package", "package4"))},
		{op: "PATCH " + at, ok: 204, body: object{"displayName": "New"}, ids: places(inPath, map[string]place{
			"body id": wrong("package", "package2", "package3").at("package"), "body catalog.id": {refused: true, kind: "catalog", wrong: []string{"catalog", "catalog2"}}})},
		{op: "DELETE " + at, ok: 409, ids: inPath},
		{op: "POST " + at + "/getApplicablePolicyRequirements", as: "member", ok: 200, body: object{"subject": object{"objectId": "{member}"}}, ids: places(only1("body subject.objectId", free("user", "R213: of somebody for whom the caller may not ask the list is empty").at("member")), only1("path accessPackageId", free("package", "R38: one that the caller may not ask for has an empty list")))},
		{op: "GET " + at + "/resourceRoleScopes", ok: 200, ids: inPath},
		{op: "DELETE " + at + "/resourceRoleScopes/{roleScope:text}", ok: 204, ids: places(inPath, only1("path roleScope", wrong("role scope", "roleScope2", "roleScopeMixed").as("*_*")))},
		{op: "GET " + at + "/assignmentPolicies", ok: 200, ids: inPath},
		{op: "GET " + at + "/incompatibleAccessPackages", ok: 200, ids: inPath},
		{op: "POST " + at + "/incompatibleAccessPackages/$ref", ok: 204, body: object{"@odata.id": "/v1.0/accessPackages/{package2}"}, ids: places(inPath, only1("body @odata.id", pkg.as("/v1.0/accessPackages/*")))},
		{op: "DELETE " + at + "/incompatibleAccessPackages/{otherId}/$ref", ok: 204, ids: places(inPath, only1("path otherId", listed))},
		{op: "DELETE " + at + "/incompatibleAccessPackages/$ref", ok: 204, query: "@id=/v1.0/accessPackages/{package3}", ids: places(inPath, only1("query @id", listed.at("package3").as("/v1.0/accessPackages/*")))},
		{op: "GET " + at + "/incompatibleGroups", ok: 200, ids: inPath},
		{op: "POST " + at + "/incompatibleGroups/$ref", ok: 204, body: object{"@odata.id": "/v1.0/groups/{spare}"}, ids: places(inPath, only1("body @odata.id", free("group", anyGroup).as("/v1.0/groups/*")))},
		{op: "DELETE " + at + "/incompatibleGroups/{groupId}/$ref", path: reviewers, ok: 204, ids: places(inPath, only1("path groupId", listedGroup))},
		{op: "DELETE " + at + "/incompatibleGroups/$ref", ok: 204, query: "@id=/v1.0/groups/{reviewers}", ids: places(inPath, only1("query @id", listedGroup.at("reviewers").as("/v1.0/groups/*")))},
		{op: "GET " + at + "/accessPackagesIncompatibleWith", ok: 200, ids: inPath},
	}
	return append(all, roleScopeTakings()...)
}

// roleScopeTakings are a role that comes into a package, named by the ids that we gave it
// and by those that it has at the target.
func roleScopeTakings() []taking {
	add := func(body object, ids map[string]place) taking {
		return taking{op: "POST " + em + "/accessPackages/{accessPackageId}/resourceRoleScopes", ok: 201, body: body, ids: places(ids, map[string]place{
			"path accessPackageId":                    free("package", anyPackage),
			"body id":                                 {ignored: readOnly, wrong: []string{"roleScope2"}},
			"body role.id":                            wrong("role", "role", "role2", "roleK").at("role1b"),
			"body role.originId":                      wrong("group", "sales", "marketing").at("support").as("Member_*"),
			"body scope.id":                           wrong("scope", "scope", "scope2", "scopeK").at("scope1b"),
			"body scope.originId":                     wrong("group", "sales", "marketing").at("support"),
			"body role.resource.roles.id":             {ignored: follows, wrong: []string{"role2"}},
			"body role.resource.scopes.id":            {ignored: follows, wrong: []string{"scope2"}},
			"body role.resource.environment.id":       wrong("connector", "connector", "connector2").at("builtin"),
			"body role.resource.environment.originId": {ignored: follows, wrong: []string{"connector2"}},
			"body role.resource.id":                   wrong("resource", "resource2", "resourceK2").at("resource1b"),
		})}
	}
	return []taking{
		add(object{"role": object{"id": "{role1b}", "resource": object{"id": "{resource1b}"}}},
			only1("body role.resource.originId", wrong("group", "sales", "marketing").at("support"))),
		add(object{"role": object{"originId": "Member_{support}", "originSystem": "AadGroup", "resource": object{"originId": "{support}", "originSystem": "AadGroup"}}, "scope": object{"originId": "{support}"}},
			only1("body role.resource.originId", wrong("group", "marketing", "spare"))),
	}
}

func policyTakings() []taking {
	policy, pkg := free("policy", anyPolicy), free("package", anyPackage)
	inPath := only1("path policyId", policy)
	all := []taking{
		{op: "GET " + em + "/assignmentPolicies", ok: 200, ids: places(only1("filter id", policy.at("policy")), only1("filter accessPackage/id", pkg.at("package")))},
		{op: "GET " + em + "/assignmentPolicies", ok: 200, filter: " and accessPackage/id eq '{package}'", ids: map[string]place{
			"filter id": wrong("policy", "policy2").at("policy"), "filter accessPackage/id": wrong("package", "package2").at("package")}},
		{op: "GET " + em + "/assignmentPolicies/{policyId}", ok: 200, ids: inPath},
		{op: "DELETE " + em + "/assignmentPolicies/{policyId}", ok: 409, ids: inPath},
	}
	read := map[string]place{
		"body catalog.id":               {ignored: follows, wrong: []string{"catalog2"}},
		"body accessPackage.catalog.id": {ignored: follows, wrong: []string{"catalog2"}},

		"body customExtensionStageSettings[].customExtension.id": wrong("extension", "extension2"),
		"body customExtensionStageSettings[].id":                 {ignored: readOnly, wrong: []string{"policy2"}},
		"body specificAllowedTargets[].connectedOrganizationId":  {foreign: anotherWay},
	}
	for _, way := range []struct{ kind, member, other, right, wrong string }{
		{"singleUser", "userId", "groupId", "manager", "other"},
		{"groupMembers", "groupId", "userId", "sales", "marketing"},
	} {
		ids := map[string]place{}
		set := []any{object{"@odata.type": typePrefix + way.kind, way.member: "{" + way.right + "}"}}
		stage := "requestApprovalSettings.stages[]."
		for _, list := range []string{"specificAllowedTargets", stage + "primaryApprovers", stage + "fallbackPrimaryApprovers", stage + "escalationApprovers", stage + "fallbackEscalationApprovers", "requestorSettings.onBehalfRequestors", "reviewSettings.primaryReviewers", "reviewSettings.fallbackReviewers"} {
			at := "body " + list + "[]."
			kind := map[string]string{"userId": "user", "groupId": "group"}[way.member]
			ids[at+way.member] = free(kind, "every person and group may be named in a policy")
			ids[at+way.other] = place{foreign: anotherWay}
			ids[at+"id"] = wrong(kind, way.wrong).at(way.right)
		}
		body := object{"displayName": "New", "accessPackage": object{"id": "{package}"}, "allowedTargetScope": "specificDirectoryUsers", "specificAllowedTargets": set,
			"requestorSettings":            object{"enableTargetsToSelfAddAccess": true, "enableOnBehalfRequestorsToAddAccess": true, "onBehalfRequestors": set},
			"reviewSettings":               object{"isEnabled": true, "primaryReviewers": set, "fallbackReviewers": set},
			"questions":                    []any{object{"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Why?"}},
			"customExtensionStageSettings": []any{object{"stage": "assignmentRequestGranted", "customExtension": object{"id": "{extension}"}}},
			"requestApprovalSettings": object{"isApprovalRequiredForAdd": true, "stages": []any{object{"durationBeforeAutomaticDenial": "P14D", "isEscalationEnabled": true, "durationBeforeEscalation": "P2D",
				"primaryApprovers": set, "fallbackPrimaryApprovers": set, "escalationApprovers": set, "fallbackEscalationApprovers": set}}}}
		all = append(all,
			taking{op: "POST " + em + "/assignmentPolicies", ok: 201, body: body, ids: places(read, ids, map[string]place{
				"body id": {ignored: readOnly, wrong: []string{"policy", "policy2"}}, "body accessPackage.id": pkg, "body questions[].id": {ignored: readOnly, wrong: []string{"question", "question2"}}})},
			taking{op: "PUT " + em + "/assignmentPolicies/{policyId}", ok: 200, body: body, ids: places(read, ids, inPath, map[string]place{
				"body questions[].id": wrong("question", "question2").at("question"), "body id": wrong("policy", "policy2").at("policy"), "body accessPackage.id": wrong("package", "package2", "package3")})})
	}
	all = append(all, organizationPolicyTakings(all[len(all)-1].ids)...)
	return all
}

func requestTakings() []taking {
	request, user := free("request", anyRequest), free("user", anybody).at("member")
	inPath := only1("path assignmentRequestId", request)
	foreign := only1("path assignmentRequestId", wrong("request", "request2", "held2"))
	all := []taking{
		{op: "GET " + requestPath, ok: 200, ids: places(only1("filter id", request.at("request")), only1("filter accessPackage/id", free("package", anyPackage).at("package3")),
			only1("filter requestor/objectId", user), only1("filter requestor/id", user), only1("filter assignment/target/objectId", user))},
		{op: "GET " + requestPath, ok: 200, filter: " and accessPackage/id eq '{package3}'", ids: map[string]place{
			"filter id": wrong("request", "held", "held2").at("request"), "filter accessPackage/id": wrong("package", "package", "package2").at("package3"),
			"filter requestor/objectId": wrong("user", "admin", "manager").at("member"), "filter requestor/id": wrong("user", "admin", "manager").at("member"),
			"filter assignment/target/objectId": wrong("user", "admin", "manager").at("member")}},
		{op: "GET " + ours + "/assignmentRequests/{assignmentRequestId}", ok: 200, ids: inPath},
		{op: "GET " + ours + "/assignmentRequests/{assignmentRequestId}", as: "member", ok: 200, ids: foreign},
		{op: "PATCH " + ours + "/assignmentRequests/{assignmentRequestId}", as: "manager", ok: 200, body: object{"answers": []any{object{"value": "Because", "answeredQuestion": object{"id": "{question3}"}}}},
			ids: places(only1("path assignmentRequestId", wrong("request", "request2", "held2")), only1("body id", wrong("request", "request2").at("request")), only1("body answers[].answeredQuestion.id", wrong("question", "question", "question2")))},
		{op: "GET " + requestPath + "/{assignmentRequestId}", ok: 200, ids: inPath},
		{op: "GET " + requestPath + "/{assignmentRequestId}", as: "member", ok: 200, ids: foreign},
		{op: "POST " + requestPath + "/{assignmentRequestId}/cancel", ok: 204, ids: inPath},
		{op: "POST " + requestPath + "/{assignmentRequestId}/cancel", as: "member", ok: 204, ids: foreign},
		{op: "POST " + requestPath + "/{assignmentRequestId}/reprocess", ok: 409, ids: inPath},
	}
	return append(all, requestBodyTakings()...)
}

// requestBodyTakings are requests of every served type. What they are about is named flat, nested,
// or both; the one who asks and what is held are the parents.
func requestBodyTakings() []taking {
	anyTarget, anyHeld := free("user", anybody), free("package", "people ask by the id of the package, and the policy must be one of it")
	ask := func(as, kind string, about object, more object, pkg, policy, target, held place, instead ...string) taking {
		body := object{"requestType": kind, "assignment": about}
		maps.Copy(body, more)
		answered := wrong("question", "question", "question3")
		body["answers"] = []any{object{"value": "Because", "answeredQuestion": object{"id": "{question2}"}}}
		if strings.HasSuffix(kind, "Remove") {
			answered = place{kind: "question", refused: true, wrong: []string{"question", "question2"}}
			delete(body, "answers")
		}
		both := func(where string, p place, right, flat string) map[string]place {
			nested := p.instead("assignment." + flat)
			if nested.right == "" {
				nested.right = right
			}
			return only1("body assignment."+where, nested)
		}
		return taking{op: "POST " + requestPath, as: as, ok: 201, body: body, ids: places(
			only1("body id", place{ignored: readOnly, wrong: []string{"request", "held2"}}), only1("body assignment.id", held), only1("body answers[].answeredQuestion.id", answered),
			only1("body assignment.accessPackageId", pkg), both("accessPackage.id", pkg, instead[0], "accessPackageId"),
			only1("body assignment.assignmentPolicyId", policy), both("assignmentPolicy.id", policy, instead[1], "assignmentPolicyId"),
			only1("body assignment.targetId", target), both("target.id", target, instead[2], "targetId"), both("target.objectId", target, instead[2], "targetId"))}
	}
	about := func(pkg, policy, target string) object {
		return object{"accessPackageId": "{" + pkg + "}", "assignmentPolicyId": "{" + policy + "}", "targetId": "{" + target + "}"}
	}
	known := func(held string, about object) object {
		about["id"] = "{" + held + "}"
		return about
	}
	longer := object{"schedule": object{"expiration": object{"type": "afterDuration", "duration": "P30D"}}}
	refused := place{kind: "assignment", refused: true, wrong: []string{"held", "held2"}}
	otherPolicy, otherPackage := wrong("policy", "policy", "policy3", "policy4"), wrong("package", "package", "package3", "package4")
	otherPerson, otherHeld := wrong("user", "other", "manager", "admin"), wrong("assignment", "held2")
	mine := []string{"package2", "policy2", "member"}
	return []taking{
		ask("reviewer", "userAdd", about("package2", "policy2", "reviewer"), nil, anyHeld, otherPolicy, wrong("user", "other", "member", "admin"), refused, "package2", "policy2", "reviewer"),
		ask("admin", "adminAdd", about("package2", "policy2", "reviewer"), nil, anyHeld, otherPolicy, anyTarget, refused, "package2", "policy2", "reviewer"),
		ask("member", "userRemove", known("held", about("package2", "policy2", "member")), nil, otherPackage, otherPolicy, otherPerson, otherHeld, mine...),
		ask("admin", "adminRemove", known("held", about("package2", "policy2", "member")), nil, otherPackage, otherPolicy, otherPerson, otherHeld, mine...),
		ask("member", "userUpdate", known("held", about("package2", "policy2", "member")), longer, otherPackage, otherPolicy, otherPerson, otherHeld, mine...),
		ask("admin", "adminUpdate", known("held", about("package2", "policy2", "member")), longer, otherPackage, otherPolicy, otherPerson, otherHeld, mine...),
		ask("member", "userUpdate", about("package2", "policy2", "member"), longer, otherPackage, otherPolicy, otherPerson, otherHeld.at("held"), mine...),
		ask("admin", "adminUpdate", about("package2", "policy2", "member"), longer, otherPackage, otherPolicy, otherPerson, otherHeld.at("held"), mine...),
	}
}

func assignmentTakings() []taking {
	held := only1("path assignmentId", free("assignment", "administrators see all assignments, and the path names no package"))
	mine := only1("path assignmentId", wrong("assignment", "held2"))
	user := free("user", anybody).at("member")
	return []taking{
		{op: "GET " + heldPath, ok: 200, ids: map[string]place{
			"filter id": free("assignment", anyRequest).at("held"), "filter target/objectId": user, "filter target/id": user,
			"filter accessPackage/id": free("package", anyPackage).at("package2"), "filter assignmentPolicy/id": free("policy", anyPolicy).at("policy2")}},
		{op: "GET " + heldPath, ok: 200, filter: " and accessPackage/id eq '{package2}'", ids: map[string]place{
			"filter id": wrong("assignment", "held2").at("held"), "filter target/objectId": wrong("user", "other").at("member"), "filter target/id": wrong("user", "other").at("member"),
			"filter accessPackage/id": wrong("package", "package", "package3").at("package2"), "filter assignmentPolicy/id": wrong("policy", "policy", "policy3").at("policy2")}},
		{op: "GET " + exportPath, ok: 200, ids: map[string]place{
			"filter id": free("assignment", anyRequest).at("held"), "filter target/objectId": user, "filter target/id": user,
			"filter accessPackage/id": free("package", anyPackage).at("package2"), "filter assignmentPolicy/id": free("policy", anyPolicy).at("policy2")}},
		{op: "GET " + exportPath, ok: 200, filter: " and accessPackage/id eq '{package2}'", ids: map[string]place{
			"filter id": wrong("assignment", "held2").at("held"), "filter target/objectId": wrong("user", "other").at("member"), "filter target/id": wrong("user", "other").at("member"),
			"filter accessPackage/id": wrong("package", "package", "package3").at("package2"), "filter assignmentPolicy/id": wrong("policy", "policy", "policy3").at("policy2")}},
		{op: "POST " + exportsPath, ok: 202, ids: map[string]place{
			"filter id": free("assignment", anyRequest).at("held"), "filter target/objectId": user, "filter target/id": user,
			"filter accessPackage/id": free("package", anyPackage).at("package2"), "filter assignmentPolicy/id": free("policy", anyPolicy).at("policy2")}},
		{op: "GET " + exportsPath + "/{exportId}", ok: 200, ids: only1("path exportId", wrong("export", "export2").at("export"))},
		{op: "GET " + heldPath + "/{assignmentId}", ok: 200, ids: held},
		{op: "GET " + heldPath + "/{assignmentId}", as: "member", ok: 200, ids: mine},
		{op: "GET " + ours + "/assignments/{assignmentId}/grants", ok: 200, ids: held},
		{op: "GET " + ours + "/assignments/{assignmentId}/grants", as: "member", ok: 200, ids: mine},
		{op: "POST " + heldPath + "/{assignmentId}/reprocess", ok: 202, ids: held},
		{op: "POST " + ours + "/removals/{assignmentId}/close", ok: 409, body: object{"justification": "seen to by hand"}, ids: held},
		{op: "POST " + em + "/accessPackageAssignments/{assignmentId}/reprocess", ok: 202, ids: held},
	}
}

func approvalTakings() []taking {
	const at = approvalPath + "/{assignmentRequestId}"
	request, stage := only1("path assignmentRequestId", wrong("request", "request2", "held2")), only1("path stageId", wrong("stage", "stage2"))
	anyApproval := only1("path assignmentRequestId", free("request", anyRequest))
	return []taking{
		{op: "GET " + at, ok: 200, ids: anyApproval},
		{op: "GET " + at, as: "manager", ok: 200, ids: request},
		{op: "GET " + at + "/stages", ok: 200, ids: anyApproval},
		{op: "GET " + at + "/stages", as: "manager", ok: 200, ids: request},
		{op: "GET " + at + "/stages/{stageId}", ok: 200, ids: places(anyApproval, stage)},
		{op: "GET " + at + "/stages/{stageId}", as: "manager", ok: 200, ids: places(request, stage)},
		{op: "PATCH " + at + "/stages/{stageId}", as: "manager", ok: 204, body: object{"reviewResult": "Approve"}, ids: places(request, stage, only1("body id", wrong("stage", "stage2").at("stage")))},
		{op: "GET " + ourApprovalPath, ok: 200, ids: anyApproval},
		{op: "GET " + ourApprovalPath, as: "manager", ok: 200, ids: request},
		{op: "PATCH " + ourApprovalPath + "/stages/{stageId}", as: "manager", ok: 204, body: object{"reviewResult": "Approve"}, ids: places(request, stage, only1("body id", wrong("stage", "stage2").at("stage")))},
		{op: "GET " + accountsPath, ok: 200, ids: only1("path userId", free("user", anybody))},
		{op: "GET " + accountsPath + "/$count", ok: 200, ids: only1("path userId", free("user", anybody))},
		{op: "GET " + trialPath, ok: 200, ids: map[string]place{"path accessPackageId": free("package", anyPackage), "path userId": free("user", anybody)}},
	}
}
