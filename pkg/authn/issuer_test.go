package authn

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leasehold/pkg/clock"
)

// The keys of the tests. Tokens are signed with the standard library, byte by
// byte, so that what is under test does not check itself.
var (
	rsaKey   = must(rsa.GenerateKey(rand.Reader, 2048))
	otherRSA = must(rsa.GenerateKey(rand.Reader, 2048))
	ecKey    = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	_, edKey = edPair()
)

const (
	testIssuer   = "https://id.example.test/realm"
	testAudience = "api://leasehold"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func edPair() (ed25519.PublicKey, ed25519.PrivateKey) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return public, private
}

// provider is an identity provider's key set, which counts who asks for it.
type provider struct {
	*httptest.Server
	calls  atomic.Int64
	answer atomic.Pointer[http.HandlerFunc]
}

func newProvider(t testing.TB, keys ...string) *provider {
	p := &provider{}
	p.publish(keys...)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.calls.Add(1)
		(*p.answer.Load())(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) publish(keys ...string) {
	p.answers(http.StatusOK, `{"keys":[`+strings.Join(keys, ",")+`]}`)
}

func (p *provider) answers(status int, body string) {
	p.handle(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	})
}

func (p *provider) handle(h http.HandlerFunc) { p.answer.Store(&h) }

// verifier trusts the provider alone, by the rule.
func (p *provider) verifier(t testing.TB, rule TokenRule) (*Verifier, *clock.Virtual) {
	t.Helper()
	virtual := clock.NewVirtual(start)
	v, err := New([]Issuer{{Issuer: testIssuer, KeySet: p.URL, Audience: testAudience, TokenRule: rule}}, p.Client(), virtual)
	if err != nil {
		t.Fatal(err)
	}
	return v, virtual
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// rsaJWK is a public RSA key as a key set holds it; more is members to add.
func rsaJWK(id string, key *rsa.PublicKey, more string) string {
	return fmt.Sprintf(`{"kty":"RSA","kid":%q,"n":%q,"e":"AQAB"%s}`, id, encode(key.N.Bytes()), more)
}

func ecJWK(id string, key *ecdsa.PublicKey) string {
	point := must(key.Bytes())
	return fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":%q,"x":%q,"y":%q}`, id, encode(point[1:33]), encode(point[33:]))
}

func edJWK(id string, key ed25519.PublicKey) string {
	return fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":%q,"x":%q}`, id, encode(key))
}

// testKeys is what the provider of most tests publishes.
func testKeys() []string {
	return []string{
		rsaJWK("r1", &rsaKey.PublicKey, `,"use":"sig"`),
		rsaJWK("r-bound", &rsaKey.PublicKey, `,"alg":"RS256"`),
		rsaJWK("r-enc", &rsaKey.PublicKey, `,"use":"enc"`),
		ecJWK("e1", &ecKey.PublicKey),
		edJWK("d1", edKey.Public().(ed25519.PublicKey)),
	}
}

// signer makes the signature of the signing input.
type signer func(input string) []byte

func digest(input string) []byte {
	sum := sha256.Sum256([]byte(input))
	return sum[:]
}

func rs256(key *rsa.PrivateKey) signer {
	return func(input string) []byte {
		return must(rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest(input)))
	}
}

func ps256(key *rsa.PrivateKey) signer {
	return func(input string) []byte {
		return must(rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest(input), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}))
	}
}

func es256(input string) []byte {
	r, s, err := ecdsa.Sign(rand.Reader, ecKey, digest(input))
	if err != nil {
		panic(err)
	}
	return concat(r, s)
}

func concat(r, s *big.Int) []byte {
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature
}

func eddsa(input string) []byte { return ed25519.Sign(edKey, []byte(input)) }

func hs256(secret []byte) signer {
	return func(input string) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		return mac.Sum(nil)
	}
}

func unsigned(string) []byte { return nil }

// sign makes a token of exactly this header and these claims.
func sign(header, claims string, with signer) string {
	input := encode([]byte(header)) + "." + encode([]byte(claims))
	return input + "." + encode(with(input))
}

const rsHeader = `{"alg":"RS256","typ":"at+jwt","kid":"r1"}`

// said are the claims of a good token with some replaced or added and, where the
// value is empty, left out. They are JSON values, by name.
func said(changes ...string) string {
	names := []string{"iss", "aud", "sub", "exp", "iat", "scope"}
	values := map[string]string{
		"iss": `"` + testIssuer + `"`, "aud": `"` + testAudience + `"`, "sub": `"ada"`, "scope": `"read write"`,
		"exp": fmt.Sprint(start.Add(time.Hour).Unix()), "iat": fmt.Sprint(start.Unix()),
	}
	for i := 0; i < len(changes); i += 2 {
		if _, known := values[changes[i]]; !known {
			names = append(names, changes[i])
		}
		values[changes[i]] = changes[i+1]
	}

	var members []string
	for _, name := range names {
		if values[name] != "" {
			members = append(members, fmt.Sprintf("%q:%s", name, values[name]))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// good is a token that is accepted by the default rule.
func good(changes ...string) string { return sign(rsHeader, said(changes...), rs256(rsaKey)) }

// at is a time that many seconds after the start, as a claim.
func at(seconds int64) string { return fmt.Sprint(start.Unix() + seconds) }
