// Package requests wires the function of the people's side.
package requests

import (
	"log/slog"
	"net/http"

	"leasehold/pkg/app/base"
	"leasehold/pkg/app/httpapi"
	"leasehold/pkg/clock"
	"leasehold/pkg/config"
	"leasehold/pkg/connector"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/graph"
	"leasehold/pkg/lambdaio"
	usecases "leasehold/pkg/requests"
)

var _ usecases.Store = (*dynamo.DB)(nil)

// New returns the function's HTTP handler.
func New(c config.Config, log *slog.Logger) (http.Handler, error) {
	db := base.Table(c)
	verifier, err := httpapi.Verifier(c)
	if err != nil {
		return nil, err
	}
	return graph.Requests(graph.Deps{
		Authenticator: verifier, Directory: httpapi.Directory(c, db, log), Reads: db, PublicURL: c.PublicURL, GatewayBase: lambdaio.GatewayBase, Clock: clock.System{},
		Requests: &usecases.Service{Store: db, Hinter: base.Urgent(c), Reasons: connector.Reasons(), Clock: clock.System{}, IDs: clock.System{}, Log: log},
	}), nil
}
