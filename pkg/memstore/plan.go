package memstore

import (
	"reflect"

	"leasehold/pkg/entitlement"
)

// maxActions is the size of the largest transaction that the table takes.
const maxActions = 100

// plan is a Change on its way: every part is checked against the state as it is, and
// says what it will do. Nothing is done before all of them agreed. That is sound since
// no two parts may touch the same item, just as in a transaction of the table.
type plan struct {
	*state
	err     error
	touched set[item]
	effects []func()
	step    step
}

// fail refuses the plan; the first reason stays.
func (p *plan) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// demand refuses the plan where part does not hold.
func (p *plan) demand(holds bool, part entitlement.Part) {
	if !holds {
		p.fail(entitlement.StaleError(part))
	}
}

// item is one item of a transaction: what it is, and which.
type item struct{ what, key any }

// touch counts one item of the transaction.
func (p *plan) touch(what, key any) {
	i := item{what, key}
	if _, twice := p.touched[i]; twice {
		p.fail(entitlement.Errorf(entitlement.Invalid, "A change must not touch %v %v twice.", what, key))
	}
	p.touched[i] = struct{}{}
}

// then keeps an effect for the time when every part has agreed.
func (p *plan) then(effect func()) { p.effects = append(p.effects, effect) }

// run makes the plan come true.
func (p *plan) run() {
	for _, effect := range p.effects {
		effect()
	}
}

// reindex replaces the rows of an item.
func (p *plan) reindex(before, after []row) {
	p.step.drops = append(p.step.drops, before...)
	p.step.adds = append(p.step.adds, after...)
}

// put plans to store the aggregate v, or to erase it, where the stored version is the
// one that v was decided on. rows says under which rows it is found; nil means none.
// It returns what is stored now.
func put[K comparable, V any](p *plan, items map[K]V, part entitlement.Part, key K, v V, rows func(V) []row) (old V, there bool) {
	p.touch(reflect.TypeFor[V](), key)
	old, there = items[key]
	m := *metaOf(&v)
	if m.Version == 0 {
		p.demand(!there && !m.Erased, part)
	} else {
		p.demand(there && metaOf(&old).Version == m.Version, part)
	}
	if there && rows != nil {
		p.reindex(rows(old), nil)
	}
	if m.Erased {
		p.then(func() { delete(items, key) })
		return old, there
	}
	if rows != nil {
		p.reindex(nil, rows(v))
	}
	v = clone(v)
	metaOf(&v).Version = next(v, m.Version)
	p.then(func() { items[key] = v })
	return old, there
}

// next returns the version that follows on the one which v was decided on.
func next(v any, version int64) int64 {
	if slot, is := v.(entitlement.Slot); is && version == 0 {
		return slot.FirstVersion()
	}
	return version + 1
}

// metaOf returns the Meta that every aggregate embeds.
func metaOf(aggregate any) *entitlement.Meta {
	return reflect.ValueOf(aggregate).Elem().FieldByName("Meta").Addr().Interface().(*entitlement.Meta)
}

// claimName plans to take a unique name for owner, give up the one held before, or both.
// Empty names are none.
func claimName[K comparable, V comparable](p *plan, taken map[K]V, before, after K, owner V) {
	var none K
	if before == after {
		return
	}
	if before != none {
		p.touch(reflect.TypeFor[K](), before)
		p.then(func() { delete(taken, before) })
	}
	if after != none {
		p.touch(reflect.TypeFor[K](), after)
		_, is := taken[after]
		p.demand(!is, entitlement.PartName)
		p.then(func() { taken[after] = owner })
	}
}
