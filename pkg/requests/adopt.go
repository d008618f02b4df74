package requests

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Adoption says by which package and policy an extra role becomes its holder's by us. Subject names
// the holder where the finding does not know them.
type Adoption struct {
	Finding entitlement.DriftFindingRef
	Package entitlement.PackageID
	Policy  entitlement.PolicyID
	Subject entitlement.UserID
}

// Adopt assigns a package to whoever has a role that it gives and that nothing of ours gave: a direct
// assignment (AdminAdd), decided on and recorded like any other one, for those who may read the
// finding. The role is ours from then on, and goes with the last assignment that gives it. Where the
// role was adopted by this policy before, that request is the answer.
func (s *Service) Adopt(ctx context.Context, by authz.Command, in Adoption) (entitlement.AssignmentRequest, error) {
	var before *entitlement.AssignmentRequest
	payload := entitlement.CommandPayload{Type: entitlement.AdminAdd, Package: in.Package, Policy: in.Policy, Subject: in.Subject, Adopts: in.Finding}
	r, err := s.create(ctx, by, payload, func(n entitlement.NewRequest) (entitlement.AssignmentRequest, entitlement.Change, error) {
		f, subject, err := s.adoptable(ctx, by, in)
		if err != nil {
			return entitlement.AssignmentRequest{}, entitlement.Change{}, err
		}

		n.Adopts = f
		r, change, err := s.submit(ctx, by, n, entitlement.SubmitKeys{Requestor: by.ID, Subject: subject, Package: in.Package, Policy: in.Policy})
		if err == nil {
			err = s.gives(ctx, in.Package, f.Role)
		}
		if entitlement.KindOf(err) == entitlement.Conflict {
			known, failed := s.adoptedBefore(ctx, in, subject, f.Role)
			if failed != nil {
				return entitlement.AssignmentRequest{}, entitlement.Change{}, failed
			}
			before = known
		}
		return r, change, err
	})
	if err != nil && before != nil {
		return *before, nil
	}
	return r, err
}

// adoptable returns the finding, and whose role it is.
func (s *Service) adoptable(ctx context.Context, by authz.Command, in Adoption) (f entitlement.DriftFinding, subject entitlement.UserID, err error) {
	if err := s.may(ctx, by.Caller, authz.ReadDeliveryErrors, authz.Object{}); err != nil {
		return f, "", err
	}
	if f, err = s.Store.DriftFinding(ctx, in.Finding.Connector, in.Finding.Scan, in.Finding.Finding); err != nil {
		return f, "", err
	}
	if subject, err = f.Adopter(in.Subject); err != nil || f.Subject != "" {
		return f, subject, err
	}

	// Whoever is named may be on record as somebody else there.
	_, sets, err := s.Store.SubjectRecord(ctx, subject)
	for _, set := range sets {
		if set.Connector == f.Role.Connector && set.Principal != "" && set.Principal != f.Principal {
			return f, "", entitlement.Errorf(entitlement.Conflict, "The user in targetId is %s at the target, and this role is of %s: name the user whose role it is.", set.Principal, f.Principal)
		}
	}
	return f, subject, err
}

// gives refuses a package that does not give the role.
func (s *Service) gives(ctx context.Context, id entitlement.PackageID, role entitlement.RoleRef) error {
	scopes, err := s.Store.Scopes(ctx, id)
	if err == nil && !slices.ContainsFunc(scopes.List, func(one entitlement.ResourceRoleScope) bool { return one.Ref == role }) {
		err = entitlement.Errorf(entitlement.Precondition, "This access package does not give the role that was found: name one that does, or add the role to it first.")
	}
	return err
}

// adoptedBefore returns the request by which the role was adopted just so before; nil for none.
func (s *Service) adoptedBefore(ctx context.Context, in Adoption, subject entitlement.UserID, role entitlement.RoleRef) (*entitlement.AssignmentRequest, error) {
	slot, err := s.Store.AssignmentSlot(ctx, in.Package, subject)
	if err != nil {
		return nil, err
	}
	id := slot.Open
	if slot.Assignment != nil {
		id = entitlement.RequestID(slot.Assignment.ID)
	}
	if id == "" {
		return nil, nil
	}

	r, err := s.Store.Request(ctx, id)
	if err != nil || r.Adopts != role || r.Policy != in.Policy {
		return nil, err
	}
	return &r, nil
}
