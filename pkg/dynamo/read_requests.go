package dynamo

import (
	"context"
	"slices"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Request returns a request.
func (db *DB) Request(ctx context.Context, id entitlement.RequestID) (entitlement.AssignmentRequest, error) {
	return one(ctx, db, requestMapper, requestKey(id))
}

// Requests returns those of the requests that there are.
func (db *DB) Requests(ctx context.Context, ids []entitlement.RequestID) ([]entitlement.AssignmentRequest, error) {
	return several(ctx, db, requestMapper, true, keysOf(ids, requestKey))
}

// Review reads the reviewer and the request together.
func (db *DB) Review(ctx context.Context, reviewer entitlement.UserID, id entitlement.RequestID) (entitlement.User, entitlement.AssignmentRequest, error) {
	none := entitlement.AssignmentRequest{}
	// One call for two items of a size: who decides is checked against what is decided on.
	all, err := db.batch(ctx, true, userKey(reviewer), requestKey(id))
	if err != nil {
		return entitlement.User{}, none, err
	}

	u, err := pick(all, userMapper, userKey(reviewer))
	if err != nil {
		return entitlement.User{}, none, err
	}

	r, err := pick(all, requestMapper, requestKey(id))
	switch {
	case err != nil:
		return entitlement.User{}, none, err
	case u == nil:
		return entitlement.User{}, none, missing(userMapper.noun)
	case r == nil:
		return entitlement.User{}, none, missing(requestMapper.noun)
	}

	return *u, *r, nil
}

// RequestsOf lists requests for a subject, newest first.
func (db *DB) RequestsOf(ctx context.Context, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	return followed(ctx, db, requestMapper, true, subjectQuery(subject), page, requestOfEvent)
}

// OpenRequests lists a subject's open requests, in no order that means anything. The slots
// that they hold are in an index of their own, so that it takes no longer for all the
// requests that the subject ever made; each request is read strongly.
func (db *DB) OpenRequests(ctx context.Context, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	w := tableQuery{index: index1, partition: openIndexKey(subject, "", "").partition}
	list, err := followed(ctx, db, requestMapper, true, w, page, func(entry item) Key {
		return requestKey(lastOf[entitlement.RequestID](textOf(entry, names.AttrI1S)))
	})
	list.Items = slices.DeleteFunc(list.Items, func(r entitlement.AssignmentRequest) bool { return !r.State.Open() })
	return list, err
}

// CountOpen counts the requests that a subject has open, up to MaxOpen: by the index
// entries alone, which may be late by what was opened or closed in the last moment.
func (db *DB) CountOpen(ctx context.Context, subject entitlement.UserID) (int, error) {
	entries, _, err := db.page(ctx, tableQuery{index: index1, partition: openIndexKey(subject, "", "").partition}, nil, entitlement.MaxOpen)
	return len(entries), err
}

// RequestsFor lists requests for a package, newest first.
func (db *DB) RequestsFor(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	return followed(ctx, db, requestMapper, true, packageQuery(pkg), page, requestOfEvent)
}

// RequestsBy lists requests that a person made for others, newest first.
func (db *DB) RequestsBy(ctx context.Context, requestor entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	w := tableQuery{partition: userKey(requestor).PK, prefix: prefixMade, newest: true}
	return followed(ctx, db, requestMapper, true, w, page, func(entry item) Key { return requestKey(madeAt(keyOf(entry))) })
}

func subjectQuery(s entitlement.UserID) tableQuery {
	return tableQuery{index: index2, partition: forSubjectIndexKey(s, firstStamp, "").partition, newest: true}
}

func packageQuery(p entitlement.PackageID) tableQuery {
	return tableQuery{index: index1, partition: forPackageIndexKey(p, firstStamp, "").partition, newest: true}
}

// requestOfEvent leads from a request's first event, which carries its index entries, to the
// request.
func requestOfEvent(entry item) Key {
	_, id, _ := eventAt(keyOf(entry))
	return requestKey(entitlement.RequestID(id))
}

// endedOfEvent leads from a request's first event to the assignment that it made and
// that has ended.
func endedOfEvent(entry item) Key {
	_, id, _ := eventAt(keyOf(entry))
	return endedKey(entitlement.AssignmentID(id))
}

// EndedOf lists a subject's ended assignments, newest request first.
func (db *DB) EndedOf(ctx context.Context, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	w := subjectQuery(subject)
	if readOnce(ctx) == nil {
		return followed(ctx, db, endedMapper, true, w, page, endedOfEvent)
	}

	// Whoever is shown such a list is told what was asked, so that is read beside it.
	var list entitlement.Paged[entitlement.Assignment]
	err := db.sideBySide(ctx, 2, func(ctx context.Context, i int) (err error) {
		if i == 0 {
			list, err = followed(ctx, db, endedMapper, true, w, page, endedOfEvent)
			return err
		}
		entries, err := within(ctx, db, w, page, func(it item) (Key, error) { return requestOfEvent(it), nil })
		if err == nil {
			_, err = db.batch(ctx, true, entries.Items...)
		}
		return err
	})
	return list, err
}

// EndedFor lists a package's ended assignments, newest request first.
func (db *DB) EndedFor(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	return followed(ctx, db, endedMapper, true, packageQuery(pkg), page, endedOfEvent)
}

// RequestsNamed returns those of the requests that are there.
func (db *DB) RequestsNamed(ctx context.Context, ids []entitlement.RequestID) ([]entitlement.AssignmentRequest, error) {
	return several(ctx, db, requestMapper, true, keysOf(ids, requestKey))
}
