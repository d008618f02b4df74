package graph

import (
	"maps"
	"net/url"
	"testing"
)

// onBehalf is a policy under which managers ask for their reports, and nobody for themselves.
func onBehalf(w *fixture) object {
	p := approved(w)
	p["requestorSettings"] = object{"enableOnBehalfRequestorsToAddAccess": true, "enableOnBehalfRequestorsToUpdateAccess": true, "enableOnBehalfRequestorsToRemoveAccess": true,
		"onBehalfRequestors": []object{{"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1}, {"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 2}}}
	return p
}

func (w *fixture) askFor(as string, target object) reply {
	w.Helper()
	assignment := object{"accessPackageId": w.ids["package"]}
	maps.Copy(assignment, target)
	return w.call(as, "POST", requestPath, object{"requestType": "OnBehalfAdd", "assignment": assignment})
}

func TestR213_APolicySaysWhoAsksOnBehalfOfWhomAndIsReadBackSo(t *testing.T) {
	w := newFixture(t)
	w.offer(onBehalf(w))
	got := w.call("admin", "GET", em+"/assignmentPolicies/"+w.ids["policy"], nil).want(200)
	for path, want := range map[string]string{
		"requestorSettings.enableOnBehalfRequestorsToAddAccess": "true", "requestorSettings.enableOnBehalfRequestorsToUpdateAccess": "true",
		"requestorSettings.enableOnBehalfRequestorsToRemoveAccess": "true", "requestorSettings.enableTargetsToSelfAddAccess": "false",
	} {
		if got.get(path) != want {
			t.Errorf("%s: %s", path, got.get(path))
		}
	}
	list := got.body["requestorSettings"].(object)["onBehalfRequestors"].([]any)
	for i, level := range []string{"1", "2"} {
		if set := list[i].(object); set["@odata.type"] != "#microsoft.graph.targetManager" || dig(set, "managerLevel") != level {
			t.Errorf("got %v", set)
		}
	}
}

// R214: the requestor that is shown is who asked, and the one whom it is for is the target of
// the assignment; both are found by their filters.
func TestR214_WhatIsAskedForAReportNamesBoth(t *testing.T) {
	w := newFixture(t)
	w.offer(onBehalf(w))
	own := w.askFor("member", object{"targetId": w.ids["other"]})
	own.want(403)
	made := w.askFor("manager", object{"target": object{"principalName": "MEMBER@example.com"}}).want(201)
	id := made.get("id")
	if made.get("requestType") != "onBehalfAdd" || made.get("state") != "submitted" {
		t.Errorf("answered %s", made.text)
	}

	for _, as := range []string{"manager", "member", "reviewer", "admin"} {
		got := w.call(as, "GET", requestPath+"/"+id+"?$expand=requestor,assignment($expand=target)", nil).want(200)
		if got.get("requestor.objectId") != w.ids["manager"] || got.get("assignment.target.objectId") != w.ids["member"] || got.get("requestType") != "onBehalfAdd" {
			t.Errorf("%s sees %s", as, got.text)
		}
	}
	details := w.call("reviewer", "GET", ours+"/assignmentRequests/"+id, nil).want(200)
	if details.get("createdBy.id") != w.ids["manager"] || details.get("subject.id") != w.ids["member"] {
		t.Errorf("an approver sees %s", details.text)
	}

	for filter, want := range map[string]int{
		"requestor/objectId eq '" + w.ids["manager"] + "'":         1,
		"requestor/objectId eq '" + w.ids["member"] + "'":          0,
		"assignment/target/objectId eq '" + w.ids["member"] + "'":  1,
		"assignment/target/objectId eq '" + w.ids["manager"] + "'": 0,
	} {
		if got := w.call("admin", "GET", requestPath+"?$filter="+url.QueryEscape(filter), nil).want(200).values(); len(got) != want {
			t.Errorf("%s: %d requests, want %d", filter, len(got), want)
		}
	}
	for as, on := range map[string]string{"manager": "createdBy", "member": "target", "reviewer": "approver"} {
		if got := w.call(as, "GET", requestPath+"/filterByCurrentUser(on='"+on+"')", nil).want(200).values(); len(got) != 1 {
			t.Errorf("%s: %d requests on %s", as, len(got), on)
		}
	}

	// The manager may withdraw it; whom it is for may not, and did not ask for it.
	w.call("member", "POST", requestPath+"/"+id+"/cancel", nil).want(403)
	w.call("manager", "POST", requestPath+"/"+id+"/cancel", nil).want(204)
}

// R38: the manager learns by which policy, and with which questions, by naming the report.
func TestR38_WhoAsksOnBehalfOfSomebodyIsToldWhatItNeeds(t *testing.T) {
	w := newFixture(t)
	policy := onBehalf(w)
	policy["questions"] = []object{{"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Why?", "isRequired": true}}
	w.offer(policy)
	at := packagePath + "/" + w.ids["package"] + "/getApplicablePolicyRequirements"
	about := func(who string) object { return object{"subject": object{"objectId": w.ids[who]}} }

	got := w.call("manager", "POST", at, about("member")).want(200).values()
	if len(got) != 1 || dig(got[0], "policyId") != w.ids["policy"] || len(got[0].(object)["questions"].([]any)) != 1 {
		t.Fatalf("for a report: %v", got)
	}
	for name, c := range map[string]struct {
		as   string
		body any
	}{
		"for oneself": {"manager", nil}, "for oneself, named": {"manager", about("manager")}, "for no report": {"manager", about("other")},
		"by another": {"other", about("member")}, "for somebody unknown": {"manager", object{"subject": object{"objectId": sampleID}}},
	} {
		if got := w.call(c.as, "POST", at, c.body).want(200).values(); len(got) != 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
	w.call("manager", "POST", at, object{"subjects": object{}}).want(400)
	w.askFor("manager", object{"targetId": w.ids["member"]}).want(422) // R72
}

func TestR213_AManagerMovesAndEndsWhatAReportHolds(t *testing.T) {
	w := newFixture(t)
	w.offer(onBehalf(w))
	id := w.askFor("manager", object{"targetId": w.ids["member"]}).want(201).get("id")
	stage := dig(w.call("reviewer", "GET", approvalPath+"/"+id+"/stages", nil).one(), "id")
	w.call("manager", "PATCH", approvalPath+"/"+id+"/stages/"+stage, object{"reviewResult": "Approve"}).want(403)
	w.call("reviewer", "PATCH", approvalPath+"/"+id+"/stages/"+stage, object{"reviewResult": "Approve"}).want(204)

	w.clock.Advance(3600e9)
	for _, as := range []string{"other", "manager"} {
		want := map[string]int{"other": 404, "manager": 201}[as]
		w.call(as, "POST", requestPath, object{"requestType": "userUpdate", "assignment": object{"id": id}}).want(want)
		w.call(as, "POST", requestPath, object{"requestType": "userRemove", "assignment": object{"id": id}}).want(want)
	}
	if got := w.call("admin", "GET", em+"/assignments/"+id, nil).want(200); got.get("state") != "expired" {
		t.Errorf("it is %s", got.text)
	}
}
