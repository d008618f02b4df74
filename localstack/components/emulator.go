package components

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
)

// Emulators that a stack can run on.
const (
	MiniStack  = "ministack"
	LocalStack = "localstack"
)

// What an emulator takes for an account.
const (
	Region    = "us-east-1"
	AccessKey = "test"
	SecretKey = "test"
	account   = "000000000000"
)

// credentials is what AWS clients need beside the address.
var credentials = []string{
	"AWS_ACCESS_KEY_ID=" + AccessKey,
	"AWS_SECRET_ACCESS_KEY=" + SecretKey,
	"AWS_REGION=" + Region,
	"AWS_DEFAULT_REGION=" + Region,
}

// emulator is where the stack is deployed to.
type emulator struct {
	endpoint string
	process  *process // nil where it was running before us and stays
}

// startEmulator starts the emulator that the options name, or finds the one that runs already.
func startEmulator(ctx context.Context, o Options) (*emulator, error) {
	if o.Emulator == MiniStack {
		return startMiniStack(ctx, o)
	}
	return startLocalStack(ctx, o)
}

// Emulator is an emulator with nothing on it.
type Emulator struct {
	Endpoint string
	emulator *emulator
}

// StartEmulator starts MiniStack alone, with IAM enforced.
func StartEmulator(ctx context.Context, o Options) (*Emulator, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	e, err := startMiniStack(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Emulator{e.endpoint, e}, nil
}

// Environment is what AWS clients need to find the emulator, and are let in.
func (e *Emulator) Environment() []string {
	return append(slices.Clone(credentials), "AWS_ENDPOINT_URL="+e.Endpoint, "AWS_ENDPOINT_URL_S3="+e.Endpoint)
}

// Stop ends the emulator.
func (e *Emulator) Stop() error { return e.emulator.stop() }

// startMiniStack starts MiniStack with IAM enforced, on loopback and with all that it writes inside o.Dir.
func startMiniStack(ctx context.Context, o Options) (*emulator, error) {
	port, err := freePort(loopback, o.prefer(emulatorPort))
	if err != nil {
		return nil, err
	}

	e := &emulator{endpoint: address(loopback, port)}
	e.process, err = start("ministack", o.log("ministack"), append(credentials[:len(credentials):len(credentials)],
		"AUTH=true",
		"BIND_HOST="+loopback,
		"GATEWAY_PORT="+strconv.Itoa(port),
		"AWS_ENDPOINT_URL="+e.endpoint, // handed on to the functions
		"MINISTACK_ACCOUNT_ID="+account,
		"MINISTACK_REGION="+Region,
		"TMPDIR="+o.temporary(),
		"STATE_DIR="+filepath.Join(o.temporary(), "state"),
		"S3_DATA_DIR="+filepath.Join(o.temporary(), "s3"),
		"SFTP_ENABLED=0", // listeners of services that we do not use
		"IOT_MTLS_ENABLED=0",
	), o.python("ministack"))
	if err != nil {
		return nil, err
	}
	return e, e.process.ready(ctx, e.endpoint+"/_ministack/ready")
}

// stop ends an emulator that we started.
func (e *emulator) stop() error {
	if e.process == nil {
		return nil
	}
	return e.process.stop()
}
