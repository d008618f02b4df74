package graph

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// Whoever decides is told for whom and by whom, why, for when, since when and until when.
func TestR69_AnApproverReadsAllThatTheRequestIsAbout(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	id := w.call("member", "POST", requestPath, object{"requestType": "userAdd", "justification": "I sell", "assignment": object{"accessPackageId": w.ids["package"]},
		"schedule": object{"startDateTime": "2026-03-05T00:00:00Z", "expiration": object{"type": "afterDuration", "duration": "P7D"}}}).want(201).get("id")
	got := w.call("manager", "GET", ours+"/assignmentRequests/"+id, nil).want(200)
	for path, want := range map[string]string{
		"createdBy.id": w.ids["member"], "subject.id": w.ids["member"], "subject.displayName": "Member", "accessPackage.displayName": "Package", "justification": "I sell",
		"schedule.startDateTime": "2026-03-05T00:00:00Z", "schedule.expiration.duration": "P7D", "createdDateTime": got.get("createdDateTime"),
		"decideByDateTime": w.clock.Now().Add(14 * 24 * time.Hour).Truncate(100 * time.Nanosecond).UTC().Format(time.RFC3339Nano),
	} {
		if got.get(path) != want || want == "" {
			t.Errorf("%s is %q, want %q", path, got.get(path), want)
		}
	}
	w.call("other", "GET", ours+"/assignmentRequests/"+id, nil).want(404)
	waiting := w.call("manager", "GET", requestPath+"/filterByCurrentUser(on='approver')?$expand=requestor,assignment($expand=target)", nil).one()
	if dig(waiting, "requestor.objectId") != w.ids["member"] || dig(waiting, "assignment.target.displayName") != "Member" {
		t.Errorf("the list shows %v", waiting)
	}
}

func TestR214_ARequestSaysForWhomBeforeItIsGrantedAndWhoAssigned(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	body := object{"requestType": "adminAdd", "assignment": object{"targetId": w.ids["member"], "accessPackageId": w.ids["package"], "assignmentPolicyId": w.ids["policy"]}}
	id := w.call("admin", "POST", requestPath, body).want(201).get("id")

	for _, who := range []string{"admin", "member", "manager"} {
		got := w.call(who, "GET", requestPath+"/"+id+"?$expand=requestor,assignment($expand=target,accessPackage)", nil).want(200)
		if got.get("requestor.objectId") != w.ids["member"] || got.get("assignment.id") != id || got.get("assignment.target.objectId") != w.ids["member"] ||
			got.get("assignment.accessPackage.displayName") != "Package" || got.get("assignment.state") != "" {
			t.Errorf("%s: %s", who, got.text)
		}
		if got := w.call(who, "GET", ours+"/assignmentRequests/"+id, nil).want(200); got.get("createdBy.displayName") != "First administrator" || got.get("subject.displayName") != "Member" {
			t.Errorf("%s: %s", who, got.text)
		}
		w.call(who, "GET", heldPath+"/"+id, nil).want(404)
	}
	for _, path := range []string{"requestor/objectId", "requestor/id", "assignment/target/objectId"} {
		if found := w.call("admin", "GET", filtered(requestPath, path+" eq '"+w.ids["member"]+"'"), nil).one(); dig(found, "id") != id {
			t.Errorf("%s finds %v", path, found)
		}
		if n := len(w.call("admin", "GET", filtered(requestPath, path+" eq '"+w.ids["admin"]+"'"), nil).values()); n != 0 {
			t.Errorf("%s finds %d requests of who assigned", path, n)
		}
	}
	first := w.call("admin", "GET", ours+"/events/request/"+id, nil).values()[0]
	if dig(first, "actor") != w.ids["admin"] || dig(first, "actorDisplayName") != "First administrator" || dig(first, "data.subject") != w.ids["member"] || dig(first, "activity") != "submitted" {
		t.Errorf("the event is %v", first)
	}
}

