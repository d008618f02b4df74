package sharepointserver

import (
	"net/http"
	"strings"
	"time"
)

// The published limit for one application in a tenant of up to 1,000 licenses.
const (
	MaxUnits   = 1200
	UnitWindow = time.Minute
)

// Cost returns what a request counts. The path is that below _api/.
func Cost(method, path string) int {
	switch {
	case method != http.MethodGet && !strings.HasPrefix(path, "SP.UI."):
		return 5
	case path == "web" || path == "site" || strings.HasSuffix(path, ")"):
		return 1
	}
	return 2
}

// window counts what came in the last while, which slides: stricter than a bucket of the same size.
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

// take counts a request, or returns how long to wait until it would be taken.
func (w *window) take(now time.Time, n int) time.Duration {
	if w.most == 0 {
		return 0
	}
	for len(w.spent) > 0 && !w.spent[0].at.After(now.Add(-w.length)) {
		w.sum -= w.spent[0].n
		w.spent = w.spent[1:]
	}
	if w.sum+n <= w.most {
		w.sum += n
		w.spent = append(w.spent, spent{now, n})
		return 0
	}
	free := w.most - w.sum
	for _, s := range w.spent {
		if free += s.n; free >= n {
			return s.at.Add(w.length).Sub(now)
		}
	}
	return w.length
}
