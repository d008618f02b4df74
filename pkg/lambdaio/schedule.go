package lambdaio

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/obs"
)

// Schedule serves a schedule with h, which is told when the sweep was due. A
// sweep that fails is logged and reported, so that Lambda tries it again and then
// parks it; the next sweep does its work anyway.
func Schedule(h func(context.Context, time.Time) error) func(context.Context, events.EventBridgeEvent) error {
	return func(ctx context.Context, event events.EventBridgeEvent) (err error) {
		ctx = withInvocation(ctx)
		defer func() {
			if thrown := recover(); thrown != nil {
				logPanic(ctx, thrown)
				err = fmt.Errorf("the sweep of %s panicked", event.Time.UTC().Format(time.RFC3339))
			}
		}()

		if err := h(ctx, event.Time.UTC()); err != nil {
			obs.Logger(ctx).Error("sweep failed", "due", event.Time.UTC(), obs.Err(err))

			// Lambda keeps what is returned with the parked event, so it is scrubbed like a log
			// line.
			return fmt.Errorf("sweep failed: %s", obs.Scrub(entitlement.LogText(err)))
		}
		return nil
	}
}
