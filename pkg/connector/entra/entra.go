// Package entra asks Microsoft Entra for tokens of an application: by its secret, by a certificate
// with which it signs an assertion, or by a token of somebody whom its tenant trusts.
package entra

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"leasehold/pkg/entitlement"
)

const (
	// assertionFor is how long what we sign may be used.
	assertionFor = 5 * time.Minute

	jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// Where the clouds of Entra have their tokens.
const (
	Public     = "https://login.microsoftonline.com"
	Government = "https://login.microsoftonline.us"
	China      = "https://login.partner.microsoftonline.cn"
)

// Grant is the request for a token, but for the proof.
type Grant struct{ ClientID, Endpoint, Scope string }

// Endpoint returns where an authority has the tokens of a tenant.
func Endpoint(authority, tenant string) string {
	return authority + "/" + tenant + "/oauth2/v2.0/token"
}

// BySecret is the request with a secret.
func (g Grant) BySecret(secret string) *clientcredentials.Config {
	return &clientcredentials.Config{ClientID: g.ClientID, ClientSecret: secret, TokenURL: g.Endpoint, Scopes: []string{g.Scope}, AuthStyle: oauth2.AuthStyleInParams}
}

// ByAssertion is the request with a signed statement of who asks.
func (g Grant) ByAssertion(assertion string) *clientcredentials.Config {
	config := g.BySecret("")
	config.EndpointParams = url.Values{"client_assertion_type": {jwtBearer}, "client_assertion": {assertion}}
	return config
}

// ByCertificate is the request with an assertion that is signed for it alone.
func (g Grant) ByCertificate(c *Certificate, now time.Time) (*clientcredentials.Config, error) {
	assertion, err := c.sign(g, now)
	if err != nil {
		return nil, err
	}
	return g.ByAssertion(assertion), nil
}

// Certificate is a certificate of an application with its key.
type Certificate struct {
	key    crypto.Signer
	digest string // by which Entra finds it (x5t#S256)
}

// ReadCertificate reads a certificate and its key, which must belong together. Invalid says what
// is wrong, and repeats nothing of them.
func ReadCertificate(certificate, privateKey string) (*Certificate, error) {
	bad := entitlement.Errorf(entitlement.Invalid, "credential: certificate and privateKey must be a certificate and its RSA or P-256 key, in PEM with \\n for the ends of lines.")

	block, _ := pem.Decode([]byte(certificate))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, bad
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, bad
	}
	digest := sha256.Sum256(parsed.Raw)
	c := &Certificate{digest: base64.RawURLEncoding.EncodeToString(digest[:])}

	if block, _ = pem.Decode([]byte(privateKey)); block == nil {
		return nil, bad
	}
	key, err := parseKey(block)
	if err != nil {
		return nil, bad
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if !key.PublicKey.Equal(parsed.PublicKey) {
			return nil, bad
		}
		c.key = key
	case *ecdsa.PrivateKey:
		if key.Curve.Params().BitSize != 256 || !key.PublicKey.Equal(parsed.PublicKey) {
			return nil, bad
		}
		c.key = key
	default:
		return nil, bad
	}
	return c, nil
}

func parseKey(block *pem.Block) (any, error) {
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	}
	return x509.ParsePKCS8PrivateKey(block.Bytes)
}

// sign makes a client assertion, as Entra wants one of a certificate.
func (c *Certificate) sign(g Grant, now time.Time) (string, error) {
	algorithm := jose.PS256
	if _, is := c.key.(*rsa.PrivateKey); !is {
		algorithm = jose.ES256
	}
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("x5t#S256", c.digest)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: c.key}, options)
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: g.ClientID, Subject: g.ClientID, Audience: jwt.Audience{g.Endpoint}, ID: base64.RawURLEncoding.EncodeToString(random()),
		NotBefore: jwt.NewNumericDate(now.Add(-time.Minute)), IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(assertionFor)),
	}).Serialize()
}

func random() []byte {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	return b
}
