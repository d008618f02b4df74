package scim

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

func TestWhatNoServerShouldSeeIsNotSent(t *testing.T) {
	s := newServer(t, "honest")
	group := s.AddGroup()
	c := s.open("userName")
	for name, call := range map[string]func() error{
		"too many": func() error {
			_, err := c.Apply(t.Context(), roleOf(group), make([]connector.Op, MaxBatch+1))
			return err
		},
		"nobody": func() error {
			_, err := c.Apply(t.Context(), roleOf(group), grants("ann", ""))
			return err
		},
		"another path, written": func() error {
			_, err := c.Apply(t.Context(), roleOf(".."), grants("ann"))
			return err
		},
		"another path, read": func() error {
			_, err := c.Check(t.Context(), roleOf(".."), WayUserGroups, refs([]string{"ann"}))
			return err
		},
		"no group": func() error {
			_, err := c.Resource(t.Context(), "")
			return err
		},
	} {
		err := call()
		if entitlement.KindOf(err).Verdict() != entitlement.Permanent || err == nil {
			t.Errorf("%s: %v, want a permanent error", name, err)
		}
		if connector.RefusalOf(err).Reason == connector.ResourceMissing {
			t.Errorf("%s: %v, though the server was not asked", name, err)
		}
	}
	if got := s.Calls(""); len(got) > 0 {
		t.Errorf("the server was asked %+v", got)
	}
}

func TestANameFromTheTargetIsMadeFitToBeStored(t *testing.T) {
	for name, c := range map[string]struct{ given, want string }{
		"plain":            {"Sales Team", "Sales Team"},
		"empty":            {"  ", "g"},
		"control and bidi": {"Sa\u202eles\r\n\x00", "Sales"},
		"markup stays":     {"<script>", "<script>"}, // pages escape it
		"long":             {strings.Repeat("é", 5000), strings.Repeat("é", entitlement.MaxName)},
	} {
		t.Run(name, func(t *testing.T) {
			conn := openHandler(t, func(w http.ResponseWriter, _ *http.Request) {
				answer(w, http.StatusOK, map[string]any{"id": "g", "displayName": c.given})
			})
			got, err := conn.Resource(t.Context(), "g")
			if err != nil || got.DisplayName != c.want {
				t.Errorf("got %q, %v; want %q", got.DisplayName, err, c.want)
			}
			if _, err := entitlement.Name("displayName", got.DisplayName); err != nil {
				t.Errorf("not fit to be stored: %v", err)
			}
		})
	}
}

func TestAServerThatNeverAnswersIsGivenUp(t *testing.T) {
	var asked atomic.Int64
	c := openHandler(t, func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	c.client.Timeout = 50 * time.Millisecond
	calls := map[string]func() error{
		"Apply": func() error { _, err := c.Apply(t.Context(), roleOf("g"), grants("a", "b")); return err },
		"FindPrincipals": func() error {
			_, err := c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "a"}, {UserName: "b"}})
			return err
		},
	}
	for _, w := range ways {
		calls["Check by "+string(w.name)] = func() error {
			_, err := c.Check(t.Context(), roleOf("g"), w.name, refs([]string{"a", "b"}))
			return err
		}
	}
	for name, call := range calls {
		asked.Store(0)
		err := call()
		wantReason(t, err, connector.TargetUnavailable)
		if kind := entitlement.KindOf(err); kind != entitlement.Unavailable {
			t.Errorf("%s: kind %v, want %v", name, kind, entitlement.Unavailable)
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("Y17: %s asked %d times a server that does not answer, want once", name, n)
		}
	}
}

func TestAnAnswerThatBreaksOffIsNoAnswer(t *testing.T) {
	c := openHandler(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, `{"id":"g","members":[{"value":"a"}`)
		panic(http.ErrAbortHandler)
	})
	_, err := c.Check(t.Context(), roleOf("g"), WayMembers, refs([]string{"a", "b"}))
	wantReason(t, err, connector.TargetUnavailable)
}

func TestErrorsNameNobody(t *testing.T) {
	c := openHandler(t, func(w http.ResponseWriter, _ *http.Request) {})
	c.base = "http://127.0.0.1:1/v2" // nothing listens there
	_, err := c.FindPrincipals(t.Context(), []connector.Correlation{{Mail: "ann@example.com"}})
	wantReason(t, err, connector.TargetUnavailable)
	if strings.Contains(err.Error(), "ann") {
		t.Errorf("the error names a person: %v", err)
	}
}

