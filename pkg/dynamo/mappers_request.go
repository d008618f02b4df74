package dynamo

import (
	"cmp"
	"slices"

	"leasehold/pkg/entitlement"
)

var requestMapper = mapper[entitlement.AssignmentRequest]{
	tag: "REQ", noun: "assignment request", part: entitlement.PartRequest,
	key:       func(r entitlement.AssignmentRequest) Key { return requestKey(r.ID) },
	name:      func(r *entitlement.AssignmentRequest, k Key) { r.ID = requestAt(k) },
	meta:      func(r *entitlement.AssignmentRequest) *entitlement.Meta { return &r.Meta },
	indexKeys: requestIndexKeys,
	body: func(f *fields, r *entitlement.AssignmentRequest) {
		text(f, "ty", &r.Type)
		text(f, "st", &r.State)
		text(f, "oc", &r.Outcome)
		id(f, "p", &r.Package)
		id(f, "c", &r.Catalog)
		id(f, "po", &r.Policy)
		word(f, "sc", &r.Scope, scopeWords)
		list(f, "tg", &r.Targets, subjectFields)
		idLike(f, "as", &r.Assignment, r.ID)
		id(f, "rq", &r.Requestor)
		idLike(f, "s", &r.Subject, r.Requestor)
		text(f, "ju", &r.Justification)
		list(f, "an", &r.Answers, answerFields)
		group(f, "ask", &r.RequestedSchedule, scheduleFields)
		when(f, "sa", &r.Start)
		group(f, "ex", &r.Expiration, expirationFields)
		list(f, "sg", &r.Stages, stageFields)
		number(f, "sn", &r.Stage)
		when(f, "du", &r.Due)
		when(f, "cr", &r.Created)
		when(f, "co", &r.Completed)
		when(f, "hd", &r.Hidden)
		id(f, "fp", &r.Fingerprint)
		group(f, "ad", &r.Adopts, roleRefFields)
	},
}

// scopeWords are the scopes of policies, by their number.
var scopeWords = []entitlement.TargetScope{"", entitlement.ScopeNobody, entitlement.ScopeSpecificUsers, entitlement.ScopeAllMembers, entitlement.ScopeAllUsers,
	entitlement.ScopeSpecificOrganizations, entitlement.ScopeAllOrganizations, entitlement.ScopeAllExternal}

func scheduleFields(f *fields, s *entitlement.Schedule) {
	when(f, "s", &s.Start)
	group(f, "e", &s.Expiration, expirationFields)
}

func answerFields(f *fields, a *entitlement.Answer) {
	group(f, "q", &a.Question, questionFields)
	text(f, "v", &a.Value)
}

func stageFields(f *fields, s *entitlement.Stage) {
	id(f, "i", &s.ID)
	group(f, "p", &s.Policy, approvalStageFields)
	when(f, "s", &s.Started)
	when(f, "d", &s.Deadline)
	flag(f, "e", &s.Escalated)
	approverFields(f, s)
	id(f, "m", &s.Manager)
	id(f, "m2", &s.Second)
	optional(f, "x", &s.Decision, decisionFields)
}

// approverFields are those whom a stage waits for: mostly all of its primary approvers,
// which need not stand there twice. It keeps a request of three stages within 1 KB.
func approverFields(f *fields, s *entitlement.Stage) {
	primaries := len(s.Approvers) > 0 && slices.Equal(s.Approvers, s.Policy.Primary)
	flag(f, "ap", &primaries)
	if primaries {
		s.Approvers = slices.Clone(s.Policy.Primary)
		return
	}
	list(f, "a", &s.Approvers, subjectFields)
}

func decisionFields(f *fields, d *entitlement.Decision) {
	id(f, "r", &d.Reviewer)
	flag(f, "a", &d.Approved)
	text(f, "j", &d.Justification)
	when(f, "t", &d.At)
}

// requestIndexKeys puts a request in the inbox of whom it waits for, and where the
// sweep finds it when it is due.
func requestIndexKeys(r entitlement.AssignmentRequest) indexKeys {
	var rs indexKeys
	if who, ok := asks(r); ok {
		rs.first = inboxIndexKey(who, r.Created, r.ID)
	}
	if !r.Due.IsZero() {
		rs.second = dueIndexKey(requestKey(r.ID), r.Due)
	}
	return rs
}

// asks returns whom a pending request waits for: one user or group, or a set of several.
func asks(r entitlement.AssignmentRequest) (subjectSetRef, bool) {
	all := currentApprovers(r)
	switch len(all) {
	case 0:
		return subjectSetRef{}, false
	case 1:
		return all[0], true
	default:
		return subjectSetRef{kindSet, setOf(all)}, true
	}
}

// currentApprovers returns everybody that the running stage of a request waits for.
func currentApprovers(r entitlement.AssignmentRequest) []subjectSetRef {
	stage := r.Current()
	if stage == nil {
		return nil
	}
	return subjectSetRefsOf(stage.Approvers, stage.Manager, stage.Second)
}

// setOf names an approver set by its content.
func setOf(members []subjectSetRef) string {
	all := make([]string, 0, 2*len(members))
	for _, m := range members {
		all = append(all, m.kind, m.id)
	}
	return digest(all...)
}

func compareSubjectSetRefs(a, b subjectSetRef) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id))
}
