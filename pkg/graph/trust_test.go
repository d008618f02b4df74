package graph

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/authz"
	"leasehold/pkg/names"
)

// bodies are those of operations that take no ids and read a body before they do anything.
var bodies = map[string]object{
	"POST /v1.0/users":              {"displayName": "New", "userPrincipalName": "new@northwind.example", "mailNickname": "new", "accountEnabled": true},
	"POST /v1.0/groups":             {"displayName": "New", "mailNickname": "new"},
	"POST " + em + "/catalogs":      {"displayName": "New"},
	"POST " + ours + "/connectors":  {"displayName": "New", "kind": "scim", "url": "https://new.example.com", "correlationKeys": []string{"userName"}, "credential": "geheim"},
	"PATCH " + deliverySettingsPath: {"driftMode": "giveAgain"},
	"POST " + ours + "/reprocess":   {"connectorId": "00000000-0000-0000-0000-00000000b017", "reason": "target-unavailable"},
}

// readableByAll are what everybody may read who may ask for the package.
var readableByAll = []string{"GET " + packagePath + "/{accessPackageId}", "GET " + availablePath + "/{accessPackageId}", "GET " + availablePath + "/{accessPackageId}/resourceRoleScopes",
	"GET " + availablePath + "/{accessPackageId}/resourceRoleScopes/$count", "GET " + packageInsightPath}

// A wire that lets everybody through to every operation changes nothing: the use case
// refuses whoever may not, with the rights of the object that it has read. So pages and jobs
// that call the same use cases are as safe.
func TestNoUseCaseTrustsTheWire(t *testing.T) {
	w := stockParents(t)
	for fn, table := range map[string][]operation{names.Catalogs: catalogsTable(), names.Requests: requestsTable()} {
		opened := slices.Clone(table)
		for i := range opened {
			opened[i].action = authz.ReadSelf // every enabled user's
		}
		w.api[fn].(*api).routes = newRoutes(opened)
	}
	before := w.everything()

	asked := map[string]bool{}
	refused := func(op string, got reply) {
		t.Helper()
		asked[op] = true
		if got.status != http.StatusForbidden && got.status != http.StatusNotFound {
			t.Errorf("%s lets somebody through who may not: %d %s", op, got.status, got.text)
		}
	}
	for _, tk := range takings() {
		// Everybody may ask for the package of this world, and so read it; and read what roles there are.
		if tk.as == "" && !slices.Contains(readableByAll, strings.TrimSuffix(tk.op, "/$count")) && tk.op != "GET "+definitionsPath+"/{roleId}" {
			tk.as = "reviewer"
			refused(tk.op, tk.call(w, "", ""))
		}
	}
	for _, op := range served() {
		if op.serve == nil || asked[op.name()] || !onlyAdministrators(op) {
			continue
		}
		path := samplePath(op.path)
		if strings.HasPrefix(op.path, em+"/resourceEnvironments") {
			path += "?$filter=originSystem%20eq%20'Scim'"
		}
		var body any
		if b, ok := bodies[op.name()]; ok {
			body = b
		}
		refused(op.name(), w.call("reviewer", op.method, path, body))
	}
	if w.everything() != before {
		t.Error("something was changed")
	}
	t.Logf("%d operations", len(asked))
}
