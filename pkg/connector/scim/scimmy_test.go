package scim

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/entitlement"
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

	told, err := c.Check(t.Context(), roleOf(group), WayGroupAndMember, refs([]string{"ann"}))
	if err != nil || told[0] != entitlement.PresenceUnknown {
		t.Errorf("a filter on the members of an empty group: got %v, %v; want that it is refused", told, err)
	}
	for range 2 {
		if _, err := c.Apply(t.Context(), roleOf(group), grants("ann")); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := storedMembers(t, base, group), refs([]string{"ann", "ann"}); !slices.Equal(got, want) {
		t.Errorf("a member who was added twice is stored as %q, want %q", got, want)
	}

	createUser(t, base, "bob", "")
	err = c.users(askGroup, `emails.value eq "ann@example.com"`, 2, "emails").more(t.Context())
	if r := refusalOf(err); r == nil || r.status != http.StatusBadRequest {
		t.Errorf("a filter on mail addresses where somebody has none: got %v, want status 400", err)
	}
	if found, err := c.FindPrincipals(t.Context(), []connector.Correlation{{Mail: "ann@example.com"}}); err != nil || found[0].Ref == "" {
		t.Errorf("got %+v, %v; want her found in the list of people", found, err)
	}
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
