package graph

import (
	"strings"
	"testing"
	"time"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
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

// stockLook adds a job that has looked at the removal of a role from a package, and found one who
// loses it and one who keeps it.
func (w *fixture) stockLook(name string) string {
	w.Helper()
	p, err := w.store.Package(w.Context(), entitlement.PackageID(w.ids[name]))
	if err != nil {
		w.Fatal(err)
	}
	job := entitlement.ImpactJob{ID: entitlement.ImpactJobID(w.clock.New()), Package: p.ID, Catalog: p.Catalog, Edit: entitlement.RoleEdit{Package: p.ID, Remove: true}, Status: entitlement.JobSucceeded,
		Round: 1, Holders: 2, Loses: 1, Keeps: 1, Caller: entitlement.UserID(w.ids["admin"]), Created: w.clock.Now().Add(48 * time.Hour), Moved: w.clock.Now()} // whatever the clock does in a test, it is kept
	of := func(e entitlement.Effect, a entitlement.Affected) entitlement.ImpactPeople {
		a.Effect = e
		return entitlement.ImpactPeople{Package: p.ID, Job: job.ID, Round: 1, Effect: e, People: []entitlement.Affected{a}, Created: job.Created}
	}
	change := entitlement.Change{ImpactJobs: []entitlement.ImpactJob{job}, ImpactPeople: []entitlement.ImpactPeople{
		of(entitlement.Loses, entitlement.Affected{Subject: entitlement.UserID(w.ids["member"])}),
		of(entitlement.Keeps, entitlement.Affected{Subject: entitlement.UserID(w.ids["other"]), Because: []entitlement.Reason{{Package: p.ID}}, Further: 3})}}
	if err := w.store.Commit(w.Context(), change); err != nil {
		w.Fatal(err)
	}
	return string(job.ID)
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
	looked := places(pkg, only1("path roleChangeJobId", wrong("role change job", "look2").at("look")), only1("path accessPackageId", wrong("package", "package3").at("package")))
	told := places(looked, only1("path effect", place{foreign: "it is a word of ours and names nothing"}))
	all := []taking{
		{op: "GET " + impactJobPath, ok: 200, ids: looked},
		{op: "GET " + impactPeoplePath, ok: 200, ids: told},
		{op: "GET " + impactPeoplePath + "/$count", ok: 200, ids: told},
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

// Above so many people as one call looks at, the three operations answer with a job, and the job
// with what they would have answered.
func TestT26_AChangeThatManyPeopleHoldIsAJobOfTheAPI(t *testing.T) {
	w := stockParents(t)
	w.ask("member")
	w.keeping.AtOnce = 1
	pkg, scope := ours+"/accessPackages/"+w.ids["package"], w.ids["roleScope"]
	work := func(a reply) reply {
		t.Helper()
		at := strings.TrimPrefix(a.header.Get("Location"), publicURL)
		if a.get("status") != "notStarted" || at != pkg+"/roleChangeJobs/"+a.get("id") {
			t.Errorf("asked: %s, at %s", a.text, at)
		}
		if err := w.looks.Run(dynamotest.As(t.Context(), names.Fanout), entitlement.PackageID(w.ids["package"]), entitlement.ImpactJobID(a.get("id"))); err != nil {
			t.Fatal(err)
		}
		return w.call("admin", "GET", at, nil).want(200)
	}

	asked := w.call("admin", "POST", pkg+"/previewRoleChange", object{"resourceRoleScopeId": scope}).want(202)
	w.call("admin", "GET", pkg+"/roleChangeJobs/"+asked.get("id")+"/people/loses", nil).want(409)
	keyed := func() string {
		return w.send("admin", "POST", pkg+"/previewRoleChange", []byte(`{"resourceRoleScopeId":"`+scope+`"}`), map[string][]string{"Idempotency-Key": {"one"}, "Content-Type": {"application/json"}}).want(202).get("id")
	}
	if one := keyed(); one != keyed() || one == asked.get("id") {
		t.Error("a repeat is another job")
	}
	found := work(asked)
	at := pkg + "/roleChangeJobs/" + found.get("id")
	lose := w.call("admin", "GET", at+"/people/loses?$top=1", nil).want(200)
	if found.get("status") != "succeeded" || found.get("loseCount") == "0" || found.get("hash") == "" || found.get("loseCount") != w.call("admin", "GET", at+"/people/loses/$count", nil).want(200).text || len(lose.body["value"].([]any)) != 1 {
		t.Fatalf("the preview is %s, and who loses %s", found.text, lose.text)
	}
	w.call("admin", "GET", at+"/people/gains", nil).want(200)
	w.call("admin", "GET", at+"/people/wins", nil).want(404)
	w.call("member", "GET", at, nil).want(403)

	moved := work(w.call("admin", "POST", pkg+"/applyRoleChange", object{"resourceRoleScopeId": scope, "hash": "another"}).want(202))
	if moved.get("status") != "failed" || moved.get("failureCode") != "impactChanged" || moved.get("failureReason") == "" {
		t.Errorf("a hash of something else: %s", moved.text)
	}

	w.call("admin", "PATCH", ours+"/catalogs/"+w.ids["catalog"]+"/impactSettings", object{"impactLimitPercent": 10}).want(204)
	path := packagePath + "/" + w.ids["package"] + "/resourceRoleScopes"
	if refused := w.call("admin", "DELETE", path+"/"+scope, nil).want(409); refused.get("error.code") != "roleChangeNeedsJob" || !strings.Contains(refused.text, "previewRoleChange") {
		t.Errorf("Graph's own operation: %s", refused.text)
	}
	proposed := work(w.call("admin", "POST", pkg+"/applyRoleChange", object{"resourceRoleScopeId": scope, "hash": found.get("hash")}).want(202))
	list := ours + "/catalogs/" + w.ids["catalog"] + "/impactChanges"
	waits := dig(w.call("admin", "GET", list+"?$filter=kind%20eq%20'removeRole'", nil).one(), "id")
	if proposed.get("status") != "succeeded" || proposed.get("impactChangeId") != waits {
		t.Errorf("it waits as %s: %s", waits, proposed.text)
	}
	agreed := work(w.call("robot", "POST", list+"/"+waits+"/agree", object{"hash": found.get("hash")}).want(202))
	if left := w.call("admin", "GET", path, nil).want(200); agreed.get("status") != "succeeded" || strings.Contains(left.text, scope) {
		t.Errorf("what was agreed to is not done: %s", agreed.text)
	}
}
