package graph

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/strict"
	"leasehold/pkg/requests"
)

const adoptPath = driftFindingsPath + "/{driftFindingId}/adopt"

// adoptOperations make what a comparison found an assignment, so they are served beside requests.
var adoptOperations = []operation{
	{method: "POST", path: adoptPath, action: authz.AssignDirectly, serve: adoptExtra},
}

func adoptExtra(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	in := requests.Adoption{Finding: entitlement.DriftFindingRef{Connector: id[entitlement.ConnectorID](c, "connectorId"), Scan: id[entitlement.DriftScanID](c, "driftScanId"), Finding: id[entitlement.DriftFindingID](c, "driftFindingId")}}
	strict.ID(o, "accessPackageId", &in.Package)
	strict.ID(o, "assignmentPolicyId", &in.Policy)
	strict.ID(o, "targetId", &in.Subject)
	if in.Package == "" {
		o.Fail("accessPackageId", "must name an access package that gives the role.")
	}
	if in.Policy == "" {
		o.Fail("assignmentPolicyId", "must name a policy of the access package.")
	}
	if err := o.Done(); err != nil {
		return response{}, err
	}

	made, err := c.deps.Requests.Adopt(ctx, c.by, in)
	if err != nil {
		return response{}, err
	}
	return createdRequest(ctx, c, made)
}
