package requests_test

import (
	"context"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// fails puts on record that what somebody holds of a package is not delivered whole.
func (w *fixture) fails(who authz.Command, p entitlement.AccessPackage) {
	w.t.Helper()
	ctx := context.Background()
	now := w.clock.Now()
	at := entitlement.ConnectorID(w.clock.New())
	set, err := w.store.Claim(ctx, entitlement.Claim{Subject: who.ID, Connector: at, Token: "t", Now: now, Until: now.Add(time.Minute)})
	if err != nil {
		w.t.Fatal(err)
	}
	role := entitlement.RoleRef{Connector: at, Resource: "g", Role: "r"}
	set.Grants = map[entitlement.RoleRef]entitlement.Grant{role: {Role: role, Presence: entitlement.PresenceAbsent, Since: now, Attempts: 1, Reason: entitlement.ReasonRefused, Permanent: true}}
	slot, err := w.store.AssignmentSlot(ctx, p.ID, who.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	slot.Assignment.State = entitlement.AssignmentPartiallyDelivered
	w.commit(entitlement.Change{GrantSets: []entitlement.GrantSet{set}, Slots: []entitlement.AssignmentSlot{slot}})
}

// Whoever keeps packages is shown what fails or is owed in these: also what was refused for good,
// and only by the catalog that the package is in now.
func TestKeepersSeeWhatFailsOrIsOwedInTheirPackagesAlone(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	admin, keeper, reader, mia := w.person("", true), w.person("", false), w.person("", false), w.person("", false)
	mine, _ := w.pack()
	other, _ := w.pack()
	leaves, policy := w.pack()
	w.reset(policy.ID, func(p *entitlement.AssignmentPolicy) { p.Requestor.SelfRemove = true })
	for _, p := range []entitlement.AccessPackage{mine, leaves} {
		w.holdsRole(keeper, entitlement.AssignmentManager, p.Catalog)
		w.holdsRole(reader, entitlement.CatalogReader, p.Catalog)
	}
	w.ask(mia, mine)
	w.ask(mia, other)
	gone := w.ask(mia, leaves)
	w.fails(mia, mine)
	w.fails(mia, other)
	if _, err := w.Remove(ctx, mia, entitlement.UserRemove, gone.AssignmentOf(), ""); err != nil {
		t.Fatal(err)
	}

	sees := func(who authz.Command, failing, owed int) {
		t.Helper()
		got, err := w.Troubles(ctx, who.Caller)
		if err != nil || len(got.Failing) != failing || len(got.Owed) != owed {
			t.Errorf("failing %v, owed %v, %v; want %d and %d", got.Failing, got.Owed, err, failing, owed)
		}
	}
	sees(keeper, 1, 0) // what was ended just now is not overdue
	w.clock.Advance(entitlement.OverdueAfter + time.Minute)
	sees(keeper, 1, 1)
	sees(admin, 2, 1)
	sees(reader, 0, 0)
	sees(mia, 0, 0)

	// A package that moved is kept by those of the catalog that it is in.
	w.list(mine.ID, func(p *entitlement.AccessPackage) { p.Catalog = other.Catalog })
	sees(keeper, 0, 1)

	weak := keeper
	weak.Scopes = authz.ScopeSubject
	sees(weak, 0, 0)
}

// However much an outage leaves, what is looked at is bounded, and that there is more is said.
func TestS21_WhatKeepersSeeIsBounded(t *testing.T) {
	w := newFixture(t)
	admin := w.person("", true)
	p, _ := w.pack()
	for range 70 {
		mia := w.person("", false)
		w.ask(mia, p)
		w.fails(mia, p)
	}
	got, err := w.Troubles(context.Background(), admin.Caller)
	if err != nil || len(got.Failing) > 50 || len(got.Failing) < 25 || !got.More {
		t.Errorf("%d, more %v, %v", len(got.Failing), got.More, err)
	}
}
