package dynamo

import (
	"context"
	"slices"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// ReportsOf lists who reports to a manager, by name, as the index has them: it may be late, so
// that each person is read before anything is shown of them.
func (db *DB) ReportsOf(ctx context.Context, manager entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	w := tableQuery{index: index5, partition: reportPartition(manager), prefix: encNamed(page.Named)}
	return within(ctx, db, w, page, func(entry item) (entitlement.UserID, error) { return userAt(keyOf(entry)), nil })
}

// OpenRequestsOf returns requests that people have open, of each at most so many; the requests
// are read strongly, and each is of who is asked about.
func (db *DB) OpenRequestsOf(ctx context.Context, subjects []entitlement.UserID, most int) ([]entitlement.AssignmentRequest, error) {
	found := make([][]Key, len(subjects))
	err := db.sideBySide(ctx, len(subjects), func(ctx context.Context, i int) error {
		entries, _, err := db.page(ctx, tableQuery{index: index1, partition: openIndexKey(subjects[i], "", "").partition}, nil, most)
		found[i] = keysOf(entries, func(entry item) Key {
			return requestKey(lastOf[entitlement.RequestID](textOf(entry, names.AttrI1S)))
		})
		return err
	})
	if err != nil {
		return nil, err
	}

	all, _, err := readableOf(ctx, db, requestMapper, true, slices.Concat(found...))
	// What was closed since its entry was made is not open.
	return slices.DeleteFunc(all, func(r entitlement.AssignmentRequest) bool {
		return !r.State.Open() || !slices.Contains(subjects, r.Subject)
	}), err
}

// BehalfPolicies lists policies by which others ask for people whom they do not name, by their
// packages: as late as an index is, since a list decides nothing.
func (db *DB) BehalfPolicies(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error) {
	return followed(ctx, db, policyMapper, false, tableQuery{index: index5, partition: wordBehalf}, page, keyOf)
}

// FailingAnywhere lists whose delivery fails at any connector in a shard, for good or not, the
// longest first.
func (db *DB) FailingAnywhere(ctx context.Context, shard int, page entitlement.Page) (entitlement.Paged[entitlement.Failing], error) {
	return within(ctx, db, tableQuery{index: index5, partition: failPartition(shard)}, page, func(it item) (entitlement.Failing, error) {
		f, _ := failAt(keyOf(it), textOf(it, names.AttrI5S))
		return f, nil
	})
}

// CountFailingAnywhere counts whose delivery fails, by target and reason: all shards side by side,
// and of very many a part.
func (db *DB) CountFailingAnywhere(ctx context.Context) (map[entitlement.FailingAt]int, error) {
	counts := make([]map[entitlement.FailingAt]int, names.LateShards)
	err := db.sideBySide(ctx, names.LateShards, func(ctx context.Context, n int) error {
		counts[n] = map[entitlement.FailingAt]int{}
		at := (*cursor)(nil)
		for range maxCounted { // bounded, since it is for a page that people look at
			entries, next, err := db.page(ctx, tableQuery{index: index5, partition: failPartition(n)}, at, 0)
			if err != nil {
				return err
			}
			for _, it := range entries {
				_, of := failAt(keyOf(it), textOf(it, names.AttrI5S))
				counts[n][of]++
			}
			if at = next; at == nil {
				break
			}
		}
		return nil
	})

	all := map[entitlement.FailingAt]int{}
	for _, shard := range counts {
		for of, n := range shard {
			all[of] += n
		}
	}
	return all, err
}

// LiveOf returns the live assignments of several people, read strongly.
func (db *DB) LiveOf(ctx context.Context, subjects []entitlement.UserID) ([]entitlement.Assignment, error) {
	records, err := db.batch(ctx, true, keysOf(subjects, subjectRecordKey)...)
	if err != nil {
		return nil, err
	}

	var slots []Key
	for _, s := range subjects {
		record, err := subjectRecordIn(records, s)
		if db.unread(ctx, err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		slots = append(slots, keysOf(record.Live, func(p entitlement.PackageID) Key { return assignmentSlotKey(p, s) })...)
	}

	found, _, err := readableOf(ctx, db, assignmentSlotMapper, true, slots)
	var live []entitlement.Assignment
	for _, s := range found {
		if s.Assignment != nil {
			live = append(live, *s.Assignment)
		}
	}
	return live, err
}
