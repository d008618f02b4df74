package components

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/names"
)

// Options say what stack to start.
type Options struct {
	Root string // the checkout
	Dir  string // where this stack keeps its logs and all else that it writes

	// Familiar has the stack take the ports that people expect where they are
	// free. Without it every port is drawn.
	Familiar bool

	Emulator string    // MiniStack or LocalStack; empty: MiniStack
	Endpoint string    // of a LocalStack that runs already
	Progress io.Writer // told what happens, a line at a time; nil: nobody

	source localStackSource // found at the start
}

// Stack is a running Leasehold with everything around it.
type Stack struct {
	Endpoints
	SCIM *SCIM

	o        Options
	hosts    hosts
	emulator *emulator
	provider *provider
	proxy    *proxy
}

// Start starts every component, builds and deploys the product, and returns
// once it answers. When it fails it leaves nothing running.
func Start(ctx context.Context, o Options) (*Stack, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}

	s := &Stack{o: o}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context) error {
	if s.o.Emulator == LocalStack {
		s.o.source = sourceOf(ctx, s.o)
	}
	h, err := findHosts(ctx, s.o)
	if err != nil {
		return err
	}
	s.hosts = h
	// The stack is told where its issuer and its proxy are, so they come first.
	if err := s.startParts(ctx, h); err != nil {
		return err
	}

	chosen, err := settings(s.provider, s.proxy)
	if err != nil {
		return err
	}
	began := time.Now()
	outputs, err := deploy(ctx, s.o, s.emulator, chosen)
	if err != nil {
		return err
	}
	s.o.report("deployed", began)

	// Only what is deployed has an id, so all is known from here on.
	s.Endpoints = Endpoints{
		URL:         s.proxy.url,
		SecureURL:   s.proxy.secureURL,
		CA:          s.proxy.certificate,
		Issuer:      s.provider.issuer,
		RobotSecret: s.provider.secret,
		SCIM:        s.SCIM.URL,
		SCIMToken:   s.SCIM.Token,
		SCIMTarget:  s.SCIM.Target,
		Endpoint:    s.emulator.endpoint,
		APIID:       outputs[names.OutputAPIID],
		Table:       outputs[names.OutputTable],
		Queue:       outputs[names.OutputUrgentQueue],
	}
	return s.proxy.lead(s.Endpoints.Endpoint, s.Endpoints.APIID)
}

// startParts does side by side all that does not wait for anything else.
func (s *Stack) startParts(ctx context.Context, h hosts) (err error) {
	if s.proxy, err = openProxy(s.o); err != nil {
		return err
	}

	back := names.PortalPath + "/signed-in"

	// The functions are built while programs start: each takes some seconds.
	group, ctx := errgroup.WithContext(ctx)
	group.Go(s.timed("functions and CDK app built", func() error { return build(ctx, s.o) }))
	group.Go(s.timed("OpenID provider started", func() (err error) {
		s.provider, err = startProvider(ctx, s.o, h, []string{s.proxy.url + back, s.proxy.secureURL + back})
		return err
	}))
	group.Go(s.timed("SCIM server started", func() (err error) {
		s.SCIM, err = startSCIM(ctx, s.o, h, "scim-server")
		return err
	}))
	group.Go(s.timed("emulator started and bootstrapped", func() (err error) {
		if s.emulator, err = startEmulator(ctx, s.o); err != nil {
			return err
		}
		return bootstrap(ctx, s.o, s.emulator)
	}))
	return group.Wait()
}

// AnotherSCIM starts one more SCIM server beside the one of the stack, for whoever takes it
// away and brings it back. The caller stops it.
func (s *Stack) AnotherSCIM(ctx context.Context, name string) (*SCIM, error) {
	return startSCIM(ctx, s.o, s.hosts, name)
}

func (s *Stack) timed(what string, do func() error) func() error {
	return func() error {
		began := time.Now()
		err := do()
		if err == nil {
			s.o.report(what, began)
		}
		return err
	}
}

// Close stops every component that Start started, and withdraws the endpoints.
func (s *Stack) Close() error {
	failed := []error{withdraw(s.o.Dir)}
	// All of them, whatever fails: what is left over would keep its port.
	if s.proxy != nil {
		failed = append(failed, s.proxy.close())
	}

	if s.emulator != nil {
		failed = append(failed, s.emulator.stop())
	}
	if s.SCIM != nil && s.SCIM.process != nil {
		failed = append(failed, s.SCIM.Stop())
	}

	if s.provider != nil && s.provider.process != nil {
		failed = append(failed, s.provider.process.stop())
	}

	return errors.Join(failed...)
}

// complete checks the options, fills in what was left out and makes the folders.
func (o Options) complete() (Options, error) {
	// A file of an earlier stack would name what is not there.
	if err := withdraw(o.Dir); err != nil {
		return o, err
	}
	if o.Emulator == "" {
		o.Emulator = MiniStack
	}
	if o.Emulator != MiniStack && o.Emulator != LocalStack {
		return o, fmt.Errorf("EMULATOR is %q: it can be %s or %s", o.Emulator, MiniStack, LocalStack)
	}

	var err error
	for _, folder := range []*string{&o.Root, &o.Dir} {
		if *folder, err = filepath.Abs(*folder); err != nil {
			return o, err
		}
	}
	// What a stack leaves behind that was killed, this one takes away.
	if err := os.RemoveAll(o.temporary()); err != nil {
		return o, err
	}
	for _, folder := range []string{o.temporary(), filepath.Dir(o.log("any"))} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return o, err
		}
	}
	return o, nil
}

// prefer is the port that people expect, where this stack may have it.
func (o Options) prefer(port int) int {
	if o.Familiar {
		return port
	}
	return 0
}

func (o Options) log(name string) string { return filepath.Join(o.Dir, "logs", name+".log") }
func (o Options) temporary() string      { return filepath.Join(o.Dir, "tmp") }
func (o Options) python(name string) string {
	return filepath.Join(o.Root, ".local", "venv", "bin", name)
}

func (o Options) report(what string, began time.Time) {
	if o.Progress != nil {
		fmt.Fprintf(o.Progress, "  %-36s %5.1f s\n", what, time.Since(began).Seconds())
	}
}
