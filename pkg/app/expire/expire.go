// Package expire wires the function that the schedule starts.
package expire

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"leasehold/pkg/app/base"
	"leasehold/pkg/clock"
	"leasehold/pkg/config"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/lifecycle"
	"leasehold/pkg/names"
	"leasehold/pkg/obs"
)

var _ lifecycle.Store = (*dynamo.DB)(nil)

// New returns the function's handler of one sweep.
func New(c config.Config, log *slog.Logger) (func(context.Context, time.Time) error, error) {
	clients := base.Open(c)
	db := clients.Table()
	return Counting(&lifecycle.Counter{Store: db, Clock: clock.System{}, Log: log}, Handler(&lifecycle.Service{
		Store: db, Enqueuer: clients.Sender(names.DeliverUrgent), Bulk: clients.Sender(names.DeliverBulk), Jobs: clients.Sender(names.FanoutJobs), Clock: clock.System{}, Log: log,
	}, obs.NewMetrics(nil, nil))), clients.Err()
}

// Handler does one sweep and tells the metrics what it found. When the sweep was due
// does not matter: it does what is due by now.
func Handler(s *lifecycle.Service, metrics *obs.Metrics) func(context.Context, time.Time) error {
	return func(ctx context.Context, _ time.Time) error {
		report, err := s.Sweep(ctx, lambdaio.RequestID(ctx))

		// What was not seen is not told: it would be a zero that looks like health.
		if report.Looked {
			metrics.Emit(ctx, names.MetricExpiryLag, obs.UnitSeconds, report.Lag.Seconds(), nil)
		}
		if report.Measured {
			metrics.Emit(ctx, names.MetricOldestPendingReconciliation, obs.UnitSeconds, report.OldestPending.Seconds(), nil)
			metrics.Emit(ctx, names.MetricOverdueRemovals, obs.UnitCount, float64(report.OverdueRemovals), nil)
		}

		metrics.Emit(ctx, "Ended", obs.UnitCount, float64(report.Expired), nil)
		metrics.Emit(ctx, "DeliveriesEnqueued", obs.UnitCount, float64(report.Enqueued), nil)
		metrics.Emit(ctx, "DueItemsFailed", obs.UnitCount, float64(report.Failed), nil)

		// What nobody waits for comes last, and fails for itself: it is counted again.
		if failed := s.CountPaces(ctx); failed != nil {
			s.Log.WarnContext(ctx, "how long packages usually take was not counted; the next sweep tries again", "error", failed)
		}
		return err
	}
}

// Counting counts events for the figures that pages show, after a sweep: what is due comes first.
func Counting(c *lifecycle.Counter, sweep func(context.Context, time.Time) error) func(context.Context, time.Time) error {
	return func(ctx context.Context, due time.Time) error {
		failed := sweep(ctx, due)

		// Another sweep that counts at the same time has done it, and this one has nothing to add.
		err := c.Count(ctx)
		if entitlement.StalePart(err) != "" {
			err = nil
		}
		return errors.Join(failed, err)
	}
}
