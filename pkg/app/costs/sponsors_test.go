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

// guests adds an organization that somebody sponsors, with so many guests, and returns the address
// of its page and one of them.
func (o *fixture) guests(sponsor string, n int) (page, one string) {
	o.Helper()
	of := entitlement.ConnectedOrganization{ID: entitlement.OrganizationID(clock.System{}.New()), DisplayName: "Contoso", State: entitlement.OrganizationConfigured,
		Sources: []entitlement.IdentitySource{{Kind: entitlement.SourceDomain, DomainName: "contoso.example", DisplayName: "Contoso"}}, InternalSponsors: []entitlement.Sponsor{{User: entitlement.UserID(sponsor)}}}
	if err := o.db.Commit(o.Context(), entitlement.Change{Organizations: []entitlement.ConnectedOrganization{of}}); err != nil {
		o.Fatal(err)
	}
	for i := range n {
		id := entitlement.UserID(clock.System{}.New())
		u := entitlement.User{ID: id, Type: entitlement.Guest, DisplayName: fmt.Sprintf("Guest %05d", i), UserPrincipalName: fmt.Sprintf("g%d@contoso.example", i), Enabled: true}
		if err := o.db.Commit(o.Context(), entitlement.Change{Users: []entitlement.User{u}}); err != nil {
			o.Fatal(err)
		}
		one = string(id)
	}
	return "/my-organizations/" + string(of.ID) + "?at=" + of.Place(), one
}

// A page of an organization's people costs what is on it, however many there are.
func TestY1_WhatSponsorsSeeCostsTheSameHoweverManyGuestsThereAre(t *testing.T) {
	for _, total := range []int{10, 1_000, 10_000} {
		t.Run(fmt.Sprint(total), func(t *testing.T) {
			o := open(t, place{engine.New(engine.Options{Table: "costs"}), "costs"})
			page, one := o.guests(o.person("otto", ""), total)
			read := o.pages("otto")
			read("/approvals") // and so the signing key is known
			// A page of ten has fewer to read.
			want := map[int]cost{10: {17, 29.5, 0}}[total]
			if total > 10 {
				want = cost{32, 67.5, 0}
			}
			o.costs("guests", want, func() { read(page) })
			o.costs("organizations", cost{4, 3.5, 0}, func() { read("/my-organizations") })
			o.costs("a guest", cost{9, 8, 0}, func() { read("/my-people/" + one) })
			o.costs("one of a name", cost{8, 7, 0}, func() { read(page + "&search=Guest%2000007") })
		})
	}
}

// The page of an organization's people takes at most four rounds of reads, those of every page
// among them, with what the people hold and wait for.
func TestY1_TheGuestsOfAnOrganizationAreReadSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := false
		table := faults.Wrap(engine.New(engine.Options{Table: "costs"}), faults.Hooks{Before: func(context.Context, faults.Call) error {
			if slow {
				time.Sleep(time.Second)
			}
			return nil
		}})
		o := open(t, place{table, "costs"})
		page, one := o.guests(o.person("otto", ""), 30)
		for _, pkg := range []string{o.pack(false), o.pack(true)} {
			catalog := o.call(o.people, "admin", "GET", em+"/accessPackages/"+pkg+"?$expand=catalog", nil)["catalog"].(map[string]any)["id"].(string)
			o.call(o.catalogs, "admin", "PATCH", em+"/catalogs/"+catalog, object{"isExternallyVisible": true})
			policy := o.call(o.catalogs, "admin", "POST", em+"/assignmentPolicies", object{"displayName": "Outside", "accessPackage": object{"id": pkg}, "allowedTargetScope": "allExternalUsers", "expiration": object{"type": "afterDuration", "duration": "P5D"}})["id"]
			o.call(o.people, "admin", "POST", em+"/assignmentRequests", object{"requestType": "adminAdd", "assignment": object{"targetId": one, "assignmentPolicyId": policy, "accessPackageId": pkg}})
		}

		read := o.pages("otto")
		read("/approvals") // and so the signing key is known
		slow = true
		for _, path := range []string{page, page + "&search=Guest%2000029", "/my-organizations", "/my-people"} {
			began := time.Now()
			read(path)
			rounds := int(time.Since(began) / time.Second)
			t.Logf("%q takes %d rounds", path, rounds)
			if rounds > 4 {
				t.Errorf("%q takes %d rounds, want at most 4", path, rounds)
			}
		}
	})
}
