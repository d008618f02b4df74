package components

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// localStackImage is the last release that needs no account. The version that is installed
// where there is no Docker is pinned in localstack/emulator/requirements.txt.
const localStackImage = "localstack/localstack:4.14.0"

// localStackSource is where a stack has its LocalStack from.
type localStackSource int

const (
	fromEndpoint localStackSource = iota // it runs already and stays
	fromImage                            // Docker runs it, and the functions
	fromPackages                         // installed in the checkout; it runs the functions as processes
)

// sourceOf says where LocalStack comes from: what is named is taken, else what needs
// nothing to be installed.
func sourceOf(ctx context.Context, o Options) localStackSource {
	switch {
	case o.Endpoint != "":
		return fromEndpoint
	case imageIsThere(ctx, o):
		return fromImage
	default:
		return fromPackages
	}
}

// imageIsThere tells whether Docker runs here and has the image, or gets it now.
func imageIsThere(ctx context.Context, o Options) bool {
	asked, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if exec.CommandContext(asked, "docker", "version").Run() != nil {
		return false
	}
	if exec.CommandContext(asked, "docker", "image", "inspect", localStackImage).Run() == nil {
		return true
	}
	return o.run(ctx, "docker-pull", o.Root, os.Environ(), "docker", "pull", localStackImage) == nil
}

// PrepareLocalStack sees to it that a stack can have a LocalStack, which it installs where
// there is neither one that runs nor Docker. Its error says what is missing and where to
// get it.
func PrepareLocalStack(ctx context.Context, o Options) error {
	o.Emulator = LocalStack
	o, err := o.complete()
	if err != nil {
		return err
	}

	// What is there already costs nothing; to install it takes minutes.
	switch sourceOf(ctx, o) {
	case fromEndpoint:
		_, err := findLocalStack(ctx, o)
		return err
	case fromImage:
		return nil
	default:
		return installLocalStack(ctx, o)
	}
}

// startLocalStack starts LocalStack, or finds the one that runs already.
func startLocalStack(ctx context.Context, o Options) (*emulator, error) {
	switch o.source {
	case fromEndpoint:
		return findLocalStack(ctx, o)
	case fromImage:
		return runImage(ctx, o)
	default:
		if err := installLocalStack(ctx, o); err != nil {
			return nil, err
		}
		return runPackages(ctx, o)
	}
}

// findLocalStack uses the LocalStack that answers at the endpoint.
func findLocalStack(ctx context.Context, o Options) (*emulator, error) {
	e := &emulator{endpoint: strings.TrimSuffix(o.Endpoint, "/")}
	if !answers(ctx, e.endpoint+"/_localstack/health") {
		return nil, fmt.Errorf("no LocalStack answers at LOCALSTACK_ENDPOINT=%s", o.Endpoint)
	}
	return e, nil
}

// runImage runs the image of LocalStack.
func runImage(ctx context.Context, o Options) (*emulator, error) {
	port, err := freePort(loopback, o.prefer(emulatorPort))
	if err != nil {
		return nil, err
	}

	e := &emulator{endpoint: address(loopback, port)}
	e.process, err = start("localstack", o.log("localstack"), nil, "docker", "run", "--rm",
		"--publish", fmt.Sprintf("%s:%d:4566", loopback, port),
		"--volume", "/var/run/docker.sock:/var/run/docker.sock", // for the containers of the functions
		localStackImage)
	if err != nil {
		return nil, err
	}
	return e, e.process.ready(ctx, e.endpoint+"/_localstack/health")
}

// installLocalStack has make install LocalStack in the checkout, once.
func installLocalStack(ctx context.Context, o Options) error {
	err := o.run(ctx, "localstack-install", o.Root, clean(os.Environ()), "make", "--silent", "localstack")
	if err == nil || ctx.Err() != nil {
		return err
	}
	return errors.New(withoutMake(tail(o.log("localstack-install"))))
}

// withoutMake leaves out of what was said what make says when a command fails.
func withoutMake(said string) string {
	var lines []string
	for line := range strings.Lines(said) {
		if !strings.HasPrefix(line, "make") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, "\n")
}

// runPackages runs the LocalStack of the checkout, on loopback and with all that it writes inside o.Dir.
func runPackages(ctx context.Context, o Options) (*emulator, error) {
	port, err := freePort(loopback, o.prefer(emulatorPort))
	if err != nil {
		return nil, err
	}

	e := &emulator{endpoint: address(loopback, port)}
	at := fmt.Sprintf("%s:%d", loopback, port)
	e.process, err = start("localstack", o.log("localstack"), append(credentials[:len(credentials):len(credentials)],
		"PYTHONPATH="+filepath.Join(o.Root, "localstack", "emulator"),
		"PYTHONDONTWRITEBYTECODE=1",
		"LAMBDA_RUNTIME_EXECUTOR=process", // ours, as is what finds DynamoDB Local
		"LEASEHOLD_DYNAMODB_JARS="+filepath.Join(o.Root, ".local", "dynamodb-local"),
		"DYNAMODB_IN_MEMORY=1",
		"GATEWAY_LISTEN="+at,
		"LOCALSTACK_HOST="+at,
		"SQS_ENDPOINT_STRATEGY=path", // a name below localhost would have to be resolved
		"DNS_ADDRESS=0",
		"FILESYSTEM_ROOT="+o.temporary(),
		"TMPDIR="+o.temporary(),
		"XDG_CACHE_HOME="+filepath.Join(o.temporary(), "cache"),
		// Its poller waits longer and longer after it found a queue empty, up to ten seconds.
		"LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC=0.1",
		"LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC=0.2",
		"DISABLE_EVENTS=1", // it calls nobody
		"SKIP_SSL_CERT_DOWNLOAD=1",
		"AWS_EC2_METADATA_DISABLED=true",
		"LS_LOG=warning",
	), filepath.Join(o.Root, ".local", "localstack", "bin", "python"), "-m", "localstack.runtime.main")
	if err != nil {
		return nil, err
	}
	return e, e.process.ready(ctx, e.endpoint+"/_localstack/health")
}
