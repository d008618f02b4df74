package scim

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"leasehold/pkg/connector/connectortest"
)

// scim2Server is where `make test` installs the server.
var scim2Server = filepath.Join(root, ".local", "venv", "bin", "scim2-server")

func TestTheConnectorConformsWithScim2Server(t *testing.T) {
	base := startScim2Server(t)
	createPeople(t, base)
	connectortest.Run(t, onServer(base))
}

// startScim2Server starts the server, empty, and returns its base URL.
func startScim2Server(t *testing.T) *url.URL {
	t.Helper()
	executable := scim2Server
	if given := os.Getenv("SCIM2_SERVER"); given != "" {
		executable = given
	} else if _, err := os.Stat(executable); err != nil {
		t.Skip("scim2-server is not installed: this part is run by `make test`, which installs it")
	}
	return startServer(t, func(port string) *exec.Cmd {
		return exec.Command(executable, "--port", port, "--bearer-token", testToken)
	})
}
