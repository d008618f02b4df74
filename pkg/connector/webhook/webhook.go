// Package webhook delivers to targets that speak a contract of our own: signed questions in
// JSON by POST to one address, which CONTRACT.md describes so that anybody can answer them. A
// resource is whatever the target calls one, with the roles that it names.
//
// Requests are signed as Standard Webhooks are. Answers are held to the contract: each repeats
// what it was asked, so that what only looks like an answer is never believed, and what a
// change is answered with is never taken for the state. A target that has accepted a change
// and not made it yet says 202: it is asked again by Check, which alone tells when it is done.
package webhook

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// Kind is the kind under which connectors of this package are registered.
const Kind = kinds.Webhook

// OriginSystem is what resources of this kind name as their origin system.
const OriginSystem = kinds.OriginWebhook

// How many changes one request holds: usually, and at most where the target says that it
// takes more.
const (
	usualBatch = 20
	MaxBatch   = 100
)

// Connector speaks to one target. It is safe for concurrent use.
type Connector struct {
	address string
	keys    []string // correlation keys, in order
	secrets secrets
	client  *http.Client
	now     func() time.Time

	serial      bool // one change after the other
	unconfirmed bool
	batch       int
}

// kept is what the registry gives instead of a credential that it does not know.
const keptCredential = "kept"

// Factory returns the registry's factory for this kind. All connectors share the client, which
// must be guarded as outbound.Client is; private is what that was made with.
func Factory(client *http.Client, private bool) connector.Factory {
	return func(cfg entitlement.ConnectorConfig, credential string) (connector.Connector, error) {
		address, err := outbound.ParseURL(cfg.URL, private)
		if err != nil {
			return nil, err
		}
		c, err := newConnector(cfg, address)
		if err != nil {
			return nil, err
		}
		c.client = client
		if credential != keptCredential {
			c.secrets, err = readSecrets(credential)
		}
		return c, err
	}
}

// newConnector returns a connector of a registration that has no way of calling yet.
func newConnector(cfg entitlement.ConnectorConfig, address *url.URL) (*Connector, error) {
	if err := checkSettings(cfg); err != nil {
		return nil, err
	}
	return &Connector{
		address: address.String(),
		keys:    slices.Clone(cfg.CorrelationKeys),
		now:     time.Now,

		serial:      !cfg.ConcurrentWrites,
		unconfirmed: cfg.Unconfirmed,
		batch:       batchOf(cfg.Check.Features),
	}, nil
}

// checkSettings refuses what could not work, and what would have no effect.
func checkSettings(cfg entitlement.ConnectorConfig) error {
	for _, key := range cfg.CorrelationKeys {
		if !slices.Contains(entitlement.CorrelateBy, key) {
			return entitlement.Errorf(entitlement.Invalid, "A webhook cannot be asked for people by %q; the keys are %s.", key, strings.Join(entitlement.CorrelateBy, ", "))
		}
	}

	switch {
	case len(cfg.CorrelationKeys) == 0:
		return entitlement.Errorf(entitlement.Invalid, "A webhook needs at least one correlation key.")
	case cfg.ValueListRemoval:
		return entitlement.Errorf(entitlement.Invalid, "removalForm: a webhook is told each change by itself; leave it at memberPath.")
	case cfg.InviteEverybody:
		return entitlement.Errorf(entitlement.Invalid, "invitations: nobody is invited at the target of a webhook; leave it at guests.")
	case cfg.MakeAccounts || cfg.DeleteAccounts:
		return entitlement.Errorf(entitlement.Invalid, "accounts, accountsAtEnd: no accounts are made at the target of a webhook; leave them at existing and disabled.")
	case len(cfg.RoleValues) > 0 || len(cfg.EntitlementValues) > 0:
		return entitlement.Errorf(entitlement.Invalid, "roleValues and entitlementValues: a webhook names the roles of its resources itself; leave them out.")
	}
	return nil
}

// featureBatch is how a check records the number of changes that a target takes at once.
const featureBatch = "batch "

// batchOf reads it: to ask the target itself would cost a call each time. A target that was
// never looked at gets the usual number, and one that refuses it gets halves.
func batchOf(features []string) int {
	for _, f := range features {
		if text, is := strings.CutPrefix(f, featureBatch); is {
			if n, err := strconv.Atoi(text); err == nil && n > 0 {
				return min(n, MaxBatch)
			}
		}
	}
	return usualBatch
}

// Describe returns what the registration and the last check tell.
func (c *Connector) Describe() connector.Capabilities {
	return connector.Capabilities{MaxBatch: c.batch, Ways: []connector.Way{WayAmong, WayList}, SerialWrites: c.serial, Unconfirmed: c.unconfirmed, Lists: connector.Every}
}
