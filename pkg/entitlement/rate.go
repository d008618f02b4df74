package entitlement

import "time"

// Cost is what calls count against the limits of a target: its writes, and the units of
// whatever else it counts.
type Cost struct{ Writes, Units int }

// Plus returns the sum of two costs.
func (c Cost) Plus(d Cost) Cost { return Cost{c.Writes + d.Writes, c.Units + d.Units} }

// Limit is that a target takes so many in any time of one length. Zero: it does not count.
type Limit struct {
	Most   int
	Window time.Duration
}

// Rate is what a target takes, as it publishes it.
type Rate struct{ Writes, Units Limit }

// RateLease is up to when a target's limits have been handed out to workers, in portions:
// the next portion begins there. Nothing is given back: what a worker does not use, or one
// that died, is lost, and that is a second's worth at most.
type RateLease struct {
	Connector ConnectorID
	Writes    time.Time
	Units     time.Time
	Meta
}

// Bounds of a portion of a limit.
const (
	// MaxPortion is how long a portion may be, at the target's rate: so a worker that uses all of
	// its portions takes one once a second.
	MaxPortion = time.Second
	// mostNeeded is how long a portion may be that is needed for one call.
	mostNeeded = MaxPortion + MaxPortion/10
	// portionGood is how long from its begin on a portion may be used.
	portionGood = mostNeeded + MaxPortion
	// unclaimed is how far back a portion may begin that nobody took in time.
	unclaimed = 2 * time.Second
)

// Portion is how many a worker may use between two times.
type Portion struct {
	N           int
	From, Until time.Time
}

// Holds reports that so many can be used of the portion, now or once it has begun.
func (p Portion) Holds(n int, now time.Time) bool { return n <= p.N && (n == 0 || now.Before(p.Until)) }

// each is how long one of the limit lasts. A portion may be used up at its very begin, for which
// its end lies after a window, or late, for which its begin lies before one, by portionGood and by
// unclaimed. The rate is lowered by these, so that what the target publishes is kept to in
// whichever window it counts.
func (l Limit) each() time.Duration {
	if l.Most <= 0 {
		return 0
	}
	return (l.Window + mostNeeded + portionGood + unclaimed + time.Duration(l.Most) - 1) / time.Duration(l.Most)
}

// Take hands out the next portion, where the limit has been handed out up to a time: as much of
// what is wanted as MaxPortion allows, and at least what is needed. It returns up to when the limit
// is handed out now.
func (l Limit) Take(upTo time.Time, need, want int, now time.Time) (time.Time, Portion) {
	each := l.each()
	if each == 0 {
		return upTo, Portion{N: max(need, want), From: now, Until: now.Add(MaxPortion)}
	}

	n := max(need, min(want, int(MaxPortion/each)), 1)
	from := upTo
	if since := now.Add(-unclaimed); from.Before(since) {
		from = since
	}
	begin := from
	if begin.Before(now) {
		begin = now
	}
	return from.Add(time.Duration(n) * each), Portion{N: n, From: begin, Until: begin.Add(portionGood)}
}

// AtLeast is how many of the limit are worth a trip to the table, where nobody knows how many are
// going to be used: a tenth of a second's.
func (l Limit) AtLeast() int {
	if each := l.each(); each > 0 {
		return max(int(MaxPortion/each)/10, 1)
	}
	return 1
}
