package dynamo

import (
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// writeEvent returns the item of an event. Its aggregate and number lie in the key.
func writeEvent(key Key, e entitlement.Event, r indexKeys) item {
	it := writing(&e, eventFields)
	seal(it, key, tagEvent, 1)
	index(it, r)

	// What the service does by itself is found by time, and by what it was done to: a row for
	// everything that it ever did would be one more for each delivery.
	if e.Actor != entitlement.Service && e.Actor != "" {
		it[names.AttrI3P] = literal(actorPartition(e.Actor))
	}
	it[names.AttrI4P] = literal(whenPartition(shard(names.EventShards, key.PK, key.SK)))
	it[names.AttrI3S] = literal(eventSort(e.At, key))

	return it
}

func readEvent(it item) (entitlement.Event, error) {
	var e entitlement.Event
	if _, err := open(it, tagEvent); err != nil {
		return e, err
	}
	e.Aggregate, e.ID, e.Number = eventAt(keyOf(it))
	f := &fields{item: it, reading: true}
	eventFields(f, &e)
	return e, f.failure(it)
}

func eventFields(f *fields, e *entitlement.Event) {
	text(f, "k", &e.Kind)
	id(f, "a", &e.Actor)
	id(f, "cm", &e.Command)
	when(f, "at", &e.At)
	text(f, "b", &e.Before)
	text(f, "af", &e.After)
	list(f, "c", &e.Changed, changedFields)
	labels(f, "d", &e.Data)
	text(f, "ab", &e.AllowedBy)
	id(f, "pr", &e.Prev)
	id(f, "h", &e.Hash)
}

func changedFields(f *fields, c *entitlement.Changed) {
	text(f, "p", &c.Property)
	text(f, "b", &c.Before)
	text(f, "a", &c.After)
}
