package dynamo

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/entitlement"
)

// Chained says to which chain of events a stored item belongs: as one of its events, or as
// what keeps its head.
type Chained struct {
	Kind entitlement.AggregateKind
	ID   string

	Number int64             // of an event; 0: the item keeps the head
	Head   entitlement.Chain // that it keeps
}

// ChainOf says to which chain an item of the table belongs; ok is false where it belongs to
// none. It is for whoever verifies chains from outside, and reads nothing else of the item.
func ChainOf(it map[string]types.AttributeValue) (c Chained, ok bool) {
	key := keyOf(it)
	if strings.HasPrefix(key.PK, join(wordEvent, "")) {
		c.Kind, c.ID, c.Number = eventAt(key)
		return c, true
	}

	f := &fields{item: it, reading: true}
	switch tag := textOf(it, attrType); {
	case tag == assignmentSlotMapper.tag:
		slot, _ := assignmentSlotMapper.read(it)
		if slot.Assignment == nil {
			return c, false
		}
		c = Chained{Kind: entitlement.OfRequest, ID: string(slot.Assignment.ID), Head: slot.Assignment.Chain}
	case tag == tagRole:
		a, _ := roleMapper.read(it)
		c = Chained{Kind: entitlement.OfRole, ID: string(a.ID), Head: a.Chain}
	case tag == settingsMapper.tag:
		c = Chained{Kind: entitlement.OfSettings, ID: entitlement.SettingsObject}
		chain(f, &c.Head)
	case tag == driftScanMapper.tag:
		scan, _ := driftScanMapper.read(it)
		c = Chained{Kind: entitlement.OfDrift, ID: string(scan.ID()), Head: scan.Chain}
	default:
		if c.Kind = headKinds[tag]; c.Kind == "" {
			return c, false
		}
		c.ID = idAt[string](key.PK, 1)
		chain(f, &c.Head)
	}
	return c, c.Head.Number > 0
}

// headKinds are the kinds of things that keep the heads of their chains, by the type of the
// item; a past assignment keeps that of the request that made it.
var headKinds = map[string]entitlement.AggregateKind{
	catalogMapper.tag: entitlement.OfCatalog, packageMapper.tag: entitlement.OfPackage, policyMapper.tag: entitlement.OfPolicy,
	requestMapper.tag: entitlement.OfRequest, endedMapper.tag: entitlement.OfRequest, userMapper.tag: entitlement.OfUser,
	groupMapper.tag: entitlement.OfGroup, connectorMapper.tag: entitlement.OfConnector, organizationMapper.tag: entitlement.OfOrganization,
}

// HeadOf returns the head that is kept of a chain, read strongly; ok is false where nothing
// keeps it: what it was of is gone, or never kept one.
func (db *DB) HeadOf(ctx context.Context, kind entitlement.AggregateKind, id string) (head entitlement.Chain, ok bool, err error) {
	keys, err := db.headKeys(ctx, kind, id)
	if err != nil || len(keys) == 0 {
		return head, false, err
	}
	all, err := db.batch(ctx, true, keys...)
	if err != nil {
		return head, false, err
	}

	// A request and its assignment go on with one chain, and whichever was written last has
	// its head.
	for _, key := range keys {
		c, is := ChainOf(all[key])
		if is && c.Kind == kind && c.ID == id {
			ok = true
			if c.Head.Number > head.Number {
				head = c.Head
			}
		}
	}
	return head, ok, nil
}

// headKeys are the items that may keep the head of a chain.
func (db *DB) headKeys(ctx context.Context, kind entitlement.AggregateKind, id string) ([]Key, error) {
	switch kind {
	case entitlement.OfCatalog:
		return []Key{catalogKey(entitlement.CatalogID(id))}, nil
	case entitlement.OfPackage:
		return []Key{packageKey(entitlement.PackageID(id))}, nil
	case entitlement.OfPolicy:
		return []Key{policyKey(entitlement.PolicyID(id))}, nil
	case entitlement.OfUser:
		return []Key{userKey(entitlement.UserID(id))}, nil
	case entitlement.OfGroup:
		return []Key{groupKey(entitlement.GroupID(id))}, nil
	case entitlement.OfConnector:
		return []Key{connectorKey(entitlement.ConnectorID(id))}, nil
	case entitlement.OfOrganization:
		return []Key{organizationKey(entitlement.OrganizationID(id))}, nil
	case entitlement.OfSettings:
		return []Key{settingsKey()}, nil

	case entitlement.OfRole: // its own chain is of one that holds everywhere
		a, err := db.RoleAssignment(ctx, entitlement.RoleAssignmentID(id))
		if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
			return nil, nil
		}
		return []Key{roleKey(a)}, err

	case entitlement.OfRequest:
		keys := []Key{requestKey(entitlement.RequestID(id)), endedKey(entitlement.AssignmentID(id))}
		r, err := db.Request(ctx, entitlement.RequestID(id))
		if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
			return keys, nil
		}
		return append(keys, assignmentSlotKey(r.Package, r.Subject)), err

	default:
		return nil, nil
	}
}
