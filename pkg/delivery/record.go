package delivery

import (
	"slices"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// outcome is what an attempt at one task showed.
type outcome struct {
	presence entitlement.Presence // what counts of what the target showed; "" where nothing does
	way      connector.Way        // that showed it
	wrote    time.Time            // our last write in this attempt; zero: there was none
	look     time.Time            // to be looked at again then; zero: no need
	failure  *connector.Refusal   // nil where nothing failed
	accepted bool                 // it counts without having been seen (S15)
	pending  string               // what the target calls the change that it took and has not made yet
	settled  bool                 // what it had not made is over
	ended    connector.Reason     // a removal that is over for this reason, without having been seen

	final   bool // the target's store is ours: that a resource is missing is the last word
	untried bool // the target differs, and nothing was written: the claim or the generation is gone
	resting bool // the target was left alone: no attempt was made that counts
	left    bool // there was no time for it: nothing was asked and nothing learnt
}

// Waits of their own.
const (
	// missingFor is how long a resource must stay missing before a grant is given up by it,
	// or a removal is over; and the person's account before a removal is.
	missingFor   = 15 * time.Minute
	missingRetry = 5 * time.Minute
	// shortestCap bounds the wait after an answer that is not the target's, such as the page
	// of what stands in front of it: nobody hears when that goes away, as they do of a target
	// that did not answer at all. Where it lasts, a tenth of the time that it took so far does.
	shortestCap = time.Minute
	// giveUpAsking is how long a target that shows nobody is asked whether it shows them now:
	// some take half an hour (F35).
	giveUpAsking = 2 * time.Hour
)

// record enters an outcome into the grant set, as its claim's token allows.
func record(grantSet *entitlement.GrantSet, t Task, o outcome, generation int64, now time.Time) {
	g := grantSet.Grants[t.Role]
	g.Role = t.Role
	if o.left {
		clearIntent(grantSet, t.Role)
		return
	}

	removal := g.Removal
	before := maySent(g, grantSet.Token)
	g.Sent, g.Intent, g.Removal = before || t.Grant && !o.wrote.IsZero(), "", ""
	// A grant that failed after a removal may not have been made: the removal stays the last
	// write that is known, by which it is judged what a read proves.
	failed := t.Grant && (g.Revoked || removal != "") && o.failure != nil
	switch {
	case removal == grantSet.Token || !o.wrote.IsZero() && !failed:
	case t.Grant && o.presence == entitlement.PresencePresent && !o.untried:
		// It is there, and no read can be from before the removal: a grant would have been sent.
	default:
		g.Removal = removal // another claim's may have been sent all the same
	}
	if !o.wrote.IsZero() && !failed {
		g.Wrote, g.Revoked, g.Unconfirmed = o.wrote, !t.Grant, g.Unconfirmed && !t.Grant
		if t.Grant {
			g.Presence = entitlement.PresenceUnknown // what was seen before it says nothing of it
		}
	}
	if t.Grant && !o.wrote.IsZero() {
		// The way that showed an earlier grant may leave this one out, as one does that shows the
		// first member alone: it counts for this one once it has shown it.
		g.Way = ""
	}

	if o.untried {
		grantSet.Grants[t.Role] = differing(g, t, o, now)
		return
	}

	if g.Generation != generation {
		g.Attempts = 0 // those were at something else: what is wanted now has not failed yet
	}
	g.Generation, g.CheckAfter = generation, o.look
	g = enterPending(g, o)
	if o.tells() {
		g.Presence, g.Confirmed = o.presence, now
		// What was adopted counts as sent: it goes with the last assignment that gives it, whatever
		// its resource says of roles that were there before us.
		g.Sent = g.Sent || t.Adopted && o.presence == entitlement.PresencePresent
		g.PreExisting = g.PreExisting || t.Grant && !g.Sent && o.presence == entitlement.PresencePresent
	}

	if o.presence == entitlement.PresencePresent {
		g.Way, g.Unconfirmed = string(o.way), false
		// What is there was given after our last removal, perhaps by a grant whose answer was
		// lost: that removal proves nothing any more, and another one is sent in its time.
		g.Revoked = g.Revoked && !t.Grant
	}

	switch {
	case o.failure != nil:
		grantSet.Doubtful = grantSet.Doubtful || raisesDoubt(o.failure.Reason)
		g = failing(g, t, o, now)
	case !t.Grant && o.look.IsZero() && o.ended == "" && !o.accepted:
		grantSet.Forget(t.Role) // seen absent: nothing is left to know
		return
	default:
		g = better(g, t, o)
	}

	grantSet.Grants[t.Role] = g
}

// differing enters that the target was read and is not as it ought to be, and that nobody
// wrote: what was on record of it is not so any more.
func differing(g entitlement.Grant, t Task, o outcome, now time.Time) entitlement.Grant {
	switch {
	case o.tells():
		g.Presence, g.Confirmed = o.presence, now
	case t.Grant:
		g.Presence = entitlement.PresenceUnknown
	}

	if o.failure != nil { // of a write before the one that was not made: it was not taken
		if !g.Failing() {
			g.Since = now
		}
		g.Reason, g.Detail = string(o.failure.Reason), o.failure.Detail
	}

	g.Next = now
	return g
}

// tells reports that the target showed whether the role is there.
func (o outcome) tells() bool {
	return o.presence == entitlement.PresencePresent || o.presence == entitlement.PresenceAbsent
}

// clearIntent takes back what the claim entered for a role that nobody wrote: where the subject
// moved on, its reconciliation may be done by then, and nobody would ever come to look at
// it.
func clearIntent(grantSet *entitlement.GrantSet, role entitlement.RoleRef) {
	g, known := grantSet.Grants[role]
	switch {
	case !known || g.Intent != grantSet.Token && g.Removal != grantSet.Token:
	case onlyIntended(g, grantSet.Token):
		grantSet.Forget(role)
	case g.Removal == grantSet.Token:
		g.Removal = ""
		grantSet.Grants[role] = g
	default:
		g.Intent = ""
		grantSet.Grants[role] = g
	}
}

// onlyIntended reports a record of which nothing is known but that the claim of the token intends it.
func onlyIntended(g entitlement.Grant, token string) bool {
	return g == entitlement.Grant{Role: g.Role, Presence: entitlement.PresenceUnknown, Intent: token}
}

// better enters an outcome without a failure. One that waits to be judged without having
// been written again says nothing new about the trouble that was on record.
func better(g entitlement.Grant, t Task, o outcome) entitlement.Grant {
	g.MissingSince, g.Next = time.Time{}, o.look
	if !o.look.IsZero() && (o.wrote.IsZero() || o.pending != "") && o.presence != entitlement.PresenceOf(t.Grant) {
		// What the target took was not refused for good, whatever it said of an earlier one: else nobody
		// would ask what became of it. Nor was it in vain, as an earlier one was that is not to be seen:
		// it is a first one, and is judged as that.
		if g.Permanent = g.Permanent && o.pending == ""; o.pending == "" || o.wrote.IsZero() || !inVain(g) {
			return g
		}
	}
	g.Since, g.Attempts, g.Reason, g.Detail, g.Permanent = time.Time{}, 0, "", "", false
	switch {
	case !t.Grant && o.look.IsZero():
		g.Presence, g.Revoked, g.Unconfirmed, g.Reason = entitlement.PresenceAbsent, true, o.accepted, string(o.ended)
	case o.accepted:
		g.Presence, g.Unconfirmed = entitlement.PresenceUnknown, true
	}
	return g
}

// failing enters a failure.
func failing(g entitlement.Grant, t Task, o outcome, now time.Time) entitlement.Grant {
	if !g.Failing() {
		g.Since = now
	}

	paused := o.failure.Reason == connector.TargetPaused
	if !o.resting && !paused {
		g.Attempts++
	}

	g.Reason, g.Detail = string(o.failure.Reason), o.failure.Detail
	g.Permanent = o.failure.Permanent && t.Grant // a removal is never given up
	if o.failure.Reason == connector.CannotConfirm {
		g.Permanent = t.Grant && o.look.IsZero() && now.Sub(g.Wrote) >= giveUpAsking
	}

	g = missed(g, t, o, now)

	switch {
	case !o.look.IsZero() && o.failure.Reason == connector.NotConfirmed && g.Attempts > 1:
		g.CheckAfter = later(o.look, now.Add(retryDelay(g.Attempts-1, 0))) // written again and again
		g.Next = g.CheckAfter
	case !o.look.IsZero():
		g.Next = o.look
	case paused:
		g.Next = now.Add(pausedRetry)
	case o.resting:
		g.Next = now.Add(max(o.failure.After, 0))
	case o.failure.Reason == connector.TargetThrottled && o.failure.After > 0:
		g.Next = now.Add(retryDelay(1, o.failure.After)) // it is alive, and has said when
	case !g.MissingSince.IsZero():
		g.Next = now.Add(min(retryDelay(g.Attempts, o.failure.After), missingRetry))
	case o.failure.Reason == connector.NotUnderstood && !o.failure.Permanent:
		g.Next = now.Add(min(retryDelay(g.Attempts, o.failure.After), max(shortestCap, now.Sub(g.Since)/10)))
	default:
		g.Next = now.Add(retryDelay(g.Attempts, o.failure.After))
	}

	return g
}

// missed keeps since when the target has said, each time that it was asked, that the
// resource is not there, or, of a removal, that the account is not: a membership of an
// account that was deleted gives nobody anything (F43). A target that answers nothing in
// between may be one that is not itself yet; one that throttles says nothing about either.
func missed(g entitlement.Grant, t Task, o outcome, now time.Time) entitlement.Grant {
	gone := o.failure.Reason == connector.ResourceMissing || o.failure.Reason == connector.PrincipalMissing && !t.Grant

	switch {
	case o.failure.Reason == connector.TargetThrottled, o.failure.Reason == connector.TargetPaused:
		return g
	case !gone || o.final:
		g.MissingSince = time.Time{}
		return g
	case g.MissingSince.IsZero() || now.Sub(g.Next) > missingFor:
		g.MissingSince = now // nobody asked when it was time: what it said then and says now may be two outages
	}

	if now.Sub(g.MissingSince) < missingFor {
		g.Permanent = false
		return g
	}

	if g.Permanent = t.Grant; !t.Grant {
		g.Since, g.Attempts, g.Detail = time.Time{}, 0, ""
		g.Presence, g.Revoked, g.CheckAfter = entitlement.PresenceAbsent, true, time.Time{}
	}

	return g
}

// raisesDoubt reports a failure after which a kept id may not be the subject's any more.
func raisesDoubt(r connector.Reason) bool {
	return slices.Contains([]connector.Reason{connector.PrincipalMissing, connector.RefusedByTarget, connector.NotConfirmed, connector.CannotConfirm}, r)
}
