// Package lambdaio stands between the Lambda runtime and our handlers: it turns
// what API Gateway, SQS and EventBridge hand over into plain Go (an *http.Request,
// messages, a time) and the answers back. The rest of the code never sees an
// event, so the same handlers run in a test and in one local process. Each adapter
// gives the work a request id and a logger (package obs), and turns a panic into
// the answer that its trigger understands, so that one bad request harms no other.
package lambdaio

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"leasehold/pkg/obs"
)

// RequestID returns the id under which the work in hand is logged.
func RequestID(ctx context.Context) string { return obs.RequestID(ctx) }

// withInvocation names the work after the invocation, for triggers that bring no id of their own.
func withInvocation(ctx context.Context) context.Context {
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		return obs.WithRequestID(ctx, invocation.AwsRequestID)
	}
	return obs.WithRequestID(ctx, "")
}

// logPanic writes the one line that a panic leaves. What was thrown may hold
// anything, so it goes through the redacting logger and nowhere else.
func logPanic(ctx context.Context, thrown any) {
	obs.Logger(ctx).Error("handler panicked", "panic", fmt.Sprint(thrown), "stack", string(debug.Stack()))
}
