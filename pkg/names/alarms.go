package names

import "time"

// Alarm is when an alarm rings: where a figure is beyond At for so many periods in a row.
type Alarm struct {
	ID      string
	Figure  Figure // of a period; of ours where it names a metric, else of AWS's own
	Below   bool   // rings below At; else above it
	At      float64
	Periods int
	Silence bool // a period without a figure counts as one beyond At; else as none
}

// Figure is what CloudWatch makes of the values of one period.
type Figure struct {
	Metric    string
	Statistic Statistic
	Period    time.Duration
}

// Statistic is one of CloudWatch's, by its name there.
type Statistic string

// The statistics that alarms ask for.
const (
	Maximum     Statistic = "Maximum"
	Sum         Statistic = "Sum"
	SampleCount Statistic = "SampleCount"
)

// Alarms lists every alarm of the stack.
var Alarms = []Alarm{
	{ID: "schedule-silent", Figure: Figure{MetricExpiryLag, SampleCount, time.Minute}, Below: true, At: 1, Periods: 5, Silence: true},
	{ID: "expiry-lag", Figure: Figure{MetricExpiryLag, Maximum, time.Minute}, At: 120, Periods: 3},
	{ID: "overdue-removals", Figure: Figure{MetricOverdueRemovals, Maximum, time.Minute}, At: 0, Periods: 3},
	{ID: "pending-reconciliation", Figure: Figure{MetricOldestPendingReconciliation, Maximum, time.Minute}, At: 3600, Periods: 3},
	{ID: "unreadable-items", Figure: Figure{MetricUnreadable, Sum, time.Minute}, At: 0, Periods: 1},
	{ID: "urgent-age", Figure: Figure{"", Maximum, time.Minute}, At: 300, Periods: 3},
	{ID: "bulk-age", Figure: Figure{"", Maximum, time.Minute}, At: 1800, Periods: 3},
	{ID: "dead-letters", Figure: Figure{"", Maximum, time.Minute}, At: 0, Periods: 1},
	{ID: "worker-errors", Figure: Figure{"", Sum, 15 * time.Minute}, At: 2, Periods: 1},
	{ID: "api-errors", Figure: Figure{"", Sum, 5 * time.Minute}, At: 5, Periods: 1},
	{ID: "throttles", Figure: Figure{"", Sum, time.Minute}, At: 0, Periods: 5},
}

// FindAlarm returns the alarm of the id.
func FindAlarm(id string) (Alarm, bool) {
	for _, a := range Alarms {
		if a.ID == id {
			return a, true
		}
	}
	return Alarm{}, false
}

// Rings reports whether the alarm would ring at some time, as CloudWatch does: values are
// those of each period, one after the other.
func (a Alarm) Rings(values [][]float64) bool {
	row := 0
	for _, period := range values {
		if row++; !a.beyond(period) {
			row = 0
		}
		if row == a.Periods {
			return true
		}
	}
	return false
}

func (a Alarm) beyond(values []float64) bool {
	if len(values) == 0 {
		return a.Silence
	}
	figure := a.Figure.of(values)
	if a.Below {
		return figure < a.At
	}
	return figure > a.At
}

func (f Figure) of(values []float64) (figure float64) {
	switch f.Statistic {
	case SampleCount:
		return float64(len(values))
	case Sum:
		for _, v := range values {
			figure += v
		}
		return figure
	default:
		figure = values[0]
		for _, v := range values {
			figure = max(figure, v)
		}
		return figure
	}
}
