package dynamo

import (
	"context"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// changeKey is a change that waits for a second person, beside its catalog.
func changeKey(c entitlement.CatalogID, id entitlement.ChangeID) Key {
	return Key{catalogKey(c).PK, join(wordChange, part(id))}
}

func changeAt(k Key) entitlement.ChangeID { return idAt[entitlement.ChangeID](k.SK, 1) }

var prefixChange = join(wordChange, "")

var impactChangeMapper = mapper[entitlement.ImpactChange]{
	tag: "CHG", noun: "change that waits for a second person", part: entitlement.PartConfiguration,
	key:     func(c entitlement.ImpactChange) Key { return changeKey(c.Catalog, c.ID) },
	name:    func(c *entitlement.ImpactChange, k Key) { c.Catalog, c.ID = catalogAt(k), changeAt(k) },
	meta:    func(c *entitlement.ImpactChange) *entitlement.Meta { return &c.Meta },
	expires: func(c entitlement.ImpactChange) time.Time { return c.Expires() },
	body: func(f *fields, c *entitlement.ImpactChange) {
		id(f, "p", &c.Edit.Package)
		group(f, "s", &c.Edit.Scope, roleScopeFields)
		flag(f, "r", &c.Edit.Remove)
		id(f, "po", &c.Policy)
		text(f, "l", &c.Loosens)
		list(f, "cg", &c.Changed, changedFields)
		group(f, "te", &c.Terms, policyMapper.body)
		number(f, "tv", &c.Terms.Version)
		text(f, "h", &c.Hash)
		number(f, "n", &c.Holders)
		number(f, "g", &c.Gains)
		number(f, "lo", &c.Loses)
		number(f, "k", &c.Keeps)
		text(f, "se", &c.Seen)
		id(f, "pr", &c.Proposer)
		when(f, "cr", &c.Created)
	},
}

// ImpactChange returns a change that waits for a second person.
func (db *DB) ImpactChange(ctx context.Context, c entitlement.CatalogID, id entitlement.ChangeID) (entitlement.ImpactChange, error) {
	return one(ctx, db, impactChangeMapper, changeKey(c, id))
}

// ImpactChanges returns the changes of a catalog that wait for a second person: at most
// MaxChanges, and those that are over and not cleared away yet.
func (db *DB) ImpactChanges(ctx context.Context, c entitlement.CatalogID) ([]entitlement.ImpactChange, error) {
	entries, err := db.all(ctx, tableQuery{partition: catalogKey(c).PK, prefix: prefixChange})
	if err != nil {
		return nil, err
	}
	var all []entitlement.ImpactChange
	for _, it := range entries {
		read, err := impactChangeMapper.read(it)
		if err != nil && !db.unread(ctx, err) {
			return nil, err
		}
		if err == nil {
			all = append(all, read)
		}
	}
	return all, nil
}

// JobsOf returns the edits of a package that have not reached every holder yet, oldest first:
// there are a few at most, since each goes once it has.
func (db *DB) JobsOf(ctx context.Context, id entitlement.PackageID) ([]entitlement.Job, error) {
	jobs, err := within(ctx, db, tableQuery{partition: packageKey(id).PK, prefix: join(wordJob, "")}, entitlement.Page{}, jobMapper.read)
	return jobs.Items, err
}

// SubjectsAt returns the records of those subjects that have one, and what is recorded of them
// at one target, both read strongly.
func (db *DB) SubjectsAt(ctx context.Context, subjects []entitlement.UserID, at entitlement.ConnectorID) (map[entitlement.UserID]entitlement.SubjectRecord, map[entitlement.UserID]entitlement.GrantSet, error) {
	keys := keysOf(subjects, subjectRecordKey)
	if at != "" {
		keys = append(keys, keysOf(subjects, func(id entitlement.UserID) Key { return grantSetKey(id, at) })...)
	}
	all, err := db.batch(ctx, true, keys...)
	if err != nil {
		return nil, nil, err
	}

	records, sets := map[entitlement.UserID]entitlement.SubjectRecord{}, map[entitlement.UserID]entitlement.GrantSet{}
	for _, id := range subjects {
		if it, found := all[subjectRecordKey(id)]; found {
			if records[id], err = readSubjectRecord(it); err != nil {
				return nil, nil, err
			}
		}
		// What was there before is only told: an unreadable set says nothing of it.
		if it, found := all[grantSetKey(id, at)]; found {
			set, err := readGrantSet(it)
			if err != nil && !db.unread(ctx, err) {
				return nil, nil, err
			}
			sets[id] = set
		}
	}
	return records, sets, nil
}

// unmoved demands that what a change was decided on is as it was read.
func (p *plan) unmoved(all []entitlement.Unmoved) {
	for _, u := range all {
		x := newExpression()
		at := func(name string, value int64) {
			if value == 0 {
				x.lacks(names.AttrPK)
			} else {
				x.equals(name, numeral(value))
			}
		}

		switch {
		case u.Package == "":
			at(attrGeneration, u.Generation)
			p.check(subjectRecordKey(u.Subject), entitlement.PartSubjectRecord, x)
		case u.Subject == "":
			at(attrVersion, u.Version)
			p.check(scopesKey(u.Package), entitlement.PartConfiguration, x)
		default:
			at(attrVersion, u.Version)
			p.check(assignmentSlotKey(u.Package, u.Subject), entitlement.PartAssignmentSlot, x)
		}
	}
}

// watches lays the token of an edit on the guards of its package, takes it from all of them on
// the condition that it lies there still, or lifts it from one.
func (p *plan) watches(all []entitlement.EditWatch) {
	for _, w := range all {
		for n := range names.DeletionGuards {
			if w.Step == entitlement.WatchLifted && w.Subject != "" && n != deletionGuardOf(w.Subject) {
				continue
			}

			x := newExpression()
			x.touch(tagDeletionGuard)
			switch w.Step {
			case entitlement.WatchBegins:
				x.set(attrWatched, literal(w.Token))
			case entitlement.WatchHeld:
				x.equals(attrWatched, literal(w.Token))
				x.remove(attrWatched)
			default:
				x.remove(attrWatched)
			}
			p.update(deletionGuardKey(w.Package, n), entitlement.PartDeletionGuard, x)
		}
	}
}
