package graph

import (
	"context"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
)

// stockDrift adds a comparison with an extra role to each of two targets.
func (w *fixture) stockDrift(connectors ...string) {
	w.Helper()
	for i, name := range connectors {
		at := entitlement.ConnectorID(w.ids[name])
		role := entitlement.RoleRef{Connector: at, Resource: "g", Role: "Member_g"}
		scan := entitlement.DriftScan{Role: role, Started: w.clock.Now(), Completed: w.clock.Now(), Next: w.clock.Now().Add(time.Hour), Lists: true, Extra: 1, Name: "Sales: Member"}
		f := entitlement.DriftFinding{Role: role, Principal: "stranger", Kind: entitlement.DriftExtra, State: entitlement.DriftOpen, First: w.clock.Now(), Last: w.clock.Now()}
		if err := w.store.Commit(w.Context(), entitlement.Change{DriftScans: []entitlement.DriftScan{scan}, DriftFindings: []entitlement.DriftFinding{f}}); err != nil {
			w.Fatal(err)
		}
		suffix := []string{"", "2"}[i]
		w.ids["driftScan"+suffix], w.ids["driftFinding"+suffix] = string(scan.ID()), string(f.ID())
	}
}

// gives has a package give the role that was compared at a connector.
func (w *fixture) gives(pkg, connector string) {
	w.Helper()
	scopes, err := w.store.Scopes(w.Context(), entitlement.PackageID(w.ids[pkg]))
	if err != nil {
		w.Fatal(err)
	}
	scopes.List = append(scopes.List, entitlement.ResourceRoleScope{ID: sampleID + "_" + w.ids[connector], Resource: sampleID, Ref: entitlement.RoleRef{Connector: entitlement.ConnectorID(w.ids[connector]), Resource: "g", Role: "Member_g"}})
	if err := w.store.Commit(w.Context(), entitlement.Change{Scopes: []entitlement.PackageScopes{scopes}}); err != nil {
		w.Fatal(err)
	}
}

// driftTakings are comparisons with targets, and settings of resources.
func driftTakings() []taking {
	found := places(only1("path connectorId", wrong("connector", "connector2")), only1("path driftScanId", wrong("drift scan", "driftScan2")))
	resource := places(only1("path catalogId", wrong("catalog", "catalog2")), only1("path resourceId", wrong("resource", "resource2", "resourceK2")))
	return []taking{
		{op: "GET " + driftFindingsPath, ok: 200, ids: found},
		{op: "POST " + driftFindingsPath + "/{driftFindingId}/takeAway", ok: 202, ids: places(found, only1("path driftFindingId", place{foreign: elsewhere}))},
		{op: "POST " + adoptPath, ok: 201, body: object{"accessPackageId": "{package2}", "assignmentPolicyId": "{policy2}", "targetId": "{reviewer}"},
			ids: places(found, map[string]place{"path driftFindingId": {foreign: elsewhere}, "body targetId": free("user", anybody), "body assignmentPolicyId": wrong("policy", "policy", "policy3", "policy4"),
				"body accessPackageId": free("package", "any package may be named that gives the role, and the policy must be one of it")})},
		{op: "POST " + compareNowPath, ok: 202, ids: found},
		{op: "GET " + deliverySettingsPath, ok: 200, ids: resource},
		{op: "PATCH " + deliverySettingsPath, ok: 204, body: object{"driftMode": "giveAgain"}, ids: places(resource, only1("body id", wrong("resource", "resource2").at("resource")))},
	}
}

func TestR6_TheSettingsOfAResourceSayWhatIsDoneAtItsTarget(t *testing.T) {
	w := newFixture(t)
	stockExpansions(w)
	path := ours + "/catalogs/" + w.ids["catalog"] + "/resources/" + w.ids["resource"] + "/deliverySettings"
	if got := w.call("admin", "GET", path, nil).want(200); got.get("driftMode") != "report" || got.get("preExistingMode") != "takeWithLast" {
		t.Errorf("nobody set anything: %s", got.text)
	}
	for _, bad := range []object{{"driftMode": "repair"}, {"preExistingMode": "drop"}, {"mode": "keep"}} {
		w.call("admin", "PATCH", path, bad).want(400)
	}
	w.call("member", "PATCH", path, object{"driftMode": "giveAgain"}).want(403)

	w.call("admin", "PATCH", path, object{"driftMode": "giveAgain"}).want(204)
	w.call("admin", "PATCH", path, object{"preExistingMode": "keep"}).want(204)
	if got := w.call("admin", "GET", path, nil).want(200); got.get("driftMode") != "giveAgain" || got.get("preExistingMode") != "keep" {
		t.Errorf("it was set: %s", got.text)
	}
	w.verifies(entitlement.OfCatalog, w.ids["catalog"], "resourceSettingsChanged")
}

