// Package directory is who people are: the built-in directory of users, groups and
// managers, and the binding of token principals to users.
package directory

import (
	"context"
	"log/slog"
	"sync/atomic"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// Service keeps the directory.
type Service struct {
	Store    Store
	Clock    clock.Clock
	IDs      clock.IDs
	First    entitlement.Principal // the first administrator, a parameter of the deployment
	Enqueuer Enqueuer
	Log      *slog.Logger

	used atomic.Bool // First was used, and opens nothing any more
}

// Enqueuer tells the delivery worker whom to reconcile. A lost message costs time,
// never correctness: the sweep finds the pending reconciliation.
type Enqueuer interface {
	Enqueue(ctx context.Context, subjects ...entitlement.UserID) error
}

func (s *Service) event(of entitlement.AggregateKind, id, kind string, actor entitlement.UserID, command string) entitlement.Event {
	return entitlement.Event{Aggregate: of, ID: id, Kind: kind, Actor: actor, Command: command, At: s.Clock.Now()}
}

// chained links an event to a chain, and moves the chain's head.
func chained(head *entitlement.Chain, e entitlement.Event) entitlement.Event {
	*head, e = head.Append(e)
	return e
}

// allow asks whether a command may do what it is about to. The directory has no parts that
// anybody could be given rights in.
func allow(by authz.Command, a authz.Action) error {
	return authz.Allow(by.Caller, a, authz.Object{}).Err()
}
