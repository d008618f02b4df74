package lifecycle

import (
	"context"
	"time"

	"leasehold/pkg/entitlement"
)

// Store is what the sweep reads and changes. The indexes are eventually consistent
// and only say where to look.
type Store interface {
	// Due pages through one shard of what falls due up to and including until, oldest first.
	Due(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.DueRef], error)
	// Read reads due items strongly.
	Read(ctx context.Context, refs []entitlement.DueRef) (entitlement.DueItems, error)
	// PendingReconciliation pages through one shard of subjects whose delivery must be looked at by until.
	PendingReconciliation(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error)
	// Late pages through one shard of what has been owed since until or longer, the longest first.
	Late(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.Late], error)
	// RequestsNamed returns those of the requests that are there.
	RequestsNamed(ctx context.Context, ids []entitlement.RequestID) ([]entitlement.AssignmentRequest, error)
	// StartInputs reads what the start of a scheduled request is decided on.
	StartInputs(ctx context.Context, r entitlement.AssignmentRequest) (entitlement.StartInputs, error)
	// Failing lists subjects whose delivery at a target fails for a reason, longest first.
	Failing(ctx context.Context, at entitlement.ConnectorID, reason string, page entitlement.Page) (entitlement.Paged[entitlement.Failing], error)
	// Inbox lists requests whose running stage asks the user, by name, as manager, or by
	// one of the user's groups, oldest first.
	Inbox(ctx context.Context, u entitlement.User, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error)
	// OpenRequests lists a subject's open requests, found by an index of open work alone.
	OpenRequests(ctx context.Context, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error)
	// Users and Members read the directory strongly.
	Users(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error)
	Members(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error)
	// PaceWalk returns how far the sweep has counted paces; version 0 where it has not begun.
	PaceWalk(ctx context.Context) (entitlement.PaceWalk, error)
	// ListPackages lists all packages; eventually consistent.
	ListPackages(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error)
	// Paces returns paces as far as they were counted; strongly consistent.
	Paces(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.Pace, error)
	// RequestsFor lists requests for a package, newest first.
	RequestsFor(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error)
	// Commit makes the change true, or nothing of it and Conflict.
	Commit(ctx context.Context, change entitlement.Change) error
}

// Enqueuer tells the delivery worker whom to reconcile.
type Enqueuer interface {
	Enqueue(ctx context.Context, subjects ...entitlement.UserID) error
}

// Jobs starts the way of a package edit to the holders anew.
type Jobs interface {
	EnqueueJob(ctx context.Context, pkg entitlement.PackageID, generation int64) error
}
