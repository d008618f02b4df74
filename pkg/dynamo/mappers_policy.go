package dynamo

import (
	"slices"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

var policyMapper = mapper[entitlement.AssignmentPolicy]{
	tag: "POL", noun: "assignment policy", part: entitlement.PartConfiguration,
	key:       func(p entitlement.AssignmentPolicy) Key { return policyKey(p.ID) },
	name:      func(p *entitlement.AssignmentPolicy, k Key) { p.ID = policyAt(k) },
	meta:      func(p *entitlement.AssignmentPolicy) *entitlement.Meta { return &p.Meta },
	indexKeys: policyIndexKeys,
	body: func(f *fields, p *entitlement.AssignmentPolicy) {
		id(f, "p", &p.Package)
		id(f, "c", &p.Catalog)
		text(f, "n", &p.DisplayName)
		text(f, "d", &p.Description)
		text(f, "sc", &p.Scope)
		list(f, "tg", &p.Targets, subjectFields)
		group(f, "ex", &p.Expiration, expirationFields)
		group(f, "rq", &p.Requestor, requestorFields)
		group(f, "ap", &p.Approval, approvalFields)
		list(f, "qs", &p.Questions, questionFields)
		group(f, "rv", &p.Review, reviewFields)
		group(f, "au", &p.Automatic, automaticFields)
		flag(f, "q", &p.Quiet)
		list(f, "xs", &p.Extensions, stageExtensionFields)
		when(f, "del", &p.Deleting)
		text(f, "lk", &p.Looked)
		when(f, "cr", &p.Created)
		when(f, "mo", &p.Modified)
	},
}

// policyIndexKeys lists a policy among all policies; one under deletion is due instead, as a
// package is. For those moments it is missing from that one list, and is found by id, by
// its package and by those whom it names.
func policyIndexKeys(p entitlement.AssignmentPolicy) indexKeys {
	if !p.Deleting.IsZero() {
		return indexKeys{second: dueIndexKey(policyKey(p.ID), p.Due())}
	}
	return indexKeys{second: allIndexKey(wordPolicy, p.DisplayName, string(p.ID)), offers: behalfIndexKey(p)}
}

// subjectKinds are stored by number; a new kind goes to the end.
var subjectKinds = []entitlement.SubjectKind{entitlement.SingleUser, entitlement.GroupMembers, entitlement.RequestorManager, entitlement.OrganizationMembers, entitlement.SecondManager,
	entitlement.InternalSponsors, entitlement.ExternalSponsors, entitlement.TargetManager, entitlement.SecondTargetManager, entitlement.TargetUserSponsors}

func subjectFields(f *fields, s *entitlement.SubjectSet) {
	word(f, "k", &s.Kind, subjectKinds)
	id(f, "i", &s.ID)
	text(f, "d", &s.Description)
}

func stageExtensionFields(f *fields, s *entitlement.StageExtension) {
	text(f, "s", &s.Stage)
	id(f, "x", &s.Extension)
}

// questionKinds are stored by number; a new kind goes to the end.
var questionKinds = []entitlement.QuestionKind{entitlement.TextQuestion, entitlement.ChoiceQuestion}

func questionFields(f *fields, q *entitlement.Question) {
	id(f, "i", &q.ID)
	word(f, "k", &q.Kind, questionKinds)
	text(f, "t", &q.Text)
	list(f, "l", &q.Localizations, localizedFields)
	number(f, "n", &q.Sequence)
	flag(f, "r", &q.Required)
	flag(f, "e", &q.Editable)
	flag(f, "sl", &q.SingleLine)
	text(f, "p", &q.Pattern)
	flag(f, "m", &q.Multiple)
	list(f, "c", &q.Choices, choiceFields)
}

func reviewFields(f *fields, r *entitlement.ReviewSettings) {
	flag(f, "g", &r.Given)
	flag(f, "e", &r.Enabled)
	text(f, "x", &r.Expiration)
	flag(f, "r", &r.Recommendation)
	flag(f, "j", &r.Justification)
	flag(f, "s", &r.Self)
	list(f, "p", &r.Primary, subjectFields)
	list(f, "f", &r.Fallback, subjectFields)
	when(f, "sa", &r.Start)
	group(f, "en", &r.End, expirationFields)
	group(f, "rc", &r.Recurrence, recurrenceFields)
}

func recurrenceFields(f *fields, r *entitlement.Recurrence) {
	text(f, "p", &r.Pattern)
	number(f, "i", &r.Interval)
	number(f, "m", &r.Month)
	number(f, "d", &r.Day)
	texts(f, "ds", &r.Days)
	text(f, "fd", &r.FirstDay)
	text(f, "ix", &r.Index)
	text(f, "r", &r.Range)
	text(f, "sd", &r.StartDate)
	text(f, "ed", &r.EndDate)
	text(f, "tz", &r.TimeZone)
	number(f, "n", &r.Times)
}

func automaticFields(f *fields, a *entitlement.AutomaticSettings) {
	flag(f, "g", &a.Given)
	flag(f, "a", &a.Assign)
	flag(f, "r", &a.Remove)
	number(f, "gr", &a.Grace)
}

func choiceFields(f *fields, c *entitlement.Choice) {
	text(f, "v", &c.Value)
	text(f, "t", &c.Text)
	list(f, "l", &c.Localizations, localizedFields)
}

func localizedFields(f *fields, l *entitlement.Localized) {
	text(f, "c", &l.Language)
	text(f, "t", &l.Text)
}

func expirationFields(f *fields, e *entitlement.Expiration) {
	text(f, "t", &e.Type)
	number(f, "d", &e.Duration)
	when(f, "e", &e.End)
}

func requestorFields(f *fields, r *entitlement.RequestorSettings) {
	flag(f, "a", &r.SelfAdd)
	flag(f, "u", &r.SelfUpdate)
	flag(f, "r", &r.SelfRemove)
	flag(f, "s", &r.CustomSchedule)
	flag(f, "ba", &r.OnBehalfAdd)
	flag(f, "bu", &r.OnBehalfUpdate)
	flag(f, "br", &r.OnBehalfRemove)
	list(f, "b", &r.OnBehalf, subjectFields)
}

func approvalFields(f *fields, a *entitlement.ApprovalSettings) {
	flag(f, "a", &a.RequiredForAdd)
	flag(f, "u", &a.RequiredForUpdate)
	flag(f, "j", &a.RequestorJustification)
	list(f, "s", &a.Stages, approvalStageFields)
}

func approvalStageFields(f *fields, s *entitlement.ApprovalStage) {
	text(f, "v", &s.Visibility)
	number(f, "l", &s.TimeLimit)
	flag(f, "j", &s.ApproverJustification)
	flag(f, "e", &s.Escalation)
	number(f, "ea", &s.EscalateAfter)
	list(f, "p", &s.Primary, subjectFields)
	list(f, "f", &s.Fallback, subjectFields)
	list(f, "a", &s.Alternates, subjectFields)
	list(f, "fa", &s.FallbackAlternates, subjectFields)
}

// everybodyOutside stands for all guests, of whichever organization.
var everybodyOutside = subjectSetRef{kindOrganization, "00000000-0000-0000-0000-000000000075"}

// targetsOf returns whom a policy names, as its index entries do. A policy for nobody has
// none, nor has one for everybody, of which its package says so.
func targetsOf(p entitlement.AssignmentPolicy) []subjectSetRef {
	switch p.Scope {
	case entitlement.ScopeAllOrganizations, entitlement.ScopeAllExternal:
		return []subjectSetRef{everybodyOutside}
	case entitlement.ScopeSpecificUsers, entitlement.ScopeSpecificOrganizations:
		return subjectSetRefsOf(p.Targets, "", "")
	default:
		return nil
	}
}

// subjectSetRefsOf returns users and groups of subject sets, sorted and without repetitions.
// A manager counts as the user that he is, and so does that one's.
func subjectSetRefsOf(sets []entitlement.SubjectSet, manager, second entitlement.UserID) []subjectSetRef {
	var all []subjectSetRef
	for _, s := range sets {
		switch {
		case s.Kind == entitlement.SingleUser && s.ID != "":
			all = append(all, subjectSetRef{kindUser, s.ID})
		case s.Kind == entitlement.GroupMembers && s.ID != "":
			all = append(all, subjectSetRef{kindGroup, s.ID})
		// Whose manager it is is not known to the policy, only to a request.
		case s.Kind == entitlement.OrganizationMembers && s.ID != "":
			all = append(all, subjectSetRef{kindOrganization, s.ID})
		case (s.Kind == entitlement.RequestorManager || s.Kind == entitlement.TargetManager) && manager != "":
			all = append(all, subjectSetRef{kindUser, string(manager)})
		case (s.Kind == entitlement.SecondManager || s.Kind == entitlement.SecondTargetManager) && second != "":
			all = append(all, subjectSetRef{kindUser, string(second)})
		}
	}

	order.SortFunc(all, compareSubjectSetRefs)
	return slices.Compact(all)
}
