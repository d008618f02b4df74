package storetest

import (
	"cmp"
	"slices"
	"time"

	"leasehold/pkg/entitlement"
)

var subjectRecordScenarios = []scenario{
	{"S22: adding, removing and redelivering each move the generation by one and keep the books", subjectRecordBooks},
	{"S5: a package that is live is not added again", addTwice},
	{"S18: a package does not become live while an incompatible one is, one way", addIncompatible},
	{"S18: a package does not become live for a member of an incompatible group", addNotIn},
	{"S21: the conditions of the longest lists fit into one change", addLongest},
	{"A package that is not live is neither removed nor redelivered", removeAbsent},
	{"Who is disabled is given nothing until enabled again, and keeps what is held", subjectRecordDisabled},
	{"An update that both gives and takes is Invalid", subjectRecordTorn},
	{"An update of nothing but a time to check moves the generation", subjectRecordTouched},
	{"S21: a person holds at most MaxLive packages", subjectRecordFull},
	{"F38: whoever is owed MaxRemoving removals gets nothing new, and loses whatever ends", subjectRecordRemovingFull},
	{"An unknown subject has an empty record that has nothing pending", subjectRecordAbsent},
}

func ordered(h entitlement.SubjectRecord) entitlement.SubjectRecord {
	slices.Sort(h.Live)
	slices.SortFunc(h.Waiting, func(a, b entitlement.Waiting) int {
		return cmp.Or(cmp.Compare(a.Package, b.Package), cmp.Compare(a.Assignment, b.Assignment))
	})
	slices.SortFunc(h.Removing, func(a, b entitlement.Removing) int { return cmp.Compare(a.Assignment, b.Assignment) })
	return h
}

func waiting() entitlement.Waiting {
	return entitlement.Waiting{Package: newID[entitlement.PackageID](), Assignment: newID[entitlement.AssignmentID]()}
}

// add describes a package becoming live.
func add(subject entitlement.UserID, what entitlement.Waiting, incompatible ...entitlement.PackageID) entitlement.Change {
	return entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: subject, Add: what, Incompatible: incompatible, CheckAfter: instant(time.Hour)}}}
}

func remove(subject entitlement.UserID, what entitlement.Waiting, removal entitlement.RequestID) entitlement.Change {
	return entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: subject, Remove: what,
		Ended: entitlement.Removing{Assignment: what.Assignment, Package: what.Package, Request: removal}, CheckAfter: instant(time.Hour)}}}
}

func redeliver(subject entitlement.UserID, what entitlement.Waiting) entitlement.Change {
	return entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: subject, Redeliver: what, CheckAfter: instant(time.Hour)}}}
}

func subjectRecordBooks(w *fixture) {
	subject := newID[entitlement.UserID]()
	a, b := waiting(), waiting()
	want := entitlement.SubjectRecord{Subject: subject}
	check := func() {
		w.Helper()
		want.Generation++
		w.same(w.subjectRecord(subject), ordered(want))
	}

	w.commit(add(subject, a))
	want.Live, want.Waiting = []entitlement.PackageID{a.Package}, []entitlement.Waiting{a}
	check()
	w.commit(add(subject, b))
	want.Live, want.Waiting = []entitlement.PackageID{a.Package, b.Package}, []entitlement.Waiting{a, b}
	check()
	w.commit(redeliver(subject, a)) // it waits already, and waits once
	check()

	removal := newID[entitlement.RequestID]()
	w.commit(remove(subject, a, removal))
	want.Live, want.Waiting = []entitlement.PackageID{b.Package}, []entitlement.Waiting{b}
	want.Removing = []entitlement.Removing{{Assignment: a.Assignment, Package: a.Package, Request: removal}}
	check()

	quiet := remove(subject, b, "")
	quiet.SubjectUpdates[0].Ended = entitlement.Removing{}
	w.commit(quiet)
	want.Live, want.Waiting = nil, nil
	check()

	again := entitlement.Waiting{Package: a.Package, Assignment: newID[entitlement.AssignmentID]()}
	w.commit(add(subject, again))
	want.Live, want.Waiting = []entitlement.PackageID{a.Package}, []entitlement.Waiting{again}
	check()
	w.commit(remove(subject, again, ""))
	want.Live, want.Waiting = nil, nil
	want.Removing = append(want.Removing, entitlement.Removing{Assignment: again.Assignment, Package: again.Package})
	check()
}

