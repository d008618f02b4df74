package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// TokenRule says how an issuer marks the tokens that are meant for an API,
// because issuers differ and an ID token must never pass for one.
type TokenRule string

// The token rules.
const (
	RuleAccessTokenType TokenRule = "at+jwt"           // the header's typ is at+jwt, as RFC 9068 asks
	RuleTokenUse        TokenRule = "token_use=access" // a claim of that name and value
	RuleScope           TokenRule = "scope"            // a scope claim must be there
)

// Issuer is one identity provider whose tokens are accepted.
type Issuer struct {
	Issuer         string    `json:"issuer"`         // exactly as in the token's iss
	KeySet         string    `json:"keySet"`         // address of its key set, which may differ from the issuer's
	Audience       string    `json:"audience"`       // must be in the token's aud
	TokenRule      TokenRule `json:"tokenRule"`      // at+jwt unless given
	PrincipalClaim string    `json:"principalClaim"` // the claim that names the principal: sub unless given

	PortalClient *PortalClient `json:"portalClient"` // the pages as a client of it; nil: nobody signs in at the pages with it
}

// PortalClient is the pages as a client of an issuer. It proves by PKCE that the code is its
// own; a confidential one proves by its secret as well who it is.
type PortalClient struct {
	ID         string            `json:"id"`
	Secret     string            `json:"secret"`     // name of the parameter that holds the secret, below the path of sign-in; "" where the client is public
	Scopes     []string          `json:"scopes"`     // that are asked for; those of the API unless given
	Parameters map[string]string `json:"parameters"` // of the authorization request, such as resource or audience
}

// parameterName is one step of a path of Parameter Store.
var parameterName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$`)

// ParseIssuers reads the JSON list of issuers, fills in what may be left out, and
// refuses unknown members: a misspelt rule must not silently become the default.
func ParseIssuers(text string) ([]Issuer, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var issuers []Issuer
	if err := decoder.Decode(&issuers); err != nil {
		return nil, fmt.Errorf("it is not a list of issuers: %w", err)
	}

	// A decoder stops after the first value, and a second list would be ignored without a word.
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the list")
	}
	if len(issuers) == 0 {
		return nil, errors.New("the list is empty, so nobody could sign in")
	}

	seen := map[string]bool{}
	for i := range issuers {
		issuers[i].fill()
		if err := issuers[i].check(); err != nil {
			return nil, fmt.Errorf("issuer %d: %w", i+1, err)
		}
		if seen[issuers[i].Issuer] {
			return nil, fmt.Errorf("issuer %d: %s is listed twice", i+1, issuers[i].Issuer)
		}
		seen[issuers[i].Issuer] = true
	}

	return issuers, nil
}

func (i *Issuer) fill() {
	if i.TokenRule == "" {
		i.TokenRule = RuleAccessTokenType
	}
	if i.PrincipalClaim == "" {
		i.PrincipalClaim = "sub"
	}
	if i.PortalClient != nil && len(i.PortalClient.Scopes) == 0 {
		i.PortalClient.Scopes = []string{"openid", "EntitlementManagement.ReadWrite.All", "EntitlementMgmt-SubjectAccess.ReadWrite"}
	}
}

func (i *Issuer) check() error {
	if err := checkURL(i.Issuer); err != nil {
		return fmt.Errorf("issuer: %w", err)
	}

	// A bar parts the issuer from the value in the parameter of the first administrator.
	if strings.Contains(i.Issuer, "|") {
		return errors.New("issuer: it may hold no bar")
	}

	if err := checkURL(i.KeySet); err != nil {
		return fmt.Errorf("keySet: %w", err)
	}
	if i.Audience == "" {
		return errors.New("audience: it is empty")
	}

	if i.PortalClient != nil && i.PortalClient.ID == "" {
		return errors.New("portalClient: id is empty")
	}

	// The secret itself is no setting: settings lie in the template and in the environment.
	if i.PortalClient != nil && i.PortalClient.Secret != "" && !parameterName.MatchString(i.PortalClient.Secret) {
		return errors.New("portalClient: secret is the name of a parameter, of letters, digits, points, hyphens and underscores")
	}

	switch i.TokenRule {
	case RuleAccessTokenType, RuleTokenUse, RuleScope:
		return nil
	}

	return fmt.Errorf("tokenRule: %q is not one of %s, %s, %s", i.TokenRule, RuleAccessTokenType, RuleTokenUse, RuleScope)
}
