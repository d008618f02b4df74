package costs

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/lifecycle"
)

// The pins of the pages of those who run the service and look back. What could not be delivered
// is counted in one look at all that fails.
var pinOps = map[string]cost{
	"operations":     {11, 6.5, 0}, // what fails in two shards, four of what is owed, and which targets rest, in one
	"figures":        {3, 3, 0},    // a month is one item
	"my settings":    {2, 2, 0},    // who it is says how they want it
	"removals":       {6, 4, 0},
	"loosened":       {3, 2.5, 0},
	"all events":     {8, 30, 0}, // an index leads to 25 of them, each is read, and so is what it is about
	"by somebody":    {5, 29, 0},
	"of a person":    {6, 5, 0},
	"of a package":   {4, 6, 0},
	"of one thing":   {5, 5, 0},   // the page, the head, and the chain
	"people by name": {23, 14, 0}, // sixteen shards of people
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
			for name, path := range map[string]string{"operations": "/operations", "removals": "/operations/removals", "loosened": "/operations/loosened", "figures": "/operations/figures", "my settings": "/my-settings", "all events": "/audit",
				"by somebody": "/audit?actor=" + admin, "of a person": "/audit?person=" + mia, "of a package": "/audit?package=" + pkg, "of one thing": "/audit/user/" + boss, "people by name": "/audit?person=mia"} {
				o.costs(name, pinOps[name], func() { read(path) })
			}
		})
	}
}

// pinCount is what it costs to count a quarter of an hour in which nothing happened, and one with
// ten events: what was counted, four shards of the index, each event, and the figures anew.
var pinCount = map[string]cost{"nothing": {}, "a quarter of an hour": {6, 3, 2}, "ten events": {7, 13, 2}}

// What figures cost follows what happened, and not what is kept: each event is read once.
func TestY1_WhatCountingCostsFollowsWhatHappened(t *testing.T) {
	o := open(t, place{engine.New(engine.Options{Table: "costs"}), "costs"})
	pkg := o.pack(false)
	count := &lifecycle.Counter{Store: o.db, Clock: o.clock, Log: slog.New(slog.DiscardHandler)}
	turn := func() {
		if err := count.Count(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	o.clock.Advance(time.Hour)
	turn()
	o.clock.Advance(time.Minute)
	o.costs("nothing", pinCount["nothing"], turn)
	o.clock.Advance(15 * time.Minute)
	o.costs("a quarter of an hour", pinCount["a quarter of an hour"], turn)
	for n := range 10 {
		o.call(o.catalogs, "admin", "PATCH", em+"/accessPackages/"+pkg, object{"description": fmt.Sprintf("%03d", n)})
	}
	o.clock.Advance(20 * time.Minute)
	o.costs("ten events", pinCount["ten events"], turn)
}
