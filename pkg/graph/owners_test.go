package graph

import (
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/faults"
	"leasehold/pkg/entitlement"
)

func TestR28_APackageMovesWhereItsResourcesAre(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	held := w.ask("member")
	path := packagePath + "/" + w.ids["package"]
	other := w.call("admin", "POST", em+"/catalogs", object{"displayName": "Other", "state": "published"}).want(201).get("id")
	before := w.snapshot()
	if got := w.call("admin", "POST", path+"/moveToCatalog", object{"catalogId": other}).want(422); !strings.Contains(got.get("error.message"), "add it there first") {
		t.Errorf("refused: %s", got.text)
	}
	w.call("admin", "POST", path+"/moveToCatalog", object{}).want(400)
	w.call("admin", "POST", path+"/moveToCatalog", object{"catalogId": sampleID}).want(404)
	if w.snapshot() != before {
		t.Error("S13: something changed")
	}

	w.call("admin", "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": other}, "resource": object{"originId": w.ids["sales"], "originSystem": "AadGroup"}}).want(201)
	was := dig(w.call("admin", "GET", path+"/resourceRoleScopes", nil).one(), "id")
	w.call("admin", "POST", path+"/moveToCatalog", object{"catalogId": other}).want(204)
	w.call("admin", "POST", path+"/moveToCatalog", object{"catalogId": other}).want(204) // it is there
	moved := w.call("admin", "GET", path+"?$expand=catalog,resourceRoleScopes($expand=role($expand=resource)),assignmentPolicies($expand=catalog)", nil).want(200)
	scope := moved.body["resourceRoleScopes"].([]any)[0]
	theirs := w.call("admin", "GET", em+"/catalogs/"+other+"/resources?$expand=roles", nil).one()
	if moved.get("catalog.id") != other || dig(scope, "role.resource.id") != dig(theirs, "id") || dig(scope, "id") == was {
		t.Errorf("moved: %s", moved.text)
	}
	if policy := moved.body["assignmentPolicies"].([]any)[0]; dig(policy, "catalog.id") != other {
		t.Errorf("its policy: %v", policy)
	}
	w.call("member", "GET", heldPath+"/"+held, nil).want(200)
	w.call("other", "POST", requestPath, object{"requestType": "userAdd", "assignment": object{"accessPackageId": w.ids["package"]}}).want(201)

	// What was counted in one catalog is counted in the other.
	if n := len(w.call("admin", "GET", em+"/catalogs/"+w.ids["catalog"]+"/accessPackages", nil).values()); n != 0 {
		t.Errorf("%d packages are left", n)
	}
	w.call("admin", "DELETE", em+"/catalogs/"+other, nil).want(409)
	remove := func(catalog string) reply {
		return w.call("admin", "POST", em+"/resourceRequests", object{"requestType": "adminRemove", "catalog": object{"id": catalog}, "resource": object{"originId": w.ids["sales"], "originSystem": "AadGroup"}})
	}
	remove(other).want(409)
	remove(w.ids["catalog"]).want(201)
	w.call("admin", "DELETE", em+"/catalogs/"+w.ids["catalog"], nil).want(204)
	w.verifies(entitlement.OfPackage, w.ids["package"], "moved")
}

func TestResourceRequestsAreListedAsTheyWereAnswered(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	ask := func(kind, group string) string {
		return w.call("admin", "POST", em+"/resourceRequests", object{"requestType": kind, "catalog": object{"id": w.ids["catalog"]},
			"resource": object{"originId": w.ids[group], "originSystem": "AadGroup"}}).want(201).get("id")
	}
	added, removed := ask("adminAdd", "reviewers"), ask("adminRemove", "reviewers")
	for _, path := range []string{em + "/resourceRequests", filtered(em+"/resourceRequests", "catalog/id eq '"+w.ids["catalog"]+"'")} {
		sign := map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]
		all := w.call("admin", "GET", path+sign+"$expand=resource,catalog", nil).values()
		if len(all) != 3 || dig(all[0], "resource.originId") != w.ids["sales"] || dig(all[0], "catalog.displayName") != "Catalog" {
			t.Fatalf("%s: %v", path, all)
		}
		if dig(all[1], "id") != added || dig(all[1], "requestType") != "adminAdd" || dig(all[2], "id") != removed || dig(all[2], "requestType") != "adminRemove" || dig(all[2], "state") != "delivered" {
			t.Errorf("%s: %v", path, all)
		}
		if all[1].(object)["resource"] != nil {
			t.Errorf("a resource that is gone: %v", all[1])
		}
	}
	if n := len(w.call("admin", "GET", filtered(em+"/resourceRequests", "catalog/id eq '"+sampleID+"'"), nil).values()); n != 0 {
		t.Errorf("%d of no catalog", n)
	}
}

