package storetest

import (
	"slices"
	"time"

	"leasehold/pkg/entitlement"
)

var assignmentScenarios = []scenario{
	{"An assignment is found by its id, live and then ended", assignmentByID},
	{"A request that made no assignment names none", assignmentOfNone},
	{"A subject's live assignments are those that its record names", assignmentsLive},
	{"Ended assignments are listed by subject and package, newest request first", assignmentsEnded},
	{"A package's slots are paged, those of other packages apart", holdersPaged},
	{"S5: a slot that is empty is gone, and may be taken again", slotLife},
	{"ReconcileInputs reads everything that a reconciliation is decided on", reconcileInputsWhole},
	{"ReconcileInputs leaves out what is absent", reconcileInputsAbsent},
	{"scopes, live and ended assignments of many are read by what names them", readsOfMany},
}

// bare drops the version of a live assignment, which is its slot's.
func bare(a entitlement.Assignment) entitlement.Assignment {
	if a.State.Live() {
		a.Version = 0
	}
	return a
}

func assignmentByID(w *fixture) {
	p, ann := newID[entitlement.PackageID](), newID[entitlement.UserID]()
	r, slot := w.hold(p, ann)
	id := r.AssignmentOf()
	got := get[entitlement.Assignment](w)(w.s.Assignment(w.Context(), id))
	w.same(bare(got), *slot.Assignment)

	// Once it has ended it lies with the request of the same id.
	past := w.end(slot)
	got = get[entitlement.Assignment](w)(w.s.Assignment(w.Context(), id))
	w.same(got, past)

	// The slot is free again: a second assignment must not be taken for the first.
	again, second := w.hold(p, ann)
	got = get[entitlement.Assignment](w)(w.s.Assignment(w.Context(), again.AssignmentOf()))
	w.same(bare(got), *second.Assignment)
	w.same(get[entitlement.Assignment](w)(w.s.Assignment(w.Context(), id)), past)
}

func assignmentOfNone(w *fixture) {
	p, ann := newID[entitlement.PackageID](), newID[entitlement.UserID]()
	open := w.submit(newID[entitlement.PackageID](), ann)
	_, slot := w.hold(p, ann)
	extension, e := asked(p, ann, instant(1))
	extension.Type, extension.Assignment = entitlement.UserUpdate, slot.Assignment.ID
	w.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{extension}, Events: []entitlement.Event{e}})
	for _, id := range []entitlement.AssignmentID{open.AssignmentOf(), extension.AssignmentOf(), newID[entitlement.AssignmentID]()} {
		_, err := w.s.Assignment(w.Context(), id)
		w.kind(err, entitlement.NotFound)
	}
}

func assignmentsLive(w *fixture) {
	ann := newID[entitlement.UserID]()
	live := func() (ids []entitlement.AssignmentID) {
		all, err := w.s.AssignmentsOf(w.Context(), ann)
		w.must(err)
		for _, a := range all {
			ids = append(ids, a.ID)
		}
		return ids
	}

	sameSet(w, live(), nil)

	a, slot := w.hold(newID[entitlement.PackageID](), ann)
	b, _ := w.hold(newID[entitlement.PackageID](), ann)
	// Neither an open request nor another person's assignment is a live one.
	w.submit(newID[entitlement.PackageID](), ann)
	w.hold(a.Package, newID[entitlement.UserID]())

	sameSet(w, live(), []entitlement.AssignmentID{a.AssignmentOf(), b.AssignmentOf()})

	w.end(slot)
	sameSet(w, live(), []entitlement.AssignmentID{b.AssignmentOf()})
}

