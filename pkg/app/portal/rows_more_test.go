package portal

import (
	"maps"
	"net/http"
	"net/url"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	pages "leasehold/pkg/portal"
)

// served are those of the rows whose routes there are, so that a table of rows may come before
// its pages.
func served(some map[string]row) map[string]row {
	there := map[string]row{}
	for _, r := range pages.Routes() {
		if one, has := some[r.Method+" "+r.Pattern]; has {
			there[r.Method+" "+r.Pattern] = one
		}
	}
	return there
}

// moreRows are the rows of one's own settings, figures, reports, and of what a policy would do.
var moreRows = map[string]row{
	"GET /my-settings":        {},
	"POST /my-settings":       {form: always("language", "de", "zone", "Europe/Berlin")},
	"GET /operations/figures": {},

	"GET /catalogs/{catalog}/packages/{id}/try": {path: "catalog=catalog id=free", on: aCatalog},

	"GET /my-people":                                       {},
	"GET /my-people/{id}":                                  {path: "id=person", on: aReport, only: authz.OnBehalf},
	"GET /my-people/{id}/packages":                         {path: "id=person", on: aReport, only: authz.OnBehalf},
	"POST /my-people/{id}/assignments/{assignment}/end":    {path: "id=person assignment=assignment", on: aReport, only: authz.OnBehalf, form: always("justification", "over")},
	"POST /my-people/{id}/assignments/{assignment}/extend": {path: "id=person assignment=assignment", on: aReport, only: authz.OnBehalf, form: always("justification", "longer")},

	"GET /my-organizations":                {},
	"GET /my-organizations/{organization}": {path: "organization=organization", query: signingIn, on: anOrganization, only: authz.OnBehalf},

	"GET /packages/{id}/others": {path: "id=free", as: authz.ReadPackage, or: authz.OnBehalf, on: aPackage},
	"POST /packages/{id}/others": {path: "id=free", on: aReport, only: authz.OnBehalf, form: func(_ *fixture, at func(string) string) url.Values {
		return values("for", at("person"), "policy", at("policy of free"), "justification", "why")
	}},
	"GET /my-people/requests":                  {},
	"POST /requests/{id}/reprocess":            {path: "id=broken", on: aCatalog, form: always()},
	"POST /requests/{id}/assignment/reprocess": {path: "id=broken", on: aCatalog, form: always()},

	"GET /catalogs/{catalog}/packages/{id}/roles/impact":        {path: "catalog=catalog id=held", on: aCatalog, query: removing},
	"GET /catalogs/{catalog}/packages/{id}/roles/impact/people": {path: "catalog=catalog id=held", on: aCatalog, query: removing},
	"POST /catalogs/{catalog}/packages/{id}/roles/impact": {path: "catalog=catalog id=held", on: aCatalog, form: func(w *fixture, at func(string) string) url.Values {
		path := "/catalogs/" + at("catalog") + "/packages/" + at("held") + "/roles/impact"
		return values("remove", at("scope_of_held"), "hash", w.seen("admin", path+removing(at), hashOn))
	}},
	"POST /catalogs/{catalog}/packages/{id}/roles/impact/jobs": {path: "catalog=catalog id=held", on: aCatalog, form: func(_ *fixture, at func(string) string) url.Values {
		return values("remove", at("scope_of_held"))
	}},
	"GET /catalogs/{catalog}/packages/{id}/roles/impact/jobs/{job}":        {path: "catalog=catalog id=held job=look", on: aCatalog},
	"GET /catalogs/{catalog}/packages/{id}/roles/impact/jobs/{job}/people": {path: "catalog=catalog id=held job=look", on: aCatalog},
	"POST /catalogs/{catalog}/packages/{id}/roles/impact/jobs/{job}":       {path: "catalog=catalog id=held job=look", on: aCatalog, form: always("hash", "as it was seen")},
	"GET /catalogs/{catalog}/changes/{change}":                             {path: "catalog=catalog change=change", on: aCatalog, also: []need{{authz.ChangeRoleScopes, aCatalog}}},
	"POST /catalogs/{catalog}/changes/{change}": {path: "catalog=catalog change=change", on: aCatalog, also: []need{{authz.ChangeRoleScopes, aCatalog}}, form: func(w *fixture, at func(string) string) url.Values {
		return values("decision", "agree", "hash", w.seen("admin", "/catalogs/"+at("catalog")+"/changes/"+at("change"), hashOn))
	}},
	"GET /catalogs/{catalog}/limit":  {path: "catalog=catalog", on: aCatalog},
	"POST /catalogs/{catalog}/limit": {path: "catalog=catalog", on: aCatalog, form: always("people", "10", "percent", "50")},
}

