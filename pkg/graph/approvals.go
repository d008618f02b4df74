package graph

import (
	"context"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/strict"
)

func listMyApprovals(ctx context.Context, c *call) (answer, error) {
	if _, err := c.on("approver"); err != nil {
		return answer{}, err
	}
	return list(ctx, c, approvals(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[approval], error) {
		waiting, err := c.deps.Requests.Waiting(ctx, c.by.Caller, page)
		if err != nil {
			return entitlement.Paged[approval]{}, err
		}
		// Every request in this list waits for the caller; that is what it is.
		all, err := withReviewers(ctx, c, waiting.Items, func(entitlement.AssignmentRequest) bool { return true })
		return entitlement.Paged[approval]{Items: all, Next: waiting.Next}, err
	})
}

// approvalInPath reads the approval of the request in the path, for those who have to do
// with the request.
func approvalInPath(ctx context.Context, c *call) (approval, error) {
	r, err := c.deps.Requests.Request(ctx, c.by.Caller, id[entitlement.RequestID](c, "assignmentRequestId"))
	if err != nil {
		return approval{}, err
	}
	manager := entitlement.UserID("")
	if r.AsksManager() {
		subjects, err := c.deps.Reads.Users(ctx, []entitlement.UserID{r.Subject})
		if err != nil {
			return approval{}, err
		}
		for _, s := range subjects {
			manager = s.Manager
		}
	}
	all, err := withReviewers(ctx, c, []entitlement.AssignmentRequest{r}, func(r entitlement.AssignmentRequest) bool { return r.MayReview(c.by.User(), manager) })
	if err != nil {
		return approval{}, err
	}
	return all[0], nil
}

func getApproval(ctx context.Context, c *call) (answer, error) {
	a, err := approvalInPath(ctx, c)
	if err != nil {
		return answer{}, err
	}
	return entity(ctx, c, approvals(), a)
}

func listStages(ctx context.Context, c *call) (answer, error) {
	a, err := approvalInPath(ctx, c)
	if err != nil {
		return answer{}, err
	}
	return list(ctx, c, approvalStages(), sliced(a.stages(), nil))
}

func getStage(ctx context.Context, c *call) (answer, error) {
	a, err := approvalInPath(ctx, c)
	if err != nil {
		return answer{}, err
	}
	for _, s := range a.stages() {
		if a.request.Stages[s.number].ID == c.path["stageId"] {
			return entity(ctx, c, approvalStages(), s)
		}
	}
	return answer{}, entitlement.Errorf(entitlement.NotFound, "There is no approval stage with this id.")
}

func decide(ctx context.Context, c *call) (answer, error) {
	o, err := c.body()
	if err != nil {
		return answer{}, err
	}
	word := entitlement.Word{Stage: c.path["stageId"]}
	var result string
	sameID(o, word.Stage)
	o.Ignore("status", "reviewedBy", "reviewedDateTime", "assignedToMe", "displayName")
	o.Text("justification", &word.Justification)
	strict.Enum(o, "reviewResult", &result, "Approve", "Deny", "Approved", "Denied")
	if result == "" {
		o.Fail("reviewResult", "must be Approve or Deny.")
	}
	if err := o.Done(); err != nil {
		return answer{}, err
	}
	word.Approved = result == "Approve" || result == "Approved"
	return done(c.deps.Requests.Decide(ctx, c.by, id[entitlement.RequestID](c, "assignmentRequestId"), word))
}
