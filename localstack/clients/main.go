// Command clients starts a stack of its own, deploys the product to it and has clients
// that others wrote drive it: `make test-clients`. Each client's tests stand in a folder
// below this one, with the lock file of all that they need.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"leasehold/localstack/components"
	"leasehold/localstack/seed"
)

// Limits of the parts; the Go client takes minutes to compile the first time.
const (
	startLimit  = 10 * time.Minute
	clientLimit = 20 * time.Minute
)

// suite is the test of one client.
type suite struct {
	name    string
	folder  string // below localstack/clients
	command []string
}

// suites in the order in which they run: the quick ones first. Every command is that of
// the language's own test runner, whose closing lines are shown as they are. Python's
// warnings are about the SDK's own code, and go vet would go through all of it too.
var suites = []suite{
	{"JavaScript", "js", []string{"node", "--test", "--test-reporter=spec"}},
	{"Python", "python", []string{"{root}/.local/clients/python/bin/python", "-W", "ignore", "-m", "unittest", "-v"}},
	{"Go", "go", []string{"go", "test", "./...", "-vet=off", "-count=1", "-v", "-timeout", "15m"}},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run runs the suites of the folders that are named, or all of them, on one stack.
func run(ctx context.Context, only []string) (err error) {
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	root, err := filepath.Abs(".")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Join(root, ".local"), "clients-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	stack, env, err := start(ctx, root, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stack.Close()) }()

	// A client that fails hides nothing of the others.
	var failed []error
	for _, s := range chosen {
		if err := s.run(ctx, root, env); err != nil {
			failed = append(failed, fmt.Errorf("the client for %s: %w", s.name, err))
		}
	}
	return errors.Join(failed...)
}

// choose returns the suites of the folders, or all.
func choose(folders []string) ([]suite, error) {
	if len(folders) == 0 {
		return suites, nil
	}

	var chosen []suite
	for _, s := range suites {
		for _, folder := range folders {
			if s.folder == folder {
				chosen = append(chosen, s)
			}
		}
	}
	if len(chosen) != len(folders) {
		return nil, fmt.Errorf("say which clients: js, python, go, or none of them for all; not %s", strings.Join(folders, " "))
	}
	return chosen, nil
}

// start starts the stack with the sample organisation in it, and returns what the clients
// are told of it.
func start(ctx context.Context, root, dir string) (*components.Stack, []string, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()

	stack, err := components.Start(ctx, components.Options{Root: root, Dir: dir, Progress: os.Stdout, Emulator: os.Getenv("EMULATOR"), Endpoint: os.Getenv("LOCALSTACK_ENDPOINT")})
	if err != nil {
		return nil, nil, fmt.Errorf("the stack did not start: %w", err)
	}
	if _, err := seed.Run(ctx, stack.Endpoints, stack.Token, os.Stdout); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("the seed failed: %w", err), stack.Close())
	}
	env, err := environment(ctx, stack.Endpoints)
	if err != nil {
		return nil, nil, errors.Join(err, stack.Close())
	}
	return stack, env, nil
}

// environment is what a client has to know: the two addresses, whose certificate to trust,
// and a token for each account.
func environment(ctx context.Context, at components.Endpoints) ([]string, error) {
	env := append(os.Environ(),
		"LEASEHOLD_URL="+at.URL,
		"LEASEHOLD_SECURE_URL="+at.SecureURL,
		"LEASEHOLD_CA="+at.CA,
		// Node.js reads the name of this file itself.
		"NODE_EXTRA_CA_CERTS="+at.CA,
	)

	for _, account := range []string{components.Admin, components.Owner, components.Manager, components.Approver, components.Member, components.Other} {
		token, err := at.Token(ctx, account)
		if err != nil {
			return nil, err
		}
		env = append(env, "LEASEHOLD_TOKEN_"+strings.ToUpper(account)+"="+token)
	}
	return env, nil
}

// run runs the tests of one client to their end and lets them speak for themselves.
func (s suite) run(ctx context.Context, root string, env []string) error {
	ctx, cancel := context.WithTimeout(ctx, clientLimit)
	defer cancel()

	fmt.Printf("\nThe client for %s:\n", s.name)
	began := time.Now()
	command := exec.CommandContext(ctx, strings.ReplaceAll(s.command[0], "{root}", root), s.command[1:]...)
	command.Dir = filepath.Join(root, "localstack", "clients", s.folder)
	command.Env = env
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	// A group of its own, so that what it starts ends with it.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	command.WaitDelay = 10 * time.Second

	err := command.Run()
	fmt.Printf("The client for %s took %.0f s.\n", s.name, time.Since(began).Seconds())
	return errors.Join(err, ctx.Err())
}
