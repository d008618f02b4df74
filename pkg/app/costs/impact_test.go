package costs

import (
	"context"
	"fmt"
	"testing"
)

// What a change of a package's roles costs. Graph's own operation reads the catalog more than it
// did, for its limit. A preview reads the records of the holders and what is recorded of them at
// the target: 2 R a holder; a change that was agreed to reads the records again, 1 R a holder,
// lays a watch on the 16 guards of the package (16 writes, and 16 in the change itself), and
// checks each record: 2 W a holder, up to 72 of them.
var (
	pinRoleRemoved  = cost{8, 7, 15}
	pinRolePreview3 = cost{8, 13, 0}
	pinRoleAgreed3  = cost{11, 11, 83}
	pinRoleMoved3   = cost{10, 10, 64}
	pinRoleWaits3   = cost{12, 11, 72}
)

func TestT26_WhatAChangeOfRolesCosts(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		o := open(t, p)
		o.call(o.catalogs, "admin", "GET", "/v1.0/me", nil)
		pkg := o.pack(false)
		for i := range 3 {
			name := fmt.Sprint("holder", i)
			id := o.person(name, "")
			o.submit(name, pkg, o.policyOf(pkg))
			o.deliver(id)
		}
		if err := o.edits.Run(context.Background(), "", 0); err != nil {
			t.Fatal(err)
		}

		list := o.call(o.catalogs, "admin", "GET", em+"/accessPackages/"+pkg+"/resourceRoleScopes", nil)["value"].([]any)
		scope := func(i int) string { return list[i].(object)["id"].(string) }
		at := "/v1.0/leasehold/accessPackages/" + pkg
		var hash any
		o.costs("Graph removes a role", pinRoleRemoved, func() {
			o.call(o.catalogs, "admin", "DELETE", em+"/accessPackages/"+pkg+"/resourceRoleScopes/"+scope(0), nil)
		})
		o.costs("a removal is looked at", pinRolePreview3, func() {
			hash = o.call(o.catalogs, "admin", "POST", at+"/previewRoleChange", object{"resourceRoleScopeId": scope(1)})["hash"]
		})
		o.costs("another one was agreed to", pinRoleMoved3, func() {
			o.send(o.catalogs, "admin", "POST", at+"/applyRoleChange", "", object{"resourceRoleScopeId": scope(1), "hash": "another"})
		})
		o.costs("it is agreed to", pinRoleAgreed3, func() {
			o.call(o.catalogs, "admin", "POST", at+"/applyRoleChange", object{"resourceRoleScopeId": scope(1), "hash": hash})
		})
		catalog := o.call(o.catalogs, "admin", "GET", em+"/catalogs", nil)["value"].([]any)[0].(object)["id"].(string)
		o.call(o.catalogs, "admin", "PATCH", "/v1.0/leasehold/catalogs/"+catalog+"/impactSettings", object{"impactLimitPeople": 2})
		o.costs("a removal waits", pinRoleWaits3, func() {
			o.send(o.catalogs, "admin", "DELETE", em+"/accessPackages/"+pkg+"/resourceRoleScopes/"+scope(2), "", nil)
		})
	})
}