// A package and a person that are gone are still called what they were called.
func TestR244_HistoryKeepsItsNames(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	held := w.ask("member")
	w.call("member", "POST", requestPath, object{"requestType": "userRemove", "assignment": object{"id": held}}).want(201)
	w.call("admin", "DELETE", packagePath+"/"+w.ids["package"], nil).want(204)
	w.call("admin", "DELETE", "/v1.0/users/"+w.ids["member"], nil).want(204)

	request := requestPath + "/" + held + "?$expand=requestor,accessPackage,assignment($expand=target,accessPackage)"
	got := w.call("admin", "GET", request, nil).want(200)
	for path, want := range map[string]string{"requestor.displayName": "Member", "accessPackage.displayName": "Package", "accessPackage.id": w.ids["package"],
		"assignment.target.displayName": "Member", "assignment.accessPackage.displayName": "Package"} {
		if got.get(path) != want {
			t.Errorf("%s is %q, want %q", path, got.get(path), want)
		}
	}
	if got := w.call("admin", "GET", heldPath+"/"+held+"?$expand=target,accessPackage", nil).want(200); got.get("target.displayName") != "Member" || got.get("accessPackage.displayName") != "Package" {
		t.Errorf("the assignment: %s", got.text)
	}
	if got := w.call("admin", "GET", ours+"/assignmentRequests/"+held, nil).want(200); got.get("subject.displayName") != "Member" || got.get("accessPackage.displayName") != "Package" {
		t.Errorf("the request: %s", got.text)
	}
	if e := w.call("admin", "GET", ours+"/events/request/"+held, nil).values()[0]; dig(e, "actorDisplayName") != "Member" {
		t.Errorf("the event: %v", e)
	}
	w.call("admin", "GET", packagePath+"/"+w.ids["package"], nil).want(404)
	w.call("admin", "GET", "/v1.0/users/"+w.ids["member"], nil).want(404)
}

func TestS11_ErasureEmptiesThePersonAndTheChainVerifies(t *testing.T) {
	w := newFixture(t)
	questions := open()
	questions["questions"] = []any{object{"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Your name?"}}
	w.offer(questions)
	asked := dig(w.call("admin", "GET", em+"/assignmentPolicies/"+w.ids["policy"]+"/questions", nil).one(), "id")
	held := w.call("member", "POST", requestPath, object{"requestType": "userAdd", "assignment": object{"accessPackageId": w.ids["package"]}, "answers": []any{answer(asked, "Grace Hopper")}}).want(201).get("id")
	person := ours + "/people/" + w.ids["member"] + "/personalData"
	w.call("admin", "PATCH", "/v1.0/users/"+w.ids["member"], object{"displayName": "Grace Hopper", "mail": "grace@example.com"}).want(204)
	w.call("admin", "DELETE", person, nil).want(409)
	w.call("admin", "DELETE", "/v1.0/users/"+w.ids["member"], nil).want(204)
	ofMember := ours + "/events/user/" + w.ids["member"]
	if before := w.call("admin", "GET", ofMember, nil).want(200); !strings.Contains(before.text, "Grace Hopper") || !strings.Contains(before.text, "grace@example.com") || !strings.Contains(before.text, `"before":"Member"`) {
		t.Errorf("before the erasure the events tell %s", before.text)
	}

	w.call("admin", "DELETE", person, nil).want(409) // the index may not show yet what was answered just before
	w.clock.Advance(time.Minute)
	w.call("admin", "DELETE", person, nil).want(204)
	w.call("admin", "DELETE", person, nil).want(204)

	u, err := w.store.User(t.Context(), entitlement.UserID(w.ids["member"]))
	if err != nil || !u.Gone() || !u.Forgotten() {
		t.Errorf("what is kept is %+v, %v", u, err)
	}
	events, err := w.store.Events(t.Context(), entitlement.OfUser, w.ids["member"])
	if err != nil || events[len(events)-1].Kind != "personalDataErased" {
		t.Errorf("%v, %v", events, err)
	}
	if err := entitlement.VerifyChain(u.Chain, events); err != nil {
		t.Error(err)
	}
	everywhere, err := json.Marshal([]any{u, events, w.call("admin", "GET", ofMember, nil).want(200).text,
		w.call("admin", "GET", requestPath+"/"+held+"?$expand=requestor,assignment($expand=target)", nil).want(200).text, w.call("admin", "GET", ours+"/assignmentRequests/"+held, nil).want(200).text,
		w.call("admin", "GET", ours+"/notices", nil).want(200).text})
	if err != nil {
		t.Fatal(err)
	}
	for _, personal := range []string{"Grace", "grace@", "member@example.com", `displayName":"M`, `displayName\":\"M`, "id.example.com member"} {
		if strings.Contains(string(everywhere), personal) {
			t.Errorf("%s is still there: %s", personal, everywhere)
		}
	}
	if !strings.Contains(string(everywhere), w.ids["member"]) {
		t.Error("the id is gone too")
	}
}

