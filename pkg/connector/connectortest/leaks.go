package connectortest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"leasehold/pkg/connector"
)

// patience is how long a caller waits for a target that does not end its answer.
const patience = 200 * time.Millisecond

var leaks = []test{
	{name: "a target that repeats what it was sent does not get a credential into an error or a log", run: func(c *caller) {
		if c.spoiled(Echoes, func() { c.askAll(c.Context(), c.mustBeSafe) }) {
			return
		}
		if !c.needs(c.Faults.Reply != nil, "replies of its own") {
			return
		}
		for _, status := range []int{200, 400, 401, 403, 404, 409, 412, 422, 429, 500, 503} {
			seen := &sent{}
			c.Faults.Reply(seen.echo(status))
			c.askAll(c.Context(), func(err error) {
				c.mustBeSafe(err)
				seen.mustNotBeIn(c, err.Error(), connector.RefusalOf(err).Detail)
			})
			seen.mustNotBeIn(c, logged.String())
		}
		c.Faults.Reply(nil)
	}},
	{name: "a link to another host is not followed, and nobody there gets the credential", run: func(c *caller) {
		if c.spoiled(Redirects, func() { c.askAll(c.Context(), c.mustBeSafe) }) {
			return
		}
		if !c.needs(c.Faults.Reply != nil, "replies of its own") {
			return
		}
		var asked atomic.Int64
		other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
		c.Cleanup(other.Close)
		for _, body := range linked(c, other.URL) {
			c.Faults.Reply(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Link", "<"+other.URL+`>; rel="next"`)
				w.Header().Set("Location", other.URL)
				io.WriteString(w, body)
			}))
			c.askAll(c.Context(), c.mustBeSafe)
		}
		c.Faults.Reply(nil)
		if n := asked.Load(); n > 0 {
			c.Errorf("the other host was asked %d times, want never", n)
		}
	}},
	{name: "an answer that is small until it is unpacked is cut off", run: func(c *caller) {
		if !c.needs(c.Faults.Spoil == nil, "compressed answers") {
			return
		}
		c.endure(http.HandlerFunc(bomb))
	}},
	{name: "an answer that is not ended holds nobody longer than they wait", run: func(c *caller) {
		wait := func() {
			ctx, cancel := context.WithTimeout(c.Context(), patience)
			defer cancel()
			c.askAll(ctx, c.mustBeSafe)
		}
		if c.spoiled(Stalls, wait) {
			return
		}
		if !c.needs(c.Faults.Reply != nil, "replies of its own") {
			return
		}
		c.Faults.Reply(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"id":"`)
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}))
		wait()
		c.Faults.Reply(nil)
	}},
}

// askAll calls every method, and hands on each error.
func (c *caller) askAll(ctx context.Context, failed func(error)) {
	c.Helper()
	note := func(err error) {
		if err != nil {
			failed(err)
		}
	}

	for _, way := range c.can.Ways {
		_, err := c.Connector.Check(ctx, c.Role, way, c.ids[:1])
		note(err)
	}
	_, err := c.Connector.Resource(ctx, c.Role.Resource)
	note(err)

	found, err := c.Connector.FindPrincipals(ctx, c.People[:1])
	note(err)
	for _, f := range found {
		if f.Err != nil {
			note(f.Err)
		}
	}
	results, err := c.Connector.Apply(ctx, c.Role, c.grant(0))
	note(err)
	for _, r := range results {
		if r.Err != nil {
			note(r.Err)
		}
	}

	if lister, is := c.Connector.(connector.Lister); is && c.can.ListsOf(c.Role.Resource) {
		_, err := lister.Holders(ctx, c.Role, "")
		note(err)
	}
	if accounts, is := c.Connector.(connector.Accounts); is && c.can.Accounts != nil {
		_, err := accounts.LookAtAccount(ctx, c.ids[0])
		note(err)
	}
}

// linked are answers that go on at another host, in the forms of the protocols that there are.
func linked(c *caller, other string) (bodies []string) {
	for _, list := range []any{[]any{}, []any{map[string]any{"id": string(c.ids[0])}}} {
		body, _ := json.Marshal(map[string]any{
			"id": c.Role.Resource, "displayName": "x", "totalResults": 9, "Resources": list, "value": list, "members": list,
			"@odata.nextLink": other, "odata.nextLink": other, "nextLink": other, "next": other, "NextToken": other, "cursor": other,
		})
		bodies = append(bodies, string(body))
	}
	return bodies
}

// bomb answers with a string that has no end, a thousandth of it on the wire.
func bomb(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
	io.WriteString(z, `{"id":"`)
	chunk := bytes.Repeat([]byte("x"), 1<<20)
	for range 1 << 10 {
		if _, err := z.Write(chunk); err != nil || r.Context().Err() != nil {
			return
		}
	}
}

// sent are the headers by which a target was shown that we may do this.
type sent struct {
	mu       sync.Mutex
	canaries []string
}

// echo answers with the status, and with all that was sent.
func (s *sent) echo(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		for _, name := range []string{"Authorization", "X-Amz-Security-Token", "Webhook-Signature"} {
			if v := r.Header.Get(name); v != "" {
				s.canaries = append(s.canaries, v, v[strings.LastIndexAny(v, " =,")+1:])
			}
		}
		s.mu.Unlock()

		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		said := fmt.Sprint(r.Header, string(body))
		w.Header().Set("X-Echo", strings.ToValidUTF8(fmt.Sprint(r.Header), ""))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, "status": fmt.Sprint(status), "scimType": said, "detail": said,
			"error": map[string]any{"code": said, "message": said}, "__type": said, "message": said, "Message": said, "reason": said, "id": said})
	})
}

func (s *sent) mustNotBeIn(c *caller, texts ...string) {
	c.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, canary := range s.canaries {
		for _, text := range texts {
			if len(canary) > 8 && strings.Contains(text, canary) {
				c.Errorf("%q was sent to the target, and is repeated in %.300q", canary, text)
			}
		}
	}
}

// logged is what was logged in this process while suites ran.
var logged = &buffer{}

var keepLogs = sync.OnceFunc(func() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(io.MultiWriter(os.Stderr, logged), &slog.HandlerOptions{Level: slog.LevelDebug})))
})

type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write keeps a line.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String returns all lines.
func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (c *caller) mustNotBeLogged() {
	c.Helper()
	if c.Secret != "" && strings.Contains(logged.String(), c.Secret) {
		c.Error("the credential is in the log")
	}
}
