package entitlement

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// used is what workers used, and when.
type used struct {
	at time.Time
	n  int
}

// saturate lets workers take and use portions until so many were used, each at times of its
// own within what a portion allows, and returns what was used when.
func saturate(l Limit, workers, total int, eager bool, seed uint64) []used {
	random := rand.New(rand.NewPCG(seed, 1))
	start := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	var upTo time.Time
	var all []used
	ready := make([]time.Time, workers)
	for i := range ready {
		ready[i] = start
	}

	for left := total; left > 0; {
		// Whoever is ready first takes the next portion.
		w := 0
		for i := range ready {
			if ready[i].Before(ready[w]) {
				w = i
			}
		}
		var p Portion
		upTo, p = l.Take(upTo, 1, left, ready[w])
		ready[w] = p.From
		for n := min(p.N, left); n > 0; n-- {
			if !eager {
				ready[w] = ready[w].Add(time.Duration(random.Int64N(int64(p.Until.Sub(p.From)) / int64(p.N))))
			}
			all = append(all, used{ready[w], 1})
			left--
		}
	}
	return all
}

// most returns the most that was used within any window.
func most(all []used, window time.Duration) (best int) {
	slices.SortFunc(all, func(a, b used) int { return a.at.Compare(b.at) })
	first, n := 0, 0
	for _, last := range all {
		n += last.n
		for ; !all[first].at.After(last.at.Add(-window)); first++ {
			n -= all[first].n
		}
		best = max(best, n)
	}
	return best
}

// However many workers share a target's limit, and however they use their portions, no window
// holds more than the target publishes; and all of it together takes little longer than the
// limit itself.
func TestPortionsOfALimitKeepToItInEveryWindow(t *testing.T) {
	for _, l := range []Limit{{3000, 150 * time.Second}, {3500, 10 * time.Second}} {
		for workers := range 6 {
			for _, eager := range []bool{true, false} {
				all := saturate(l, workers+1, 6000, eager, uint64(workers))
				if got := most(all, l.Window); got > l.Most {
					t.Errorf("%d workers of %v: %d in one window", workers+1, l, got)
				}
			}
		}
	}

	// 100,000 people by twenty are 5,000 writes.
	l := Limit{3000, 150 * time.Second}
	all := saturate(l, 2, 5000, true, 1)
	took, limit := all[len(all)-1].at.Sub(all[0].at), 5000*l.Window/time.Duration(l.Most)
	if took > limit+limit/20 {
		t.Errorf("5,000 writes took %s, want at most %s and a twentieth", took, limit)
	}
	t.Logf("5,000 writes took %s; the limit is %s", took, limit)
}

func TestALimitThatIsNotCountedHandsOutWhatIsWanted(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	upTo, p := Limit{}.Take(time.Time{}, 1, 500, now)
	if !upTo.IsZero() || p.N != 500 || p.From != now || !p.Holds(500, now) || p.Holds(501, now) {
		t.Errorf("got %v, %+v", upTo, p)
	}
}

// A portion that nobody took in time is not lost at once, and one that is needed at once is
// given though it is longer than a portion.
func TestAPortionBeginsWhereTheLastOneEnded(t *testing.T) {
	l, now := Limit{3000, 150 * time.Second}, time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	upTo, first := l.Take(time.Time{}, 1, 100, now)
	if first.From != now || !upTo.Before(now) {
		t.Errorf("after a pause: %+v, up to %v", first, upTo)
	}
	upTo, _ = l.Take(upTo, 1, 100, now)
	upTo, _ = l.Take(upTo, 1, 100, now)
	next, third := l.Take(upTo, 20, 20, now)
	if third.N != 20 || third.From.Before(now) || !next.After(upTo) {
		t.Errorf("%+v, from %v to %v", third, upTo, next)
	}
	if third.Holds(20, third.Until) || !third.Holds(0, third.Until) {
		t.Error("a portion is good after its time")
	}
}
