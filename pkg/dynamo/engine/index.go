package engine

import (
	"cmp"
	"slices"
	"time"

	"leasehold/pkg/names"
)

// maxUnseen bounds the changes that wait for a read to see them.
const maxUnseen = 1000

// index is one of the secondary indexes. Each partition is behind the table by changes
// of its own.
type index struct {
	of   *names.Index
	nth  int // among names.Indexes
	seed uint64

	partitions map[string]*indexPartition
}

// indexPartition is one partition of an index.
type indexPartition struct {
	entries []*record // in order
	unseen  []step
}

// step is what one write does to one partition; either may be nil.
type step struct {
	at        time.Time
	drop, add *record
}

// moves reports that a write changes an item's row, and where the row is before and after.
func (x *index) moves(old, next *record) (from, to place, changed bool) {
	if old != nil {
		from = old.places[x.nth]
	}
	if next != nil {
		to = next.places[x.nth]
	}
	if from == (place{}) && to == (place{}) {
		return from, to, false
	}
	return from, to, from != to || x.reprojects(old, next)
}

// reprojects reports that a write changes what the index shows of an item that stays where it is.
func (x *index) reprojects(old, next *record) bool {
	for _, attribute := range x.of.Projects {
		was, is := old.item[attribute], next.item[attribute]
		if (was != nil || is != nil) && !equal(was, is) {
			return true
		}
	}
	return false
}

// write enters what a write of an item does to the index: at once, or once it is seen.
func (x *index) write(old, next *record, at time.Time, lag bool) {
	from, to, changed := x.moves(old, next)
	if !changed {
		return
	}

	switch {
	// One step, so that a reader who is behind sees a row either as it was or as it is.
	case from.partition == to.partition:
		x.add(to.partition, step{at, old, next}, lag)
	default:
		if from.partition != "" {
			x.add(from.partition, step{at: at, drop: old}, lag)
		}
		if to.partition != "" {
			x.add(to.partition, step{at: at, add: next}, lag)
		}
	}
}

func (x *index) add(partition string, s step, lag bool) {
	l := x.partitions[partition]
	if l == nil {
		l = &indexPartition{}
		x.partitions[partition] = l
	}

	if !lag {
		x.apply(l, s)
		return
	}

	l.unseen = append(l.unseen, s)
	// Bounded, since nobody may ever read the partition (S21).
	if len(l.unseen) > maxUnseen {
		x.see(l, 1)
	}
}

// see has a partition catch up with the oldest of the changes that it has not seen.
func (x *index) see(l *indexPartition, n int) {
	n = max(0, min(n, len(l.unseen)))
	for _, s := range l.unseen[:n] {
		x.apply(l, s)
	}
	l.unseen = slices.Delete(l.unseen, 0, n)
}

func (x *index) apply(l *indexPartition, s step) {
	if s.drop != nil {
		if at, there := slices.BinarySearchFunc(l.entries, s.drop, x.compare); there {
			l.entries = slices.Delete(l.entries, at, at+1)
		}
	}
	if s.add != nil {
		at, _ := slices.BinarySearchFunc(l.entries, s.add, x.compare)
		l.entries = slices.Insert(l.entries, at, s.add)
	}
}

// compare orders rows by their sort value. The order of those that sort alike says
// nothing, and only has to be the same on the next page.
func (x *index) compare(a, b *record) int {
	if n := cmp.Compare(a.places[x.nth].sort, b.places[x.nth].sort); n != 0 {
		return n
	}
	if a.key == b.key {
		return 0
	}
	return cmp.Or(cmp.Compare(x.tie(a.key), x.tie(b.key)), cmp.Compare(a.key.PK, b.key.PK), cmp.Compare(a.key.SK, b.key.SK))
}

// tie is an arbitrary number of a key, another one with each seed: FNV-1a, with its bits
// mixed as MurmurHash ends.
func (x *index) tie(key Key) uint64 {
	h := 14695981039346656037 ^ x.seed
	for _, s := range []string{key.PK, key.SK} {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
		h = (h ^ 0xFF) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	return h ^ h>>33
}

// entry returns what the index knows of an item: the keys, and what it projects.
func (x *index) entry(r *record) *row {
	if known := r.entries[x.nth].Load(); known != nil {
		return known
	}
	out := item{}
	for _, attribute := range append([]string{names.AttrPK, names.AttrSK, x.of.Partition, x.of.Sort}, x.of.Projects...) {
		if v := r.item[attribute]; v != nil {
			out[attribute] = v
		}
	}
	known := &row{out, sizeOfItem(out)}
	r.entries[x.nth].Store(known)
	return known
}
