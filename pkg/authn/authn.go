// Package authn finds out who is calling: it verifies the access token of a
// request against the issuers that the deployment trusts, and nothing else. A
// token never chooses how it is checked: its issuer must be one of the list, its
// key comes from that issuer's key set alone, its algorithm from a fixed list,
// and nothing it says is believed before its signature is. What the caller may
// then do is decided elsewhere, from stored state.
package authn

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"

	"github.com/go-jose/go-jose/v4"
)

// What a token may weigh. The first bounds the whole Authorization header, before
// anything of it is read; the second the claims, once decoded.
const (
	maxHeader  = 16 << 10
	maxPayload = 10 << 10
)

const (
	operation   = "verify token"
	refusal     = "The access token is missing or not valid here. Sign in again."
	unavailable = "Sign-in cannot be checked at the moment. Try again in a minute."
)

// algorithms is the whole of what a signature may be made with: asymmetric ones
// only, so that a public key can never serve as a shared secret.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512,
	jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512,
	jose.EdDSA,
}

// Token is what a verified access token says.
type Token struct {
	Principal   entitlement.Principal
	Scopes      []string // what it may be used for: of an application its roles
	Application bool     // an application calls for itself, nobody is signed in
	ID          string   // its jti, for logs; empty where the issuer gives none
}

// Verifier verifies access tokens. It is safe for concurrent use and meant to live
// as long as the process, because it keeps the issuers' keys.
type Verifier struct {
	issuers map[string]*issuer
	clock   clock.Clock
}

// issuer is a trusted issuer with the keys it signs with.
type issuer struct {
	Issuer
	keys *keySet
}

// New returns a verifier that trusts exactly these issuers. It fetches nothing:
// each key set is asked for with the first token of its issuer, through client,
// but never across a redirect.
func New(issuers []Issuer, client *http.Client, clock clock.Clock) (*Verifier, error) {
	if len(issuers) == 0 {
		return nil, errors.New("no issuer is given, so nobody could sign in")
	}

	v := &Verifier{issuers: make(map[string]*issuer, len(issuers)), clock: clock}

	for i, given := range issuers {
		trusted := given.filled()
		if err := trusted.check(); err != nil {
			return nil, fmt.Errorf("issuer %d: %w", i+1, err)
		}

		// Else the second would silently take the place of the first.
		if v.issuers[trusted.Issuer] != nil {
			return nil, fmt.Errorf("issuer %d: %s is listed twice", i+1, trusted.Issuer)
		}
		v.issuers[trusted.Issuer] = &issuer{Issuer: trusted, keys: newKeySet(trusted.KeySet, client, clock)}
	}

	return v, nil
}

// Verify returns what the token in the value of an Authorization header says. It
// fails with Unauthenticated, always with the same message, where there is no
// token or one that is not good here, and with Unavailable where the issuer's keys
// cannot be had. The cause in the error is for logs and holds nothing of the token.
func (v *Verifier) Verify(ctx context.Context, authorization string) (Token, error) {
	signed, err := parse(authorization)
	if err != nil {
		return Token{}, err
	}
	said, err := parseClaims(signed.UnsafePayloadWithoutVerification())
	if err != nil {
		return Token{}, err
	}

	// The issuer is the one claim that is read unverified, to choose among known
	// keys; an unknown issuer costs no call.
	name, err := said.text("iss")
	if err != nil {
		return Token{}, err
	}
	from, ok := v.issuers[name]
	if !ok {
		return Token{}, refuse("the issuer is not one of those trusted here")
	}
	if err := from.verify(ctx, signed); err != nil {
		return Token{}, err
	}
	return from.token(signed.Signatures[0].Protected, said, v.clock.Now())
}

// strict is the encoding of a token's parts; one value has one spelling in it.
var strict = base64.RawURLEncoding.Strict()

// parse takes the one compact JWS from a header, its signature not yet verified.
func parse(authorization string) (*jose.JSONWebSignature, error) {
	if authorization == "" {
		return nil, refuse("there is no Authorization header")
	}
	if len(authorization) > maxHeader {
		return nil, refuse("the Authorization header is too long")
	}
	compact, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok {
		return nil, refuse("the Authorization header's scheme is not Bearer")
	}
	if !canonical(compact) {
		return nil, refuse("the token is not base64url and dots alone")
	}

	// The library's own errors may quote the token, so they are not passed on.
	signed, err := jose.ParseSignedCompact(compact, algorithms)
	if _, unlisted := errors.AsType[*jose.ErrUnexpectedSignatureAlgorithm](err); unlisted {
		return nil, refuse("the algorithm is not one of those allowed")
	}
	if err != nil {
		return nil, refuse("the token is not a compact JWS")
	}
	if len(signed.UnsafePayloadWithoutVerification()) > maxPayload {
		return nil, refuse("the claims are too long")
	}
	return signed, nil
}

// canonical tells whether the token is spelt in the one right way. The decoder
// skips line ends even where it is strict, so they are looked for here.
func canonical(compact string) bool {
	if strings.ContainsAny(compact, "\r\n") {
		return false
	}
	for part := range strings.SplitSeq(compact, ".") {
		if _, err := strict.DecodeString(part); err != nil {
			return false
		}
	}
	return true
}

// verify checks the signature with the issuer's own key. Of the header only the
// key's id and the algorithm are used: keys and addresses in it are ignored, and
// what asks to be understood (crit, b64) is refused, because nothing here does.
func (i *issuer) verify(ctx context.Context, signed *jose.JSONWebSignature) error {
	header := signed.Signatures[0].Protected
	for _, name := range []jose.HeaderKey{"crit", "b64"} {
		if _, there := header.ExtraHeaders[name]; there {
			return refuse("the header asks for an extension")
		}
	}

	key, err := i.keys.key(ctx, header.KeyID)
	if err != nil {
		return err
	}

	// A key that names its algorithm is good for that one alone, and no caller picks another.
	if key.Algorithm != "" && key.Algorithm != header.Algorithm {
		return refuse("the key is for another algorithm")
	}
	if _, err := signed.Verify(key); err != nil {
		return refuse("the signature is wrong")
	}

	return nil
}

// refuse says no: the same to everybody, the cause to the log.
func refuse(cause string) error {
	return entitlement.Wrap(entitlement.Unauthenticated, operation, errors.New(cause), refusal)
}