func TestAResourceIsReadAgainAtItsTarget(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	path := em + "/catalogs/" + w.ids["catalog"] + "/resources"
	known := w.call("admin", "GET", path+"?$expand=roles", nil).one()
	r, err := w.store.Resource(w.Context(), entitlement.CatalogID(w.ids["catalog"]), entitlement.ResourceID(dig(known, "id")))
	if err != nil {
		t.Fatal(err)
	}
	r.DisplayName, r.Roles = "Old name", append(r.Roles[:1:1], entitlement.ResourceRole{ID: sampleID, OriginID: "Guest", DisplayName: "Guest"})
	if err := w.store.Commit(w.Context(), entitlement.Change{Resources: []entitlement.Resource{r}}); err != nil {
		t.Fatal(err)
	}

	got := w.call("admin", "POST", path+"/"+string(r.ID)+"/refresh", nil).want(200)
	if got.text != "" {
		t.Errorf("a body: %s", got.text)
	}
	now := w.call("admin", "GET", path+"?$expand=roles", nil).one()
	roles := now["roles"].([]any)
	if dig(now, "displayName") != dig(known, "displayName") || len(roles) != 3 || dig(roles[0], "id") != dig(known["roles"].([]any)[0], "id") || dig(roles[1], "originId") != "Guest" {
		t.Errorf("refreshed: %v", now)
	}
	w.verifies(entitlement.OfCatalog, w.ids["catalog"], "resourceRefreshed")
	before := w.everything()
	w.call("admin", "POST", path+"/"+string(r.ID)+"/refresh", nil).want(200)
	if w.everything() != before {
		t.Error("what is as it was is written again")
	}
}

func TestR245_AGroupIsRenamedWithItsEvent(t *testing.T) {
	w := newFixture(t)
	path := "/v1.0/groups/" + w.ids["sales"]
	w.call("admin", "PATCH", path, object{"displayName": "Sales Europe", "description": "All of them"}).want(204)
	if got := w.call("admin", "GET", path, nil).want(200); got.get("displayName") != "Sales Europe" || got.get("mailNickname") != "sales" {
		t.Errorf("renamed: %s", got.text)
	}
	events := w.call("admin", "GET", ours+"/events/group/"+w.ids["sales"], nil).values()
	changes := events[len(events)-1].(object)["changes"].([]any)
	if dig(changes[0], "before") != "sales" || dig(changes[0], "after") != "Sales Europe" {
		t.Errorf("the event: %v", events)
	}
	w.call("admin", "PATCH", path, object{"displayName": ""}).want(400)
	w.call("admin", "PATCH", path, object{"mailEnabled": "yes"}).want(400)
	w.call("member", "PATCH", path, object{"displayName": "Mine"}).want(403)
}

