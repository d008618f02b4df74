package requests

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// DeliveryErrorsAt counts what could not be delivered at one target, by reason: what waits for
// one that is paused is among it.
func (s *Service) DeliveryErrorsAt(ctx context.Context, by authz.Caller, at entitlement.ConnectorID) ([]DeliveryError, error) {
	if err := s.may(ctx, by, authz.ReadDeliveryErrors, authz.Object{}); err != nil {
		return nil, err
	}
	var all []DeliveryError
	for _, reason := range s.Reasons {
		n, err := s.Store.CountFailing(ctx, at, reason)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			all = append(all, DeliveryError{at, reason, n})
		}
	}
	return all, nil
}
