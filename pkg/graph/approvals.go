package graph

import (
	"context"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/strict"
)

func listMyApprovals(ctx context.Context, c *call) (response, error) {
	if _, err := c.on("approver"); err != nil {
		return response{}, err
	}
	return list(ctx, c, approvals(), asCaller(c, c.deps.Requests.Approvals))
}

// approvalInPath reads the approval of the request in the path, for those who have to do
// with the request.
func approvalInPath(ctx context.Context, c *call) (approval, error) {
	return c.deps.Requests.Approval(ctx, c.by.Caller, id[entitlement.RequestID](c, "assignmentRequestId"))
}

func getApproval(ctx context.Context, c *call) (response, error) {
	a, err := approvalInPath(ctx, c)
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, approvals(), a)
}

func listStages(ctx context.Context, c *call) (response, error) {
	a, err := approvalInPath(ctx, c)
	if err != nil {
		return response{}, err
	}
	return list(ctx, c, approvalStages(), sliced(stagesOf(a), nil))
}

func getStage(ctx context.Context, c *call) (response, error) {
	a, err := approvalInPath(ctx, c)
	if err != nil {
		return response{}, err
	}
	for _, s := range stagesOf(a) {
		if a.Request.Stages[s.number].ID == c.path["stageId"] {
			return entity(ctx, c, approvalStages(), s)
		}
	}
	return response{}, entitlement.Errorf(entitlement.NotFound, "There is no approval stage with this id.")
}

func decide(ctx context.Context, c *call) (response, error) {
	return c.decide(ctx, func(*strict.Object, *entitlement.DecisionInput) {})
}

// decide takes a decision, with what else the operation lets it say.
func (c *call) decide(ctx context.Context, more func(*strict.Object, *entitlement.DecisionInput)) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}

	decision := entitlement.DecisionInput{Stage: c.path["stageId"]}
	var result string
	sameID(o, decision.Stage)
	o.Ignore("status", "reviewedBy", "reviewedDateTime", "assignedToMe", "displayName")
	o.Text("justification", &decision.Justification)
	strict.Enum(o, "reviewResult", &result, "Approve", "Deny", "Approved", "Denied")
	if result == "" {
		o.Fail("reviewResult", "must be Approve or Deny.")
	}
	more(o, &decision)

	if err := o.Done(); err != nil {
		return response{}, err
	}

	// Clients may send back what they have read, which is the second form.
	decision.Approved = result == "Approve" || result == "Approved"
	return done(c.deps.Requests.Decide(ctx, c.by, id[entitlement.RequestID](c, "assignmentRequestId"), decision))
}
