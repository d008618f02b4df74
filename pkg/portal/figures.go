package portal

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
	"leasehold/pkg/obs"
)

// resting is a target that is left alone after it failed as a whole.
type resting struct {
	entitlement.Breaker
	Target string
}

func (v *visit) resting(ctx context.Context, targets map[entitlement.ConnectorID]string) (all []resting, err error) {
	list, err := v.Views.Resting(ctx, v.by.Caller, slices.Sorted(maps.Keys(targets)), v.now)
	for _, b := range list {
		all = append(all, resting{b, targetName(targets, b.Connector)})
	}
	return all, err
}

// parked is how many messages lie in one dead-letter queue.
type parked struct {
	ID      string
	Name    string
	Count   int
	Unknown bool // it could not be counted at the moment
}

// meanings says what words of ours mean to people. It is data alone, where a map of few would be code
// that every start runs.
type meanings [][2]string

// of returns what a word means, "" where nothing is said of it.
func (w meanings) of(word string) string {
	for _, each := range w {
		if each[0] == word {
			return each[1]
		}
	}
	return ""
}

// parkerWords are what parks messages, in words.
var parkerWords = meanings{
	{names.DeliverUrgent, "Deliveries that people wait for"},
	{names.DeliverBulk, "Deliveries of edited packages"},
	{names.FanoutJobs, "Edits of packages, and exports"},
	{names.Expire, "Sweeps of every minute"},
	{names.Drift, "Comparisons with targets"},
	{names.VPCUrgent, "Deliveries that people wait for, in the VPC"},
	{names.VPCBulk, "Deliveries of edited packages, in the VPC"},
	{names.DriftVPC, "Comparisons with targets in the VPC"},
}

// parked counts what lies in each dead-letter queue. A queue that does not answer takes no page
// with it: what else goes wrong is looked for just then.
func (v *visit) parked(ctx context.Context) []parked {
	if v.Parked == nil {
		return nil
	}
	var all []parked
	for _, id := range names.Parkers(v.Catalogs.VPC) {
		all = append(all, parked{ID: id, Name: v.T(parkerWords.of(id))})
	}

	var counting sync.WaitGroup
	for i := range all {
		counting.Go(func() {
			n, err := v.Parked.Count(ctx, all[i].ID)
			all[i].Count, all[i].Unknown = n, err != nil
			if err != nil {
				obs.Logger(ctx).WarnContext(ctx, "parked messages were not counted", "queue", all[i].ID, obs.Err(err))
			}
		})
	}
	counting.Wait()
	return all
}

// figuresPage is how much happened a day.
type figuresPage struct {
	Through time.Time // zero: nothing was counted yet
	Days    []entitlement.DayFigures
	Made    chart
	Lag     chart
}

// daysShown is how many days the page shows.
const daysShown = 14

func showFigures(ctx context.Context, v *visit) (answer, error) {
	f, err := v.Views.Figures(ctx, v.by.Caller)
	if err != nil {
		return answer{}, err
	}
	return page(figuresView(v, v.figures(f)))
}

// figures lays out what was counted, the latest day last; a day of which there is nothing is one
// of noughts.
func (v *visit) figures(f entitlement.Figures) figuresPage {
	shown := figuresPage{Through: f.Through}
	if f.Version == 0 {
		return shown
	}
	for n := daysShown - 1; n >= 0; n-- {
		day := entitlement.DayFigures{Day: f.Through.UTC().AddDate(0, 0, -n).Format(time.DateOnly)}
		for _, d := range f.Days {
			if d.Day == day.Day {
				day = d
			}
		}
		shown.Days = append(shown.Days, day)
	}

	shown.Made = chart{ID: "asked", Title: v.T("Requests and approvals a day"), Series: [2]string{v.T("Requests"), v.T("Approved")},
		Say: func(n float64) string { return strconv.Itoa(int(n)) }}
	shown.Lag = chart{ID: "lag", Title: v.T("From the end of an assignment to its roles read back as gone"), Series: [2]string{v.T("Longest"), v.T("Average")},
		Say: func(n float64) string { return v.lasting(time.Duration(n)) }}
	for _, d := range shown.Days {
		shown.Made.add(d.Day, float64(d.Requests), float64(d.Approvals))
		shown.Lag.add(d.Day, float64(d.LagMax), float64(d.LagMean()))
	}
	return shown
}

// chart is bars for days, two beside each other. The table below it says the same: a chart is to
// be looked at, and the table is the truth.
type chart struct {
	ID, Title string
	Series    [2]string // the first is drawn as an outline, the second filled: no colour tells them apart
	Say       func(float64) string
	Days      []string
	Values    [][2]float64
}

func (c *chart) add(day string, first, second float64) {
	c.Days, c.Values = append(c.Days, day), append(c.Values, [2]float64{first, second})
}

// Most is the highest value.
func (c chart) Most() (most float64) {
	for _, pair := range c.Values {
		most = max(most, pair[0], pair[1])
	}
	return most
}

// Size of a chart, in its own units.
const (
	chartHigh = 120
	barWide   = 14
	dayWide   = 40
)

// bar is where a bar is drawn.
type bar struct{ X, Y, Width, Height, Class string }

// Bars are all of them that can be seen.
func (c chart) Bars() (all []bar) {
	most := c.Most()
	for i, pair := range c.Values {
		for n, value := range pair {
			if value <= 0 {
				continue
			}
			high := max(2, value/most*chartHigh) // what is little is seen all the same
			all = append(all, bar{strconv.Itoa(i*dayWide + 4 + n*(barWide+2)), number(chartHigh - high), strconv.Itoa(barWide), number(high), []string{"outline", "filled"}[n]})
		}
	}
	return all
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

// ViewBox is the size of the drawing, with room for the days below it.
func (c chart) ViewBox() string {
	return "0 -4 " + strconv.Itoa(len(c.Days)*dayWide) + " " + strconv.Itoa(chartHigh+24)
}

// lasting is how long something took.
func (v *visit) lasting(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return v.T("%d s", int(d/time.Second))
	case d < 2*time.Hour:
		return v.T("%d min", int(d/time.Minute))
	case d < 48*time.Hour:
		return v.T("%d h", int(d/time.Hour))
	default:
		return v.Days(d.Truncate(24 * time.Hour))
	}
}

// dayNamed is a day of UTC as people write it.
func (v *visit) dayNamed(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	plain := *v
	plain.zone = nil
	return plain.Day(t)
}
