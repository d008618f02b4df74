package issuer

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"leasehold/localstack/components"
	"leasehold/pkg/authn"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// start serves an issuer on an address of its own.
func start(t *testing.T, c clock.Clock) *Issuer {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	i, err := New("http://"+server.Listener.Addr().String(), c, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = i.Handler()
	server.Start()
	t.Cleanup(server.Close)
	return i
}

func verifier(t *testing.T, i *Issuer, c clock.Clock) *authn.Verifier {
	t.Helper()
	v, err := authn.New([]authn.Issuer{{Issuer: i.address, KeySet: i.KeySet(), Audience: components.Audience}}, http.DefaultClient, c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func fetch(t *testing.T, address, host string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestEveryAccountsTokenIsTaken(t *testing.T) {
	i := start(t, clock.System{})
	v := verifier(t, i, clock.System{})
	for _, account := range Accounts {
		status, token := fetch(t, i.address+"/token?as="+account, "")
		if status != http.StatusOK {
			t.Fatalf("%s: %d %s", account, status, token)
		}
		got, err := v.Verify(t.Context(), "Bearer "+token)
		if err != nil {
			t.Fatalf("%s: %v", account, err)
		}
		subject, application := account, account == components.Robot
		if application {
			subject = components.RobotClient
		}
		if got.Principal != (entitlement.Principal{Issuer: i.address, Value: subject}) || got.Application != application || len(got.Scopes) == 0 {
			t.Errorf("%s: %+v", account, got)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	i := start(t, clock.System{})
	if status, said := fetch(t, i.address+"/token?as=root", ""); status != http.StatusBadRequest {
		t.Errorf("an account that is none: %d %s", status, said)
	}
	if status, said := fetch(t, i.address+"/token?as=admin", "pages.example.com"); status != http.StatusMisdirectedRequest {
		t.Errorf("by another name: %d %s", status, said)
	}

	// Nothing signed by one issuer is worth anything at another, by whatever name.
	other, err := New(i.address, clock.System{}, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := other.Token(components.Admin)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier(t, i, clock.System{}).Verify(t.Context(), "Bearer "+token); entitlement.KindOf(err) != entitlement.Unauthenticated {
		t.Errorf("another issuer's token: %v", err)
	}
}

func TestTokensEnd(t *testing.T) {
	c := clock.NewVirtual(time.Now())
	i := start(t, c)
	token, err := i.Token(components.Member)
	if err != nil {
		t.Fatal(err)
	}
	c.Advance(lifetime)
	if _, err := verifier(t, i, c).Verify(t.Context(), "Bearer "+token); entitlement.KindOf(err) != entitlement.Unauthenticated {
		t.Errorf("after an hour: %v", err)
	}
}

func TestDiscoveryLeadsToThePublicKeyAlone(t *testing.T) {
	i := start(t, clock.System{})
	if _, text := fetch(t, i.address+"/.well-known/openid-configuration", ""); !strings.Contains(text, i.KeySet()) {
		t.Errorf("discovery: %s", text)
	}
	if _, text := fetch(t, i.KeySet(), ""); !strings.Contains(text, `"kty":"EC"`) || strings.Contains(text, `"d":`) {
		t.Errorf("keys: %s", text)
	}
}
