package requests

import (
	"context"
	"errors"

	"leasehold/pkg/approvers"
	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/idempotency"
)

// decision decides on a new request by what it reads; it writes nothing.
type decision func(n entitlement.NewRequest) (entitlement.AssignmentRequest, entitlement.Change, error)

// create makes the request that decide decides on, afresh where what that read moved on.
// A command that comes under a key of its caller again is answered with the request that
// it made, whatever became of that, and does nothing else (S12).
func (s *Service) create(ctx context.Context, by authz.Command, payload entitlement.CommandPayload, decide decision) (entitlement.AssignmentRequest, error) {
	for use := range idempotency.MaxUses {
		n, err := s.newRequest(ctx, by, payload, use)
		if err != nil {
			return entitlement.AssignmentRequest{}, err
		}
		r, err := s.createNew(ctx, by, n, decide)
		if !errors.Is(err, errOver) {
			return r, err
		}
	}

	return entitlement.AssignmentRequest{}, idempotency.TooOften()
}

// errOver says that what a command is called by has named another one, long enough ago.
var errOver = errors.New("the client-request-id was used before")

func (s *Service) createNew(ctx context.Context, by authz.Command, n entitlement.NewRequest, decide decision) (entitlement.AssignmentRequest, error) {
	keyed := by.IdempotencyKey != ""
	for try := 1; ; try++ {
		// 1. A command that was carried out before is answered with what it made. Nothing is
		// written before step 3, so a crash up to there leaves nothing behind.
		if keyed { // whatever it was made under, nothing is decided anew
			if made, known, err := s.made(ctx, by, n); known || err != nil {
				return made, err
			}
		}

		// 2. Decide on strongly consistent reads. The count of open requests alone comes from an
		// index.
		r, change, err := decide(n)
		if err == nil {
			err = s.belowOpenLimit(ctx, r)
		}
		if err == nil {
			r, change, err = s.withFallbackApprovers(ctx, r, change, n.Command)
		}

		// 3. One transaction: request, slot, guard and event, and where nobody need approve also
		// the assignment and the subject's generation. A crash after it leaves a request whose
		// maker was not answered: the same key is answered with it (S12), a call without one is
		// told that there is an open request.
		if err == nil {
			err = s.Store.Commit(ctx, change)
		}

		// 4. Tell the worker. A crash before it leaves a pending reconciliation that nobody was
		// told of, and the sweep finds it (S22).
		if err == nil {
			s.enqueue(ctx, change)
			return r, nil
		}

		// An edit of the package's roles may be looking at who holds it: it is to see this request,
		// and not to hold it up.
		if entitlement.StalePart(err) == entitlement.PartDeletionGuard && try < commitTries {
			lifted := s.Store.Commit(ctx, entitlement.Change{Watches: []entitlement.EditWatch{{Package: r.Package, Step: entitlement.WatchLifted, Subject: r.Subject}}})
			if lifted != nil {
				return entitlement.AssignmentRequest{}, lifted
			}
		}

		if entitlement.StalePart(err) != "" && try < commitTries {
			continue // decided afresh, with a clear word on what is in the way
		}

		// What is in the way may be this very command, sent twice at once, or committed
		// although the store did not get to say so.
		if made, known, err := s.made(ctx, by, n); known || err != nil {
			return made, err
		}

		if entitlement.StalePart(err) == entitlement.PartDeletionGuard {
			err = entitlement.Errorf(entitlement.Conflict, "The access package, or this policy of it, is just being deleted. Try again in a minute.")
		}

		return entitlement.AssignmentRequest{}, s.named(ctx, err)
	}
}

// belowOpenLimit refuses a request that would wait beside too many others of its person. The count
// costs no write, and may be late by a moment: whoever asks for many things at the very same
// time gets a few more, as many as one caller may write in that moment.
func (s *Service) belowOpenLimit(ctx context.Context, r entitlement.AssignmentRequest) error {
	if !r.Waits() {
		return nil
	}
	open, err := s.Store.CountOpen(ctx, r.Subject)
	if err != nil {
		return err
	}
	return entitlement.CheckOpen(r, open)
}

// withFallbackApprovers has others asked where a stage starts and nobody is there whom it asks.
func (s *Service) withFallbackApprovers(ctx context.Context, r entitlement.AssignmentRequest, c entitlement.Change, command string) (entitlement.AssignmentRequest, entitlement.Change, error) {
	stage := r.Current()
	if stage == nil {
		return r, c, nil
	}
	return approvers.New(s.Store).Staff(ctx, r, c, stage.Manager, command, s.Clock.Now())
}
