// Package e2e tells stories on the deployed stack: real requests through the proxy, real
// tokens, the emulator's own queue and schedule, and the SCIM server asked directly.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"leasehold/localstack/components"
	"leasehold/localstack/seed"
)

const em = "/v1.0/identityGovernance/entitlementManagement"

// The stack that all stories share, and what the seed made on it.
var (
	stack  *components.Stack
	seeded seed.Result
	folder string // where the stack keeps its logs
)

func TestMain(m *testing.M) {
	if os.Getenv("LEASEHOLD_E2E") != "1" {
		fmt.Println("The stories on the deployed stack are not run here: `make e2e` (part of `make test`) runs them.")
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("../../.local", "test-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
	folder = dir
	stack, err = components.Start(ctx, components.Options{Root: "../..", Dir: dir, Progress: os.Stdout,
		Emulator: os.Getenv("EMULATOR"), Endpoint: os.Getenv("LOCALSTACK_ENDPOINT")})
	if err != nil {
		fmt.Println("the stack did not start:", err)
		return 1
	}
	defer stack.Close()
	if seeded, err = seed.Run(ctx, stack.Endpoints, stack.Token, os.Stdout); err != nil {
		fmt.Println("the seed failed:", err)
		return 1
	}
	// A story is mostly waiting, so how many run at once has nothing to do with processors.
	if err := flag.Set("test.parallel", "16"); err != nil {
		fmt.Println(err)
		return 1
	}
	code := m.Run()
	refused, err := refusals(ctx)
	if err != nil {
		fmt.Println("what the functions were refused could not be read:", err)
		return 1
	}
	for _, each := range refused {
		fmt.Println("a function called what its role does not allow:", each)
		code = 1
	}
	return code
}

type object = map[string]any

// answer is what the API said.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	text   string
	body   object
}

var tokens sync.Map // account -> access token

func token(t *testing.T, as string) string {
	t.Helper()
	if known, ok := tokens.Load(as); ok {
		return known.(string)
	}
	text, err := stack.Token(t.Context(), as)
	if err != nil {
		t.Fatal(err)
	}
	tokens.Store(as, text)
	return text
}

// call sends one request as an account and returns the answer, whatever it is.
func call(t *testing.T, as, method, path string, body any) answer {
	t.Helper()
	return send(t, "Bearer "+token(t, as), method, stack.URL+path, "application/json", body)
}

func send(t *testing.T, authorization, method, address, contentType string, body any) answer {
	t.Helper()
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		payload = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, strings.ReplaceAll(address, " ", "%20"), payload)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{t: t, status: res.StatusCode, header: res.Header, text: string(text)}
	if len(text) > 0 {
		json.Unmarshal(text, &a.body)
	}
	return a
}

// want fails the test unless the answer has the status.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("got %d, want %d: %s", a.status, status, a.text)
	}
	return a
}

// get walks members of the body by dotted path and returns the text found there.
func (a answer) get(path string) string {
	a.t.Helper()
	return dig(a.body, path)
}

func dig(from object, path string) string {
	var at any = from
	for _, name := range strings.Split(path, ".") {
		o, ok := at.(object)
		if !ok {
			return ""
		}
		at = o[name]
	}
	if at == nil {
		return ""
	}
	return fmt.Sprint(at)
}

// values returns the members of a collection.
func (a answer) values() []object {
	a.t.Helper()
	list, ok := a.body["value"].([]any)
	if !ok {
		a.t.Fatalf("no collection: %s", a.text)
	}
	out := make([]object, len(list))
	for i, v := range list {
		out[i] = v.(object)
	}
	return out
}

// patience is how many times as long as on MiniStack a story waits. LocalStack hands over
// the messages of a queue one batch after the other, so that what is for a target that is
// down or has a crowd before it holds up all that comes behind.
func patience() time.Duration {
	if os.Getenv("EMULATOR") == components.LocalStack {
		return 5
	}
	return 1
}

// eventually polls until check says true, or fails with what it last said. What takes long
// is asked about less often, so that stories beside it have the machine.
func eventually(t *testing.T, within time.Duration, check func() (done bool, seen string)) {
	t.Helper()
	began := time.Now()
	deadline := began.Add(patience() * within)
	for {
		done, seen := check()
		if done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %v; last seen: %s", patience()*within, seen)
		}
		time.Sleep(min(max(250*time.Millisecond, time.Since(began)/20), 2*time.Second))
	}
}

// requestState waits until a request, read as admin, is in the state.
func requestState(t *testing.T, id, state string, within time.Duration) {
	t.Helper()
	eventually(t, within, func() (bool, string) {
		a := call(t, components.Admin, "GET", em+"/assignmentRequests/"+id, nil).want(200)
		return a.get("state") == state, a.text
	})
}

// scim asks the SCIM server of all stories itself.
func scim(t *testing.T, method, path string, body any) answer {
	t.Helper()
	return scimAt(t, stack.SCIM, method, path, body)
}

// scimAt asks a SCIM server itself.
func scimAt(t *testing.T, at *components.SCIM, method, path string, body any) answer {
	t.Helper()
	return send(t, "Bearer "+at.Token, method, at.URL+path, "application/scim+json", body)
}

// holds reports how often the SCIM server lists a person as member of a group.
func holds(t *testing.T, group, person string) int {
	t.Helper()
	return holdsAt(t, stack.SCIM, group, person)
}

func holdsAt(t *testing.T, at *components.SCIM, group, person string) int {
	t.Helper()
	a := scimAt(t, at, "GET", "/Groups/"+group, nil).want(200)
	n := 0
	members, _ := a.body["members"].([]any)
	for _, m := range members {
		if dig(m.(object), "value") == person {
			n++
		}
	}
	return n
}

// filtered lists a path with a filter, as admin.
func filtered(t *testing.T, path, filter string) []object {
	t.Helper()
	return call(t, components.Admin, "GET", path+"?$filter="+url.QueryEscape(filter), nil).want(200).values()
}
