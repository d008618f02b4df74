package catalogs_test

import (
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

func (w *fixture) read(id entitlement.PackageID) entitlement.AccessPackage {
	w.t.Helper()
	return must[entitlement.AccessPackage](w.t)(w.store.Package(w.t.Context(), id))
}

func (w *fixture) group() entitlement.GroupID {
	w.t.Helper()
	g := entitlement.GroupID(w.clock.New())
	if err := w.store.Commit(w.t.Context(), entitlement.Change{Groups: []entitlement.Group{{ID: g, DisplayName: "G"}}}); err != nil {
		w.t.Fatal(err)
	}
	return g
}

func (w *fixture) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// listers are the packages that list the one.
func (w *fixture) listers(id entitlement.PackageID) []entitlement.PackageID {
	w.t.Helper()
	list, err := w.IncompatibleWith(w.t.Context(), by.Caller, id, entitlement.Page{})
	w.ok(err)
	var ids []entitlement.PackageID
	for _, p := range list.Items {
		ids = append(ids, p.ID)
	}
	return ids
}

func TestR177_APackageListsPackagesOfAnyCatalogAndGroups_R178_OneWay(t *testing.T) {
	w := newFixture(t)
	a, b, audit := w.pack(w.catalog()), w.pack(w.catalog()), w.group()
	w.ok(w.AddIncompatible(t.Context(), by, a.ID, b.ID))
	w.ok(w.AddIncompatibleGroup(t.Context(), by, a.ID, audit))
	if got := w.read(a.ID); !slices.Equal(got.Incompatible, []entitlement.PackageID{b.ID}) || !slices.Equal(got.IncompatibleGroups, []entitlement.GroupID{audit}) {
		t.Errorf("it lists %v, %v", got.Incompatible, got.IncompatibleGroups)
	}
	if got := w.read(b.ID); got.Version != b.Version || len(got.Incompatible) != 0 {
		t.Errorf("the other one was changed: %+v", got)
	}
	if !slices.Equal(w.listers(b.ID), []entitlement.PackageID{a.ID}) || len(w.listers(a.ID)) != 0 {
		t.Errorf("listed by %v and %v", w.listers(b.ID), w.listers(a.ID))
	}

	w.kind(w.AddIncompatible(t.Context(), by, a.ID, b.ID), entitlement.Invalid, "'incompatibleAccessPackages'")
	w.kind(w.AddIncompatibleGroup(t.Context(), by, a.ID, audit), entitlement.Invalid, "'incompatibleGroups'")
	w.ok(w.RemoveIncompatible(t.Context(), by, a.ID, b.ID))
	w.ok(w.RemoveIncompatibleGroup(t.Context(), by, a.ID, audit))
	w.kind(w.RemoveIncompatible(t.Context(), by, a.ID, b.ID), entitlement.NotFound, "does not list")
	w.kind(w.RemoveIncompatibleGroup(t.Context(), by, a.ID, audit), entitlement.NotFound, "does not list")
	if got := w.read(a.ID); len(got.Incompatible)+len(got.IncompatibleGroups)+len(w.listers(b.ID)) != 0 {
		t.Errorf("something is left: %+v", got)
	}
}

func TestS10_EachEditOfTheListsIsOneEvent(t *testing.T) {
	w := newFixture(t)
	c := w.catalog()
	a, b, audit := w.pack(c), w.pack(c), w.group()
	w.ok(w.AddIncompatible(t.Context(), by, a.ID, b.ID))
	w.ok(w.AddIncompatibleGroup(t.Context(), by, a.ID, audit))
	w.ok(w.RemoveIncompatible(t.Context(), by, a.ID, b.ID))
	w.ok(w.RemoveIncompatibleGroup(t.Context(), by, a.ID, audit))
	events, err := w.store.Events(t.Context(), entitlement.OfPackage, string(a.ID))
	w.ok(err)
	w.ok(entitlement.VerifyChain(w.read(a.ID).Chain, events))
	var got []string
	for _, e := range events[1:] {
		got = append(got, e.Kind+" "+e.Data["incompatible"]+e.Data["group"]+" "+string(e.Actor)+" "+e.Command)
	}
	want := []string{"incompatibleAdded " + string(b.ID) + " owner call", "incompatibleGroupAdded " + string(audit) + " owner call",
		"incompatibleRemoved " + string(b.ID) + " owner call", "incompatibleGroupRemoved " + string(audit) + " owner call"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestA24_APackageIsNotIncompatibleWithItself_NorWithWhatIsNotThere(t *testing.T) {
	w := newFixture(t)
	a := w.pack(w.catalog())
	w.kind(w.AddIncompatible(t.Context(), by, a.ID, a.ID), entitlement.Invalid, "with itself")
	unknown := entitlement.PackageID(w.clock.New())
	w.kind(w.AddIncompatible(t.Context(), by, a.ID, unknown), entitlement.NotFound, "no access package with the id "+string(unknown))
	w.kind(w.AddIncompatible(t.Context(), by, unknown, a.ID), entitlement.NotFound, "no access package")
	w.kind(w.AddIncompatibleGroup(t.Context(), by, a.ID, entitlement.GroupID(unknown)), entitlement.NotFound, "no group")
	w.kind(w.RemoveIncompatible(t.Context(), by, unknown, a.ID), entitlement.NotFound, "no access package")
	_, err := w.IncompatibleWith(t.Context(), by.Caller, unknown, entitlement.Page{})
	w.kind(err, entitlement.NotFound, "no access package")
	if got := w.read(a.ID); got.Version != a.Version || got.Chain != a.Chain {
		t.Errorf("S13: it was changed: %+v", got)
	}
}

func TestA24_PackagesMayListEachOther_R180_AlsoOnceBothAreHeld(t *testing.T) {
	w := newFixture(t)
	c := w.catalog()
	a, b := w.pack(c), w.pack(c)
	w.policy(a)
	w.policy(b)
	one, other := w.holder(a), w.holder(b)
	w.ok(w.AddIncompatible(t.Context(), by, a.ID, b.ID))
	w.ok(w.AddIncompatible(t.Context(), by, b.ID, a.ID))
	if !slices.Equal(w.listers(a.ID), []entitlement.PackageID{b.ID}) || !slices.Equal(w.listers(b.ID), []entitlement.PackageID{a.ID}) {
		t.Errorf("listed by %v and %v", w.listers(a.ID), w.listers(b.ID))
	}
	for _, before := range []entitlement.AssignmentSlot{one, other} {
		if got := must[entitlement.AssignmentSlot](t)(w.store.AssignmentSlot(t.Context(), before.Package, before.Subject)); got.Version != before.Version {
			t.Errorf("what was held was touched: %+v", got)
		}
	}
}

func TestS21_TheListsAreBounded(t *testing.T) {
	w := newFixture(t)
	c := w.catalog()
	a := w.pack(c)
	for range entitlement.MaxIncompatible {
		w.ok(w.AddIncompatible(t.Context(), by, a.ID, w.pack(c).ID))
		w.ok(w.AddIncompatibleGroup(t.Context(), by, a.ID, w.group()))
	}
	w.kind(w.AddIncompatible(t.Context(), by, a.ID, w.pack(c).ID), entitlement.Precondition, "at most 50 incompatible access packages")
	w.kind(w.AddIncompatibleGroup(t.Context(), by, a.ID, w.group()), entitlement.Precondition, "at most 50 incompatible groups")

	// What was deleted meanwhile gives its places back, all of them in one change.
	for _, id := range w.read(a.ID).Incompatible {
		w.ok(w.DeletePackage(t.Context(), by, id))
	}
	last := w.pack(c).ID
	w.ok(w.AddIncompatible(t.Context(), by, a.ID, last))
	if got := w.read(a.ID).Incompatible; !slices.Equal(got, []entitlement.PackageID{last}) {
		t.Errorf("it lists %d", len(got))
	}
}

func TestS7_APackageThatOthersListIsDeleted_AndSoIsOneThatLists(t *testing.T) {
	w := newFixture(t)
	c := w.catalog()
	a, b, listed := w.pack(c), w.pack(c), w.pack(c)
	w.ok(w.AddIncompatible(t.Context(), by, a.ID, listed.ID))
	w.ok(w.AddIncompatible(t.Context(), by, b.ID, listed.ID))
	w.ok(w.DeletePackage(t.Context(), by, b.ID))
	if got := w.listers(listed.ID); !slices.Equal(got, []entitlement.PackageID{a.ID}) {
		t.Errorf("a lister that is gone still shows: %v", got)
	}
	w.ok(w.DeletePackage(t.Context(), by, listed.ID))
	w.policy(a)
	w.holder(a)                                                  // nobody is kept from it by what is gone
	w.ok(w.RemoveIncompatible(t.Context(), by, a.ID, listed.ID)) // and it can be taken off by hand
	w.ok(w.DeletePackage(t.Context(), by, w.pack(c).ID))
}
