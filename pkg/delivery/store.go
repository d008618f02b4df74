package delivery

import (
	"context"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Store is what delivery keeps and reads; all reads are strongly consistent.
type Store interface {
	// SubjectRecord returns a subject's record and grant sets; a subject unknown has nothing
	// pending.
	SubjectRecord(ctx context.Context, subject entitlement.UserID) (entitlement.SubjectRecord, []entitlement.GrantSet, error)
	// RequestsNamed returns those of the requests that are there.
	RequestsNamed(ctx context.Context, ids []entitlement.RequestID) ([]entitlement.AssignmentRequest, error)
	// ReconcileInputs reads what the record names. Scopes of packages being removed are found
	// through their ended assignments.
	ReconcileInputs(ctx context.Context, record entitlement.SubjectRecord) (entitlement.ReconcileInputs, error)
	// Packages returns those of the packages that there are, and ResourceByOrigin what a catalog has
	// registered of a thing at a target.
	Packages(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.AccessPackage, error)
	ResourceByOrigin(ctx context.Context, catalog entitlement.CatalogID, at entitlement.ConnectorID, originID string) (entitlement.Resource, error)
	// Claim takes a subject's grant set at a connector until the lease ends, and returns it
	// as it is under the claim. The same write enters each intended role that the grant set
	// does not know as PresenceUnknown, and signs every intended role with the claim's token
	// as its Intent, where an earlier claim that was never recorded has not done so: a crash
	// after the outside call leaves a trace of it. Conflict: somebody else holds the grant
	// set.
	Claim(ctx context.Context, c entitlement.Claim) (entitlement.GrantSet, error)
	// Holding reports for each fence, in order, whether its claim and generation still hold.
	Holding(ctx context.Context, fences []entitlement.Fence) ([]bool, error)
	// AssignmentSlot returns the slot of a pair; version 0 where there is none.
	AssignmentSlot(ctx context.Context, pkg entitlement.PackageID, subject entitlement.UserID) (entitlement.AssignmentSlot, error)
	// OpenRequests lists a subject's open requests; an index of open work alone finds them,
	// each is read strongly.
	OpenRequests(ctx context.Context, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error)
	// Failing lists subjects whose delivery at a target fails for a reason, longest first.
	Failing(ctx context.Context, at entitlement.ConnectorID, reason string, page entitlement.Page) (entitlement.Paged[entitlement.Failing], error)
	// TargetResource returns what is remembered of a resource at a target; version 0 where
	// nothing is.
	TargetResource(ctx context.Context, at entitlement.ConnectorID, resource string) (entitlement.TargetResource, error)
	// RateLease returns up to when a target's limits have been handed out; version 0 where they
	// never were. Only targets that publish limits have one.
	RateLease(ctx context.Context, id entitlement.ConnectorID) (entitlement.RateLease, error)
	// AccountUse returns who uses an account at a target; version 0 where nobody ever did.
	AccountUse(ctx context.Context, at entitlement.ConnectorID, ref string) (entitlement.AccountUse, error)
	// Breaker returns what is remembered of a target; version 0 where nothing is.
	Breaker(ctx context.Context, id entitlement.ConnectorID) (entitlement.Breaker, error)
	// Connector returns a registration.
	Connector(ctx context.Context, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error)
	// Commit makes the change true, or nothing of it and Conflict.
	Commit(ctx context.Context, change entitlement.Change) error
}

// Connectors opens target systems.
type Connectors interface {
	Open(ctx context.Context, id entitlement.ConnectorID) (connector.Connector, error)
}
