package engine

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"leasehold/pkg/names"
)

// record is an item as it was written once. It never changes.
type record struct {
	key    Key
	item   item
	size   int
	places [5]place // in the indexes of names

	entries [5]atomic.Pointer[row] // in those, once somebody asked
}

// row is what an index knows of an item.
type row struct {
	item item
	size int
}

// place is where an index has an item; no partition means it has not.
type place struct{ partition, sort string }

// table is the items, by partition in the order of their sort keys.
type table struct {
	partitions map[string][]*record
}

func (t *table) find(key Key) *record {
	entries := t.partitions[key.PK]
	if at, there := seek(entries, key.SK); there {
		return entries[at]
	}
	return nil
}

// seek returns where in a partition a sort key is or would be.
func seek(entries []*record, sk string) (int, bool) {
	return slices.BinarySearchFunc(entries, sk, func(r *record, sk string) int { return cmp.Compare(r.key.SK, sk) })
}

// set puts a record in the place of the one under its key; nil takes that away.
func (t *table) set(key Key, r *record) {
	entries := t.partitions[key.PK]
	at, there := seek(entries, key.SK)
	switch {
	case there && r != nil:
		entries[at] = r
	case there:
		t.partitions[key.PK] = slices.Delete(entries, at, at+1)
	case r != nil:
		t.partitions[key.PK] = slices.Insert(entries, at, r)
	}
}

// newRecord checks an item that is to be stored against its limits.
func newRecord(key Key, it item) (*record, error) {
	r := &record{key: key, item: it, size: sizeOfItem(it)}
	if r.size > maxItem {
		return nil, invalid("Item size has exceeded the maximum allowed size")
	}
	for i := range names.Indexes {
		var err error
		if r.places[i], err = placeOf(it, &names.Indexes[i]); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// placeOf returns where an index has an item: nowhere, if it lacks one of the two keys.
func placeOf(it item, x *names.Index) (place, error) {
	partition, hasPartition, err := indexKey(it, x.Partition, maxPartitionKey)
	if err != nil {
		return place{}, err
	}
	sort, hasSort, err := indexKey(it, x.Sort, maxSortKey)
	if err != nil || !hasPartition || !hasSort {
		return place{}, err
	}
	return place{partition, sort}, nil
}

func indexKey(it item, attribute string, most int) (key string, there bool, err error) {
	v, there := it[attribute]
	if !there {
		return "", false, nil
	}

	s, ok := v.(*text)
	switch {
	case !ok:
		// Told apart from the others, since a put finds it out later than its condition.
		err = mistyped{attribute, typeName(v)}
	case s.Value == "":
		err = invalid("One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexKey: %s", attribute)
	case len(s.Value) > most:
		err = invalid("One or more parameter values were invalid: Size limit exceeded: %s", attribute)
	default:
		key = s.Value
	}

	return key, true, err
}

// keyOf returns the key that an item or a key holds.
func keyOf(it item) (Key, error) {
	pk, err := tableKey(it, names.AttrPK, maxPartitionKey)
	if err != nil {
		return Key{}, err
	}
	sk, err := tableKey(it, names.AttrSK, maxSortKey)
	return Key{pk, sk}, err
}

// justKey is keyOf of what must hold nothing else.
func justKey(it item) (Key, error) {
	if len(it) != 2 {
		return Key{}, invalid("The provided key element does not match the schema")
	}
	return keyOf(it)
}

func tableKey(it item, attribute string, most int) (string, error) {
	v, there := it[attribute]

	s, ok := v.(*text)
	switch {
	case !there:
		return "", invalid("One or more parameter values were invalid: Missing the key %s in the item", attribute)
	case !ok:
		return "", invalid("One or more parameter values were invalid: Type mismatch for key %s expected: S actual: %s", attribute, typeName(v))
	case s.Value == "":
		return "", invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: %s", attribute)
	case len(s.Value) > most:
		return "", invalid("One or more parameter values were invalid: Size of %s has exceeded the maximum size limit of %d bytes", attribute, most)
	}
	return s.Value, nil
}

// past is what was under a key before its last write.
type past struct {
	record  *record // nil: nothing
	written time.Time
}
