package graph

import (
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// R172: whoever may bring resources into a catalog lists the connectors whose resources they manage,
// by id, name and kind; nothing is told of where a target is, and of other connectors nothing at all.
func TestR172_ResourceManagersListTheConnectorsTheyPickFrom(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	connector := func(name, manager string) string {
		return w.call("admin", "POST", ours+"/connectors", object{"displayName": name, "kind": "scim", "url": "https://secret-address.example", "credential": "secret-word", "correlationKeys": []string{"mail"}, "resourceManagers": []string{w.ids[manager]}}).want(201).get("id")
	}
	mine, others := connector("CRM", "member"), connector("ERP", "other")
	path := ours + "/catalogs/" + w.ids["catalog"] + "/pickableConnectors"

	w.call("member", "GET", path, nil).want(403)
	w.call("admin", "GET", ours+"/catalogs/"+sampleID+"/pickableConnectors", nil).want(404)
	w.assign("admin", "member", entitlement.CatalogOwner, w.ids["catalog"]).want(201)
	got := w.call("member", "GET", path, nil).want(200)
	if one := got.one(); dig(one, "id") != mine || dig(one, "displayName") != "CRM" || dig(one, "kind") != "scim" {
		t.Errorf("listed are %s", got.text)
	}
	if strings.Contains(got.text, "secret") || strings.Contains(got.text, others) || strings.Contains(got.text, "resourceManagers") {
		t.Errorf("too much is told: %s", got.text)
	}
	w.call("member", "GET", ours+"/connectors", nil).want(403)
	if n := w.call("admin", "GET", path+"/$count", nil).want(200).text; n != "2" {
		t.Errorf("an administrator counts %s", n)
	}
}

// R66: among the holders of a role, whoever asked does not see who decided where a policy hides it.
func TestR66_WhoDecidedOnesOwnIsHiddenAmongTheHoldersOfARole(t *testing.T) {
	w := newFixture(t)
	p := approved(w)
	p["requestApprovalSettings"].(object)["stages"].([]object)[0]["approverInformationVisibility"] = "notVisible"
	w.offer(p)
	id := w.ask("member")
	stage := dig(w.call("manager", "GET", approvalPath+"/"+id+"/stages", nil).one(), "id")
	w.call("manager", "PATCH", approvalPath+"/"+id+"/stages/"+stage, object{"reviewResult": "Approve"}).want(204)
	w.assign("admin", "member", entitlement.CatalogOwner, w.ids["catalog"]).want(201)
	resource := w.call("admin", "GET", em+"/catalogs/"+w.ids["catalog"]+"/resources?$expand=roles", nil).one()
	path := ours + "/roleHolders/" + w.ids["catalog"] + "/" + dig(resource, "id") + "/" + dig(resource, "roles.0.id")

	if got := w.call("admin", "GET", path, nil).want(200); dig(got.one(), "decidedBy.0") != w.ids["manager"] {
		t.Errorf("others see %s", got.text)
	}
	if got := w.call("member", "GET", path, nil).want(200); dig(got.one(), "requestedBy") != w.ids["member"] || strings.Contains(got.text, w.ids["manager"]) {
		t.Errorf("who asked sees %s", got.text)
	}
}
