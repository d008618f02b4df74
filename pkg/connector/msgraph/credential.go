package msgraph

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"leasehold/pkg/connector/entra"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// credential is how an application proves to a tenant who it is: by exactly one of a secret,
// a certificate with its key, and a token of somebody whom the tenant trusts.
//
// It is one line of JSON, for example:
//
//	{"tenantId":"...","clientId":"...","clientSecret":"..."}
//	{"tenantId":"...","clientId":"...","certificate":"-----BEGIN CERTIFICATE-----\n...","privateKey":"-----BEGIN PRIVATE KEY-----\n..."}
//	{"tenantId":"...","clientId":"...","federatedToken":"eyJ..."}
//
// A federated token is sent as it is. Nobody here fetches a newer one: whoever issues it gives
// the connector its credential again before it ends.
type credential struct {
	TenantID       string
	ClientID       string
	ClientSecret   string
	Certificate    string
	PrivateKey     string
	FederatedToken string
	// Authority is where tokens are fetched, where that is none of the known clouds; for
	// emulators alone.
	Authority string

	grant       entra.Grant
	certificate *entra.Certificate // nil: it is not by one
}

// authorities are where the clouds of Graph have their tokens.
var authorities = map[string]string{
	"graph.microsoft.com":             entra.Public,
	"graph.microsoft.us":              entra.Government,
	"dod-graph.microsoft.us":          entra.Government,
	"microsoftgraph.chinacloudapi.cn": entra.China,
}

// readCredential reads a credential for the Graph at base. Invalid says what is wrong with
// it, and repeats nothing of it.
func readCredential(secret string, base *url.URL, private bool) (*credential, error) {
	var c credential
	d := json.NewDecoder(strings.NewReader(secret))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil || d.More() {
		return nil, entitlement.Errorf(entitlement.Invalid, `credential must be one line of JSON with tenantId, clientId, and one of clientSecret, certificate with privateKey, and federatedToken.`)
	}

	for name, id := range map[string]string{"tenantId": c.TenantID, "clientId": c.ClientID} {
		if !isGUID(id) {
			return nil, entitlement.Errorf(entitlement.Invalid, "credential: %s must be a UUID.", name)
		}
	}

	ways := []bool{c.ClientSecret != "", c.Certificate != "" || c.PrivateKey != "", c.FederatedToken != ""}
	if i := slices.Index(ways, true); i < 0 || slices.Contains(ways[i+1:], true) {
		return nil, entitlement.Errorf(entitlement.Invalid, "credential must hold exactly one of clientSecret, certificate with privateKey, and federatedToken.")
	}
	if ways[1] {
		var err error
		if c.certificate, err = entra.ReadCertificate(c.Certificate, c.PrivateKey); err != nil {
			return nil, err
		}
	}

	authority, known := authorities[base.Hostname()]
	switch {
	case known && c.Authority != "":
		return nil, entitlement.Errorf(entitlement.Invalid, "credential: authority is known of this address; leave it out.")
	case !known && (c.Authority == "" || !private):
		return nil, entitlement.Errorf(entitlement.Invalid, "url must be that of a cloud of Microsoft Graph, such as https://graph.microsoft.com/v1.0.")
	case !known:
		at, err := outbound.ParseURL(c.Authority, private)
		if err != nil {
			return nil, err
		}
		authority = strings.TrimRight(at.String(), "/")
	}
	c.grant = entra.Grant{ClientID: c.ClientID, Endpoint: entra.Endpoint(authority, c.TenantID), Scope: base.Scheme + "://" + base.Host + "/.default"}
	return &c, nil
}

// isGUID reports an id as Graph writes those of its objects.
func isGUID(id string) bool {
	_, err := entitlement.ParseID[entitlement.UserID]("id", id)
	return err == nil
}
