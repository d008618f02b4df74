package targets

import (
	"context"
	"log/slog"

	"leasehold/pkg/app/base"
	"leasehold/pkg/clock"
	"leasehold/pkg/config"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/remote"
	"leasehold/pkg/directory"
	"leasehold/pkg/names"
)

// New returns the function's handler of a question about a target.
func New(c config.Config, log *slog.Logger) (func(context.Context, remote.Question) remote.Answer, error) {
	clients := base.Open(c)
	db := clients.Table()
	people := &directory.Service{Store: db, Clock: clock.System{}, IDs: clock.System{}, Log: log}
	return Handler(Registry(db, clients.Credentials(), people, Reach{Private: c.Emulated, Internal: outbound.Allowed(c.InternalTargets), VPC: c.Network == names.VPC, Own: clients.Own(), Home: clients.Home()})), clients.Err()
}

// Handler answers questions with the connectors of a registry.
func Handler(registry *connector.Registry) func(context.Context, remote.Question) remote.Answer {
	return func(ctx context.Context, q remote.Question) remote.Answer {
		return q.Answer(ctx, connector.Lookup{Registry: registry})
	}
}
