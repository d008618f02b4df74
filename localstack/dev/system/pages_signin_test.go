package system

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"leasehold/localstack/components"
	"leasehold/localstack/visitor"
	"leasehold/pkg/names"
)

// log is what the functions said.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Where the pages are a confidential client they prove who they are as the issuer says it takes
// it, beside PKCE; a secret that was changed takes effect, and none is ever shown or logged.
func TestStory_PeopleSignInWhereThePagesAreAConfidentialClient(t *testing.T) {
	for _, methods := range [][]string{{"client_secret_basic"}, {"client_secret_post"}, {"private_key_jwt", "client_secret_post", "client_secret_basic"}} {
		t.Run(strings.Join(methods, " "), func(t *testing.T) {
			const right, wrong = "r1ght: se/cret+%", "wr0ng-secret"
			var given atomic.Value
			given.Store(wrong)
			said := &log{}
			o := open(t, Options{clientSecret: right, methods: methods, Log: said,
				secret: func(context.Context) (string, error) { return given.Load().(string), nil }})

			refused, err := visitor.New(nil).SignIn(t.Context(), o.Endpoints.URL+names.PortalPath, components.Member)
			if err != nil || refused.Status != http.StatusUnauthorized || !strings.Contains(refused.Text, "Sign in again") {
				t.Fatalf("with another secret: %v %+v", err, refused)
			}
			given.Store(right)
			o.signIn(components.Member)

			for _, secret := range []string{right, wrong} {
				if strings.Contains(said.String(), secret) || strings.Contains(refused.Source, secret) {
					t.Errorf("%q is told: %s", secret, said)
				}
			}
		})
	}
}

// What keeps the pages from proving who they are is said as it is to whoever signs in, and what
// it was stands in the log alone.
func TestSignInSaysThatItCannotBeDoneWhereTheSecretIsNotToBeHad(t *testing.T) {
	for name, o := range map[string]Options{
		"no parameter":    {methods: []string{"client_secret_basic"}, secret: func(context.Context) (string, error) { return "", errors.New("the parameter of hush is missing") }},
		"no method of us": {methods: []string{"private_key_jwt"}, secret: func(context.Context) (string, error) { return "hush", nil }},
	} {
		t.Run(name, func(t *testing.T) {
			o.clientSecret = "hush"
			system := open(t, o)
			p, err := visitor.New(nil).Open(t.Context(), system.Endpoints.URL+names.PortalPath+"/sign-in")
			if err == nil && p.Status == http.StatusOK {
				p, err = p.Submit(t.Context(), components.Member, nil)
			}
			if err != nil || p.Status != http.StatusInternalServerError || strings.Contains(p.Source, "hush") {
				t.Errorf("%v %+v", err, p)
			}
		})
	}
}
