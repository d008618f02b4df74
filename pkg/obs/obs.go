// Package obs is what an operator sees of the functions: structured log lines
// with constant messages, and metrics that ride in the log (CloudWatch's
// embedded metric format), so that neither costs a call. A log line names ids,
// kinds and causes; it never holds a token, a credential or a body, and redact.go
// takes out what slips in by mistake.
package obs

import (
	"context"
	"io"
	"log/slog"
	"os"

	"leasehold/pkg/entitlement"
)

type contextKey int

const (
	loggerKey contextKey = iota
	requestIDKey
)

// Init makes the function's logger the process's default and returns it. A main calls it once.
func Init(function string) *slog.Logger {
	logger := New(os.Stdout, function)
	slog.SetDefault(logger)
	return logger
}

// New returns a logger that writes JSON lines to w, each naming the function.
func New(w io.Writer, function string) *slog.Logger {
	handler := slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: redact})
	return slog.New(handler).With("function", function)
}

// WithLogger returns a context whose Logger is logger.
func WithLogger(ctx context.Context, logger *slog.Logger) context.Context {
	return context.WithValue(ctx, loggerKey, logger)
}

// Logger returns the logger of the work in hand, or the process's default.
func Logger(ctx context.Context) *slog.Logger {
	if logger, ok := ctx.Value(loggerKey).(*slog.Logger); ok {
		return logger
	}
	return slog.Default()
}

// WithRequestID returns a context that knows the request id and logs it with every line.
func WithRequestID(ctx context.Context, id string) context.Context {
	ctx = WithLogger(ctx, Logger(ctx).With("requestId", id))
	return context.WithValue(ctx, requestIDKey, id)
}

// RequestID returns the id under which the work in hand is logged, or "" outside of any.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey).(string)
	return id
}

// Err returns the attributes of a failure: its kind, the operation that failed and the whole
// cause, without the texts that its messages quote.
func Err(err error) slog.Attr {
	if err == nil {
		return slog.Attr{}
	}
	attrs := []any{slog.String("kind", entitlement.KindOf(err).String()), slog.String("code", entitlement.CodeOf(err))}
	if op := opOf(err); op != "" {
		attrs = append(attrs, slog.String("op", op))
	}
	return slog.Group("error", append(attrs, slog.String("cause", entitlement.LogText(err)))...)
}
