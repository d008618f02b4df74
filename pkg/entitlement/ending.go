package entitlement

import "time"

// Removal is an ask to end an assignment.
type Removal struct {
	ID            RequestID
	Type          RequestType // UserRemove or AdminRemove
	Requestor     UserID
	Justification string
	Command       string
}

// Remove ends a live assignment at once by request (R99). The removal's own request
// stays delivering until the roles were read back absent.
func Remove(n Removal, slot Slot, now time.Time) (AssignmentRequest, Change, error) {
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
	}
	submitted := Event{Aggregate: OfRequest, ID: string(r.ID), Kind: "submitted", Actor: n.Requestor, Command: n.Command, At: now, After: string(state),
		Data: map[string]string{"type": string(n.Type), "assignment": string(a.ID), "justification": n.Justification}}
	r.Chain, submitted = r.Chain.Append(submitted)
	ended := Event{Aggregate: OfRequest, ID: string(a.ID), Kind: "removed", Actor: n.Requestor, Command: n.Command, At: now,
		Data: map[string]string{"request": string(r.ID)}}
	c, err := end(slot, ended, r.ID, now)
	if err != nil {
		return AssignmentRequest{}, Change{}, err
	}
	c.Requests = append(c.Requests, r)
	c.Events = append(c.Events, submitted)
	return r, c, nil
}

// Expire ends an assignment whose end has passed; before that it changes nothing (S16).
func Expire(slot Slot, command string, now time.Time) (Change, error) {
	a := slot.Assignment
	if a == nil || a.End.IsZero() || now.Before(a.End) {
		return Change{}, nil
	}
	return end(slot, Event{Aggregate: OfRequest, ID: string(a.ID), Kind: "expired", Actor: Service, Command: command, At: now}, "", now)
}

// end moves a live assignment out of its slot: Target becomes absent, the subject owes
// a delivery that takes the roles back.
func end(slot Slot, e Event, removal RequestID, now time.Time) (Change, error) {
	a := *slot.Assignment
	state, err := a.State.Next(AssignmentEnds)
	if err != nil {
		return Change{}, err
	}
	a.Chain, e = a.Chain.Append(withStates(e, string(a.State), string(state)))
	a.State, a.Target, a.Ended, a.Removal = state, TargetAbsent, now, removal
	a.Version = 0
	slot.Assignment = nil
	return Change{
		Slots:  []Slot{slot.Vacate()},
		Ended:  []Assignment{a},
		Events: []Event{e},
		Heads: []HeadChange{{Subject: a.Subject, Leave: Waiting{a.Package, a.ID}, Ended: Removing{a.ID, removal},
			Look: now.Add(hintSlack)}},
	}, nil
}
