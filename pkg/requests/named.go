package requests

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Means checks that an assignment is the one that a client means who names its package, its
// policy or its subject as well; "" means any. One that is not is not there.
func (s *Service) Means(ctx context.Context, by authz.Caller, id entitlement.AssignmentID, pkg entitlement.PackageID, policy entitlement.PolicyID, subject entitlement.UserID) error {
	_, a, err := s.Assignment(ctx, by, id)
	if err != nil {
		return err
	}
	if pkg != "" && pkg != a.Package || policy != "" && policy != a.Policy || subject != "" && subject != a.Subject {
		return noAssignment(nil)
	}
	return nil
}

// underPolicy refuses to move the end of an assignment by another policy than its own.
func underPolicy(a entitlement.Assignment, named entitlement.PolicyID) error {
	if named != "" && named != a.Policy {
		return entitlement.Errorf(entitlement.Precondition, "An update keeps the policy of the assignment: leave out assignmentPolicyId, or name %s.", a.Policy)
	}
	return nil
}
