package sharepoint

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2/clientcredentials"

	"leasehold/pkg/connector/entra"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/tokens"
	"leasehold/pkg/entitlement"
)

// credential is how an application proves to a tenant who it is: by a certificate with its key.
//
// It is one line of JSON:
//
//	{"tenantId":"...","clientId":"...","certificate":"-----BEGIN CERTIFICATE-----\n...","privateKey":"-----BEGIN PRIVATE KEY-----\n..."}
type credential struct {
	TenantID     string
	ClientID     string
	ClientSecret string // never taken
	Certificate  string
	PrivateKey   string
	// Authority is where tokens are fetched, where that is none of the known clouds; for
	// emulators alone.
	Authority string

	grant       entra.Grant
	certificate *entra.Certificate
}

// authorities are where the clouds of SharePoint have their tokens, by how its hosts end.
var authorities = map[string]string{
	".sharepoint.com":    entra.Public,
	".sharepoint.us":     entra.Government,
	".sharepoint-mil.us": entra.Government,
	".sharepoint.cn":     entra.China,
}

// authorityOf returns where the tokens of a host are.
func authorityOf(host string) (string, bool) {
	name, rest, _ := strings.Cut(strings.ToLower(host), ".")
	authority, known := authorities["."+rest]
	return authority, known && name != ""
}

// readCredential reads a credential for the tenant of the site at base. Invalid says what is wrong
// with it, and repeats nothing of it.
func readCredential(secret string, base *url.URL, private bool) (*credential, error) {
	var c credential
	d := json.NewDecoder(strings.NewReader(secret))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil || d.More() {
		return nil, entitlement.Errorf(entitlement.Invalid, `credential must be one line of JSON with tenantId, clientId, certificate and privateKey.`)
	}
	if c.ClientSecret != "" {
		return nil, entitlement.Errorf(entitlement.Invalid, "credential: SharePoint refuses applications that sign in by a secret, whatever they may do. Give a certificate with its privateKey in place of clientSecret.")
	}

	for name, id := range map[string]string{"tenantId": c.TenantID, "clientId": c.ClientID} {
		if _, err := entitlement.ParseID[entitlement.UserID]("id", id); err != nil {
			return nil, entitlement.Errorf(entitlement.Invalid, "credential: %s must be a UUID.", name)
		}
	}
	var err error
	if c.certificate, err = entra.ReadCertificate(c.Certificate, c.PrivateKey); err != nil {
		return nil, err
	}

	authority, known := authorityOf(base.Hostname())
	switch {
	case known && c.Authority != "":
		return nil, entitlement.Errorf(entitlement.Invalid, "credential: authority is known of this address; leave it out.")
	case !known && (c.Authority == "" || !private):
		return nil, entitlement.Errorf(entitlement.Invalid, "url must be the address of a site of SharePoint Online, such as https://contoso.sharepoint.com.")
	case !known:
		at, err := outbound.ParseURL(c.Authority, private)
		if err != nil {
			return nil, err
		}
		authority = strings.TrimRight(at.String(), "/")
	}
	c.grant = entra.Grant{ClientID: c.ClientID, Endpoint: entra.Endpoint(authority, c.TenantID), Scope: "https://" + base.Host + "/.default"}
	return &c, nil
}

var askToken = outbound.Operation{Op: "sharepoint: fetch token", What: "for a token"}

// newTokens returns the tokens of a credential.
func newTokens(c *credential, client *http.Client) *tokens.Source {
	return tokens.New(tokens.How{Ask: askToken, Client: client,
		Config: func(_ context.Context, now time.Time) (*clientcredentials.Config, error) {
			return c.grant.ByCertificate(c.certificate, now)
		},
		Advice: "See that the tenant, the application and its certificate are right."})
}