func TestAGroupThatIsDeletedHasNobodyInIt(t *testing.T) {
	w := newFixture(t)
	w.join("sales", "member")
	w.join("sales", "disabled")
	w.call("admin", "POST", "/v1.0/groups/"+w.ids["sales"]+"/owners/$ref", object{"@odata.id": "/v1.0/users/" + w.ids["other"]}).want(204)
	policy := open()
	policy["allowedTargetScope"], policy["specificAllowedTargets"] = "specificDirectoryUsers", []object{{"@odata.type": "#microsoft.graph.groupMembers", "groupId": w.ids["sales"]}}
	w.offer(policy)
	path := "/v1.0/groups/" + w.ids["sales"]
	w.call("member", "DELETE", path, nil).want(403)

	// The store stops answering in the middle: the group is gone for everybody, and the next
	// call brings it to its end.
	left := 2
	w.fault = func(op faults.Op) dynamotest.Fault {
		if op == faults.TransactWriteItems {
			if left--; left < 0 {
				return dynamotest.FailBefore
			}
		}
		return dynamotest.None
	}
	if got := w.call("admin", "DELETE", path, nil); got.status < 500 {
		t.Fatalf("it did not fail: %d", got.status)
	}
	w.fault = nil
	w.call("admin", "GET", path, nil).want(404)
	w.call("admin", "PATCH", path, object{"displayName": "Back"}).want(404)
	w.call("admin", "POST", path+"/members/$ref", object{"@odata.id": "/v1.0/users/" + w.ids["reviewer"]}).want(404)
	if slices.Contains(idsOf(w.call("admin", "GET", "/v1.0/groups", nil)), w.ids["sales"]) {
		t.Error("it is listed")
	}
	w.list(w.ids["package"], "incompatibleGroups", path).want(404)
	w.call("admin", "DELETE", path, nil).want(204)
	w.call("admin", "DELETE", path, nil).want(404)

	for _, who := range []string{"member", "disabled"} {
		if n := len(w.call("admin", "GET", "/v1.0/users/"+w.ids[who]+"/memberOf", nil).values()); n != 0 {
			t.Errorf("%s is in %d groups", who, n)
		}
		w.verifies(entitlement.OfUser, w.ids[who], "memberRemoved")
	}
	w.verifies(entitlement.OfUser, w.ids["other"], "ownerRemoved")
	w.verifies(entitlement.OfGroup, w.ids["sales"], "deleted")
	w.call("member", "POST", requestPath, object{"requestType": "userAdd", "assignment": object{"accessPackageId": w.ids["package"]}}).want(422)
	w.call("admin", "DELETE", "/v1.0/groups/"+string(entitlement.AdministratorsGroup), nil).want(422)
}

// Who keeps the catalog that a package moved out of may do nothing any more about what was asked
// for there and given; who keeps the one that it came to may (S17, S19).
func TestS19_WhatWasAskedForMovesWithItsPackage(t *testing.T) {
	w := newFixture(t)
	w.offer(approved(w))
	w.delegate()
	other := w.call("admin", "POST", em+"/catalogs", object{"displayName": "Other", "state": "published"}).want(201).get("id")
	w.assign("admin", "delegate", entitlement.CatalogOwner, w.ids["catalog"]).want(201)
	w.assign("admin", "reviewer", entitlement.CatalogOwner, other).want(201)
	w.call("admin", "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": other}, "resource": object{"originId": w.ids["sales"], "originSystem": "AadGroup"}}).want(201)
	held := w.ask("member")
	w.call("manager", "PATCH", approvalPath+"/"+held+"/stages/"+dig(w.call("manager", "GET", approvalPath+"/"+held+"/stages", nil).one(), "id"), object{"reviewResult": "Approve"}).want(204)
	asked := w.ask("other")
	w.call("delegate", "GET", heldPath+"/"+held+"?$expand=accessPackage,assignmentPolicy", nil).want(200)
	w.call("admin", "POST", packagePath+"/"+w.ids["package"]+"/moveToCatalog", object{"catalogId": other}).want(204)

	before := w.snapshot()
	for path, status := range map[string]int{heldPath + "/" + held: 404, requestPath + "/" + asked: 404, heldPath + "?$filter=accessPackage/id eq '" + w.ids["package"] + "'": 403} {
		if got := w.call("delegate", "GET", path, nil); got.status != status {
			t.Errorf("GET %s by who keeps the catalog that it was in: %d %s", path, got.status, got.text)
		}
	}
	remove := object{"requestType": "adminRemove", "assignment": object{"id": held}}
	w.call("delegate", "POST", requestPath, remove).want(404)
	w.call("delegate", "POST", requestPath+"/"+asked+"/cancel", nil).want(404)
	w.call("delegate", "POST", heldPath+"/"+held+"/reprocess", nil).want(403)
	if w.snapshot() != before {
		t.Error("S13: something changed")
	}

	w.call("reviewer", "GET", heldPath+"/"+held+"?$expand=accessPackage,assignmentPolicy", nil).want(200)
	w.call("reviewer", "GET", requestPath+"/"+asked+"?$expand=accessPackage,assignment", nil).want(200)
	w.call("reviewer", "POST", requestPath+"/"+asked+"/cancel", nil).want(204)
	w.call("reviewer", "POST", requestPath, remove).want(201)
}
