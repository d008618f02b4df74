package catalogs_test

import (
	"testing"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// A holder that cannot be read may hold the package: it stands in the way of the deletion
// of the package and of its policy (S7, F37).
func TestS7_WhatCannotBeReadStandsInTheWayOfADeletion(t *testing.T) {
	d := dynamotest.NewDamaged()
	w := newFixture(t)
	w.store, w.Service.Store = d.Store, d.Store
	p := w.pack(w.catalog())
	policy := w.policy(p)
	slot := w.holder(p)
	d.SpoilAssignmentSlot(t, p.ID, slot.Subject)

	w.kind(w.DeletePolicy(t.Context(), by, policy.ID), entitlement.Conflict, "cannot be read")
	w.kind(w.DeletePackage(t.Context(), by, p.ID), entitlement.Conflict, "cannot be read")
}
