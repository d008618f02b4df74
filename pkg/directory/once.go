package directory

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/idempotency"
)

// once is by what the service carries a command out that may be sent again.
func (s *Service) once() idempotency.Keeper {
	return idempotency.Keeper{Store: s.Store, Clock: s.Clock, IDs: s.IDs}
}

// Once carries a command out that may be sent again, and makes nothing with events of its
// own: do is given the command as it must be handed to the use case.
func (s *Service) Once(ctx context.Context, by authz.Command, do func(authz.Command) error) error {
	_, err := idempotency.Once(ctx, s.once(), by, entitlement.OfCommand, func(e idempotency.Effect) (struct{}, error) {
		if e.Again {
			return struct{}{}, nil
		}
		return struct{}{}, do(e.Command)
	})
	return err
}
