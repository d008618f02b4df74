package dynamo

import (
	"cmp"
	"context"
	"slices"

	"leasehold/pkg/entitlement"
)

// Foresee reads what is likely to be asked for soon, within Once: items in one call of each
// strength, lists beside them. It returns nothing, not even what fails: that is told to whoever
// asks for it. Outside of Once nothing would be kept, and so nothing is read.
func (db *DB) Foresee(ctx context.Context, f entitlement.Foreseen) {
	if readOnce(ctx) == nil {
		return
	}

	for _, r := range db.followed(ctx, slices.Concat(f.Follow, f.Carried)) {
		if slices.Contains(f.Follow, r.ID) {
			f = f.And(r.Foreseen())
		}
		if slices.Contains(f.Carried, r.ID) && r.Assignment != "" {
			f.Slots = append(f.Slots, entitlement.PackageSubject{Package: r.Package, Subject: r.Subject})
		}
	}

	if len(f.ResourcesOf) > 0 {
		packages, _, _ := readableOf(ctx, db, packageMapper, true, keysOf(f.ResourcesOf, packageKey))
		for _, p := range packages {
			f.Resources = append(f.Resources, p.Catalog)
		}
	}

	reads := []func(context.Context) error{
		func(ctx context.Context) error { _, err := db.batch(ctx, true, foreseenKeys(f)...); return err },
		func(ctx context.Context) error { _, err := db.batch(ctx, false, foreseenListed(f)...); return err },
	}
	for _, id := range unique(f.Resources) {
		reads = append(reads, func(ctx context.Context) error {
			_, err := db.ListResources(ctx, id, entitlement.Page{})
			return err
		})
	}
	for _, id := range f.Holdings {
		reads = append(reads, func(ctx context.Context) error { return db.foreseeHoldings(ctx, id, f.Limit) })
	}
	for _, q := range foreseenQueries(f) {
		reads = append(reads, func(ctx context.Context) error { _, _, err := db.page(ctx, q.of, nil, q.limit); return err })
	}

	_ = db.sideBySide(ctx, len(reads), func(_ context.Context, i int) error {
		_ = reads[i](ctx) // of all of them: one that fails ends no other
		return nil
	})
}

// followed are requests that lead on: mostly they were read already.
func (db *DB) followed(ctx context.Context, ids []entitlement.RequestID) []entitlement.AssignmentRequest {
	if len(ids) == 0 {
		return nil
	}
	all, _, _ := readableOf(ctx, db, requestMapper, true, keysOf(ids, requestKey))
	return all
}

// foreseeHoldings reads a page of what a subject holds and, beside it, as much of what they held
// as the record leaves room for.
func (db *DB) foreseeHoldings(ctx context.Context, subject entitlement.UserID, limit int) error {
	it, err := db.get(ctx, subjectRecordKey(subject))
	if err != nil {
		return err
	}
	record := entitlement.SubjectRecord{}
	if it != nil {
		if record, err = readSubjectRecord(it); err != nil {
			return err
		}
	}

	left := entitlement.Page{Limit: limit}.Size() - len(record.Live)
	return db.sideBySide(ctx, 2, func(ctx context.Context, i int) (err error) {
		switch {
		case i == 0:
			_, err = db.batch(ctx, true, keysOf(record.Live, func(p entitlement.PackageID) Key { return assignmentSlotKey(p, subject) })...)
		case left > 0:
			_, err = db.EndedOf(ctx, subject, entitlement.Page{Limit: left})
		}
		return err
	})
}

// foreseenKeys are the items that are read strongly.
func foreseenKeys(f entitlement.Foreseen) []Key {
	keys := slices.Concat(keysOf(f.Users, userKey), keysOf(f.Groups, groupKey), keysOf(f.Records, subjectRecordKey), keysOf(f.Requests, requestKey), keysOf(f.Ended, endedKey),
		keysOf(f.Slots, func(of entitlement.PackageSubject) Key { return assignmentSlotKey(of.Package, of.Subject) }),
		keysOf(f.Policies, policyKey), keysOf(f.Packages, packageKey), keysOf(f.Scopes, scopesKey))
	if f.Approvers {
		keys = append(keys, approversKey())
	}
	if f.Targets {
		keys = append(keys, targetsKey())
	}
	return keys
}

// foreseenListed are the items that are read as lists are.
func foreseenListed(f entitlement.Foreseen) []Key {
	return slices.Concat(keysOf(f.PackagesListed, packageKey), keysOf(f.PoliciesListed, policyKey), keysOf(f.CatalogsListed, catalogKey), keysOf(f.Paces, paceKey))
}

// foreseenQuery is the first page of a query.
type foreseenQuery struct {
	of    tableQuery
	limit int
}

func foreseenQueries(f entitlement.Foreseen) (all []foreseenQuery) {
	size := entitlement.Page{Limit: f.Limit}.Size()
	for _, id := range f.RequestsOf {
		all = append(all, foreseenQuery{subjectQuery(id), size + 1})
	}
	for _, id := range f.Inbox {
		all = append(all, foreseenQuery{tableQuery{index: index1, partition: inboxPartition(subjectSetRef{kindUser, string(id)})}, size + 1 + inboxSets})
	}
	for _, id := range f.Roles {
		own, groups := rolesQueries(id)
		all = append(all, foreseenQuery{of: own}, foreseenQuery{of: groups})
	}
	return all
}

// unique returns each once.
func unique[T cmp.Ordered](all []T) []T { return slices.Compact(slices.Sorted(slices.Values(all))) }
