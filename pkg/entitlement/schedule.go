package entitlement

import (
	"fmt"
	"strings"
	"time"
)

// Limits of durations (A8, R78) and of instants.
const (
	MinDuration = time.Minute
	MaxDuration = 3660 * 24 * time.Hour
	maxYear     = 9999 // keys hold four digits
)

// ParseDuration reads an ISO 8601 duration of weeks, days, hours, minutes and
// seconds. Years and months are refused, since their length is not fixed. The
// result is zero or between MinDuration and MaxDuration.
func ParseDuration(what, s string) (time.Duration, error) {
	d, ok := parseISODuration(s)
	if !ok {
		return 0, Errorf(Invalid, "%s must be an ISO 8601 duration in weeks, days, hours and minutes, such as P30D or PT8H; years and months have no fixed length.", what)
	}
	if d != 0 && (d < MinDuration || d > MaxDuration) {
		return 0, Errorf(Invalid, "%s must lie between PT1M and P3660D.", what)
	}
	return d, nil
}

func parseISODuration(s string) (time.Duration, bool) {
	rest, ok := strings.CutPrefix(s, "P")
	if !ok || rest == "" || len(s) > 32 {
		return 0, false
	}
	date, clock, timed := strings.Cut(rest, "T")
	if timed && clock == "" {
		return 0, false
	}
	day := 24 * time.Hour
	d1, ok1 := sumUnits(date, "WD", []time.Duration{7 * day, day})
	d2, ok2 := sumUnits(clock, "HMS", []time.Duration{time.Hour, time.Minute, time.Second})
	return d1 + d2, ok1 && ok2
}

// sumUnits adds up numbers followed by unit letters, in the order of units, each at most once.
func sumUnits(s, units string, worth []time.Duration) (time.Duration, bool) {
	var sum time.Duration
	next := 0
	for s != "" {
		n, digits := int64(0), 0
		for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
			n = n*10 + int64(s[digits]-'0')
			digits++
		}

		// Seven digits are beyond every limit in any unit, and cannot overflow.
		if digits == 0 || digits > 7 || digits == len(s) {
			return 0, false
		}
		at := strings.IndexByte(units[next:], s[digits])
		if at < 0 {
			return 0, false
		}

		part := worth[next+at]
		if n > int64(10*MaxDuration/part) {
			n = int64(10 * MaxDuration / part) // beyond every limit; the caller refuses it
		}

		sum += time.Duration(n) * part
		next += at + 1
		s = s[digits+1:]
	}

	return sum, true
}

// FormatDuration writes d in ISO 8601, the way Graph does: P30D, PT8H, PT0S.
func FormatDuration(d time.Duration) string {
	if d == 0 {
		return "PT0S"
	}

	var b strings.Builder
	b.WriteByte('P')
	if days := d / (24 * time.Hour); days > 0 {
		fmt.Fprintf(&b, "%dD", days)
		d -= days * 24 * time.Hour
	}

	if d > 0 {
		b.WriteByte('T')
		for _, u := range []struct {
			worth time.Duration
			name  byte
		}{{time.Hour, 'H'}, {time.Minute, 'M'}, {time.Second, 'S'}} {
			if n := d / u.worth; n > 0 {
				fmt.Fprintf(&b, "%d%c", n, u.name)
				d -= n * u.worth
			}
		}
	}

	return b.String()
}

// ParseTime reads an RFC 3339 instant and returns it in UTC; years end at 9999.
func ParseTime(what, s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, Errorf(Invalid, "%s must be an RFC 3339 time such as 2026-03-01T09:00:00Z.", what)
	}
	t = t.UTC()
	if t.Year() < 1970 || t.Year() > maxYear {
		return time.Time{}, Errorf(Invalid, "%s must lie between the years 1970 and %d.", what, maxYear)
	}
	return t, nil
}

// ExpirationType says how an end is given. The values are Graph's.
type ExpirationType string

// The expiration types.
const (
	ExpireNotSpecified  ExpirationType = "notSpecified"
	ExpireNever         ExpirationType = "noExpiration"
	ExpireAfterDateTime ExpirationType = "afterDateTime"
	ExpireAfterDuration ExpirationType = "afterDuration"
)

// Expiration is when something ends: never, at an instant, or a duration after its start.
type Expiration struct {
	Type     ExpirationType
	Duration time.Duration
	End      time.Time
}

// Check refuses an expiration whose members do not fit its type, and an end that
// has passed (R79).
func (e Expiration) Check(now time.Time) error {
	switch e.Type {
	case "", ExpireNotSpecified, ExpireNever:
		if e.Duration != 0 || !e.End.IsZero() {
			return Errorf(Invalid, "expiration of type %s takes neither duration nor endDateTime.", e.Type)
		}
	case ExpireAfterDateTime:
		if e.End.IsZero() || e.Duration != 0 {
			return Errorf(Invalid, "expiration of type afterDateTime takes endDateTime and no duration.")
		}
		if !e.End.After(now) {
			return Errorf(Invalid, "expiration endDateTime must lie in the future.")
		}
	case ExpireAfterDuration:
		if e.Duration < MinDuration || !e.End.IsZero() {
			return Errorf(Invalid, "expiration of type afterDuration takes a duration between PT1M and P3660D and no endDateTime.")
		}
	default:
		return Errorf(Invalid, "expiration type must be one of notSpecified, noExpiration, afterDateTime, afterDuration.")
	}
	return nil
}

// EndFrom returns the end of what starts at start; the zero time means never.
func (e Expiration) EndFrom(start time.Time) time.Time {
	switch e.Type {
	case ExpireAfterDateTime:
		return e.End
	case ExpireAfterDuration:
		return start.Add(e.Duration)
	default:
		return time.Time{}
	}
}

// overAt reports that what starts at start would have ended by then.
func (e Expiration) overAt(start time.Time) bool {
	end := e.EndFrom(start)
	return !end.IsZero() && !end.After(start)
}

// Schedule is the period that a request asks for. Zero members mean: the policy's.
type Schedule struct {
	Start      time.Time
	Expiration Expiration
}

// Chooses reports that the requestor picks dates: an end, or a start that lies ahead. A
// start that has come is what everybody means by asking.
func (s Schedule) Chooses(now time.Time) bool {
	return s.Start.After(now) || s.Expiration.Type != "" && s.Expiration.Type != ExpireNotSpecified
}

// Check refuses periods that are empty, inverted or over (R109). A start that has
// passed means now: people send the current day.
func (s Schedule) Check(now time.Time) error {
	if err := s.Expiration.Check(now); err != nil {
		return err
	}
	if end := s.Expiration.End; !end.IsZero() && !s.Start.IsZero() && !end.After(s.Start) {
		return Errorf(Invalid, "schedule: expiration endDateTime must lie after startDateTime.")
	}
	if !s.Start.IsZero() && s.Start.Sub(now) > MaxDuration {
		return Errorf(Invalid, "schedule: startDateTime must lie within the next 3660 days.")
	}
	return nil
}

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
