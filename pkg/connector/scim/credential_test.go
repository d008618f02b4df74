package scim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// issuer gives tokens to one client by the grant of client credentials, and remembers what it gave.
type issuer struct {
	*httptest.Server
	fetched atomic.Int64
	broken  atomic.Bool
}

const itsSecret = "a secret of the client"

func newIssuer(t *testing.T) *issuer {
	i := &issuer{}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, basic := r.BasicAuth()
		switch {
		case i.broken.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "scim.write scim.read":
			answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_request"})
		case !basic || id != "leasehold" || strings.ReplaceAll(secret, "+", " ") != itsSecret:
			answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_client", "error_description": "got " + secret})
		default:
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(map[string]any{"access_token": fmt.Sprint("token-", i.fetched.Add(1)), "token_type": "Bearer", "expires_in": 3600})
		}
	}))
	t.Cleanup(i.Close)
	return i
}

// A server that gives tokens by OAuth is sent a fetched one; one that it does not take any more is
// fetched anew once, and a change that was refused with the old one is made with the new.
func TestATokenIsFetchedWithTheCredentialAndOnceAnew(t *testing.T) {
	tokens := newIssuer(t)
	var valid, sent, patched atomic.Value
	valid.Store("Bearer token-1")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent.Store(fmt.Sprint(r.Header, r.URL))
		if r.Header.Get("Authorization") != valid.Load() {
			refuse(w, http.StatusUnauthorized, "")
			return
		}
		if r.Method == http.MethodPatch {
			var body patchBody
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
			patched.Store(len(body.Operations))
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, http.StatusOK, map[string]any{"id": "g", "members": []any{}})
	}))
	t.Cleanup(server.Close)

	make := Factory(outbound.Client(true), true)
	cfg := entitlement.ConnectorConfig{URL: server.URL + "/v2", CorrelationKeys: []string{"userName"}}
	credential := func(secret string) string {
		return fmt.Sprintf(`{"tokenUrl":%q,"clientId":"leasehold","clientSecret":%q,"scope":"scim.write scim.read"}`, tokens.URL+"/token", secret)
	}
	open := func() connector.Connector {
		t.Helper()
		c, err := make(cfg, credential(itsSecret))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	check := func() error {
		_, err := open().Check(t.Context(), roleOf("g"), WayMembers, refs([]string{"ann"}))
		return err
	}

	for range 3 {
		if err := check(); err != nil {
			t.Fatal(err)
		}
	}
	if n := tokens.fetched.Load(); n != 1 {
		t.Errorf("%d tokens were fetched for three questions, want 1", n)
	}
	if strings.Contains(fmt.Sprint(sent.Load()), "secret") {
		t.Errorf("the server of groups was sent %s", sent.Load())
	}

	valid.Store("Bearer token-2")
	if _, err := open().Apply(t.Context(), roleOf("g"), grants("ann")); err != nil || patched.Load() != 1 || tokens.fetched.Load() != 2 {
		t.Errorf("after the token was revoked: %v, %v operations, %d tokens", err, patched.Load(), tokens.fetched.Load())
	}

	// A server that takes none is asked for one more, and not for ever.
	valid.Store("none")
	wantReason(t, check(), connector.CredentialRefused)
	if n := tokens.fetched.Load(); n != 3 {
		t.Errorf("%d tokens were fetched, want 3", n)
	}

	// Whoever gives tokens fails, or does not know the client.
	c, err := make(cfg, credential("wrong "+itsSecret))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Check(t.Context(), roleOf("g"), WayMembers, refs([]string{"ann"}))
	wantReason(t, err, connector.CredentialRefused)
	if strings.Contains(err.Error(), itsSecret) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("the error repeats the credential: %v", err)
	}
	tokens.broken.Store(true)
	_, err = c.Check(t.Context(), roleOf("g"), WayMembers, refs([]string{"ann"}))
	wantReason(t, err, connector.TargetUnavailable)
}

func TestACredentialOfOAuthIsReadWhole(t *testing.T) {
	make := Factory(outbound.Client(false), false)
	for name, credential := range map[string]string{
		"no secret":       `{"tokenUrl":"https://a.example/token","clientId":"c"}`,
		"another member":  `{"tokenUrl":"https://a.example/token","clientId":"c","clientSecret":"s3cret","audience":"x"}`,
		"two documents":   `{"tokenUrl":"https://a.example/token","clientId":"c","clientSecret":"s3cret"} {}`,
		"plain http":      `{"tokenUrl":"http://a.example/token","clientId":"c","clientSecret":"s3cret"}`,
		"with a query":    `{"tokenUrl":"https://a.example/token?a=b","clientId":"c","clientSecret":"s3cret"}`,
		"no JSON":         `{s3cret`,
		"with a password": `{"tokenUrl":"https://u:s3cret@a.example/token","clientId":"c","clientSecret":"s3cret"}`,
	} {
		_, err := make(entitlement.ConnectorConfig{URL: "https://scim.example", CorrelationKeys: []string{"mail"}}, credential)
		if entitlement.KindOf(err) != entitlement.Invalid || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
