// Package requests wires the function of the people's side.
package requests

import (
	"errors"
	"log/slog"
	"net/http"

	"leasehold/pkg/app/base"
	"leasehold/pkg/app/httpapi"
	"leasehold/pkg/app/limits"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/clock"
	"leasehold/pkg/config"
	"leasehold/pkg/connector"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/exports"
	"leasehold/pkg/graph"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
	usecases "leasehold/pkg/requests"
	"leasehold/pkg/views"
)

var _ usecases.Store = (*dynamo.DB)(nil)

// New returns the function's HTTP handler.
func New(c config.Config, log *slog.Logger) (http.Handler, error) {
	clients := base.Open(c)
	db, urgent := clients.Table(), clients.Sender(names.DeliverUrgent)
	files, jobs := clients.Files(), clients.Sender(names.FanoutJobs)
	verifier, err := httpapi.Verifier(c)
	if err := errors.Join(err, clients.Err()); err != nil {
		return nil, err
	}
	return graph.Requests(graph.Deps{
		Authenticator: verifier, Directory: httpapi.Directory(c, db, urgent, log), Views: &views.Reader{Store: db}, PublicURLs: c.PublicURLs, GatewayBase: lambdaio.GatewayBase, Clock: clock.System{}, Limiter: limits.Limiter(c),
		Catalogs: &catalogs.Service{Store: db}, // for reading alone: the count of packages arrives here
		HandedOn: lambdaio.HandedOn,
		Exports:  &exports.Service{Bucket: files, Queue: jobs, Clock: clock.System{}, IDs: clock.System{}},
		Requests: &usecases.Service{Store: db, Enqueuer: urgent, Reasons: connector.Reasons(), Clock: clock.System{}, IDs: clock.System{}, Log: log},
	}), nil
}
