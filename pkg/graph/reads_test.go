package graph

import (
	"fmt"
	"testing"

	"leasehold/pkg/entitlement"
)

// counted returns how many operations of the store a call costs.
func (w *fixture) counted(path string) int64 {
	w.Helper()
	w.call("admin", "GET", path, nil).want(200)
	before := w.reads.Load()
	w.call("admin", "GET", path, nil).want(200)
	return w.reads.Load() - before
}

// What is expanded is read for the whole page at once: a longer page costs no more reads.
func TestExpansionsAreReadAtOnce(t *testing.T) {
	w := newFixture(t)
	w.offer(object{"expiration": object{"type": "noExpiration"}})
	grow := func(from, to int) {
		for i := from; i < to; i++ {
			user := w.call("admin", "POST", "/v1.0/users", object{"displayName": "x", "userPrincipalName": fmt.Sprintf("x%d@example.com", i)}).want(201).get("id")
			held := w.call("admin", "POST", requestPath, object{"requestType": "adminAdd", "assignment": object{"targetId": user, "accessPackageId": w.ids["package"], "assignmentPolicyId": w.ids["policy"]}}).want(201).get("id")
			if i%2 == 0 {
				w.call("admin", "POST", requestPath, object{"requestType": "adminRemove", "assignment": object{"id": held}}).want(201)
			}
			p := w.call("admin", "POST", packagePath, object{"displayName": fmt.Sprint("Package ", i), "catalog": object{"id": w.ids["catalog"]}}).want(201).get("id")
			w.list(p, "incompatibleAccessPackages", packagePath+"/"+w.ids["package"]).want(204)
			w.list(p, "incompatibleGroups", "/v1.0/groups/"+w.ids["sales"]).want(204)
		}
	}
	of := "accessPackage/id eq '" + w.ids["package"] + "'"
	paths := []string{
		filtered(heldPath, of) + "&$expand=target,accessPackage($expand=catalog,resourceRoleScopes($expand=role($expand=resource))),assignmentPolicy",
		filtered(exportPath, of),
		filtered(requestPath, of) + "&$expand=requestor,accessPackage,assignment($expand=target)",
		filtered(packagePath, "catalog/id eq '"+w.ids["catalog"]+"'") + "&$expand=catalog,assignmentPolicies,incompatibleAccessPackages,incompatibleGroups,resourceRoleScopes($expand=role,scope)",
		packagePath + "/" + w.ids["package"] + "/accessPackagesIncompatibleWith",
		"/v1.0/groups/" + string(entitlement.AdministratorsGroup) + "/members",
	}
	grow(0, 3)
	few := map[string]int64{}
	for _, path := range paths {
		few[path] = w.counted(path)
	}
	grow(3, 12)
	for _, path := range paths {
		if many := w.counted(path); many != few[path] {
			t.Errorf("%s: %d reads for a short page, %d for a longer one", path, few[path], many)
		}
	}
}
