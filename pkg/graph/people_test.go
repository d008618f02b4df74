package graph

import (
	"net/http"
	"slices"
	"testing"

	"leasehold/pkg/entitlement"
)

func additionalAccess(a, b string) string {
	return heldPath + "/additionalAccess(accessPackageId='" + a + "',incompatibleAccessPackageId='" + b + "')"
}

// Of those who hold a package the list has those who hold the other one too, and nobody else.
func TestR182_WhoHoldsBothIsListed(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	first, second := w.ids["package"], w.another("Payments")
	held := w.ask("member")
	w.ask("other")
	w.call("member", "POST", requestPath, object{"requestType": "userAdd", "assignment": object{"accessPackageId": second}}).want(201)
	if n := len(w.call("admin", "GET", heldPath+"/additionalAccess()", nil).values()); n != 0 {
		t.Errorf("%d hold what nobody calls incompatible", n)
	}
	w.list(first, "incompatibleAccessPackages", packagePath+"/"+second).want(204)

	for _, path := range []string{additionalAccess(first, second), heldPath + "/additionalAccess()", "/v1.0/identityGovernance/entitlementManagement/assignments/microsoft.graph.additionalAccess(incompatibleAccessPackageId='" + second + "',accessPackageId='" + first + "')"} {
		got := w.call("admin", "GET", path+"?$expand=target,accessPackage", nil).one()
		if dig(got, "id") != held || dig(got, "target.objectId") != w.ids["member"] || dig(got, "accessPackage.id") != first {
			t.Errorf("%s: %v", path, got)
		}
		w.call("member", "GET", path, nil).want(http.StatusForbidden)
		w.call("robot", "GET", path, nil).want(http.StatusForbidden) // no permission of Graph's is for applications
	}
	w.call("admin", "GET", additionalAccess(first, first), nil).want(400)
	w.call("admin", "GET", additionalAccess(first, sampleID), nil).want(404)
	w.call("admin", "GET", additionalAccess(sampleID, second), nil).want(404)
}

// A record that is deleted is nowhere any more, its assignment is, and its events verify.
func TestR125_DeletingTheRecordOfARequestLeavesItsAssignment(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	w.ids["request"] = w.ask("other") // the reviewers decide
	path := requestPath + "/" + w.ids["request"]
	stage := approvalPath + "/" + w.ids["request"] + "/stages/" + dig(w.call("reviewer", "GET", approvalPath+"/"+w.ids["request"]+"/stages", nil).one(), "id")
	w.call("other", "DELETE", path, nil).want(403)
	if got := w.call("admin", "DELETE", path, nil).want(409); got.get("error.message") == "" {
		t.Errorf("R126 one that is open: %s", got.text)
	}
	w.call("reviewer", "PATCH", stage, object{"reviewResult": "Deny"}).want(204)
	w.call("admin", "DELETE", path, nil).want(204)

	for _, who := range []string{"admin", "other", "reviewer"} {
		w.call(who, "GET", path, nil).want(404)
		w.call(who, "GET", path+"/requestor", nil).want(404)
		w.call(who, "GET", approvalPath+"/"+w.ids["request"], nil).want(404)
		w.call(who, "GET", ours+"/assignmentRequests/"+w.ids["request"], nil).want(404)
	}
	w.call("admin", "DELETE", path, nil).want(404)
	w.call("admin", "POST", path+"/reprocess", nil).want(404)
	w.call("other", "POST", path+"/cancel", nil).want(404)
	w.call("reviewer", "PATCH", stage, object{"reviewResult": "Approve"}).want(404)
	for _, list := range []string{requestPath, filtered(requestPath, "accessPackage/id eq '"+w.ids["package"]+"'"), filtered(requestPath, "requestor/objectId eq '"+w.ids["other"]+"'"), approvalPath} {
		if slices.Contains(idsOf(w.call("admin", "GET", list, nil)), w.ids["request"]) {
			t.Errorf("%s shows it", list)
		}
	}
	for _, on := range []string{"target", "createdBy"} {
		if n := len(w.call("other", "GET", requestPath+"/filterByCurrentUser(on='"+on+"')", nil).values()); n != 0 {
			t.Errorf("%s: %d", on, n)
		}
	}
	w.verifies(entitlement.OfRequest, w.ids["request"], "recordHidden")
}

