package portal

import (
	"slices"
	"strings"

	"leasehold/pkg/delivery"
	"leasehold/pkg/entitlement"

	"time"
)

// actor is somebody who comes to the pages.
type actor struct {
	name       string
	role       entitlement.RoleID // delegated; "" for none
	everywhere bool               // it is held in the whole organisation, else in the catalog "own"
}

// actors are everybody who has a session. The person of a half asked for what is in it.
var actors = []actor{
	{name: "admin"}, {name: "member"}, {name: "requestor"}, {name: "other"}, {name: "approver"}, {name: "manager"}, {name: "sponsor"},
	{name: "owner", role: entitlement.CatalogOwner}, {name: "packager", role: entitlement.AccessPackageManager}, {name: "assigner", role: entitlement.AssignmentManager},
	{name: "reader", role: entitlement.CatalogReader}, {name: "creator", role: entitlement.CatalogCreator, everywhere: true},
	{name: "organizer", role: entitlement.OrganizationAdministrator, everywhere: true}, {name: "auditor", role: entitlement.Auditor, everywhere: true},
}

// The halves of the world: one catalog in which roles are held, and one in which they are not.
const (
	own     = "own"
	foreign = "foreign"
)

// persons are who asked for what is in each half.
var persons = map[string]string{own: "requestor", foreign: "other"}

// foreignMark is part of every name in the foreign half.
const foreignMark = "Zweitkatalog"

// filled is a world with everybody, and with something for every page and form in each half.
func (w *fixture) filled() *fixture {
	w.Helper()
	w.ids["admin"], _ = w.api("admin", "GET", "/v1.0/me", nil)["id"].(string)
	for _, a := range append(slices.Clone(actors), actor{name: "disabled"}, actor{name: "extra"}) {
		if a.name != "admin" {
			w.person(a.name, nil)
		}
	}
	for _, p := range []string{"requestor", "other"} {
		w.api("admin", "PUT", "/v1.0/users/"+w.ids[p]+"/manager/$ref", object{"@odata.id": site + "/v1.0/users/" + w.ids["manager"]})
	}
	w.group("askers", w.text("Askers"), "requestor", "other")

	w.half(own, w.text("Ours"))
	w.half(foreign, w.text(foreignMark))
	w.compare(own)
	w.compare(foreign)
	w.clock.Advance(entitlement.OverdueAfter + time.Minute)

	const assigned = "/v1.0/roleManagement/entitlementManagement/roleAssignments"
	for _, a := range actors {
		scopes := []string{"/AccessPackageCatalog/" + w.ids["own.catalog"], "/AccessPackageCatalog/" + w.ids["own.bare"]}
		if a.everywhere {
			scopes = []string{"/"}
		}
		for _, scope := range scopes {
			if a.role != "" {
				w.api("admin", "POST", assigned, object{"principalId": w.ids[a.name], "roleDefinitionId": string(a.role), "appScopeId": scope})
			}
		}
	}
	for _, group := range []string{"own.loose", "own.spare"} { // who offers a group owns it (R172)
		w.api("admin", "POST", "/v1.0/groups/"+w.ids[group]+"/owners/$ref", object{"@odata.id": site + "/v1.0/users/" + w.ids["owner"]})
	}

	w.cookies["disabled"] = w.signIn("disabled")
	w.api("admin", "PATCH", "/v1.0/users/"+w.ids["disabled"], object{"accountEnabled": false})
	for _, a := range actors {
		w.cookies[a.name] = w.signIn(a.name)
	}
	w.send(sent{method: "GET", path: "/approvals", cookie: w.cookies["admin"]}) // makes the signing key
	return w
}

// group adds a group.
func (w *fixture) group(name, shown string, members ...string) {
	w.Helper()
	w.made(name, "admin", "/v1.0/groups", object{"displayName": shown, "mailNickname": strings.ToLower(strings.NewReplacer(" ", "-", ".", "-").Replace(name)), "mailEnabled": false, "securityEnabled": true})
	for _, m := range members {
		w.api("admin", "POST", "/v1.0/groups/"+w.ids[name]+"/members/$ref", object{"@odata.id": site + "/v1.0/users/" + w.ids[m]})
	}
}

