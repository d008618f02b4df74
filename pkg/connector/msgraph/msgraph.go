// Package msgraph delivers to a tenant of Microsoft Entra by Microsoft Graph v1.0: a resource
// is a group, whose roles are member and owner, or an application (a service principal), whose
// roles are those that it defines for people.
//
// What Graph answers to a change is never taken for the state. Several members are added in
// one PATCH, as a whole or not at all: a 400 may mean that one of them is there already, and
// its words may be in any language. So the caller reads again and splits; only what is refused
// of one person is explained here, by reading once more. The documentation that this rests on
// is Graph's: group-post-members, group-delete-members, group-delete-owners,
// serviceprincipal-post-approleassignedto, json-batching, throttling-limits,
// aad-advanced-queries.
package msgraph

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/tokens"
	"leasehold/pkg/connector/webidentity"
	"leasehold/pkg/entitlement"
)

// Kind is the kind under which connectors of this package are registered.
const Kind = kinds.MicrosoftGraph

// What resources of this kind name as their origin system.
const (
	OriginGroup       = entitlement.OriginAadGroup
	OriginApplication = kinds.OriginApplication
)

// MaxBatch is how many members one PATCH adds, and how many requests one JSON batch holds.
const MaxBatch = 20

// published is what Graph takes of one application in a tenant: 3,000 writes in 150 s, and
// resource units by the tenant's size, of which the smallest counts here: nothing that
// an application may read says how large a tenant is counted.
var published = entitlement.Rate{Writes: entitlement.Limit{Most: 3000, Window: 150 * time.Second}, Units: entitlement.Limit{Most: 3500, Window: 10 * time.Second}}

// Connector speaks to one tenant. It is safe for concurrent use.
type Connector struct {
	base   *url.URL // with no slash at the end
	keys   []string // correlation keys, in order
	client *http.Client
	tokens *tokens.Source
	now    func() time.Time

	unconfirmed bool
	makes       bool // guests are invited
	made        bool // or once were
	everybody   bool // and so is whoever is a member here
	deletes     bool // and deleted, not only disabled
	check       entitlement.TargetCheck
}

// Factory returns the registry's factory for this kind. All connectors share the client,
// which must be guarded as outbound.Client is, and the tokens that were fetched: a token
// belongs to the credential that it was fetched with, so one that was changed is in force at once.
// own is who the process is at AWS; nil: nobody, and no application is federated by it.
func Factory(client *http.Client, private bool, own *webidentity.Identity) connector.Factory {
	kept := &tokens.Cache{}
	return func(cfg entitlement.ConnectorConfig, secret string) (connector.Connector, error) {
		base, err := outbound.ParseURL(cfg.URL, private)
		if err != nil {
			return nil, err
		}
		return open(base, secret, cfg, client, private, own, kept)
	}
}

// kept is what the registry gives instead of a credential that it does not know.
const keptCredential = "kept"

func open(base *url.URL, secret string, cfg entitlement.ConnectorConfig, client *http.Client, private bool, own *webidentity.Identity, kept *tokens.Cache) (*Connector, error) {
	if len(cfg.CorrelationKeys) == 0 {
		return nil, entitlement.Errorf(entitlement.Invalid, "A connector of Microsoft Graph needs at least one correlation key.")
	}
	for _, key := range cfg.CorrelationKeys {
		if _, known := lookups[key]; !known {
			return nil, entitlement.Errorf(entitlement.Invalid, "Microsoft Graph cannot be asked for people by %q; the keys are %s.", key, strings.Join(entitlement.CorrelateBy, ", "))
		}
	}
	// What would have no effect is refused, and not kept as if it had.
	switch {
	case cfg.ValueListRemoval:
		return nil, entitlement.Errorf(entitlement.Invalid, "removalForm: Microsoft Graph takes members out one by one; leave it at memberPath.")
	case cfg.MakeAccounts && !slices.Contains(cfg.CorrelationKeys, "mail"):
		return nil, entitlement.Errorf(entitlement.Invalid, "accounts: guests are invited by their mail, so correlationKeys must hold mail, by which they are found again.")
	case cfg.InviteEverybody && !cfg.MakeAccounts:
		return nil, entitlement.Errorf(entitlement.Invalid, "invitations: nobody is invited unless accounts is made; leave it at guests, or set accounts to made.")
	case len(cfg.RoleValues) > 0 || len(cfg.EntitlementValues) > 0:
		return nil, entitlement.Errorf(entitlement.Invalid, "roleValues and entitlementValues: the roles of an application are read from Microsoft Graph; leave them out.")
	}

	c := &Connector{
		base:   &url.URL{Scheme: base.Scheme, Host: base.Host, Path: strings.TrimRight(base.Path, "/")},
		keys:   slices.Clone(cfg.CorrelationKeys),
		client: client,
		now:    time.Now,

		unconfirmed: cfg.Unconfirmed,
		makes:       cfg.MakeAccounts,
		made:        cfg.MakeAccounts || cfg.MadeAccounts,
		everybody:   cfg.InviteEverybody,
		deletes:     cfg.DeleteAccounts,
		check:       cfg.Check,
	}
	if secret == keptCredential {
		return c, nil
	}
	credential, err := readCredential(secret, c.base, private)
	if err != nil {
		return nil, err
	}
	c.tokens = kept.Of(c.base.String(), secret, func() *tokens.Source { return newTokens(credential, client, own) })
	return c, nil
}

// New returns a connector for the Graph at base, with a credential as readCredential reads it.
func New(base *url.URL, secret string, cfg entitlement.ConnectorConfig, client *http.Client, private bool) (*Connector, error) {
	return open(base, secret, cfg, client, private, nil, &tokens.Cache{})
}

// Describe returns what Graph can do. Changes of one group do not undo each other: each
// member is a link of its own. So they need not be sent one after the other.
func (c *Connector) Describe() connector.Capabilities {
	can := connector.Capabilities{MaxBatch: MaxBatch, Unconfirmed: c.unconfirmed, Rate: &published, Costs: costs, Lists: connector.Every, Accounts: c.rules()}
	for _, w := range ways {
		can.Ways = append(can.Ways, w.name)
	}
	return can
}
