package entitlement

import "slices"

// A policy may let somebody act for a subject: a manager for their reports, or people whom it
// names (R213). Who that is, is decided when they ask, on what is stored then; what they asked
// for stays asked for when they are not that any more, as what an administrator assigned does.

// MaxOnBehalf bounds whom one policy names as acting for its subjects (S21).
const MaxOnBehalf = 25

// actsFor reports that the settings name asker as one who acts for subject; second is the
// manager of the subject's manager. Nobody acts for themselves in this way.
func (s RequestorSettings) actsFor(asker, subject User, second UserID) bool {
	if asker.ID == subject.ID || !asker.Enabled || subject.Gone() {
		return false
	}
	return slices.ContainsFunc(s.OnBehalf, func(set SubjectSet) bool {
		return set.Has(asker, subject.Manager) || set.isSecond() && second != "" && asker.ID == second
	})
}

// mayAskFor reports that asker may ask for the package for subject through this policy: it lets
// somebody ask for others, names the asker as one of these, and is for the subject.
func (p AssignmentPolicy) mayAskFor(asker, subject User, second UserID, of *ConnectedOrganization) bool {
	s := p.Requestor
	return s.OnBehalfAdd && p.Scope != ScopeNobody && subject.Enabled && p.InScope(subject, of) && s.actsFor(asker, subject, second)
}

// chooseFor is Choose for somebody who asks on behalf of the subject. Of the policies for the
// subject that let others ask, only those of the best rank count (R37).
func (a SubmitInputs) chooseFor(named PolicyID) (AssignmentPolicy, error) {
	return choose(a.open(), named, func(p AssignmentPolicy) bool { return p.mayAskFor(*a.Requestor, *a.Subject, a.Second, a.Organization) },
		"No policy of this access package that lets you ask on behalf of others is for this user. Ask its catalog owner to assign it to them.")
}

// ApplicableOnBehalf returns the policies through which the requestor may ask for the subject:
// those that an onBehalfAdd may name, and no other.
func (a SubmitInputs) ApplicableOnBehalf() []AssignmentPolicy {
	if !a.onBehalf() {
		return nil
	}
	return applicable(a.open(), func(p AssignmentPolicy) bool { return p.mayAskFor(*a.Requestor, *a.Subject, a.Second, a.Organization) })
}

// onBehalf reports that what was read is about somebody else than who asks.
func (a SubmitInputs) onBehalf() bool {
	return a.Requestor != nil && a.Subject != nil && a.Requestor.ID != a.Subject.ID
}

// ActsFor reports that a policy of the package that was read names the requestor as one who
// acts for the subject in any way: they may then know of what the subject holds by it.
func (a SubmitInputs) ActsFor() bool {
	return a.onBehalf() && slices.ContainsFunc(a.policies(), func(p AssignmentPolicy) bool {
		s := p.Requestor
		return (s.OnBehalfAdd || s.OnBehalfUpdate || s.OnBehalfRemove) && s.actsFor(*a.Requestor, *a.Subject, a.Second)
	})
}

// AsksFor reports that a policy of the package that was read lets the requestor ask for the
// subject, whether or not it is for that subject.
func (a SubmitInputs) AsksFor() bool {
	return a.onBehalf() && slices.ContainsFunc(a.policies(), func(p AssignmentPolicy) bool {
		return p.Requestor.OnBehalfAdd && p.Requestor.actsFor(*a.Requestor, *a.Subject, a.Second)
	})
}

// RemovesFor reports that the policy that was read lets the requestor end an assignment of the
// subject.
func (a SubmitInputs) RemovesFor() bool {
	return a.onBehalf() && slices.ContainsFunc(a.policies(), func(p AssignmentPolicy) bool {
		return p.Requestor.OnBehalfRemove && p.Requestor.actsFor(*a.Requestor, *a.Subject, a.Second)
	})
}

// letsUpdate reports that the policy lets the requestor move the end of an assignment, their own
// or that of one whom they act for. Whoever holds it must be in the scope of the policy still
// (R83).
func (p AssignmentPolicy) letsUpdate(in SubmitInputs) bool {
	if !in.Subject.Enabled || !p.InScope(*in.Subject, in.Organization) {
		return false
	}
	if !in.onBehalf() {
		return p.Requestor.SelfUpdate
	}
	return p.Requestor.OnBehalfUpdate && p.Requestor.actsFor(*in.Requestor, *in.Subject, in.Second)
}

// checkOnBehalf refuses settings by which nobody could act for anybody, and sets that do not
// say who acts for whom.
func (p AssignmentPolicy) checkOnBehalf() (faults []error) {
	s := p.Requestor
	if (s.OnBehalfAdd || s.OnBehalfUpdate || s.OnBehalfRemove) && len(s.OnBehalf) == 0 {
		faults = append(faults, Errorf(Invalid, "requestorSettings: onBehalfRequestors must name at least one user, group or targetManager where people ask, change or remove on behalf of others."))
	}
	if len(s.OnBehalf) > MaxOnBehalf {
		faults = append(faults, Errorf(Invalid, "requestorSettings: onBehalfRequestors holds at most %d entries.", MaxOnBehalf))
	}

	known := []SubjectKind{SingleUser, GroupMembers, TargetManager, SecondTargetManager}
	if slices.ContainsFunc(s.OnBehalf, func(set SubjectSet) bool { return !slices.Contains(known, set.Kind) }) {
		faults = append(faults, Errorf(Invalid, "requestorSettings: onBehalfRequestors takes singleUser, groupMembers and targetManager."))
	}
	return faults
}
