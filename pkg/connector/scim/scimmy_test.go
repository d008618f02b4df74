package scim

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
)

func TestTheConnectorConformsWithScimmy(t *testing.T) {
	base := startScimmy(t)
	createPeople(t, base)
	connectortest.Run(t, onServer(base))
}

// What scimmy is there for is its habits. If a newer version loses them, this suite says
// nothing any more that scim2-server's does not.
func TestScimmyHasTheHabitsThatTheConnectorHasToBear(t *testing.T) {
	base := startScimmy(t)
	createUser(t, base, "ann", "ann@example.com")
	group := createGroup(t, base)
	c := open(t, base, "mail")

	_, err := c.anyMember(t.Context(), group, refs([]string{"ann"}))
	wantStatus400(t, "a filter on the members of an empty group", err)

	for range 2 {
		if _, err := c.Apply(t.Context(), roleOf(group), grants("ann")); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := storedMembers(t, base, group), refs([]string{"ann", "ann"}); !slices.Equal(got, want) {
		t.Errorf("a member who was added twice is stored as %q, want %q", got, want)
	}

	createUser(t, base, "bob", "")
	_, err = c.findBy(t.Context(), lookups["mail"], "ann@example.com")
	wantStatus400(t, "a filter on mail addresses where somebody has none", err)
	_, err = c.findPrincipal(t.Context(), connector.Correlation{Mail: "ann@example.com"})
	wantReason(t, err, connector.RefusedByTarget) // she is there, so she must not be called missing
}

// startScimmy starts the server, empty, and returns its base URL.
func startScimmy(t *testing.T) *url.URL {
	t.Helper()
	if _, err := os.Stat(filepath.Join(root, "node_modules", "scimmy")); err != nil {
		t.Skip("scimmy is not installed: this part is run by `make test`, which installs it")
	}
	return startServer(t, func(port string) *exec.Cmd {
		server := exec.Command("node", filepath.Join(root, "localstack", "scim", "scimmy.mjs"))
		server.Env = append(os.Environ(), "PORT="+port, "TOKEN="+testToken)
		return server
	})
}

func wantStatus400(t *testing.T, what string, err error) {
	t.Helper()
	if r, ok := errors.AsType[*refused](err); !ok || r.status != http.StatusBadRequest {
		t.Errorf("%s: got %v, want status 400", what, err)
	}
}
