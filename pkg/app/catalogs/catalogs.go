// Package catalogs wires the function of the owners' side.
package catalogs

import (
	"log/slog"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"leasehold/pkg/app/base"
	"leasehold/pkg/app/httpapi"
	"leasehold/pkg/app/targets"
	usecases "leasehold/pkg/catalogs"
	"leasehold/pkg/clock"
	"leasehold/pkg/config"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/graph"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/secrets"
)

var (
	_ usecases.Store  = (*dynamo.DB)(nil)
	_ directory.Store = (*dynamo.DB)(nil)
)

// New returns the function's HTTP handler.
func New(c config.Config, log *slog.Logger) (http.Handler, error) {
	db := base.Table(c)
	verifier, err := httpapi.Verifier(c)
	if err != nil {
		return nil, err
	}
	people := httpapi.Directory(c, db, log)
	credentials := secrets.NewSSM(ssm.NewFromConfig(base.AWS(c.AWS)), c.SecretPath)
	registry := targets.Registry(db, credentials, people, c.Emulated)
	return graph.Catalogs(graph.Deps{
		Authenticator: verifier, Directory: people, Reads: db, PublicURL: c.PublicURL, GatewayBase: lambdaio.GatewayBase, Clock: clock.System{},
		Catalogs: &usecases.Service{Store: db, Targets: targets.Lookup{Registry: registry}, Secrets: credentials, Kinds: registry.Kinds(),
			Jobs: base.Fanout(c), Hinter: base.Urgent(c), Clock: clock.System{}, IDs: clock.System{}, Log: log},
	}), nil
}
