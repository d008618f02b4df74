package costs

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/dynamo/faults"
	"leasehold/pkg/entitlement"
)

// reports adds people who report to somebody, each with a package that everybody may have.
func (o *fixture) reports(manager string, n int) (ids []string) {
	o.Helper()
	for i := range n {
		id := entitlement.UserID(clock.System{}.New())
		u := entitlement.User{ID: id, Type: entitlement.Member, DisplayName: fmt.Sprintf("Report %05d", i), UserPrincipalName: fmt.Sprintf("r%d@northwind.example", i), Enabled: true, Manager: entitlement.UserID(manager)}
		if err := o.db.Commit(o.Context(), entitlement.Change{Users: []entitlement.User{u}}); err != nil {
			o.Fatal(err)
		}
		ids = append(ids, string(id))
	}
	return ids
}

// A page of a manager's people costs what is on it, however many there are, and home costs whoever
// keeps a catalog no more for all that there is in it.
func TestY1_WhatManagersAndKeepersSeeCostsTheSameHoweverManyThereAre(t *testing.T) {
	for _, total := range []int{100, 1_000, 5_000} {
		t.Run(fmt.Sprint(total), func(t *testing.T) {
			o := open(t, place{engine.New(engine.Options{Table: "costs"}), "costs"})
			otto := o.person("otto", "")
			one := o.reports(otto, total)[0]
			read := o.pages("otto")
			read("/approvals") // and so the signing key is known
			o.costs("25 reports", cost{31, 66, 0}, func() { read("/my-people") })
			o.costs("a report", cost{7, 6, 0}, func() { read("/my-people/" + one) })
		})
	}
}

// Home takes at most four rounds of reads, one after another: told by a clock that moves by one
// second for each round.
func TestY1_HomeReadsSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := false
		table := faults.Wrap(engine.New(engine.Options{Table: "costs"}), faults.Hooks{Before: func(context.Context, faults.Call) error {
			if slow {
				time.Sleep(time.Second)
			}
			return nil
		}})
		o := open(t, place{table, "costs"})
		otto := o.person("otto", "")
		o.person("mia", otto)
		pkg, mine, soon := o.pack(true), o.pack(true), o.pack(false)
		catalog := o.call(o.people, "admin", "GET", em+"/accessPackages/"+pkg+"?$expand=catalog", nil)["catalog"].(map[string]any)["id"]
		o.call(o.catalogs, "admin", "POST", "/v1.0/roleManagement/entitlementManagement/roleAssignments",
			object{"principalId": otto, "roleDefinitionId": string(entitlement.CatalogOwner), "appScopeId": "/AccessPackageCatalog/" + catalog.(string)})
		for who, what := range map[string]string{"mia": pkg, "otto": mine} {
			o.call(o.people, who, "POST", em+"/assignmentRequests", object{"requestType": "userAdd", "assignment": object{"accessPackageId": what}})
		}
		o.call(o.people, "otto", "POST", em+"/assignmentRequests", object{"requestType": "userAdd", "assignment": object{"accessPackageId": soon}})

		read := o.pages("otto")
		read("/approvals") // and so the signing key is known
		slow = true
		for path, most := range map[string]int{"": 4, "/my-people": 7} {
			began := time.Now()
			read(path)
			rounds := int(time.Since(began) / time.Second)
			t.Logf("%q takes %d rounds", path, rounds)
			if rounds > most {
				t.Errorf("%q takes %d rounds, want at most %d", path, rounds, most)
			}
		}
	})
}
