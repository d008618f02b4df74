package delivery

import (
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Bounds of the window after a write within which a read may be older than the write.
const (
	usualWindow    = 2 * time.Minute
	shortestWindow = 5 * time.Second
	longestWindow  = 15 * time.Minute
	// enoughWrites are the writes whose lag must have been seen before the window is shortened.
	enoughWrites = 20
)

// quietFor is how long nothing may have been written to a resource before a look at it is
// the last one, where changes that cross can undo each other.
const quietFor = 5 * time.Second

// windowOf returns how long after a write a read may still show what was before it: twice
// the longest lag that was seen, and two minutes until enough writes were.
func windowOf(c connector.Capabilities, b entitlement.Breaker) time.Duration {
	switch twice := 2 * b.LongestLag; {
	case c.Authoritative:
		return 0
	case b.LagSamples < enoughWrites:
		return min(max(twice, usualWindow), longestWindow)
	default:
		return min(max(twice, shortestWindow), longestWindow)
	}
}

// observe enters the lags of writes, and reports whether that is news. A lag that is longer
// than all before counts at once; that there was none to speak of, once enough were seen.
func observe(b entitlement.Breaker, lags []time.Duration) (entitlement.Breaker, bool) {
	news := false
	for _, lag := range lags {
		if lag > b.LongestLag && lag <= longestWindow {
			b.LongestLag, news = lag, news || 2*lag > shortestWindow
		}
		if b.LagSamples < enoughWrites {
			b.LagSamples, news = b.LagSamples+1, true
		}
	}
	return b, news
}

// looks are when what was written is looked at, before the window is over.
var looks = []time.Duration{5 * time.Second, 30 * time.Second, time.Minute}

// nextCheck returns when to look at it next.
func nextCheck(wrote time.Time, window time.Duration, now time.Time) time.Time {
	for _, after := range looks {
		if at := wrote.Add(after); after < window && now.Before(at) {
			return at
		}
	}
	if end := wrote.Add(window); now.Before(end) {
		return end
	}
	return now.Add(looks[0])
}

// longestGap is the longest that two looks may lie apart for the lag between them to be the
// target's and not our own: beyond that somebody or something kept us from looking.
const longestGap = 90 * time.Second

// lagOf returns how long after our write of it a role was first shown as wanted, where the
// look before showed the opposite and was not long ago.
func lagOf(g entitlement.Grant, wanted entitlement.Presence, now time.Time) (time.Duration, bool) {
	opposite := g.Presence != wanted && g.Presence != entitlement.PresenceUnknown && g.Confirmed.After(g.Wrote)
	return now.Sub(g.Wrote), opposite && !g.Wrote.IsZero() && now.Sub(g.Confirmed) <= longestGap
}

// quietAt returns when nothing will have been written to a resource for long enough, as far
// as is known. Whoever may write to it now counts as writing.
func quietAt(r entitlement.TargetResource, wrote time.Time) time.Time {
	last := later(r.LastWrite, wrote)
	if r.Writer != "" {
		last = later(last, r.WriterUntil)
	}
	return last.Add(quietFor)
}

// maxQuietWait is how long others' writes can put off the last look.
const maxQuietWait = 2 * time.Minute
