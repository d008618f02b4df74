package storetest

import (
	"fmt"
	"time"

	"leasehold/pkg/entitlement"
)

var readScenarios = []scenario{
	{"Reads of several leave out what is absent, however many are asked for", readMany},
	{"A missing single read is NotFound", readMissing},
	{"What is read is a copy, and what was written is one", readCopies},
}

func readMany(w *fixture) {
	var c entitlement.Change
	var want []entitlement.CatalogID
	var asked []entitlement.CatalogID

	for i := range 130 {
		// More than one batch takes, every other one of which is not there.
		id := newID[entitlement.CatalogID]()
		want, asked = append(want, id), append(asked, newID[entitlement.CatalogID](), id)
		c.Catalogs = append(c.Catalogs, entitlement.Catalog{ID: id, DisplayName: fmt.Sprint("catalog ", i), Created: instant(time.Hour)})

		if len(c.Catalogs) == 65 {
			w.commit(c)
			c.Catalogs = nil
		}
	}

	got, err := w.s.Catalogs(w.Context(), asked)
	w.must(err)

	var ids []entitlement.CatalogID
	for _, c := range got {
		ids = append(ids, c.ID)
	}
	sameSet(w, ids, want)

	none, err := w.s.Catalogs(w.Context(), nil)
	w.must(err)
	w.same(none, []entitlement.Catalog(nil))
	readEach(w)
}

// readEach asks every read of several for one item that is there and one that is not.
func readEach(w *fixture) {
	w.Helper()
	ctx := w.Context()
	p := w.pkg(newID[entitlement.CatalogID]())
	pol, u, g := w.policy(&p), w.user(), w.group()
	w.same(get[[]entitlement.AccessPackage](w)(w.s.Packages(ctx, []entitlement.PackageID{newID[entitlement.PackageID](), p.ID})), []entitlement.AccessPackage{p})
	w.same(get[[]entitlement.AssignmentPolicy](w)(w.s.Policies(ctx, []entitlement.PolicyID{newID[entitlement.PolicyID](), pol.ID})), []entitlement.AssignmentPolicy{pol})
	w.same(get[[]entitlement.User](w)(w.s.Users(ctx, []entitlement.UserID{newID[entitlement.UserID](), u.ID})), []entitlement.User{u})
	w.same(get[[]entitlement.Group](w)(w.s.Groups(ctx, []entitlement.GroupID{newID[entitlement.GroupID](), g.ID})), []entitlement.Group{g})
}

func readMissing(w *fixture) {
	ctx := w.Context()

	var errs []error
	add := func(_ any, err error) { errs = append(errs, err) }

	add(w.s.Catalog(ctx, newID[entitlement.CatalogID]()))
	add(w.s.Resource(ctx, newID[entitlement.CatalogID](), newID[entitlement.ResourceID]()))
	add(w.s.Package(ctx, newID[entitlement.PackageID]()))
	add(w.s.Policy(ctx, newID[entitlement.PolicyID]()))
	add(w.s.Connector(ctx, newID[entitlement.ConnectorID]()))
	add(w.s.User(ctx, newID[entitlement.UserID]()))
	add(w.s.UserNamed(ctx, unique("nobody-")))
	add(w.s.Group(ctx, newID[entitlement.GroupID]()))
	add(w.s.Request(ctx, newID[entitlement.RequestID]()))
	add(w.s.Assignment(ctx, newID[entitlement.AssignmentID]()))

	for i, err := range errs {
		if err == nil || entitlement.KindOf(err) != entitlement.NotFound {
			w.Errorf("read %d: got %v, want NotFound", i, err)
		}
	}
	// What need not exist to be asked about is empty, and no error.
	p := newID[entitlement.PackageID]()
	w.same(get[entitlement.PackageScopes](w)(w.s.Scopes(ctx, p)), entitlement.PackageScopes{Package: p})

	c := newID[entitlement.ConnectorID]()
	w.same(get[entitlement.Breaker](w)(w.s.Breaker(ctx, c)), entitlement.Breaker{Connector: c})

	w.same(get[entitlement.TargetResource](w)(w.s.TargetResource(ctx, c, "team #1")), entitlement.TargetResource{Connector: c, Resource: "team #1"})
}

func readCopies(w *fixture) {
	p := w.pkg(newID[entitlement.CatalogID]())
	first := newID[entitlement.PolicyID]()
	p.Policies = []entitlement.PolicyID{first}
	w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{p}})
	// What a caller does to its copy must not reach the store, nor the other way round.
	p.Policies[0] = "changed by the writer"
	got := get[entitlement.AccessPackage](w)(w.s.Package(w.Context(), p.ID))
	w.same(got.Policies, []entitlement.PolicyID{first})
	got.Policies[0] = "changed by the reader"
	got = get[entitlement.AccessPackage](w)(w.s.Package(w.Context(), p.ID))
	w.same(got.Policies, []entitlement.PolicyID{first})

	d := newGrantSetKey()
	_, err := d.claim(w, "one", instant(0), instant(time.Minute))
	w.must(err)
	s := d.grantSet("one")
	w.commit(record(s))
	want := w.grantSets(d.subject)
	clear(s.Grants)
	w.same(w.grantSets(d.subject), want)
	clear(w.grantSets(d.subject)[0].Grants)
	w.same(w.grantSets(d.subject), want)
}
