package dynamo

import (
	"context"
	"time"

	"leasehold/pkg/entitlement"
)

func paceKey(id entitlement.PackageID) Key { return Key{packageKey(id).PK, wordPace} }

func paceWalkKey() Key { return Key{wordConfig, wordPace} }

var paceMapper = mapper[entitlement.Pace]{
	tag: "PACE", noun: "pace of a package", part: entitlement.PartConfiguration,
	key:     func(p entitlement.Pace) Key { return paceKey(p.Package) },
	name:    func(p *entitlement.Pace, k Key) { p.Package = packageAt(k) },
	meta:    func(p *entitlement.Pace) *entitlement.Meta { return &p.Meta },
	expires: func(p entitlement.Pace) time.Time { return p.Until() },
	body: func(f *fields, p *entitlement.Pace) {
		number(f, "n", &p.Samples)
		number(f, "md", &p.Median)
		when(f, "lk", &p.Looked)
	},
}

var paceWalkMapper = mapper[entitlement.PaceWalk]{
	tag: "PACEWALK", noun: "walk through the paces", part: entitlement.PartConfiguration,
	key:  func(entitlement.PaceWalk) Key { return paceWalkKey() },
	name: func(*entitlement.PaceWalk, Key) {},
	meta: func(w *entitlement.PaceWalk) *entitlement.Meta { return &w.Meta },
	body: func(f *fields, w *entitlement.PaceWalk) {
		text(f, "to", &w.Token)
		when(f, "nx", &w.Next)
	},
}

// PacesAsListed returns how long it usually takes to get packages, as far as that was counted; it
// may be late, and leaves out what cannot be read.
func (db *DB) PacesAsListed(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.Pace, error) {
	list, _, err := readableOf(ctx, db, paceMapper, false, keysOf(ids, paceKey))
	return list, err
}

// Paces returns the same, read strongly.
func (db *DB) Paces(ctx context.Context, ids []entitlement.PackageID) ([]entitlement.Pace, error) {
	return several(ctx, db, paceMapper, true, keysOf(ids, paceKey))
}

// PaceWalk returns how far the sweep has counted; version 0 where it has not begun.
func (db *DB) PaceWalk(ctx context.Context) (entitlement.PaceWalk, error) {
	w, err := one(ctx, db, paceWalkMapper, paceWalkKey())
	if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
		return entitlement.PaceWalk{}, nil
	}
	return w, err
}
