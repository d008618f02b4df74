package dynamo

import (
	"context"
	"time"

	"leasehold/pkg/entitlement"
)

func figuresKey() Key { return Key{wordConfig, "FIGURES"} }

var figuresMapper = mapper[entitlement.Figures]{
	tag: "FIGURES", noun: "figures", part: entitlement.PartConfiguration,
	key:  func(entitlement.Figures) Key { return figuresKey() },
	name: func(*entitlement.Figures, Key) {},
	meta: func(s *entitlement.Figures) *entitlement.Meta { return &s.Meta },
	body: func(f *fields, s *entitlement.Figures) {
		when(f, "th", &s.Through)
		list(f, "d", &s.Days, func(f *fields, d *entitlement.DayFigures) {
			text(f, "d", &d.Day)
			number(f, "r", &d.Requests)
			number(f, "a", &d.Approvals)
			number(f, "n", &d.Denials)
			number(f, "b", &d.Removals)
			number(f, "s", &d.LagSum)
			number(f, "x", &d.LagMax)
		})
	},
}

// Figures returns what was counted of events; version 0 where nothing was.
func (db *DB) Figures(ctx context.Context) (entitlement.Figures, error) {
	s, err := one(ctx, db, figuresMapper, figuresKey())
	if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
		return entitlement.Figures{}, nil
	}
	return s, err
}

// Resting returns those of the targets that are left alone at a time.
func (db *DB) Resting(ctx context.Context, of []entitlement.ConnectorID, at time.Time) ([]entitlement.Breaker, error) {
	keys := keysOf(of, breakerKey)
	found, err := db.batch(ctx, false, keys...)
	if err != nil {
		return nil, err
	}

	var all []entitlement.Breaker
	for _, key := range keys {
		if found[key] == nil {
			continue
		}
		b, err := breakerMapper.read(found[key])
		if db.unread(ctx, err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if b.Until.After(at) {
			all = append(all, b)
		}
	}
	return all, nil
}