func addTwice(w *fixture) {
	subject, a := newID[entitlement.UserID](), waiting()
	w.commit(add(subject, a))
	before := w.subjectRecord(subject)
	w.refuse(entitlement.PartSubjectRecord, add(subject, a))
	w.refuse(entitlement.PartSubjectRecord, add(subject, entitlement.Waiting{Package: a.Package, Assignment: newID[entitlement.AssignmentID]()}))
	w.same(w.subjectRecord(subject), before)
}

func addIncompatible(w *fixture) {
	subject, a, b, other := newID[entitlement.UserID](), waiting(), waiting(), newID[entitlement.PackageID]()
	w.commit(add(subject, a, other))
	before := w.subjectRecord(subject)
	w.refuse(entitlement.PartSubjectRecord, add(subject, b, a.Package))
	w.refuse(entitlement.PartSubjectRecord, add(subject, b, other, a.Package))
	w.same(w.subjectRecord(subject), before)

	w.commit(add(subject, b, other))
	w.commit(remove(subject, a, ""))
	w.commit(add(subject, a, other))
	sameSet(w, w.subjectRecord(subject).Live, []entitlement.PackageID{a.Package, b.Package})
}

// apartFrom describes a package becoming live for somebody who is in none of the groups.
func apartFrom(subject entitlement.UserID, what entitlement.Waiting, groups ...entitlement.GroupID) entitlement.Change {
	c := add(subject, what)
	c.SubjectUpdates[0].NotIn = groups
	return c
}

func addNotIn(w *fixture) {
	ann, g, other := w.user(), w.group(), w.group()
	a, b := waiting(), waiting()
	w.commit(apartFrom(ann.ID, a, g.ID, other.ID))
	w.join(ann.ID, g.ID)
	user, record := get[entitlement.User](w)(w.s.User(w.Context(), ann.ID)), w.subjectRecord(ann.ID)
	w.refuse(entitlement.PartDirectory, apartFrom(ann.ID, b, g.ID))
	w.refuse(entitlement.PartDirectory, apartFrom(ann.ID, b, other.ID, g.ID))
	w.same(w.subjectRecord(ann.ID), record)

	w.commit(apartFrom(ann.ID, b, other.ID))
	w.same(get[entitlement.User](w)(w.s.User(w.Context(), ann.ID)), user) // checked, not written
	w.commit(remove(ann.ID, a, ""))
	w.commit(membership(g.ID, ann.ID, false, true))
	w.commit(apartFrom(ann.ID, a, g.ID))
	sameSet(w, w.subjectRecord(ann.ID).Live, []entitlement.PackageID{a.Package, b.Package})
}

func addLongest(w *fixture) {
	ann, a := w.user(), waiting()
	c := add(ann.ID, a)
	for range entitlement.MaxIncompatible {
		c.SubjectUpdates[0].Incompatible = append(c.SubjectUpdates[0].Incompatible, newID[entitlement.PackageID]())
		c.SubjectUpdates[0].NotIn = append(c.SubjectUpdates[0].NotIn, newID[entitlement.GroupID]())
	}
	w.commit(c)
	w.same(w.subjectRecord(ann.ID).Live, []entitlement.PackageID{a.Package})
}

func removeAbsent(w *fixture) {
	subject, a, b := newID[entitlement.UserID](), waiting(), waiting()
	w.refuse(entitlement.PartSubjectRecord, remove(subject, a, ""))
	w.refuse(entitlement.PartSubjectRecord, redeliver(subject, a))
	w.commit(add(subject, a))
	before := w.subjectRecord(subject)
	w.refuse(entitlement.PartSubjectRecord, remove(subject, b, ""))
	w.refuse(entitlement.PartSubjectRecord, redeliver(subject, b))
	w.same(w.subjectRecord(subject), before)

	w.commit(remove(subject, a, ""))
	w.refuse(entitlement.PartSubjectRecord, remove(subject, a, ""))
	w.refuse(entitlement.PartSubjectRecord, redeliver(subject, a))
}

func subjectRecordTouched(w *fixture) {
	subject := newID[entitlement.UserID]()
	touch := entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: subject, CheckAfter: instant(time.Hour)}}}
	w.commit(touch)
	w.commit(touch)
	w.same(w.subjectRecord(subject), entitlement.SubjectRecord{Subject: subject, Generation: 2})
}

