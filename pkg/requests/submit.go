package requests

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Submission is a request as a client words it. One for a new assignment names its
// package; Subject is empty for oneself. One about an assignment that is there names that,
// and whatever it says of it besides must be true.
type Submission struct {
	Type              entitlement.RequestType
	Assignment        entitlement.AssignmentID
	Subject           entitlement.UserID
	SubjectName       string // in place of Subject: the userPrincipalName of whom to assign to
	Package           entitlement.PackageID
	Policy            entitlement.PolicyID
	Justification     string
	Answers           []entitlement.GivenAnswer
	RequestedSchedule entitlement.Schedule
}

func (in Submission) payload() entitlement.CommandPayload {
	return entitlement.CommandPayload{Type: in.Type, Assignment: in.Assignment, Package: in.Package, Policy: in.Policy, Subject: in.Subject, Justification: in.Justification, Answers: in.Answers, RequestedSchedule: in.RequestedSchedule}
}

// matches refuses an assignment of which something else is true than the submission says:
// it is answered like one that is not there, and a policy that is not its own alike
// whether there is such a policy or not.
func (in Submission) matches(a entitlement.Assignment) error {
	switch {
	case in.Package != "" && in.Package != a.Package || in.Subject != "" && in.Subject != a.Subject:
		return noAssignment(nil)
	case in.Policy != "" && in.Policy != a.Policy:
		return entitlement.Errorf(entitlement.Invalid, "assignmentPolicyId must name the policy of the assignment, which stays with it; or leave it out.")
	default:
		return nil
	}
}

// Submit takes a request of type UserAdd, OnBehalfAdd or AdminAdd for a package. It is answered as
// submitted; its later states are reached by themselves (R107).
func (s *Service) Submit(ctx context.Context, by authz.Command, in Submission) (entitlement.AssignmentRequest, error) {
	if in.SubjectName != "" && in.Type != entitlement.UserAdd {
		var err error
		if in.Subject, err = s.subjectNamed(ctx, in.SubjectName); err != nil {
			return entitlement.AssignmentRequest{}, err
		}
	}
	if in.Subject == "" {
		in.Subject = by.ID
	}

	if in.Type == entitlement.UserAdd && in.Subject != by.ID {
		return entitlement.AssignmentRequest{}, authz.RequestForSelf.Refusal() // by what it is called, before anybody is read
	}
	if in.Type == entitlement.OnBehalfAdd && in.Subject == by.ID {
		return entitlement.AssignmentRequest{}, entitlement.Errorf(entitlement.Invalid, "onBehalfAdd is for somebody else: name another user in assignment.targetId, or ask for yourself by userAdd.")
	}
	// A person may name what applies of all the package's policies, so all of them are read.
	keys := entitlement.SubmitKeys{Requestor: by.ID, Subject: in.Subject, Package: in.Package}
	if in.Type == entitlement.AdminAdd {
		keys.Policy = in.Policy
	}

	return s.create(ctx, by, in.payload(), func(n entitlement.NewRequest) (entitlement.AssignmentRequest, entitlement.Change, error) {
		return s.submit(ctx, by, n, keys)
	})
}

// subjectNamed returns the id of the user with a userPrincipalName. Where there is none it is an
// id that nobody has, so that who has which name is told to those alone who may assign.
func (s *Service) subjectNamed(ctx context.Context, name string) (entitlement.UserID, error) {
	u, err := s.Store.UserNamed(ctx, name)
	if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
		return entitlement.UserID(s.IDs.New()), nil
	}
	return u.ID, err
}

func (s *Service) submit(ctx context.Context, by authz.Command, n entitlement.NewRequest, keys entitlement.SubmitKeys) (entitlement.AssignmentRequest, entitlement.Change, error) {
	ask, err := s.Store.SubmitInputs(ctx, keys)
	if err == nil {
		err = s.mayAdd(ctx, &by, n.Type, ask)
	}
	if err != nil {
		return entitlement.AssignmentRequest{}, entitlement.Change{}, err
	}
	if by.Application && n.Type == entitlement.UserAdd {
		ask.Policies = entitlement.ForApplications(ask.Policies)
	}
	n.AllowedBy = by.AllowedBy
	return entitlement.Submit(n, ask, s.Clock.Now())
}

// mayAdd asks whether the caller, who was read with all the rest, may have a package given
// to the subject.
func (s *Service) mayAdd(ctx context.Context, by *authz.Command, t entitlement.RequestType, ask entitlement.SubmitInputs) error {
	o := authz.Object{}

	// What is not there is left out here: the decision says afterwards that it is missing.
	if ask.Package != nil {
		o.Catalog, o.Package = ask.Package.Catalog, ask.Package.ID
	}
	if ask.Subject != nil {
		o.Subject = ask.Subject.ID
	}
	if ask.Requestor != nil {
		*by = by.As(*ask.Requestor)
	}

	action := authz.RequestForSelf
	switch t {
	case entitlement.AdminAdd:
		action = authz.AssignDirectly
	case entitlement.OnBehalfAdd:
		action, o.OnBehalf = authz.RequestOnBehalf, ask.AsksFor()
	}

	return s.allow(ctx, by, action, o)
}
