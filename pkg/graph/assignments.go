package graph

import (
	"context"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

func listAssignments(ctx context.Context, c *call) (response, error) {
	read, err := assignmentsFor(ctx, c)
	if err != nil {
		return response{}, err
	}
	return list(ctx, c, c.assignments(), viewed(read, views.OfAssignments))
}

// assignmentsFor chooses the narrowest list that holds all that the filter can match.
func assignmentsFor(ctx context.Context, c *call) (lister[entitlement.Assignment], error) {
	named, ok, err := odata.EqualID[entitlement.AssignmentID](c.options.Filter, "id")
	if err != nil {
		return nil, err
	}
	if ok {
		a, err := c.deps.Requests.Assignment(ctx, c.by.Caller, named)
		return only(a, err), nil
	}

	for _, path := range []string{"target/objectId", "target/id"} {
		subject, ok, err := odata.EqualID[entitlement.UserID](c.options.Filter, path)
		if err != nil {
			return nil, err
		}
		if ok {
			return func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
				return c.deps.Requests.AssignmentsOf(ctx, c.by.Caller, subject, page)
			}, nil
		}
	}

	pkg, ok, err := packageFiltered(ctx, c)
	switch {
	case err != nil:
		return nil, err
	case ok && pkg == "":
		return sliced[entitlement.Assignment](nil, nil), nil
	case ok:
		return func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
			return c.deps.Requests.AssignmentsFor(ctx, c.by.Caller, pkg, page)
		}, nil
	}

	return asCaller(c, c.deps.Requests.Assignments), nil
}

// packageFiltered returns the package that a filter names itself or through one of its
// policies; "" where there is no such policy.
func packageFiltered(ctx context.Context, c *call) (entitlement.PackageID, bool, error) {
	pkg, ok, err := odata.EqualID[entitlement.PackageID](c.options.Filter, "accessPackage/id")
	if ok || err != nil {
		return pkg, ok, err
	}
	policy, ok, err := odata.EqualID[entitlement.PolicyID](c.options.Filter, "assignmentPolicy/id")
	if !ok || err != nil {
		return "", false, err
	}
	pkg, err = c.deps.Requests.PackageUnder(ctx, c.by.Caller, policy)
	return pkg, true, err
}

func getAssignment(ctx context.Context, c *call) (response, error) {
	a, err := c.deps.Requests.Assignment(ctx, c.by.Caller, id[entitlement.AssignmentID](c, "assignmentId"))
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, c.assignments(), viewOf(a, views.OfAssignments))
}

func listGrants(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, grants(), sliced(c.deps.Requests.Grants(ctx, c.by.Caller, id[entitlement.AssignmentID](c, "assignmentId"))))
}

func grants() entityType[requests.GrantView] {
	return entityType[requests.GrantView]{set: "leasehold/grants", mapper: mapGrant, navigation: noNavigation}
}

// mapGrant shows what is recorded of one role of an assignment. It is ours: Graph does
// not say how a delivery stands.
func mapGrant(g requests.GrantView) object {
	return object{
		"id":        g.Scope.ID,
		"role":      object{"id": g.Scope.Role.ID, "originId": odata.Exact(g.Scope.Role.OriginID), "displayName": text(g.Scope.Role.DisplayName)},
		"resource":  object{"id": string(g.Scope.Resource), "originId": odata.Exact(g.Scope.Ref.Resource), "originSystem": text(g.Scope.Origin)},
		"connector": string(g.Scope.Ref.Connector), "presence": string(g.Grant.Presence), "preExisting": g.Grant.PreExisting,
		"reason": text(g.Grant.Reason), "detail": text(g.Grant.Detail), "attempts": g.Grant.Attempts, "failingSince": instant(g.Grant.Since),
		"nextAttemptDateTime": instant(g.Grant.Next), "confirmedDateTime": instant(g.Grant.Confirmed), "owed": g.Pending, "permanent": g.Grant.Permanent,
	}
}
