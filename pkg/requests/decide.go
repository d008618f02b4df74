package requests

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Decide lets the caller approve or deny the stage of a request (R48, R49). Of two at
// once one wins, and the other is told by whom the stage was settled. An approval that
// comes for somebody whom the policy is not for any more is refused once the request is
// denied (F36).
func (s *Service) Decide(ctx context.Context, by authz.Command, id entitlement.RequestID, w entitlement.DecisionInput) error {
	why, err := entitlement.Justification(w.Justification)
	if err != nil {
		return err
	}
	w.Justification, w.Command = why, by.CommandID

	for try := 1; ; try++ {
		// 1. Read reviewer and request together, and only where the decision needs them the
		// subject, the slot and the subject record.
		reviewer, r, err := s.Store.Review(ctx, by.ID, id)
		if err != nil || r.Gone() {
			return noRequest(err)
		}
		by = by.As(reviewer)
		if err := authz.Admit(by.Caller, authz.DecideRequest); err != nil {
			return err
		}

		var start entitlement.StartInputs
		if r.NeedsStart() || !w.Approved || !w.End.IsZero() || r.AsksManager() || r.NextAsksManager() {
			if start, err = s.Store.StartInputs(ctx, r); err != nil {
				return err
			}
		}

		r = r.WithSecond(start.Second)
		o := authz.Object{Catalog: r.Catalog, Package: r.Package, Request: &r}
		if start.Subject != nil {
			o.Manager = start.Subject.Manager
		}
		if err := authz.Allow(by.Caller, authz.DecideRequest, o).Err(); err != nil {
			return err
		}

		// 2. Decide. A refusal that closes the request comes with a change, which is committed
		// before the reviewer is told: a crash between the two leaves the request closed and the
		// reviewer unanswered, who finds it settled.
		r, change, refusal := entitlement.Decide(r, w, reviewer, start, s.Clock.Now())
		if refusal != nil && len(change.Requests) == 0 {
			return s.named(ctx, refusal)
		}

		if _, change, err = s.withFallbackApprovers(ctx, r, change, by.CommandID); err != nil {
			return err
		}

		// 3. One transaction on the version that was read: decision, event and the next stage, or
		// assignment and generation. Of two reviewers one gets through (R48). A crash before it
		// leaves the stage undecided, one after it leaves the decision, and the reviewer who asks
		// again is told that it is settled.
		err = s.Store.Commit(ctx, change)
		if entitlement.StalePart(err) != "" && try < commitTries {
			continue // what it was decided on has moved: perhaps nothing is to be refused any more
		}

		if err != nil {
			return err
		}

		// 4. Tell the worker. A crash before it leaves a pending reconciliation, which the sweep
		// finds (S22).
		s.enqueue(ctx, change)
		return refusal
	}
}
