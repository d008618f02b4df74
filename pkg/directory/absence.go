package directory

import (
	"context"
	"time"

	"leasehold/pkg/entitlement"
)

// left returns what it means for those who wait for a decision that people left a group:
// nothing, where no policy has the group approve.
func (s *Service) left(ctx context.Context, g entitlement.GroupID, users []entitlement.UserID, now time.Time) ([]entitlement.Absence, error) {
	approving, err := s.Store.Approving(ctx, []entitlement.GroupID{g})
	if err != nil || len(approving) == 0 {
		return nil, err
	}
	absent := make([]entitlement.Absence, len(users))
	for i, u := range users {
		absent[i] = entitlement.Absence{Person: u, Groups: approving, Due: now}
	}
	return absent, nil
}
