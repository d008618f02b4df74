package components

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
)

const loopback = "127.0.0.1"

// hosts is this machine by two names: ours is where the components listen and
// what people call them, inside is what the functions call them. They are one
// and the same unless the functions run in containers.
type hosts struct{ ours, inside string }

// findHosts says how components and functions reach each other on the emulator of the options.
func findHosts(ctx context.Context, o Options) (hosts, error) {
	if o.Emulator == MiniStack || o.source != fromImage {
		return hosts{ours: loopback, inside: loopback}, nil
	}

	gateway, err := exec.CommandContext(ctx, "docker", "network", "inspect", "bridge",
		"--format", "{{(index .IPAM.Config 0).Gateway}}").Output()
	if err != nil {
		return hosts{}, fmt.Errorf("find the address at which Docker's containers reach this machine: %w", err)
	}
	if runtime.GOOS != "linux" {
		return hosts{ours: loopback, inside: "host.docker.internal"}, nil
	}

	// On Linux a container reaches nothing on our loopback; both sides reach the bridge.
	bridge := strings.TrimSpace(string(gateway))
	return hosts{ours: bridge, inside: bridge}, nil
}
