package msgraph

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"slices"
	"strings"

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

	endpoint string // of tokens
	scope    string
	key      crypto.Signer
	digest   string // of the certificate, by which Entra finds it (x5t#S256)
}

// authorities are where the clouds of Graph have their tokens.
var authorities = map[string]string{
	"graph.microsoft.com":             "https://login.microsoftonline.com",
	"graph.microsoft.us":              "https://login.microsoftonline.us",
	"dod-graph.microsoft.us":          "https://login.microsoftonline.us",
	"microsoftgraph.chinacloudapi.cn": "https://login.partner.microsoftonline.cn",
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
		if err := c.readKey(); err != nil {
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
	c.endpoint = authority + "/" + c.TenantID + "/oauth2/v2.0/token"
	c.scope = base.Scheme + "://" + base.Host + "/.default"
	return &c, nil
}

// readKey reads the certificate and its key, which must belong together.
func (c *credential) readKey() error {
	bad := entitlement.Errorf(entitlement.Invalid, "credential: certificate and privateKey must be a certificate and its RSA or P-256 key, in PEM with \\n for the ends of lines.")

	block, _ := pem.Decode([]byte(c.Certificate))
	if block == nil || block.Type != "CERTIFICATE" {
		return bad
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return bad
	}
	digest := sha256.Sum256(certificate.Raw)
	c.digest = base64.RawURLEncoding.EncodeToString(digest[:])

	if block, _ = pem.Decode([]byte(c.PrivateKey)); block == nil {
		return bad
	}
	key, err := parseKey(block)
	if err != nil {
		return bad
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if !key.PublicKey.Equal(certificate.PublicKey) {
			return bad
		}
		c.key = key
	case *ecdsa.PrivateKey:
		if key.Curve.Params().BitSize != 256 || !key.PublicKey.Equal(certificate.PublicKey) {
			return bad
		}
		c.key = key
	default:
		return bad
	}
	return nil
}

func parseKey(block *pem.Block) (any, error) {
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	}
	return x509.ParsePKCS8PrivateKey(block.Bytes)
}

// isGUID reports an id as Graph writes those of its objects.
func isGUID(id string) bool {
	_, err := entitlement.ParseID[entitlement.UserID]("id", id)
	return err == nil
}
