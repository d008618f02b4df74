package components

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// SCIM is the target system: a SCIM 2.0 server that can be taken away and brought back.
type SCIM struct {
	URL    string // with its /v2
	Target string // the same as the functions reach it
	Token  string

	o       Options
	name    string // of its log and of the file that it keeps
	host    string
	port    int
	process *process
}

// startSCIM starts an empty SCIM server behind a token of its own. Its name is its own too.
func startSCIM(ctx context.Context, o Options, h hosts, name string) (*SCIM, error) {
	port, err := freePort(h.ours, 0)
	if err != nil {
		return nil, err
	}

	s := &SCIM{
		URL:    address(h.ours, port) + "/v2",
		Target: address(h.inside, port) + "/v2",
		Token:  rand.Text(),
		o:      o,
		name:   name,
		host:   h.ours,
		port:   port,
	}

	if err := s.Forget(); err != nil {
		return nil, err
	}

	return s, s.Start(ctx)
}

// Start brings the server up on the address that it always has, with what it held
// when it was stopped.
func (s *SCIM) Start(ctx context.Context) error {
	var err error
	s.process, err = start(s.name, s.o.log(s.name), []string{
		"HOST=" + s.host,
		"PORT=" + strconv.Itoa(s.port),
		"TOKEN=" + s.Token,
		"KEPT=" + s.kept(),
		"PYTHONDONTWRITEBYTECODE=1",
	}, s.o.python("python"), filepath.Join(s.o.Root, "localstack", "scim", "server.py"))
	if err != nil {
		return err
	}
	return s.process.ready(ctx, s.URL+"/ServiceProviderConfig")
}

// Stop takes the server down: its address refuses connections until the next Start.
func (s *SCIM) Stop() error { return s.process.stop() }

// Forget has a stopped server come back empty.
func (s *SCIM) Forget() error {
	if err := os.Remove(s.kept()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("forget what the SCIM server held: %w", err)
	}
	return nil
}

func (s *SCIM) kept() string { return filepath.Join(s.o.temporary(), s.name+".json") }
