package costs

import (
	"fmt"
	"testing"

	"leasehold/pkg/dynamo/engine"
)

// The pins of the pages of whoever decides: of the list, and of one decision.
var pinDeciding = map[string]cost{
	"a decision":      {7, 8.5, 0},
	"what waits, 1":   {7, 9.5, 0},
	"what waits, 10":  {7, 36.5, 0},
	"what waits, 50":  {7, 82.5, 0}, // a page of 25
	"what waits, 100": {7, 83, 0},
}

// A page of what waits costs the same from the first full page on, and a decision the same however
// many wait.
func TestY1_WhatDecidingCostsIsTheSameHoweverMuchWaits(t *testing.T) {
	for _, waits := range []int{1, 10, 50, 100} {
		t.Run(fmt.Sprint(waits), func(t *testing.T) {
			o := open(t, place{engine.New(engine.Options{Table: "costs"}), "costs"})
			boss := o.person("otto", "")
			pkg := o.pack(true)
			policy, request := o.policyOf(pkg), ""
			for n := range waits {
				who := fmt.Sprint("p", n)
				o.person(who, boss)
				request = o.submit(who, pkg, policy)
			}

			read := o.pages("otto")
			read("/approvals") // and so the signing key is known
			o.costs("what waits", pinDeciding[fmt.Sprint("what waits, ", waits)], func() { read("/approvals") })
			o.costs("a decision", pinDeciding["a decision"], func() { read("/approvals/" + request) })
		})
	}
}
