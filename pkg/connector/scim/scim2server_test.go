package scim

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
)

// scim2Server is where `make test` installs the server, below the repository's root.
var scim2Server = filepath.Join("..", "..", "..", ".local", "venv", "bin", "scim2-server")

func TestTheConnectorConformsWithScim2Server(t *testing.T) {
	base := startScim2Server(t)
	for i := range connectortest.MinPeople {
		createUser(t, base, fmt.Sprintf("ann%d", i), fmt.Sprintf("ann%d@example.com", i))
	}
	createUser(t, base, "twin1", "twin@example.com")
	createUser(t, base, "twin2", "twin@example.com")

	connectortest.Run(t, func(t *testing.T) connectortest.Harness {
		var group struct{ ID string }
		post(t, base, "/Groups", map[string]any{
			"schemas": []string{schemaGroup}, "displayName": t.Name()}, &group)

		h := harness(t, connectortest.NewProxy(t, base), group.ID)
		h.Members = func() []connector.PrincipalRef {
			var stored struct{ Members []member }
			fetch(t, base, "/Groups/"+group.ID, &stored)
			var list []connector.PrincipalRef
			for _, m := range stored.Members {
				list = append(list, m.Value)
			}
			return list
		}
		return h
	})
}

func createUser(t *testing.T, base *url.URL, name, mail string) {
	t.Helper()
	user := map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": name,
		"emails": []map[string]any{{"value": mail}}}
	var created struct{ ID string }
	post(t, base, "/Users", user, &created)
}

// startScim2Server starts the server and returns its base URL. It waits for an answer
// to this test's own token, which no other process on that port would give.
func startScim2Server(t *testing.T) *url.URL {
	t.Helper()
	executable := scim2Server
	if given := os.Getenv("SCIM2_SERVER"); given != "" {
		executable = given
	} else if _, err := os.Stat(executable); err != nil {
		t.Skip("scim2-server is not installed: this part is run by `make test`, which installs it")
	}

	port := freePort(t)
	var said bytes.Buffer
	command := exec.Command(executable, "--port", port, "--bearer-token", testToken)
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		t.Fatalf("start %s: %v", executable, err)
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

	base := &url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", port), Path: "/v2"}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		select {
		case <-ended:
			t.Fatalf("scim2-server ended: %s", said.String())
		default:
		}
		if answers(t, base) {
			return base
		}
	}
	t.Fatal("scim2-server did not answer within 30 s")
	return nil
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
