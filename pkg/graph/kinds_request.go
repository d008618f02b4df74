package graph

import (
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

func (c *call) requestKind() kind[*views.Request] {
	now := c.deps.Clock.Now()
	return kind[*views.Request]{set: emSet + "assignmentRequests", links: requestLinks, load: c.deps.Views.Requests, example: &views.Request{},
		shape: func(r *views.Request) object { return shapeRequest(r, now) }}
}

func requestLinks() map[string]link {
	return map[string]link{
		"accessPackage": {shown: true, links: packageLinks},
		"requestor":     {shown: true, links: noLinks},
		"assignment":    {shown: true, links: assignmentLinks},
	}
}

func shapeRequest(r *views.Request, now time.Time) object {
	asked := r.AssignmentRequest
	return object{
		"id": string(r.ID), "requestType": string(r.Type), "state": string(r.State), "status": r.Status(),
		"schedule": shapeSchedule(r.RequestedSchedule.Start, r.Expiration), "justification": text(r.Justification),
		"answers": []any{}, "customExtensionCalloutInstances": []any{},
		"createdDateTime": instant(r.Created), "completedDateTime": instant(r.Completed),
		"accessPackage": one(r.Package, shapePackage, reference(asked.Package)),
		"requestor":     one(r.Requestor, shapeSubject, subjectReference(r.RequestorShown())),
		"assignment": one(r.Assignment, func(a *views.Assignment) object { return shapeAssignment(a, now) },
			hidden{object{"id": string(asked.Assignment), "accessPackage": object{"id": string(asked.Package)},
				"assignmentPolicy": object{"id": string(asked.Policy)}, "target": subjectReference(asked.Subject).seen, "schedule": shapeSchedule(asked.Start, asked.Expiration)}}),
	}
}

// assignments is the kind of assignments as they stand now.
func (c *call) assignments() kind[*views.Assignment] {
	now := c.deps.Clock.Now()
	return kind[*views.Assignment]{set: emSet + "assignments", links: assignmentLinks, load: c.deps.Views.Assignments, example: &views.Assignment{},
		shape: func(a *views.Assignment) object { return shapeAssignment(a, now) }}
}

func assignmentLinks() map[string]link {
	return map[string]link{
		"accessPackage":    {shown: true, links: packageLinks},
		"target":           {shown: true, links: noLinks},
		"assignmentPolicy": {action: authz.ReadPolicy, links: policyLinks},
	}
}

// shapeAssignment shows an assignment as it stands or, of one that a request asked for, what
// the request says of it.
func shapeAssignment(a *views.Assignment, now time.Time) object {
	o := object{
		"id": string(a.ID), "customExtensionCalloutInstances": []any{},
		"accessPackage":    one(a.Package, shapePackage, reference(a.Assignment.Package)),
		"assignmentPolicy": one(a.Policy, shapePolicy, reference(a.Assignment.Policy)),
		"target":           one(a.Subject, shapeSubject, subjectReference(a.Assignment.Subject)),
	}
	if a.RequestedBy != nil {
		o["schedule"] = shapeSchedule(a.RequestedBy.Start, a.RequestedBy.Expiration)
		return o
	}
	ends := entitlement.Expiration{Type: entitlement.ExpireNever}
	if !a.End.IsZero() {
		ends = entitlement.Expiration{Type: entitlement.ExpireAfterDateTime, End: a.End}
	}
	o["state"], o["status"], o["expiredDateTime"], o["schedule"] = string(a.State), a.Status(now), instant(a.Ended), shapeSchedule(a.Start, ends)
	return o
}
