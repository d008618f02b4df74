package graphserver

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Size is that of a tenant, by which its resource units are: below 50 users, up to 500, above.
type Size int

// The sizes.
const (
	Unlimited Size = iota
	Small
	Medium
	Large
)

// The published limits for one application in one tenant.
const (
	WriteWindow = 150 * time.Second
	MaxWrites   = 3000
	UnitWindow  = 10 * time.Second
)

// Units are the resource units of ten seconds, by the size of the tenant.
var Units = map[Size]int{Small: 3500, Medium: 5000, Large: 8000}

// limits are those of writes and of resource units, each counted in a window that slides:
// stricter than a bucket of the same size.
type limits struct{ writes, units window }

func published(size Size) limits {
	if size == Unlimited {
		return limits{}
	}
	return limits{writes: window{most: MaxWrites, length: WriteWindow}, units: window{most: Units[size], length: UnitWindow}}
}

// take counts a request, or returns how long to wait until it would be taken.
func (l *limits) take(now time.Time, units, writes int) time.Duration {
	if wait := max(l.units.wait(now, units), l.writes.wait(now, writes)); wait > 0 {
		return wait
	}
	l.units.add(now, units)
	l.writes.add(now, writes)
	return 0
}

// window counts what came in the last while.
type window struct {
	most   int // 0: no limit
	length time.Duration
	sum    int
	spent  []spent
}

type spent struct {
	at time.Time
	n  int
}

func (w *window) wait(now time.Time, n int) time.Duration {
	if w.most == 0 || n == 0 {
		return 0
	}
	for len(w.spent) > 0 && !w.spent[0].at.After(now.Add(-w.length)) {
		w.sum -= w.spent[0].n
		w.spent = w.spent[1:]
	}
	free := w.most - w.sum
	for _, s := range w.spent {
		if free >= n {
			break
		}
		if free += s.n; free >= n {
			return s.at.Add(w.length).Sub(now)
		}
	}
	return 0
}

func (w *window) add(now time.Time, n int) {
	if w.most > 0 && n > 0 {
		w.sum += n
		w.spent = append(w.spent, spent{now, n})
	}
}

// Cost returns what a request costs by the published table: resource units, and writes. The
// path is that below the version.
func Cost(method, path string, query url.Values) (units, writes int) {
	parts := strings.Split(path, "/")
	units = 1
	if method != http.MethodGet {
		return units, 1
	}

	switch {
	case len(parts) == 3 && parts[0] == "groups" && parts[2] == "members":
		units = 3
	case len(parts) == 1 && (parts[0] == "users" || parts[0] == "applications"):
		units = 2
	case len(parts) == 3 && parts[0] == "servicePrincipals" && parts[2] == "appRoleAssignments":
		units = 2
	}
	if query.Has("$select") {
		units--
	}
	if query.Has("$expand") {
		units++
	}
	if top, err := strconv.Atoi(query.Get("$top")); err == nil && top < 20 {
		units--
	}
	return max(units, 1), 0
}
