package dynamo

import (
	"context"
	"slices"

	"leasehold/pkg/entitlement"
)

// SubjectRecord returns a subject's record and grant sets; a subject unknown has nothing pending.
// Where a grant set cannot be read it returns the others with UnreadGrantSets.
func (db *DB) SubjectRecord(ctx context.Context, subject entitlement.UserID) (entitlement.SubjectRecord, []entitlement.GrantSet, error) {
	record := entitlement.SubjectRecord{Subject: subject}
	key := subjectRecordKey(subject)
	// One query for all: a record and sets of two moments would not fit each other.
	entries, err := db.all(ctx, tableQuery{partition: key.PK, from: firstGrantSet, to: key.SK})
	if err != nil {
		return record, nil, err
	}

	var grantSets []entitlement.GrantSet
	var unread *entitlement.UnreadGrantSets
	for _, it := range entries {
		if keyOf(it) == key {
			if record, err = readSubjectRecord(it); err != nil {
				return record, nil, err
			}
			continue
		}

		grantSet, err := readGrantSet(it)
		switch {
		// The others can be delivered to all the same (F37).
		case db.unread(ctx, err):
			if unread == nil {
				unread = &entitlement.UnreadGrantSets{Err: err}
			}
			unread.At = append(unread.At, grantSet.Connector)
		case err != nil:
			return record, nil, err
		default:
			grantSets = append(grantSets, grantSet)
		}
	}

	if unread != nil {
		return record, grantSets, unread
	}
	return record, grantSets, nil
}

// Job returns a package edit that has not reached every holder yet.
func (db *DB) Job(ctx context.Context, pkg entitlement.PackageID, generation int64) (entitlement.Job, error) {
	return one(ctx, db, jobMapper, jobKey(pkg, generation))
}

// ReconcileInputs reads what the record names, in one call.
func (db *DB) ReconcileInputs(ctx context.Context, record entitlement.SubjectRecord) (entitlement.ReconcileInputs, error) {
	l := inputKeys{packages: slices.Clone(record.Live)}
	// What waits is live too, mostly; a key that is named twice is read once.
	for _, w := range record.Waiting {
		l.waiting = append(l.waiting, w.Package)
		l.packages = append(l.packages, w.Package)
		l.requests = append(l.requests, entitlement.RequestID(w.Assignment))
	}

	for _, r := range record.Removing {
		l.ended = append(l.ended, r.Assignment)
		if r.Package != "" {
			l.packages = append(l.packages, r.Package)
		}
		if r.Request != "" {
			l.requests = append(l.requests, r.Request)
		}
	}

	all, err := db.batch(ctx, true, l.keys(record.Subject)...)
	if err != nil {
		return entitlement.ReconcileInputs{}, err
	}

	return l.read(all, record.Subject)
}

// inputKeys is what a record names.
type inputKeys struct {
	packages []entitlement.PackageID
	waiting  []entitlement.PackageID
	ended    []entitlement.AssignmentID
	requests []entitlement.RequestID
}

func (l inputKeys) keys(subject entitlement.UserID) []Key {
	return slices.Concat([]Key{userKey(subject)}, keysOf(l.packages, scopesKey), keysOf(l.waiting, slotOf(subject)),
		keysOf(l.ended, endedKey), keysOf(l.requests, requestKey))
}

func slotOf(subject entitlement.UserID) func(entitlement.PackageID) Key {
	return func(p entitlement.PackageID) Key { return assignmentSlotKey(p, subject) }
}

func (l inputKeys) read(all found, subject entitlement.UserID) (w entitlement.ReconcileInputs, err error) {
	if w.Subject, err = pick(all, userMapper, userKey(subject)); err != nil {
		return w, err
	}
	if w.Scopes, err = picked(all, scopesMapper, l.packages, scopesKey); err != nil {
		return w, err
	}
	if w.Slots, err = picked(all, assignmentSlotMapper, l.waiting, slotOf(subject)); err != nil {
		return w, err
	}
	if w.Ended, err = picked(all, endedMapper, l.ended, endedKey); err != nil {
		return w, err
	}
	w.Requests, err = picked(all, requestMapper, l.requests, requestKey)
	return w, err
}

// picked returns what was found of the ids.
func picked[ID comparable, T any](all found, s mapper[T], ids []ID, key func(ID) Key) (map[ID]T, error) {
	m := map[ID]T{}
	for _, id := range ids {
		v, err := pick(all, s, key(id))
		if err != nil {
			return nil, err
		}
		if v != nil {
			m[id] = *v
		}
	}
	return m, nil
}
