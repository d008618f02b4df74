package entitlement

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/order"
)

// Kind says what sort of failure an error is; machines decide by it.
type Kind uint8

// The kinds. KindOf gives Internal for every error that is not ours.
const (
	Internal        Kind = iota // a bug, or unknown
	Invalid                     // malformed or out of range
	Unauthenticated             // no verified principal
	Forbidden                   // a known object, and not allowed
	NotFound                    // absent, or may not be known to exist
	Conflict                    // wrong state, stale version, duplicate open request
	Precondition                // a policy says no
	Throttled                   // too much, here or at a dependency
	Unavailable                 // a dependency is down or too slow
	Unsupported                 // understood, and not done yet
)

// Verdict is what a queue is told about an error.
type Verdict uint8

// The verdicts.
const (
	Retry     Verdict = iota // deliver the message again
	Permanent                // recorded where it happened; acknowledge
)

type kindRow struct {
	name    string
	code    string // default Code of the kind, one of Graph's documented codes
	status  int
	verdict Verdict
}

// kinds is the one table from kind to everything that people, clients and queues see of it.
var kinds = [...]kindRow{
	Internal:        {"internal", "generalException", http.StatusInternalServerError, Retry},
	Invalid:         {"invalid", "invalidRequest", http.StatusBadRequest, Permanent},
	Unauthenticated: {"unauthenticated", "unauthenticated", http.StatusUnauthorized, Permanent},
	Forbidden:       {"forbidden", "accessDenied", http.StatusForbidden, Permanent},
	NotFound:        {"not found", "itemNotFound", http.StatusNotFound, Permanent},
	Conflict:        {"conflict", "notAllowed", http.StatusConflict, Retry},
	Precondition:    {"precondition", "notAllowed", http.StatusUnprocessableEntity, Permanent},
	Throttled:       {"throttled", "activityLimitReached", http.StatusTooManyRequests, Retry},
	Unavailable:     {"unavailable", "serviceNotAvailable", http.StatusServiceUnavailable, Retry},
	Unsupported:     {"unsupported", "notSupported", http.StatusNotImplemented, Permanent},
}

// Kinds lists every kind, for tests that walk them.
func Kinds() []Kind {
	all := make([]Kind, len(kinds))
	for k := range kinds {
		all[k] = Kind(k)
	}
	return all
}

// String returns the kind's name.
func (k Kind) String() string { return k.row().name }

// HTTPStatus returns the status that a client of the API sees.
func (k Kind) HTTPStatus() int { return k.row().status }

// Verdict returns what the queue that carried the work is told.
func (k Kind) Verdict() Verdict { return k.row().verdict }

func (k Kind) row() kindRow {
	if int(k) >= len(kinds) {
		return kinds[Internal]
	}
	return kinds[k]
}

// Error is the one error type of the product. Msg is safe to show to anybody and
// says what to do; Err is for logs only.
type Error struct {
	Kind Kind
	Code string // for clients and tests; empty means the kind's default
	Msg  string
	Op   string // the operation that failed, for logs
	Err  error

	Wait time.Duration // after which trying again may help; zero where nobody can say

	// What Msg was made of, so that logs can leave out what it quotes.
	pattern string
	args    []any
	faults  []error // where it says several: each of them
}

// Error returns the whole text, causes included. Logs take LogText instead: Msg is for the
// one who is told, and may name people.
func (e *Error) Error() string {
	s := e.Kind.String() + ": " + e.Msg
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an error of the kind with a message for people.
func Errorf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...), pattern: format, args: args}
}

// Wrap gives a foreign error a kind and a message for people; err itself goes to logs only.
func Wrap(k Kind, op string, err error, msg string) *Error {
	return &Error{Kind: k, Op: op, Err: err, Msg: msg}
}

// KindOf returns the kind of the outermost Error in err's chain, or Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// WaitOf returns how long to wait before err is worth another try; zero where it does not say.
func WaitOf(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Wait
	}
	return 0
}

// CodeOf returns the code that a client sees for err.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Code != "" {
		return e.Code
	}
	return KindOf(err).row().code
}

// MessageOf returns what a person may read of err. Nothing foreign is ever shown.
func MessageOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Msg != "" {
		return e.Msg
	}
	return general
}

// general is what is said of an error that is not ours, or says nothing.
const general = "Something went wrong on our side. Try again; if it stays, give your administrator the request id."

// Translated is MessageOf in other words: say is given each text as it stands in the code, with
// what is put into it.
func Translated(err error, say func(text string, about ...any) string) string {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok || e.Msg == "":
		return say(general)
	case len(e.faults) > 0:
		var said []string
		for _, each := range e.faults {
			if text := Translated(each, say); !slices.Contains(said, text) {
				said = append(said, text)
			}
		}
		return strings.Join(said, " ")
	case e.pattern != "":
		return say(e.pattern, e.args...)
	default:
		return say(e.Msg)
	}
}

// withheld stands in a log where a message quotes a text.
const withheld = "..."

// LogText returns err as a log may have it: causes, ids, numbers and times, and of what
// people read no text that was put into it. Names and addresses of people are such texts.
func LogText(err error) string {
	if err == nil {
		return ""
	}
	var messages []*Error
	eachError(err, func(e *Error) { messages = append(messages, e) })

	// Longer ones first: a message may be part of another.
	order.SortStableFunc(messages, func(a, b *Error) int { return cmp.Compare(len(b.Msg), len(a.Msg)) })
	text := err.Error()
	for _, e := range messages {
		if e.Msg != "" {
			text = strings.ReplaceAll(text, e.Msg, e.logMsg())
		}
	}
	return text
}

// logMsg returns Msg without the texts that it quotes. One that was not made of a pattern
// is not known to hold none.
func (e *Error) logMsg() string {
	if e.pattern == "" {
		return CodeOf(e)
	}
	args := slices.Clone(e.args)
	for i, arg := range args {
		switch arg.(type) {
		case string, []string, error:
			args[i] = withheld
		}
	}
	return fmt.Sprintf(e.pattern, args...)
}

// eachError visits every Error among err and its causes.
func eachError(err error, visit func(*Error)) {
	if e, ok := err.(*Error); ok {
		visit(e)
	}

	// Wrapped or joined: an error may have one cause or several.
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		if cause := err.Unwrap(); cause != nil {
			eachError(cause, visit)
		}
	case interface{ Unwrap() []error }:
		for _, cause := range err.Unwrap() {
			eachError(cause, visit)
		}
	}
}

// AllFaults returns one error that says all that is wrong, nil where nothing is. It is of the
// kind of the first.
func AllFaults(all ...error) error {
	all = slices.DeleteFunc(slices.Clone(all), func(err error) bool { return err == nil })
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}

	var said []string
	for _, err := range all {
		if text := MessageOf(err); !slices.Contains(said, text) {
			said = append(said, text)
		}
	}
	e := Errorf(KindOf(all[0]), "%s", strings.Join(said, " "))
	e.faults = all
	return e
}