// The record of a request that was delivered goes, and its assignment and the chain of their
// events go on, whether the assignment lives or has ended.
func TestR125_TheChainGoesOnWithoutTheRecord(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	for _, who := range []string{"member", "other"} {
		id := w.ask(who)
		w.delivered(id)
		if who == "other" {
			w.call(who, "POST", requestPath, object{"requestType": "userRemove", "assignment": object{"id": id}}).want(201)
		}
		w.call("admin", "DELETE", requestPath+"/"+id, nil).want(204)
		w.call(who, "GET", requestPath+"/"+id, nil).want(404)
		w.call(who, "GET", heldPath+"/"+id, nil).want(200)
		if who == "member" {
			w.call(who, "POST", requestPath, object{"requestType": "userRemove", "assignment": object{"id": id}}).want(201)
		}
		w.verifies(entitlement.OfRequest, id, "recordHidden")
	}
}

// delivered does what the worker does once all roles of an assignment were read back.
func (w *fixture) delivered(id string) {
	w.Helper()
	a, err := w.store.Assignment(w.Context(), entitlement.AssignmentID(id))
	if err != nil {
		w.Fatal(err)
	}
	slot, err := w.store.AssignmentSlot(w.Context(), a.Package, a.Subject)
	if err != nil {
		w.Fatal(err)
	}
	r, err := w.store.Request(w.Context(), entitlement.RequestID(id))
	if err != nil {
		w.Fatal(err)
	}
	e := entitlement.Event{Aggregate: entitlement.OfRequest, ID: id, Kind: "delivered", Actor: entitlement.Service, At: w.clock.Now()}
	a.Chain, e = a.Chain.Append(e)
	a.State, a.Delivered, r.State, r.Completed = entitlement.AssignmentDelivered, e.At, entitlement.RequestDelivered, e.At
	slot.Assignment = &a
	err = w.store.Commit(w.Context(), entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Slots: []entitlement.AssignmentSlot{slot}, Events: []entitlement.Event{e}})
	if err != nil {
		w.Fatal(err)
	}
}

// verifies checks the chain of an object's events (S11), and that one of them is of the kind.
func (w *fixture) verifies(of entitlement.AggregateKind, id, kind string) {
	w.Helper()
	events, err := w.store.Events(w.Context(), of, id)
	if err != nil {
		w.Fatal(err)
	}
	if _, err := (entitlement.Chain{}).Follow(events); err != nil {
		w.Errorf("the chain of %s %s: %v", of, id, err)
	}
	if !slices.ContainsFunc(events, func(e entitlement.Event) bool { return e.Kind == kind }) {
		w.Errorf("%s %s has no event %s: %v", of, id, kind, events)
	}
}

func TestPackagesToChooseFromAreThoseThatOneMayAskFor(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	closed := w.call("admin", "POST", packagePath, object{"displayName": "Closed", "catalog": object{"id": w.ids["catalog"]}}).want(201).get("id")
	got := w.call("member", "GET", availablePath+"?$expand=resourceRoleScopes($expand=role,scope)", nil).one()
	if dig(got, "id") != w.ids["package"] || dig(got, "displayName") != "Package" || got["isHidden"] != nil || len(got["resourceRoleScopes"].([]any)) != 1 {
		t.Errorf("available: %v", got)
	}
	w.call("member", "GET", availablePath+"/"+w.ids["package"], nil).want(200)
	scope := w.call("member", "GET", availablePath+"/"+w.ids["package"]+"/resourceRoleScopes?$expand=role", nil).one()
	if dig(scope, "role.displayName") != "Member" {
		t.Errorf("role scopes: %v", scope)
	}
	for _, path := range []string{availablePath + "/" + closed, availablePath + "/" + closed + "/resourceRoleScopes"} {
		unknown := w.call("member", "GET", availablePath+"/"+sampleID, nil).want(404)
		if got := w.call("member", "GET", path, nil).want(404); got.get("error.message") != unknown.get("error.message") {
			t.Errorf("A1 %s: %s", path, got.text)
		}
	}
}

