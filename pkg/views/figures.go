package views

import (
	"context"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Figures returns how much happened a day, as far as it was counted.
func (r *Reader) Figures(ctx context.Context, by authz.Caller) (entitlement.Figures, error) {
	return open(ctx, r, by, authz.ReadDeliveryErrors, r.Store.Figures)
}

// Resting returns those of the targets that are left alone at a time, after they failed as a whole.
func (r *Reader) Resting(ctx context.Context, by authz.Caller, of []entitlement.ConnectorID, at time.Time) ([]entitlement.Breaker, error) {
	if err := r.everywhere(ctx, by, authz.ReadDeliveryErrors); err != nil || len(of) == 0 {
		return nil, err
	}
	return r.Store.Resting(ctx, of, at)
}
