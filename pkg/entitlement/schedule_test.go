package entitlement

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestA8_DurationsOfFixedLengthAreReadAndOthersRefused(t *testing.T) {
	day := 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"P30D": 30 * day, "PT8H": 8 * time.Hour, "P1W": 7 * day, "P1DT12H": 36 * time.Hour, "PT0S": 0, "PT1M": time.Minute, "P3660D": 3660 * day,
	} {
		if got, err := ParseDuration("duration", text); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "P", "PT", "P1Y", "P1M", "P1Y2M10DT2H30M", "PT1e400S", "PT-1H", "-P1D", "P1.5D", "PT30S", "P3661D", "P99999999D", "P1D2W", "PT1M1H", "P1DT", "1D", "p1d", "P1D ", "PNaND"} {
		if got, err := ParseDuration("duration", text); KindOf(err) != Invalid {
			t.Errorf("%q: got %v, %v, want a refusal", text, got, err)
		}
	}
}

func TestA8_EveryDurationReadsBackAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(60, 3660*86400).Draw(t, "seconds")) * time.Second
		if got, err := ParseDuration("duration", FormatDuration(d)); err != nil || got != d {
			t.Fatalf("%v is written %s and read %v, %v", d, FormatDuration(d), got, err)
		}
	})
}

func TestA8_TimesOutsideFourDigitYearsAreRefused(t *testing.T) {
	for _, text := range []string{"10000-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-10:00", "2026-13-01T00:00:00Z", "2026-01-01", "tomorrow", ""} {
		if got, err := ParseTime("startDateTime", text); KindOf(err) != Invalid {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	got, err := ParseTime("startDateTime", "2026-03-01T10:00:00.1234567+02:00")
	if want := time.Date(2026, 3, 1, 8, 0, 0, 123456700, time.UTC); err != nil || !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestF24_ADayStaysTwentyFourHoursAcrossDaylightSaving(t *testing.T) {
	start := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		start time.Time
		d     time.Duration
		want  time.Time
	}{
		{start, 48 * time.Hour, time.Date(2026, 3, 30, 12, 0, 0, 0, time.UTC)},
		{time.Date(2028, 2, 28, 0, 0, 0, 0, time.UTC), 24 * time.Hour, time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC)},
		{time.Date(2038, 1, 18, 0, 0, 0, 0, time.UTC), 48 * time.Hour, time.Date(2038, 1, 20, 0, 0, 0, 0, time.UTC)},
	} {
		if got := (Expiration{Type: ExpireAfterDuration, Duration: c.d}).EndFrom(c.start); !got.Equal(c.want) {
			t.Errorf("%v and %v: got %v, want %v", c.start, c.d, got, c.want)
		}
	}
}

func TestR109_PeriodsThatAreOverOrInvertedAreRefused(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return now.Add(d) }
	until := func(end time.Time) Expiration { return Expiration{Type: ExpireAfterDateTime, End: end} }
	for name, c := range map[string]struct {
		s  Schedule
		ok bool
	}{
		"nothing asked":              {Schedule{}, true},
		"end in the future":          {Schedule{Expiration: until(at(time.Nanosecond))}, true},
		"end now":                    {Schedule{Expiration: until(now)}, false},
		"end in the past":            {Schedule{Expiration: until(at(-time.Hour))}, false},
		"start in the past is now":   {Schedule{Start: at(-time.Hour), Expiration: until(at(time.Hour))}, true},
		"end before start":           {Schedule{Start: at(2 * time.Hour), Expiration: until(at(time.Hour))}, false},
		"end at start":               {Schedule{Start: at(time.Hour), Expiration: until(at(time.Hour))}, false},
		"end just after start":       {Schedule{Start: at(time.Hour), Expiration: until(at(time.Hour + 1))}, true},
		"start beyond ten years":     {Schedule{Start: at(MaxDuration + 1)}, false},
		"duration and end":           {Schedule{Expiration: Expiration{Type: ExpireAfterDateTime, Duration: time.Hour, End: at(time.Hour)}}, false},
		"after duration without one": {Schedule{Expiration: Expiration{Type: ExpireAfterDuration}}, false},
		"never with an end":          {Schedule{Expiration: Expiration{Type: ExpireNever, End: at(time.Hour)}}, false},
		"unknown type":               {Schedule{Expiration: Expiration{Type: "someday"}}, false},
	} {
		if err := c.s.Check(now); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
