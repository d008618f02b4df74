package entitlement

import (
	"maps"
	"slices"
	"time"
)

// Owed is what a subject's removals are decided on: the head, the work that it names, and
// the assignment that has ended.
type Owed struct {
	Head     Head
	Work     Work
	Removing Removing
}

// Owes returns what is still owed of an ended assignment, by the subject's head and work,
// and refuses one of which nothing is.
func Owes(id AssignmentID, h Head, w Work) (Owed, error) {
	i := slices.IndexFunc(h.Removing, func(r Removing) bool { return r.Assignment == id })
	if i < 0 {
		return Owed{}, Errorf(Conflict, "Nothing of this assignment is owed: its roles were taken back, or it has not ended. leasehold/removals lists what is.")
	}
	if _, ok := w.Ended[id]; !ok {
		return Owed{}, Errorf(Internal, "The ended assignment %s is missing.", id)
	}
	return Owed{Head: h, Work: w, Removing: h.Removing[i]}, nil
}

// leaves reports that nobody but this removal asks for what a sheet records of a role: no
// live assignment may have given it, and no other that is being removed.
func (o Owed) leaves(role RoleRef) bool {
	gave := func(a Assignment) bool { return a.MayHaveGiven(role, o.Work.Scopes[a.Package]) }
	if !gave(o.Work.Ended[o.Removing.Assignment]) {
		return false
	}
	others := slices.ContainsFunc(o.Head.Removing, func(r Removing) bool { return r != o.Removing && gave(o.Work.Ended[r.Assignment]) })
	live := slices.ContainsFunc(o.Head.Live, func(p PackageID) bool {
		a := o.Work.Slots[p].Assignment
		return a != nil && gave(*a)
	})
	return !others && !live
}

// Forgets reports whether closing the removal changes a sheet.
func (o Owed) Forgets(s GrantSheet) bool {
	for role := range s.Grants {
		if o.leaves(role) {
			return true
		}
	}
	return false
}

// forget returns a sheet without what only this removal is about.
func (o Owed) forget(s GrantSheet) GrantSheet {
	s.Grants = maps.Clone(s.Grants)
	maps.DeleteFunc(s.Grants, func(role RoleRef, _ Grant) bool { return o.leaves(role) })
	sent := false
	for _, g := range s.Grants {
		sent = sent || g.Sent || g.Intent != ""
	}
	if !sent {
		s.Former = nil
	}
	return s
}

// CloseRemoval closes a removal that is owed, where an administrator knows that the roles
// are gone and the target cannot be asked: it ended unconfirmed, and what was recorded of
// its roles is forgotten. The sheets are those that it Forgets of, under the caller's claim.
func CloseRemoval(o Owed, sheets []GrantSheet, justification string, actor UserID, command string, now time.Time) (Change, error) {
	if justification == "" {
		return Change{}, Errorf(Invalid, "justification must say how you know that the roles are gone.")
	}
	a := o.Work.Ended[o.Removing.Assignment]
	e := Event{Aggregate: OfRequest, ID: string(a.ID), Kind: "removalClosed", Actor: actor, Command: command, At: now,
		Data: map[string]string{"justification": justification, "confirmed": "false"}}
	a.Chain, e = a.Chain.Append(e)
	a.Removed, a.Unconfirmed = now, true
	c := Change{Ended: []Assignment{a}, Events: []Event{e},
		Settlements: []Settlement{{Subject: a.Subject, Gen: o.Head.Gen, Next: now, Removed: []Removing{o.Removing}}}}
	for _, s := range sheets {
		c.Sheets = append(c.Sheets, o.forget(s))
	}

	r, ok := o.Work.Requests[o.Removing.Request]
	if !ok {
		return c, nil
	}
	state, err := r.State.Next(RolesDelivered)
	if err != nil {
		return Change{}, err
	}
	e = Event{Aggregate: OfRequest, ID: string(r.ID), Kind: string(state), Actor: actor, Command: command, At: now}
	r.Chain, e = r.Chain.Append(withStates(e, string(r.State), string(state)))
	r.State, r.Completed = state, now
	c.Requests, c.Events = []AssignmentRequest{r}, append(c.Events, e)
	return c, nil
}
