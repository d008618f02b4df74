package requests

import (
	"context"
	"errors"
	"strconv"

	"leasehold/pkg/approvers"
	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
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
		if keyed { // whatever it was made under, nothing is decided anew
			if made, known, err := s.made(ctx, by, n); known || err != nil {
				return made, err
			}
		}
		r, change, err := decide(n)
		if err == nil {
			err = s.belowOpenLimit(ctx, r)
		}
		if err == nil {
			r, change, err = s.staffed(ctx, r, change, n.Command)
		}
		if err == nil {
			err = s.Store.Commit(ctx, change)
		}
		if err == nil {
			s.enqueue(ctx, change)
			return r, nil
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

// newRequest gives a command the id of its request: a random one, or under a key the one
// that this caller's key always leads to. Two requests under one key would have one id,
// and the store takes no second request under an id.
func (s *Service) newRequest(ctx context.Context, by authz.Command, payload entitlement.CommandPayload, use int) (entitlement.NewRequest, error) {
	why, err := entitlement.Justification(payload.Justification)
	if err != nil {
		return entitlement.NewRequest{}, err
	}
	payload.Justification = why
	n := entitlement.NewRequest{Type: payload.Type, Policy: payload.Policy, Justification: why, RequestedSchedule: payload.RequestedSchedule, Command: by.CommandID, NewID: s.IDs.New}
	if !by.CanRepeat() {
		n.ID = entitlement.RequestID(s.IDs.New())
		return n, nil
	}
	secret, err := s.Store.SigningKey(ctx)
	if err != nil {
		return n, err
	}
	if by.IdempotencyKey == "" { // what is asked is part of the id, and need not be kept
		n.ID = entitlement.RequestID(clock.Derive(secret, "assignment request", string(by.ID), "client-request-id", by.ClientRequestID, payload.Fingerprint(), strconv.Itoa(use)))
		return n, nil
	}
	n.ID = entitlement.RequestID(clock.Derive(secret, "assignment request", string(by.ID), by.IdempotencyKey))
	n.Fingerprint = payload.Fingerprint()
	return n, nil
}

// made returns the request that a keyed command made before. It is the caller's own,
// since nobody else's key leads to its id, so no more is asked than whether the caller
// may still call at all.
func (s *Service) made(ctx context.Context, by authz.Command, n entitlement.NewRequest) (r entitlement.AssignmentRequest, known bool, err error) {
	if !by.CanRepeat() {
		return r, false, nil
	}
	u, r, err := s.Store.Review(ctx, by.ID, n.ID)
	if entitlement.KindOf(err) == entitlement.NotFound {
		return r, false, nil
	}
	if err == nil {
		err = authz.Allow(by.As(u).Caller, authz.ReadRequest, authz.Object{Request: &r}).Err()
	}
	if err == nil && idempotency.Over(by, r.Created, s.Clock.Now()) {
		err = errOver
	}
	if err == nil {
		err = r.MadeBy(n.Fingerprint)
	}
	if err != nil {
		return entitlement.AssignmentRequest{}, false, err
	}
	return r, true, nil
}

// staffed has others asked where a stage starts and nobody is there whom it asks.
func (s *Service) staffed(ctx context.Context, r entitlement.AssignmentRequest, c entitlement.Change, command string) (entitlement.AssignmentRequest, entitlement.Change, error) {
	stage := r.Current()
	if stage == nil {
		return r, c, nil
	}
	return approvers.New(s.Store).Staff(ctx, r, c, stage.Manager, command, s.Clock.Now())
}
