package msgraph

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/oauth2/clientcredentials"

	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/tokens"
	"leasehold/pkg/connector/webidentity"
)

var askToken = outbound.Operation{Op: "msgraph: fetch token", What: "for a token"}

// newTokens returns the tokens of a credential.
func newTokens(c *credential, client *http.Client, own *webidentity.Identity) *tokens.Source {
	how := tokens.How{Ask: askToken, Client: client, Advice: "See that the tenant, the application and its secret or certificate are right."}
	if c.FederatedBy != "" {
		how.Advice = "See that the tenant and the application are right, and that the application has a federated credential for the issuer of Leasehold's AWS account and the role of each function that calls targets."
	}
	how.Config = func(ctx context.Context, now time.Time) (*clientcredentials.Config, error) {
		return c.config(ctx, own, now)
	}
	return tokens.New(how)
}

// config is the request for a token.
func (c *credential) config(ctx context.Context, own *webidentity.Identity, now time.Time) (*clientcredentials.Config, error) {
	switch {
	case c.FederatedBy != "":
		statement, err := own.Token(ctx, c.audience, now)
		if err != nil {
			return nil, err
		}
		return c.grant.ByAssertion(statement), nil
	case c.certificate != nil:
		return c.grant.ByCertificate(c.certificate, now)
	case c.FederatedToken != "":
		return c.grant.ByAssertion(c.FederatedToken), nil
	}
	return c.grant.BySecret(c.ClientSecret), nil
}
