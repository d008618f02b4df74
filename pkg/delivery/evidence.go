package delivery

import (
	"slices"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// freshFor is how long it counts for a resource what a way of asking was seen to tell there.
const freshFor = 24 * time.Hour

// checkResult is what one question about a role told.
type checkResult struct {
	way     connector.Way
	people  []entitlement.Presence // of those asked about, in order
	control entitlement.Presence   // of an id that nobody has; "" where it was not asked about
	shown   []bool                 // this way has shown the person there before, after our own write
}

// apart reports that the way tells somebody who is not there: it said so of an id that
// nobody has, in this answer or at this resource not long ago. One that says present of
// such an id ignores what it is asked, and nothing that it says counts.
func (t checkResult) apart(known entitlement.TargetResource, now time.Time) bool {
	if t.control != "" {
		return t.control == entitlement.PresenceAbsent
	}
	return known.Way == string(t.way) && fresh(known.ShowedAbsent, now)
}

// shows reports that the way shows members: one in this answer, or one who was known to be
// there not long ago.
func (t checkResult) shows(known entitlement.TargetResource, now time.Time) bool {
	return slices.Contains(t.people, entitlement.PresencePresent) || known.Way == string(t.way) && fresh(known.ShowedPresent, now)
}

// weigh returns what counts of an answer. Presence counts where the way was seen to say
// absent of somebody who is not there; absence counts where it was also seen to show one who
// is there, this person or another (S15, F39).
func (t checkResult) weigh(known entitlement.TargetResource, now time.Time) []entitlement.Presence {
	counts := make([]entitlement.Presence, len(t.people))
	apart, shows := t.apart(known, now), t.shows(known, now)
	for i, p := range t.people {
		counts[i] = entitlement.PresenceUnknown
		if apart && (p == entitlement.PresencePresent || p == entitlement.PresenceAbsent && (shows || t.shown[i])) {
			counts[i] = p
		}
	}
	return counts
}

// learn returns what is to be remembered of the resource after an answer, and whether that
// is news. further: the way that was asked before told nothing, so this one takes its place.
// Times move on once in half a day at most, so that an ordinary delivery writes nothing.
func (t checkResult) learn(known entitlement.TargetResource, further bool, now time.Time) (entitlement.TargetResource, bool) {
	same := known.Way == string(t.way)

	switch {
	case !t.apart(known, now):
		if same && t.control != "" {
			known.Way, known.ShowedPresent, known.ShowedAbsent = "", time.Time{}, time.Time{}
			return known, true
		}
		return known, false
	case !slices.Contains(t.people, entitlement.PresencePresent):
		return known, false
	case !same && !further && known.Way != "" && fresh(known.ShowedPresent, now):
		return known, false // asked this way for the sake of one person
	case !same:
		known.Way, known.ShowedPresent, known.ShowedAbsent = string(t.way), time.Time{}, time.Time{}
	}

	news := !same
	if now.Sub(known.ShowedPresent) >= freshFor/2 {
		known.ShowedPresent, news = now, true
	}
	if t.control == entitlement.PresenceAbsent && now.Sub(known.ShowedAbsent) >= freshFor/2 {
		known.ShowedAbsent, news = now, true
	}

	return known, news
}

func fresh(at, now time.Time) bool { return !at.IsZero() && now.Sub(at) < freshFor }
