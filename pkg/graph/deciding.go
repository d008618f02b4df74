package graph

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/strict"
	"leasehold/pkg/requests"
)

const (
	ourApprovalPath = ours + "/accessPackageAssignmentApprovals/{assignmentRequestId}"
	trialPath       = ours + "/trials/{accessPackageId}/{userId}"
)

// decidingOperations are what Graph has no word for of deciding, and of finding out beforehand
// what would be decided.
var decidingOperations = []operation{
	{method: "GET", path: ourApprovalPath, action: authz.ReadApproval, serve: getBackground},
	{method: "PATCH", path: ourApprovalPath + "/stages/{stageId}", action: authz.DecideRequest, callerReadByUseCase: true, serve: decideShorter},
	{method: "GET", path: trialPath, action: authz.ReadAdditionalAccess, serve: tryAs},
}

// decideShorter is decide with one member more: an earlier end than was asked for.
func decideShorter(ctx context.Context, c *call) (response, error) {
	return c.decide(ctx, func(o *strict.Object, in *entitlement.DecisionInput) { o.Time("endDateTime", &in.End) })
}

// background is what whoever decides on a request should know beside it.
type background struct {
	id entitlement.RequestID
	requests.Background
}

func backgroundType() entityType[background] {
	return entityType[background]{set: "leasehold/accessPackageAssignmentApprovals", mapper: mapBackground, navigation: noNavigation,
		example: background{Background: requests.Background{Incompatible: []requests.NamedAccess{{}}, Held: []entitlement.Assignment{{}}, Earlier: []entitlement.AssignmentRequest{{}}}}}
}

func mapBackground(b background) object {
	return object{"id": string(b.id),
		"incompatible": objects(b.Incompatible, func(a requests.NamedAccess) object {
			return object{"accessPackage": text(string(a.Package)), "group": text(string(a.Group)), "displayName": text(a.Name)}
		}),
		"held": objects(b.Held, func(a entitlement.Assignment) object {
			return object{"id": string(a.ID), "accessPackage": string(a.Package), "state": string(a.State), "startDateTime": instant(a.Start), "endDateTime": instant(a.End)}
		}),
		"earlierRequests": objects(b.Earlier, func(r entitlement.AssignmentRequest) object {
			return object{"id": string(r.ID), "requestType": string(r.Type), "state": string(r.State), "createdDateTime": instant(r.Created), "completedDateTime": instant(r.Completed)}
		})}
}

// getBackground shows what those should know who decide: to all others who may read the approval
// it is empty.
func getBackground(ctx context.Context, c *call) (response, error) {
	a, beside, err := c.deps.Requests.Weigh(ctx, c.by.Caller, id[entitlement.RequestID](c, "assignmentRequestId"))
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, backgroundType(), background{a.Request.ID, beside})
}

func trialType() entityType[requests.Trial] {
	return entityType[requests.Trial]{set: "leasehold/trials", mapper: mapTrial, navigation: noNavigation, example: requests.Trial{
		Policies: []requests.TriedPolicy{{Stages: []entitlement.AssignmentRequest{{State: entitlement.RequestPendingApproval, Stages: []entitlement.Stage{{Approvers: []entitlement.SubjectSet{{}}}}}}}}, Hindrances: []entitlement.Hindrance{{}}}}
}

func mapTrial(t requests.Trial) object {
	return object{"id": string(t.Subject.ID), "accessPackage": string(t.Package.ID), "isListed": t.Listed,
		"hindrances": objects(t.Hindrances, func(h entitlement.Hindrance) object {
			return object{"kind": string(h.Kind), "accessPackage": text(string(h.Incompatible.Package)), "group": text(string(h.Incompatible.Group))}
		}),
		"policies": objects(t.Policies, func(p requests.TriedPolicy) object {
			return object{"id": string(p.ID), "displayName": text(p.DisplayName), "isInScope": p.InScope, "applies": p.Applies,
				"stages": objects(p.Stages, func(r entitlement.AssignmentRequest) object {
					return object{"approvers": objects(r.Current().Approvers, func(s entitlement.SubjectSet) object {
						return object{"kind": string(s.Kind), "id": text(s.ID)}
					})}
				})}
		})}
}

// tryAs says what somebody would find who asked for a package now. Nothing is asked for.
func tryAs(ctx context.Context, c *call) (response, error) {
	trial, err := c.deps.Requests.Try(ctx, c.by.Caller, id[entitlement.PackageID](c, "accessPackageId"), id[entitlement.UserID](c, "userId"))
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, trialType(), trial)
}
