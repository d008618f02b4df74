package entitlement

import (
	"fmt"
	"slices"
)

// EventLoosened is the kind of the event of a policy that was replaced by a looser one.
const EventLoosened = "policyLoosened"

// DataLoosens is the datum of an event that says what of a policy it loosens.
const DataLoosens = "loosens"

// Loosens returns the properties of a policy in which after lets people have more, or have
// it with fewer asked, than before. Whoever loosens a policy, uses it and restores it is so
// seen by those who look (A4).
func Loosens(before, after AssignmentPolicy) []string {
	var all []string
	note := func(looser bool, property string) {
		if looser {
			all = append(all, property)
		}
	}

	note(breadth(after.Scope) > breadth(before.Scope), "allowedTargetScope")
	note(after.Scope == ScopeSpecificUsers && before.Scope == ScopeSpecificUsers && !covers(before.Targets, after.Targets), "specificAllowedTargets")
	note(after.Expiration.outlasts(before.Expiration), "expiration")
	note(after.Requestor.SelfAdd && !before.Requestor.SelfAdd, "enableTargetsToSelfAddAccess")
	note(after.Requestor.SelfUpdate && !before.Requestor.SelfUpdate, "enableTargetsToSelfUpdateAccess")
	note(after.Requestor.OnBehalfAdd && !before.Requestor.OnBehalfAdd, "enableOnBehalfRequestorsToAddAccess")
	note(after.Requestor.OnBehalfUpdate && !before.Requestor.OnBehalfUpdate, "enableOnBehalfRequestorsToUpdateAccess")
	note(!covers(before.Requestor.OnBehalf, after.Requestor.OnBehalf), "onBehalfRequestors")
	note(after.Requestor.CustomSchedule && !before.Requestor.CustomSchedule, "allowCustomAssignmentSchedule")
	note(before.Approval.RequiredForAdd && !after.Approval.RequiredForAdd, "isApprovalRequiredForAdd")
	note(before.Approval.RequiredForUpdate && !after.Approval.RequiredForUpdate, "isApprovalRequiredForUpdate")
	note(before.Approval.RequestorJustification && !after.Approval.RequestorJustification, "isRequestorJustificationRequired")
	note(asksLess(before.Questions, after.Questions), "questions")
	note(len(after.Approval.Stages) < len(before.Approval.Stages), "stages")

	for i := range min(len(after.Approval.Stages), len(before.Approval.Stages)) {
		was, is := before.Approval.Stages[i], after.Approval.Stages[i]
		note(!covers(was.approvers(), is.approvers()), fmt.Sprintf("stages.%d.approvers", i+1))
		note(was.ApproverJustification && !is.ApproverJustification, fmt.Sprintf("stages.%d.isApproverJustificationRequired", i+1))
		note(is.Escalation && (!was.Escalation || is.EscalateAfter < was.EscalateAfter), fmt.Sprintf("stages.%d.escalation", i+1))
	}

	return all
}

// Unapproved reports a policy through which people get a package that nobody decides on.
func (p AssignmentPolicy) Unapproved() bool {
	return p.Scope != ScopeNobody && (p.Requestor.SelfAdd || p.Requestor.OnBehalfAdd) && !p.Approval.RequiredForAdd
}

// breadth orders scopes by how many people may be in them.
func breadth(s TargetScope) int {
	return slices.Index([]TargetScope{ScopeNobody, ScopeSpecificUsers, ScopeAllMembers, ScopeAllUsers, ScopeSpecificOrganizations, ScopeAllOrganizations, ScopeAllExternal}, s)
}

// covers reports that a list holds all of another one.
func covers(list, of []SubjectSet) bool {
	return !slices.ContainsFunc(of, func(s SubjectSet) bool {
		return !slices.ContainsFunc(list, func(known SubjectSet) bool { return known.Kind == s.Kind && known.ID == s.ID })
	})
}

// approvers are all whom a stage may come to ask.
func (s ApprovalStage) approvers() []SubjectSet {
	return slices.Concat(s.Primary, s.Fallback, s.Alternates, s.FallbackAlternates)
}

// outlasts reports an expiration that may come later than another one, whenever both start.
func (e Expiration) outlasts(other Expiration) bool {
	endless := func(e Expiration) bool { return e.Duration == 0 && e.End.IsZero() }
	switch {
	case endless(other):
		return false
	case endless(e) || e.Type != other.Type:
		return true
	default:
		return e.Duration > other.Duration || e.End.After(other.End)
	}
}

// Notable reports an event that people should look at, though nothing failed: a policy was
// loosened or one without approval was put beside others, somebody's sign-ins were changed,
// or everybody who failed for a reason was delivered again.
func (e Event) Notable() bool {
	signIns := func(c Changed) bool { return c.Property == "identities" }
	return e.Data[DataLoosens] != "" || e.Aggregate == OfReprocess || e.Aggregate == OfUser && e.Kind == "updated" && slices.ContainsFunc(e.Changed, signIns)
}
