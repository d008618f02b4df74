package scim

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
)

// root is the repository's root.
var root = filepath.Join("..", "..", "..")

// portTries is how many ports a server is started on before it counts as broken:
// another process may take a free port before the server does.
const portTries = 3

// startServer starts a real server on a free port, ends it with the test and returns its
// base URL. The command's process must itself be the server.
func startServer(t *testing.T, command func(port string) *exec.Cmd) *url.URL {
	t.Helper()
	for try := 1; ; try++ {
		port := freePort(t)
		base := &url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", port), Path: "/v2"}
		said, err := startOn(t, base, command(port))
		if err == nil {
			return base
		}
		if try == portTries {
			t.Fatalf("%v: %s", err, said)
		}
	}
}

// startOn starts the command and waits for an answer to this test's own token, which no
// other process on that port would give.
func startOn(t *testing.T, base *url.URL, command *exec.Cmd) (said string, err error) {
	t.Helper()
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	// It stays open as long as this process lives, and no longer: who reads it knows when to end.
	if _, err := command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("start %s: %v", command.Path, err)
	}

	ended := make(chan struct{})
	go func() {
		command.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		command.Process.Kill()
		<-ended
	})

	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		select {
		case <-ended:
			return output.String(), fmt.Errorf("%s ended", command.Path)
		default:
		}
		if answers(t, base) {
			return "", nil
		}
	}
	t.Fatalf("%s did not answer within 30 s", command.Path)
	return "", nil
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

func answers(t *testing.T, base *url.URL) bool {
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, base.String()+"/Groups", nil)
	request.Header.Set("Authorization", "Bearer "+testToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// onServer opens a new group of a real server, which has the people of harness.
func onServer(base *url.URL) func(*testing.T) connectortest.Harness {
	return func(t *testing.T) connectortest.Harness {
		group := createGroup(t, base)
		h := harness(t, connectortest.NewProxy(t, base), group, false)
		h.Members = func() []connector.PrincipalRef { return storedMembers(t, base, group) }
		return h
	}
}

// createPeople creates the people of harness. Each has a mail address: some servers
// cannot search by it while anybody has none.
func createPeople(t *testing.T, base *url.URL) {
	t.Helper()
	for i := range connectortest.MinPeople {
		createUser(t, base, fmt.Sprintf("ann%d", i), fmt.Sprintf("ann%d@example.com", i))
	}
	createUser(t, base, "twin1", "twin@example.com")
	createUser(t, base, "twin2", "twin@example.com")
}

// createUser creates a user, without a mail address where that is "".
func createUser(t *testing.T, base *url.URL, name, mail string) {
	t.Helper()
	user := map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": name}
	if mail != "" {
		user["emails"] = []map[string]any{{"value": mail}}
	}
	var created struct{ ID string }
	post(t, base, "/Users", user, &created)
}

// createGroup creates a group that is called after the test and returns its id.
func createGroup(t *testing.T, base *url.URL) string {
	t.Helper()
	var group struct{ ID string }
	post(t, base, "/Groups", map[string]any{"schemas": []string{schemaGroup}, "displayName": t.Name()}, &group)
	return group.ID
}

// storedMembers asks the server itself who is in the group, duplicates included.
func storedMembers(t *testing.T, base *url.URL, group string) []connector.PrincipalRef {
	t.Helper()
	var stored struct{ Members []member }
	fetch(t, base, "/Groups/"+group, &stored)
	var list []connector.PrincipalRef
	for _, m := range stored.Members {
		list = append(list, m.Value)
	}
	return list
}
