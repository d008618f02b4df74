package names_test

import (
	"slices"
	"testing"

	"leasehold/pkg/names"
)

// each is one value in each period.
func each(values ...float64) (periods [][]float64) {
	for _, v := range values {
		periods = append(periods, []float64{v})
	}
	return periods
}

// theirs are the stories of the alarms on AWS's own metrics: what AWS tells in one in which
// the alarm must fire, and in one in which it must not. Those on metrics of ours are played
// in app/expire.
var theirs = map[string]struct{ fires, quiet [][]float64 }{
	"urgent-age":    {each(20, 301, 361, 421, 20), each(20, 301, 361, 20, 301, 361)}, // no worker takes a message for six minutes; for five and a bit, twice
	"bulk-age":      {each(1700, 1801, 1861, 1921), each(600, 1200, 1800, 1860, 0)},  // an edit is under way for 32 minutes; for 31
	"dead-letters":  {each(0, 1), each(0, 0, 0)},                                     // one message failed every time; all passed
	"worker-errors": {[][]float64{{1, 1, 1}}, [][]float64{{1, 1}, {0}, {1}}},         // three crashes in a quarter of an hour; two, and one more later
	"api-errors":    {[][]float64{{1, 1, 1, 1, 1, 1}}, [][]float64{{5}, {}, {5}}},    // six calls of five minutes failed; five
	"throttles":     {each(1, 4, 9, 2, 1), each(9, 9, 9, 9, 0, 9)},                   // functions were refused for five minutes in a row; for four
}

func TestEachAlarmOfAWSFiresInItsStoryAndNotInTheOther(t *testing.T) {
	var known []string
	for _, a := range names.Alarms {
		if known = append(known, a.ID); a.Metric.Name != "" {
			continue
		}
		told, there := theirs[a.ID]
		if !there {
			t.Errorf("the alarm %s has no stories", a.ID)
			continue
		}
		if !a.Fires(told.fires) || a.Fires(told.quiet) {
			t.Errorf("%s fires in its story: %t, in the other: %t", a.ID, a.Fires(told.fires), a.Fires(told.quiet))
		}
	}
	if slices.Sort(known); len(slices.Compact(known)) != len(names.Alarms) {
		t.Error("two alarms have one id")
	}
}

func TestAPeriodWithoutDataCountsAsTheAlarmSays(t *testing.T) {
	silent := [][]float64{{0}, nil, nil, nil, nil, nil}
	for _, a := range names.Alarms {
		if a.Fires(silent[1:]) != a.MissingDataBreaches {
			t.Errorf("%s fires without data: %t", a.ID, !a.MissingDataBreaches)
		}
	}
}
