package ldap

import (
	"net/url"
	"strconv"
	"strings"

	ldapv3 "github.com/go-ldap/ldap/v3"

	"leasehold/pkg/entitlement"
)

const (
	portPlain uint16 = 389 // where a connection becomes one over TLS by StartTLS
	portTLS   uint16 = 636
)

// place is where a directory is, and the entry below which all is that we look at.
type place struct {
	host     string
	port     uint16
	startTLS bool
	base     string
}

// parsePlace reads ldaps://host[:port]/baseDN, and ldap:// for StartTLS. There is no form for a
// connection that stays in the clear.
func parsePlace(text string) (place, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return place{}, badPlace()
	}

	p := place{host: u.Hostname(), base: strings.TrimPrefix(u.Path, "/")}
	switch u.Scheme {
	case "ldaps":
		p.port = portTLS
	case "ldap":
		p.port, p.startTLS = portPlain, true
	default:
		return place{}, badPlace()
	}
	if text := u.Port(); text != "" {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n == 0 {
			return place{}, badPlace()
		}
		p.port = uint16(n)
	}

	if dn, err := ldapv3.ParseDN(p.base); err != nil || len(dn.RDNs) == 0 {
		return place{}, entitlement.Errorf(entitlement.Invalid, "The address must end with the entry below which people and groups are, such as ldaps://dc1.example.com/dc=example,dc=com.")
	}
	return p, nil
}

func badPlace() error {
	return entitlement.Errorf(entitlement.Invalid, "The address of a directory must look like ldaps://dc1.example.com/dc=example,dc=com, or begin with ldap:// for StartTLS, with no user, query or fragment in it.")
}
