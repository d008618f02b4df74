package entitlement

import (
	"strings"
	"testing"
)

func TestR54_SponsorsApproveForPeopleOutside(t *testing.T) {
	fay := []SubjectSet{user("fay")}
	for _, kind := range []SubjectKind{InternalSponsors, ExternalSponsors} {
		sponsors := []SubjectSet{{Kind: kind}}
		for name, c := range map[string]struct {
			scope TargetScope
			stage ApprovalStage
			says  string
		}{
			"outside":                         {ScopeAllOrganizations, ApprovalStage{Primary: sponsors, Fallback: fay}, ""},
			"outside, as alternates":          {ScopeAllExternal, ApprovalStage{Primary: fay, Alternates: sponsors, FallbackAlternates: fay}, ""},
			"inside":                          {ScopeAllMembers, ApprovalStage{Primary: sponsors, Fallback: fay}, "connected organizations"},
			"R53 outside, without a fallback": {ScopeAllOrganizations, ApprovalStage{Primary: sponsors}, "fallbackPrimaryApprovers"},
			"alternates without a fallback":   {ScopeAllOrganizations, ApprovalStage{Primary: fay, Alternates: sponsors}, "fallbackEscalationApprovers"},
			"as a fallback":                   {ScopeAllOrganizations, ApprovalStage{Primary: fay, Fallback: sponsors}, "must be a user or a group"},
		} {
			p := AssignmentPolicy{Scope: c.scope, Expiration: Expiration{Type: ExpireNever}, Approval: ApprovalSettings{RequiredForAdd: true, Stages: []ApprovalStage{c.stage}}}
			err := p.Check(noon)
			if c.says == "" && err != nil || c.says != "" && (KindOf(err) != Invalid || !strings.Contains(MessageOf(err), c.says)) {
				t.Errorf("%s, %s: %v", kind, name, err)
			}
		}
	}
}

func TestR52_WithoutASponsorTheFallbackIsAsked(t *testing.T) {
	w := newFixture()
	w.approvedBy([]SubjectSet{{Kind: InternalSponsors}})
	r, _, err := Submit(w.ask, w.got, w.now)
	if err != nil || len(r.Stages[0].Approvers) != 1 || r.Stages[0].Approvers[0] != user("fay") {
		t.Errorf("asked are %+v, %v", r.Stages, err)
	}
}
