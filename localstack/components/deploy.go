package components

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"leasehold/pkg/names"
)

// build makes the functions for this machine's architecture and, beside them, the
// CDK app, whose compilation is long and keeps one processor busy.
func build(ctx context.Context, o Options) error {
	return o.run(ctx, "build", o.Root, clean(os.Environ()),
		"make", "--silent", "--jobs=2", "build", ".local/infra", "ARCH="+runtime.GOARCH)
}

// bootstrap makes what the CDK needs in an account: the bucket for the functions' code.
// It runs where the CDK finds no app, which is still being built at that time.
func bootstrap(ctx context.Context, o Options, e *emulator) error {
	return cdk(ctx, o, e, o.temporary(), "bootstrap", "aws://"+account+"/"+Region)
}

// deploy puts the stack onto the emulator and returns its outputs.
func deploy(ctx context.Context, o Options, e *emulator, settings map[string]string) (map[string]string, error) {
	// An emulator that was there before us may hold an earlier stack, whose people
	// were bound to an issuer that is gone.
	if e.process == nil {
		if err := cdk(ctx, o, e, o.Root, "destroy", append([]string{"--force"}, contextOf(settings)...)...); err != nil {
			return nil, err
		}
	}

	outputs := filepath.Join(o.Dir, "outputs.json")
	arguments := append([]string{"--require-approval", "never", "--outputs-file", outputs}, contextOf(settings)...)
	if err := cdk(ctx, o, e, o.Root, "deploy", arguments...); err != nil {
		return nil, err
	}

	text, err := os.ReadFile(outputs)
	if err != nil {
		return nil, fmt.Errorf("read the outputs of the stack: %w", err)
	}
	var stacks map[string]map[string]string
	if err := json.Unmarshal(text, &stacks); err != nil {
		return nil, fmt.Errorf("read the outputs of the stack: %w", err)
	}
	return stacks[names.StackName], nil
}

// settings is the CDK context of a stack whose tokens come from the provider.
func settings(p *provider, d *proxy) (map[string]string, error) {
	issuers, err := json.Marshal([]map[string]any{{
		"issuer":       p.issuer,
		"keySet":       p.keySet,
		"audience":     Audience,
		"tokenRule":    "at+jwt",
		"portalClient": map[string]any{"id": PortalClient, "scopes": strings.Fields(scopes), "parameters": map[string]string{"resource": Audience}},
	}})
	if err != nil {
		return nil, err
	}

	return map[string]string{
		names.ContextEmulator:   "true",
		names.ContextArch:       runtime.GOARCH,
		names.ContextIssuers:    string(issuers),
		names.ContextFirstAdmin: p.issuer + "|" + Admin,
		names.ContextPublicURL:  d.url + "," + d.secureURL,
	}, nil
}

func contextOf(settings map[string]string) []string {
	var arguments []string
	for key, value := range settings {
		arguments = append(arguments, "--context", key+"="+value)
	}
	return arguments
}

// cdk runs a subcommand of the CDK in a folder, against the emulator. Its output goes to a folder of this
// stack's own, so that two stacks of one checkout do not write each other's.
func cdk(ctx context.Context, o Options, e *emulator, folder, name string, arguments ...string) error {
	host, port, _ := strings.Cut(strings.TrimPrefix(e.endpoint, "http://"), ":")
	env := append(inherited(), credentials...)

	env = append(env,
		"AWS_ENDPOINT_URL="+e.endpoint,
		// Two kinds of tools run here, and each reads another variable.
		"AWS_ENDPOINT_URL_S3="+e.endpoint,
		"LOCALSTACK_HOSTNAME="+host,
		"EDGE_PORT="+port,
		"TMPDIR="+o.temporary(),
		"CDK_DISABLE_CLI_TELEMETRY=true",
		"CDK_DISABLE_VERSION_CHECK=true",
	)

	command := append([]string{filepath.Join(o.Root, "node_modules", ".bin", "cdklocal"), name}, arguments...)
	command = append(command, "--no-notices", "--no-color", "--output", filepath.Join(o.Dir, "cdk.out"))
	return o.run(ctx, name, folder, env, command...)
}

// run runs a command in a folder to its end and keeps what it says as a log.
func (o Options) run(ctx context.Context, name, folder string, env []string, command ...string) error {
	file, err := os.Create(o.log(name))
	if err != nil {
		return err
	}
	defer file.Close()

	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Env = folder, env
	cmd.Stdout, cmd.Stderr = file, file
	// A group of its own, so that what it starts ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = grace
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, errors.Join(err, ctx.Err()), tail(o.log(name)))
	}
	return nil
}

// clean takes out of an environment what a make above us has left there for its own commands.
func clean(env []string) []string {
	var rest []string
	for _, setting := range env {
		if key, _, _ := strings.Cut(setting, "="); key != "MAKEFLAGS" && key != "MFLAGS" && key != "MAKELEVEL" {
			rest = append(rest, setting)
		}
	}
	return rest
}

// tail is the end of a log, for an error message.
func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}
