// Package fanout wires the function that carries package edits to the holders.
package fanout

import (
	"context"
	"fmt"
	"log/slog"

	"leasehold/pkg/app/base"
	"leasehold/pkg/clock"
	"leasehold/pkg/config"
	"leasehold/pkg/delivery"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
	"leasehold/pkg/queue"
)

var (
	_ delivery.FanOutStore = (*dynamo.DB)(nil)
	_ delivery.Queue       = (*queue.SQS)(nil)
	_ delivery.Again       = (*queue.SQS)(nil)
)

// New returns the function's handler of a batch of messages, and the queue that it drains.
func New(c config.Config, log *slog.Logger) (func(context.Context, []lambdaio.Message) map[string]error, lambdaio.Queues, error) {
	clients := base.Open(c)
	return Handler(&delivery.FanOut{
		Store: clients.Table(), Bulk: clients.Sender(names.DeliverBulk), JobQueue: clients.Sender(names.FanoutJobs), Clock: clock.System{}, Log: log,
	}), clients.Drained(), clients.Err()
}

// Handler carries on each job that the batch names, one after the other. A message that
// nobody can read fails alone.
func Handler(f *delivery.FanOut) func(context.Context, []lambdaio.Message) map[string]error {
	return func(ctx context.Context, messages []lambdaio.Message) map[string]error {
		outcome := map[string]error{}
		for _, m := range messages {
			job, err := queue.DecodeJob(m.Body)
			if err != nil {
				outcome[m.ID] = fmt.Errorf("%w: %w", lambdaio.ErrMalformed, err)
				continue
			}
			outcome[m.ID] = f.Run(ctx, job.Package, job.Generation)
		}
		return outcome
	}
}
