package requests

import (
	"context"
	"strconv"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/idempotency"
)

// newRequest gives a command the id of its request: a random one, or under a key the one
// that this caller's key always leads to. Two requests under one key would have one id,
// and the store takes no second request under an id.
func (s *Service) newRequest(ctx context.Context, by authz.Command, payload entitlement.CommandPayload, use int) (entitlement.NewRequest, error) {
	why, err := entitlement.Justification(payload.Justification)
	if err != nil {
		return entitlement.NewRequest{}, err
	}
	payload.Justification = why

	n := entitlement.NewRequest{Type: payload.Type, Policy: payload.Policy, Justification: why, Answers: payload.Answers, RequestedSchedule: payload.RequestedSchedule, Command: by.CommandID, NewID: s.IDs.New}
	if !by.CanRepeat() {
		n.ID = entitlement.RequestID(s.IDs.New())
		return n, nil
	}

	secret, err := s.Store.SigningKey(ctx)
	if err != nil {
		return n, err
	}

	// Derived with a secret, so that nobody can choose the id of a request or know one
	// beforehand.
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
