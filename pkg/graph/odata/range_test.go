package odata

import (
	"testing"
	"time"
)

// What a filter demands of a time narrows what is read, and never by more than it demands.
func TestTimesAreThoseThatEveryMatchLiesIn(t *testing.T) {
	const one, two, three = "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"
	for filter, want := range map[string][2]string{
		"at ge " + one:                                     {one, ""},
		"at gt " + one + " and at lt " + two:               {one, two},
		one + " le at and " + two + " ge at":               {one, two},
		"at eq " + two:                                     {two, two},
		"at le " + three + " and (at le " + two + ")":      {"", two},
		"at ge " + one + " and at ge " + two:               {two, ""},
		"at ge " + one + " or name eq 'x'":                 {"", ""},
		"not (at ge " + one + ")":                          {"", ""},
		"at ne " + one:                                     {"", ""},
		"other ge " + one:                                  {"", ""},
		"name eq 'x' and at ge " + two:                     {two, ""},
		"(at ge " + one + " or at ge " + two + ")":         {"", ""},
		"at ge " + one + " and (at le 2026-03-02)":         {one, two},
		"AT ge " + one + " and x/any(a: a ge " + two + ")": {one, ""},
	} {
		f, err := ParseFilter(filter)
		if err != nil {
			t.Fatal(filter, err)
		}
		from, to := f.Times("at")
		text := func(at time.Time) string {
			if at.IsZero() {
				return ""
			}
			return at.Format(time.RFC3339)
		}
		if got := [2]string{text(from), text(to)}; got != want {
			t.Errorf("%s: got %q, want %q", filter, got, want)
		}
	}

	if from, to := (*Filter)(nil).Times("at"); !from.IsZero() || !to.IsZero() {
		t.Error("no filter demands a time")
	}
}
