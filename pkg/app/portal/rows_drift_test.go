package portal

import (
	"maps"
	"net/url"

	"leasehold/pkg/entitlement"
)

// driftRows are the comparisons with targets, and what is done at the target of a resource.
var driftRows = map[string]row{
	"GET /operations/drift":                    {},
	"GET /operations/drift/{connector}/{scan}": {path: "connector=*builtin scan=scan"},
	"POST /operations/drift/{connector}/{scan}/take": {path: "connector=*builtin scan=scan", form: func(_ *fixture, at func(string) string) url.Values {
		return values("finding", at("finding"))
	}},
	"POST /operations/drift/{connector}/{scan}/now":          {path: "connector=*builtin scan=scan", form: always()},
	"POST /catalogs/{catalog}/resources/{resource}/delivery": {path: "catalog=catalog resource=resource_group", on: aCatalog, form: always("driftMode", "giveAgain", "preExistingMode", "keep")},
}

func init() { maps.Copy(rows, served(driftRows)) }

// compare adds a comparison of a half with what it found: an extra role of the half's person.
func (w *fixture) compare(half string) {
	w.Helper()
	now, group := w.clock.Now(), w.text("Role of "+half)
	role := entitlement.RoleRef{Connector: entitlement.BuiltinConnector, Resource: group, Role: group}
	scan := entitlement.DriftScan{Role: role, Started: now, Completed: now, Next: now.Add(entitlement.DriftEvery), Lists: true, Extra: 2, Reason: entitlement.ReasonUnavailable, Detail: w.text("Detail")}
	extra := entitlement.DriftFinding{Role: role, Principal: w.text("stranger"), Kind: entitlement.DriftExtra, State: entitlement.DriftOpen, First: now, Last: now}
	known := entitlement.DriftFinding{Role: role, Principal: w.ids[persons[half]], Subject: entitlement.UserID(w.ids[persons[half]]), Kind: entitlement.DriftMissing, State: entitlement.DriftContested, First: now, Last: now}
	if err := w.store.Commit(w.Context(), entitlement.Change{DriftScans: []entitlement.DriftScan{scan}, DriftFindings: []entitlement.DriftFinding{extra, known}}); err != nil {
		w.Fatal(err)
	}
	w.ids[half+".scan"], w.ids[half+".finding"] = string(scan.ID()), string(extra.ID())
}
