package graph

import (
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

// stockChanges adds a change that waits for a second person to each of two catalogs. It is of a
// policy, so that whoever agrees to it changes nothing else.
func (w *fixture) stockChanges() {
	w.Helper()
	for name, in := range map[string][3]string{"change": {"catalog", "package", "policy"}, "change2": {"catalog2", "package3", "policy3"}} {
		id := entitlement.ChangeID(w.clock.New())
		terms, err := w.store.Policy(w.Context(), entitlement.PolicyID(w.ids[in[2]]))
		if err != nil {
			w.Fatal(err)
		}
		c := entitlement.ImpactChange{ID: id, Catalog: entitlement.CatalogID(w.ids[in[0]]), Edit: entitlement.RoleEdit{Package: entitlement.PackageID(w.ids[in[1]])},
			Policy: terms.ID, Terms: terms, Loosens: "expiration", Hash: "h", Proposer: entitlement.UserID(w.ids["member"]), Created: w.clock.Now()}
		if err := w.store.Commit(w.Context(), entitlement.Change{ImpactChanges: []entitlement.ImpactChange{c}}); err != nil {
			w.Fatal(err)
		}
		w.ids[name] = string(id)
	}
}

// impactTakings are changes of a package's roles that are looked at, and those that wait.
func impactTakings() []taking {
	catalog, pkg := only1("path catalogId", free("catalog", anyCatalog)), only1("path accessPackageId", free("package", anyPackage))
	added := places(pkg, map[string]place{
		"body resourceId":          wrong("resource", "resource2", "resourceK2").at("resource1b"),
		"body roleOriginId":        wrong("group", "sales", "marketing").at("support").as("Member_*"),
		"body resourceRoleScopeId": {foreign: elsewhere},
	})
	removed := places(pkg, map[string]place{
		"body resourceRoleScopeId": wrong("role scope", "roleScope2", "roleScopeMixed").at("roleScope").as("*_*"),
		"body resourceId":          {foreign: elsewhere},
		"body roleOriginId":        {foreign: elsewhere},
	})
	apply := ours + "/accessPackages/{accessPackageId}/applyRoleChange"
	all := []taking{
		{op: "GET " + impactSettingsPath, ok: 200, ids: catalog},
		{op: "PATCH " + impactSettingsPath, ok: 204, body: object{"impactLimitPeople": 3}, ids: places(catalog, only1("body id", wrong("catalog", "catalog2").at("catalog")))},
		{op: "POST " + previewPath, ok: 200, body: object{"resourceId": "{resource1b}", "roleOriginId": "Member_{support}"}, ids: added},
		{op: "POST " + previewPath, ok: 200, body: object{"resourceRoleScopeId": "{roleScope}"}, ids: removed},
		{op: "POST " + apply, ok: 409, body: object{"hash": "h", "resourceId": "{resource1b}", "roleOriginId": "Member_{support}"}, ids: added},
		{op: "POST " + apply, ok: 409, body: object{"hash": "h", "resourceRoleScopeId": "{roleScope}"}, ids: removed},
		{op: "GET " + impactChangesPath, ok: 200, ids: catalog},
	}
	waits := map[string]place{"path catalogId": wrong("catalog", "catalog2"), "path changeId": wrong("impact change", "change2")}
	return append(all, taking{op: "POST " + impactChangesPath + "/{changeId}/agree", ok: 204, body: object{"hash": "h"}, ids: waits},
		taking{op: "POST " + impactChangesPath + "/{changeId}/reject", ok: 204, ids: waits})
}

// An edit of roles is looked at, agreed to by its hash, and above the limit of the catalog by
// a second person, whichever way it comes.
func TestT26_GraphsOwnOperationsWaitForASecondPersonAboveTheLimit(t *testing.T) {
	w := stockParents(t)
	pkg, scope := ours+"/accessPackages/"+w.ids["package"], w.ids["roleScope"]
	settings := ours + "/catalogs/" + w.ids["catalog"] + "/impactSettings"

	found := w.call("admin", "POST", pkg+"/previewRoleChange", object{"resourceRoleScopeId": scope}).want(200)
	if found.get("loseCount") != found.get("holders") || found.get("loseCount") == "0" || found.get("hash") == "" {
		t.Fatalf("the preview is %s", found.text)
	}
	moved := w.call("admin", "POST", pkg+"/applyRoleChange", object{"resourceRoleScopeId": scope, "hash": "another"}).want(409)
	if moved.get("error.code") != "impactChanged" {
		t.Errorf("a hash of something else: %s", moved.text)
	}
	w.call("admin", "POST", pkg+"/previewRoleChange", object{"resourceRoleScopeId": scope, "resourceId": w.ids["resource1b"]}).want(400)
	w.call("admin", "POST", pkg+"/previewRoleChange", object{"resourceId": w.ids["resource1b"]}).want(400)

	w.call("admin", "PATCH", settings, object{"impactLimitPeople": -1}).want(400)
	w.call("admin", "PATCH", settings, object{"impactLimitPercent": 10}).want(204)
	if got := w.call("admin", "GET", settings, nil).want(200); got.get("impactLimitPercent") != "10" || got.get("impactLimitPeople") != "0" {
		t.Errorf("the settings are %s", got.text)
	}

	path := packagePath + "/" + w.ids["package"] + "/resourceRoleScopes"
	refused := w.call("admin", "DELETE", path+"/"+scope, nil).want(409)
	list := ours + "/catalogs/" + w.ids["catalog"] + "/impactChanges"
	waiting := w.call("admin", "GET", list+"?$filter=kind%20eq%20'removeRole'", nil).one()
	id, hash := dig(waiting, "id"), dig(waiting, "hash")
	if refused.get("error.code") != "secondPersonRequired" || !strings.Contains(refused.text, id) || hash != found.get("hash") {
		t.Errorf("the refusal %s does not name the change %s", refused.text, id)
	}
	w.call("admin", "POST", path, object{"role": object{"id": w.ids["role1b"], "resource": object{"id": w.ids["resource1b"]}}}).want(409)

	w.call("admin", "POST", list+"/"+id+"/agree", object{"hash": hash}).want(403)
	w.call("admin", "POST", list+"/"+id+"/agree", object{}).want(400)
	w.call("member", "POST", list+"/"+id+"/agree", object{"hash": hash}).want(403)
	w.call("admin", "POST", list+"/"+id+"/reject", nil).want(204)
	w.call("admin", "POST", list+"/"+id+"/reject", nil).want(404)
	if left := w.call("admin", "GET", path, nil).want(200); !strings.Contains(left.text, scope) {
		t.Error("the role went without a second person")
	}

	w.call("admin", "PATCH", settings, object{"impactLimitPercent": 0}).want(204)
	w.call("admin", "POST", pkg+"/applyRoleChange", object{"resourceRoleScopeId": scope, "hash": found.get("hash")}).want(204)
	if left := w.call("admin", "GET", path, nil).want(200); strings.Contains(left.text, scope) {
		t.Error("what was agreed to is not done")
	}
}
