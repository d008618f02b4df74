// Package issuer gives access tokens to whoever asks, without a password: it is the
// sign-in of a Leasehold that runs in one process for development. Its keys are made at
// its start and die with it, it is meant for an address that only this machine reaches,
// and no function of the product links it: archtest sees to that.
package issuer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"leasehold/localstack/components"
	"leasehold/pkg/clock"
)

// Accounts are those who can have a token. Each is the subject of its own, but for
// parts.Robot, an application, whose subject is parts.RobotClient.
var Accounts = []string{components.Admin, components.Owner, components.Manager, components.Approver, components.Member, components.Other, components.Robot}

// What the tokens allow, and for how long.
const (
	scopes   = "EntitlementManagement.Read.All EntitlementManagement.ReadWrite.All EntitlementMgmt-SubjectAccess.ReadWrite"
	role     = "EntitlementManagement.ReadWrite.All"
	lifetime = time.Hour
)

// Issuer is an OpenID provider with accounts and no passwords.
type Issuer struct {
	address string // its own, which is its name
	clock   clock.Clock
	ids     clock.IDs
	keys    jose.JSONWebKeySet // public
	signer  jose.Signer
	codes   codes

	// Secret, where it is set, makes the pages a confidential client: no code is exchanged without
	// it. Methods are those by which it is taken.
	Secret  string
	Methods []string
}

// New returns an issuer that answers at address, with a key of its own.
func New(address string, c clock.Clock, ids clock.IDs) (*Issuer, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the issuer's key: %w", err)
	}
	key := jose.JSONWebKey{Key: private, KeyID: ids.New(), Algorithm: string(jose.ES256), Use: "sig"}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		return nil, fmt.Errorf("use the issuer's key: %w", err)
	}
	return &Issuer{address: address, clock: c, ids: ids, signer: signer,
		keys: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}}}, nil
}

// KeySet is the address of the public keys.
func (i *Issuer) KeySet() string { return i.address + "/jwks" }

// Token returns an access token for an account, good for an hour.
func (i *Issuer) Token(as string) (string, error) {
	if !slices.Contains(Accounts, as) {
		return "", fmt.Errorf("there is no account %q, only %s", as, strings.Join(Accounts, ", "))
	}
	now := i.clock.Now()
	claims := map[string]any{"iss": i.address, "aud": components.Audience, "sub": as, "client_id": "leasehold-dev", "scope": scopes,
		"iat": now.Unix(), "exp": now.Add(lifetime).Unix(), "jti": i.ids.New()}
	if as == components.Robot { // an application calls for itself: roles in place of scopes
		delete(claims, "scope")
		claims["sub"], claims["client_id"], claims["roles"] = components.RobotClient, components.RobotClient, []string{role}
	}

	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("write the claims: %w", err)
	}
	signed, err := i.signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	return signed.CompactSerialize()
}

// Handler serves what a client and Leasehold ask of an issuer, and /token?as=<account>,
// which answers with the token and nothing else.
func (i *Issuer) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		methods := []string{"none"}
		if i.Secret != "" {
			methods = i.Methods
		}
		writeJSON(w, map[string]any{
			"token_endpoint_auth_methods_supported": methods,
			"issuer":                                i.address,
			"jwks_uri":                              i.KeySet(),
			"authorization_endpoint":                i.address + "/authorize",
			"token_endpoint":                        i.address + "/token",
			"response_types_supported":              []string{"code"},
			"code_challenge_methods_supported":      []string{"S256"},
			"subject_types_supported":               []string{"public"},
			"id_token_signing_alg_values_supported": []string{string(jose.ES256)},
		})
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, i.keys) })
	// Anybody here may be anybody: the issuer is for this machine alone.
	mux.HandleFunc("GET /token", func(w http.ResponseWriter, r *http.Request) {
		token, err := i.Token(r.URL.Query().Get("as"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		io.WriteString(w, token)
	})

	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.exchange)

	return i.ownAddressOnly(mux)
}

// ownAddressOnly refuses calls by another name: a page in a browser of this machine can
// have a name of its own lead here, and would then be let to read the answers.
func (i *Issuer) ownAddressOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if "http://"+r.Host != i.address {
			http.Error(w, "call me "+i.address, http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func writeJSON(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(body) // a client that is gone is no news
}
