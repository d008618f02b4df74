package scim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// open returns a connector for the server that finds people by the keys.
func open(t *testing.T, base *url.URL, keys ...string) *Connector {
	t.Helper()
	c, err := New(base, testToken, keys, outbound.Client(true))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// openHandler returns a connector for a server that answers by the handler.
func openHandler(t *testing.T, h http.HandlerFunc) *Connector {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	base, _ := url.Parse(server.URL + "/v2/")
	return open(t, base, entitlement.CorrelateBy...)
}

func grants(people ...string) []connector.Op {
	var ops []connector.Op
	for _, p := range people {
		ops = append(ops, connector.Op{Grant: true, Principal: connector.PrincipalRef(p)})
	}
	return ops
}

func wantReason(t *testing.T, err error, want connector.Reason) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", want)
	}
	if got := connector.RefusalOf(err).Reason; got != want {
		t.Errorf("reason %s, want %s: %v", got, want, err)
	}
}

func TestOneBatchIsOnePatchWithOneAddAndARemoveForEachRevoke(t *testing.T) {
	var method, path, contentType, authorization, query string
	var body any
	c := openHandler(t, func(w http.ResponseWriter, r *http.Request) {
		method, path, query = r.Method, r.URL.EscapedPath(), r.URL.RawQuery
		contentType, authorization = r.Header.Get("Content-Type"), r.Header.Get("Authorization")
		json.NewDecoder(r.Body).Decode(&body)
		w.WriteHeader(http.StatusNoContent)
	})

	ops := append(grants("a", "b"), connector.Op{Principal: `c"\`}, connector.Op{Principal: "d"})
	if _, err := c.Apply(t.Context(), roleOf("g/1"), ops); err != nil {
		t.Fatal(err)
	}

	var want any
	json.Unmarshal([]byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
		{"op":"remove","path":"members[value eq \"c\\\"\\\\\"]"},
		{"op":"remove","path":"members[value eq \"d\"]"},
		{"op":"add","path":"members","value":[{"value":"a"},{"value":"b"}]}]}`), &want)
	if !reflect.DeepEqual(body, want) {
		t.Errorf("body %v, want %v", body, want)
	}
	if method != "PATCH" || path != "/v2/Groups/g%2F1" || query != "" {
		t.Errorf("asked %s %s?%s", method, path, query)
	}
	if contentType != "application/scim+json" || authorization != "Bearer "+testToken {
		t.Errorf("sent as %q with authorization %q", contentType, authorization)
	}
}

func TestAHundredPeopleTakeOneReadOneWriteAndOneReadBack(t *testing.T) {
	s := newTarget(t, habits{knowsPeople: true})
	group := s.addGroup("user-0")
	var people []string
	for i := range MaxBatch {
		people = append(people, s.addUser(fmt.Sprint("ann", i), "", ""))
	}
	c := open(t, s.url, "userName")

	check := func() error { _, err := c.check(t.Context(), roleOf(group), refs(people)); return err }
	apply := func() error { _, err := c.Apply(t.Context(), roleOf(group), grants(people...)); return err }
	for _, call := range []func() error{check, apply, check} {
		if err := call(); err != nil {
			t.Fatal(err)
		}
		if got := s.asked(""); len(got) != 1 {
			t.Errorf("a call asked %q, want one question", got)
		}
	}
	if got := len(s.members(group)); got != MaxBatch+1 {
		t.Errorf("%d members, want %d", got, MaxBatch+1)
	}
}

