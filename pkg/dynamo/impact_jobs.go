package dynamo

import (
	"context"
	"strconv"
	"time"

	"leasehold/pkg/entitlement"
)

// impactJobKey is a change of a package's roles that a worker looks at.
func impactJobKey(p entitlement.PackageID, id entitlement.ImpactJobID) Key {
	return Key{packageKey(p).PK, join(wordImpactJob, part(id))}
}

// affectedKey is some of the people whom such a job found to be affected alike. A job that
// begins anew writes others, so that nobody reads half of one round and half of another.
func affectedKey(p entitlement.PackageID, id entitlement.ImpactJobID, round int, e entitlement.Effect, number int) Key {
	return Key{packageKey(p).PK, affectedOf(id, round, e) + counter(int64(number))}
}

func affectedOf(id entitlement.ImpactJobID, round int, e entitlement.Effect) string {
	return join(wordAffected, part(id), counter(int64(round)), string(e), "")
}

func impactJobAt(k Key) entitlement.ImpactJobID { return idAt[entitlement.ImpactJobID](k.SK, 1) }

func countAt(k Key, n int) int {
	v, _ := strconv.Atoi(idAt[string](k.SK, n))
	return v
}

var impactJobMapper = mapper[entitlement.ImpactJob]{
	tag: "LOOK", noun: "job that looks at a change of roles", part: entitlement.PartJob,
	key:     func(j entitlement.ImpactJob) Key { return impactJobKey(j.Package, j.ID) },
	name:    func(j *entitlement.ImpactJob, k Key) { j.Package, j.ID = packageAt(k), impactJobAt(k) },
	meta:    func(j *entitlement.ImpactJob) *entitlement.Meta { return &j.Meta },
	expires: func(j entitlement.ImpactJob) time.Time { return j.Expires() },
	body: func(f *fields, j *entitlement.ImpactJob) {
		id(f, "c", &j.Catalog)
		id(f, "p", &j.Edit.Package)
		group(f, "s", &j.Edit.Scope, roleScopeFields)
		flag(f, "r", &j.Edit.Remove)
		text(f, "na", &j.Name)
		text(f, "ag", &j.Agreed)
		id(f, "cg", &j.Change)
		id(f, "ca", &j.Caller)
		number(f, "sp", &j.Scopes)
		flag(f, "ap", &j.Application)
		text(f, "cm", &j.Command)
		word(f, "st", &j.Status, entitlement.JobStatuses)
		text(f, "co", &j.Code)
		text(f, "wy", &j.Why)
		id(f, "wa", &j.Waits)
		flag(f, "se", &j.Second)
		number(f, "ro", &j.Round)
		number(f, "at", &j.At)
		text(f, "wt", &j.Watch)
		text(f, "cu", &j.Cursor)
		text(f, "di", &j.Digest)
		number(f, "n", &j.Holders)
		number(f, "g", &j.Gains)
		number(f, "lo", &j.Loses)
		number(f, "k", &j.Keeps)
		when(f, "cr", &j.Created)
		when(f, "mo", &j.Moved)
	},
}

var impactPeopleMapper = mapper[entitlement.ImpactPeople]{
	tag: "SEEN", noun: "people whom a change of roles affects", part: entitlement.PartJob,
	key: func(p entitlement.ImpactPeople) Key {
		return affectedKey(p.Package, p.Job, p.Round, p.Effect, p.Number)
	},
	name: func(p *entitlement.ImpactPeople, k Key) {
		p.Package, p.Job, p.Round, p.Effect, p.Number = packageAt(k), impactJobAt(k), countAt(k, 2), idAt[entitlement.Effect](k.SK, 3), countAt(k, 4)
	},
	meta:    func(p *entitlement.ImpactPeople) *entitlement.Meta { return &p.Meta },
	expires: func(p entitlement.ImpactPeople) time.Time { return p.Expires() },
	body: func(f *fields, p *entitlement.ImpactPeople) {
		when(f, "cr", &p.Created)
		list(f, "pe", &p.People, func(f *fields, a *entitlement.Affected) {
			a.Effect = p.Effect
			id(f, "s", &a.Subject)
			when(f, "u", &a.Until)
			flag(f, "w", &a.Before)
			number(f, "m", &a.Further)
			list(f, "b", &a.Because, func(f *fields, r *entitlement.Reason) {
				id(f, "p", &r.Package)
				when(f, "u", &r.Until)
			})
		})
	},
}

// ImpactJob returns a job that looks at a change of a package's roles.
func (db *DB) ImpactJob(ctx context.Context, p entitlement.PackageID, id entitlement.ImpactJobID) (entitlement.ImpactJob, error) {
	return one(ctx, db, impactJobMapper, impactJobKey(p, id))
}

// ImpactJobs returns those of a package: at most MaxImpactJobs, and those that are over and not
// cleared away yet, of which a page is enough to know that there are many.
func (db *DB) ImpactJobs(ctx context.Context, p entitlement.PackageID) ([]entitlement.ImpactJob, error) {
	jobs, err := within(ctx, db, tableQuery{partition: packageKey(p).PK, prefix: join(wordImpactJob, "")}, entitlement.Page{}, impactJobMapper.read)
	return jobs.Items, err
}

// ImpactPeople returns the people of one item of a round of a job; at version 0 where there is none.
func (db *DB) ImpactPeople(ctx context.Context, j entitlement.ImpactJob, e entitlement.Effect, number int) (entitlement.ImpactPeople, error) {
	found, err := one(ctx, db, impactPeopleMapper, affectedKey(j.Package, j.ID, j.Round, e, number))
	if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
		return entitlement.ImpactPeople{Package: j.Package, Job: j.ID, Round: j.Round, Effect: e, Number: number, Created: j.Created}, nil
	}
	return found, err
}
