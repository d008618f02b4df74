package entitlement

import "time"

// Cost is what calls count against the limits of a target: its writes, and the units of
// whatever else it counts.
type Cost struct{ Writes, Units int }

// Plus returns the sum of two costs.
func (c Cost) Plus(d Cost) Cost { return Cost{c.Writes + d.Writes, c.Units + d.Units} }

// Rate is what a target takes, as it publishes it: so many writes in any time of one length,
// and so many units in any time of another. Zero: it does not count that.
type Rate struct {
	Writes      int
	WriteWindow time.Duration
	Units       int
	UnitWindow  time.Duration
}

// RateLease is up to when a target's limits have been handed out to workers, in portions:
// the next portion begins there. Nothing is given back: what a worker does not use, or one
// that died, is lost, and that is a second's worth at most.
type RateLease struct {
	Connector ConnectorID
	Writes    time.Time
	Units     time.Time
	Meta
}

// Bounds of a portion of a target's limits.
const (
	// MaxPortion is how long a portion may be, at the target's rate: so a worker that uses all of
	// its portions writes the lease once a second.
	MaxPortion = time.Second
	// portionGood is how long after its end a portion may still be used.
	portionGood = time.Second
	// mostNeeded is how long a portion may be that is needed for one call.
	mostNeeded = MaxPortion + MaxPortion/10
)

// Portion is what a worker may use between two times.
type Portion struct {
	Cost
	From, Until time.Time
}

// Take hands out the next portion: as much of what is wanted as MaxPortion allows, and at
// least what is needed. A portion may be used up at its very begin, or after its end, so that
// within any window there may be used what was handed out for a portion before it, for one after
// it, and for portionGood: the rate is lowered by that, so that what the target publishes is
// kept to in whichever window it counts.
func (l RateLease) Take(r Rate, need, want Cost, now time.Time) (RateLease, Portion) {
	writes, wlen := portion(r.Writes, r.WriteWindow, need.Writes, want.Writes)
	units, ulen := portion(r.Units, r.UnitWindow, need.Units, want.Units)

	// Both begin together, when the later of the two may.
	from := now
	if wlen > 0 {
		from = laterTime(from, l.Writes)
	}
	if ulen > 0 {
		from = laterTime(from, l.Units)
	}
	p := Portion{Cost: Cost{writes, units}, From: from, Until: from.Add(max(wlen, ulen)).Add(portionGood)}

	// Both go on from there. Where one is waited for the other is not scarce.
	if wlen > 0 {
		l.Writes = from.Add(wlen)
	}
	if ulen > 0 {
		l.Units = from.Add(ulen)
	}
	return l, p
}

// portion returns how many of one kind are handed out, and how long that is at the rate.
func portion(most int, window time.Duration, need, want int) (int, time.Duration) {
	if most <= 0 || window <= 0 || need <= 0 && want <= 0 {
		return max(need, want), 0
	}
	each := (window + 2*mostNeeded + portionGood + time.Duration(most) - 1) / time.Duration(most)
	n := max(need, min(want, int(MaxPortion/each)), 1)
	return n, time.Duration(n) * each
}

func laterTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
