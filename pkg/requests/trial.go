package requests

import (
	"cmp"
	"context"
	"slices"

	"leasehold/pkg/approvers"
	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Trial is what would come of it if somebody looked for a package and asked for it now. It is
// found out by what decides on requests, and nothing is written.
type Trial struct {
	Package    entitlement.AccessPackage
	Subject    entitlement.User
	Listed     bool // they find it in the list of what they may ask for
	Policies   []TriedPolicy
	Hindrances []entitlement.Hindrance // what keeps them from asking
}

// TriedPolicy is one policy of the package as it is to the subject.
type TriedPolicy struct {
	entitlement.AssignmentPolicy
	InScope bool                            // it is for the subject
	Applies bool                            // the subject could ask through it
	Stages  []entitlement.AssignmentRequest // who would decide: the request as it would stand in each of its stages
}

// Try answers for those who keep the policies of a package what somebody would find if they asked
// for it: whether they see it, which policies apply, who would decide in each stage, and what
// forbids it.
func (s *Service) Try(ctx context.Context, by authz.Caller, id entitlement.PackageID, subject entitlement.UserID) (Trial, error) {
	if err := authz.Admit(by, authz.ReadPolicy); err != nil {
		return Trial{}, err
	}
	ask, err := s.Store.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: subject, Subject: subject, Package: id})
	if err != nil {
		return Trial{}, err
	}

	// Of a catalog in which the caller may not look there is nothing to tell, nor whom it knows.
	o := authz.Object{}
	if ask.Package != nil {
		o = inPackage(*ask.Package)
	}
	if err := cmp.Or(s.may(ctx, by, authz.ReadPolicy, o), s.may(ctx, by, authz.ReadAdditionalAccess, o)); err != nil {
		return Trial{}, err
	}
	switch {
	case ask.Package == nil:
		return Trial{}, entitlement.Errorf(entitlement.NotFound, "There is no access package with this id.")
	case ask.Subject == nil || ask.Subject.Gone():
		return Trial{}, entitlement.Errorf(entitlement.NotFound, "There is no user with this id.")
	}

	trial := Trial{Package: *ask.Package, Subject: *ask.Subject, Listed: ask.Listed(), Hindrances: ask.Hindrances(s.Clock.Now())}
	applies := ask.Applicable(*ask.Subject)
	for _, p := range ask.Policies {
		tried := TriedPolicy{AssignmentPolicy: p, InScope: p.Scope != entitlement.ScopeNobody && p.InScope(*ask.Subject, ask.Organization),
			Applies: slices.ContainsFunc(applies, func(a entitlement.AssignmentPolicy) bool { return a.ID == p.ID })}
		if tried.Applies {
			if tried.Stages, err = s.staffed(ctx, ask, p); err != nil {
				return Trial{}, err
			}
		}
		trial.Policies = append(trial.Policies, tried)
	}
	return trial, nil
}

// staffed returns the stages of a request that would be made through a policy, with those who
// would be asked because nobody else is there (R52). Managers are the people who they are.
func (s *Service) staffed(ctx context.Context, ask entitlement.SubmitInputs, p entitlement.AssignmentPolicy) ([]entitlement.AssignmentRequest, error) {
	now := s.Clock.Now()
	stages := ask.Tried(p, now)
	finder := approvers.New(s.Store, ask.Subject)
	for i, r := range stages {
		r, _, err := finder.Staff(ctx, r, entitlement.Change{}, r.Current().Manager, "", now)
		if err != nil {
			return nil, err
		}

		stage := r.Current()
		stage.Approvers = slices.Clone(stage.Approvers)
		for n, set := range stage.Approvers {
			stage.Approvers[n] = stage.Decider(set)
		}
		stages[i] = r
	}
	return stages, nil
}

// NameOfIncompatible returns what something is called that a package lists, to those who may see
// who has it.
func (s *Service) NameOfIncompatible(ctx context.Context, by authz.Caller, p entitlement.AccessPackage, of entitlement.IncompatibleAccess) (string, error) {
	if err := s.may(ctx, by, authz.ReadAdditionalAccess, inPackage(p)); err != nil {
		return "", err
	}
	if !slices.Contains(p.Incompatible, of.Package) && !slices.Contains(p.IncompatibleGroups, of.Group) {
		return "", entitlement.Errorf(entitlement.NotFound, "The access package does not list this as incompatible.")
	}
	return s.nameOf(ctx, of)
}
