package graph

import (
	"context"
	"net/http"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// deliveryOperations are what could not be delivered, what is still to be taken back, and
// trying again. All but the two of Graph's are ours.
var deliveryOperations = []operation{
	{method: "POST", path: requestPath + "/{assignmentRequestId}/reprocess", action: authz.Reprocess, serve: reprocessRequest},
	{method: "POST", path: heldPath + "/{assignmentId}/reprocess", action: authz.Reprocess, serve: reprocessAssignment},
	{method: "POST", path: em + "/accessPackageAssignments/{assignmentId}/reprocess", action: authz.Reprocess, serve: reprocessAssignment},
	{method: "GET", path: ours + "/deliveryErrors", action: authz.ReadDeliveryErrors, serve: listDeliveryErrors},
	{method: "GET", path: ours + "/deliveryErrors/{connectorId}/{reason:text}", action: authz.ReadDeliveryErrors, serve: listFailures},
	{method: "GET", path: ours + "/removals", action: authz.ReadDeliveryErrors, serve: listRemovals},
	{method: "POST", path: ours + "/removals/{assignmentId}/close", action: authz.CloseRemoval, serve: closeRemoval},
	{method: "POST", path: ours + "/reprocess", action: authz.Reprocess, serve: reprocessFailing},
}

// accepted answers that something was taken and is done by itself, or err.
func accepted(err error) (response, error) { return response{status: http.StatusAccepted}, err }

func reprocessRequest(ctx context.Context, c *call) (response, error) {
	return accepted(c.deps.Requests.Reprocess(ctx, c.by, id[entitlement.RequestID](c, "assignmentRequestId")))
}

func reprocessAssignment(ctx context.Context, c *call) (response, error) {
	return accepted(c.deps.Requests.ReprocessAssignment(ctx, c.by, id[entitlement.AssignmentID](c, "assignmentId")))
}

func deliveryErrorType() entityType[requests.DeliveryError] {
	return entityType[requests.DeliveryError]{set: "leasehold/deliveryErrors", navigation: noNavigation, mapper: func(e requests.DeliveryError) object {
		return object{"id": string(e.Connector) + "/" + e.Reason, "connector": string(e.Connector), "reason": e.Reason, "subjects": e.Subjects}
	}}
}

func listDeliveryErrors(ctx context.Context, c *call) (response, error) {
	read := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[requests.DeliveryError], error) {
		return c.deps.Requests.DeliveryErrors(ctx, c.by.Caller, page)
	}
	return list(ctx, c, deliveryErrorType(), read)
}

func failureType() entityType[requests.Failure] {
	return entityType[requests.Failure]{set: "leasehold/failures", navigation: noNavigation, mapper: mapFailure}
}

func listFailures(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, failureType(), func(ctx context.Context, page entitlement.Page) (entitlement.Paged[requests.Failure], error) {
		return c.deps.Requests.Failures(ctx, c.by.Caller, id[entitlement.ConnectorID](c, "connectorId"), c.path["reason"], page)
	})
}

func mapFailure(f requests.Failure) object {
	return object{"id": string(f.Subject), "failingSince": instant(f.Since), "roles": objects(f.Grants, mapRoleStatus)}
}

// mapRoleStatus says of one role at one target what is known, and what becomes of it.
func mapRoleStatus(g entitlement.Grant) object {
	return object{"connector": string(g.Role.Connector), "resource": g.Role.Resource, "role": g.Role.Role, "presence": string(g.Presence), "reason": text(g.Reason),
		"detail": text(g.Detail), "attempts": g.Attempts, "failingSince": instant(g.Since), "nextAttemptDateTime": instant(g.NextCheck()), "permanent": g.Permanent}
}

// maxRolesShown bounds the roles that one removal shows: what many owe at once is one page.
const maxRolesShown = 50

func (c *call) removalType() entityType[requests.PendingRemoval] {
	now := c.deps.Clock.Now()
	return entityType[requests.PendingRemoval]{set: "leasehold/removals", navigation: noNavigation, mapper: func(a requests.PendingRemoval) object {
		return object{"id": string(a.ID), "accessPackage": string(a.Package), "target": string(a.Subject), "endedDateTime": instant(a.Ended),
			"status": a.Status(now), "overdue": now.Sub(a.Ended) > entitlement.OverdueAfter, "owedSeconds": int(now.Sub(a.Ended) / time.Second),
			"roles": objects(a.Roles[:min(len(a.Roles), maxRolesShown)], mapRoleStatus), "rolesLeft": len(a.Roles)}
	}}
}

func listRemovals(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, c.removalType(), asCaller(c, c.deps.Requests.Removals))
}

// closeRemoval ends a removal that cannot be confirmed, for a reason that is kept.
func closeRemoval(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	var why string
	o.Text("justification", &why)
	if err := o.Done(); err != nil {
		return response{}, err
	}
	return accepted(c.deps.Requests.CloseRemoval(ctx, c.by, id[entitlement.AssignmentID](c, "assignmentId"), why))
}

// reprocessFailing has everybody tried again at once whose delivery fails for a reason.
func reprocessFailing(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}

	var at entitlement.ConnectorID
	var reason, token string
	flatOrNested(o, "connectorId", "connector", &at, "id")
	o.Text("reason", &reason)
	o.Text("after", &token)
	if at == "" || reason == "" {
		o.Fail("reason", "and connectorId must be given, as deliveryErrors lists them.")
	}
	if err := o.Done(); err != nil {
		return response{}, err
	}

	// Bounded a call; what is left goes on after the token that is answered.
	n, next, err := c.deps.Requests.ReprocessFailing(ctx, c.by, at, reason, token)
	if err != nil {
		return response{}, err
	}

	return ok(object{"subjects": n, "more": next != "", "after": text(next)})
}
