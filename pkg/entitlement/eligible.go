package entitlement

import "slices"

// under copies into a request whom the policy that it is made under is for: a later edit
// of the policy changes nothing about it (S6).
func (r AssignmentRequest) under(p AssignmentPolicy, of *ConnectedOrganization) AssignmentRequest {
	r.Scope, r.Targets = p.Scope, p.targetsOf(r.Subject, of)
	return r
}

// eligible refuses a request for somebody whom the policy that it was made under is not
// for as things are now (F36, R83). A policy for nobody is for everybody whom an
// administrator chooses, and an end that an administrator moves is the administrator's word.
func (r AssignmentRequest) eligible(s StartInputs) error {
	switch {
	case s.Subject == nil || !s.Subject.Enabled || s.SubjectRecord.Disabled:
		return ineligible("The user this is for is disabled and cannot get an access package.")
	case r.Type == AdminUpdate || r.Type == AdminAdd && r.Scope == ScopeNobody:
		return nil
	case !admits(r.Scope, r.Targets, *s.Subject, s.Organization):
		return ineligible("The user this is for is no longer one of those whom the policy is for.")
	default:
		return nil
	}
}

// admittedBy returns what must still be true, where the request begins or moves an end, of
// why its policy is for its subject: a membership, since whoever ends one does not touch
// anything else that the request is committed on. One group is enough, although the policy
// may be for others that the subject is in: who has left just that one is decided on afresh.
func (r AssignmentRequest) admittedBy(s StartInputs) []Reference {
	named := func(set SubjectSet) bool { return set.Kind == SingleUser && set.Has(*s.Subject, "") }
	if r.Scope != ScopeSpecificUsers || r.Type == AdminUpdate || slices.ContainsFunc(r.Targets, named) {
		return nil
	}
	for _, set := range r.Targets {
		if set.Kind == GroupMembers && set.Has(*s.Subject, "") {
			return []Reference{{User: r.Subject, Group: GroupID(set.ID)}}
		}
	}
	return nil
}

func ineligible(msg string) error { return &Error{Kind: Precondition, Code: codeIneligible, Msg: msg} }
