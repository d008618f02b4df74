// Package stsserver is STS's GetWebIdentityToken, written from the documentation: it says in a signed
// token which role calls. It proves our client, and nothing about AWS.
package stsserver

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Issuer is that of the account.
const Issuer = "https://a1d2b0fd-1177-4468-9351-2f0000000723.tokens.sts.global.api.aws"

// Server answers calls that are signed by anybody.
type Server struct {
	// Disabled: the account has not enabled it.
	Disabled bool

	key *rsa.PrivateKey
	mu  sync.Mutex
	by  []string // access keys of the calls, in order
}

// New returns a server with a key of its own.
func New() *Server {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return &Server{key: key}
}

// Role is the role of whoever signs with an access key.
func Role(accessKey string) string { return "arn:aws:iam::111122223333:role/" + accessKey }

// Calls returns the access keys of the calls that were answered with a token.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.by)
}

var signature = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/([a-z0-9-]+)/sts/aws4_request, SignedHeaders=[a-z0-9;-]*host[a-z0-9;-]*, Signature=[0-9a-f]{64}$`)

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/xml")
	refuse := func(status int, code string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>`, code)
	}

	who := signature.FindStringSubmatch(r.Header.Get("Authorization"))
	_ = r.ParseForm()
	seconds, err := strconv.Atoi(r.PostForm.Get("DurationSeconds"))
	audience := r.PostForm.Get("Audience.member.1")
	switch {
	case who == nil:
		refuse(http.StatusForbidden, "IncompleteSignature")
		return
	case r.PostForm.Get("Action") != "GetWebIdentityToken" || r.PostForm.Get("Version") != "2011-06-15" || r.PostForm.Get("SigningAlgorithm") != "RS256" || audience == "" || err != nil || seconds < 60 || seconds > 3600:
		refuse(http.StatusBadRequest, "ValidationError")
		return
	case s.Disabled:
		refuse(http.StatusForbidden, "OutboundWebIdentityFederationDisabledException")
		return
	}

	now := time.Now()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: s.key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		panic(err)
	}
	until := now.Add(time.Duration(seconds) * time.Second)
	token, err := jwt.Signed(signer).Claims(jwt.Claims{Issuer: Issuer, Subject: Role(who[1]), Audience: jwt.Audience{audience}, IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(until), ID: rand.Text()}).Serialize()
	if err != nil {
		panic(err)
	}

	s.mu.Lock()
	s.by = append(s.by, who[1])
	s.mu.Unlock()
	fmt.Fprintf(w, `<GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetWebIdentityTokenResult><WebIdentityToken>%s</WebIdentityToken><Expiration>%s</Expiration></GetWebIdentityTokenResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetWebIdentityTokenResponse>`, token, until.UTC().Format(time.RFC3339))
}

// Verify takes a token as a service that trusts the account takes it: of one of the roles, for the audience,
// and only while it is good.
func (s *Server) Verify(token, audience string, roles ...string) error {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return err
	}
	var claims jwt.Claims
	if err := parsed.Claims(&s.key.PublicKey, &claims); err != nil {
		return err
	}
	if !slices.Contains(roles, claims.Subject) || claims.Expiry == nil || time.Until(claims.Expiry.Time()) > 10*time.Minute {
		return errors.New("another subject, or too long")
	}
	return claims.Validate(jwt.Expected{Issuer: Issuer, AnyAudience: jwt.Audience{audience}, Time: time.Now()})
}
