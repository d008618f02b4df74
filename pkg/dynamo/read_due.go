package dynamo

import (
	"context"
	"errors"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Due pages through one shard of what falls due up to and including until, oldest first. A
// row of a kind that is not known is left out: a newer version of the service knows it.
func (db *DB) Due(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.DueRef], error) {
	w := tableQuery{index: index2, partition: duePartition(shard), to: upTo(until)}
	return within(ctx, db, w, page, func(it item) (entitlement.DueRef, error) {
		ref := dueAt(keyOf(it), textOf(it, names.AttrI2S))
		if dueKey(ref) != keyOf(it) {
			return ref, unreadable(it, errors.New("nothing that falls due is known to lie here"))
		}
		return ref, nil
	})
}

// PendingReconciliation pages through one shard of subjects whose delivery must be looked at by until.
func (db *DB) PendingReconciliation(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	w := tableQuery{index: index2, partition: reconcilePartition(shard), to: upTo(until)}
	return within(ctx, db, w, page, func(it item) (entitlement.UserID, error) { return userAt(keyOf(it)), nil })
}

// Late pages through one shard of what has been owed since until or longer, the longest
// first. The index entries say all that is asked, so nothing else is read.
func (db *DB) Late(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.Late], error) {
	w := tableQuery{index: index2, partition: latePartition(shard), to: upTo(until)}
	return within(ctx, db, w, page, func(it item) (entitlement.Late, error) {
		l, ok := lateAt(keyOf(it), textOf(it, names.AttrI2S))
		if !ok {
			return l, unreadable(it, errors.New("nothing that is owed is known to lie here"))
		}
		return l, nil
	})
}

// Read reads due items strongly, but those that cannot be read (F37).
func (db *DB) Read(ctx context.Context, refs []entitlement.DueRef) (entitlement.DueItems, error) {
	var out entitlement.DueItems

	keys := keysOf(refs, dueKey)
	all, err := db.batch(ctx, true, keys...)
	if err != nil {
		return out, err
	}

	for i, ref := range refs {
		switch ref.Kind {
		case entitlement.DueRequest:
			err = take(all, requestMapper, keys[i], &out.Requests)
		case entitlement.DueAssignment:
			err = take(all, assignmentSlotMapper, keys[i], &out.Slots)
		case entitlement.DuePolicy:
			err = take(all, policyMapper, keys[i], &out.Policies)
		case entitlement.DueBreaker:
			err = take(all, breakerMapper, keys[i], &out.Breakers)
		case entitlement.DueAbsence:
			err = take(all, absenceMapper, keys[i], &out.Absences)
		case entitlement.DueJob:
			err = take(all, jobMapper, keys[i], &out.Jobs)
		default:
			err = take(all, packageMapper, keys[i], &out.Packages)
		}

		switch {
		// The sweep comes every minute: one bad item must not keep it from the others (F37).
		case db.unread(ctx, err):
			out.Unread++
		case err != nil:
			return entitlement.DueItems{}, err
		}
	}

	return out, nil
}

// take moves an aggregate from what was found to a list; named twice, it is listed once.
func take[T any](all found, s mapper[T], key Key, list *[]T) error {
	v, err := pick(all, s, key)
	if v != nil {
		*list = append(*list, *v)
	}
	delete(all, key)
	return err
}
