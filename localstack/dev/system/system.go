// Package system is the whole of Leasehold in one process, for development: the handlers
// of the functions behind a gateway, queues and a schedule, over a store in memory, with
// an issuer of tokens and a target system beside them. Everything listens on 127.0.0.1
// and is gone when the process ends.
package system

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"leasehold/localstack/components"
	"leasehold/localstack/dev/gateway"
	"leasehold/localstack/dev/issuer"
	"leasehold/localstack/dev/scimserver"
	"leasehold/pkg/clock"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/objects"
)

// table is the name of the table in memory.
const table = "leasehold"

// Options say what system to start. The zero value is one on ports of its own, without a
// schedule and without a log.
type Options struct {
	Port  int           // that the API prefers; where it is busy or 0, any
	Every time.Duration // period of the schedule; 0: sweeps come by Sweep alone
	Log   io.Writer     // where the functions log to

	secret       func(context.Context) (string, error) // with it the pages are a confidential client, which the issuer knows by clientSecret
	clientSecret string
	methods      []string // by which the issuer takes it

	clock clock.Clock // of the queues and the functions; nil: the wall clock
}

// System is a running Leasehold.
type System struct {
	Endpoints components.Endpoints

	issuer    *issuer.Issuer
	table     *engine.Engine
	functions functions
	queues    localQueues
	secret    func(context.Context) (string, error)
	files     *objects.Memory // what people took away
	servers   []*http.Server
	stop      context.CancelFunc
	running   sync.WaitGroup
}

// Start starts every component. There is nobody in it yet but the first
// administrator, the account parts.Admin.
func Start(o Options) (*System, error) {
	o.Log, o.clock = cmp.Or(o.Log, io.Discard), cmp.Or(o.clock, clock.Clock(clock.System{}))
	ctx, stop := context.WithCancel(context.Background())
	s := &System{stop: stop}
	// What was opened before the failure is closed again.
	if err := s.open(o); err != nil {
		return nil, errors.Join(err, s.Close())
	}

	for _, l := range s.queues {
		s.running.Go(func() { s.drain(ctx, l) })
	}

	if o.Every > 0 {
		s.running.Go(func() { s.schedule(ctx, o.Every) })
	}

	return s, nil
}

// open takes the addresses, which the components have to know of each other, and serves them.
func (s *System) open(o Options) error {
	var listeners [3]net.Listener
	for i, port := range []int{o.Port, 0, 0} {
		l, err := listen(port)
		if err != nil {
			return err
		}
		listeners[i] = l
		defer func() { // served ones are closed by their server
			if len(s.servers) == 0 {
				l.Close()
			}
		}()
	}
	proxy, controls, target := listeners[0], listeners[1], listeners[2]
	s.Endpoints = components.Endpoints{URL: address(proxy), Issuer: address(controls), SCIM: address(target) + "/v2", SCIMTarget: address(target) + "/v2", SCIMToken: rand.Text()}

	var err error
	if s.issuer, err = issuer.New(s.Endpoints.Issuer, clock.System{}, clock.System{}); err != nil {
		return err
	}
	s.issuer.Secret, s.issuer.Methods = o.clientSecret, o.methods
	s.secret = o.secret
	s.queues, s.files = newQueues(o.clock), &objects.Memory{Address: s.Endpoints.Issuer + "/files"}
	s.table = engine.New(engine.Options{Table: table})
	if s.functions, err = s.wire(dynamo.New(s.table, table), o.clock, o.Log); err != nil {
		return err
	}
	s.serve(proxy, &gateway.Gateway{Invoke: s.functions.invoke, IDs: clock.System{}})
	s.serve(controls, s.controls())
	s.serve(target, scimserver.New(s.Endpoints.SCIMToken, clock.System{}))
	return nil
}

// listen opens the preferred port of this machine, or any where that is busy.
func listen(port int) (net.Listener, error) {
	if port != 0 {
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return l, nil
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	return l, nil
}

func address(l net.Listener) string { return "http://" + l.Addr().String() }

func (s *System) serve(l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	s.servers = append(s.servers, server)
	go server.Serve(l) // ends with Close
}

// Token returns an access token for an account.
func (s *System) Token(_ context.Context, as string) (string, error) { return s.issuer.Token(as) }

// Close ends the system and returns when nothing of it runs any more.
func (s *System) Close() error {
	s.stop()
	var failed []error
	for _, server := range s.servers {
		failed = append(failed, server.Close())
	}
	s.running.Wait()
	return errors.Join(failed...)
}
