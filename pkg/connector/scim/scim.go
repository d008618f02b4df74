// Package scim delivers to target systems that speak SCIM 2.0 (RFC 7643, RFC 7644):
// a resource is a group, its one role is membership of it.
//
// Servers differ in what the standard leaves open or what they got wrong, so a
// write's answer is never taken for the state. Adding a member twice is a no-op to
// some, an error to others, and some store the member twice: callers Check first
// and Apply only what is missing. A batch that a server refuses as a whole is sent
// again one by one, so that one bad person never holds up the others.
package scim

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// Kind is the kind under which connectors of this package are registered.
const Kind = "scim"

// MaxBatch is the number of membership changes in one request that even strict
// servers take.
const MaxBatch = 100

const (
	rolePrefix = "Member_" // of the role's id; the group's id follows
	roleName   = "Member"
)

// Connector speaks to one SCIM server. It is safe for concurrent use.
type Connector struct {
	base   string // URL with no slash at the end
	token  string
	keys   []string // correlation keys, in order
	client *http.Client
	now    func() time.Time
}

// Factory returns the registry's factory for this kind. All connectors share the
// client, which must be guarded as outbound.Client is; private is what that was made with.
func Factory(client *http.Client, private bool) connector.Factory {
	return func(cfg entitlement.ConnectorConfig, credential string) (connector.Connector, error) {
		base, err := outbound.ParseURL(cfg.URL, private)
		if err != nil {
			return nil, err
		}
		return New(base, credential, cfg.CorrelationKeys, client)
	}
}

// New returns a connector for the server at base that presents the bearer token and
// finds people by the correlation keys, in order. Invalid: a key is not one of
// entitlement.CorrelateBy, or there is none.
func New(base *url.URL, token string, keys []string, client *http.Client) (*Connector, error) {
	if len(keys) == 0 {
		return nil, entitlement.Errorf(entitlement.Invalid, "A SCIM connector needs at least one correlation key.")
	}
	for _, key := range keys {
		if _, known := lookups[key]; !known {
			return nil, entitlement.Errorf(entitlement.Invalid, "A SCIM server cannot be asked for people by %q; the keys are %s.",
				key, strings.Join(entitlement.CorrelateBy, ", "))
		}
	}
	return &Connector{
		base:   strings.TrimRight(base.String(), "/"),
		token:  strings.TrimSpace(token),
		keys:   slices.Clone(keys),
		client: client,
		now:    time.Now,
	}, nil
}

// Describe returns the limits of a SCIM server.
func (c *Connector) Describe() connector.Capabilities {
	return connector.Capabilities{MaxBatch: MaxBatch, Ways: []connector.Way{wayMembers}, Authoritative: true}
}
