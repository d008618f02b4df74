// Package requests is the people's side: asking for packages, deciding, cancelling,
// ending, and seeing what is one's own.
package requests

import (
	"context"
	"errors"
	"log/slog"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// Service takes requests and decisions.
type Service struct {
	Store    Store
	Enqueuer Enqueuer
	Reasons  []string // why a target may refuse, as its connectors say it
	Clock    clock.Clock
	IDs      clock.IDs
	Log      *slog.Logger
}

// commitTries bounds how often a command is decided afresh when what it read moved on.
const commitTries = 3

// named puts the name of what is incompatible into a refusal, in place of its id. Names
// are read for those who are refused alone; where one cannot be read, the id stays.
func (s *Service) named(ctx context.Context, err error) error {
	conflict, ok := errors.AsType[*entitlement.IncompatibilityError](err)
	if !ok {
		return err
	}

	// What cannot be read keeps its id: the refusal stands whatever it is called.
	if conflict.Group != "" {
		if g, failed := s.Store.Group(ctx, conflict.Group); failed == nil {
			return conflict.Refusal(g.DisplayName)
		}
		return err
	}

	if p, failed := s.Store.Package(ctx, conflict.Package); failed == nil {
		return conflict.Refusal(p.DisplayName)
	}
	return err
}

// enqueue tells the worker whom to reconcile. It may fail: the subjects stay
// pending, and the sweep finds them.
func (s *Service) enqueue(ctx context.Context, c entitlement.Change) {
	for _, h := range c.SubjectUpdates {
		if err := s.Enqueuer.Enqueue(ctx, h.Subject); err != nil {
			s.Log.WarnContext(ctx, "a message was lost; the sweep will find the pending reconciliation", "subject", h.Subject, "error", err)
		}
	}
}
