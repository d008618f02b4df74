// Package portal wires the function of the pages.
package portal

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"leasehold/pkg/app/base"
	"leasehold/pkg/app/httpapi"
	"leasehold/pkg/app/lookup"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/clock"
	"leasehold/pkg/config"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
	pages "leasehold/pkg/portal"
	"leasehold/pkg/requests"
	"leasehold/pkg/sessions"
	"leasehold/pkg/signin"
	"leasehold/pkg/views"
)

// New returns the function's HTTP handler.
func New(c config.Config, log *slog.Logger) (http.Handler, error) {
	clients := base.Open(c)
	db, credentials := clients.Table(), clients.Secrets()
	urgent, jobs := clients.Sender(names.DeliverUrgent), clients.Sender(names.FanoutJobs)
	signIn, parked := clients.SignIn(), clients.Parked()
	asked, inVPC := clients.Targets()
	verifier, err := httpapi.Verifier(c)
	if err := errors.Join(err, clients.Err()); err != nil {
		return nil, err
	}
	people := httpapi.Directory(c, db, urgent, log)
	return pages.New(pages.Deps{
		SignIn: SignIn(c, signIn.Secret), Authenticator: verifier, Sessions: &sessions.Service{Store: db, Clock: clock.System{}}, Directory: people,
		Catalogs: &catalogs.Service{Store: db, Targets: lookup.Remote(people, asked, inVPC), Secrets: credentials, Kinds: kinds.All(), Jobs: jobs, Enqueuer: urgent, Clock: clock.System{}, IDs: clock.System{}, Log: log, VPC: inVPC != nil},
		Requests: &requests.Service{Store: db, Enqueuer: urgent, Reasons: connector.Reasons(), Clock: clock.System{}, IDs: clock.System{}, Log: log},
		Parked:   parked, Views: &views.Reader{Store: db}, Clock: clock.System{}, PublicURLs: c.PublicURLs, GatewayBase: lambdaio.GatewayBase,
	}), nil
}

// SignIn returns how people sign in: with those of the issuers that know the pages as a client.
// The secrets of confidential clients are read when somebody signs in.
func SignIn(c config.Config, secret func(ctx context.Context, name string) (string, error)) *signin.Flow {
	f := &signin.Flow{Client: &http.Client{Timeout: 5 * time.Second}, Insecure: c.Emulated}
	for _, i := range c.Issuers {
		if p := i.PortalClient; p != nil {
			issuer := signin.Issuer{Name: i.Issuer, ClientID: p.ID, Scopes: p.Scopes, Parameters: p.Parameters}
			if p.Secret != "" {
				issuer.Secret = func(ctx context.Context) (string, error) { return secret(ctx, p.Secret) }
			}
			f.Issuers = append(f.Issuers, issuer)
		}
	}
	return f
}
