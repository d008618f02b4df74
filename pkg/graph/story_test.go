package graph

import (
	"strings"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
)

func TestStory_AskedApprovedHeldAndEnded(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))

	offered := w.call("member", "GET", packagePath+"/filterByCurrentUser(on='allowedRequestor')?$expand=catalog", nil).one()
	if dig(offered, "id") != w.ids["package"] || dig(offered, "catalog.displayName") != "Catalog" {
		t.Errorf("offered: %v", offered)
	}
	needs := w.call("member", "POST", packagePath+"/"+w.ids["package"]+"/getApplicablePolicyRequirements", nil).one()
	if dig(needs, "policyId") != w.ids["policy"] || needs["isApprovalRequiredForAdd"] != true {
		t.Errorf("needs: %v", needs)
	}

	asked := w.call("member", "POST", requestPath, object{"requestType": "userAdd", "justification": "I sell", "assignment": object{
		"targetId": w.ids["member"], "accessPackageId": w.ids["package"], "assignmentPolicyId": w.ids["policy"]}}).want(201)
	id := asked.get("id")
	if asked.get("state") != "submitted" || asked.get("status") != "Accepted" || asked.header.Get("Location") != publicURL+requestPath+"/"+id {
		t.Errorf("R107: %s, at %s", asked.text, asked.header.Get("Location"))
	}
	if got := w.call("member", "GET", requestPath+"/"+id, nil).want(200); got.get("state") != "pendingApproval" || got.get("status") != "PendingApproval" {
		t.Errorf("waiting: %s", got.text)
	}

	waiting := w.call("manager", "GET", approvalPath+"/filterByCurrentUser(on=%27approver%27)", nil).one()
	if dig(waiting, "id") != id {
		t.Errorf("the manager decides on %v", waiting)
	}
	stage := w.call("manager", "GET", approvalPath+"/"+id+"/stages", nil).one()
	if stage["status"] != "InProgress" || stage["reviewResult"] != "NotReviewed" || stage["assignedToMe"] != true {
		t.Errorf("stage: %v", stage)
	}
	at := approvalPath + "/" + id + "/stages/" + dig(stage, "id")
	w.call("manager", "PATCH", at, object{"reviewResult": "Approve", "justification": "fine"}).want(204)
	decided := w.call("member", "GET", at, nil).want(200)
	if decided.get("status") != "Completed" || decided.get("reviewResult") != "Approved" || decided.get("reviewedBy.displayName") != "Manager" {
		t.Errorf("decided: %s", decided.text)
	}

	held := w.call("member", "GET", heldPath+"/filterByCurrentUser(on='target')?$expand=accessPackage,target", nil).one()
	if dig(held, "state") != "delivering" || dig(held, "accessPackage.id") != w.ids["package"] || dig(held, "target.objectId") != w.ids["member"] {
		t.Errorf("held: %v", held)
	}
	if end := w.clock.Now().AddDate(0, 0, 30).Format("2006-01-02T15:04:05.0000000Z"); !strings.HasPrefix(end, dig(held, "schedule.expiration.endDateTime")[:26]) {
		t.Errorf("it ends %s, want %s", dig(held, "schedule.expiration.endDateTime"), end)
	}
	grant := w.call("admin", "GET", ours+"/assignments/"+id+"/grants", nil).one()
	if dig(grant, "resource.originId") != w.ids["sales"] || grant["owed"] != true || dig(grant, "presence") == "" {
		t.Errorf("grant: %v", grant)
	}

	removal := w.call("member", "POST", requestPath, object{"requestType": "userRemove", "assignment": object{"id": id}}).want(201)
	ended := w.call("admin", "GET", heldPath+"/"+id, nil).want(200)
	if ended.get("state") != "expired" || ended.get("status") != "Removing" || ended.get("expiredDateTime") == "" {
		t.Errorf("ended: %s", ended.text)
	}
	all := w.call("member", "GET", requestPath+"/filterByCurrentUser(on='target')?$expand=assignment($expand=target),requestor", nil).values()
	if len(all) != 2 {
		t.Fatalf("%d requests, want the asking and the removal %s", len(all), removal.get("id"))
	}
	for _, r := range all {
		if dig(r, "assignment.id") != id || dig(r, "assignment.target.displayName") != "Member" || dig(r, "requestor.principalName") != "member@example.com" {
			t.Errorf("request: %v", r)
		}
	}
}

