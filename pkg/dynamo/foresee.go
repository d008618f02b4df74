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

	f = db.led(ctx, f)
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
	if f.InCatalog > 0 && len(f.Catalogs) > 0 {
		reads = append(reads, func(ctx context.Context) error {
			_, _, _, err := db.ahead(ctx, packagesOf(f.Catalogs[0], entitlement.Page{}), nil, f.InCatalog)
			return err
		})
	}
	for _, q := range foreseenQueries(f) {
		reads = append(reads, func(ctx context.Context) error { _, _, err := db.page(ctx, q.of, nil, q.limit); return err })
	}

	_ = db.sideBySide(ctx, len(reads), func(_ context.Context, i int) error {
		_ = reads[i](ctx) // of all of them: one that fails ends no other
		return nil
	})
}

// led adds what items lead to that were read already, as a rule: requests, packages and records.
func (db *DB) led(ctx context.Context, f entitlement.Foreseen) entitlement.Foreseen {
	all, err := db.batch(ctx, true, slices.Concat(keysOf(slices.Concat(f.Follow, f.Carried), requestKey), keysOf(f.ResourcesOf, packageKey),
		keysOf(f.HeldBy, subjectRecordKey))...)
	if err != nil {
		return f
	}

	for _, id := range f.Carried {
		if r, _ := pick(all, requestMapper, requestKey(id)); r != nil && r.Assignment != "" {
			f.Slots = append(f.Slots, entitlement.PackageSubject{Package: r.Package, Subject: r.Subject})
		}
	}
	for _, id := range f.ResourcesOf {
		if p, _ := pick(all, packageMapper, packageKey(id)); p != nil {
			f.Resources = append(f.Resources, p.Catalog)
		}
	}
	for _, id := range f.HeldBy {
		record, _ := subjectRecordIn(all, id)
		f.PackagesListed = append(f.PackagesListed, record.Live...)
	}
	for _, id := range f.Follow {
		if r, _ := pick(all, requestMapper, requestKey(id)); r != nil {
			f = f.And(r.Foreseen())
		}
	}
	return f
}

// foreseeHoldings reads a page of what a subject holds and, beside it, as much of what they held
// as the record leaves room for.
func (db *DB) foreseeHoldings(ctx context.Context, subject entitlement.UserID, limit int) error {
	all, err := db.batch(ctx, true, subjectRecordKey(subject))
	if err != nil {
		return err
	}
	record, err := subjectRecordIn(all, subject)
	if err != nil {
		return err
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
	keys = slices.Concat(keys, keysOf(f.Catalogs, catalogKey), keysOf(f.Connectors, connectorKey))
	for _, catalog := range f.Catalogs[:min(1, len(f.Catalogs))] {
		if f.Resource != "" {
			keys = append(keys, resourceKey(catalog, f.Resource))
		}
		if f.Change != "" {
			keys = append(keys, changeKey(catalog, f.Change))
		}
	}
	if f.Approvers {
		keys = append(keys, approversKey())
	}
	if f.Targets {
		keys = append(keys, targetsKey())
	}
	return keys
}

// foreseenListed are the items that are read as lists are, but those that are read strongly.
func foreseenListed(f entitlement.Foreseen) []Key {
	keys := slices.Concat(keysOf(f.PackagesListed, packageKey), keysOf(f.PoliciesListed, policyKey), keysOf(f.CatalogsListed, catalogKey), keysOf(f.Paces, paceKey))
	strong := map[Key]bool{}
	for _, key := range foreseenKeys(f) {
		strong[key] = true
	}
	return slices.DeleteFunc(keys, func(key Key) bool { return strong[key] })
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
