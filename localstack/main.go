// Command localstack runs Leasehold on this machine: `make run` and its sisters
// are its subcommands. It keeps everything in the folder .local of the checkout.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sort"
	"strings"
	"syscall"
)

// commands by name; each is given what follows its name.
var commands = map[string]func(ctx context.Context, arguments []string) error{
	"up":           up,
	"down":         down,
	"dlq":          dlq,
	"show-item":    showItem,
	"verify-audit": verifyAudit,
	"token":        token,
	"seed":         seedAgain,
	"logs":         logs,
	"invoke":       invoke,
	"prepare":      prepare,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) == 0 {
		return usage()
	}
	command, ok := commands[arguments[0]]
	if !ok {
		return usage()
	}
	return command(ctx, arguments[1:])
}

func usage() error {
	var known []string
	for name := range commands {
		known = append(known, name)
	}
	sort.Strings(known)
	return fmt.Errorf("say one of: %s", strings.Join(known, ", "))
}

// dir is where the stack of this checkout keeps what it writes.
const dir = ".local"
