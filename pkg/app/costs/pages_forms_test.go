package costs

import (
	"fmt"
	"testing"

	"leasehold/pkg/dynamo/engine"
)

// The pins of the forms' lists, and of who holds a role: the same however many hold it.
var pinForms = map[string]cost{
	"connectors":    {3, 2.5, 0},
	"organizations": {3, 2.5, 0},
	"groups":        {19, 12, 0}, // sixteen shards of groups
	"settings":      {3, 3, 0},
	"role holders":  {37, 87, 0}, // 25 of them: each with the record, the request and the person; and the comparison with the target
}

func TestY1_WhatTheFormsCostIsTheSameHoweverManyHoldARole(t *testing.T) {
	for _, total := range []int{30, 120} {
		t.Run(fmt.Sprint(total), func(t *testing.T) {
			o := open(t, place{engine.New(engine.Options{Table: "costs"}), "costs"})
			pkg := o.pack(false)
			policy := o.policyOf(pkg)
			for n := range total {
				name := fmt.Sprint("p", n)
				o.person(name, "")
				o.submit(name, pkg, policy)
			}
			catalog := o.call(o.people, "admin", "GET", em+"/accessPackages/"+pkg+"?$expand=catalog", nil)["catalog"].(object)["id"].(string)
			resource := o.call(o.catalogs, "admin", "GET", em+"/catalogs/"+catalog+"/resources?$expand=roles", nil)["value"].([]any)[0].(object)
			role := resource["roles"].([]any)[0].(object)["id"].(string)
			holders := "/catalogs/" + catalog + "/resources/" + resource["id"].(string) + "/roles/" + role

			read := o.pages("admin")
			read("/administration/settings")
			for name, path := range map[string]string{"connectors": "/administration/connectors", "organizations": "/administration/organizations", "groups": "/administration/groups",
				"settings": "/administration/settings", "role holders": holders} {
				o.costs(name, pinForms[name], func() { read(path) })
			}
		})
	}
}
