package storetest

import (
	"context"

	"leasehold/pkg/entitlement"
)

// impactScenarios are what an edit of a package's roles relies on, so that what it was agreed on
// is what it does.
var impactScenarios = []scenario{
	{"A4: a change is refused where a record, a place in a package or a list of roles has moved", unmoved},
	{"A4: a change is refused where there is by now what was not there", unmovedAbsent},
	{"A4: a watch is held where no request came, and lifted by one that comes", watched},
	{"A4: the changes of a catalog that wait are found in it", changesOfCatalog},
	{"L9: the edits of a package that are on their way are found with it", jobsOfPackage},
	{"A4: records and grant sets of several people are read at once", subjectsAt},
	{"A4: an edit sees every holder page by page, goes on where a page ended, and is refused where one of them moved meanwhile", holdersUnmoved},
	{"Y2: the jobs that look at a change of a package's roles are found with it, and the people that each round of one found", impactJobs},
	{"A4: a change that waits is agreed to once, and the changes of its catalog are found without it from then on", changeAgreedOnce},
}

func keptChange() kept {
	return keep("Impact change", entitlement.PartConfiguration, func(v *entitlement.ImpactChange) *entitlement.Meta { return &v.Meta },
		func(first, later *entitlement.ImpactChange) {
			later.ID, later.Catalog = first.ID, first.Catalog
			for _, c := range []*entitlement.ImpactChange{first, later} { // its id is Policy, and of what is kept of it only the version counts
				c.Terms.ID, c.Terms.Meta = "", entitlement.Meta{Version: 3}
			}
		},
		func(v entitlement.ImpactChange) entitlement.Change {
			return entitlement.Change{ImpactChanges: []entitlement.ImpactChange{v}}
		},
		func(ctx context.Context, s Store, v entitlement.ImpactChange) (entitlement.ImpactChange, error) {
			return s.ImpactChange(ctx, v.Catalog, v.ID)
		})
}

// decided is a change that was decided on something that it does not write.
func decided(u entitlement.Unmoved) entitlement.Change {
	return entitlement.Change{Unmoved: []entitlement.Unmoved{u}, Groups: []entitlement.Group{{ID: newID[entitlement.GroupID](), DisplayName: unique("group-")}}}
}

func liveIn(p entitlement.PackageID, u entitlement.UserID) entitlement.Change {
	return entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: u, Add: entitlement.Waiting{Package: p, Assignment: newID[entitlement.AssignmentID]()}, CheckAfter: instant(1)}}}
}

func unmoved(w *fixture) {
	p, u := newID[entitlement.PackageID](), newID[entitlement.UserID]()
	slot := entitlement.AssignmentSlot{Package: p, Subject: u, Open: newID[entitlement.RequestID]()}
	w.commit(liveIn(p, u))
	w.commit(entitlement.Change{Slots: []entitlement.AssignmentSlot{slot}, Scopes: []entitlement.PackageScopes{{Package: p}}})

	record, scopes := entitlement.Unmoved{Subject: u, Generation: 1}, entitlement.Unmoved{Package: p, Version: 1}
	place := entitlement.Unmoved{Package: p, Subject: u, Version: slot.FirstVersion()}
	for _, held := range []entitlement.Unmoved{record, scopes, place} {
		w.commit(decided(held))
	}

	slot.Version = slot.FirstVersion()
	w.commit(liveIn(newID[entitlement.PackageID](), u))
	w.commit(entitlement.Change{Slots: []entitlement.AssignmentSlot{slot}, Scopes: []entitlement.PackageScopes{{Package: p, Meta: entitlement.Meta{Version: 1}}}})
	w.refuse(entitlement.PartSubjectRecord, decided(record))
	w.refuse(entitlement.PartConfiguration, decided(scopes))
	w.refuse(entitlement.PartAssignmentSlot, decided(place))
}