func subjectRecordDisabled(w *fixture) {
	subject, a, b := newID[entitlement.UserID](), waiting(), waiting()
	turn := func(off bool) entitlement.Change {
		return entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: subject, Disabled: off, Enabled: !off, CheckAfter: instant(time.Hour)}}}
	}
	w.commit(add(subject, a))
	w.commit(turn(true))
	want := entitlement.SubjectRecord{Subject: subject, Generation: 2, Disabled: true, Live: []entitlement.PackageID{a.Package}, Waiting: []entitlement.Waiting{a}}
	w.same(w.subjectRecord(subject), want)
	// While disabled nothing begins, and what is there may end.
	w.refuse(entitlement.PartSubjectRecord, add(subject, b))
	w.same(w.subjectRecord(subject), want)

	w.commit(settle(subject, 2))
	w.commit(remove(subject, a, ""))
	if h := w.subjectRecord(subject); !h.Disabled || len(h.Live) != 0 || h.Generation != 3 {
		w.Fatalf("got %v, want an empty record that is disabled", h)
	}
	w.refuse(entitlement.PartSubjectRecord, add(subject, b))
	w.commit(turn(false))
	w.commit(add(subject, b))
	if h := w.subjectRecord(subject); h.Disabled || len(h.Live) != 1 {
		w.Fatalf("got %v, want a record that is enabled", h)
	}

	// Disabled before anything was ever given: that counts as well (R39).
	outsider := newID[entitlement.UserID]()
	w.commit(entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: outsider, Disabled: true, CheckAfter: instant(time.Hour)}}})
	w.refuse(entitlement.PartSubjectRecord, add(outsider, b))
}

func subjectRecordTorn(w *fixture) {
	subject, a, b := newID[entitlement.UserID](), waiting(), waiting()
	w.commit(add(subject, a))
	before := w.subjectRecord(subject)
	for _, torn := range []entitlement.SubjectUpdate{
		{Subject: subject, Remove: a, Add: b},
		{Subject: subject, Remove: a, Redeliver: a},
		{Subject: subject, Disabled: true, Enabled: true},
	} {
		w.kind(w.s.Commit(w.Context(), entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{torn}}), entitlement.Invalid)
		w.same(w.subjectRecord(subject), before)
	}
}

func subjectRecordFull(w *fixture) {
	subject, first := newID[entitlement.UserID](), waiting()
	w.commit(add(subject, first))
	for range entitlement.MaxLive - 1 {
		w.commit(add(subject, waiting()))
	}
	// At the bound nothing more begins; what ends makes room.
	before := w.subjectRecord(subject)
	w.refuse(entitlement.PartSubjectRecord, add(subject, waiting()))
	w.same(w.subjectRecord(subject), before)

	w.commit(remove(subject, first, ""))
	w.commit(add(subject, waiting()))
	if live := len(w.subjectRecord(subject).Live); live != entitlement.MaxLive {
		w.Fatalf("got %d live packages, want %d", live, entitlement.MaxLive)
	}
}

func subjectRecordRemovingFull(w *fixture) {
	subject, kept := newID[entitlement.UserID](), waiting()
	w.commit(add(subject, kept))
	for range entitlement.MaxRemoving {
		held := waiting()
		w.commit(add(subject, held))
		w.commit(remove(subject, held, ""))
	}
	// Removals that do not end hold up what is new, and never another removal.
	before := w.subjectRecord(subject)
	w.refuse(entitlement.PartSubjectRecord, add(subject, waiting()))
	w.same(w.subjectRecord(subject), before)

	w.commit(remove(subject, kept, ""))
	if pending := len(w.subjectRecord(subject).Removing); pending != entitlement.MaxRemoving+1 {
		w.Fatalf("got %d removals owed, want %d", pending, entitlement.MaxRemoving+1)
	}
}

func subjectRecordAbsent(w *fixture) {
	subject := newID[entitlement.UserID]()
	record, grantSets, err := w.s.SubjectRecord(w.Context(), subject)
	w.must(err)
	w.same(record, entitlement.SubjectRecord{Subject: subject})
	if len(grantSets) != 0 || record.NeedsReconcile() {
		w.Fatalf("got %d grant sets, needs reconcile %t, want none", len(grantSets), record.NeedsReconcile())
	}
}
