package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"leasehold/localstack/components"
	"leasehold/localstack/seed"
)

// startLimit is how long a start may take, first builds included.
const startLimit = 10 * time.Minute

// up starts the stack and holds it until it is told to stop. With WAIT=no it
// leaves that to a copy of itself in the background and returns when all is up.
func up(ctx context.Context, arguments []string) error {
	// The copy in the background gets the lock with its file: it was never free in between.
	if len(arguments) == 1 && arguments[0] == held {
		said, lock := handedOver()
		return hold(ctx, said, lock)
	}

	lock, err := takeLock()
	if err != nil {
		return err
	}
	if os.Getenv("WAIT") == "no" {
		return upInBackground(ctx, lock)
	}
	return hold(ctx, keepOpen{os.Stdout}, lock)
}

// keepOpen is the terminal: what is said to it may go on after the start.
type keepOpen struct{ io.Writer }

func (keepOpen) Close() error { return nil }

// hold starts the stack, says what is where, and waits for the end of ctx.
func hold(ctx context.Context, said io.WriteCloser, lock *os.File) error {
	defer lock.Close()
	if err := sign(lock); err != nil {
		return err
	}

	stack, shown, err := startAndSeed(ctx, said)
	if err != nil {
		fmt.Fprintln(said, err)
		return errors.Join(errors.New("the stack did not start"), said.Close())
	}
	// Written once all is up: whoever finds the file can use what it names.
	if err := stack.Endpoints.Write(dir); err != nil {
		return errors.Join(err, stack.Close())
	}
	describe(said, stack.Endpoints, shown)
	said.Close()

	<-ctx.Done()
	return stack.Close()
}

func startAndSeed(ctx context.Context, said io.Writer) (*components.Stack, seed.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()

	began := time.Now()
	stack, err := components.Start(ctx, components.Options{
		Root:     ".",
		Dir:      dir,
		Familiar: true,
		Emulator: os.Getenv("EMULATOR"),
		Endpoint: os.Getenv("LOCALSTACK_ENDPOINT"),
		Progress: said,
	})
	// Start has stopped again what it had started.
	if err != nil {
		return nil, seed.Result{}, err
	}

	shown, err := seed.Run(ctx, stack.Endpoints, stack.Token, said)
	if err != nil {
		return nil, shown, errors.Join(fmt.Errorf("seed: %w", err), stack.Close())
	}
	fmt.Fprintf(said, "Leasehold is up after %.0f s.\n", time.Since(began).Seconds())
	return stack, shown, nil
}

// prepare sees to it that a LocalStack can be had, or says what it takes.
func prepare(ctx context.Context, _ []string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()

	return components.PrepareLocalStack(ctx, components.Options{
		Root:     ".",
		Dir:      filepath.Join(dir, "prepare"),
		Endpoint: os.Getenv("LOCALSTACK_ENDPOINT"),
	})
}

// seedAgain puts back whatever is missing from the sample organisation.
func seedAgain(ctx context.Context, _ []string) error {
	endpoints, err := components.ReadEndpoints(dir)
	if err != nil {
		return err
	}
	_, err = seed.Run(ctx, endpoints, endpoints.Token, os.Stdout)
	return err
}

// token prints an access token and nothing else.
func token(ctx context.Context, arguments []string) error {
	if len(arguments) != 1 || arguments[0] == "" {
		return errors.New("say who: make token AS=member (admin, owner, manager, approver, member, other or robot)")
	}

	endpoints, err := components.ReadEndpoints(dir)
	if err != nil {
		return err
	}

	token, err := endpoints.Token(ctx, arguments[0])
	if err != nil {
		return err
	}
	// A script takes it as it is, so it is all that is said.
	fmt.Println(token)
	return nil
}
