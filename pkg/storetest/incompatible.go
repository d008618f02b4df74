package storetest

import "leasehold/pkg/entitlement"

var incompatibleScenarios = []scenario{
	{"R178: a package is told at once who lists it, page by page, and nobody whom it lists", listers},
	{"An entry of a list is made once and ended once", listedOnce},
}

func lists(by, listed entitlement.PackageID, erased bool) entitlement.Change {
	return entitlement.Change{Incompatibilities: []entitlement.Incompatibility{{Package: by, Listed: listed, Erased: erased}}}
}

func (w *fixture) incompatibleWith(id entitlement.PackageID, limit int) []entitlement.PackageID {
	w.Helper()
	return readAll(w, limit, func(page entitlement.Page) (entitlement.Paged[entitlement.PackageID], error) {
		return w.s.IncompatibleWith(w.Context(), id, page)
	})
}

func listers(w *fixture) {
	listed := newID[entitlement.PackageID]()

	var want []entitlement.PackageID
	for range 7 {
		by := newID[entitlement.PackageID]()
		w.commit(lists(by, listed, false))
		want = append(want, by)
	}

	other := newID[entitlement.PackageID]()
	w.commit(lists(listed, other, false))
	w.commit(lists(listed, want[0], false)) // mutual

	for _, limit := range []int{0, 1, 3, 7} {
		sameSet(w, w.incompatibleWith(listed, limit), want)
	}

	w.same(w.incompatibleWith(other, 0), []entitlement.PackageID{listed})

	w.commit(lists(want[0], listed, true))
	sameSet(w, w.incompatibleWith(listed, 2), want[1:])
	w.same(w.incompatibleWith(want[0], 0), []entitlement.PackageID{listed})
}

func listedOnce(w *fixture) {
	by, listed := newID[entitlement.PackageID](), newID[entitlement.PackageID]()
	for range 2 {
		w.refuse(entitlement.PartConfiguration, lists(by, listed, true))
		w.commit(lists(by, listed, false))
		w.refuse(entitlement.PartConfiguration, lists(by, listed, false))
		w.same(w.incompatibleWith(listed, 0), []entitlement.PackageID{by})
		w.commit(lists(by, listed, true))
		w.same(w.incompatibleWith(listed, 0), []entitlement.PackageID(nil))
	}
}
