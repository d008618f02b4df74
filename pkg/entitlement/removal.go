package entitlement

import (
	"slices"
	"time"
)

// ReasonClosed is why a removal is over that nobody carried out or saw: an administrator
// closed it.
const ReasonClosed = "closed-by-administrator"

// CloseRemoval ends the wait for an ended assignment's roles to be taken back, on the word of
// an administrator who has looked at the targets and says why. h is the subject's. It is for
// what the service cannot bring to an end by itself, so a removal must be overdue. The worker
// carries it out: what other assignments still need, or owe, is left as it is.
func CloseRemoval(a Assignment, h Head, actor UserID, why, command string, now time.Time) (Change, error) {
	owed := slices.ContainsFunc(h.Removing, func(r Removing) bool { return r.Assignment == a.ID })
	switch {
	case why == "":
		return Change{}, Errorf(Invalid, "justification must say how it is known that nothing is left at the target.")
	case !owed || !a.Closed.IsZero():
		return Change{}, Errorf(Conflict, "Nothing is to be taken back for this assignment, or it was closed already.")
	case now.Sub(a.Ended) <= OverdueAfter:
		return Change{}, Errorf(Conflict, "The roles of this assignment are being taken back: a removal can be closed once it is overdue, at %s.", a.Ended.Add(OverdueAfter).UTC().Format(time.RFC3339))
	}
	e := Event{Aggregate: OfRequest, ID: string(a.ID), Kind: "removalClosed", Actor: actor, Command: command, At: now, Data: map[string]string{"justification": why}}
	a.Chain, e = a.Chain.Append(e)
	a.Closed = now
	return Change{Ended: []Assignment{a}, Events: []Event{e}, Heads: []HeadChange{{Subject: a.Subject, Look: now.Add(hintSlack)}}}, nil
}
