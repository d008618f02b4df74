package requests

import (
	"cmp"
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Cancel withdraws a request that has not begun; its requestor may, and administrators
// (R115 to R117).
func (s *Service) Cancel(ctx context.Context, by authz.Command, id entitlement.RequestID) error {
	for try := 1; ; try++ {
		r, may, err := s.request(ctx, by.Caller, authz.CancelRequest, id)
		if err := cmp.Or(err, may.Err()); err != nil {
			return err
		}

		by.AllowedBy = may.Policy()
		slot, err := s.Store.AssignmentSlot(ctx, r.Package, r.Subject)
		if err != nil {
			return err
		}

		_, change, err := entitlement.Cancel(r, slot, actor(by), s.Clock.Now())
		if err != nil {
			return err
		}

		// The slot goes with the request in one transaction: a crash leaves both open or neither.
		err = s.Store.Commit(ctx, change)
		if entitlement.StalePart(err) == "" || try == commitTries {
			return err
		}
	}
}
