package entitlement

import "slices"

// A stage may ask the manager of the subject's manager. Who that is, is read with what a
// request is decided on, where one of its stages asks; what is kept in the request is for the
// index, and is set right wherever the request is read to be decided on.

func (s SubjectSet) isSecond() bool { return s.Kind == SecondManager || s.Kind == SecondTargetManager }

// AsksSecond reports a stage that may ask the manager's manager.
func (s ApprovalStage) AsksSecond() bool {
	return slices.ContainsFunc(slices.Concat(s.Primary, s.Alternates), SubjectSet.isSecond)
}

// AsksSecond reports a policy of which a stage may ask the manager's manager, or that lets this
// one act for its subjects.
func (p AssignmentPolicy) AsksSecond() bool {
	return slices.ContainsFunc(p.Approval.Stages, ApprovalStage.AsksSecond) || slices.ContainsFunc(p.Requestor.OnBehalf, SubjectSet.isSecond)
}

// AsksSecond reports that the running stage may ask the manager's manager.
func (r AssignmentRequest) AsksSecond() bool {
	s := r.Current()
	return s != nil && s.Policy.AsksSecond()
}

// ComesToAskSecond reports that a stage of the request may ask the manager's manager.
func (r AssignmentRequest) ComesToAskSecond() bool {
	return slices.ContainsFunc(r.Stages, func(s Stage) bool { return s.Policy.AsksSecond() })
}

// WithSecond returns the request as it is where second is the manager's manager now.
func (r AssignmentRequest) WithSecond(second UserID) AssignmentRequest {
	if r.AsksSecond() {
		r.Stages = slices.Clone(r.Stages)
		r.Stages[r.Stage].Second = second
	}
	return r
}

// Asks reports that a stage asks u; manager is the subject's present manager.
func (s Stage) Asks(u User, manager UserID) bool {
	return slices.ContainsFunc(s.Approvers, func(set SubjectSet) bool {
		return set.Has(u, manager) || set.isSecond() && s.Second != "" && u.ID == s.Second
	})
}
