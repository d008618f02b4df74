package entitlement

import (
	"slices"
	"time"
)

// Pace is how long it usually takes until somebody has a package who asks for it: of the last
// requests for it, as the sweep last counted them.
type Pace struct {
	Package PackageID
	Samples int           // requests that it is counted of
	Median  time.Duration // half of them took no longer
	Looked  time.Time
	Meta
}

// Bounds of what is counted (S21): of the newest MaxPace requests of a package, and told from
// MinPace on, since of fewer it would tell of single people.
const (
	MaxPace = 100
	MinPace = 5
)

// paceKept is for how long a count is kept that nobody renews, and paceRenewed after how long one that has
// not changed is renewed: so that of a package that is gone it goes by itself.
const (
	paceKept    = 30 * 24 * time.Hour
	paceRenewed = 10 * 24 * time.Hour
)

// Until is when nobody needs the count any more.
func (p Pace) Until() time.Time { return p.Looked.Add(paceKept) }

// Usual returns how long it usually takes; false where too few are known to tell.
func (p Pace) Usual() (time.Duration, bool) { return p.Median, p.Samples >= MinPace }

// Count counts of the requests for a package, newest first, how long those took that people made and that were
// delivered. What began on a day that was chosen counts for nothing. It returns false where
// nothing needs to be written.
func (p Pace) Count(requests []AssignmentRequest, now time.Time) (Pace, bool) {
	var took []time.Duration
	for _, r := range requests[:min(len(requests), MaxPace)] {
		asked := r.Type == UserAdd || r.Type == OnBehalfAdd
		if asked && r.State == RequestDelivered && r.Start.IsZero() && !r.Completed.IsZero() {
			took = append(took, r.Completed.Sub(r.Created))
		}
	}

	counted := p
	counted.Samples, counted.Median = len(took), 0
	if len(took) > 0 {
		slices.Sort(took)
		counted.Median = took[(len(took)-1)/2]
	}
	counted.Looked = now
	same := counted.Samples == p.Samples && counted.Median == p.Median
	return counted, !same || counted.Samples > 0 && now.Sub(p.Looked) >= paceRenewed
}

// PaceWalk is how far the sweep has gone through the packages to count their paces.
type PaceWalk struct {
	Token string    // of the page that follows; "" at the beginning
	Next  time.Time // when it is taken
	Meta
}

// paceEvery is how often the sweep counts a page of packages.
const paceEvery = 5 * time.Minute

// Went returns the walk after a page, of which token is the next.
func (w PaceWalk) Went(token string, now time.Time) PaceWalk {
	w.Token, w.Next = token, now.Add(paceEvery)
	return w
}
