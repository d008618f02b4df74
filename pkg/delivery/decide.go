package delivery

import (
	"slices"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// step is what is done next with one role of one person.
type step int

const (
	stepDone   step = iota // it is as it ought to be
	stepWrite              // it is to be written
	stepAgain              // it was accepted, cannot be late any more, and is to be written again
	stepLook               // it was written, and is to be looked at later
	stepAsk                // the way of asking tells nothing: ask in another
	stepAccept             // it counts without having been seen
	stepFail               // it failed
)

// nextStep is a step, when to look again, and why it failed.
type nextStep struct {
	step   step
	look   time.Time
	reason connector.Reason
}

// targetProfile are how a target is to be taken.
type targetProfile struct {
	authoritative bool
	serial        bool
	unconfirmed   bool
	window        time.Duration // after a write, within which a read may be older
	madeLater     bool          // it takes changes first and makes them later
}

// passed returns when what is shown cannot be from before a removal of ours any more. Where changes
// are made later, one whose answer was lost has no handle to ask by, and may be made for as long
// as such a change is asked about (F35): until then only a grant that the target took is after it.
func (p targetProfile) passed(removed time.Time) time.Time {
	if p.madeLater {
		return removed.Add(max(p.window, giveUpAsking))
	}
	return removed.Add(p.window)
}

// situation is what the next step with one role of one person is decided on.
type situation struct {
	targetProfile
	grant      bool                       // the role ought to be there
	record     entitlement.Grant          // as it was before this attempt; after a write, with that
	generation int64                      // of the subject: an administrator who has it reprocessed moves it on
	sent       bool                       // a grant was ever sent, or may have been
	never      bool                       // no grant of ours was ever seen there
	stale      bool                       // that it is there may have been so before our last removal
	unsure     bool                       // a grant may have been sent since the last write on record
	shown      entitlement.Presence       // what counts of what the target showed; unknown where nothing does
	raw        entitlement.Presence       // what it said, whether that counts or not
	more       bool                       // there are ways of asking that were not tried yet
	resource   entitlement.TargetResource // what is remembered of the resource
	read       time.Time                  // when the target was asked: what it showed is no younger
	now        time.Time
}

// taken reports that our last write wanted what is wanted now, and that the target took it.
func (s situation) taken() bool {
	g := s.record
	accepted := slices.Contains([]connector.Reason{"", connector.NotConfirmed, connector.CannotConfirm}, connector.Reason(g.Reason))
	return !g.Wrote.IsZero() && g.Revoked != s.grant && accepted && !(s.unsure && !s.grant)
}

// answered reports that our last write took the role away, or would have, and that the
// target refused that for this person, and not only once: it may not be there to be taken.
func (s situation) answered() bool {
	refused := slices.Contains([]connector.Reason{connector.RefusedByTarget, connector.PrincipalMissing}, connector.Reason(s.record.Reason))
	return !s.record.Wrote.IsZero() && s.record.Revoked && refused && s.record.Attempts > 1 && !s.unsure
}

// recent reports that a read may still show what was before our last write.
func (s situation) recent() bool { return s.read.Before(s.record.Wrote.Add(s.window)) }

// before returns what to do with what was read before anything is written.
func (s situation) before() nextStep {
	if s.grant {
		return s.beforeGrant()
	}
	return s.beforeRemoval()
}

func (s situation) beforeGrant() nextStep {
	switch {
	case s.record.Revoked && s.read.Before(s.passed(s.record.Wrote)):
		return nextStep{step: stepWrite} // what is shown may be what was there before
	case s.shown == entitlement.PresencePresent:
		return nextStep{step: stepDone, look: s.onceMore()}
	case s.authoritative || s.lost():
		return nextStep{step: stepWrite}
	case s.taken() && s.recent():
		if s.shown == entitlement.PresenceUnknown && s.more {
			return nextStep{step: stepAsk}
		}
		return nextStep{step: stepLook, look: nextCheck(s.record.Wrote, s.window, s.now)}
	case s.taken():
		return s.unseen()
	case s.shown == entitlement.PresenceUnknown && s.raw != entitlement.PresenceAbsent && s.more:
		return nextStep{step: stepAsk} // it says nothing, or the same of everybody
	default:
		return nextStep{step: stepWrite}
	}
}

// lost reports a role that was seen as wanted after our write, and is not so any more: that
// is not the target being late.
func (s situation) lost() bool {
	wanted := entitlement.PresenceOf(s.grant)
	opposite := s.shown != wanted && s.shown != entitlement.PresenceUnknown
	return opposite && s.record.Presence == wanted && !s.record.Confirmed.Before(s.record.Wrote)
}

// unseen is what follows for a grant that was taken long enough ago to be shown. Where
// nothing tells, it may have been lost: it is written once more, and whenever somebody has
// it reprocessed.
func (s situation) unseen() nextStep {
	switch {
	case s.more:
		return nextStep{step: stepAsk}
	case s.shown == entitlement.PresenceAbsent:
		// A read that tells shows it as not there after all this time: it was lost, or never made.
		return nextStep{step: stepAgain, reason: connector.NotConfirmed}
	case s.record.Generation != s.generation:
		// What it last waited for was another plan, or somebody had it reprocessed: once more is fair.
		return nextStep{step: stepAgain}
	case s.unconfirmed:
		return nextStep{step: stepAccept}
	case s.record.Reason != string(connector.CannotConfirm):
		// It has not been written a second time yet.
		return nextStep{step: stepAgain}
	default:
		return nextStep{step: stepFail, reason: connector.CannotConfirm}
	}
}

// beforeRemoval has the removal of what we ever sent sent, whatever the target shows; only
// where its store is ours does it show the truth.
func (s situation) beforeRemoval() nextStep {
	switch {
	case s.shown == entitlement.PresenceAbsent && (s.authoritative || !s.sent):
		return nextStep{step: stepDone}
	case !s.sent && s.shown == entitlement.PresenceUnknown && s.more:
		// No way that was asked so far tells.
		return nextStep{step: stepAsk}
	case s.shown == entitlement.PresenceAbsent && s.sent && (s.taken() || s.answered()):
		return s.absent()
	case s.authoritative || !s.sent || !s.taken():
		// The role is there, or no removal of ours was taken yet: what is shown proves none (F40).
		return nextStep{step: stepWrite}
	case s.lost():
		return nextStep{step: stepWrite}
	case s.shown == entitlement.PresencePresent && s.recent():
		return nextStep{step: stepLook, look: nextCheck(s.record.Wrote, s.window, s.now)}
	case s.shown == entitlement.PresenceUnknown && s.more:
		return nextStep{step: stepAsk}
	case s.shown == entitlement.PresenceUnknown && s.recent():
		return nextStep{step: stepLook, look: s.record.Wrote.Add(s.window)}
	default:
		// It is shown, or nothing shows it, though the window is over: it may have been lost.
		return nextStep{step: stepAgain}
	}
}

// absent asks in all ways before it believes that somebody is out whose grant was never
// seen: the way that says so may be one that leaves this person out.
func (s situation) absent() nextStep {
	if s.never && s.more && !s.authoritative {
		return nextStep{step: stepAsk}
	}
	return s.gone()
}

// gone believes that a role is absent after our removal once no read can be late any more
// and the resource was left alone for a while.
func (s situation) gone() nextStep {
	at := s.record.Wrote.Add(s.window)
	if s.serial {
		at = later(at, earlier(quietAt(s.resource, s.record.Wrote), s.record.Wrote.Add(maxQuietWait)))
	}
	if s.read.Before(at) {
		return nextStep{step: stepLook, look: later(at, s.now)}
	}
	return nextStep{step: stepDone}
}

// after returns what to do with what was read after a write that the target took. again: it
// was not the first one.
func (s situation) after(again bool) nextStep {
	wanted := entitlement.PresenceOf(s.grant)
	switch {
	case s.stale && s.shown != entitlement.PresenceAbsent:
		// It may be what was there before our own last write (F40).
		return nextStep{step: stepLook, look: s.record.Wrote.Add(s.window)}
	case s.shown == wanted && s.grant:
		return nextStep{step: stepDone, look: s.onceMore()}
	case s.shown == wanted:
		return s.absent()
	case s.authoritative:
		return nextStep{step: stepFail, reason: connector.NotConfirmed}
	case s.shown == entitlement.PresenceUnknown && s.more:
		return nextStep{step: stepAsk}
	case s.shown == entitlement.PresenceUnknown && !s.grant && again && s.unconfirmed:
		return nextStep{step: stepAccept}
	case s.shown == entitlement.PresenceUnknown && !s.grant && again:
		return nextStep{step: stepFail, reason: connector.CannotConfirm}
	case s.shown == entitlement.PresenceUnknown && !s.grant:
		return nextStep{step: stepLook, look: s.record.Wrote.Add(s.window)}
	case again && s.shown == entitlement.PresenceUnknown:
		return nextStep{step: stepLook, look: nextCheck(s.record.Wrote, s.window, s.now), reason: connector.CannotConfirm}
	case again:
		return nextStep{step: stepLook, look: nextCheck(s.record.Wrote, s.window, s.now), reason: connector.NotConfirmed}
	default:
		return nextStep{step: stepLook, look: nextCheck(s.record.Wrote, s.window, s.now)}
	}
}

// onceMore returns when a role that we wrote and that is there must be looked at again: at
// a target where changes that cross undo each other, once it was left alone for a while.
func (s situation) onceMore() time.Time {
	g := s.record
	if !s.serial || g.Wrote.IsZero() || g.Revoked || !s.now.Before(g.Wrote.Add(maxQuietWait)) {
		return time.Time{}
	}
	if at := quietAt(s.resource, g.Wrote); s.now.Before(at) {
		return at
	}
	return time.Time{}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
