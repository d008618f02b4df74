package requests

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// DeliveryErrorsAt counts what could not be delivered at one target, by reason: what waits for
// one that is paused is among it.
func (s *Service) DeliveryErrorsAt(ctx context.Context, by authz.Caller, at entitlement.ConnectorID) ([]DeliveryError, error) {
	ask := func(ctx context.Context) error { return s.may(ctx, by, authz.ReadDeliveryErrors, authz.Object{}) }
	return authz.Beside(ctx, by, authz.ReadDeliveryErrors, ask, func(ctx context.Context) ([]DeliveryError, error) {
		counts := make([]int, len(s.Reasons))
		err := eachRead(ctx, len(s.Reasons), func(ctx context.Context, i int) (err error) {
			counts[i], err = s.Store.CountFailing(ctx, at, s.Reasons[i])
			return err
		})

		var all []DeliveryError
		for i, n := range counts {
			if n > 0 {
				all = append(all, DeliveryError{at, s.Reasons[i], n})
			}
		}
		return all, err
	})
}
