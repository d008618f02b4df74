package delivery_test

import (
	"context"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// A role that somebody had before us goes with the last assignment that gives it, unless its resource
// says that it is left; one that we gave goes in either case.
func TestR6_S9_WhatWasThereBeforeUsIsLeftWhereItsResourceSaysSo(t *testing.T) {
	for _, tt := range []struct {
		name   string
		mode   entitlement.PreExistingMode
		before bool // the role was there before the assignment
		adopts bool // by the assignment
		there  int  // in the end
	}{
		{"taken with the last", entitlement.TakeWithLast, true, false, 0},
		{"kept", entitlement.KeepExisting, true, false, 1},
		{"kept, and given by us", entitlement.KeepExisting, false, false, 0},
		{"kept, and adopted", entitlement.KeepExisting, true, true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newFixture(t)
			p, q, u := w.pack("group"), w.pack("group"), w.person()
			w.commit(entitlement.Change{Connectors: []entitlement.ConnectorConfig{{ID: target, DisplayName: "Target", Kind: "scim"}}})
			for _, in := range []entitlement.AccessPackage{p, q} {
				scopes, err := w.store.Scopes(context.Background(), in.ID)
				if err != nil {
					t.Fatal(err)
				}
				w.commit(entitlement.Change{Resources: []entitlement.Resource{{ID: scopes.List[0].Resource, Catalog: in.Catalog, Connector: target, OriginID: "group", DisplayName: "R", PreExisting: tt.mode}}})
			}
			if tt.before {
				w.target.members[role("group")] = []connector.PrincipalRef{connector.PrincipalRef("at-" + u)}
			}

			id := w.assign(u, p, func(n *entitlement.NewRequest) {
				if tt.adopts {
					n.Adopts = entitlement.DriftFinding{Role: role("group"), Principal: "at-" + string(u), Subject: u}
				}
			})
			w.deliver(u)
			if tt.adopts {
				// Another assignment gives it too; the first one to end leaves the role (R4).
				other := w.assign(u, q)
				w.deliver(u)
				w.remove(u, p)
				w.deliver(u)
				if n := w.target.times(role("group"), u); n != 1 {
					t.Errorf("there %d times while another assignment gives it", n)
				}
				id, p = other, q
			}
			if n := w.target.times(role("group"), u); n != 1 {
				t.Fatalf("there %d times", n)
			}
			removal := w.remove(u, p)
			w.deliver(u)
			w.clock.Advance(10 * time.Minute)
			w.deliver(u)

			if n := w.target.times(role("group"), u); n != tt.there {
				t.Errorf("there %d times, want %d", n, tt.there)
			}
			w.request(removal, entitlement.RequestDelivered)
			if a := w.assignment(id); a.Removed.IsZero() {
				t.Errorf("the removal is still owed: %+v", a)
			}
			if record, grants := w.subjectRecord(u); record.NeedsReconcile() || len(grants) != 0 {
				t.Errorf("left are %+v, %+v", record, grants)
			}
		})
	}
}
