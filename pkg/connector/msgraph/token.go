package msgraph

import (
	"net/http"
	"time"

	"golang.org/x/oauth2/clientcredentials"

	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/tokens"
)

var askToken = outbound.Operation{Op: "msgraph: fetch token", What: "for a token"}

// newTokens returns the tokens of a credential.
func newTokens(c *credential, client *http.Client) *tokens.Source {
	return tokens.New(tokens.How{Ask: askToken, Client: client, Config: c.config,
		Advice: "See that the tenant, the application and its secret or certificate are right."})
}

// config is the request for a token.
func (c *credential) config(now time.Time) (*clientcredentials.Config, error) {
	switch {
	case c.certificate != nil:
		return c.grant.ByCertificate(c.certificate, now)
	case c.FederatedToken != "":
		return c.grant.ByAssertion(c.FederatedToken), nil
	}
	return c.grant.BySecret(c.ClientSecret), nil
}