func TestA4_WhatIsToBeLookedAtIsListedNewestFirst(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	loose := open()
	loose["displayName"], loose["accessPackage"] = "Policy", object{"id": w.ids["package"]}
	w.call("admin", "PUT", em+"/assignmentPolicies/"+w.ids["policy"], loose).want(200)
	w.clock.Advance(time.Minute)
	w.call("admin", "PATCH", "/v1.0/users/"+w.ids["manager"], object{"identities": []object{{"issuer": "https://id.example.com", "issuerAssignedId": "mallory"}}}).want(204)

	all := w.call("admin", "GET", ours+"/notices", nil).values()
	if len(all) != 2 || dig(all[0], "objectId") != w.ids["manager"] || dig(all[1], "activity") != entitlement.EventLoosened || dig(all[1], "actorDisplayName") != "First administrator" ||
		!strings.Contains(dig(all[1], "data.loosens"), "isApprovalRequiredForAdd") || !strings.Contains(dig(all[0], "changes"), `"after":"https://id.example.com mallory"`) {
		t.Errorf("the notices are %v", all)
	}
	w.call("admin", "GET", ours+"/events/nothing/"+w.ids["policy"], nil).want(400)
	w.call("member", "GET", ours+"/notices", nil).want(403)
}

// Whoever changes an object often enough hides nothing that they did: of any number of events
// each page is read, and continues the one before it.
func TestS11_TwelveThousandEventsOfAnObjectAreReadPageByPage(t *testing.T) {
	w := newFixture(t)
	const many = 12_000
	id := w.clock.New()
	var head entitlement.Chain
	dynamotest.Fill(t, w.store, many, func(i int, c *entitlement.Change) {
		next, e := head.Append(entitlement.Event{Aggregate: entitlement.OfCatalog, ID: id, Kind: "updated", Actor: entitlement.UserID(w.ids["admin"]), At: w.clock.Now()})
		head, c.Events = next, append(c.Events, e)
	})
	before := w.reads.Load()
	if w.call("admin", "GET", ours+"/events/user/"+w.ids["admin"], nil).want(200).next() != "" {
		t.Fatal("there is more than a page of events to compare with")
	}
	costs := w.reads.Load() - before
	n, hash := 0, ""
	for path := ours + "/events/catalog/" + id; path != ""; {
		before := w.reads.Load()
		page := w.call("admin", "GET", path, nil)
		if n := w.reads.Load() - before; n > costs {
			t.Fatalf("a page took %d calls of the table, one of few events %d", n, costs)
		}
		for _, e := range page.values() {
			if n++; dig(e, "number") != strconv.Itoa(n) || dig(e, "previousHash") != hash {
				t.Fatalf("event %d does not continue the chain: %v", n, e)
			}
			hash = dig(e, "hash")
		}
		path = page.next()
	}
	if n != many || hash != head.Hash {
		t.Errorf("%d events were read, and the last is not the last of the chain", n)
	}
}