func assignmentsEnded(w *fixture) {
	p, ann := newID[entitlement.PackageID](), newID[entitlement.UserID]()
	var want []entitlement.AssignmentID
	for range 3 {
		_, slot := w.hold(p, ann) // all of one instant
		want = append(want, w.end(slot).ID)
	}
	w.hold(p, ann)
	w.submit(newID[entitlement.PackageID](), ann)
	old, e := asked(p, ann, instant(-time.Hour))
	past := *assigned(old)
	past.State, past.Target = entitlement.AssignmentExpired, entitlement.TargetAbsent
	w.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{old}, Events: []entitlement.Event{e}, Ended: []entitlement.Assignment{past}})
	want = append(want, past.ID)

	for _, list := range []func(entitlement.Page) (entitlement.Paged[entitlement.Assignment], error){
		func(page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
			return w.s.EndedOf(w.Context(), ann, page)
		},
		func(page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
			return w.s.EndedFor(w.Context(), p, page)
		},
	} {
		for _, limit := range []int{0, 1, 2} {
			w.eventually(func() string {
				var got []entitlement.AssignmentID
				for _, a := range readAll(w, limit, list) {
					got = append(got, a.ID)
				}
				if len(got) > 0 && got[len(got)-1] != past.ID {
					return "the oldest is not the last"
				}
				return diff(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)))
			})
		}
	}
}

func (w *fixture) holders(p entitlement.PackageID, limit int) []entitlement.AssignmentSlot {
	w.Helper()
	return readAll(w, limit, func(page entitlement.Page) (entitlement.Paged[entitlement.AssignmentSlot], error) {
		return w.s.Holders(w.Context(), p, page)
	})
}

func holdersPaged(w *fixture) {
	p := newID[entitlement.PackageID]()
	var want []entitlement.UserID
	for range 3 {
		r, _ := w.hold(p, newID[entitlement.UserID]())
		want = append(want, r.Subject)
	}
	for range 2 {
		want = append(want, w.submit(p, newID[entitlement.UserID]()).Subject)
	}

	w.hold(newID[entitlement.PackageID](), want[0])
	w.commit(setGuard(p, "", true)) // guards share the package's place, and are no slots

	for _, limit := range []int{0, 1, 2} {
		var got []entitlement.UserID
		for _, slot := range w.holders(p, limit) {
			stored := get[entitlement.AssignmentSlot](w)(w.s.AssignmentSlot(w.Context(), p, slot.Subject))
			w.same(slot, stored)
			got = append(got, slot.Subject)
		}
		sameSet(w, got, want)
	}
}

func slotLife(w *fixture) {
	p, ann := newID[entitlement.PackageID](), newID[entitlement.UserID]()
	first := w.submit(p, ann)
	second, e := asked(p, ann, instant(1))
	again := entitlement.Change{Requests: []entitlement.AssignmentRequest{second}, Events: []entitlement.Event{e},
		Slots: []entitlement.AssignmentSlot{{Package: p, Subject: ann, Open: second.ID}}}
	w.refuse(entitlement.PartAssignmentSlot, again)
	_, err := w.s.Request(w.Context(), second.ID)
	w.kind(err, entitlement.NotFound)

	w.freeSlot(first)
	w.same(get[entitlement.AssignmentSlot](w)(w.s.AssignmentSlot(w.Context(), p, ann)), entitlement.AssignmentSlot{Package: p, Subject: ann})
	if got := w.holders(p, 0); len(got) != 0 {
		w.Fatalf("got %d slots, want none", len(got))
	}
	w.commit(again)
	made := get[entitlement.AssignmentSlot](w)(w.s.AssignmentSlot(w.Context(), p, ann))
	w.same(made, entitlement.AssignmentSlot{Package: p, Subject: ann, Open: second.ID, Meta: entitlement.Meta{Version: made.FirstVersion()}})

	late := entitlement.AssignmentSlot{Package: p, Subject: ann, Open: first.ID} // decided on the slot before
	late.Version = late.FirstVersion()
	w.refuse(entitlement.PartAssignmentSlot, entitlement.Change{Slots: []entitlement.AssignmentSlot{late}})
	w.same(get[entitlement.AssignmentSlot](w)(w.s.AssignmentSlot(w.Context(), p, ann)), made)
}

