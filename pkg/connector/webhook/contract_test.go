package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/webhook/example"
	"leasehold/pkg/entitlement"
)

// documented are the blocks of the page in a language, in order.
func documented(t *testing.T, language string) (blocks []string) {
	t.Helper()
	page, err := os.ReadFile("CONTRACT.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		blocks = append(blocks, found[1])
	}
	return blocks
}

// documentedTarget is the sample that the page is about.
func documentedTarget() *example.Target {
	return &example.Target{Secret: []byte("an-example-secret-for-nobody-else"), Rooms: []string{"front", "back"},
		People: map[string][]string{"ann@example.com": {"account-7"}, "bob@example.com": {"account-8"}}}
}

var madeUp = regexp.MustCompile(`leasehold-nobody-[A-Z2-7]+`)

// plain decodes a body, with the made-up value always the same, and without what is empty.
func plain(t *testing.T, text string) map[string]any {
	t.Helper()
	v := map[string]any{}
	if err := json.Unmarshal([]byte(madeUp.ReplaceAllString(text, "leasehold-nobody-X")), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for name, value := range v {
		if value == "" {
			delete(v, name)
		}
	}
	return v
}

// The page's questions are those that the connector asks, and its answers those of the sample.
func TestEveryExampleOfTheContractIsWhatConnectorAndSampleExchange(t *testing.T) {
	target := documentedTarget()
	var exchanged []map[string]any
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		recorded := httptest.NewRecorder()
		target.ServeHTTP(recorded, r)
		exchanged = append(exchanged, plain(t, string(body)), plain(t, recorded.Body.String()))
		w.WriteHeader(recorded.Code)
		w.Write(recorded.Body.Bytes())
	}))
	c := open(t, address, secretText(target.Secret), entitlement.ConnectorConfig{})
	role := entitlement.RoleRef{Connector: at, Resource: "front", Role: "open"}

	c.Survey(t.Context())
	c.ListResources(t.Context(), connector.Query{Limit: 50})
	for _, id := range []string{"back", "cellar"} {
		c.Resource(t.Context(), id)
	}
	c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann@example.com"}, {UserName: "bob@example.com"}})
	c.Apply(t.Context(), role, []connector.Op{{Grant: true, Principal: "account-7"}, {Principal: "account-8"}, {Grant: true, Principal: "account-9"}})
	for _, way := range c.Describe().Ways {
		c.Check(t.Context(), role, way, []connector.PrincipalRef{"account-7", "account-8"})
	}

	blocks := documented(t, "json")
	if len(blocks) != 2*8 {
		t.Fatalf("the page has %d examples", len(blocks))
	}
	for pair := range slices.Chunk(blocks, 2) {
		q, a := plain(t, pair[0]), plain(t, pair[1])
		var answers []map[string]any
		for some := range slices.Chunk(exchanged, 2) {
			if reflect.DeepEqual(some[0], q) {
				answers = append(answers, some[1])
			}
		}
		if !slices.ContainsFunc(answers, func(other map[string]any) bool { return reflect.DeepEqual(other, a) }) {
			t.Errorf("the connector asks\n%v\nand the sample answers\n%v\nthe page says\n%v", q, answers, a)
		}
	}
}

// The page's commands, which sign by themselves, get the page's answer.
func TestTheCommandsOfTheContractAskTheSample(t *testing.T) {
	for _, tool := range []string{"sh", "curl", "openssl", "base64", "od"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	commands := documented(t, "sh")
	if len(commands) != 1 {
		t.Fatalf("the page has %d pieces of commands", len(commands))
	}
	shell := exec.CommandContext(ctx, "sh", "-c", commands[0])
	shell.Env = append(os.Environ(), "URL="+serve(t, documentedTarget()).String())
	out, err := shell.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := plain(t, string(out)), plain(t, documented(t, "json")[1]); !reflect.DeepEqual(got, want) {
		t.Errorf("answered %v, want %v", got, want)
	}
}

func TestTheContractNamesEverythingThatAnAnswerMaySay(t *testing.T) {
	page, err := os.ReadFile("CONTRACT.md")
	if err != nil {
		t.Fatal(err)
	}
	words := []string{statusDone, statusPending, statusMissing, statusRefused, statusRetry, errorResource, errorRole, "retryAfter", "maxBatch", "next", "reason"}
	for reason := range sentences {
		words = append(words, reason)
	}
	for _, word := range words {
		if !strings.Contains(string(page), word) {
			t.Errorf("the page does not say %s", word)
		}
	}
}
