package msgraph

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/tokens"
)

const (
	// assertionFor is how long what we sign may be used.
	assertionFor = 5 * time.Minute

	jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

var askToken = outbound.Operation{Op: "msgraph: fetch token", What: "for a token"}

// newTokens returns the tokens of a credential.
func newTokens(c *credential, client *http.Client) *tokens.Source {
	return tokens.New(tokens.How{Ask: askToken, Client: client, Config: c.config,
		Advice: "See that the tenant, the application and its secret or certificate are right."})
}

// config is the request for a token.
func (c *credential) config(now time.Time) (*clientcredentials.Config, error) {
	config := &clientcredentials.Config{ClientID: c.ClientID, ClientSecret: c.ClientSecret, TokenURL: c.endpoint, Scopes: []string{c.scope}, AuthStyle: oauth2.AuthStyleInParams}
	assertion := c.FederatedToken
	if c.key != nil {
		signed, err := c.sign(now)
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
