package storetest

import (
	"slices"
	"time"

	"leasehold/pkg/entitlement"
)

var absenceScenarios = []scenario{
	{"An absence that is noted falls due, with what was noted before, and its look begins anew", absenceNoted},
	{"Only the version of an absence that was read is changed or erased", absenceLooked},
	{"Groups that a policy has approve, or had, are told from others", approvingGroups},
	{"A request that asks the administrators is in their inbox, though no policy names them", inboxOfAdministrators},
}

// absence reads what is noted of somebody.
func (w *fixture) absence(u entitlement.UserID) []entitlement.Absence {
	w.Helper()
	items := get[entitlement.DueItems](w)(w.s.Read(w.Context(), []entitlement.DueRef{{Kind: entitlement.DueAbsence, Absent: u}}))
	return items.Absences
}

func (w *fixture) note(a entitlement.Absence) {
	w.Helper()
	w.commit(entitlement.Change{Absences: []entitlement.Absence{a}})
}

func absenceNoted(w *fixture) {
	u := newID[entitlement.UserID]()
	groups := []entitlement.GroupID{newID[entitlement.GroupID](), newID[entitlement.GroupID](), newID[entitlement.GroupID]()}
	slices.Sort(groups)
	if got := w.absence(u); len(got) != 0 {
		w.Fatalf("got %v of nobody", got)
	}
	w.note(entitlement.Absence{Person: u, Groups: groups[1:], Due: dueTime})
	want := entitlement.Absence{Person: u, Groups: groups[1:], Due: dueTime, Meta: entitlement.Meta{Version: 1}}
	w.same(w.absence(u), []entitlement.Absence{want})
	fallsDue(w, entitlement.DueRef{Kind: entitlement.DueAbsence, Absent: u, At: dueTime})

	want.Again, want.Cursor, want.Due = true, "cursor", dueTime.Add(time.Minute)
	w.note(want)
	want.Version = 2
	w.same(w.absence(u), []entitlement.Absence{want})
	fallsDue(w, entitlement.DueRef{Kind: entitlement.DueAbsence, Absent: u, At: want.Due})

	// A second note of the same person adds to the first and begins the look anew.
	w.note(entitlement.Absence{Person: u, Groups: groups[:2], Due: dueTime.Add(time.Second)})
	want = entitlement.Absence{Person: u, Groups: groups, Due: dueTime.Add(time.Second), Meta: entitlement.Meta{Version: 3}}
	w.same(w.absence(u), []entitlement.Absence{want})
	fallsDue(w, entitlement.DueRef{Kind: entitlement.DueAbsence, Absent: u, At: want.Due})
	w.note(entitlement.Absence{Person: u, Due: dueTime})
	w.same(len(w.absence(u)[0].Groups), 3)
}

func absenceLooked(w *fixture) {
	u := newID[entitlement.UserID]()
	a := entitlement.Absence{Person: u, Due: dueTime}

	w.note(a)
	a.Version = 2
	// A version that is not the stored one: somebody looked at it meanwhile.
	w.refuse(entitlement.PartDirectory, entitlement.Change{Absences: []entitlement.Absence{a}})

	a.Version, a.Cursor = 1, "cursor"
	w.note(a)
	w.refuse(entitlement.PartDirectory, entitlement.Change{Absences: []entitlement.Absence{a}})

	a.Erased = true
	w.refuse(entitlement.PartDirectory, entitlement.Change{Absences: []entitlement.Absence{a}})
	a.Version = 2
	w.note(a)

	if got := w.absence(u); len(got) != 0 {
		w.Fatalf("got %v after it was erased", got)
	}
	fallsDueNever(w, entitlement.DueRef{Kind: entitlement.DueAbsence, Absent: u})
}

func approvingGroups(w *fixture) {
	first, second, other := w.approverGroup(), w.approverGroup(), w.group().ID
	groups := []entitlement.GroupID{second, other, first}
	sameSet(w, get[[]entitlement.GroupID](w)(w.s.Approving(w.Context(), groups)), []entitlement.GroupID{first, second})
	for _, none := range [][]entitlement.GroupID{nil, {other}} {
		if got := get[[]entitlement.GroupID](w)(w.s.Approving(w.Context(), none)); len(got) != 0 {
			w.Fatalf("got %v of %v", got, none)
		}
	}
}

func inboxOfAdministrators(w *fixture) {
	ann := w.user()
	w.join(ann.ID, entitlement.AdministratorsGroup)
	ann = get[entitlement.User](w)(w.s.User(w.Context(), ann.ID))

	alone := w.pending(instant(0), entitlement.Administrators)
	beside := w.pending(instant(1), byUser(newID[entitlement.UserID]()), entitlement.Administrators)
	// The index may be late, and requests of other tests ask administrators too.
	w.eventually(func() string {
		var got []entitlement.RequestID
		for _, id := range requestIDs(readAll(w, 0, w.inbox(ann))) {
			if id == alone.ID || id == beside.ID {
				got = append(got, id)
			}
		}
		return diff(got, []entitlement.RequestID{alone.ID, beside.ID})
	})

	sameSet(w, get[[]entitlement.GroupID](w)(w.s.Approving(w.Context(), ann.Groups)), []entitlement.GroupID{entitlement.AdministratorsGroup})
}
