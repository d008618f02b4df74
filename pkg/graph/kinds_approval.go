package graph

import (
	"context"

	"leasehold/pkg/entitlement"
)

// approval is a request as those see it who decide on it, with what its stages show.
type approval struct {
	request   entitlement.AssignmentRequest
	mine      bool // the running stage waits for the caller
	reviewers map[entitlement.UserID]entitlement.User
}

func approvals() kind[approval] {
	return kind[approval]{set: emSet + "accessPackageAssignmentApprovals",
		links: func() map[string]link { return map[string]link{"stages": shown(within("stages", true, noLinks))} },
		shape: func(a approval) object {
			return object{"id": string(a.request.ID), "stages": objects(a.stages(), shapeStage)}
		}}
}

// stage is one stage of an approval.
type stage struct {
	approval
	number int
}

func (a approval) stages() []stage {
	out := make([]stage, len(a.request.Stages))
	for i := range out {
		out[i] = stage{a, i}
	}
	return out
}

func approvalStages() kind[stage] {
	return kind[stage]{set: emSet + "accessPackageAssignmentApprovals/stages", shape: shapeStage, links: noLinks,
		example: stage{approval{request: entitlement.AssignmentRequest{Stages: make([]entitlement.Stage, 1)}}, 0}}
}

func shapeStage(s stage) object {
	of := s.request.Stages[s.number]
	o := object{
		"id": of.ID, "displayName": "Stage " + string(rune('1'+s.number)), "status": s.status(), "assignedToMe": s.mine && s.running(),
		"reviewResult": "NotReviewed", "justification": nil, "reviewedBy": nil, "reviewedDateTime": nil,
	}
	if d := of.Decision; d != nil {
		o["reviewResult"] = map[bool]string{true: "Approved", false: "Denied"}[d.Approved]
		o["justification"] = text(d.Justification)
		o["reviewedDateTime"] = instant(d.At)
		reviewer := s.reviewers[d.Reviewer]
		o["reviewedBy"] = object{"id": string(d.Reviewer), "displayName": text(reviewer.DisplayName), "userPrincipalName": text(reviewer.UserPrincipalName)}
	}
	return o
}

// running reports that the stage waits for a decision.
func (s stage) running() bool {
	return s.request.State == entitlement.RequestPendingApproval && s.request.Stage == s.number
}

func (s stage) status() string {
	of := s.request.Stages[s.number]
	switch {
	case s.running():
		return "InProgress"
	case of.Decision != nil:
		return "Completed"
	case of.Started.IsZero():
		return "Initializing"
	case s.request.Outcome == entitlement.OutcomeTimedOut:
		return "Expired"
	default:
		return "Completed" // the request ended without a decision: it was canceled
	}
}

// withReviewers adds who decided the stages of all requests, read at once. mine tells of
// each request whether its running stage waits for the caller.
func withReviewers(ctx context.Context, c *call, requests []entitlement.AssignmentRequest, mine func(entitlement.AssignmentRequest) bool) ([]approval, error) {
	var ids []entitlement.UserID
	for _, r := range requests {
		for _, s := range r.Stages {
			if s.Decision != nil {
				ids = append(ids, s.Decision.Reviewer)
			}
		}
	}
	found := map[entitlement.UserID]entitlement.User{}
	if len(ids) > 0 {
		reviewers, err := c.deps.Reads.Users(ctx, distinct(ids))
		if err != nil {
			return nil, err
		}
		for _, u := range reviewers {
			found[u.ID] = u
		}
	}
	out := make([]approval, len(requests))
	for i, r := range requests {
		out[i] = approval{r, mine(r), found}
	}
	return out, nil
}
