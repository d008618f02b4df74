package entitlement

import (
	"time"

	"leasehold/pkg/order"
)

// CloseRemoval has the roles of an ended assignment count as taken back though they were not
// read absent, because somebody has seen to them at the target or nobody ever can. The
// justification is kept in the event. A removal is closed once it is overdue: until then it
// may well end by itself. A Change without parts means that it is closed already.
func CloseRemoval(a Assignment, actor UserID, command, justification string, now time.Time) (Change, error) {
	switch {
	case justification == "":
		return Change{}, Errorf(Invalid, "justification must say why nobody needs to take these roles back any more.")
	case a.Ended.IsZero():
		return Change{}, Errorf(Conflict, "The assignment has not ended; remove it first.")
	case !a.Removed.IsZero():
		return Change{}, Errorf(Conflict, "The roles of this assignment were taken back already.")
	case !a.Closed.IsZero():
		return Change{}, nil
	case now.Sub(a.Ended) <= OverdueAfter:
		return Change{}, Errorf(Conflict, "The roles are being taken back. A removal can be closed once it is overdue, %d minutes after the end.", int(OverdueAfter/time.Minute))
	}

	e := Event{Aggregate: OfRequest, ID: string(a.ID), Kind: "removalClosed", Actor: actor, Command: command, At: now, Data: map[string]string{"justification": justification}}
	a.Chain, e = a.Chain.Append(e)
	a.Closed = now
	return Change{Ended: []Assignment{a}, Events: []Event{e}, SubjectUpdates: []SubjectUpdate{{Subject: a.Subject, CheckAfter: now.Add(enqueueSlack)}}}, nil
}

// ReasonClosed is the reason recorded of a role whose removal an administrator closed.
const ReasonClosed = "removal-closed"

// EndedUnseen reports the record of a removal that ended without being read absent, and that
// nobody may have granted again since. It is kept until the assignments that end by it are
// settled, so that they say so.
func (g Grant) EndedUnseen() bool {
	return g.Intent == "" && g.Presence == PresenceAbsent && g.Revoked && g.CheckAfter.IsZero() && !g.Failing() && (g.Unconfirmed || g.Reason != "")
}

// NextCheck returns when the role is to be tried, or looked at, again; zero where no time is set.
func (g Grant) NextCheck() time.Time {
	if !g.Next.IsZero() {
		return g.Next
	}
	return g.CheckAfter
}

// RolesLeft returns the recorded roles that an ended assignment may have given and that are
// still to be taken back, in the order of targets, resources and roles: those that a live
// package gives as well are not among them (R4).
func (a Assignment) RolesLeft(h SubjectRecord, w ReconcileInputs, grantSets []GrantSet) []Grant {
	stays := map[RoleRef]bool{}

	// A disabled subject is to have nothing, so no live package keeps a role for them.
	if !h.Disabled && w.Subject != nil && w.Subject.Enabled {
		for _, p := range h.Live {
			for _, s := range w.Scopes[p].List {
				stays[s.Ref] = true
			}
		}
	}

	var left []Grant
	for _, grantSet := range grantSets {
		for role, g := range grantSet.Grants {
			if !stays[role] && !g.EndedUnseen() && a.MayHaveGiven(role, w.Scopes[a.Package]) {
				left = append(left, g)
			}
		}
	}

	order.SortFunc(left, func(x, y Grant) int { return x.Role.Compare(y.Role) })
	return left
}
