// Package signin signs people in at the pages: OpenID Connect's authorization code flow with
// PKCE (RFC 7636), with the issuers that the API trusts. What comes of it is an access token of
// the API's audience, which package authn checks like that of any call; ID tokens are not used,
// since their subject may differ from client to client.
package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"leasehold/pkg/entitlement"
)

// Issuer is an issuer that people sign in with, and what it knows the pages as.
type Issuer struct {
	Name       string            // its address, exactly as in tokens
	ClientID   string            // of the pages, as a client of it
	Scopes     []string          // that are asked for
	Parameters map[string]string // of the authorization request beside the standard ones: how an audience is named differs

	// Secret reads what proves to the issuer that it is the pages; nil where they are a public
	// client, which PKCE alone protects.
	Secret func(context.Context) (string, error)
}

// Flow signs people in. It is safe for concurrent use and keeps what it discovered of the
// issuers for as long as the process lives.
type Flow struct {
	Issuers  []Issuer
	Client   *http.Client
	Insecure bool // the issuers' addresses may be plain http: on an emulator

	mu      sync.Mutex
	known   map[string]oauth2.Endpoint
	secrets map[string]keptSecret // by the issuer's name
}

// keptSecret is a secret that was read, and until when it is not read again.
type keptSecret struct {
	value string
	until time.Time
}

// secretKept is how long a secret that was read is used, so that another one takes effect.
const secretKept = 5 * time.Minute

// Pending is a sign-in on its way, which the browser keeps until it comes back.
type Pending struct {
	Issuer   int
	State    string
	Verifier string
	Return   string // the page that was asked for
}

const again = "The sign-in did not come to its end. Sign in again."

// Begin returns the address to send the browser to, and what it must bring back.
func (f *Flow) Begin(ctx context.Context, issuer int, callback, back string) (address string, p Pending, err error) {
	c, err := f.config(ctx, issuer, callback)
	if err != nil {
		return "", Pending{}, err
	}

	p = Pending{Issuer: issuer, State: rand.Text(), Verifier: oauth2.GenerateVerifier(), Return: back}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(p.Verifier)}
	for name, value := range f.Issuers[issuer].Parameters {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	return c.AuthCodeURL(p.State, options...), p, nil
}

// Finish exchanges what the issuer sent the browser back with for an access token.
func (f *Flow) Finish(ctx context.Context, p Pending, callback string, answer url.Values) (accessToken string, err error) {
	if p.State == "" || subtle.ConstantTimeCompare([]byte(answer.Get("state")), []byte(p.State)) != 1 {
		return "", entitlement.Errorf(entitlement.Invalid, again) // somebody else's sign-in, or one of long ago
	}

	if refused := answer.Get("error"); refused != "" {
		return "", entitlement.Wrap(entitlement.Unauthenticated, "sign in", fmt.Errorf("the issuer answered %.80q", refused), again)
	}

	c, err := f.config(ctx, p.Issuer, callback)
	if err == nil {
		c.ClientSecret, err = f.secret(ctx, f.Issuers[p.Issuer])
	}
	if err != nil {
		return "", err
	}

	token, err := c.Exchange(context.WithValue(ctx, oauth2.HTTPClient, f.Client), answer.Get("code"), oauth2.VerifierOption(p.Verifier))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		// Another secret may have been set meanwhile: the next sign-in reads it.
		f.forget(f.Issuers[p.Issuer])

		// The answer of the issuer may hold what nobody should log.
		return "", entitlement.Wrap(entitlement.Unauthenticated, "sign in", fmt.Errorf("the issuer refused the code: %.80q", refused.ErrorCode), again)
	}
	if err != nil {
		return "", entitlement.Wrap(entitlement.Unavailable, "sign in", errors.New("the issuer's token endpoint did not answer"), "The identity provider does not answer at the moment. Try again in a minute.")
	}
	return token.AccessToken, nil
}

// config is the client of an issuer. Its endpoints are discovered with the first sign-in.
func (f *Flow) config(ctx context.Context, issuer int, callback string) (oauth2.Config, error) {
	if issuer < 0 || issuer >= len(f.Issuers) {
		return oauth2.Config{}, entitlement.Errorf(entitlement.Invalid, again)
	}
	from := f.Issuers[issuer]

	f.mu.Lock()
	defer f.mu.Unlock()
	endpoint, known := f.known[from.Name]
	if !known {
		discovered, err := oidc.NewProvider(oidc.ClientContext(ctx, f.Client), from.Name)
		if err != nil {
			return oauth2.Config{}, entitlement.Wrap(entitlement.Unavailable, "discover the issuer", err, "The identity provider does not answer at the moment. Try again in a minute.")
		}
		endpoint = discovered.Endpoint()
		if endpoint.AuthStyle, err = authStyle(discovered, from.Secret != nil); err != nil {
			return oauth2.Config{}, entitlement.Wrap(entitlement.Internal, "discover the issuer", err, "")
		}
		if err := f.safe(endpoint.AuthURL, endpoint.TokenURL); err != nil {
			return oauth2.Config{}, entitlement.Wrap(entitlement.Internal, "discover the issuer", err, "")
		}

		if f.known == nil {
			f.known = map[string]oauth2.Endpoint{}
		}
		f.known[from.Name] = endpoint
	}

	return oauth2.Config{ClientID: from.ClientID, Endpoint: endpoint, RedirectURL: callback, Scopes: from.Scopes}, nil
}

// safe refuses endpoints in the clear: codes and tokens pass through them.
func (f *Flow) safe(addresses ...string) error {
	for _, a := range addresses {
		if !f.Insecure && !strings.HasPrefix(strings.ToLower(a), "https:") {
			return fmt.Errorf("the endpoint %.200q does not begin with https://", a)
		}
	}
	return nil
}

// authStyle is how the pages say at the token endpoint who they are. It is what the issuer says
// of itself and is not found out by trying: a code is good once, and a try may use it up.
func authStyle(p *oidc.Provider, confidential bool) (oauth2.AuthStyle, error) {
	if !confidential {
		return oauth2.AuthStyleInParams, nil
	}

	var said struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := p.Claims(&said); err != nil {
		return 0, fmt.Errorf("its metadata cannot be read: %w", err)
	}
	switch {
	case len(said.Methods) == 0, slices.Contains(said.Methods, "client_secret_basic"): // the one that it means by saying nothing
		return oauth2.AuthStyleInHeader, nil
	case slices.Contains(said.Methods, "client_secret_post"):
		return oauth2.AuthStyleInParams, nil
	}
	return 0, fmt.Errorf("its token endpoint takes none of client_secret_basic and client_secret_post, but %.200q", said.Methods)
}

// secret returns what proves to the issuer that it is the pages; "" where they are a public client.
func (f *Flow) secret(ctx context.Context, of Issuer) (string, error) {
	if of.Secret == nil {
		return "", nil
	}

	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if kept := f.secrets[of.Name]; now.Before(kept.until) {
		return kept.value, nil
	}
	value, err := of.Secret(ctx)
	if err != nil {
		return "", err
	}
	if f.secrets == nil {
		f.secrets = map[string]keptSecret{}
	}
	f.secrets[of.Name] = keptSecret{value, now.Add(secretKept)}
	return value, nil
}

// forget has the secret of an issuer read again.
func (f *Flow) forget(of Issuer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.secrets, of.Name)
}