func TestL8_WhatAComparisonFoundIsListedAndTakenAwayByDecisionAlone(t *testing.T) {
	w := newFixture(t)
	stockExpansions(w)
	scan := w.call("admin", "GET", driftScansPath, nil).one()
	if scan["id"] != w.ids["driftScan"] || scan["connectorId"] != w.ids["connector"] {
		t.Errorf("listed is %v", scan)
	}
	findings := driftScansPath + "/" + w.ids["connector"] + "/" + w.ids["driftScan"] + "/findings"
	if got := w.call("admin", "GET", filtered(findings, "kind eq 'extra'"), nil).one(); got["id"] != w.ids["driftFinding"] || got["principal"] != "stranger" || got["state"] != "open" {
		t.Errorf("found is %v", got)
	}
	w.call("member", "GET", findings, nil).want(403)
	w.call("admin", "GET", driftScansPath+"/"+w.ids["connector"]+"/"+sampleID+"/findings", nil).want(404)

	take := findings + "/" + w.ids["driftFinding"] + "/takeAway"
	w.call("member", "POST", take, nil).want(403)
	w.call("admin", "POST", findings+"/"+sampleID+"/takeAway", nil).want(404)
	w.call("admin", "POST", take, nil).want(202)
	w.call("admin", "POST", take, nil).want(202)
	if got := w.call("admin", "GET", findings, nil).one(); got["state"] != "takingAway" || got["decidedBy"] != w.ids["admin"] {
		t.Errorf("it was decided: %v", got)
	}
	due, err := w.store.DriftScansDue(context.Background(), w.clock.Now(), entitlement.Page{})
	if err != nil || len(due.Items) != 1 || due.Items[0].Phase != entitlement.DriftJudging {
		t.Errorf("due are %+v, %v", due.Items, err)
	}
}

func TestL8_ARoleIsComparedNowWhereSomebodyAsksOnceAtATime(t *testing.T) {
	w := newFixture(t)
	stockExpansions(w)
	path := driftScansPath + "/" + w.ids["connector"] + "/" + w.ids["driftScan"] + "/compareNow"
	if scan := w.call("admin", "GET", driftScansPath, nil).one(); scan["displayName"] != "Sales: Member" {
		t.Errorf("listed is %v", scan)
	}
	w.call("member", "POST", path, nil).want(403)
	w.call("admin", "POST", driftScansPath+"/"+w.ids["connector"]+"/"+sampleID+"/compareNow", nil).want(404)

	w.call("admin", "POST", path, nil).want(202)
	w.call("admin", "POST", path, nil).want(202)
	due, err := w.store.DriftScansDue(context.Background(), w.clock.Now(), entitlement.Page{})
	if err != nil || len(due.Items) != 1 || due.Items[0].Phase != entitlement.DriftWaits || due.Items[0].Chain.Number != 1 {
		t.Errorf("due are %+v, %v", due.Items, err) // asked twice, and on record once
	}
}

func TestL8_AnExtraRoleIsAdoptedByAPackageThatGivesItOnce(t *testing.T) {
	w := newFixture(t)
	stockExpansions(w)
	finding := driftScansPath + "/" + w.ids["connector"] + "/" + w.ids["driftScan"] + "/findings/"
	adopt := finding + w.ids["driftFinding"] + "/adopt"
	ann := w.call("admin", "POST", "/v1.0/users", object{"displayName": "Ann", "userPrincipalName": "ann@example.com"}).want(201).get("id")
	body := object{"accessPackageId": w.ids["package"], "assignmentPolicyId": w.ids["policy"], "targetId": ann}

	w.call("member", "POST", adopt, body).want(403)
	w.call("admin", "POST", adopt, object{"accessPackageId": w.ids["package"]}).want(400)
	w.call("admin", "POST", adopt, object{"accessPackageId": w.ids["package"], "assignmentPolicyId": w.ids["policy"], "justification": "x"}).want(400)
	w.call("admin", "POST", finding+sampleID+"/adopt", body).want(404)
	if got := w.call("admin", "POST", adopt, object{"accessPackageId": w.ids["package"], "assignmentPolicyId": w.ids["policy"]}); got.status/100 != 4 || !strings.Contains(got.get("error.message"), "targetId") {
		t.Errorf("nobody knows them: %d %s", got.status, got.text)
	}
	if got := w.call("admin", "POST", adopt, body); got.status/100 != 4 || !strings.Contains(got.get("error.message"), "does not give the role") {
		t.Errorf("the package gives another role: %d %s", got.status, got.text)
	}

	w.gives("package", "connector")
	first := w.call("admin", "POST", adopt, body).want(201)
	if first.get("requestType") != "adminAdd" || first.get("state") != "submitted" {
		t.Errorf("made was %s", first.text)
	}
	first.like(t, "again", w.call("admin", "POST", adopt, body))
	w.verifies(entitlement.OfRequest, first.get("id"), "submitted")
}
