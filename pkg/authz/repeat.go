package authz

import (
	"maps"
	"time"

	"leasehold/pkg/entitlement"
)

// Repeat is by what a command is known when it is sent again. A command that makes something
// makes one thing under each key of its caller, whenever it comes; and one under each
// client-request-id with the same fingerprint, for some minutes (S12).
type Repeat struct {
	IdempotencyKey  string // "" where the caller gives none
	ClientRequestID string // likewise, and of commands that make nothing
	Fingerprint     string // of what is asked, and of what

	// Set for whoever carries it out: what the first event of what is made has to keep, and an
	// event to be written with a change that makes nothing with events of its own.
	Mark   string
	MadeAt time.Time // the time of what is made, and of its event
	Done   *entitlement.Event
}

// Instant is the time of what a command makes.
func (r Repeat) Instant(now time.Time) time.Time {
	if !r.MadeAt.IsZero() {
		return r.MadeAt
	}
	return now
}

// CanRepeat reports a command that is known again.
func (r Repeat) CanRepeat() bool { return r.IdempotencyKey != "" || r.ClientRequestID != "" }

// Marked returns the first event of what the command makes as it is to be kept.
func (r Repeat) Marked(e entitlement.Event) entitlement.Event {
	e.At = r.Instant(e.At)
	if r.Mark != "" {
		e.Data = maps.Clone(e.Data)
		if e.Data == nil {
			e.Data = map[string]string{}
		}
		e.Data[entitlement.DataFingerprint] = r.Mark
	}
	return e
}

// Recorded returns what is to be written with the change that the command makes: the event
// that it was carried out, with what it is answered, or nothing.
func (r Repeat) Recorded(answer string) []entitlement.Event {
	if r.Done == nil {
		return nil
	}
	e := r.Marked(*r.Done)
	if answer != "" {
		e.Data = maps.Clone(e.Data)
		if e.Data == nil {
			e.Data = map[string]string{}
		}
		e.Data[entitlement.DataAnswer] = answer
	}
	_, e = entitlement.Chain{}.Append(e)
	return []entitlement.Event{e}
}
