// Package dynamotest gives tests a real table: it finds or starts an emulator, makes
// the table as the infrastructure does, and meters what a use case costs by the
// published rules. Only tests import it.
package dynamotest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// EnvEndpoint names an emulator that runs already. Without it one is started.
const EnvEndpoint = "DYNAMODB_ENDPOINT"

// ErrNone says that there is no emulator, and what installs one.
var ErrNone = errors.New("NO EMULATOR: the table was not tested. `make test` installs one and runs this; or name one that runs in " + EnvEndpoint)

// program is the emulator below the root of the module.
var program = filepath.Join(".local", "venv", "bin", "ministack")

// patience is how long an emulator may take to answer.
const patience = 60 * time.Second

// Emulator is a running emulator.
type Emulator struct {
	Endpoint string
	process  *exec.Cmd // nil: not ours
}

// Start returns the emulator that EnvEndpoint names, or starts one on a free port.
func Start() (*Emulator, error) {
	if endpoint := os.Getenv(EnvEndpoint); endpoint != "" {
		return &Emulator{Endpoint: endpoint}, nil
	}
	path, err := find()
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	e := &Emulator{Endpoint: "http://127.0.0.1:" + port, process: exec.Command(path)}
	e.process.Env = append(os.Environ(), "GATEWAY_PORT="+port, "AWS_ENDPOINT_URL="+e.Endpoint)
	e.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its children end with it
	if err := e.process.Start(); err != nil {
		return nil, fmt.Errorf("start emulator: %w", err)
	}
	if err := e.ready(); err != nil {
		e.Stop()
		return nil, err
	}
	return e, nil
}

// Stop ends the emulator that Start started, with all its processes.
func (e *Emulator) Stop() {
	if e != nil && e.process != nil {
		_ = syscall.Kill(-e.process.Process.Pid, syscall.SIGKILL)
		_ = e.process.Wait()
	}
}

// find looks for the program from here up to the root of the module.
func find() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, program)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		_, err := os.Stat(filepath.Join(dir, "go.mod"))
		if up := filepath.Dir(dir); err == nil || up == dir {
			return "", ErrNone
		}
		dir = filepath.Dir(dir)
	}
}

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
	client := e.Client(nil)
	for {
		_, err := client.ListTables(ctx, &dynamodb.ListTablesInput{})
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the emulator does not answer: %w", err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// Client returns a client of the emulator; meter may be nil.
func (e *Emulator) Client(meter *Meter) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(e.Endpoint),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}, meter.attach)
}
