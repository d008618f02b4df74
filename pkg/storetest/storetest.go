// Package storetest is the behaviour suite that every store of the product passes:
// the in-memory one always, the table in its emulator, on AWS, and on DynamoDB Local
// where that is installed.
//
// Each scenario is one sentence about what callers may rely on, with the number of
// the property it guards where it guards one. A scenario makes everything it needs
// under new ids, so that all may run side by side on one table that is not empty.
// What a store finds by index may be late; those reads are polled.
package storetest

import (
	"context"
	"slices"
	"testing"

	"leasehold/pkg/catalogs"
	"leasehold/pkg/delivery"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/lifecycle"
	"leasehold/pkg/requests"
	"leasehold/pkg/sessions"
	"leasehold/pkg/views"
)

// Store is everything that the use cases ask of a store, together.
type Store interface {
	directory.Store
	catalogs.Store
	requests.Store
	delivery.Store
	delivery.FanOutStore
	delivery.DriftStore
	lifecycle.Store
	views.Store
	sessions.Store
	// Events returns all events of an aggregate, in order.
	Events(ctx context.Context, kind entitlement.AggregateKind, id string) ([]entitlement.Event, error)
}

// scenario is one sentence about a store, and its proof.
type scenario struct {
	name string
	run  func(w *fixture)
}

// Run plays every scenario on the store that open returns; it may be the same store
// each time.
func Run(t *testing.T, open func(t *testing.T) Store) {
	all := slices.Concat(aggregateScenarios(), refusalScenarios(), nameScenarios, membershipScenarios, readScenarios,
		requestScenarios, inboxScenarios, assignmentScenarios, policyScenarios, subjectRecordScenarios, settlementScenarios,
		incompatibleScenarios, grantSetScenarios, failingScenarios, guardScenarios, absenceScenarios, dueScenarios, listScenarios, eventScenarios, raceScenarios, quotaScenarios, roleScenarios, organizationScenarios, impactScenarios, managerScenarios, sponsorScenarios, countScenarios)
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(&fixture{T: t, s: open(t)})
		})
	}
}
