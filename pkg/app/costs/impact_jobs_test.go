package costs

import (
	"fmt"
	"strings"
	"testing"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/entitlement"
)

// What a change of roles costs by how many people hold the package: 2 R a holder for a look, and 1
// for the application of what was agreed to. Up to 2,000 one call does it. With more it is a job,
// for which a call reads where the first 2,001 are (92 R) and nothing of what they hold: no call of
// somebody who waits costs more with 50,000 holders than with 2,001. The worker writes what it
// found, 500 people of some 22 KB in an item, and its own place after each page of 1 MB.
var (
	pinImpact2000 = cost{47, 4089, 0}
	pinAgreed2000 = cost{30, 2090, 79}

	pinJobAsked = cost{12, 93, 2}
	pinJobShown = cost{4, 4, 0}
	pinJobPage  = cost{5, 7, 0}
	pinJobApply = cost{14, 93, 66} // with the watch that the call lays before it knows, and lifts

	pinJobLooks = map[int]cost{2_001: {50, 4091, 94}, 50_000: {1031, 102065, 2310}}
	pinJobMakes = map[int]cost{2_001: {31, 2091, 83}, 50_000: {533, 52066, 117}}
)

func TestT26_WhatAChangeOfRolesCostsByHowManyHoldThePackage(t *testing.T) {
	for _, many := range []int{2_000, 2_001, 50_000} {
		t.Run(fmt.Sprint(many), func(t *testing.T) {
			o := open(t, place{engine.New(engine.Options{Table: "costs"}), "costs"})
			o.call(o.catalogs, "admin", "GET", "/v1.0/me", nil)
			pkg := o.pack(false)
			if err := o.edits.Run(t.Context(), "", 0); err != nil {
				t.Fatal(err)
			}
			o.hold(pkg, many)
			list := o.call(o.catalogs, "admin", "GET", em+"/accessPackages/"+pkg+"/resourceRoleScopes", nil)["value"].([]any)
			at, change := "/v1.0/leasehold/accessPackages/"+pkg, object{"resourceRoleScopeId": list[0].(object)["id"]}

			if many <= entitlement.MaxAtOnce {
				o.costs("looked at in a call", pinImpact2000, func() { change["hash"] = o.call(o.catalogs, "admin", "POST", at+"/previewRoleChange", change)["hash"] })
				o.costs("made in a call", pinAgreed2000, func() { o.call(o.catalogs, "admin", "POST", at+"/applyRoleChange", change) })
				return
			}

			start := func(operation string) (job object) {
				return o.call(o.catalogs, "admin", "POST", at+operation, change)
			}
			work := func(job object) {
				t.Helper()
				if err := o.looks.Run(t.Context(), entitlement.PackageID(pkg), entitlement.ImpactJobID(job["id"].(string))); err != nil {
					t.Fatal(err)
				}
			}
			var job object
			o.costs("asked for", pinJobAsked, func() { job = start("/previewRoleChange") })
			o.costs("looked at by the worker", pinJobLooks[many], func() { work(job) })
			o.costs("how far it is", pinJobShown, func() {
				change["hash"] = o.call(o.catalogs, "admin", "GET", at+"/roleChangeJobs/"+job["id"].(string), nil)["hash"]
			})
			o.costs("a page of people", pinJobPage, func() {
				page := o.call(o.catalogs, "admin", "GET", at+"/roleChangeJobs/"+job["id"].(string)+"/people/loses", nil)
				if people := page["value"].([]any); len(people) != entitlement.PageSize || !strings.Contains(fmt.Sprint(page["@odata.nextLink"]), "skiptoken") {
					t.Errorf("%d people, then %v", len(people), page["@odata.nextLink"])
				}
			})
			o.costs("asked to be made", pinJobApply, func() { job = start("/applyRoleChange") })
			o.costs("made by the worker", pinJobMakes[many], func() { work(job) })
			if done := o.call(o.catalogs, "admin", "GET", at+"/roleChangeJobs/"+job["id"].(string), nil); done["status"] != "succeeded" || done["loseCount"] != float64(many) {
				t.Errorf("the job is %v", done)
			}
		})
	}
}

// hold makes many people hold a package who are not in the directory: nothing here reads them there.
func (o *fixture) hold(pkg string, many int) {
	o.Helper()
	var c entitlement.Change
	for i := range many {
		a := entitlement.Assignment{ID: entitlement.AssignmentID(dynamotest.OldID(6, i)), Package: entitlement.PackageID(pkg), Subject: entitlement.UserID(dynamotest.OldID(5, i)), Target: entitlement.TargetPresent}
		c.Slots = append(c.Slots, entitlement.AssignmentSlot{Package: a.Package, Subject: a.Subject, Assignment: &a})
		c.SubjectUpdates = append(c.SubjectUpdates, entitlement.SubjectUpdate{Subject: a.Subject, Add: entitlement.Waiting{Package: a.Package, Assignment: a.ID}, CheckAfter: o.clock.Now()})
		if i%24 == 23 || i == many-1 {
			if err := o.db.Commit(o.Context(), c); err != nil {
				o.Fatal(err)
			}
			c = entitlement.Change{}
		}
	}
}
