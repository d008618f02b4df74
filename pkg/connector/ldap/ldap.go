// Package ldap delivers to groups of a directory that is spoken to by LDAP: OpenLDAP and those
// like it, and Active Directory. A resource is a group, whose role is member, and owner where
// the group's class has that attribute.
//
// Groups and people are named by their entryUUID or objectGUID, since their names in the tree
// (DNs) change; a DN is looked up anew for each call, and nothing is ever written of an id that
// the directory does not show. All changes of a call are values of one Modify, which is done as
// a whole or not at all. The permissive-modify control lets a server take a value that is there
// already, and one that is not, as done: it is sent as one that may be ignored. Where a server
// ignores it, result codes tell of one change what is so already (20 and 68, 16 and 53).
//
// A call opens a connection, over TLS always, and closes it: a process keeps nothing. What
// Active Directory does is taken from its protocol's description (MS-ADTS): objectGUID
// 2.3.1, range retrieval 3.1.1.3.1.3.3, LDAP_SERVER_PERMISSIVE_MODIFY_OID 3.1.1.3.4.1.8.
package ldap

import (
	"slices"
	"strings"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// Kind is the kind under which connectors of this package are registered.
const Kind = kinds.LDAP

// OriginSystem is what resources of this kind name as their origin system.
const OriginSystem = kinds.OriginLDAP

// MaxBatch is how many values one Modify changes.
const MaxBatch = 100

// Ports are those on which a public server may listen: LDAP with StartTLS, and LDAPS.
var Ports = []uint16{portPlain, portTLS}

// Connector speaks to one directory. It is safe for concurrent use.
type Connector struct {
	at     place
	keys   []string // correlation keys, in order
	login  credential
	dialer outbound.Dialer
	now    func() time.Time
	limit  time.Duration // of one method, with all that it asks
	piece  int           // members of a list that is given whole

	unconfirmed bool
}

// keptCredential is what the registry gives instead of a credential that it does not know.
const keptCredential = "kept"

// Factory returns the registry's factory for this kind.
func Factory(dialer outbound.Dialer) connector.Factory {
	return func(cfg entitlement.ConnectorConfig, secret string) (connector.Connector, error) {
		return open(cfg, secret, dialer)
	}
}

func open(cfg entitlement.ConnectorConfig, secret string, dialer outbound.Dialer) (*Connector, error) {
	at, err := parsePlace(cfg.URL)
	if err != nil {
		return nil, err
	}
	if err := checkSettings(cfg); err != nil {
		return nil, err
	}

	c := &Connector{at: at, keys: slices.Clone(cfg.CorrelationKeys), dialer: dialer, now: time.Now, limit: callTime, piece: wholePiece, unconfirmed: cfg.Unconfirmed}
	if secret != keptCredential {
		c.login, err = readCredential(secret)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// checkSettings refuses what could not work, and what would have no effect.
func checkSettings(cfg entitlement.ConnectorConfig) error {
	for _, key := range cfg.CorrelationKeys {
		if _, known := lookups[key]; !known {
			return entitlement.Errorf(entitlement.Invalid, "A directory cannot be asked for people by %q; the keys are %s.", key, strings.Join(entitlement.CorrelateBy, ", "))
		}
	}

	switch {
	case len(cfg.CorrelationKeys) == 0:
		return entitlement.Errorf(entitlement.Invalid, "A connector of a directory needs at least one correlation key.")
	case cfg.ValueListRemoval:
		return entitlement.Errorf(entitlement.Invalid, "removalForm: a directory is told each value that goes; leave it at memberPath.")
	case cfg.InviteEverybody:
		return entitlement.Errorf(entitlement.Invalid, "invitations: nobody is invited at a directory; leave it at guests.")
	case cfg.MakeAccounts || cfg.DeleteAccounts:
		return entitlement.Errorf(entitlement.Invalid, "accounts, accountsAtEnd: no accounts are made at a directory; leave them at existing and disabled.")
	case len(cfg.RoleValues) > 0 || len(cfg.EntitlementValues) > 0:
		return entitlement.Errorf(entitlement.Invalid, "roleValues and entitlementValues: the roles of a group follow from its class; leave them out.")
	}
	return nil
}

// Describe returns what a directory can do. Each value is added and deleted by itself, so
// changes of one group that cross do not undo each other.
func (c *Connector) Describe() connector.Capabilities {
	can := connector.Capabilities{MaxBatch: MaxBatch, Lists: connector.Every, Unconfirmed: c.unconfirmed}
	for _, w := range ways {
		can.Ways = append(can.Ways, w.name)
	}
	return can
}
