package graph

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/obs"
)

// failure is a refusal that only the wire knows: of a method, a size, an encoding, or
// of what is not served.
type failure struct {
	status  int
	code    string
	message string
	header  http.Header
	wait    time.Duration // of what is refused for a time
}

// Error returns the message.
func (f *failure) Error() string { return f.message }

// retryAfter is what clients are told to wait, in seconds, when it was us.
const retryAfter = "5"

// again says after how many seconds a refused call may come again, rounded up: whoever
// waits that long is not refused for the same once more.
func (f *failure) again() string {
	if f.wait <= 0 {
		return retryAfter
	}
	return strconv.FormatInt(int64((f.wait+time.Second-1)/time.Second), 10)
}

// fail answers with err in Graph's shape. What is internal goes to the log only.
func (c *call) fail(ctx context.Context, w http.ResponseWriter, err error) {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		kind := entitlement.KindOf(err)
		f = &failure{status: kind.HTTPStatus(), code: entitlement.CodeOf(err), message: entitlement.MessageOf(err), wait: entitlement.WaitOf(err)}
		if kind == entitlement.Internal {
			f.message = entitlement.MessageOf(nil) // of a bug nothing is told but how to report it
		}
	}

	c.log(ctx, f, err)

	header := w.Header()
	for name, values := range f.header {
		header[name] = values
	}

	switch f.status {
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		header.Set("Retry-After", f.again())
	}

	// The answer that failed may have set one.
	header.Del("Location")
	header.Set("Content-Type", "application/json")
	w.WriteHeader(f.status)

	body := object{"error": object{"code": f.code, "message": f.message, "innerError": object{
		"date": c.deps.Clock.Now().UTC().Format("2006-01-02T15:04:05"), "request-id": header.Get(requestID), "client-request-id": header.Get(clientRequestID),
	}}}

	if err := json.MarshalWrite(w, body, json.Deterministic(true)); err != nil {
		obs.Logger(ctx).WarnContext(ctx, "the answer was not taken", obs.Err(err))
	}
}

// log keeps who was refused what, and why: of what is ours as an error, of refusals as
// information. Callers are named by their id, operations by their place in the table, and
// nothing of what a client wrote is kept.
func (c *call) log(ctx context.Context, f *failure, err error) {
	why := obs.Err(err)
	if err == error(f) {
		why = slog.Group("error", "code", f.code)
	}
	about := []any{"status", f.status, "route", c.route, "caller", string(c.by.ID), why}
	quota := f.wait > 0 // the caller's own doing, and nothing that anybody must look at
	switch {
	case !quota && (f.status == http.StatusInternalServerError || f.status == http.StatusServiceUnavailable || f.status == http.StatusTooManyRequests):
		obs.Logger(ctx).ErrorContext(ctx, "call failed", about...)
	default:
		obs.Logger(ctx).InfoContext(ctx, "call refused", about...)
	}
}
