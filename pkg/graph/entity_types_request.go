package graph

import (
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

func (c *call) requestKind() entityType[*views.Request] {
	now := c.deps.Clock.Now()
	return entityType[*views.Request]{set: emSet + "assignmentRequests", navigation: requestNavigation, load: c.deps.Views.Requests, example: &views.Request{},
		lookups: "id, accessPackage/id or requestor/objectId",
		mapper:  func(r *views.Request) object { return mapRequest(r, now) }}
}

func requestNavigation() map[string]navigationProperty {
	return map[string]navigationProperty{
		"accessPackage": {shown: true, sample: samplePackage, navigation: packageNavigation},
		"requestor":     {shown: true, sample: sampleSubject, navigation: noNavigation},
		"assignment":    {shown: true, sample: sampleAssignment, navigation: assignmentNavigation},
	}
}

func mapRequest(r *views.Request, now time.Time) object {
	asked := r.AssignmentRequest
	return object{
		"id": string(r.ID), "requestType": string(r.Type), "state": string(r.State), "status": r.Status(),
		"schedule": mapSchedule(r.RequestedSchedule.Start, r.Expiration), "justification": text(r.Justification),
		"answers": mapAnswers(r.Answers), "customExtensionCalloutInstances": []any{},
		"createdDateTime": instant(r.Created), "completedDateTime": instant(r.Completed),
		"accessPackage": one(r.Package, mapPackage, reference(asked.Package)),
		"requestor":     one(r.Requestor, mapSubject, subjectReference(r.RequestorShown())),
		"assignment": one(r.Assignment, func(a *views.Assignment) object { return mapAssignment(a, now) },
			unexpanded{object{"id": string(asked.Assignment), "accessPackage": object{"id": string(asked.Package)},
				"assignmentPolicy": object{"id": string(asked.Policy)}, "target": subjectReference(asked.Subject).seen, "schedule": mapSchedule(asked.Start, asked.Expiration)}}),
	}
}

// assignments is the entity type of assignments as they stand now.
func (c *call) assignments() entityType[*views.Assignment] {
	now := c.deps.Clock.Now()
	return entityType[*views.Assignment]{set: emSet + "assignments", navigation: assignmentNavigation, load: c.deps.Views.Assignments, example: &views.Assignment{},
		lookups: "id, accessPackage/id or target/objectId",
		mapper:  func(a *views.Assignment) object { return mapAssignment(a, now) }}
}

func assignmentNavigation() map[string]navigationProperty {
	return map[string]navigationProperty{
		"accessPackage":    {shown: true, sample: samplePackage, navigation: packageNavigation},
		"target":           {shown: true, sample: sampleSubject, navigation: noNavigation},
		"assignmentPolicy": {action: authz.ReadPolicy, sample: samplePolicy, navigation: policyNavigation},
	}
}

// mapAssignment shows an assignment as it stands or, of one that a request asked for, what
// the request says of it.
func mapAssignment(a *views.Assignment, now time.Time) object {
	o := object{
		"id": string(a.ID), "customExtensionCalloutInstances": []any{},
		"accessPackage":    one(a.Package, mapPackage, reference(a.Assignment.Package)),
		"assignmentPolicy": one(a.Policy, mapPolicy, reference(a.Assignment.Policy)),
		"target":           one(a.Subject, mapSubject, subjectReference(a.Assignment.Subject)),
	}

	if a.RequestedBy != nil {
		o["schedule"] = mapSchedule(a.RequestedBy.Start, a.RequestedBy.Expiration)
		return o
	}

	ends := entitlement.Expiration{Type: entitlement.ExpireNever}
	if !a.End.IsZero() {
		ends = entitlement.Expiration{Type: entitlement.ExpireAfterDateTime, End: a.End}
	}

	o["state"], o["status"], o["expiredDateTime"], o["schedule"] = string(a.State), a.Status(now), instant(a.Ended), mapSchedule(a.Start, ends)

	return o
}
