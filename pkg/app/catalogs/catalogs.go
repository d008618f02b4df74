// Package catalogs wires the function of the owners' side.
package catalogs

import (
	"errors"
	"log/slog"
	"net/http"

	"leasehold/pkg/app/base"
	"leasehold/pkg/app/httpapi"
	"leasehold/pkg/app/limits"
	"leasehold/pkg/app/lookup"
	usecases "leasehold/pkg/catalogs"
	"leasehold/pkg/clock"
	"leasehold/pkg/config"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/graph"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
	"leasehold/pkg/views"
)

var (
	_ usecases.Store  = (*dynamo.DB)(nil)
	_ directory.Store = (*dynamo.DB)(nil)
	_ views.Store     = (*dynamo.DB)(nil)
)

// New returns the function's HTTP handler.
func New(c config.Config, log *slog.Logger) (http.Handler, error) {
	clients := base.Open(c)
	db, credentials := clients.Table(), clients.Secrets()
	urgent, jobs := clients.Sender(names.DeliverUrgent), clients.Sender(names.FanoutJobs)

	peer := clients.Function(names.Requests)
	asked, inVPC := clients.Targets()
	verifier, err := httpapi.Verifier(c)

	// All that is wrong with the settings is told at once.
	if err := errors.Join(err, clients.Err()); err != nil {
		return nil, err
	}

	people := httpapi.Directory(c, db, urgent, log)

	return graph.Catalogs(graph.Deps{
		Authenticator: verifier, Directory: people, Views: &views.Reader{Store: db}, PublicURLs: c.PublicURLs, GatewayBase: lambdaio.GatewayBase, Clock: clock.System{}, Limiter: limits.Limiter(c),
		Peer: lambdaio.Peer{Invoke: peer, Mark: graph.Handed}, HandedOn: lambdaio.HandedOn,
		Catalogs: &usecases.Service{Store: db, Targets: lookup.Remote(people, asked, inVPC), Secrets: credentials, Kinds: kinds.All(),
			Jobs: jobs, Enqueuer: urgent, Clock: clock.System{}, IDs: clock.System{}, Log: log, VPC: inVPC != nil},
	}), nil
}