func reconcileInputsWhole(w *fixture) {
	ann := w.user()
	scopes := map[entitlement.PackageID]entitlement.PackageScopes{}
	offer := func() entitlement.PackageID {
		s := entitlement.PackageScopes{Package: newID[entitlement.PackageID](), List: []entitlement.ResourceRoleScope{filled[entitlement.ResourceRoleScope]()}}
		w.commit(entitlement.Change{Scopes: []entitlement.PackageScopes{s}})
		s.Version = 1
		scopes[s.Package] = s
		return s.Package
	}
	live, settled := offer(), offer()
	r, slot := w.hold(live, ann.ID)
	calm, _ := w.hold(settled, ann.ID)
	_, gone := w.hold(offer(), ann.ID)
	past := w.end(gone)
	removal := w.submit(newID[entitlement.PackageID](), newID[entitlement.UserID]())

	// What is delivered waits for nothing, so neither its slot nor its request is read.
	record := w.subjectRecord(ann.ID)
	record.Waiting = slices.DeleteFunc(record.Waiting, func(x entitlement.Waiting) bool { return x.Package == calm.Package })
	record.Removing[0].Request = removal.ID
	got, err := w.s.ReconcileInputs(w.Context(), record)
	w.must(err)
	for p, s := range got.Slots {
		a := bare(*s.Assignment)
		s.Assignment = &a
		got.Slots[p] = s
	}
	w.same(got, entitlement.ReconcileInputs{Subject: &ann, Scopes: scopes, Slots: map[entitlement.PackageID]entitlement.AssignmentSlot{live: slot},
		Ended:    map[entitlement.AssignmentID]entitlement.Assignment{past.ID: past},
		Requests: map[entitlement.RequestID]entitlement.AssignmentRequest{r.ID: r, removal.ID: removal}})
}

func reconcileInputsAbsent(w *fixture) {
	a := waiting()
	got, err := w.s.ReconcileInputs(w.Context(), entitlement.SubjectRecord{Subject: newID[entitlement.UserID](), Live: []entitlement.PackageID{a.Package},
		Waiting: []entitlement.Waiting{a}, Removing: []entitlement.Removing{{Assignment: newID[entitlement.AssignmentID](), Request: newID[entitlement.RequestID]()}}})
	w.must(err)
	w.same(got, entitlement.ReconcileInputs{})
}

func readsOfMany(w *fixture) {
	ann := w.user()
	s := entitlement.PackageScopes{Package: newID[entitlement.PackageID](), List: []entitlement.ResourceRoleScope{filled[entitlement.ResourceRoleScope]()}}
	w.commit(entitlement.Change{Scopes: []entitlement.PackageScopes{s}})
	s.Version = 1
	// What nobody holds any more, and a package that never was, are left out and refuse nothing.
	nobodys := newID[entitlement.PackageID]()
	r, slot := w.hold(s.Package, ann.ID)
	left, gone := w.hold(nobodys, ann.ID)
	past := w.end(gone)

	w.same(get[map[entitlement.PackageID]entitlement.PackageScopes](w)(w.s.ScopesOf(w.Context(), []entitlement.PackageID{nobodys, s.Package})),
		map[entitlement.PackageID]entitlement.PackageScopes{s.Package: s})
	live := get[map[entitlement.AssignmentID]entitlement.Assignment](w)(w.s.LiveAssignments(w.Context(),
		[]entitlement.PackageSubject{{Package: s.Package, Subject: ann.ID}, {Package: nobodys, Subject: ann.ID}, {Package: newID[entitlement.PackageID](), Subject: ann.ID}}))
	if len(live) != 1 || live[r.AssignmentOf()].Package != slot.Package {
		w.Fatalf("live: %+v", live)
	}
	w.same(get[map[entitlement.AssignmentID]entitlement.Assignment](w)(w.s.EndedAssignments(w.Context(), []entitlement.AssignmentID{past.ID, r.AssignmentOf()})),
		map[entitlement.AssignmentID]entitlement.Assignment{past.ID: past})

	made, err := w.s.Requests(w.Context(), []entitlement.RequestID{r.ID, newID[entitlement.RequestID](), left.ID})
	if err != nil || len(made) != 2 {
		w.Fatalf("requests: %+v, %v", made, err)
	}
	for _, q := range made {
		if q.ID != r.ID && q.ID != left.ID || q.Subject != ann.ID {
			w.Fatalf("a request: %+v", q)
		}
	}
}