func TestARegistrationThatCannotWorkIsRefused(t *testing.T) {
	good := entitlement.ConnectorConfig{URL: "https://scim.example.com/v2", CorrelationKeys: []string{"mail"}}
	for name, c := range map[string]struct {
		change  func(*entitlement.ConnectorConfig)
		private bool
		ok      bool
	}{
		"good":               {func(*entitlement.ConnectorConfig) {}, false, true},
		"http":               {func(c *entitlement.ConnectorConfig) { c.URL = "http://scim.example.com" }, false, false},
		"http on emulator":   {func(c *entitlement.ConnectorConfig) { c.URL = "http://127.0.0.1:8080/v2" }, true, true},
		"no host":            {func(c *entitlement.ConnectorConfig) { c.URL = "https:///v2" }, false, false},
		"user in it":         {func(c *entitlement.ConnectorConfig) { c.URL = "https://a:b@scim.example.com/" }, false, false},
		"query":              {func(c *entitlement.ConnectorConfig) { c.URL += "?a=b" }, false, false},
		"no correlation key": {func(c *entitlement.ConnectorConfig) { c.CorrelationKeys = nil }, false, false},
		"unknown key":        {func(c *entitlement.ConnectorConfig) { c.CorrelationKeys = []string{"nickName"} }, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			c.change(&cfg)
			_, err := Factory(outbound.Client(c.private), c.private)(cfg, testToken)
			if (err == nil) != c.ok || err != nil && entitlement.KindOf(err) != entitlement.Invalid {
				t.Errorf("got %v, want ok %v", err, c.ok)
			}
		})
	}
}

func TestTheRegistrationSaysWhatADeliveryMayRelyOn(t *testing.T) {
	cfg := entitlement.ConnectorConfig{URL: "https://scim.example.com/v2", CorrelationKeys: []string{"mail"}}
	describe := func(change func(*entitlement.ConnectorConfig)) connector.Capabilities {
		asked := cfg
		change(&asked)
		c, err := Factory(outbound.Client(false), false)(asked, testToken)
		if err != nil {
			t.Fatal(err)
		}
		return c.Describe()
	}
	can := describe(func(*entitlement.ConnectorConfig) {})
	if !can.SerialWrites || can.Unconfirmed || can.Authoritative || can.MaxBatch != MaxBatch {
		t.Errorf("F41: by default %+v, want one write at a time, and every role confirmed", can)
	}
	if want := []connector.Way{"members", "group-and-member", "group-and-member-plain", "member", "user-groups"}; !slices.Equal(can.Ways, want) {
		t.Errorf("ways %q, want %q", can.Ways, want)
	}
	if can := describe(func(c *entitlement.ConnectorConfig) { c.ConcurrentWrites = true }); can.SerialWrites {
		t.Error("concurrent writes are not allowed")
	}
	if can := describe(func(c *entitlement.ConnectorConfig) { c.Unconfirmed = true }); !can.Unconfirmed {
		t.Error("unconfirmed roles do not count")
	}
}

func TestIdsMayBeNumbers(t *testing.T) {
	for text, want := range map[string]id{`"a"`: "a", `7`: "7", `12345678901234567890`: "12345678901234567890", `null`: "", `"7"`: "7"} {
		var got id
		if err := got.UnmarshalJSON([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{`1.5`, `-1`, `1e3`, `true`, `{}`, `["a"]`} {
		var got id
		if err := got.UnmarshalJSON([]byte(text)); err == nil {
			t.Errorf("%s: got %q, want an error", text, got)
		}
	}
}

func TestEveryCorrelationKeyOfTheDomainCanBeAskedFor(t *testing.T) {
	for _, key := range entitlement.CorrelateBy {
		if _, ok := lookups[key]; !ok {
			t.Errorf("no lookup by %q", key)
		}
	}
	if len(lookups) != len(entitlement.CorrelateBy) {
		t.Errorf("%d lookups for %d keys", len(lookups), len(entitlement.CorrelateBy))
	}
}
