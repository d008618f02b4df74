package msgraph

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"leasehold/pkg/connector/entra"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// credential is how an application proves to a tenant who it is: by exactly one of a secret,
// a certificate with its key, what AWS says of who we are, and a token of somebody whom the tenant trusts.
//
// It is one line of JSON, for example:
//
//	{"tenantId":"...","clientId":"...","clientSecret":"..."}
//	{"tenantId":"...","clientId":"...","certificate":"-----BEGIN CERTIFICATE-----\n...","privateKey":"-----BEGIN PRIVATE KEY-----\n..."}
//	{"tenantId":"...","clientId":"...","federatedBy":"aws"}
//	{"tenantId":"...","clientId":"...","federatedToken":"eyJ..."}
//
// Where it is federated by AWS it holds no secret: whenever a token is needed, AWS signs a statement
// of the role of the function that asks, and Entra takes it.
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
	FederatedBy    string // federatedByAWS
	// Authority is where tokens are fetched, where that is none of the known clouds; for
	// emulators alone.
	Authority string

	grant       entra.Grant
	certificate *entra.Certificate // nil: it is not by one
	audience    string             // of a statement of AWS
}

// federatedByAWS is the one by whom an application can be federated.
const federatedByAWS = "aws"

// audiences are those for which the clouds of Entra take statements of others.
var audiences = map[string]string{entra.Public: names.EntraAudience, entra.Government: names.EntraAudience + "USGov", entra.China: names.EntraAudience + "China"}

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
		return nil, entitlement.Errorf(entitlement.Invalid, `credential must be one line of JSON with tenantId, clientId, and one of clientSecret, certificate with privateKey, federatedBy, and federatedToken.`)
	}

	for name, id := range map[string]string{"tenantId": c.TenantID, "clientId": c.ClientID} {
		if !isGUID(id) {
			return nil, entitlement.Errorf(entitlement.Invalid, "credential: %s must be a UUID.", name)
		}
	}

	ways := []bool{c.ClientSecret != "", c.Certificate != "" || c.PrivateKey != "", c.FederatedBy != "", c.FederatedToken != ""}
	if i := slices.Index(ways, true); i < 0 || slices.Contains(ways[i+1:], true) {
		return nil, entitlement.Errorf(entitlement.Invalid, "credential must hold exactly one of clientSecret, certificate with privateKey, federatedBy, and federatedToken.")
	}
	if ways[2] && c.FederatedBy != federatedByAWS {
		return nil, entitlement.Errorf(entitlement.Invalid, "credential: federatedBy can be %s alone: the identity of Leasehold's own functions.", federatedByAWS)
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
	c.audience = cmp.Or(audiences[authority], names.EntraAudience)
	c.grant = entra.Grant{ClientID: c.ClientID, Endpoint: entra.Endpoint(authority, c.TenantID), Scope: base.Scheme + "://" + base.Host + "/.default"}
	return &c, nil
}

// isGUID reports an id as Graph writes those of its objects.
func isGUID(id string) bool {
	_, err := entitlement.ParseID[entitlement.UserID]("id", id)
	return err == nil
}
