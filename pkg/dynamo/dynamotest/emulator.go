// Package dynamotest gives tests a real table: it finds or starts an emulator, makes
// the table as the infrastructure does, and meters what a use case costs by the
// published rules. Only tests import it.
package dynamotest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// EnvEndpoint names an emulator that runs already. Without it one is started.
const EnvEndpoint = "DYNAMODB_ENDPOINT"

// These say that an emulator is not installed, and what installs it.
var (
	ErrNone            = errors.New("NO EMULATOR: the engine was not compared with MiniStack. `make test` installs that and runs this; or name one that runs in " + EnvEndpoint)
	ErrNoDynamoDBLocal = errors.New("NOT COMPARED WITH DYNAMODB LOCAL. Where Java and Maven are there, `make test` installs it and runs this")
)

// What is installed below the root of the module.
var (
	miniStack     = filepath.Join(".local", "venv", "bin", "ministack")
	dynamoDBLocal = filepath.Join(".local", "dynamodb-local", ".installed")
)

// patience is how long an emulator may take to answer, grace how long to end.
const (
	patience = 60 * time.Second
	grace    = 5 * time.Second
)

// Emulator is a running emulator.
type Emulator struct {
	Endpoint string
	process  *exec.Cmd     // nil: not ours
	ended    chan struct{} // closed once the process has
}

// Start returns the emulator that EnvEndpoint names, or starts MiniStack on a free port.
func Start() (*Emulator, error) {
	if endpoint := os.Getenv(EnvEndpoint); endpoint != "" {
		return &Emulator{Endpoint: endpoint}, nil
	}
	path, err := find(miniStack, ErrNone)
	if err != nil {
		return nil, err
	}
	return start(func(port string) *exec.Cmd {
		command := exec.Command(path)
		command.Env = append(os.Environ(), "BIND_HOST=127.0.0.1", "GATEWAY_PORT="+port, "AWS_ENDPOINT_URL="+address(port))
		return command
	})
}

// StartDynamoDBLocal starts DynamoDB Local on a free port, in memory. It is for behaviour
// alone: what it says of capacity is wrong.
func StartDynamoDBLocal() (*Emulator, error) {
	path, err := find(dynamoDBLocal, ErrNoDynamoDBLocal)
	if err != nil {
		return nil, err
	}
	// It lives for seconds, too few to be worth compiling it well. It would report its use
	// over the network, and cannot be told to listen on 127.0.0.1: it does on every address.
	return start(func(port string) *exec.Cmd {
		return exec.Command("java", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(filepath.Dir(path), "*"),
			"software.amazon.dynamodb.services.local.main.ServerRunner", "-inMemory", "-disableTelemetry", "-port", port)
	})
}

// start runs the program that command makes for a free port, until it answers there.
func start(command func(port string) *exec.Cmd) (*Emulator, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}

	e := &Emulator{Endpoint: address(port), process: command(port), ended: make(chan struct{})}
	e.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its children end with it
	endWithTest(e.process.SysProcAttr)

	started := make(chan error)
	go e.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start emulator: %w", err)
	}

	if err := e.ready(); err != nil {
		e.Stop()
		return nil, err
	}

	return e, nil
}

// run starts the process and waits for it on one thread, since that is the parent which
// the system ends it with.
func (e *Emulator) run(started chan<- error) {
	runtime.LockOSThread()
	defer close(e.ended)
	err := e.process.Start()
	started <- err
	if err == nil {
		_ = e.process.Wait() // how it ended stands in ProcessState
	}
}

// Stop ends the emulator that was started, with all its processes: politely at first,
// so that it takes away what it has put into the temporary folder.
func (e *Emulator) Stop() {
	if e == nil || e.process == nil {
		return
	}
	group := -e.process.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM)
	select {
	case <-e.ended:
	case <-time.After(grace):
	}
	_ = syscall.Kill(group, syscall.SIGKILL)
	<-e.ended
}

// find looks for a path from here up to the root of the module; none says that it is
// not there.
func find(path string, none error) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}

	for {
		found := filepath.Join(dir, path)
		if _, err := os.Stat(found); err == nil {
			return found, nil
		}
		// Not beyond the module: what lies there is somebody else's.
		_, err := os.Stat(filepath.Join(dir, "go.mod"))
		if up := filepath.Dir(dir); err == nil || up == dir {
			return "", none
		}

		dir = filepath.Dir(dir)
	}
}

func address(port string) string { return "http://127.0.0.1:" + port }

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

func (e *Emulator) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client := e.Client()
	// It may take seconds until a program that has begun listens.
	for {
		_, err := client.ListTables(ctx, &dynamodb.ListTablesInput{})
		if err == nil {
			return nil
		}

		select {
		case <-ctx.Done():
			return fmt.Errorf("the emulator does not answer: %w", err)
		case <-e.ended:
			return fmt.Errorf("the emulator ended at its start (%v): %v", e.process.ProcessState, e.process)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// whole sends each request from a copy of its own. An emulator can answer before net/http
// has seen the end of the body; the SDK then closes that, net/http takes it for a failure
// and the connection down, and the answer is lost to a call that went through.
type whole struct{ http.Transport }

func (w *whole) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return w.Transport.RoundTrip(r)
}

// Client returns a client of the emulator. It makes each call once: what is made again
// might have gone through.
func (e *Emulator) Client() *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(e.Endpoint),
		HTTPClient:   &http.Client{Transport: &whole{}},
		Retryer:      aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
}
