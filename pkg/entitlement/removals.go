package entitlement

import (
	"time"
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
	return Change{Ended: []Assignment{a}, Events: []Event{e}, Heads: []HeadChange{{Subject: a.Subject, Look: now.Add(hintSlack)}}}, nil
}

// ReasonClosed is the reason recorded of a role whose removal an administrator closed.
const ReasonClosed = "removal-closed"
