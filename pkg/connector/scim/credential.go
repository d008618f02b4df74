package scim

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2/clientcredentials"

	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/tokens"
	"leasehold/pkg/entitlement"
)

// client is how a connector proves who it is to a server that gives tokens by OAuth 2.0's grant
// of client credentials (RFC 6749, 4.4). It is one line of JSON:
//
//	{"tokenUrl":"https://login.example.com/oauth/token","clientId":"...","clientSecret":"...","scope":"scim"}
//
// Any credential that does not begin with a brace is a bearer token itself.
type client struct {
	TokenURL     string
	ClientID     string
	ClientSecret string
	Scope        string // several with spaces between; may be left out
}

var askToken = outbound.Operation{Op: "scim: fetch token", What: "for a token"}

// bearer returns what gives the bearer token of a credential; refused is one that the server did
// not take. Invalid says what is wrong with the credential, and repeats nothing of it.
func bearer(address, credential string, of *http.Client, private bool, kept *tokens.Cache) (func(ctx context.Context, refused string) (string, error), error) {
	credential = strings.TrimSpace(credential)
	if !strings.HasPrefix(credential, "{") {
		return func(context.Context, string) (string, error) { return credential, nil }, nil
	}

	var c client
	d := json.NewDecoder(strings.NewReader(credential))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil || d.More() || c.TokenURL == "" || c.ClientID == "" || c.ClientSecret == "" {
		return nil, entitlement.Errorf(entitlement.Invalid, "credential must be a bearer token, or one line of JSON with tokenUrl, clientId, clientSecret and, where the server wants one, scope.")
	}
	at, err := outbound.ParseURL(c.TokenURL, private)
	if err != nil {
		return nil, entitlement.Errorf(entitlement.Invalid, "credential: tokenUrl must be an https address such as https://login.example.com/oauth/token, with no user, query or fragment in it.")
	}

	config := &clientcredentials.Config{ClientID: c.ClientID, ClientSecret: c.ClientSecret, TokenURL: at.String(), Scopes: strings.Fields(c.Scope)}
	source := kept.Of(address, credential, func() *tokens.Source {
		return tokens.New(tokens.How{Ask: askToken, Client: of, Advice: "See that tokenUrl, clientId, clientSecret and scope are right.",
			Config: func(context.Context, time.Time) (*clientcredentials.Config, error) { return config, nil }})
	})
	return source.Get, nil
}