func TestABatchThatIsRefusedWritesOnlyWhatIsMissing(t *testing.T) {
	s := newTarget(t, habits{knowsPeople: true, storesTwice: true})
	ann, bob := s.addUser("ann", "", ""), s.addUser("bob", "", "")
	group := s.addGroup(ann)
	results, err := open(t, s.url, "userName").Apply(t.Context(), roleOf(group), grants(ann, bob, "ghost"))
	if err != nil || results[0].Err != nil || results[1].Err != nil || results[2].Err == nil {
		t.Fatalf("got %+v, %v; want a refusal of the last alone", results, err)
	}
	if got, want := s.members(group), []string{ann, bob}; !slices.Equal(got, want) {
		t.Errorf("members %q, want %q", got, want)
	}
	if got := s.asked("PATCH"); len(got) != 3 {
		t.Errorf("%d writes, want the batch and two single ones", len(got))
	}
}

func TestTheRefusalOfOneChangeSaysWhatToDo(t *testing.T) {
	grant, revoke := connector.Op{Grant: true}, connector.Op{}
	for _, c := range []struct {
		name    string
		answer  refused
		op      connector.Op
		want    connector.Reason // "" means done
		forever bool
	}{
		{"already a member", refused{status: 409, scimType: "uniqueness"}, grant, "", false},
		{"not a member", refused{status: 400, scimType: "noTarget"}, revoke, "", false},
		{"nobody to revoke from", refused{status: 404}, revoke, "", false},
		{"nobody to grant to", refused{status: 404}, grant, connector.PrincipalMissing, true},
		{"changed meanwhile", refused{status: 409}, grant, connector.RefusedByTarget, false},
		{"version has moved", refused{status: 412}, revoke, connector.RefusedByTarget, false},
		{"bad value", refused{status: 400, scimType: "invalidValue"}, grant, connector.RefusedByTarget, true},
		{"bad path", refused{status: 400, scimType: "invalidPath"}, revoke, connector.RefusedByTarget, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.answer.ofOne(c.op)
			if c.want == "" {
				if got != nil {
					t.Errorf("got %+v, want done", got)
				}
				return
			}
			if got == nil || got.Reason != c.want || got.Permanent != c.forever || got.Detail == "" {
				t.Errorf("got %+v, want %s, permanent %v", got, c.want, c.forever)
			}
		})
	}
}

func TestWhatNoServerShouldSeeIsNotSent(t *testing.T) {
	s := newTarget(t, habits{})
	group := s.addGroup()
	c := open(t, s.url, "userName")
	for name, apply := range map[string]func() error{
		"too many": func() error {
			_, err := c.Apply(t.Context(), roleOf(group), make([]connector.Op, MaxBatch+1))
			return err
		},
		"nobody": func() error {
			_, err := c.Apply(t.Context(), roleOf(group), grants("ann", ""))
			return err
		},
		"another path": func() error {
			_, err := c.Apply(t.Context(), roleOf(".."), grants("ann"))
			return err
		},
		"no group": func() error {
			_, err := c.Resource(t.Context(), "")
			return err
		},
	} {
		if err := apply(); entitlement.KindOf(err).Verdict() != entitlement.Permanent || err == nil {
			t.Errorf("%s: %v, want a permanent error", name, err)
		}
	}
	if got := s.asked(""); len(got) > 0 {
		t.Errorf("the server was asked %q", got)
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
	c := openHandler(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	c.client.Timeout = 50 * time.Millisecond
	for name, call := range map[string]func() error{
		"Check": func() error { _, err := c.check(t.Context(), roleOf("g"), refs([]string{"a"})); return err },
		"Apply": func() error { _, err := c.Apply(t.Context(), roleOf("g"), grants("a")); return err },
	} {
		err := call()
		wantReason(t, err, connector.TargetUnavailable)
		if kind := entitlement.KindOf(err); kind != entitlement.Unavailable {
			t.Errorf("%s: kind %v, want %v", name, kind, entitlement.Unavailable)
		}
	}
}

func TestErrorsNameNobody(t *testing.T) {
	s := newTarget(t, habits{})
	c := open(t, s.url, "mail")
	c.base = "http://127.0.0.1:1/v2" // nothing listens there
	_, err := c.findPrincipal(t.Context(), connector.Correlation{Mail: "ann@example.com"})
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