func unmovedAbsent(w *fixture) {
	p, u := newID[entitlement.PackageID](), newID[entitlement.UserID]()
	record, scopes, place := entitlement.Unmoved{Subject: u}, entitlement.Unmoved{Package: p}, entitlement.Unmoved{Package: p, Subject: u}
	for _, held := range []entitlement.Unmoved{record, scopes, place} {
		w.commit(decided(held))
	}

	w.commit(liveIn(p, u))
	w.commit(entitlement.Change{Slots: []entitlement.AssignmentSlot{{Package: p, Subject: u, Open: newID[entitlement.RequestID]()}}, Scopes: []entitlement.PackageScopes{{Package: p}}})
	w.refuse(entitlement.PartSubjectRecord, decided(record))
	w.refuse(entitlement.PartConfiguration, decided(scopes))
	w.refuse(entitlement.PartAssignmentSlot, decided(place))
}

func watched(w *fixture) {
	p := newID[entitlement.PackageID]()
	watch := func(step entitlement.WatchStep, token string, of entitlement.UserID) entitlement.Change {
		return entitlement.Change{Watches: []entitlement.EditWatch{{Package: p, Token: token, Step: step, Subject: of}}}
	}
	w.refuse(entitlement.PartDeletionGuard, watch(entitlement.WatchHeld, "a", "")) // none began
	w.commit(watch(entitlement.WatchBegins, "a", ""))
	w.commit(watch(entitlement.WatchHeld, "a", ""))
	w.refuse(entitlement.PartDeletionGuard, watch(entitlement.WatchHeld, "a", "")) // it ended with that

	for _, u := range crowd()[:3] {
		w.commit(watch(entitlement.WatchBegins, "b", ""))
		w.refuse(entitlement.PartDeletionGuard, guard(p, "", u)) // whoever comes has to lift it first
		w.commit(watch(entitlement.WatchLifted, "", u))
		w.commit(guard(p, "", u))
		w.refuse(entitlement.PartDeletionGuard, watch(entitlement.WatchHeld, "b", ""))
	}

	w.commit(watch(entitlement.WatchBegins, "c", ""))
	w.commit(watch(entitlement.WatchBegins, "d", "")) // another edit began
	w.refuse(entitlement.PartDeletionGuard, watch(entitlement.WatchHeld, "c", ""))
	w.commit(watch(entitlement.WatchLifted, "", ""))
	w.commit(guard(p, "", crowd()[0]))
}

func changesOfCatalog(w *fixture) {
	c := newID[entitlement.CatalogID]()
	for range 2 {
		w.commit(entitlement.Change{ImpactChanges: []entitlement.ImpactChange{{ID: newID[entitlement.ChangeID](), Catalog: c, Created: instant(0)}}})
	}
	w.commit(entitlement.Change{ImpactChanges: []entitlement.ImpactChange{{ID: newID[entitlement.ChangeID](), Catalog: newID[entitlement.CatalogID](), Created: instant(0)}}})
	if all := get[[]entitlement.ImpactChange](w)(w.s.ImpactChanges(w.Context(), c)); len(all) != 2 || all[0].Catalog != c || all[0].Version != 1 {
		w.Errorf("got %v", all)
	}
}

func subjectsAt(w *fixture) {
	p, u, nobody := newID[entitlement.PackageID](), newID[entitlement.UserID](), newID[entitlement.UserID]()
	w.commit(liveIn(p, u))
	records, sets, err := w.s.SubjectsAt(w.Context(), []entitlement.UserID{u, nobody}, newID[entitlement.ConnectorID]())
	w.must(err)
	if len(records) != 1 || records[u].Generation != 1 || records[u].Live[0] != p || len(sets) != 0 {
		w.Errorf("got %v, %v", records, sets)
	}
}

