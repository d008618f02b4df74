package requests

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// OwnOptions is what subjects may do with an assignment of theirs by its policy, so that they
// are not offered what would be refused. The commands ask again.
type OwnOptions struct {
	Extend      bool
	GiveBack    bool
	ChoosesEnd  bool // of an extension
	MustJustify bool // an extension
}

// OwnOptions returns what the caller may do with those of the assignments that are the caller's
// and live.
func (s *Service) OwnOptions(ctx context.Context, by authz.Caller, all []entitlement.Assignment) (map[entitlement.AssignmentID]OwnOptions, error) {
	if err := authz.Allow(by, authz.ListOwnAssignments, authz.Object{}).Err(); err != nil {
		return nil, err
	}

	var ids []entitlement.PolicyID
	for _, a := range all {
		if !slices.Contains(ids, a.Policy) {
			ids = append(ids, a.Policy)
		}
	}
	policies, err := entitlement.Readable(ids, func(ids []entitlement.PolicyID) ([]entitlement.AssignmentPolicy, error) {
		return s.Store.Policies(ctx, ids)
	})
	if err != nil {
		return nil, err
	}

	out := map[entitlement.AssignmentID]OwnOptions{}
	for _, a := range all {
		at := slices.IndexFunc(policies, func(p entitlement.AssignmentPolicy) bool { return p.ID == a.Policy })
		if at < 0 || a.Subject != by.ID || a.Target != entitlement.TargetPresent {
			continue
		}
		p := policies[at]
		out[a.ID] = OwnOptions{Extend: p.Requestor.SelfUpdate && p.InScope(by.User()), GiveBack: p.Requestor.SelfRemove,
			ChoosesEnd: p.Requestor.CustomSchedule, MustJustify: p.Approval.RequestorJustification}
	}
	return out, nil
}
