package costs

import (
	"fmt"
	"testing"
	"time"

	"leasehold/pkg/dynamo/engine"
)

// The pins of the pages of those who run the service and look back. What could not be delivered
// is counted for each target and each reason, in a call of its own.
var pinOps = map[string]cost{
	"operations":     {19, 10.5, 0}, // ten reasons at the one target, and four shards of what is owed
	"removals":       {6, 4, 0},
	"loosened":       {3, 2.5, 0},
	"all events":     {9, 31, 0}, // an index leads to 25 of them, each is read, and so is what it is about
	"by somebody":    {7, 31, 0},
	"of a person":    {7, 7, 0},
	"of a package":   {6, 8, 0},
	"of one thing":   {6, 7, 0},     // the page, the head, and the chain
	"people by name": {23, 15.5, 0}, // sixteen shards of people
}

func TestY1_WhatOperationsAndAuditCostIsTheSameHoweverMuchHappened(t *testing.T) {
	for _, total := range []int{60, 600} {
		t.Run(fmt.Sprint(total), func(t *testing.T) {
			o := open(t, place{engine.New(engine.Options{Table: "costs"}), "costs"})
			boss := o.person("boss", "")
			mia, pkg := o.person("mia", boss), o.pack(false)
			for n := range total { // one after the other, so that it is settled which are newest
				o.clock.Advance(time.Second)
				o.call(o.catalogs, "admin", "PATCH", em+"/accessPackages/"+pkg, object{"description": fmt.Sprintf("%03d", n)})
			}
			admin := o.call(o.catalogs, "admin", "GET", "/v1.0/me", nil)["id"].(string)

			read := o.pages("admin")
			read("/audit") // and so the signing key is known
			for name, path := range map[string]string{"operations": "/operations", "removals": "/operations/removals", "loosened": "/operations/loosened", "all events": "/audit",
				"by somebody": "/audit?actor=" + admin, "of a person": "/audit?person=" + mia, "of a package": "/audit?package=" + pkg, "of one thing": "/audit/user/" + boss, "people by name": "/audit?person=mia"} {
				o.costs(name, pinOps[name], func() { read(path) })
			}
		})
	}
}