func removing(at func(string) string) string {
	return "?" + url.Values{"remove": {at("scope_of_held")}}.Encode()
}

// signingIn is the place at which the people of a half's organization sign in.
func signingIn(at func(string) string) string { return "?" + url.Values{"at": {at("place")}}.Encode() }

func init() { maps.Copy(rows, served(moreRows)) }

// waiting lays a change of a half down that waits for a second person: somebody who owns the
// catalog would take the role from a package that one person has, under a limit that is lifted
// again, so that the other forms need nobody beside who sends them.
func (w *fixture) waiting(half string) {
	w.Helper()
	at := func(name string) string { return w.ids[half+"."+name] }
	if w.ids["proposer"] == "" {
		w.person("proposer", nil)
	}
	w.api("admin", "POST", "/v1.0/roleManagement/entitlementManagement/roleAssignments", object{"principalId": w.ids["proposer"], "roleDefinitionId": string(entitlement.CatalogOwner), "appScopeId": "/AccessPackageCatalog/" + at("catalog")})

	limit := "/v1.0/leasehold/catalogs/" + at("catalog") + "/impactSettings"
	w.api("admin", "PATCH", limit, object{"impactLimitPercent": 50})
	refused := w.call("proposer", "DELETE", em+"/accessPackages/"+at("failing")+"/resourceRoleScopes/"+at("scope of failing"), nil)
	if refused.Code != http.StatusConflict {
		w.Fatalf("a change above the limit: %d %s", refused.Code, refused.Body)
	}
	w.api("admin", "PATCH", limit, object{"impactLimitPercent": 0})

	all, err := w.store.ImpactChanges(w.Context(), entitlement.CatalogID(at("catalog")))
	if err != nil || len(all) != 1 {
		w.Fatalf("changes that wait: %v %v", all, err)
	}
	w.ids[half+".change"] = string(all[0].ID)

	// And a job has looked at a change of another package, of one who has it.
	now, pkg := w.clock.Now(), entitlement.PackageID(at("held"))
	scopes, err := w.store.Scopes(w.Context(), pkg)
	if err != nil {
		w.Fatal(err)
	}
	job := entitlement.ImpactJob{ID: entitlement.ImpactJobID(w.clock.New()), Package: pkg, Catalog: entitlement.CatalogID(at("catalog")), Edit: entitlement.RoleEdit{Package: pkg, Scope: scopes.List[0], Remove: true},
		Status: entitlement.JobSucceeded, Round: 1, Holders: 1, Loses: 1, Created: now, Moved: now}
	some := entitlement.ImpactPeople{Package: pkg, Job: job.ID, Round: 1, Effect: entitlement.Loses, Created: now, People: []entitlement.Affected{{Subject: entitlement.UserID(at("person")), Effect: entitlement.Loses}}}
	if err := w.store.Commit(w.Context(), entitlement.Change{ImpactJobs: []entitlement.ImpactJob{job}, ImpactPeople: []entitlement.ImpactPeople{some}}); err != nil {
		w.Fatal(err)
	}
	w.ids[half+".look"] = string(job.ID)
}