// half fills one catalog.
func (w *fixture) half(half, shown string) {
	w.Helper()
	at := func(name string) string { return w.ids[half+"."+name] }
	in := func(name string) string { return half + "." + name }
	person := persons[half]
	w.made(in("catalog"), "admin", em+"/catalogs", object{"displayName": "The catalog of " + shown, "description": shown, "state": "published"})
	w.made(in("bare"), "admin", em+"/catalogs", object{"displayName": "Bare, of " + shown, "description": shown})
	w.made(in("role"), "admin", "/v1.0/roleManagement/entitlementManagement/roleAssignments", object{"principalId": w.ids["extra"], "roleDefinitionId": string(entitlement.CatalogReader), "appScopeId": "/AccessPackageCatalog/" + at("catalog")})
	w.group(in("loose"), "Loose, of "+shown)

	for _, resource := range []string{"group", "spare", "refusing", "keeping"} {
		w.group(in(resource), resource+", of "+shown)
		w.api("admin", "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": at("catalog")}, "resource": object{"originId": at(resource), "originSystem": "AadGroup"}})
		list, _ := w.api("admin", "GET", em+"/catalogs/"+at("catalog")+"/resources?$filter=originId%20eq%20%27"+at(resource)+"%27", nil)["value"].([]any)
		w.ids[in("resource "+resource)], _ = list[0].(object)["id"].(string)
	}
	w.target.refuses[at("refusing")], w.target.keeps[at("keeping")] = true, true

	for _, one := range [][2]string{{"main", "group"}, {"held", "group"}, {"free", "group"}, {"failing", "refusing"}, {"ending", "keeping"}, {"empty", ""}} {
		name, resource := one[0], one[1]
		w.made(in(name), "admin", em+"/accessPackages", object{"displayName": name + ", of " + shown, "description": shown, "catalog": object{"id": at("catalog")}})
		if resource == "" {
			continue
		}
		w.made(in("scope of "+name), "admin", em+"/accessPackages/"+at(name)+"/resourceRoleScopes", object{
			"role":  object{"originId": "Member_" + at(resource), "originSystem": "AadGroup", "resource": object{"id": at("resource " + resource), "originId": at(resource), "originSystem": "AadGroup"}},
			"scope": object{"originId": at(resource), "originSystem": "AadGroup", "isRootScope": true}})
		w.made(in("policy of "+name), "admin", em+"/assignmentPolicies", w.policy(at(name), shown, name == "main"))
	}

	edits := &delivery.FanOut{Store: w.store, Bulk: silent{}, JobQueue: silent{}, Clock: w.clock, Log: w.worker.Log}
	for _, name := range []string{"main", "held", "free", "failing", "ending"} {
		for generation := range int64(3) { // no edit is left on its way
			if err := edits.Run(w.Context(), entitlement.PackageID(at(name)), generation+1); err != nil {
				w.Fatal(err)
			}
		}
	}

	asks := func(name, pkg string) {
		w.clock.Advance(time.Second) // so that lists have one order
		policy, err := w.store.Policy(w.Context(), entitlement.PolicyID(at("policy of "+pkg)))
		if err != nil {
			w.Fatal(err)
		}
		answers := []object{{"@odata.type": "#microsoft.graph.accessPackageAnswerString", "value": "Because of " + shown, "answeredQuestion": object{"id": string(policy.Questions[0].ID)}}}
		w.made(in(name), person, em+"/assignmentRequests", object{"requestType": "userAdd", "justification": "why " + shown, "answers": answers,
			"assignment": object{"accessPackageId": at(pkg), "assignmentPolicyId": at("policy of " + pkg)}})
	}
	asks("request", "main")
	asks("assignment", "held")
	asks("broken", "failing")
	asks("ended", "ending")
	w.administered(half)
	w.deliver(person)
	w.waiting(half)
	w.api("admin", "POST", em+"/assignmentRequests", object{"requestType": "adminRemove", "assignment": object{"id": at("ended")}})
	w.deliver(person)
}

// policy is one for those who ask; decided: an approver and the manager are asked.
func (w *fixture) policy(pkg, shown string, decided bool) object {
	p := object{"displayName": "Policy of " + shown, "description": shown, "accessPackage": object{"id": pkg}, "allowedTargetScope": "specificDirectoryUsers",
		"specificAllowedTargets": []object{{"@odata.type": "#microsoft.graph.groupMembers", "groupId": w.ids["askers"]}},
		"requestorSettings": object{"enableTargetsToSelfAddAccess": true, "enableTargetsToSelfUpdateAccess": true, "enableTargetsToSelfRemoveAccess": true,
			"enableOnBehalfRequestorsToAddAccess": true, "enableOnBehalfRequestorsToUpdateAccess": true, "enableOnBehalfRequestorsToRemoveAccess": true,
			"onBehalfRequestors": []object{{"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1}}},
		"expiration": object{"type": "afterDuration", "duration": "P30D"},
		"questions": []object{{"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "What for, says " + shown, "isAnswerEditable": true},
			{"@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion", "text": "Which, says " + shown, "choices": []object{{"actualValue": "a", "text": "One of " + shown}, {"actualValue": "b", "text": "Two of " + shown}}}}}
	if decided {
		p["requestApprovalSettings"] = object{"isApprovalRequiredForAdd": true, "stages": []object{{"durationBeforeAutomaticDenial": "P14D",
			"primaryApprovers": []object{{"@odata.type": "#microsoft.graph.singleUser", "userId": w.ids["approver"]},
				{"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}},
			"fallbackPrimaryApprovers": []object{{"@odata.type": "#microsoft.graph.singleUser", "userId": w.ids["approver"]}}}}}
	}
	return p
}
