package entitlement

import (
	"slices"
	"time"
)

// Reprocess has a request that was not delivered whole delivered again (R119). There is
// no deadline for it, and it makes the next attempt due now.
func Reprocess(r AssignmentRequest, slot AssignmentSlot, by Actor, now time.Time) (Change, error) {
	next, err := r.State.Next(RequestReprocess)
	if err != nil {
		return Change{}, Errorf(Conflict, "Only a request in state partiallyDelivered or deliveryFailed can be reprocessed; this one is %s.", r.State)
	}

	if slot.Assignment == nil || slot.Assignment.ID != r.Assignment {
		return Change{}, Errorf(Conflict, "The assignment has ended; ask for the package again.")
	}

	a := *slot.Assignment
	state, err := a.State.Next(Reprocessed)
	if err != nil {
		return Change{}, err
	}

	r.State, r.Completed = next, time.Time{}
	c, err := redeliver(&a, slot, state, by, now)
	c.Requests = []AssignmentRequest{r}
	return c, err
}

// ReprocessAssignment has a live assignment's roles read and, where somebody took them
// away at the target, given again; its state stays until that is known (R122).
func ReprocessAssignment(slot AssignmentSlot, by Actor, now time.Time) (Change, error) {
	if slot.Assignment == nil {
		return Change{}, Errorf(Conflict, "The assignment has ended; ask for the package again.")
	}
	a := *slot.Assignment
	return redeliver(&a, slot, a.State, by, now)
}

func redeliver(a *Assignment, slot AssignmentSlot, state AssignmentState, by Actor, now time.Time) (Change, error) {
	e := Event{Aggregate: OfRequest, ID: string(a.ID), Kind: "reprocessed", Actor: by.ID, Command: by.Command, AllowedBy: by.AllowedBy, At: now}
	a.Chain, e = a.Chain.Append(withStates(e, string(a.State), string(state)))
	a.State, a.Since = state, now
	slot.Assignment = a
	return Change{Slots: []AssignmentSlot{slot}, Events: []Event{e},
		SubjectUpdates: []SubjectUpdate{{Subject: a.Subject, Redeliver: Waiting{a.Package, a.ID}, CheckAfter: now.Add(enqueueSlack)}}}, nil
}

// Lost has a live assignment delivered again of which a role that counted as delivered was
// not there any more when it was looked at once more.
func Lost(slot AssignmentSlot, command string, now time.Time) (Change, error) {
	a := *slot.Assignment
	state, err := a.State.Next(RoleLost)
	if err != nil {
		return Change{}, err
	}
	e := Event{Aggregate: OfRequest, ID: string(a.ID), Kind: "roleLost", Actor: Service, Command: command, At: now}
	a.Chain, e = a.Chain.Append(withStates(e, string(a.State), string(state)))
	a.State, a.Since = state, now
	slot.Assignment = &a
	return Change{Slots: []AssignmentSlot{slot}, Events: []Event{e},
		SubjectUpdates: []SubjectUpdate{{Subject: a.Subject, Redeliver: Waiting{a.Package, a.ID}, CheckAfter: now.Add(enqueueSlack)}}}, nil
}

// Reassign has a pending request that asks a manager found by the new one, or by none; second is
// that one's own manager. A Change without parts means that it asks none, or is found by
// those already.
func Reassign(r AssignmentRequest, manager, second UserID, actor UserID, command string, now time.Time) Change {
	if !r.AsksSecond() {
		second = ""
	}
	if !r.AsksManager() || r.Current().Manager == manager && r.Current().Second == second {
		return Change{}
	}
	e := Event{Aggregate: OfRequest, ID: string(r.ID), Kind: "reassigned", Actor: actor, Command: command, At: now, Data: map[string]string{"manager": string(manager)}}
	r.Stages = slices.Clone(r.Stages)
	r.Stages[r.Stage].Manager, r.Stages[r.Stage].Second = manager, second
	if second != "" {
		e.Data["managersManager"] = string(second)
	}
	r.Chain, e = r.Chain.Append(withStates(e, string(r.State), string(r.State)))
	return Change{Requests: []AssignmentRequest{r}, Events: []Event{e}}
}
