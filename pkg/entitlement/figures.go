package entitlement

import (
	"time"

	"leasehold/pkg/order"
)

// FiguresKept is for how many days figures are kept.
const FiguresKept = 31

// DayFigures say how much happened on a day of UTC, and how long roles took to go.
type DayFigures struct {
	Day       string // like 2026-01-31
	Requests  int    // that were made
	Approvals int    // of requests as a whole
	Denials   int
	Removals  int           // ended assignments of which every role was read back absent
	LagSum    time.Duration // of those, from the end to that
	LagMax    time.Duration
}

// Figures are counted from events, a piece of time after another, so that a page shows a month
// without reading it. There is one of them.
type Figures struct {
	Through time.Time    // everything before it was counted
	Days    []DayFigures // that have anything, in order
	Meta
}

// DataEnded is when an assignment ended, in the event that its roles were read back absent.
const DataEnded = "ended"

// Count adds the events of the time from Through on, and forgets days that are too long ago.
func (f Figures) Count(events []Event, through time.Time) Figures {
	days := map[string]*DayFigures{}
	for _, d := range f.Days {
		days[d.Day] = &d
	}
	for _, e := range events {
		day := e.At.UTC().Format(time.DateOnly)
		if days[day] == nil {
			days[day] = &DayFigures{Day: day}
		}
		days[day].count(e)
	}

	oldest := through.UTC().AddDate(0, 0, -FiguresKept+1).Format(time.DateOnly)
	f.Days, f.Through = nil, through
	for _, d := range days {
		if d.Day >= oldest && *d != (DayFigures{Day: d.Day}) {
			f.Days = append(f.Days, *d)
		}
	}
	order.SortFunc(f.Days, func(a, b DayFigures) int {
		if a.Day < b.Day {
			return -1
		}
		return 1
	})
	return f
}

func (d *DayFigures) count(e Event) {
	if e.Aggregate != OfRequest {
		return
	}
	switch e.Kind {
	case "submitted":
		d.Requests++
	case "approved":
		d.Approvals++
	case "denied":
		d.Denials++
	case "revoked":
		ended, err := time.Parse(time.RFC3339Nano, e.Data[DataEnded])
		if err != nil || e.At.Before(ended) {
			return // there were no roles, or a clock was set back
		}
		lag := e.At.Sub(ended)
		d.Removals++
		d.LagSum += lag
		d.LagMax = max(d.LagMax, lag)
	}
}

// LagMean is how long roles took to go on average; zero where none went.
func (d DayFigures) LagMean() time.Duration {
	if d.Removals == 0 {
		return 0
	}
	return d.LagSum / time.Duration(d.Removals)
}
