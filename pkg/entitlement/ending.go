package entitlement

import "time"

// Removal is an ask to end an assignment.
type Removal struct {
	ID            RequestID
	Type          RequestType // UserRemove or AdminRemove
	Requestor     UserID
	Justification string
	Command       string
	AllowedBy     string // see Actor
	Fingerprint   string // see AssignmentRequest
}

// Remove ends a live assignment at once by request (R99). The removal's own request
// stays delivering until the roles were read back absent.
//
// with are the requests that end with it, see Slot.EndsWith.
func Remove(n Removal, slot AssignmentSlot, with []AssignmentRequest, now time.Time) (AssignmentRequest, Change, error) {
	a := slot.Assignment
	if a == nil {
		return AssignmentRequest{}, Change{}, Errorf(Conflict, "The assignment has ended already.")
	}

	state, err := RequestSubmitted.Next(Ready)
	if err != nil {
		return AssignmentRequest{}, Change{}, err
	}
	r := AssignmentRequest{
		ID: n.ID, Type: n.Type, State: state, Package: a.Package, Catalog: a.Catalog, Policy: a.Policy, Assignment: a.ID,
		Requestor: n.Requestor, Subject: a.Subject, Justification: n.Justification, Created: now,
		Fingerprint: n.Fingerprint,
	}

	// Two chains: the removal's own begins, and that of the assignment goes on with its end.
	submitted := Event{Aggregate: OfRequest, ID: string(r.ID), Kind: "submitted", Actor: n.Requestor, Command: n.Command, AllowedBy: n.AllowedBy, At: now, After: string(state),
		Data: map[string]string{"type": string(n.Type), "assignment": string(a.ID), "justification": n.Justification}}
	r.Chain, submitted = r.Chain.Append(submitted)

	ended := Event{Aggregate: OfRequest, ID: string(a.ID), Kind: "removed", Actor: n.Requestor, Command: n.Command, AllowedBy: n.AllowedBy, At: now,
		Data: map[string]string{"request": string(r.ID)}}

	c, err := end(slot, with, ended, r.ID, now)
	if err != nil {
		return AssignmentRequest{}, Change{}, err
	}

	c.Requests = append(c.Requests, r)
	c.Events = append(c.Events, submitted)
	return r, c, nil
}

// Expire ends an assignment whose end has passed; before that it changes nothing (S16).
// with are the requests that end with it, see Slot.EndsWith.
func Expire(slot AssignmentSlot, with []AssignmentRequest, command string, now time.Time) (Change, error) {
	a := slot.Assignment
	if !slot.Over(now) {
		return Change{}, nil
	}
	return end(slot, with, Event{Aggregate: OfRequest, ID: string(a.ID), Kind: "expired", Actor: Service, Command: command, At: now}, "", now)
}

// EndForLeaver ends a live assignment because its subject may not hold anything any more.
// with are the requests that end with it, see Slot.EndsWith.
func EndForLeaver(slot AssignmentSlot, with []AssignmentRequest, reason, command string, now time.Time) (Change, error) {
	if slot.Assignment == nil {
		return Change{}, nil
	}
	return end(slot, with, Event{Aggregate: OfRequest, ID: string(slot.Assignment.ID), Kind: "removed", Actor: Service, Command: command, At: now,
		Data: map[string]string{"reason": reason}}, "", now)
}

// end moves a live assignment out of its slot: Target becomes absent, the subject is
// pending for a delivery that takes the roles back.
func end(slot AssignmentSlot, with []AssignmentRequest, e Event, removal RequestID, now time.Time) (Change, error) {
	a := *slot.Assignment
	state, err := a.State.Next(AssignmentEnds)
	if err != nil {
		return Change{}, err
	}

	a.Chain, e = a.Chain.Append(withStates(e, string(a.State), string(state)))
	a.State, a.Target, a.Ended, a.Removal, a.Reason = state, TargetAbsent, now, removal, e.Data["reason"]

	// An item of its own from now on, and so its first version.
	a.Version = 0

	slot.Assignment = nil
	c := Change{
		Ended:  []Assignment{a},
		Events: []Event{e},
		SubjectUpdates: []SubjectUpdate{{Subject: a.Subject, Remove: Waiting{a.Package, a.ID}, Ended: Removing{a.ID, a.Package, removal},
			CheckAfter: now.Add(enqueueSlack)}},
	}

	for _, r := range with {
		switch {
		case r.ID == RequestID(a.ID) && r.State == RequestDelivering:
			// Nobody will deliver it any more; the event of the end is the event of this, too.
			if r.State, err = r.State.Next(RolesFailed); err != nil {
				return Change{}, err
			}
			r.Outcome, r.Completed = OutcomeEnded, now
			c.Requests = append(c.Requests, r)
		case r.ID == slot.Open:
			_, denied, err := finish(r, StageDenied, OutcomeEnded, AssignmentSlot{}, Event{Aggregate: OfRequest, ID: string(r.ID), Kind: "denied", Actor: Service,
				Command: e.Command, At: now, Data: map[string]string{"reason": "The assignment ended."}}, now)
			if err != nil {
				return Change{}, err
			}
			c.Requests, c.Events = append(c.Requests, denied.Requests...), append(c.Events, denied.Events...)
			slot.Open, slot.OpenPolicy = "", ""
		}
	}

	c.Slots = []AssignmentSlot{slot.remembering(now).Vacate()}
	return c, nil
}
