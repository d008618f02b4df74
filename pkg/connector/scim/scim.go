// Package scim delivers to target systems that speak SCIM 2.0 (RFC 7643, RFC 7644):
// a resource is a group, whose one role is membership of it, or an application: an attribute
// of accounts whose values are its roles.
//
// Servers differ in what the standard leaves open or what they got wrong, so a write's
// answer is never taken for the state, and neither is one way of asking: Check repeats what
// a server answers, way by way. Adding a member twice is a no-op to some, an error to
// others, and some store the member twice: callers Check first and Apply only what is
// missing.
package scim

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/tokens"
	"leasehold/pkg/entitlement"
)

// Kind is the kind under which connectors of this package are registered.
const Kind = kinds.SCIM

// OriginSystem is what resources of this kind name as their origin system.
const OriginSystem = kinds.OriginSCIM

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
	bearer func(ctx context.Context, refused string) (string, error)
	keys   []string // correlation keys, in order
	client *http.Client
	now    func() time.Time

	name     string              // of the registration
	values   map[string][]string // the roles of each application
	check    entitlement.TargetCheck
	at       endpoints
	accounts sync.Mutex // held by whoever changes an account, where changes go one after the other

	serial      bool // one write after the other
	unconfirmed bool // roles count where nobody can ask who holds them
	valueList   bool // members are taken out by a list of values
	makes       bool // accounts are made for those who have none
	made        bool // or once were
	etags       bool // the server said that it keeps versions
	deletes     bool // and deleted, not only disabled, when no role needs them
}

// Factory returns the registry's factory for this kind. All connectors share the
// client, which must be guarded as outbound.Client is; private is what that was made with.
func Factory(client *http.Client, private bool) connector.Factory {
	kept := &tokens.Cache{}
	return func(cfg entitlement.ConnectorConfig, credential string) (connector.Connector, error) {
		base, err := outbound.ParseURL(cfg.URL, private)
		if err != nil {
			return nil, err
		}
		presents, err := bearer(base.String(), credential, client, private, kept)
		if err != nil {
			return nil, err
		}
		return assemble(base, presents, cfg, client)
	}
}

// New returns a connector for the server at base that presents the bearer token, finds
// people by the registration's correlation keys, in order, and heeds its other settings.
// Invalid: a key is not one of entitlement.CorrelateBy, or there is none.
//
// Of the settings, ValueListRemoval is dangerous: members are then taken out by the path
// "members" with a list of values, which a server that does not look at values of a remove
// understands as everybody (RFC 7644, 3.5.2.2). It is for servers that were seen, on a
// group made for the purpose, to keep the others and to refuse the usual form; nothing
// here tries it by itself.
func New(base *url.URL, token string, cfg entitlement.ConnectorConfig, client *http.Client) (*Connector, error) {
	return assemble(base, func(context.Context, string) (string, error) { return token, nil }, cfg, client)
}

func assemble(base *url.URL, presents func(context.Context, string) (string, error), cfg entitlement.ConnectorConfig, client *http.Client) (*Connector, error) {
	if len(cfg.CorrelationKeys) == 0 {
		return nil, entitlement.Errorf(entitlement.Invalid, "A SCIM connector needs at least one correlation key.")
	}
	// Refused here and not at the first delivery, when nobody looks.
	for _, key := range cfg.CorrelationKeys {
		if _, known := lookups[key]; !known {
			return nil, entitlement.Errorf(entitlement.Invalid, "A SCIM server cannot be asked for people by %q; the keys are %s.",
				key, strings.Join(entitlement.CorrelateBy, ", "))
		}
	}
	// An account that is made has this name, and must be found by it again.
	if cfg.InviteEverybody {
		return nil, entitlement.Errorf(entitlement.Invalid, "invitations: nobody is invited at a SCIM target; leave it at guests.")
	}
	if cfg.MakeAccounts && !slices.Contains(cfg.CorrelationKeys, "userName") {
		return nil, entitlement.Errorf(entitlement.Invalid, "accounts: a SCIM server finds an account that is made for somebody by userName; add it to correlationKeys, or leave accounts at existing.")
	}
	return &Connector{
		base:   strings.TrimRight(base.String(), "/"),
		bearer: presents,
		keys:   slices.Clone(cfg.CorrelationKeys),
		client: client,
		now:    time.Now,
		name:   cfg.DisplayName,
		values: roleValues(cfg),
		check:  cfg.Check,
		at:     endpointsOf(cfg.Check.Features),
		etags:  slices.Contains(cfg.Check.Features, featureETag),

		serial:      !cfg.ConcurrentWrites,
		unconfirmed: cfg.Unconfirmed,
		valueList:   cfg.ValueListRemoval,
		makes:       cfg.MakeAccounts,
		made:        cfg.MakeAccounts || cfg.MadeAccounts,
		deletes:     cfg.DeleteAccounts,
	}, nil
}

// Describe returns what a SCIM server can do, and what the registration allows.
func (c *Connector) Describe() connector.Capabilities {
	can := connector.Capabilities{MaxBatch: MaxBatch, SerialWrites: c.serial, Unconfirmed: c.unconfirmed, Apart: isApplication, Accounts: c.rules(), Lists: connector.Every}
	for _, w := range ways {
		can.Ways = append(can.Ways, w.name)
	}
	return can
}
