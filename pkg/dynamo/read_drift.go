package dynamo

import (
	"context"
	"time"

	"leasehold/pkg/entitlement"
)

// DriftWalk returns when the roles that packages give were last gone through; version 0 where they
// never were.
func (db *DB) DriftWalk(ctx context.Context) (entitlement.DriftWalk, error) {
	w, err := one(ctx, db, driftWalkMapper, driftWalkKey())
	if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
		return entitlement.DriftWalk{}, nil
	}
	return w, err
}

// DriftScan returns the comparison of a role with its target.
func (db *DB) DriftScan(ctx context.Context, at entitlement.ConnectorID, id entitlement.DriftScanID) (entitlement.DriftScan, error) {
	return one(ctx, db, driftScanMapper, driftScanKey(at, id))
}

// DriftScansOf returns those of the roles' comparisons that there are, read strongly.
func (db *DB) DriftScansOf(ctx context.Context, roles []entitlement.RoleRef) ([]entitlement.DriftScan, error) {
	list, _, err := readableOf(ctx, db, driftScanMapper, true, keysOf(roles, func(r entitlement.RoleRef) Key { return driftScanKey(r.Connector, entitlement.DriftScanOf(r)) }))
	return list, err
}

// DriftScansDue pages through the comparisons that there is something to do for by until, the
// longest due first. An index finds them, each is read strongly.
func (db *DB) DriftScansDue(ctx context.Context, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.DriftScan], error) {
	return followed(ctx, db, driftScanMapper, true, tableQuery{index: index2, partition: wordDriftDue, to: upTo(until)}, page, keyOf)
}

// ListDriftScans lists all comparisons, by connector and resource; eventually consistent.
func (db *DB) ListDriftScans(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.DriftScan], error) {
	return listed(ctx, db, driftScanMapper, tableQuery{index: index1, partition: listPartition(wordDrift, "")}, page)
}

// DriftScansAt lists the comparisons at a connector.
func (db *DB) DriftScansAt(ctx context.Context, at entitlement.ConnectorID, page entitlement.Page) (entitlement.Paged[entitlement.DriftScan], error) {
	return within(ctx, db, tableQuery{partition: connectorKey(at).PK, prefix: join(wordDrift, "")}, page, driftScanMapper.read)
}

// DriftFinding returns one finding.
func (db *DB) DriftFinding(ctx context.Context, at entitlement.ConnectorID, scan entitlement.DriftScanID, id entitlement.DriftFindingID) (entitlement.DriftFinding, error) {
	return one(ctx, db, driftFindingMapper, driftFindingKey(at, scan, id))
}

// DriftFindings pages through the findings of a scan, or, where none is named, of a connector; those
// that are only suspected among them.
func (db *DB) DriftFindings(ctx context.Context, at entitlement.ConnectorID, scan entitlement.DriftScanID, page entitlement.Page) (entitlement.Paged[entitlement.DriftFinding], error) {
	return within(ctx, db, tableQuery{partition: connectorKey(at).PK, prefix: driftFindingPrefix(scan)}, page, driftFindingMapper.read)
}

// DriftFindingsOf lists the findings of a person; eventually consistent.
func (db *DB) DriftFindingsOf(ctx context.Context, person entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.DriftFinding], error) {
	return listed(ctx, db, driftFindingMapper, tableQuery{index: index1, partition: driftPersonPartition(person)}, page)
}

// DriftSeen returns what the scan of a role has seen so far.
func (db *DB) DriftSeen(ctx context.Context, role entitlement.RoleRef) ([]entitlement.DriftSeen, error) {
	entries, err := db.all(ctx, tableQuery{partition: connectorKey(role.Connector).PK, prefix: driftSeenPrefix(entitlement.DriftScanOf(role))})
	if err != nil {
		return nil, err
	}
	var all []entitlement.DriftSeen
	for _, it := range entries {
		s, err := driftSeenMapper.read(it)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// GrantSetsAt returns those of the subjects' grant sets at a connector that there are, and how many
// could not be read; strong: read strongly.
func (db *DB) GrantSetsAt(ctx context.Context, at entitlement.ConnectorID, subjects []entitlement.UserID, strong bool) (list []entitlement.GrantSet, unread int, err error) {
	keys := keysOf(subjects, func(u entitlement.UserID) Key { return grantSetKey(u, at) })
	all, err := db.batch(ctx, strong, keys...)
	if err != nil {
		return nil, 0, err
	}
	for _, key := range keys {
		it, there := all[key]
		if !there {
			continue
		}
		s, err := readGrantSet(it)
		if db.unread(ctx, err) {
			unread++
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		list = append(list, s)
	}
	return list, unread, nil
}