func TestApprovalsOfEverybodyAreForAdministrators(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	mine := []string{w.ask("member"), w.ask("other")}
	slices.Sort(mine)
	if got := idsOf(w.call("admin", "GET", approvalPath+"?$expand=stages", nil)); !slices.Equal(got, mine) {
		t.Errorf("%v, want %v", got, mine)
	}
	w.call("manager", "GET", approvalPath, nil).want(403)
	w.call("robot", "GET", approvalPath, nil).want(403)
}

func TestSuggestionsAreWhatOneHadAndWhatTheManagerHas(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	second := w.another("Payments")
	path := func(on string) string {
		return em + "/accessPackageSuggestions/filterByCurrentUser(on='" + on + "')?$expand=accessPackage"
	}
	both := path("relatedPeopleAssignments,assignmentHistory")
	if n := len(w.call("member", "GET", both, nil).values()); n != 0 {
		t.Errorf("%d from nothing", n)
	}
	id := w.ask("member")
	w.call("member", "POST", requestPath, object{"requestType": "userRemove", "assignment": object{"id": id}}).want(201)
	w.call("manager", "POST", requestPath, object{"requestType": "userAdd", "assignment": object{"accessPackageId": second}}).want(201)

	had := w.call("member", "GET", both, nil).one() // what others hold is not told at first
	reason := had["reasons"].([]any)[0].(object)
	if dig(had, "accessPackage.id") != w.ids["package"] || reason["@odata.type"] != "#microsoft.graph.accessPackageSuggestionSelfAssignmentHistoryBased" || dig(reason, "pastAssignmentCount") != "1" {
		t.Errorf("had: %v", had)
	}
	for level, people := range map[string]int{"count": 0, "countAndNames": 1} {
		w.call("admin", "PATCH", endUserPath, object{"relatedPeopleInsightLevel": level}).want(200)
		related := w.call("member", "GET", path("RelatedPeopleAssignments"), nil).one()
		reason := related["reasons"].([]any)[0].(object)
		if dig(related, "accessPackage.displayName") != "Payments" || dig(reason, "relatedPeopleAssignmentCount") != "1" || len(reason["relatedPeople"].([]any)) != people {
			t.Errorf("%s: %v", level, related)
		}
	}
	if n := len(w.call("member", "GET", both, nil).values()); n != 2 {
		t.Errorf("%d together", n)
	}
	w.call("member", "GET", path("target"), nil).want(400)
	w.call("robot", "GET", both, nil).want(403)
	w.call("admin", "PATCH", packagePath+"/"+second, object{"isHidden": true}).want(204)
	if n := len(w.call("member", "GET", path("relatedPeopleAssignments"), nil).values()); n != 0 {
		t.Errorf("R128 %d hidden", n)
	}
}

// An application is no member: it may ask only where a policy names it.
func TestR31_APolicyForAllMembersAdmitsNoApplication(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	ask := object{"requestType": "userAdd", "assignment": object{"accessPackageId": w.ids["package"]}}
	policy := open()
	policy["displayName"], policy["accessPackage"] = "Policy", object{"id": w.ids["package"]}
	for _, scope := range []string{"allMemberUsers", "allDirectoryUsers"} {
		policy["allowedTargetScope"] = scope
		w.call("admin", "PUT", em+"/assignmentPolicies/"+w.ids["policy"], policy).want(200)
		w.call("robot", "POST", requestPath, ask).want(422)
	}
	policy["allowedTargetScope"], policy["specificAllowedTargets"] = "specificDirectoryUsers", []object{{"@odata.type": "#microsoft.graph.singleUser", "userId": w.ids["robot"]}}
	w.call("admin", "PUT", em+"/assignmentPolicies/"+w.ids["policy"], policy).want(200)
	w.call("robot", "POST", requestPath, ask).want(201)
}
