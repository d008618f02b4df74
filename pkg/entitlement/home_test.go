package entitlement

import (
	"testing"
	"time"
)

// S21: of how long a package takes is told in whole hours and days, and of few requests nothing.
func TestS21_HowLongAPackageTakesIsToldInWholeHoursAndDays(t *testing.T) {
	const day = 24 * time.Hour
	for took, want := range map[time.Duration]time.Duration{0: time.Hour, 37 * time.Minute: time.Hour, time.Hour: time.Hour, time.Hour + 1: day, day: day, day + 1: 2 * day, 50 * time.Hour: 3 * day, 3 * day: 3 * day} {
		if got, told := (Pace{Samples: MinPace, Median: took}).Within(); !told || got != want {
			t.Errorf("of %s is told %s, %t", took, got, told)
		}
	}
	if _, told := (Pace{Samples: MinPace - 1, Median: day}).Within(); told {
		t.Error("of few requests it is told as well")
	}
}

func TestWhatEndsSoonIsLiveAndHasAnEnd(t *testing.T) {
	for name, c := range map[string]struct {
		a    Assignment
		want bool
	}{
		"in two weeks": {Assignment{Target: TargetPresent, End: noon.Add(SoonBefore)}, true},
		"later":        {Assignment{Target: TargetPresent, End: noon.Add(SoonBefore + 1)}, false},
		"never":        {Assignment{Target: TargetPresent}, false},
		"ended":        {Assignment{Target: TargetAbsent, End: noon}, false},
	} {
		if c.a.EndsSoon(noon) != c.want {
			t.Errorf("%s: %t", name, !c.want)
		}
	}
}
