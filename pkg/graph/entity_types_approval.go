package graph

import (
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// approval is a request as those see it who decide on it.
type approval = requests.Approval

func approvals() entityType[approval] {
	return entityType[approval]{set: emSet + "accessPackageAssignmentApprovals",
		navigation: func() map[string]navigationProperty {
			return map[string]navigationProperty{"stages": {many: true, shown: true, within: true, sample: approvalStages().sample, navigation: noNavigation}}
		},
		mapper: func(a approval) object {
			return object{"id": string(a.Request.ID), "stages": objects(stagesOf(a), mapStage)}
		}}
}

// stage is one stage of an approval.
type stage struct {
	approval
	number int
}

func stagesOf(a approval) []stage {
	out := make([]stage, len(a.Request.Stages))
	for i := range out {
		out[i] = stage{a, i}
	}
	return out
}

func approvalStages() entityType[stage] {
	return entityType[stage]{set: emSet + "accessPackageAssignmentApprovals/stages", mapper: mapStage, navigation: noNavigation,
		example: stage{approval{Request: entitlement.AssignmentRequest{Stages: make([]entitlement.Stage, 1)}}, 0}}
}

func mapStage(s stage) object {
	of := s.Request.Stages[s.number]
	o := object{
		"id": of.ID, "displayName": "Stage " + string(rune('1'+s.number)), "status": s.status(), "assignedToMe": s.Mine && s.running(),
		"reviewResult": "NotReviewed", "justification": nil, "reviewedBy": nil, "reviewedDateTime": nil,
	}

	if d := of.Decision; d != nil {
		o["reviewResult"] = map[bool]string{true: "Approved", false: "Denied"}[d.Approved]
		o["justification"] = text(d.Justification)
		o["reviewedDateTime"] = instant(d.At)
		if !s.Discloses(of) {
			return o
		}
		reviewer := s.Reviewers[d.Reviewer]
		o["reviewedBy"] = object{"id": string(d.Reviewer), "displayName": text(reviewer.DisplayName), "userPrincipalName": text(reviewer.UserPrincipalName)}
	}

	return o
}

// running reports that the stage waits for a decision.
func (s stage) running() bool {
	return s.Request.State == entitlement.RequestPendingApproval && s.Request.Stage == s.number
}

func (s stage) status() string {
	of := s.Request.Stages[s.number]

	switch {
	case s.running():
		return "InProgress"
	case of.Decision != nil:
		return "Completed"
	case of.Started.IsZero():
		return "Initializing"
	case s.Request.Outcome == entitlement.OutcomeTimedOut:
		return "Expired"
	default:
		return "Completed" // the request ended without a decision: it was canceled
	}
}
