package system

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"leasehold/localstack/components"
	"leasehold/pkg/app/deliver"
	"leasehold/pkg/app/drift"
	"leasehold/pkg/app/expire"
	"leasehold/pkg/app/fanout"
	"leasehold/pkg/app/httpapi"
	"leasehold/pkg/app/lookup"
	"leasehold/pkg/app/portal"
	"leasehold/pkg/app/targets"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/clock"
	"leasehold/pkg/config"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/delivery"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/exports"
	"leasehold/pkg/graph"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/lifecycle"
	"leasehold/pkg/names"
	"leasehold/pkg/obs"
	pages "leasehold/pkg/portal"
	"leasehold/pkg/requests"
	"leasehold/pkg/secrets"
	"leasehold/pkg/sessions"
	"leasehold/pkg/views"
)

// function is one function of the product as the Lambda runtime would run it.
type function struct {
	handler any // as given to lambda.Start
	log     *slog.Logger
	timeout time.Duration
}

// functions are the product's, by id.
type functions map[string]function

// invoke hands a payload to a function and returns its answer.
func (f functions) invoke(ctx context.Context, id string, payload []byte) ([]byte, error) {
	called, known := f[id]
	if !known {
		return nil, fmt.Errorf("there is no function %q", id)
	}
	ctx, cancel := context.WithTimeout(ctx, called.timeout)
	defer cancel()
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: clock.System{}.New()})
	// The runtime serves one call at a time and uses the buffer of an answer again for the
	// next, so each call has a runtime of its own.
	return lambda.NewHandler(called.handler).Invoke(obs.WithLogger(ctx, called.log), payload)
}

