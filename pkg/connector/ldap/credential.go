package ldap

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"io"

	ldapv3 "github.com/go-ldap/ldap/v3"

	"leasehold/pkg/entitlement"
)

// credential is who we are at a directory, and whom we take for it. The authority is a part of
// it: whoever could change that alone, and the name's address, could collect the password.
type credential struct {
	bindDN, password string
	authorities      *x509.CertPool // nil: those of the system
	placeholder      *ldapv3.DN     // an entry that is left in a group which may not be empty; nil: none
}

// readCredential reads a document of JSON with bindDn and password, and where they are needed
// certificateAuthority, certificates in PEM, and placeholder, a DN.
func readCredential(text string) (credential, error) {
	var given struct {
		BindDN      string `json:"bindDn"`
		Password    string `json:"password"`
		Authority   string `json:"certificateAuthority"`
		Placeholder string `json:"placeholder"`
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&given); err != nil || decoder.More() {
		return credential{}, badCredential()
	}
	if _, err := decoder.Token(); err != io.EOF {
		return credential{}, badCredential()
	}

	// A bind without a password succeeds at many servers, as nobody (RFC 4513, 5.1.2).
	if given.BindDN == "" || given.Password == "" {
		return credential{}, badCredential()
	}
	c := credential{bindDN: given.BindDN, password: given.Password}

	if given.Authority != "" {
		c.authorities = x509.NewCertPool()
		if !c.authorities.AppendCertsFromPEM([]byte(given.Authority)) {
			return credential{}, entitlement.Errorf(entitlement.Invalid, "certificateAuthority in the credential holds no certificate in PEM.")
		}
	}
	if given.Placeholder != "" {
		dn, err := ldapv3.ParseDN(given.Placeholder)
		if err != nil || len(dn.RDNs) == 0 {
			return credential{}, entitlement.Errorf(entitlement.Invalid, "placeholder in the credential must be the DN of an entry, such as cn=nobody,dc=example,dc=com.")
		}
		c.placeholder = dn
	}
	return c, nil
}

// badCredential quotes nothing of what was given.
func badCredential() error {
	return entitlement.Errorf(entitlement.Invalid, `The credential of a directory is JSON: {"bindDn":"...","password":"..."}, neither of them empty, with "certificateAuthority" (PEM) where its certificate is from an authority of your own, and "placeholder" (the DN of an entry) where groups may not be empty.`)
}

// stands reports that the DN is that of the placeholder.
func (c credential) stands(dn string) bool {
	if c.placeholder == nil {
		return false
	}
	parsed, err := ldapv3.ParseDN(dn)
	return err == nil && parsed.EqualFold(c.placeholder)
}
