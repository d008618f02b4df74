package authn

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/entitlement"

	"github.com/go-jose/go-jose/v4"
)

// TokenRule says how an issuer marks the tokens that are meant for an API. Issuers
// differ in it, and an ID token, which any client may hold, must never pass for one.
type TokenRule string

// The token rules.
const (
	RuleAccessTokenType TokenRule = "at+jwt"           // the header's typ is at+jwt, as RFC 9068 asks
	RuleTokenUse        TokenRule = "token_use=access" // a claim of that name and value
	RuleScope           TokenRule = "scope"            // there is a scope, in scp or scope
)

// Issuer is one identity provider whose access tokens are accepted.
type Issuer struct {
	Issuer         string    // exactly as in a token's iss
	KeySet         string    // address of its key set
	Audience       string    // must be in a token's aud
	TokenRule      TokenRule // RuleAccessTokenType where empty
	PrincipalClaim string    // the claim that names the principal; sub where empty
}

func (i Issuer) filled() Issuer {
	if i.TokenRule == "" {
		i.TokenRule = RuleAccessTokenType
	}
	if i.PrincipalClaim == "" {
		i.PrincipalClaim = "sub"
	}
	return i
}

func (i Issuer) check() error {
	if i.Issuer == "" {
		return errors.New("its name is empty")
	}

	if i.Audience == "" {
		return errors.New("its audience is empty")
	}

	address, err := url.Parse(i.KeySet)
	if err != nil {
		return fmt.Errorf("the address of its key set: %w", err)
	}
	if address.Host == "" || address.Scheme != "https" && address.Scheme != "http" {
		return errors.New("the address of its key set is no web address")
	}

	switch i.TokenRule {
	case RuleAccessTokenType, RuleTokenUse, RuleScope:
		return nil
	}

	return fmt.Errorf("the token rule %q is not one of %s, %s, %s", i.TokenRule, RuleAccessTokenType, RuleTokenUse, RuleScope)
}

// token reads a token whose signature is right: that it is an access token, for
// here and for now, and then whose it is.
func (i Issuer) token(header jose.Header, said claims, now time.Time) (Token, error) {
	scopes, application, err := said.scopes()
	if err != nil {
		return Token{}, err
	}

	if err := i.checkRule(header, said, !application && len(scopes) > 0); err != nil {
		return Token{}, err
	}

	audience, err := said.list("aud")
	if err != nil {
		return Token{}, err
	}
	if !slices.Contains(audience, i.Audience) {
		return Token{}, refuse("the token is for another audience")
	}
	if err := said.checkTime(now); err != nil {
		return Token{}, err
	}

	principal, err := said.text(i.PrincipalClaim)
	if err != nil {
		return Token{}, err
	}
	id, err := said.optionalText("jti")
	if err != nil {
		return Token{}, err
	}

	return Token{
		Principal:   entitlement.Principal{Issuer: i.Issuer, Value: principal},
		Scopes:      scopes,
		Application: application,
		ID:          id,
	}, nil
}

// checkRule checks that the token is an access token by the issuer's rule; scoped
// says that it holds a scope.
func (i Issuer) checkRule(header jose.Header, said claims, scoped bool) error {
	switch i.TokenRule {
	case RuleTokenUse:
		if use, err := said.text("token_use"); err != nil || use != "access" {
			return refuse("token_use is not access")
		}
	case RuleScope:
		if !scoped && (said.has("nonce") || said.has("at_hash")) {
			return refuse("it is an ID token")
		}
		if !scoped {
			return refuse("there is no scope")
		}
	default:
		kind, _ := header.ExtraHeaders[jose.HeaderType].(string)
		if !strings.EqualFold(kind, "at+jwt") && !strings.EqualFold(kind, "application/at+jwt") {
			return refuse("the header's typ is not at+jwt")
		}
	}

	return nil
}
