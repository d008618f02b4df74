package storetest

import (
	"slices"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

var settlementScenarios = []scenario{
	{"S22: a subject is pending from its time to check on until exactly its generation is settled", pendingRow},
	{"S22: a subject that is not reconciled moves to its next attempt", pendingMoves},
	{"S22: what is settled is not owed again by a worker that knows less", settleOnce},
	{"S14: a settlement against another generation records nothing", settleStale},
	{"A settlement takes away what was delivered and removed, and nothing else", settleBooks},
	{"PendingReconciliation pages through a shard, oldest first", pendingPages},
	{"A removal is among what is owed since its end, until its roles are gone", lateRemoval},
	{"What fails is among what is owed since it began to, while it is not refused for good", lateDelivery},
}

// late polls until exactly want is what is owed since until or longer of the two.
func (w *fixture) late(until time.Time, of func(entitlement.Late) bool, want ...entitlement.Late) {
	w.Helper()

	w.eventually(func() string {
		var got []entitlement.Late

		for shard := range names.LateShards {
			// The shards are shared with all other tests.
			for _, l := range readAll(w, 0, func(page entitlement.Page) (entitlement.Paged[entitlement.Late], error) {
				return w.s.Late(w.Context(), shard, until, page)
			}) {
				if of(l) {
					got = append(got, l)
				}
			}
		}

		return diff(got, want)
	})
}

func lateRemoval(w *fixture) {
	subject := newID[entitlement.UserID]()
	_, slot := w.hold(newID[entitlement.PackageID](), subject)
	past := w.end(slot)
	own := func(l entitlement.Late) bool { return l.Assignment == past.ID }
	w.late(past.Ended, own, entitlement.Late{Since: past.Ended, Assignment: past.ID})
	w.late(past.Ended.Add(-1), own)
	past.Removed = past.Ended.Add(time.Hour)
	w.commit(entitlement.Change{Ended: []entitlement.Assignment{past}})
	w.late(past.Removed, own)
}

func lateDelivery(w *fixture) {
	d := newGrantSetKey()
	own := func(l entitlement.Late) bool { return l.Subject == d.subject }
	final := down("refused", instant(0))
	final.Permanent = true
	d.records(w, final, down("down", instant(time.Minute)))
	w.late(instant(time.Minute), own, entitlement.Late{Since: instant(time.Minute), Subject: d.subject, Connector: d.at})
	w.late(instant(time.Minute-1), own)
	d.records(w, final)
	w.late(instant(time.Hour), own)
	d.records(w)
	w.late(instant(time.Hour), own)
}

// checkAfter is long before everything else that is pending in the table, so that few entries lie
// in front of it.
var checkAfter = time.Date(1999, 1, 1, 0, 0, 0, 7, time.UTC)

// listedPending counts the entries that each shard shows of the subject by until.
func listedPending(w *fixture, subject entitlement.UserID, until time.Time) (rows int) {
	w.Helper()
	for shard := range names.ReconcileShards {
		for _, u := range readAll(w, entitlement.PageSize, func(page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
			return w.s.PendingReconciliation(w.Context(), shard, until, page)
		}) {
			if u == subject {
				rows++
			}
		}
	}
	return rows
}

// pending polls until the subject is owed, or not, by until.
func pending(w *fixture, subject entitlement.UserID, until time.Time, want int) {
	w.Helper()
	w.eventually(func() string {
		if got := listedPending(w, subject, until); got != want {
			return "the number of entries pending is wrong"
		}
		return ""
	})
}

func settle(subject entitlement.UserID, generation int64) entitlement.Change {
	return entitlement.Change{Settlements: []entitlement.Settlement{{Subject: subject, Generation: generation, Reconciled: true}}}
}

func pendingRow(w *fixture) {
	subject, a := newID[entitlement.UserID](), waiting()
	c := add(subject, a)
	c.SubjectUpdates[0].CheckAfter = checkAfter
	w.commit(c)
	// It is found from the moment on in which the message had its time.
	pending(w, subject, checkAfter, 1)
	pending(w, subject, checkAfter.Add(-1), 0)
	pending(w, subject, checkAfter.Add(time.Hour), 1)

	c = redeliver(subject, a)
	c.SubjectUpdates[0].CheckAfter = checkAfter.Add(time.Minute)
	w.commit(c)
	pending(w, subject, checkAfter.Add(time.Minute-1), 0)
	pending(w, subject, checkAfter.Add(time.Minute), 1)

	// A settlement of an older generation leaves it where it is.
	w.refuse(entitlement.PartSubjectRecord, settle(subject, 1))
	pending(w, subject, checkAfter.Add(time.Minute), 1)
	w.commit(settle(subject, 2))
	pending(w, subject, checkAfter.Add(time.Hour), 0)
	if h := w.subjectRecord(subject); h.NeedsReconcile() || h.ObservedGeneration != 2 || h.Generation != 2 {
		w.Fatalf("got generation %d settled %d, want 2 and 2", h.Generation, h.ObservedGeneration)
	}

	c = remove(subject, a, "")
	c.SubjectUpdates[0].CheckAfter = checkAfter
	w.commit(c)
	pending(w, subject, checkAfter, 1)
	if h := w.subjectRecord(subject); !h.NeedsReconcile() || h.ObservedGeneration != 2 || h.Generation != 3 {
		w.Fatalf("got generation %d settled %d, want 3 and 2", h.Generation, h.ObservedGeneration)
	}
}

func pendingMoves(w *fixture) {
	subject, a, next := newID[entitlement.UserID](), waiting(), checkAfter.Add(3*time.Second)
	c := add(subject, a)
	c.SubjectUpdates[0].CheckAfter = checkAfter
	w.commit(c)
	w.commit(entitlement.Change{Settlements: []entitlement.Settlement{{Subject: subject, Generation: 1, Next: next}}})
	pending(w, subject, next.Add(-1), 0)
	pending(w, subject, next, 1)
	w.same(w.subjectRecord(subject), entitlement.SubjectRecord{Subject: subject, Generation: 1, Live: []entitlement.PackageID{a.Package}, Waiting: []entitlement.Waiting{a}})

	w.commit(settle(subject, 1))
	pending(w, subject, next, 0)
}

func settleOnce(w *fixture) {
	subject, a := newID[entitlement.UserID](), waiting()
	c := add(subject, a)
	c.SubjectUpdates[0].CheckAfter = checkAfter
	w.commit(c)
	w.commit(settle(subject, 1))
	before := w.subjectRecord(subject)
	w.refuse(entitlement.PartSubjectRecord, entitlement.Change{Settlements: []entitlement.Settlement{{Subject: subject, Generation: 1, Next: checkAfter}}})
	w.same(w.subjectRecord(subject), before)
	pending(w, subject, instant(time.Hour), 0)
	w.commit(settle(subject, 1)) // another worker of the same outcome
}

func settleStale(w *fixture) {
	subject, a, b := newID[entitlement.UserID](), waiting(), waiting()
	c := add(subject, a)
	c.SubjectUpdates[0].CheckAfter = checkAfter
	w.commit(c)

	w.commit(add(subject, b))

	before := w.subjectRecord(subject)
	// Older and newer ones alike: only the generation that was planned on counts.
	for _, generation := range []int64{0, 1, 3} {
		for _, settled := range []bool{true, false} {
			w.refuse(entitlement.PartSubjectRecord, entitlement.Change{Settlements: []entitlement.Settlement{{Subject: subject, Generation: generation,
				Reconciled: settled, Next: checkAfter, Delivered: []entitlement.Waiting{a, b}}}})
		}
	}

	w.same(w.subjectRecord(subject), before)
	pending(w, subject, instant(time.Hour), 1)
}

func settleBooks(w *fixture) {
	subject, a, b, c, d := newID[entitlement.UserID](), waiting(), waiting(), waiting(), waiting()
	for _, x := range []entitlement.Waiting{a, b, c, d} {
		w.commit(add(subject, x))
	}
	removal := newID[entitlement.RequestID]()
	w.commit(remove(subject, c, removal))
	w.commit(remove(subject, d, ""))
	want := w.subjectRecord(subject)

	w.commit(entitlement.Change{Settlements: []entitlement.Settlement{{Subject: subject, Generation: 6, Next: checkAfter,
		Delivered: []entitlement.Waiting{a}, Removed: []entitlement.Removing{{Assignment: c.Assignment, Package: c.Package, Request: removal}}}}})
	// What was delivered and removed goes, and nothing else.
	want.Waiting = slices.DeleteFunc(want.Waiting, func(x entitlement.Waiting) bool { return x == a })
	want.Removing = []entitlement.Removing{{Assignment: d.Assignment, Package: d.Package}}
	w.same(w.subjectRecord(subject), want)

	w.commit(entitlement.Change{Settlements: []entitlement.Settlement{{Subject: subject, Generation: 6, Reconciled: true,
		Delivered: []entitlement.Waiting{b, waiting()}, Removed: []entitlement.Removing{{Assignment: d.Assignment, Package: d.Package}}}}})
	// What is not there any more is no reason to refuse: another worker settled it.
	want.Waiting, want.Removing, want.ObservedGeneration = nil, nil, 6
	w.same(w.subjectRecord(subject), want)
	sameSet(w, want.Live, []entitlement.PackageID{a.Package, b.Package})
}

func pendingPages(w *fixture) {
	var want []entitlement.UserID

	for i := range 12 {
		subject := newID[entitlement.UserID]()
		c := add(subject, waiting())
		c.SubjectUpdates[0].CheckAfter = checkAfter.Add(-time.Hour + time.Duration(i))
		w.commit(c)
		want = append(want, subject)
	}

	w.eventually(func() string {
		var all []entitlement.UserID
		for shard := range names.ReconcileShards {
			mine := mine(want, readAll(w, 1, func(page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
				return w.s.PendingReconciliation(w.Context(), shard, checkAfter.Add(-time.Minute), page)
			}))
			// The oldest are repaired first.
			if !slices.IsSortedFunc(mine, func(a, b entitlement.UserID) int { return slices.Index(want, a) - slices.Index(want, b) }) {
				return "a shard is not sorted by time"
			}
			all = append(all, mine...)
		}

		slices.Sort(all)
		return diff(all, slices.Sorted(slices.Values(want)))
	})
}

// mine keeps those elements of all that are in want, in the order of all.
func mine[T comparable](want, all []T) []T {
	return slices.DeleteFunc(all, func(x T) bool { return !slices.Contains(want, x) })
}
