package requests

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

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
	var of *entitlement.ConnectedOrganization
	var policies []entitlement.AssignmentPolicy
	var reads errgroup.Group
	reads.Go(func() (err error) { of, err = s.Store.OrganizationOf(ctx, by.User()); return err })
	reads.Go(func() (err error) {
		policies, err = entitlement.Readable(ids, func(ids []entitlement.PolicyID) ([]entitlement.AssignmentPolicy, error) {
			return s.Store.Policies(ctx, ids)
		})
		return err
	})
	if err := reads.Wait(); err != nil {
		return nil, err
	}

	out := map[entitlement.AssignmentID]OwnOptions{}
	for _, a := range all {
		at := slices.IndexFunc(policies, func(p entitlement.AssignmentPolicy) bool { return p.ID == a.Policy })
		if at < 0 || a.Subject != by.ID || a.Target != entitlement.TargetPresent {
			continue
		}
		p := policies[at]
		out[a.ID] = OwnOptions{Extend: p.Requestor.SelfUpdate && p.InScope(by.User(), of), GiveBack: p.Requestor.SelfRemove,
			ChoosesEnd: p.Requestor.CustomSchedule, MustJustify: p.Approval.RequestorJustification}
	}
	return out, nil
}

// Obstacle returns why a request of the caller's own for the package would be refused now,
// whatever it says; nil where nothing is known to stand against it. What it says is for the
// caller; an error of another kind than a refusal is in failure.
func (s *Service) Obstacle(ctx context.Context, by authz.Caller, id entitlement.PackageID) (obstacle, failure error) {
	ask, err := s.Store.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: by.ID, Subject: by.ID, Package: id})
	if err != nil {
		return nil, err
	}
	if ask.Package == nil || ask.Requestor == nil {
		return nil, entitlement.Errorf(entitlement.NotFound, "There is no access package with this id.")
	}
	if err := authz.Allow(by.As(*ask.Requestor), authz.ReadRequirements, inPackage(*ask.Package)).Err(); err != nil {
		return nil, err
	}
	return s.named(ctx, ask.Obstacle(s.Clock.Now())), nil
}

// InScope reports that somebody is one of those a policy is for; of a guest, by the organization
// that they belong to now. Who may know it is asked where the person and the policy are read.
func (s *Service) InScope(ctx context.Context, p entitlement.AssignmentPolicy, u entitlement.User) (bool, error) {
	of, err := s.Store.OrganizationOf(ctx, u)
	return err == nil && p.InScope(u, of), err
}
