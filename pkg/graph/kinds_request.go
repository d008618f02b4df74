package graph

import (
	"context"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

func requestKind() kind[entitlement.AssignmentRequest] {
	return kind[entitlement.AssignmentRequest]{set: emSet + "assignmentRequests", shape: shapeRequest, links: requestLinks}
}

func requestLinks() map[string]link {
	return map[string]link{
		"accessPackage": shown(one("accessPackage", packageKind, packagesEver)),
		"requestor":     shown(one("requestor", subjects, Reads.Users)),
		"assignment":    {shown: true, links: assignmentLinks, load: loadAssignments},
	}
}

func shapeRequest(r entitlement.AssignmentRequest) object {
	return object{
		"id": string(r.ID), "requestType": string(r.Type), "state": string(r.State), "status": r.Status(),
		"schedule": shapeSchedule(r.Asked.Start, r.Expiration), "justification": text(r.Justification),
		"answers": []any{}, "customExtensionCalloutInstances": []any{},
		"createdDateTime": instant(r.Created), "completedDateTime": instant(r.Completed),
		"accessPackage": reference(r.Package), "requestor": subjectReference(shownRequestor(r)),
		"assignment": hidden{object{"id": string(r.Assignment), "accessPackage": object{"id": string(r.Package)},
			"assignmentPolicy": object{"id": string(r.Policy)}, "target": subjectReference(r.Subject).seen, "schedule": shapeSchedule(r.Start, r.Expiration)}},
	}
}

// shownRequestor is what Graph calls the requestor: whoever asked for themselves, or was
// assigned directly. Who assigned is said under leasehold, and in the events.
func shownRequestor(r entitlement.AssignmentRequest) entitlement.UserID {
	if r.Type.Direct() {
		return r.Subject
	}
	return r.Requestor
}

// shapeAsked is the assignment that a request is about, as the request says it: for whom,
// what, under which policy and until when. How it stands it does not say.
func shapeAsked(o object) object {
	asked := o["assignment"].(hidden).seen.(object)
	return object{"id": asked["id"], "schedule": asked["schedule"], "customExtensionCalloutInstances": []any{},
		"accessPackage": hidden{asked["accessPackage"]}, "assignmentPolicy": hidden{asked["assignmentPolicy"]}, "target": hidden{asked["target"]}}
}

func assignmentKind(now time.Time) kind[entitlement.Assignment] {
	return kind[entitlement.Assignment]{set: emSet + "assignments", links: assignmentLinks,
		shape: func(a entitlement.Assignment) object { return shapeAssignment(a, now) }}
}

func assignmentLinks() map[string]link {
	return map[string]link{
		"accessPackage":    shown(one("accessPackage", packageKind, packagesEver)),
		"target":           shown(one("target", subjects, Reads.Users)),
		"assignmentPolicy": one("assignmentPolicy", policyKind, Reads.Policies),
	}
}

func shapeAssignment(a entitlement.Assignment, now time.Time) object {
	ends := entitlement.Expiration{Type: entitlement.ExpireNever}
	if !a.End.IsZero() {
		ends = entitlement.Expiration{Type: entitlement.ExpireAfterDateTime, End: a.End}
	}
	return object{
		"id": string(a.ID), "state": string(a.State), "status": a.Status(now), "schedule": shapeSchedule(a.Start, ends),
		"expiredDateTime": instant(a.Ended), "customExtensionCalloutInstances": []any{},
		"accessPackage": reference(a.Package), "assignmentPolicy": reference(a.Policy), "target": subjectReference(a.Subject),
	}
}

// loadAssignments reads the assignments of all requests of a page: the live ones from
// their slots, and those that have ended, at once for each sort. How an assignment stands is
// shown to its subject and to administrators, as where it is read by its id. Of one that has
// not begun, and to all others who may read the request, it is shown as it was asked for.
func loadAssignments(ctx context.Context, c *call, of []object) ([][]object, error) {
	var pairs []entitlement.DueRef
	for _, o := range of {
		pairs = append(pairs, entitlement.DueRef{Package: assignmentPart[entitlement.PackageID](o, "accessPackage"), Subject: assignmentPart[entitlement.UserID](o, "target")})
	}
	slots, err := c.deps.Reads.Read(ctx, distinct(pairs))
	if err != nil {
		return nil, err
	}
	known := map[entitlement.AssignmentID]entitlement.Assignment{}
	for _, slot := range slots.Slots {
		if slot.Assignment != nil {
			known[slot.Assignment.ID] = *slot.Assignment
		}
	}
	past := entitlement.Head{Subject: c.by.ID}
	for _, o := range of {
		id := referenceOf[entitlement.AssignmentID](o, "assignment")
		if _, live := known[id]; !live && id != "" {
			past.Removing = append(past.Removing, entitlement.Removing{Assignment: id})
		}
	}
	var work entitlement.Work
	if past.Removing = distinct(past.Removing); len(past.Removing) > 0 {
		if work, err = c.deps.Reads.Work(ctx, past); err != nil {
			return nil, err
		}
	}
	out := make([][]object, len(of))
	for i, o := range of {
		id := referenceOf[entitlement.AssignmentID](o, "assignment")
		a, ok := known[id]
		if !ok {
			a, ok = work.Ended[id]
		}
		if ok && authz.Allow(c.by.Caller, authz.ReadAssignment, authz.Object{Assignment: &a}).Allowed {
			out[i] = []object{shapeAssignment(a, c.deps.Clock.Now())}
		} else if id != "" {
			out[i] = []object{shapeAsked(o)}
		}
	}
	return out, nil
}

// assignmentPart returns the id of what a request's assignment is about.
func assignmentPart[ID ~string](o object, name string) ID {
	assignment := o["assignment"].(hidden).seen.(object)
	return ID(assignment[name].(object)["id"].(string))
}
