// Package drift wires the function that compares targets with what ought to be there.
package drift

import (
	"context"
	"log/slog"
	"time"

	"leasehold/pkg/app/base"
	"leasehold/pkg/app/targets"
	"leasehold/pkg/clock"
	"leasehold/pkg/config"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/delivery"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
	"leasehold/pkg/obs"
)

var (
	_ delivery.DriftStore = (*dynamo.DB)(nil)
	_ delivery.Connectors = (*connector.Registry)(nil)
)

// New returns the function's handler of one run.
func New(c config.Config, log *slog.Logger) (func(context.Context, time.Time) error, error) {
	clients := base.Open(c)
	db := clients.Table()
	people := &directory.Service{Store: db, Clock: clock.System{}, IDs: clock.System{}, Log: log}
	return Handler(&delivery.Drift{Store: db, Connectors: targets.Registry(db, clients.Credentials(), people, targets.Reach{Private: c.Emulated, Internal: outbound.Allowed(c.InternalTargets), VPC: c.Network == names.VPC, Own: clients.Own(), Home: clients.Home()}),
		Queue: clients.Sender(names.DeliverBulk), Clock: clock.System{}, IDs: clock.System{}, Log: log, Network: c.Network}, obs.NewMetrics(nil, nil)), clients.Err()
}

// Handler carries comparisons on and tells the metrics what was found. When the run was due does not
// matter: it does what is due by now.
func Handler(d *delivery.Drift, metrics *obs.Metrics) func(context.Context, time.Time) error {
	return func(ctx context.Context, _ time.Time) error {
		report, err := d.Run(ctx, lambdaio.RequestID(ctx))

		metrics.Emit(ctx, "RolesCompared", obs.UnitCount, float64(report.Compared), nil)
		metrics.Emit(ctx, "DriftFound", obs.UnitCount, float64(report.Missing+report.Extra), nil)
		metrics.Emit(ctx, "RolesGivenAgain", obs.UnitCount, float64(report.GivenBack), nil)
		metrics.Emit(ctx, "ComparisonsFailed", obs.UnitCount, float64(report.Failed), nil)
		return err
	}
}
