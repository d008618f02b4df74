// Command dev runs the whole of Leasehold in one process, with a sample organisation in
// it: `make dev`. It needs Go and nothing else, keeps everything in memory, and ends with
// Ctrl-C. What it runs is the functions' own handlers; what stands in for AWS around them
// is in the packages below.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"leasehold/localstack/dev/system"
	"leasehold/localstack/seed"
	"leasehold/pkg/names"
)

// What is written, below the checkout.
const (
	dir     = ".local"
	envFile = "dev.env"
	logFile = "dev.log"
)

// port is where people expect the API.
const port = 8080

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run holds a system until ctx ends.
func run(ctx context.Context, said io.Writer) (err error) {
	began := time.Now()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(dir, logFile), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()

	s, err := system.Start(system.Options{Port: port, Every: names.SweepPeriod, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	// Seeded before the settings are written: whoever finds them finds people too.
	shown, err := seed.Run(ctx, s.Endpoints, s.Token, said)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	withdraw, err := writeEnv(s.Endpoints)
	if err != nil {
		return err
	}
	defer withdraw()

	fmt.Fprintf(said, "Leasehold is up after %.2f s.\n", time.Since(began).Seconds())
	describe(said, s.Endpoints, shown)
	<-ctx.Done()
	return nil
}