func TestStory_AdministratorsAssignAndRemove(t *testing.T) {
	w := newFixture(t)
	w.offer(object{"expiration": object{"type": "noExpiration"}})
	made := w.call("robot", "POST", requestPath, object{"requestType": "AdminAdd", "accessPackageAssignment": object{
		"target": object{"objectId": w.ids["other"]}, "assignmentPolicy": object{"id": w.ids["policy"]}, "accessPackage": object{"id": w.ids["package"]}}}).want(201)
	for _, filter := range []string{
		"accessPackage/Id eq '" + w.ids["package"] + "' and state eq 'Delivering'",
		"target/objectid eq '" + w.ids["other"] + "'",
		"assignmentPolicy/id eq '" + w.ids["policy"] + "' and not (state eq 'expired')",
		"id eq '" + strings.ToUpper(made.get("id")) + "'",
		"state ne 'expired'",
	} {
		found := w.call("admin", "GET", filtered(heldPath, filter)+"&$expand=target,assignmentPolicy,accessPackage($expand=resourceRoleScopes($expand=role($expand=resource),scope))", nil).one()
		if dig(found, "id") != made.get("id") || dig(found, "assignmentPolicy.displayName") != "Policy" {
			t.Errorf("%s: %v", filter, found)
		}
		scope := found["accessPackage"].(object)["resourceRoleScopes"].([]any)[0]
		if dig(scope, "role.resource.originId") != w.ids["sales"] || dig(scope, "scope.isRootScope") != "true" || dig(scope, "role.originId") != "Member_"+w.ids["sales"] {
			t.Errorf("role scope: %v", scope)
		}
	}
	if n := len(w.call("admin", "GET", filtered(heldPath, "state eq 'delivered'"), nil).values()); n != 0 {
		t.Errorf("%d delivered", n)
	}
	w.call("admin", "POST", requestPath, object{"requestType": "adminRemove", "assignment": object{"id": made.get("id")}}).want(201)
	w.call("admin", "POST", requestPath, object{"requestType": "adminRemove", "assignment": object{"id": made.get("id")}}).want(409)
	if n := len(w.call("admin", "GET", filtered(requestPath, "accessPackage/id eq '"+w.ids["package"]+"'")+"&$expand=assignment", nil).values()); n != 2 {
		t.Errorf("%d requests of the package", n)
	}
}

func TestStory_CancelAndAskAgain(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	id := w.ask("member")
	w.call("member", "POST", requestPath+"/"+id+"/cancel", nil).want(204)
	w.call("member", "POST", requestPath+"/"+id+"/cancel", nil).want(409)
	if got := w.call("member", "GET", requestPath+"/"+id, nil).want(200); got.get("state") != "canceled" {
		t.Errorf("canceled: %s", got.text)
	}
	if again := w.ask("member"); again == id {
		t.Error("the same request came back")
	}
}

func TestStory_OwnersManageTheirCatalog(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	catalog, pkg, policy := em+"/catalogs/"+w.ids["catalog"], packagePath+"/"+w.ids["package"], em+"/assignmentPolicies/"+w.ids["policy"]

	w.call("admin", "PATCH", catalog, object{"description": "what sales needs", "state": "Unpublished", "catalogType": "userManaged"}).want(204)
	got := w.call("admin", "GET", catalog+"?$expand=accessPackages,resources($expand=roles,scopes,environment)", nil).want(200)
	if got.get("state") != "unpublished" || got.get("displayName") != "Catalog" || len(got.body["accessPackages"].([]any)) != 1 {
		t.Errorf("catalog: %s", got.text)
	}
	resource := got.body["resources"].([]any)[0].(object)
	if len(resource["roles"].([]any)) != 2 || len(resource["scopes"].([]any)) != 1 || dig(resource, "environment.isDefaultEnvironment") != "true" {
		t.Errorf("resource: %v", resource)
	}
	roles := w.call("admin", "GET", filtered(catalog+"/resourceRoles", "(originSystem eq 'AadGroup' and resource/id eq '"+dig(resource, "id")+"')")+"&$expand=resource", nil).values()
	if len(roles) != 2 || dig(roles[0], "resource.id") != dig(resource, "id") {
		t.Errorf("roles: %v", roles)
	}

	w.call("admin", "PATCH", pkg, object{"isHidden": true, "@odata.context": "x"}).want(204)
	if n := len(w.call("admin", "GET", filtered(packagePath, "contains(tolower(displayname),'pack') and isHidden eq true")+"&$expand=assignmentpolicies,catalog&$count=true", nil).values()); n != 1 {
		t.Errorf("%d hidden packages", n)
	}
	full := w.call("admin", "GET", policy+"?$expand=accessPackage", nil).want(200)
	full.body["displayName"], full.body["expiration"] = "Replaced", object{"type": "noExpiration", "duration": nil, "endDateTime": nil}
	if put := w.call("admin", "PUT", policy, full.body).want(200); put.get("displayName") != "Replaced" || put.get("expiration.type") != "noExpiration" {
		t.Errorf("replaced: %s", put.text)
	}
	if n := len(w.call("admin", "GET", filtered(em+"/assignmentPolicies", "accessPackage/id eq '"+w.ids["package"]+"'"), nil).values()); n != 1 {
		t.Errorf("%d policies of the package", n)
	}

	scope := w.call("admin", "GET", pkg+"/resourceRoleScopes?$expand=role,scope", nil).one()
	w.call("admin", "DELETE", pkg+"/resourceRoleScopes/"+dig(scope, "id"), nil).want(204)
	w.call("admin", "DELETE", pkg+"/resourceRoleScopes/"+dig(scope, "id"), nil).want(404)
	w.call("admin", "POST", em+"/resourceRequests", object{"requestType": "AdminRemove", "catalog": object{"id": w.ids["catalog"]}, "resource": object{"id": dig(resource, "id")}}).want(201)
	w.call("admin", "DELETE", policy, nil).want(204)
	w.call("admin", "DELETE", catalog, nil).want(409)
	w.call("admin", "DELETE", pkg, nil).want(204)
	w.call("admin", "DELETE", catalog, nil).want(204)
	w.call("admin", "GET", catalog, nil).want(404)
}

