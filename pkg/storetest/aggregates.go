package storetest

import (
	"context"

	"leasehold/pkg/entitlement"
)

// kept is one kind of aggregate as its scenario sees it: put makes the change that
// writes its first or its later contents under m, get reads it back without its Meta.
type kept struct {
	name string
	part entitlement.Part
	put  func(m entitlement.Meta, later bool) entitlement.Change
	get  func(ctx context.Context, s Store) (got any, m entitlement.Meta, err error)
	want func(later bool) any

	first func(made any) int64 // the version it begins with; nil: one
}

// lifeOf plays the life of one item: it must not exist, then only its present version
// may be changed or erased, and nothing of it is lost.
func lifeOf(w *fixture, k kept) {
	chain, first := entitlement.Chain{Number: 7, Hash: unique("hash-")}, int64(1)
	if k.first != nil {
		first = k.first(k.want(false))
	}
	reads := func(version int64, chain entitlement.Chain, later bool) {
		w.Helper()
		got, m, err := k.get(w.Context(), w.s)
		w.must(err)
		w.same(m, entitlement.Meta{Version: version, Chain: chain})
		w.same(got, k.want(later))
	}
	gone := func() {
		w.Helper()
		if _, m, err := k.get(w.Context(), w.s); !absent(err) && (err != nil || m.Version != 0) {
			w.Fatalf("got version %d and error %v, want nothing", m.Version, err)
		}
	}

	// What is not there can be neither changed nor erased.
	gone()
	w.refuse(k.part, k.put(entitlement.Meta{Version: first, Chain: chain}, false))
	w.refuse(k.part, k.put(entitlement.Meta{Version: first, Erased: true}, false))
	gone()

	w.commit(k.put(entitlement.Meta{Chain: chain}, false))
	reads(first, chain, false)
	// Who made it a second time, or decided on a version to come, is refused.
	there := k.part
	if there == entitlement.PartConfiguration {
		there = entitlement.PartMade
	}
	w.refuse(there, k.put(entitlement.Meta{}, true))
	w.refuse(k.part, k.put(entitlement.Meta{Version: first + 1}, true))
	reads(first, chain, false)

	next := entitlement.Chain{Number: 8, Hash: unique("hash-")}
	w.commit(k.put(entitlement.Meta{Version: first, Chain: next}, true))
	reads(first+1, next, true)
	// The old version is as good as none, also for an erasure.
	w.refuse(k.part, k.put(entitlement.Meta{Version: first, Chain: chain}, false))
	w.refuse(k.part, k.put(entitlement.Meta{Version: first, Erased: true}, false))
	reads(first+1, next, true)

	w.commit(k.put(entitlement.Meta{Version: first + 1, Erased: true}, true))
	gone()
	w.refuse(k.part, k.put(entitlement.Meta{Version: first + 1, Erased: true}, true))
	gone()
}

// keep describes an aggregate of type T. prepare gives both contents what may not
// change, such as the id, and what has only a few lawful values.
func keep[T any](name string, part entitlement.Part, meta func(*T) *entitlement.Meta, prepare func(first, later *T),
	change func(T) entitlement.Change, read func(ctx context.Context, s Store, sample T) (T, error)) kept {
	contents := [2]T{filled[T](), filled[T]()}
	prepare(&contents[0], &contents[1])

	pick := func(later bool) T {
		if later {
			return contents[1]
		}
		return contents[0]
	}

	return kept{name: name, part: part,
		put: func(m entitlement.Meta, later bool) entitlement.Change {
			v := pick(later)
			// The version is the store's to give, and is compared apart.
			*meta(&v) = m
			return change(v)
		},
		get: func(ctx context.Context, s Store) (any, entitlement.Meta, error) {
			v, err := read(ctx, s, contents[0])
			m := *meta(&v)
			*meta(&v) = entitlement.Meta{}
			return v, m, err
		},
		want: func(later bool) any { return pick(later) },
	}
}

// aggregateScenarios makes one scenario for each kind of aggregate.
func aggregateScenarios() []scenario {
	var all []scenario
	for _, kind := range []func() kept{keptCatalog, keptRole, keptRoleOfAll, keptResource, keptPackage, keptScopes, keptPolicy, keptConnector, keptBreaker, keptTargetResource, keptRateLease, keptAccountUse, keptJob,
		keptUser, keptGroup, keptRequest, keptSlot, keptEnded, keptSettings, keptOrganization, keptExtension, keptSession, keptPace, keptPaceWalk, keptFigures, keptChange, keptImpactJob, keptImpactPeople, keptSessionFile, keptDriftScan, keptDriftFinding, keptDriftSeen, keptDriftWalk} {
		all = append(all, scenario{kind().name + ": only the version that was read is changed or erased, and every member comes back",
			func(w *fixture) { lifeOf(w, kind()) }})
	}
	return all
}
