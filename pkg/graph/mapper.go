package graph

import (
	"time"

	"leasehold/pkg/entitlement"
)

// shownTime is the finest that is shown of a time.
const shownTime = 100 * time.Nanosecond

// instant is a time on the wire: UTC, with at most seven digits of a second, which is
// what the clients of every language read; null where there is none.
func instant(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Truncate(shownTime)
}

// text is a text on the wire; null where it is empty.
func text[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// texts is a list of texts on the wire.
func texts[T ~string](all []T) []any {
	out := make([]any, len(all))
	for i, s := range all {
		out[i] = string(s)
	}
	return out
}

// objects is a list of objects on the wire.
func objects[T any](all []T, mapper func(T) object) []any {
	out := make([]any, len(all))
	for i, v := range all {
		out[i] = mapper(v)
	}
	return out
}

func mapExpiration(e entitlement.Expiration) object {
	kind := e.Type
	if kind == "" {
		kind = entitlement.ExpireNotSpecified
	}
	o := object{"type": string(kind), "duration": nil, "endDateTime": instant(e.End)}
	if kind == entitlement.ExpireAfterDuration {
		o["duration"] = entitlement.FormatDuration(e.Duration)
	}
	return o
}

func mapSchedule(start time.Time, e entitlement.Expiration) object {
	return object{"startDateTime": instant(start), "recurrence": nil, "expiration": mapExpiration(e)}
}