func TestStory_Connectors(t *testing.T) {
	w := newFixture(t)
	made := w.call("admin", "POST", ours+"/connectors", object{"displayName": "CRM", "kind": "scim", "url": "https://crm.example.com/scim", "correlationKeys": []string{"userName"},
		"resourceManagers": []string{w.ids["manager"]}, "credential": "geheim"}).want(201)
	at := ours + "/connectors/" + made.get("id")
	w.call("admin", "PATCH", at, object{"displayName": "Customers", "credential": "noch geheimer"}).want(204)
	got := w.call("admin", "GET", at, nil).want(200)
	if got.get("displayName") != "Customers" || got.get("url") != "https://crm.example.com/scim" || got.get("correlationKeys") != `["userName"]` {
		t.Errorf("connector: %s", got.text)
	}
	if got.get("readBack") != "required" || got.get("removalForm") != "memberPath" || got.get("writes") != "serial" {
		t.Errorf("by default: %s", got.text)
	}
	w.call("admin", "PATCH", at, object{"readBack": "unconfirmed", "removalForm": "valueList", "writes": "concurrent"}).want(204)
	w.call("admin", "PATCH", at, object{"writes": "serial"}).want(204)
	if got := w.call("admin", "GET", at, nil); got.get("readBack") != "unconfirmed" || got.get("removalForm") != "valueList" || got.get("writes") != "serial" {
		t.Errorf("set: %s", got.text)
	}
	for _, bad := range []object{{"readBack": "none"}, {"removalForm": ""}, {"writes": nil}, {"writes": true}} {
		w.call("admin", "PATCH", at, bad).want(400)
	}
	for _, who := range []string{"manager", "member"} {
		w.call(who, "GET", at, nil).want(403)
		w.call(who, "PATCH", at, object{"readBack": "unconfirmed"}).want(403)
		if seen := w.call(who, "GET", filtered(em+"/resourceEnvironments", "originSystem eq 'Scim'"), nil); strings.Contains(seen.text, "unconfirmed") {
			t.Errorf("A6: %s sees the settings of a connector: %s", who, seen.text)
		}
	}
	if strings.Contains(made.text+got.text+w.log.String(), "geheim") {
		t.Error("S20: the credential can be read")
	}
	if n := len(w.call("admin", "GET", ours+"/connectors", nil).values()); n != 1 {
		t.Errorf("%d connectors", n)
	}
	if e := w.call("admin", "GET", filtered(em+"/resourceEnvironments", "originSystem eq 'Scim'"), nil).one(); dig(e, "id") != made.get("id") || dig(e, "connectionInfo.url") == "" {
		t.Errorf("environment: %v", e)
	}
	w.call("admin", "GET", em+"/resourceEnvironments", nil).want(400)
	w.call("admin", "PATCH", ours+"/connectors/"+string(entitlement.BuiltinConnector), object{"displayName": "x"}).want(422)

	// Another address needs the credential again, so that the old one is not sent there.
	moved := w.call("admin", "PATCH", at, object{"url": "https://evil.example.com/scim"}).want(422)
	if !strings.Contains(moved.get("error.message"), "send credential with them") || w.call("admin", "GET", at, nil).get("url") != "https://crm.example.com/scim" {
		t.Errorf("moved: %s", moved.text)
	}
	w.call("admin", "PATCH", at, object{"url": "https://crm2.example.com/scim", "credential": "am geheimsten"}).want(204)

	catalog := w.call("admin", "POST", em+"/catalogs", object{"displayName": "Catalog"}).want(201).get("id")
	crm := object{"originId": "crm", "originSystem": "Scim", "environment": object{"id": made.get("id")}}
	w.call("admin", "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog}, "resource": crm}).want(201)
	if used := w.call("admin", "DELETE", at, nil).want(409); !strings.Contains(used.get("error.message"), "such as Group crm in the catalog Catalog") {
		t.Errorf("in use: %s", used.text)
	}
	w.call("admin", "POST", em+"/resourceRequests", object{"requestType": "adminRemove", "catalog": object{"id": catalog}, "resource": crm}).want(201)
	w.call("admin", "DELETE", at, nil).want(409)
	w.clock.Advance(time.Hour)
	w.call("admin", "DELETE", at, nil).want(204)
	w.call("admin", "GET", at, nil).want(404)
	w.call("admin", "DELETE", at, nil).want(404)
}

func TestStory_PeopleAndGroups(t *testing.T) {
	w := newFixture(t)
	member := "/v1.0/users/" + w.ids["member"]
	w.call("admin", "PATCH", member, object{"jobTitle": "Account executive", "employeeId": "E7", "mail": nil}).want(204)
	got := w.call("member", "GET", "/v1.0/me?$select=jobTitle,employeeId,mail", nil).want(200)
	if got.get("jobTitle") != "Account executive" || got.get("employeeId") != "E7" || got.get("mail") != "" || got.get("id") != w.ids["member"] || got.get("surname") != "" {
		t.Errorf("me: %s", got.text)
	}
	if _, shown := got.body["displayName"]; shown {
		t.Errorf("$select shows more: %s", got.text)
	}
	w.call("admin", "GET", "/v1.0/users/member@example.com", nil).want(200)
	if m := w.call("admin", "GET", member+"/manager", nil).want(200); m.get("id") != w.ids["manager"] || m.body["@odata.type"] != "#microsoft.graph.user" {
		t.Errorf("manager: %s", m.text)
	}
	w.call("admin", "DELETE", member+"/manager/$ref", nil).want(204)
	w.call("admin", "GET", member+"/manager", nil).want(404)
	for filter, want := range map[string]int{
		"userPrincipalName eq 'MEMBER@example.com'":                                                 1,
		"department eq 'sales' and accountEnabled eq false":                                         1,
		"identities/any(i:i/issuerAssignedId eq 'member' and i/issuer eq 'https://id.example.com')": 1,
		"startswith(displayName,'M')":                                                               2,
		"id eq " + w.ids["other"]:                                                                   1,
		"id eq '" + sampleID + "'":                                                                  0,
		"createdDateTime ge 2026-03-01T00:00:00Z and createdDateTime lt " + w.clock.Now().Add(1e9).Format(time.RFC3339): 7,
	} {
		if n := len(w.call("admin", "GET", filtered("/v1.0/users", filter), nil).values()); n != want {
			t.Errorf("%s: %d users, want %d", filter, n, want)
		}
	}

	members := "/v1.0/groups/" + w.ids["sales"] + "/members"
	w.join("sales", "member")
	twice := w.call("admin", "POST", members+"/$ref", object{"@odata.id": "https://elsewhere.example.com/v1.0/users/" + w.ids["member"]}).want(400)
	if twice.get("error.message") != "One or more added object references already exist for the following modified properties: 'members'." {
		t.Errorf("twice: %s", twice.text)
	}
	if w.call("admin", "GET", members, nil).one()["displayName"] != "Member" || w.call("admin", "GET", member+"/memberOf", nil).one()["displayName"] != "sales" {
		t.Error("not a member")
	}
	w.call("admin", "DELETE", members+"/$ref?@id="+publicURL+"/v1.0/directoryObjects/"+w.ids["member"], nil).want(204)
	w.call("admin", "DELETE", members+"/"+w.ids["member"]+"/$ref", nil).want(404)
	w.call("admin", "POST", members+"/$ref", object{"@odata.id": "/v1.0/users/" + sampleID}).want(404)
	owners := "/v1.0/groups/" + w.ids["sales"] + "/owners"
	w.call("admin", "POST", owners+"/$ref", object{"@odata.id": "/v1.0/users/" + w.ids["manager"]}).want(204)
	if dig(w.call("admin", "GET", owners, nil).one(), "id") != w.ids["manager"] {
		t.Error("not the owner")
	}
	w.call("admin", "DELETE", owners+"/"+w.ids["manager"]+"/$ref", nil).want(204)
}