func jobsOfPackage(w *fixture) {
	p := newID[entitlement.PackageID]()
	for generation := range int64(2) {
		w.commit(entitlement.Change{Jobs: []entitlement.Job{{Package: p, Generation: generation + 1, Told: 3, CheckAfter: instant(1), Created: instant(0)}}})
	}
	if all := get[[]entitlement.Job](w)(w.s.JobsOf(w.Context(), p)); len(all) != 2 || all[0].Generation != 1 || all[1].Told != 3 {
		w.Errorf("got %v", all)
	}
}

func holdersUnmoved(w *fixture) {
	p := newID[entitlement.PackageID]()
	w.commit(entitlement.Change{Scopes: []entitlement.PackageScopes{{Package: p}}})
	var want []entitlement.UserID
	for range 5 {
		r, _ := w.hold(p, newID[entitlement.UserID]())
		want = append(want, r.Subject)
	}
	w.hold(newID[entitlement.PackageID](), want[0])

	// The first page is small, and what follows is as much as one call reads.
	first := get[entitlement.Paged[entitlement.AssignmentSlot]](w)(w.s.Holders(w.Context(), p, entitlement.Page{Limit: 2}))
	rest := get[entitlement.Paged[entitlement.AssignmentSlot]](w)(w.s.Slots(w.Context(), p, first.Next, 0))
	if len(first.Items) != 2 || rest.Next != "" {
		w.Fatalf("%d on the first page, and then %q", len(first.Items), rest.Next)
	}
	change := decided(entitlement.Unmoved{Package: p, Version: 1})
	var got []entitlement.UserID
	for _, slot := range append(first.Items, rest.Items...) {
		got = append(got, slot.Subject)
		change.Unmoved = append(change.Unmoved, entitlement.Unmoved{Package: p, Subject: slot.Subject, Version: slot.Version}, entitlement.Unmoved{Subject: slot.Subject, Generation: 1})
	}
	sameSet(w, got, want)
	for i := range change.Unmoved {
		// The first holds two packages: two changes of that record.
		if change.Unmoved[i].Subject == want[0] && change.Unmoved[i].Package == "" {
			change.Unmoved[i].Generation = 2
		}
	}
	w.commit(change)

	left := rest.Items[len(rest.Items)-1]
	w.end(left)
	change.Groups = decided(entitlement.Unmoved{}).Groups
	w.refuse(entitlement.PartAssignmentSlot, entitlement.Change{Groups: change.Groups, Unmoved: []entitlement.Unmoved{{Package: p, Subject: left.Subject, Version: left.Version}}})
	w.refuse(entitlement.PartSubjectRecord, entitlement.Change{Groups: change.Groups, Unmoved: []entitlement.Unmoved{{Subject: left.Subject, Generation: 1}}})
}

func changeAgreedOnce(w *fixture) {
	c := newID[entitlement.CatalogID]()
	var waiting []entitlement.ImpactChange
	for range 2 {
		one := entitlement.ImpactChange{ID: newID[entitlement.ChangeID](), Catalog: c, Created: instant(0)}
		w.commit(entitlement.Change{ImpactChanges: []entitlement.ImpactChange{one}})
		one.Version = 1
		waiting = append(waiting, one)
	}

	agreed := waiting[0]
	agreed.Erased = true
	w.commit(entitlement.Change{ImpactChanges: []entitlement.ImpactChange{agreed}})
	w.refuse(entitlement.PartConfiguration, entitlement.Change{ImpactChanges: []entitlement.ImpactChange{agreed}})
	_, err := w.s.ImpactChange(w.Context(), c, agreed.ID)
	w.kind(err, entitlement.NotFound)
	_, err = w.s.ImpactChange(w.Context(), newID[entitlement.CatalogID](), waiting[1].ID) // it is in another catalog
	w.kind(err, entitlement.NotFound)
	if all := get[[]entitlement.ImpactChange](w)(w.s.ImpactChanges(w.Context(), c)); len(all) != 1 || all[0].ID != waiting[1].ID {
		w.Errorf("got %v", all)
	}
}
