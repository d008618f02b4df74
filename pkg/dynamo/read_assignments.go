package dynamo

import (
	"context"

	"leasehold/pkg/entitlement"
)

// Assignment returns an assignment, live or ended.
func (db *DB) Assignment(ctx context.Context, id entitlement.AssignmentID) (entitlement.Assignment, error) {
	none := entitlement.Assignment{}

	request := requestKey(entitlement.RequestID(id))
	all, err := db.batch(ctx, true, endedKey(id), request)
	if err != nil {
		return none, err
	}

	past, err := pick(all, endedMapper, endedKey(id))
	if err != nil {
		return none, err
	}
	if past != nil {
		return *past, nil
	}

	r, err := pick(all, requestMapper, request)
	if err != nil {
		return none, err
	}
	// An assignment that nobody asked for does not exist: its id is that of a request.
	if r == nil {
		return none, missing(endedMapper.noun)
	}

	slot, err := db.AssignmentSlot(ctx, r.Package, r.Subject)
	if err != nil {
		return none, err
	}
	// It may have ended between the reads; then its record is where the first read did not see it.
	if slot.Assignment == nil || slot.Assignment.ID != id {
		return one(anew(ctx), db, endedMapper, endedKey(id))
	}

	return *slot.Assignment, nil
}

// AssignmentSlot returns what occupies the place of a package and a person; nothing is a slot at
// version 0.
func (db *DB) AssignmentSlot(ctx context.Context, pkg entitlement.PackageID, subject entitlement.UserID) (entitlement.AssignmentSlot, error) {
	s, err := one(ctx, db, assignmentSlotMapper, assignmentSlotKey(pkg, subject))
	if entitlement.KindOf(err) == entitlement.NotFound {
		return entitlement.AssignmentSlot{Package: pkg, Subject: subject}, nil
	}
	return s, err
}

// AssignmentsOf returns a subject's live assignments.
func (db *DB) AssignmentsOf(ctx context.Context, subject entitlement.UserID) ([]entitlement.Assignment, error) {
	it, err := db.get(ctx, subjectRecordKey(subject))
	if err != nil || it == nil {
		return nil, err
	}

	record, err := readSubjectRecord(it)
	if err != nil {
		return nil, err
	}

	slots, _, err := readableOf(ctx, db, assignmentSlotMapper, true, keysOf(record.Live, func(p entitlement.PackageID) Key { return assignmentSlotKey(p, subject) }))
	if err != nil {
		return nil, err
	}

	var live []entitlement.Assignment
	// A live package without its slot has ended between the reads.
	for _, s := range slots {
		if s.Assignment != nil {
			live = append(live, *s.Assignment)
		}
	}

	return live, nil
}

// Holders pages through a package's slots.
func (db *DB) Holders(ctx context.Context, id entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentSlot], error) {
	return within(ctx, db, holdersOf(id), page, assignmentSlotMapper.read)
}

// Slots goes on where a page of Holders ended, by pages of at most so many, or, for 0, as large as
// one call reads: it is for
// whoever has to see all of them, and takes a thirtieth of the calls.
func (db *DB) Slots(ctx context.Context, id entitlement.PackageID, token string, most int) (entitlement.Paged[entitlement.AssignmentSlot], error) {
	return limited(ctx, db, holdersOf(id), token, most, assignmentSlotMapper.read)
}

func holdersOf(id entitlement.PackageID) tableQuery {
	return tableQuery{partition: packageKey(id).PK, prefix: prefixSlot}
}

// LiveAssignments returns the assignments that are live of those pairs, by their ids. A slot
// that cannot be read is as if there were none.
func (db *DB) LiveAssignments(ctx context.Context, of []entitlement.PackageSubject) (map[entitlement.AssignmentID]entitlement.Assignment, error) {
	keys := keysOf(of, func(p entitlement.PackageSubject) Key { return assignmentSlotKey(p.Package, p.Subject) })
	all, err := db.batch(ctx, true, keys...)
	if err != nil {
		return nil, err
	}

	live := map[entitlement.AssignmentID]entitlement.Assignment{}
	for _, key := range keys {
		slot, err := pick(all, assignmentSlotMapper, key)
		if err != nil && !db.unread(ctx, err) {
			return nil, err
		}
		if slot != nil && slot.Assignment != nil {
			live[slot.Assignment.ID] = *slot.Assignment
		}
	}
	return live, nil
}

// EndedAssignments returns those of the assignments that have ended, by their ids.
func (db *DB) EndedAssignments(ctx context.Context, ids []entitlement.AssignmentID) (map[entitlement.AssignmentID]entitlement.Assignment, error) {
	all, err := db.batch(ctx, true, keysOf(ids, endedKey)...)
	if err != nil {
		return nil, err
	}
	return picked(all, endedMapper, ids, endedKey)
}

// ScopesOf returns the role scopes of packages, by package.
func (db *DB) ScopesOf(ctx context.Context, ids []entitlement.PackageID) (map[entitlement.PackageID]entitlement.PackageScopes, error) {
	all, err := db.batch(ctx, true, keysOf(ids, scopesKey)...)
	if err != nil {
		return nil, err
	}
	return picked(all, scopesMapper, ids, scopesKey)
}
