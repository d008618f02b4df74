package dynamo

import (
	"time"

	"leasehold/pkg/entitlement"
)

var assignmentSlotMapper = mapper[entitlement.AssignmentSlot]{
	tag: "ASG", noun: "assignment", part: entitlement.PartAssignmentSlot,
	key:  func(s entitlement.AssignmentSlot) Key { return assignmentSlotKey(s.Package, s.Subject) },
	name: func(s *entitlement.AssignmentSlot, k Key) { s.Package, s.Subject = packageAt(k), personAt(k) },
	meta: func(s *entitlement.AssignmentSlot) *entitlement.Meta { return &s.Meta },

	first:     entitlement.AssignmentSlot.FirstVersion,
	indexKeys: slotIndexKeys,

	expires: entitlement.AssignmentSlot.Forgotten,
	body: func(f *fields, s *entitlement.AssignmentSlot) {
		id(f, "op", &s.Open)
		id(f, "opp", &s.OpenPolicy)
		optional(f, "a", &s.Assignment, liveFields)
		list(f, "sb", &s.Setbacks, func(f *fields, t *time.Time) { when(f, "t", t) })
	},
}

// slotIndexKeys lists a slot with its subject while a request holds it open, so that open work
// is found without what became of all earlier requests; and where the sweep finds the end
// of its assignment.
func slotIndexKeys(s entitlement.AssignmentSlot) indexKeys {
	var rs indexKeys
	if s.Open != "" {
		rs.first = openIndexKey(s.Subject, s.Package, s.Open)
	}
	if s.Assignment != nil && !s.Assignment.End.IsZero() {
		rs.second = dueIndexKey(assignmentSlotKey(s.Package, s.Subject), s.Assignment.End)
	}
	return rs
}

// liveFields are those of an assignment within its slot. It has no version of its own
// there, but its chain of events.
func liveFields(f *fields, a *entitlement.Assignment) {
	assignmentFields(f, a)
	chain(f, &a.Chain)
}

func assignmentFields(f *fields, a *entitlement.Assignment) {
	id(f, "i", &a.ID)
	id(f, "p", &a.Package)
	id(f, "c", &a.Catalog)
	id(f, "po", &a.Policy)
	id(f, "s", &a.Subject)
	text(f, "ta", &a.Target)
	text(f, "st", &a.State)
	when(f, "sa", &a.Start)
	when(f, "en", &a.End)
	number(f, "ob", &a.ObservedPackageGeneration)
	when(f, "si", &a.Since)
	when(f, "de", &a.Delivered)
	when(f, "ed", &a.Ended)
	when(f, "re", &a.Removed)
	id(f, "rr", &a.Removal)
	flag(f, "uc", &a.Unconfirmed)
	when(f, "cl", &a.Closed)
	text(f, "wy", &a.Reason)
}

// endedMapper is the past assignment. It lies beside the request whose id it has, and among
// what is owed until its roles are gone.
var endedMapper = mapper[entitlement.Assignment]{
	tag: "PAST", noun: "assignment", part: entitlement.PartRequest,
	key:  func(a entitlement.Assignment) Key { return endedKey(a.ID) },
	name: func(a *entitlement.Assignment, k Key) { a.ID = endedAt(k) },
	meta: func(a *entitlement.Assignment) *entitlement.Meta { return &a.Meta },
	indexKeys: func(a entitlement.Assignment) indexKeys {
		return indexKeys{second: lateIndexKey(endedKey(a.ID), a.PendingSince())}
	},
	body: assignmentFields,
}
