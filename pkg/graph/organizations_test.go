package graph

import (
	"fmt"
	"leasehold/pkg/catalogs"
	"os"
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// typeOf returns the @odata.type of an entity.
func typeOf(v any) any { return v.(object)["@odata.type"] }

func tenant(name, id string) object {
	return object{"displayName": name, "description": "", "identitySources": []object{{"@odata.type": "#microsoft.graph.azureActiveDirectoryTenant", "displayName": name, "tenantId": id}}}
}

func TestR134_AConnectedOrganizationHasOneIdentitySourceAndSponsors_R147_KeptByAdministrators(t *testing.T) {
	w := newFixture(t)
	made := w.call("admin", "POST", organizationsPath+"/", tenant("Contoso", "c0ffee")).want(201)
	path := organizationsPath + "/" + made.get("id")
	source := made.body["identitySources"].([]any)[0]
	if made.get("state") != "configured" || typeOf(source) != "#microsoft.graph.azureActiveDirectoryTenant" || dig(source, "tenantId") != "c0ffee" {
		t.Errorf("R135: %s", made.text)
	}
	if got := w.call("admin", "POST", organizationsPath, tenant("Again", "C0FFEE")).want(409); got.get("error.code") != "nameAlreadyExists" {
		t.Errorf("the same tenant twice: %s", got.text)
	}
	w.call("admin", "POST", organizationsPath, object{"displayName": "None", "identitySources": []object{}}).want(400)
	w.call("admin", "POST", organizationsPath, object{"displayName": "Wrong", "identitySources": []object{{"@odata.type": "#microsoft.graph.domainIdentitySource", "tenantId": "x"}}}).want(400)

	patched := w.call("admin", "PATCH", path, object{"displayName": "Contoso Ltd", "state": "Proposed"}).want(202)
	if patched.get("displayName") != "Contoso Ltd" || patched.get("state") != "proposed" {
		t.Errorf("changed: %s", patched.text)
	}
	w.call("admin", "PATCH", path, object{"identitySources": tenant("x", "another")["identitySources"]}).want(400)
	w.call("admin", "PATCH", path, patched.body).want(202) // clients put back what they read

	guest := w.call("admin", "POST", "/v1.0/users", object{"displayName": "Guest", "userPrincipalName": "guest@example.com", "userType": "Guest"}).want(201).get("id")
	add := func(list, address string) reply {
		return w.call("admin", "POST", path+"/"+list+"/$ref", object{"@odata.id": publicURL + "/v1.0" + address})
	}
	add("internalSponsors", "/users/"+w.ids["member"]).want(204)
	add("internalSponsors", "/groups/"+w.ids["sales"]).want(204)
	add("externalSponsors", "/directoryObjects/"+guest).want(204)
	add("internalSponsors", "/users/"+guest).want(400)
	add("externalSponsors", "/users/"+w.ids["member"]).want(400)
	add("internalSponsors", "/users/"+w.ids["member"]).want(400) // already
	add("internalSponsors", "/users/"+w.ids["disabled"]).want(422)
	add("internalSponsors", "/groups/"+w.ids["member"]).want(404)
	expanded := w.call("admin", "GET", path+"?$expand=internalSponsors,externalSponsors", nil).want(200)
	inside := expanded.body["internalSponsors"].([]any)
	if len(inside) != 2 || typeOf(inside[0]) != "#microsoft.graph.user" || typeOf(inside[1]) != "#microsoft.graph.group" || len(expanded.body["externalSponsors"].([]any)) != 1 {
		t.Errorf("sponsors: %s", expanded.text)
	}
	if n := len(w.call("admin", "GET", path+"/internalSponsors", nil).values()); n != 2 {
		t.Errorf("%d internal sponsors", n)
	}
	w.call("admin", "DELETE", path+"/internalSponsors/"+w.ids["sales"]+"/$ref", nil).want(204)
	w.call("admin", "DELETE", path+"/internalSponsors/"+w.ids["sales"]+"/$ref", nil).want(404)
	w.call("admin", "DELETE", path+"/externalSponsors/$ref?@id="+publicURL+"/v1.0/users/"+guest, nil).want(204)
	w.verifies(entitlement.OfOrganization, made.get("id"), "sponsorRemoved")

	for _, who := range []string{"member", "admin/" + scopeSubject} {
		w.call(who, "GET", path, nil).want(403) // R147
	}
	w.call("admin", "DELETE", path, nil).want(204)
	w.call("admin", "GET", path, nil).want(404)
	w.call("admin", "POST", organizationsPath, tenant("Again", "c0ffee")).want(201) // its source is free again
	w.verifies(entitlement.OfOrganization, made.get("id"), "deleted")
}

func TestR30_APolicyIsForPeopleInsideOrOutsideAndNeverForBoth(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	organization := w.call("admin", "POST", organizationsPath, tenant("Contoso", "c0ffee")).want(201).get("id")
	theirs := object{"@odata.type": "#microsoft.graph.connectedOrganizationMembers", "connectedOrganizationId": organization, "description": "Contoso"}
	one := object{"@odata.type": "#microsoft.graph.singleUser", "userId": w.ids["member"]}
	made := 0
	post := func(scope string, targets ...object) reply {
		p := open()
		made++
		p["displayName"], p["accessPackage"], p["allowedTargetScope"], p["specificAllowedTargets"] = fmt.Sprintf("External %d", made), object{"id": w.ids["package"]}, scope, targets
		return w.call("admin", "POST", em+"/assignmentPolicies", p)
	}
	post("specificConnectedOrganizationUsers", theirs, one).want(400)
	post("specificDirectoryUsers", one, theirs).want(400)
	post("specificConnectedOrganizationUsers").want(400)
	post("allConfiguredConnectedOrganizationUsers", theirs).want(400)
	if got := post("specificConnectedOrganizationUsers", object{"@odata.type": "#microsoft.graph.connectedOrganizationMembers", "connectedOrganizationId": sampleID}).want(400); !strings.Contains(got.text, "no such connected organization") {
		t.Errorf("one that is not there: %s", got.text)
	}

	// Of the three for people outside nobody inside may ask.
	w.call("admin", "DELETE", em+"/assignmentPolicies/"+w.ids["policy"], nil).want(204)
	for _, scope := range []string{"allConfiguredConnectedOrganizationUsers", "allExternalUsers"} {
		post(scope).want(201)
	}
	kept := post("specificConnectedOrganizationUsers", theirs).want(201)
	read := w.call("admin", "GET", em+"/assignmentPolicies/"+kept.get("id"), nil).want(200)
	if target := read.body["specificAllowedTargets"].([]any)[0]; dig(target, "connectedOrganizationId") != organization || dig(target, "description") != "Contoso" {
		t.Errorf("kept: %s", read.text)
	}
	w.call("member", "POST", requestPath, object{"requestType": "userAdd", "assignment": object{"accessPackageId": w.ids["package"]}}).want(422)
	if n := len(w.call("member", "GET", packagePath+"/filterByCurrentUser(on='allowedRequestor')", nil).values()); n != 0 {
		t.Errorf("%d packages for one inside", n)
	}
	if got := w.call("admin", "DELETE", organizationsPath+"/"+organization, nil).want(409); !strings.Contains(got.text, "External") {
		t.Errorf("one that a policy names: %s", got.text)
	}
	w.call("admin", "DELETE", em+"/assignmentPolicies/"+kept.get("id"), nil).want(204)
	w.call("admin", "DELETE", organizationsPath+"/"+organization, nil).want(204)
}

func TestSettingsAreKeptAndSayWhatIsInactive(t *testing.T) {
	w := newFixture(t)
	at := em + "/settings"
	first := w.call("admin", "GET", at, nil).want(200)
	if first.get("id") != "singleton" || first.get("externalUserLifecycleAction") != "blockSignInAndDelete" || first.get("durationUntilExternalUserDeletedAfterBlocked") != "P30D" {
		t.Errorf("at first: %s", first.text)
	}
	if got := w.call("admin", "PATCH", at, object{"externalUserLifecycleAction": "None", "durationUntilExternalUserDeletedAfterBlocked": "PT0S"}).want(204); got.text != "" {
		t.Errorf("a body: %s", got.text)
	}
	now := w.call("admin", "GET", at, nil).want(200)
	if now.get("externalUserLifecycleAction") != "none" || now.get("durationUntilExternalUserDeletedAfterBlocked") != "PT0S" {
		t.Errorf("changed: %s", now.text)
	}
	w.call("admin", "PATCH", at, object{"externalUserLifecycleAction": "burn"}).want(400)
	w.call("member", "GET", at, nil).want(403)
	w.verifies(entitlement.OfSettings, entitlement.SettingsObject, "updated")

	if got := w.call("admin", "PUT", endUserPath, object{"@odata.type": "#microsoft.graph.endUserSettings", "relatedPeopleInsightLevel": "countAndNames", "showApproverDetailsToMembers": true}).want(200); got.get("modifiedBy") != w.ids["admin"] {
		t.Errorf("end users: %s", got.text)
	}
	if got := w.call("admin", "GET", em+"/controlConfigurations", nil).one(); dig(got, "relatedPeopleInsightLevel") != "countAndNames" || typeOf(got) != "#microsoft.graph.endUserSettings" {
		t.Errorf("end users: %v", got)
	}
	if got := w.call("admin", "PATCH", endUserPath, object{"showApproverDetailsToMembers": false}).want(200); got.get("showApproverDetailsToMembers") != "false" || got.get("relatedPeopleInsightLevel") != "countAndNames" {
		t.Errorf("end users: %s", got.text)
	}
	if got := w.call("admin", "PUT", endUserPath, object{"relatedPeopleInsightLevel": "count"}).want(200); got.get("showApproverDetailsToMembers") != "true" {
		t.Errorf("end users, replaced: %s", got.text)
	}
	w.call("admin", "PATCH", endUserPath, object{"isEnabled": false}).want(400) // nothing would hide what they may ask for

	all := w.call("admin", "GET", ours+"/settings", nil).want(200)
	for _, word := range []string{"externalUserLifecycleAction", "durationUntilExternalUserDeletedAfterBlocked", "allExternalUsers", "Custom extensions are not called"} {
		if !strings.Contains(all.text, word) {
			t.Errorf("inactive does not name %s: %s", word, all.text)
		}
	}
}

func TestR131_APackageHasALinkAlsoWhenItIsHidden(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	w.call("admin", "PATCH", packagePath+"/"+w.ids["package"], object{"isHidden": true}).want(204)
	got := w.call("admin", "GET", ours+"/accessPackages/"+w.ids["package"]+"/link", nil).want(200)
	if got.get("url") != publicURL+"/portal/packages/"+w.ids["package"] {
		t.Errorf("the link: %s", got.text)
	}
	w.call("admin", "GET", ours+"/accessPackages/"+sampleID+"/link", nil).want(404)
	w.call("member", "GET", ours+"/accessPackages/"+w.ids["package"]+"/link", nil).want(403)
}

func TestR146_AGuestIsGovernedOrNot(t *testing.T) {
	w := newFixture(t)
	guest := w.call("admin", "POST", "/v1.0/users", object{"displayName": "Guest", "userPrincipalName": "guest@example.com", "userType": "Guest"}).want(201).get("id")
	at := func(id string) string { return em + "/subjects(objectId='" + id + "')" }
	if got := w.call("admin", "GET", at(guest), nil).want(200); got.get("objectId") != guest || got.get("subjectLifecycle") != "notDefined" || got.get("subjectType") != "user" {
		t.Errorf("at first: %s", got.text)
	}
	w.call("admin", "PATCH", at(guest), object{"subjectLifecycle": "Governed"}).want(204)
	if got := w.call("admin", "GET", strings.ReplaceAll(at(guest), "'", "%27"), nil).want(200); got.get("subjectLifecycle") != "governed" {
		t.Errorf("governed: %s", got.text)
	}
	w.call("admin", "PATCH", at(guest), object{"subjectLifecycle": "notDefined"}).want(400)
	w.call("admin", "PATCH", at(w.ids["member"]), object{"subjectLifecycle": "governed"}).want(422)
	w.call("admin", "PATCH", at(sampleID), object{"subjectLifecycle": "governed"}).want(404)
	w.call("member", "GET", at(guest), nil).want(403)
	w.verifies(entitlement.OfUser, guest, "updated")
}

// waiting is an extension that a process would wait for.
func waiting(name string) object {
	x := extensionNamed(name)
	x["callbackConfiguration"] = object{"@odata.type": "#microsoft.graph.customExtensionCallbackConfiguration", "durationBeforeTimeout": "PT1H"}
	return x
}

func TestR202_AnExtensionBelongsToACatalog_R203_R204_AndFitsItsStage_R205_R206_AndNothingWaitsForIt(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	at := em + "/catalogs/" + w.ids["catalog"] + "/customWorkflowExtensions"
	asked := object{"value": extensionNamed("Asked")}
	made := w.call("admin", "POST", at, asked).want(201) // as a documented example writes it
	if typeOf(made.body) != "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension" || made.get("endpointConfiguration.logicAppWorkflowName") != "flow" || made.body["value"] != nil {
		t.Errorf("made: %s", made.text)
	}
	before := w.call("admin", "POST", at, object{"@odata.type": "#microsoft.graph.accessPackageAssignmentWorkflowExtension", "displayName": "Before the end",
		"endpointConfiguration": extensionNamed("")["endpointConfiguration"], "authenticationConfiguration": object{"@odata.type": "#microsoft.graph.azureAdTokenAuthentication", "resourceId": "api"},
		"clientConfiguration": object{"timeoutInMilliseconds": 1500, "maximumRetries": 1}}).want(201)
	if before.get("authenticationConfiguration.resourceId") != "api" || before.get("clientConfiguration.timeoutInMilliseconds") != "1500" {
		t.Errorf("made: %s", before.text)
	}
	late := waiting("Late")
	late["@odata.type"] = "#microsoft.graph.accessPackageAssignmentWorkflowExtension"
	w.call("admin", "POST", at, late).want(400) // R204
	long := waiting("Long")
	long["callbackConfiguration"] = object{"timeoutDuration": "P15D"}
	w.call("admin", "POST", at, long).want(400) // R206
	waits := w.call("admin", "POST", at, waiting("Waits")).want(201)
	if waits.get("callbackConfiguration.timeoutDuration") != "PT1H" {
		t.Errorf("waits: %s", waits.text)
	}

	put := func(stages ...object) reply {
		p := open()
		p["displayName"], p["accessPackage"], p["customExtensionStageSettings"] = "Policy", object{"id": w.ids["package"]}, stages
		return w.call("admin", "PUT", em+"/assignmentPolicies/"+w.ids["policy"], p)
	}
	stage := func(stage, extension string) object {
		return object{"stage": stage, "customExtension": object{"id": extension}}
	}
	if got := put(stage("assignmentRequestCreated", waits.get("id"))).want(501); got.get("error.code") != "notSupported" {
		t.Errorf("R205 one that requests would wait for: %s", got.text)
	}
	put(stage("assignmentOneDayBeforeExpiration", made.get("id"))).want(400) // R203
	put(stage("assignmentRequestGranted", before.get("id"))).want(400)
	put(stage("assignmentRequestGranted", sampleID)).want(400)
	put(stage("assignmentRequestGranted", made.get("id")), stage("assignmentRequestGranted", made.get("id"))).want(400)
	put(stage("assignmentRequestGranted", made.get("id")), stage("assignmentOneDayBeforeExpiration", before.get("id"))).want(200)
	shown := w.call("admin", "GET", em+"/assignmentPolicies/"+w.ids["policy"]+"?$expand=customExtensionStageSettings($expand=customExtension)", nil).want(200)
	list := w.call("admin", "GET", em+"/assignmentPolicies/"+w.ids["policy"]+"/customExtensionStageSettings?$expand=customExtension", nil).values()
	for _, stages := range [][]any{shown.body["customExtensionStageSettings"].([]any), list} {
		if len(stages) != 2 || dig(stages[0], "stage") != "assignmentRequestGranted" || dig(stages[0], "customExtension.displayName") != "Asked" {
			t.Errorf("shown: %v", stages)
		}
	}

	// What a policy has called does not come to be waited for, nor goes (R261).
	w.call("admin", "PUT", at+"/"+made.get("id"), object{"callbackConfiguration": object{"timeoutDuration": "PT1H"}}).want(501)
	if got := w.call("admin", "PUT", at+"/"+made.get("id"), object{"displayName": "Renamed"}).want(200); got.get("displayName") != "Renamed" || got.get("endpointConfiguration.logicAppWorkflowName") != "flow" {
		t.Errorf("a part: %s", got.text)
	}
	w.call("admin", "DELETE", at+"/"+made.get("id"), nil).want(409)
	w.call("admin", "DELETE", packagePath+"/"+w.ids["package"], nil).want(204) // with its policy
	w.call("admin", "DELETE", at+"/"+made.get("id"), nil).want(204)
	w.verifies(entitlement.OfCatalog, w.ids["catalog"], "extensionRemoved")
}

func TestR261_AnExtensionGoesOnlyAfterEveryPolicyStoppedUsingIt(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	at := em + "/catalogs/" + w.ids["catalog"] + "/customWorkflowExtensions"
	id := w.call("admin", "POST", at, extensionNamed("X")).want(201).get("id")
	policy := open()
	policy["displayName"], policy["accessPackage"] = "Second", object{"id": w.ids["package"]}
	policy["customExtensionStageSettings"] = []object{{"stage": "assignmentRequestGranted", "customExtension": object{"id": id}}, {"stage": "assignmentRequestRemoved", "customExtension": object{"id": id}}}
	second := w.call("admin", "POST", em+"/assignmentPolicies", policy).want(201).get("id")
	w.call("admin", "DELETE", at+"/"+id, nil).want(409)
	policy["customExtensionStageSettings"] = policy["customExtensionStageSettings"].([]object)[:1]
	w.call("admin", "PUT", em+"/assignmentPolicies/"+second, policy).want(200)
	w.call("admin", "DELETE", at+"/"+id, nil).want(409)
	w.call("admin", "DELETE", em+"/assignmentPolicies/"+second, nil).want(204)
	w.call("admin", "DELETE", at+"/"+id, nil).want(204)
}

func TestR209_NothingWaitsForAnExtensionSoThatNothingIsResumed(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	path := requestPath + "/" + w.ask("member") + "/resume"
	resume := func(kind string) object {
		return object{"source": "Contoso", "type": "microsoft.graph.accessPackageCustomExtensionStage." + kind, "data": object{"@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
			"stage": "assignmentRequestCreated", "customExtensionStageInstanceId": sampleID, "customExtensionStageInstanceDetail": "A potential conflict", "state": "Denied"}}
	}
	before := w.snapshot()
	w.call("admin", "POST", path, resume("assignmentRequestCreated")).want(409)
	w.call("admin", "POST", path, resume("assignmentRequestApproved")).want(400)
	w.call("admin", "POST", requestPath+"/"+sampleID+"/resume", resume("assignmentRequestCreated")).want(404)
	w.call("member", "POST", path, resume("assignmentRequestCreated")).want(403)
	if w.snapshot() != before {
		t.Error("S13: something changed")
	}
}

func TestAResourceHasOneUploadSessionForEachReview(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	resources := em + "/catalogs/" + w.ids["catalog"] + "/resources"
	at := resources + "/" + dig(w.call("admin", "GET", resources, nil).one(), "id") + "/uploadSessions"
	made := w.call("admin", "POST", at, uploadFor(sampleID)).want(201)
	if made.get("referenceId") != sampleID || made.get("status") != "active" || made.get("data.reviewInstanceId") != sampleID {
		t.Errorf("made: %s", made.text)
	}
	w.call("admin", "POST", at, uploadFor(sampleID)).want(409)
	if got := w.call("admin", "GET", at+"?$expand=files", nil).one(); dig(got, "id") != made.get("id") || len(got["files"].([]any)) != 0 {
		t.Errorf("listed: %v", got)
	}
	w.call("admin", "DELETE", at+"/"+made.get("id"), nil).want(204)
	w.call("admin", "DELETE", at+"/"+made.get("id"), nil).want(404)
	w.call("admin", "POST", at, uploadFor(sampleID)).want(201)
	w.verifies(entitlement.OfCatalog, w.ids["catalog"], "uploadSessionDeleted")
}

// What the API calls inactive the README does too.
func TestTheReadmeNamesWhatIsInactive(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range catalogs.Inactives {
		if !strings.Contains(string(readme), "`"+i.What+"`") {
			t.Errorf("the README does not name %s", i.What)
		}
	}
}
