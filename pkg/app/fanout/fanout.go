// Package fanout wires the function that carries on what is too long for one call: edits of
// packages, to their holders, exports, to their files, and changes of roles that are looked at,
// through all whom they concern.
package fanout

import (
	"context"
	"fmt"
	"log/slog"

	"leasehold/pkg/app/base"
	"leasehold/pkg/app/httpapi"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/clock"
	"leasehold/pkg/config"
	"leasehold/pkg/delivery"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/exports"
	"leasehold/pkg/graph"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
	"leasehold/pkg/objects"
	"leasehold/pkg/queue"
	"leasehold/pkg/requests"
	"leasehold/pkg/views"
)

var (
	_ delivery.FanOutStore = (*dynamo.DB)(nil)
	_ delivery.Queue       = (*queue.SQS)(nil)
	_ delivery.Again       = (*queue.SQS)(nil)
	_ exports.Queue        = (*queue.SQS)(nil)
	_ exports.Bucket       = (*objects.S3)(nil)
	_ catalogs.Jobs        = (*queue.SQS)(nil)
)

// New returns the function's handler of a batch of messages, and the queue that it drains.
func New(c config.Config, log *slog.Logger) (func(context.Context, []lambdaio.Message) map[string]error, lambdaio.Queues, error) {
	clients := base.Open(c)
	db, jobs := clients.Table(), clients.Sender(names.FanoutJobs)
	// It reads as the API would for whoever asked, and nobody calls it.
	people := httpapi.Directory(c, db, nil, log)
	writer := graph.NewExporter(graph.Deps{Directory: people, Views: &views.Reader{Store: db}, Clock: clock.System{},
		Requests: &requests.Service{Store: db, Clock: clock.System{}, IDs: clock.System{}, Log: log}})

	return Handler(&delivery.FanOut{
			Store: db, Bulk: clients.Sender(names.DeliverBulk), JobQueue: jobs, Clock: clock.System{}, Log: log,
		}, &exports.Service{Bucket: clients.Files(), Queue: jobs, Writer: writer, Clock: clock.System{}, IDs: clock.System{}}, &catalogs.ImpactWorker{Accounts: people,
			Service: &catalogs.Service{Store: db, Jobs: jobs, Clock: clock.System{}, IDs: clock.System{}, Log: log}}),
		clients.Drained(), clients.Err()
}

// Handler carries on each job that the batch names, one after the other. A message that
// nobody can read fails alone.
func Handler(f *delivery.FanOut, x *exports.Service, looks *catalogs.ImpactWorker) func(context.Context, []lambdaio.Message) map[string]error {
	return func(ctx context.Context, messages []lambdaio.Message) map[string]error {
		outcome := map[string]error{}
		for _, m := range messages {
			if export, err := queue.DecodeExport(m.Body); err == nil {
				outcome[m.ID] = x.Run(ctx, export.Caller, export.ID)
				continue
			}
			if look, err := queue.DecodeImpact(m.Body); err == nil {
				outcome[m.ID] = looks.Run(ctx, look.Package, look.ID)
				continue
			}
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
