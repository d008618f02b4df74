package delivery

import (
	"maps"
	"slices"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// GiveUpAfter is how long failures that may pass leave an assignment in delivering
// before it shows as partially delivered or failed; delivery goes on all the same.
const GiveUpAfter = 15 * time.Minute

// maxReconciled bounds the assignments that one transaction settles (S21).
const maxReconciled = 20

// checkSlack is how long the sweep leaves a look to its message.
const checkSlack = 30 * time.Second

// heldRetry is when to look again at what another worker holds.
const heldRetry = 10 * time.Second

// State is what is known of a subject when it is settled.
type State struct {
	SubjectRecord entitlement.SubjectRecord
	Inputs        entitlement.ReconcileInputs
	Want          map[entitlement.RoleRef]bool
	// Expiring are roles that were left alone, and Planned is when that was decided: whose end
	// had passed then is not settled, whatever a clock says later.
	Expiring  map[entitlement.RoleRef]bool
	Planned   time.Time
	GrantSets []entitlement.GrantSet
	// Uses are those of accounts of ours, where they decide what is done with one.
	Uses map[entitlement.ConnectorID]entitlement.AccountUse
	// Undone are targets of which it is not known yet what becomes true there.
	Undone map[entitlement.ConnectorID]bool
	// Kept are grant sets that are not recorded with the settlement.
	Kept map[entitlement.ConnectorID]bool
	// Blind: of some target it cannot be read what is on record, so that of nothing that ended
	// it can be said that none of it is left.
	Blind bool
	// Leaving: the subject may not hold or ask for anything, and still does.
	Leaving bool
}

// known returns the recorded grant of every role.
func (s State) known() map[entitlement.RoleRef]entitlement.Grant {
	known := map[entitlement.RoleRef]entitlement.Grant{}
	for _, grantSet := range s.GrantSets {
		maps.Copy(known, grantSet.Grants)
	}
	return known
}

// evaluate tells what the recorded grants mean for one waiting assignment; "" means that it
// is still being delivered. unconfirmed: some role counts without having been seen.
func evaluate(a entitlement.Assignment, list []entitlement.ResourceRoleScope, known map[entitlement.RoleRef]entitlement.Grant, now time.Time) (e entitlement.AssignmentEvent, unconfirmed bool) {
	present, hopeful, paused := 0, 0, false
	since := time.Time{} // when the trouble began

	for _, s := range list {
		switch g := known[s.Ref]; {
		case there(g) && !g.Revoked && !g.Failing(): // one that we took away may still be shown
			present++
			unconfirmed = unconfirmed || g.Presence != entitlement.PresencePresent
		case !g.Permanent && !(g.Failing() && g.Reason == string(connector.CannotConfirm)):
			hopeful++
			// What waits for a paused target has not failed, however long that is, nor has what the
			// target is making.
			paused = paused || g.Failing() && g.Reason == entitlement.ReasonPaused || g.Pending != ""
			if g.Failing() && (since.IsZero() || g.Since.Before(since)) {
				since = g.Since
			}
		}
	}

	if since.IsZero() || since.Before(a.Since) {
		since = a.Since
	}

	switch {
	case present == len(list):
		return entitlement.AllPresent, unconfirmed
	case paused || hopeful > 0 && now.Sub(since) < GiveUpAfter:
		return "", false
	case present > 0:
		return entitlement.SomePresent, false
	default:
		return entitlement.NonePresent, false
	}
}

var requestEvents = map[entitlement.AssignmentEvent]entitlement.RequestEvent{
	entitlement.AllPresent:  entitlement.RolesDelivered,
	entitlement.SomePresent: entitlement.RolesPartial,
	entitlement.NonePresent: entitlement.RolesFailed,
}

// Settle derives from the grant sets, as they are after an attempt, what becomes true of
// the subject's assignments and requests, and whether anything is still owed.
func Settle(s State, command string, now time.Time) (entitlement.Change, error) {
	known := s.known()
	st := s.pending(known, now)

	var c entitlement.Change
	room := maxReconciled
	leavePending := func(next time.Time) {
		st.Reconciled = false
		st.Next = earlier(st.Next, next)
	}

	for _, waiting := range s.SubjectRecord.Waiting {
		if room == 0 {
			leavePending(now)
			break
		}

		if slot := s.Inputs.Slots[waiting.Package]; slot.Over(now) || slot.Over(s.Planned) {
			// The sweep is about to end it. Until then somebody may extend it, and then it
			// is to be delivered after all: the subject stays pending.
			leavePending(now.Add(names.SweepPeriod))
			continue
		}

		part, done, err := s.settleWaiting(waiting, known, command, now)
		if err != nil {
			return entitlement.Change{}, err
		}

		if len(part.Slots) > 0 {
			room--
		}
		if done {
			st.Delivered = append(st.Delivered, waiting)
		}

		c.Slots, c.Requests, c.Events = append(c.Slots, part.Slots...), append(c.Requests, part.Requests...), append(c.Events, part.Events...)
	}

	for _, removing := range s.SubjectRecord.Removing {
		if s.Blind {
			break // the subject stays pending, for the target that is not done
		}
		if room == 0 {
			leavePending(now)
			break
		}

		part, done, err := s.settleRemoving(removing, known, command, now)
		if err != nil {
			return entitlement.Change{}, err
		}

		if !done {
			continue
		}

		room--
		st.Removed = append(st.Removed, removing)
		c.Ended, c.Requests, c.Events = append(c.Ended, part.Ended...), append(c.Requests, part.Requests...), append(c.Events, part.Events...)
	}

	if s.Leaving {
		leavePending(now.Add(names.SweepPeriod)) // sooner, where it can be, by a message
	}

	for role, g := range known {
		// The record of a removal that ended unseen is of no use any more, and the grant set
		// that it is on is not recorded now.
		if closed(g) && !s.Want[role] && s.Kept[role.Connector] {
			leavePending(now)
		}
	}

	c.Settlements = []entitlement.Settlement{st}
	return c, nil
}

// pending returns the settlement as far as the roles go: whether any of them is owed, and when
// the next is due.
func (s State) pending(known map[entitlement.RoleRef]entitlement.Grant, now time.Time) entitlement.Settlement {
	st := entitlement.Settlement{Subject: s.SubjectRecord.Subject, Generation: s.SubjectRecord.Generation, Reconciled: len(s.Undone) == 0, Next: now.Add(lastRetry)}

	if !st.Reconciled {
		st.Next = now.Add(heldRetry + checkSlack)
	}

	for role := range s.Want {
		g := known[role]
		if g.Permanent || there(g) && !g.Failing() && g.CheckAfter.IsZero() {
			continue
		}
		st.Reconciled, st.Next = false, earlier(st.Next, due(g, now))
	}

	for role, g := range known {
		// What is expiring is looked at when the sweep has been there.
		if !s.Want[role] && !closed(g) && !s.Expiring[role] {
			st.Reconciled, st.Next = false, earlier(st.Next, due(g, now))
		}
	}

	// An account of ours that no role needs any more is owed, as a role is.
	for _, grantSet := range s.GrantSets {
		if accountStep(grantSet, s.Want, s.Expiring, s.Uses[grantSet.Connector]) != entitlement.AccountRests {
			st.Reconciled, st.Next = false, earlier(st.Next, later(grantSet.Account.Next.Add(checkSlack), now))
		}
	}

	return st
}

// due returns when the sweep must have somebody look at a grant.
func due(g entitlement.Grant, now time.Time) time.Time {
	if !g.CheckAfter.IsZero() {
		return later(g.CheckAfter.Add(checkSlack), now)
	}
	return later(g.Next, now)
}

// soonest returns when the first of the grants of the sets is to be looked at again; zero
// where none is. What is expiring is looked at when the sweep has been there.
func soonest(grantSets []entitlement.GrantSet, expiring roles) time.Time {
	var at time.Time
	for _, s := range grantSets {
		for role, g := range s.Grants {
			if !g.CheckAfter.IsZero() && !expiring[role] && (at.IsZero() || g.CheckAfter.Before(at)) {
				at = g.CheckAfter
			}
		}
	}
	return at
}

// undone reports that a role's target is not done, so that nothing follows from its record.
func (s State) undone(role entitlement.RoleRef) bool { return s.Undone[role.Connector] }

// settleWaiting moves one waiting assignment, and the request that made it, to what the
// grants show. done means that its delivery is complete.
func (s State) settleWaiting(id entitlement.Waiting, known map[entitlement.RoleRef]entitlement.Grant, command string, now time.Time) (c entitlement.Change, done bool, err error) {
	slot, ok := s.Inputs.Slots[id.Package]
	if !ok || slot.Assignment == nil || slot.Assignment.ID != id.Assignment {
		return c, true, nil // it has ended
	}

	a := *slot.Assignment
	scopes := s.Inputs.Scopes[id.Package]
	if slices.ContainsFunc(scopes.List, func(x entitlement.ResourceRoleScope) bool { return s.undone(x.Ref) }) {
		return c, false, nil
	}

	event, unconfirmed := evaluate(a, scopes.List, known, now)
	if event == "" {
		return c, false, nil
	}

	next, err := a.State.Next(event)
	if err != nil {
		return c, false, err
	}

	done = event == entitlement.AllPresent
	if next == a.State && !done {
		return c, false, nil
	}

	e := entitlement.Event{Aggregate: entitlement.OfRequest, ID: string(a.ID), Kind: string(next), Actor: entitlement.Service, Command: command,
		At: now, Before: string(a.State), After: string(next)}
	if unconfirmed {
		e.Data = map[string]string{"confirmed": "false"}
	}

	a.Chain, e = a.Chain.Append(e)
	a.State, a.Unconfirmed = next, unconfirmed
	if done {
		a.Delivered, a.ObservedPackageGeneration = now, scopes.Version
	}

	slot.Assignment = &a
	c.Slots, c.Events = []entitlement.AssignmentSlot{slot}, []entitlement.Event{e}

	if r, ok := s.Inputs.Requests[entitlement.RequestID(a.ID)]; ok {
		if state, err := r.State.Next(requestEvents[event]); err == nil {
			r.State = state
			r.Completed = now
			c.Requests = []entitlement.AssignmentRequest{r}
		}
	}

	return c, done, nil
}

// leftOf returns whether any role that the assignment's package gives is left, those aside
// that another live assignment gives (R4). reason is why some ended without being seen.
func (s State) leftOf(a entitlement.Assignment, known map[entitlement.RoleRef]entitlement.Grant) (reason string, left, unconfirmed bool) {
	for role, g := range known {
		switch {
		case s.Want[role] || !a.MayHaveGiven(role, s.Inputs.Scopes[a.Package]):
		case !closed(g):
			return "", true, false
		default:
			unconfirmed = unconfirmed || g.Unconfirmed
			reason = max(reason, g.Reason)
		}
	}
	return reason, false, unconfirmed
}

// settleRemoving closes one removal once no role of it is left.
func (s State) settleRemoving(id entitlement.Removing, known map[entitlement.RoleRef]entitlement.Grant, command string, now time.Time) (c entitlement.Change, done bool, err error) {
	a, ok := s.Inputs.Ended[id.Assignment]
	if !ok {
		return c, false, entitlement.Errorf(entitlement.Internal, "The ended assignment %s is missing.", id.Assignment)
	}

	if !a.Removed.IsZero() {
		return c, true, nil // another worker settled it after the record was read
	}

	reason, left, unconfirmed := s.leftOf(a, known)
	if left {
		return c, false, nil
	}

	e := entitlement.Event{Aggregate: entitlement.OfRequest, ID: string(a.ID), Kind: "revoked", Actor: entitlement.Service, Command: command, At: now}
	e.Data = map[string]string{}
	if !a.Ended.IsZero() {
		e.Data[entitlement.DataEnded] = a.Ended.UTC().Format(time.RFC3339Nano) // so that the event alone says how long it took
	}
	if reason != "" {
		e.Data["reason"] = reason
	}
	if unconfirmed {
		e.Data["confirmed"] = "false"
	}

	a.Chain, e = a.Chain.Append(e)
	a.Removed, a.Unconfirmed = now, unconfirmed
	c.Ended, c.Events = []entitlement.Assignment{a}, []entitlement.Event{e}

	r, ok := s.Inputs.Requests[id.Request]
	if !ok {
		return c, true, nil
	}

	state, err := r.State.Next(entitlement.RolesDelivered)
	if err != nil {
		return c, false, err
	}

	e = entitlement.Event{Aggregate: entitlement.OfRequest, ID: string(r.ID), Kind: string(state), Actor: entitlement.Service, Command: command,
		At: now, Before: string(r.State), After: string(state)}
	r.Chain, e = r.Chain.Append(e)
	r.State, r.Completed = state, now
	c.Requests, c.Events = []entitlement.AssignmentRequest{r}, append(c.Events, e)

	return c, true, nil
}

// tidy returns a grant set without the records of removals that ended unseen,
// where no assignment that is still being removed may say so.
func (s State) tidy(grantSet entitlement.GrantSet, removed []entitlement.Removing) entitlement.GrantSet {
	grantSet.Grants = maps.Clone(grantSet.Grants)

	sent := false

	for role, g := range grantSet.Grants {
		// Whoever ended the assignment that gave it is told how its removal ended, from this record.
		needed := slices.ContainsFunc(s.SubjectRecord.Removing, func(r entitlement.Removing) bool {
			a := s.Inputs.Ended[r.Assignment]
			return !slices.Contains(removed, r) && a.MayHaveGiven(role, s.Inputs.Scopes[a.Package])
		})

		if closed(g) && !s.Want[role] && !needed {
			grantSet.Forget(role)
		} else {
			sent = sent || g.Sent || g.Intent != ""
		}
	}

	// Former ids are there for removals of what was sent under them, and nothing is left of that.
	if !sent {
		grantSet.Former, grantSet.Under = nil, nil
	}

	return grantSet
}