// wire puts every function together as its main does, over components in memory.
func (s *System) wire(store *dynamo.DB, now clock.Clock, out io.Writer) (functions, error) {
	settings := config.Config{Emulated: true, Issuers: []config.Issuer{{Issuer: s.Endpoints.Issuer, KeySet: s.issuer.KeySet(), Audience: components.Audience,
		PortalClient: &config.PortalClient{ID: components.PortalClient, Scopes: []string{"openid"}}}}}
	if s.secret != nil {
		settings.Issuers[0].PortalClient.Secret = "pages"
	}
	verifier, err := httpapi.Verifier(settings)
	if err != nil {
		return nil, err
	}
	ids, credentials := clock.System{}, &secrets.Memory{}
	// A function may send to what names says, as its role has it in a deployed stack.
	may := senders{queues: s.queues}
	urgent, bulk, jobs := names.DeliverUrgent, names.DeliverBulk, names.FanoutJobs
	logs := map[string]*slog.Logger{}
	for _, f := range names.Functions {
		logs[f.ID] = obs.New(out, f.ID)
	}

	people := func(id string) *directory.Service {
		return &directory.Service{Store: store, Clock: now, IDs: ids, Enqueuer: may.send(id, urgent), Log: logs[id],
			First: entitlement.Principal{Issuer: s.Endpoints.Issuer, Value: components.Admin}}
	}
	deps := func(id string) graph.Deps {
		return graph.Deps{Authenticator: verifier, Directory: people(id), Views: &views.Reader{Store: store}, PublicURLs: []string{s.Endpoints.URL}, GatewayBase: lambdaio.GatewayBase, Clock: now}
	}
	// The target system is on this machine, and plain http.
	builtin := &directory.Service{Store: store, Clock: now, IDs: ids}
	registry := targets.Registry(store, credentials, builtin, targets.Reach{Private: true})

	all := functions{}
	asked := lookup.Remote(builtin, func(ctx context.Context, payload []byte) ([]byte, error) {
		return all.invoke(ctx, names.Targets, payload)
	}, nil)
	owners := deps(names.Catalogs)
	owners.Catalogs = &catalogs.Service{Store: store, Targets: asked, Secrets: credentials, Kinds: kinds.All(),
		Jobs: may.send(names.Catalogs, jobs), Enqueuer: may.send(names.Catalogs, urgent), Clock: now, IDs: ids, Log: logs[names.Catalogs]}
	askers := deps(names.Requests)
	askers.Requests = &requests.Service{Store: store, Enqueuer: may.send(names.Requests, urgent), Reasons: connector.Reasons(), Clock: now, IDs: ids, Log: logs[names.Requests]}
	readers := deps(names.Portal)
	shown := pages.Deps{SignIn: portal.SignIn(settings, func(ctx context.Context, _ string) (string, error) { return s.secret(ctx) }), Authenticator: verifier, Sessions: &sessions.Service{Store: store, Clock: now}, Directory: readers.Directory, Views: readers.Views,
		Parked: s.queues, Clock: now, PublicURLs: readers.PublicURLs, GatewayBase: readers.GatewayBase,
		Catalogs: &catalogs.Service{Store: store, Targets: asked, Secrets: credentials, Kinds: kinds.All(), Jobs: may.send(names.Portal, jobs),
			Enqueuer: may.send(names.Portal, urgent), Clock: now, IDs: ids, Log: logs[names.Portal]},
		Requests: &requests.Service{Store: store, Enqueuer: may.send(names.Portal, urgent), Reasons: connector.Reasons(), Clock: now, IDs: ids, Log: logs[names.Portal]}}
	worker := &delivery.Service{Store: store, Connectors: registry, Queue: may.send(names.Deliver, bulk), Clock: now, IDs: ids, Lease: names.DeliverTimeout, Log: logs[names.Deliver]}
	edits := &delivery.FanOut{Store: store, Bulk: may.send(names.Fanout, bulk), JobQueue: may.send(names.Fanout, jobs), Clock: now, Log: logs[names.Fanout]}
	askers.Exports = &exports.Service{Bucket: s.files, Queue: may.send(names.Requests, jobs), Clock: now, IDs: ids}
	reader := graph.Deps{Directory: &directory.Service{Store: store, Clock: now, IDs: ids, Log: logs[names.Fanout]}, Views: &views.Reader{Store: store}, Clock: now}
	reader.Requests = &requests.Service{Store: store, Clock: now, IDs: ids, Log: logs[names.Fanout]}
	written := &exports.Service{Bucket: s.files, Queue: may.send(names.Fanout, jobs), Writer: graph.NewExporter(reader), Clock: now, IDs: ids}
	looks := &catalogs.ImpactWorker{Accounts: reader.Directory, Service: &catalogs.Service{Store: store, Jobs: may.send(names.Fanout, jobs), Clock: now, IDs: ids, Log: logs[names.Fanout]}}
	sweep := &lifecycle.Service{Store: store, Enqueuer: may.send(names.Expire, urgent), Bulk: may.send(names.Expire, bulk), Jobs: may.send(names.Expire, jobs), Clock: now, Log: logs[names.Expire]}
	compare := &delivery.Drift{Store: store, Connectors: registry, Queue: may.send(names.Drift, bulk), Clock: now, IDs: ids, Log: logs[names.Drift]}

	if may.refused != nil {
		return nil, may.refused
	}

	peer := func(id string) http.Handler {
		return lambdaio.Peer{Mark: graph.Handed, Invoke: func(ctx context.Context, payload []byte) ([]byte, error) { return all.invoke(ctx, id, payload) }}
	}
	owners.Peer, askers.HandedOn = peer(names.Requests), lambdaio.HandedOn
	handlers := map[string]any{
		names.Catalogs: lambdaio.HTTP(graph.Catalogs(owners)),
		names.Requests: lambdaio.HTTP(graph.Requests(askers)),
		names.Portal:   lambdaio.HTTP(pages.New(shown)),
		names.Targets:  lambdaio.Invoked(targets.Handler(registry)),
		names.Deliver:  lambdaio.SQS(deliver.Handler(worker), s.queues.delayers()),
		names.Fanout:   lambdaio.SQS(fanout.Handler(edits, written, looks), s.queues.delayers()),
		names.Expire:   lambdaio.Schedule(expire.Counting(&lifecycle.Counter{Store: store, Clock: now, Log: logs[names.Expire]}, expire.Handler(sweep, obs.NewMetrics(out, nil)))),
		names.Drift:    lambdaio.Schedule(drift.Handler(compare, obs.NewMetrics(out, nil))),
	}
	for _, f := range names.Functions {
		handler, known := handlers[f.ID]
		if !known {
			return nil, fmt.Errorf("nobody has wired the function %s here", f.ID)
		}
		all[f.ID] = function{handler, logs[f.ID], f.Timeout}
	}
	return all, nil
}

// Sweep does what is due by now, as the schedule does.
func (s *System) Sweep(ctx context.Context) error {
	payload, err := json.Marshal(events.EventBridgeEvent{Time: time.Now().UTC()})
	if err != nil {
		return err
	}
	_, err = s.functions.invoke(ctx, names.Expire, payload)
	return err
}

// Compare carries comparisons with targets on, as their schedule does.
func (s *System) Compare(ctx context.Context) error {
	payload, err := json.Marshal(events.EventBridgeEvent{Time: time.Now().UTC()})
	if err != nil {
		return err
	}
	_, err = s.functions.invoke(ctx, names.Drift, payload)
	return err
}

// schedule sweeps until ctx ends. A sweep that fails is in the log; the next does its work.
func (s *System) schedule(ctx context.Context, every time.Duration) {
	clock := time.NewTicker(every)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
			s.Sweep(ctx)
			// It finds out by itself what is due; here it may as well come as often as the sweep.
			_ = s.Compare(ctx) // what failed is in its log
		}
	}
}
