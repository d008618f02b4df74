package names

import "time"

// Alarm is when an alarm fires: where a metric is beyond At for so many periods in a row.
type Alarm struct {
	ID                  string
	Metric              Metric // of a period; of ours where it names a metric, else of AWS's own
	Below               bool   // fires below At; else above it
	At                  float64
	Periods             int
	MissingDataBreaches bool // a period without data counts as one beyond At; else as none
}

// Metric is what CloudWatch makes of the values of one period.
type Metric struct {
	Name      string
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
	{ID: "schedule-silent", Metric: Metric{MetricExpiryLag, SampleCount, time.Minute}, Below: true, At: 1, Periods: 5, MissingDataBreaches: true},
	{ID: "expiry-lag", Metric: Metric{MetricExpiryLag, Maximum, time.Minute}, At: 120, Periods: 3},
	{ID: "overdue-removals", Metric: Metric{MetricOverdueRemovals, Maximum, time.Minute}, At: 0, Periods: 3},
	{ID: "pending-reconciliation", Metric: Metric{MetricOldestPendingReconciliation, Maximum, time.Minute}, At: 3600, Periods: 3},
	{ID: "unreadable-items", Metric: Metric{MetricUnreadable, Sum, time.Minute}, At: 0, Periods: 1},
	{ID: "urgent-age", Metric: Metric{"", Maximum, time.Minute}, At: 300, Periods: 3},
	{ID: "bulk-age", Metric: Metric{"", Maximum, time.Minute}, At: 1800, Periods: 3},
	{ID: "dead-letters", Metric: Metric{"", Maximum, time.Minute}, At: 0, Periods: 1},
	{ID: "worker-errors", Metric: Metric{"", Sum, 15 * time.Minute}, At: 2, Periods: 1},
	{ID: "api-errors", Metric: Metric{"", Sum, 5 * time.Minute}, At: 5, Periods: 1},
	{ID: "throttles", Metric: Metric{"", Sum, time.Minute}, At: 0, Periods: 5},
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

// Fires reports whether the alarm would fire at some time, as CloudWatch does: values are
// those of each period, one after the other.
func (a Alarm) Fires(values [][]float64) bool {
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
		return a.MissingDataBreaches
	}
	metric := a.Metric.of(values)
	if a.Below {
		return metric < a.At
	}
	return metric > a.At
}

func (f Metric) of(values []float64) (metric float64) {
	// As CloudWatch computes it, for tests that have no CloudWatch.
	switch f.Statistic {
	case SampleCount:
		return float64(len(values))
	case Sum:
		for _, v := range values {
			metric += v
		}
		return metric
	default:
		metric = values[0]
		for _, v := range values {
			metric = max(metric, v)
		}
		return metric
	}
}
