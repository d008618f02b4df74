package msgraph

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

const (
	// early is how long before its end a token is not used any more.
	early = 5 * time.Minute
	// assertionFor is how long what we sign may be used.
	assertionFor = 5 * time.Minute
	// maxKept bounds the credentials whose tokens one process keeps.
	maxKept = 64

	jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// cache keeps tokens of credentials for the life of a process. A credential is known by a
// digest of it and of the address that it is for.
type cache struct {
	mu  sync.Mutex
	all map[[sha256.Size]byte]*tokens
}

func (c *cache) of(address, secret string, fresh func() *tokens) *tokens {
	key := sha256.Sum256([]byte(address + "\x00" + secret))
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, known := c.all[key]; known {
		return t
	}
	// Forgetting all of them costs a question each, and a rotated credential never stays for long.
	if c.all == nil || len(c.all) >= maxKept {
		c.all = map[[sha256.Size]byte]*tokens{}
	}
	c.all[key] = fresh()
	return c.all[key]
}

// tokens fetches tokens with one credential, and keeps the last.
type tokens struct {
	credential *credential
	client     *http.Client
	now        func() time.Time

	turn chan struct{} // taken by whoever fetches, or looks at last
	last *oauth2.Token
}

func newTokens(c *credential, client *http.Client) *tokens {
	return &tokens{credential: c, client: client, now: time.Now, turn: make(chan struct{}, 1)}
}

var askToken = outbound.Operation{Op: "msgraph: fetch token", What: "for a token"}

// get returns a token that is good for a while. refused is one that was not taken.
func (t *tokens) get(ctx context.Context, refused string) (string, error) {
	// One at a time: whoever waits takes what the first one fetched, and need not wait for ever.
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", askToken.Unanswered(ctx.Err())
	}

	if t.last != nil && t.last.AccessToken != refused && t.now().Before(t.last.Expiry.Add(-early)) {
		return t.last.AccessToken, nil
	}

	config, err := t.config()
	if err != nil {
		return "", entitlement.Wrap(entitlement.Internal, askToken.Op, err, "")
	}
	fetched, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, t.client))
	if err != nil {
		return "", t.failed(err)
	}
	if fetched.AccessToken == "" || fetched.Expiry.IsZero() {
		return "", askToken.NotUnderstood(http.StatusOK, errNoToken)
	}
	t.last = fetched
	return fetched.AccessToken, nil
}

var errNoToken = errors.New("the answer holds no token with an end")

// config is the request for a token. What we sign is signed for this request alone.
func (t *tokens) config() (*clientcredentials.Config, error) {
	c := t.credential
	config := &clientcredentials.Config{ClientID: c.ClientID, ClientSecret: c.ClientSecret, TokenURL: c.endpoint, Scopes: []string{c.scope}, AuthStyle: oauth2.AuthStyleInParams}
	assertion := c.FederatedToken
	if c.key != nil {
		signed, err := c.sign(t.now())
		if err != nil {
			return nil, err
		}
		assertion = signed
	}
	if assertion != "" {
		config.EndpointParams = url.Values{"client_assertion_type": {jwtBearer}, "client_assertion": {assertion}}
	}
	return config, nil
}

// sign makes a client assertion, as Entra wants one of a certificate.
func (c *credential) sign(now time.Time) (string, error) {
	algorithm := jose.PS256
	if _, rsa := c.key.Public().(interface{ Size() int }); !rsa {
		algorithm = jose.ES256
	}
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("x5t#S256", c.digest)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: c.key}, options)
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: c.ClientID, Subject: c.ClientID, Audience: jwt.Audience{c.endpoint}, ID: base64.RawURLEncoding.EncodeToString(random()),
		NotBefore: jwt.NewNumericDate(now.Add(-time.Minute)), IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(assertionFor)),
	}).Serialize()
}

func random() []byte {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	return b
}

// failed returns the error of a token that was not given. The library's own repeats the
// answer, which may repeat what was sent: nothing of it is kept.
func (t *tokens) failed(err error) error {
	refused, is := errors.AsType[*oauth2.RetrieveError](err)
	if !is || refused.Response == nil {
		if _, asked := errors.AsType[*url.Error](err); asked {
			return askToken.Unanswered(err)
		}
		return askToken.NotUnderstood(http.StatusOK, errNoToken)
	}

	if failed := askToken.StatusFailed(refused.Response, t.now()); failed != nil {
		return failed
	}
	code := refused.Response.StatusCode
	// 400 is how Entra answers an application that it does not know, or that may not do this.
	if code == http.StatusBadRequest && refused.ErrorCode != "" {
		refusal := &connector.Refusal{Reason: connector.CredentialRefused, Permanent: true,
			Detail: "The target does not accept our credential: asked for a token, it answered status 400. See that the tenant, the application and its secret or certificate are right, then give the connector its credential again."}
		return connector.Fail(entitlement.Forbidden, askToken.Op, refusal, nil)
	}
	return askToken.NotUnderstood(code, errNoToken)
}
