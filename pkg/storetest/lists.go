package storetest

import (
	"fmt"
	"slices"
	"time"

	"leasehold/pkg/entitlement"
)

var listScenarios = []scenario{
	{"Configuration is listed by name, and each list shows what is there", listsOfAll},
	{"A catalog's packages and resources are its own", listsOfCatalog},
	{"A token of nonsense is Invalid on every list", tokens},
}

var readScenarios = []scenario{
	{"Reads of several leave out what is absent, however many are asked for", readMany},
	{"A missing single read is NotFound", readMissing},
	{"What is read is a copy, and what was written is one", readCopies},
}

// namesOf reads a whole list and keeps the names with the prefix, in order.
func namesOf[T any](w *world, limit int, prefix string, name func(T) string, list func(entitlement.Page) (entitlement.Paged[T], error)) []string {
	w.Helper()
	var all []string
	for _, v := range walk(w, limit, list) {
		if n := name(v); len(n) >= len(prefix) && n[:len(prefix)] == prefix {
			all = append(all, n)
		}
	}
	return all
}

// listed polls until the list shows the names under the prefix, in order of the names.
func listed[T any](w *world, prefix string, want []string, name func(T) string, list func(entitlement.Page) (entitlement.Paged[T], error)) {
	w.Helper()
	for _, limit := range []int{0, 3} {
		w.eventually(func() string {
			return diff(namesOf(w, limit, prefix, name, list), want)
		})
	}
}

func listsOfAll(w *world) {
	stem := unique("list-")
	names := []string{stem + "-b", stem + "-a", stem + "-c", stem, stem + "-d"}
	var pack []entitlement.AccessPackage
	for _, n := range names {
		p := entitlement.AccessPackage{ID: newID[entitlement.PackageID](), Catalog: newID[entitlement.CatalogID](), DisplayName: n}
		w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{p},
			Catalogs: []entitlement.Catalog{{ID: newID[entitlement.CatalogID](), DisplayName: n}},
			Policies: []entitlement.AssignmentPolicy{{ID: newID[entitlement.PolicyID](), Package: p.ID, DisplayName: n}}})
		p.Version = 1
		pack = append(pack, p)
	}
	slices.Sort(names)
	listed(w, stem, names, func(c entitlement.Catalog) string { return c.DisplayName }, func(p entitlement.Page) (entitlement.Paged[entitlement.Catalog], error) {
		return w.s.ListCatalogs(w.Context(), p)
	})
	listed(w, stem, names, func(p entitlement.AssignmentPolicy) string { return p.DisplayName }, func(p entitlement.Page) (entitlement.Paged[entitlement.AssignmentPolicy], error) {
		return w.s.ListPolicies(w.Context(), p)
	})
	packages := func(p entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
		return w.s.ListPackages(w.Context(), p)
	}
	name := func(p entitlement.AccessPackage) string { return p.DisplayName }
	listed(w, stem, names, name, packages)

	pack[0].DisplayName, pack[1].Erased = stem+"-z", true
	w.commit(entitlement.Change{Packages: pack[:2]})
	listed(w, stem, []string{stem, stem + "-c", stem + "-d", stem + "-z"}, name, packages)
	listsSharded(w)
}

// listsSharded looks for users, groups and connectors, whose lists are not sorted as a whole.
func listsSharded(w *world) {
	w.Helper()
	u, v, g := w.user(), w.user(), w.group()
	con := entitlement.ConnectorConfig{ID: newID[entitlement.ConnectorID](), DisplayName: "Target", Kind: "scim"}
	w.commit(entitlement.Change{Connectors: []entitlement.ConnectorConfig{con}})
	v.Erased = true
	w.commit(entitlement.Change{Users: []entitlement.User{v}})
	w.eventually(func() string {
		users := walk(w, 0, func(p entitlement.Page) (entitlement.Paged[entitlement.User], error) {
			return w.s.ListUsers(w.Context(), p)
		})
		groups := walk(w, 0, func(p entitlement.Page) (entitlement.Paged[entitlement.Group], error) {
			return w.s.ListGroups(w.Context(), p)
		})
		connectors, err := w.s.ListConnectors(w.Context())
		w.must(err)
		count := func(ids ...string) (n int) {
			for _, id := range ids {
				if id == string(u.ID) || id == string(v.ID) || id == string(g.ID) || id == string(con.ID) {
					n++
				}
			}
			return n
		}
		var ids []string
		for _, x := range users {
			ids = append(ids, string(x.ID))
		}
		for _, x := range groups {
			ids = append(ids, string(x.ID))
		}
		for _, x := range connectors {
			ids = append(ids, string(x.ID))
		}
		if n := count(ids...); n != 3 {
			return fmt.Sprintf("user, group and connector are listed %d times, want 3", n)
		}
		return ""
	})
}

func listsOfCatalog(w *world) {
	a, b := newID[entitlement.CatalogID](), newID[entitlement.CatalogID]()
	connector := newID[entitlement.ConnectorID]()
	var names, resources []string
	for i := range 5 {
		n := fmt.Sprint("item #", i)
		names = append(names, n)
		resources = append(resources, n)
		w.commit(entitlement.Change{
			Packages:  []entitlement.AccessPackage{{ID: newID[entitlement.PackageID](), Catalog: a, DisplayName: n}},
			Resources: []entitlement.Resource{{ID: newID[entitlement.ResourceID](), Catalog: a, Connector: connector, OriginID: n, DisplayName: n}}})
	}
	w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{{ID: newID[entitlement.PackageID](), Catalog: b, DisplayName: "item"}},
		Resources: []entitlement.Resource{{ID: newID[entitlement.ResourceID](), Catalog: b, Connector: connector, OriginID: "item", DisplayName: "item"}}})
	listed(w, "", names, func(p entitlement.AccessPackage) string { return p.DisplayName }, func(p entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
		return w.s.PackagesOf(w.Context(), a, p)
	})
	for _, limit := range []int{0, 1} {
		w.eventually(func() string {
			got := namesOf(w, limit, "", func(r entitlement.Resource) string { return r.DisplayName }, func(p entitlement.Page) (entitlement.Paged[entitlement.Resource], error) {
				return w.s.ListResources(w.Context(), a, p)
			})
			return diff(slices.Sorted(slices.Values(got)), resources)
		})
	}
}

func tokens(w *world) {
	u := w.user()
	ctx := w.Context()
	p, g, c := newID[entitlement.PackageID](), newID[entitlement.GroupID](), newID[entitlement.CatalogID]()
	lists := map[string]func(entitlement.Page) error{
		"ListCatalogs":  func(page entitlement.Page) error { _, err := w.s.ListCatalogs(ctx, page); return err },
		"ListResources": func(page entitlement.Page) error { _, err := w.s.ListResources(ctx, c, page); return err },
		"ListPackages":  func(page entitlement.Page) error { _, err := w.s.ListPackages(ctx, page); return err },
		"PackagesOf":    func(page entitlement.Page) error { _, err := w.s.PackagesOf(ctx, c, page); return err },
		"ListPolicies":  func(page entitlement.Page) error { _, err := w.s.ListPolicies(ctx, page); return err },
		"ListUsers":     func(page entitlement.Page) error { _, err := w.s.ListUsers(ctx, page); return err },
		"ListGroups":    func(page entitlement.Page) error { _, err := w.s.ListGroups(ctx, page); return err },
		"Members":       func(page entitlement.Page) error { _, err := w.s.Members(ctx, g, page); return err },
		"Holders":       func(page entitlement.Page) error { _, err := w.s.Holders(ctx, p, page); return err },
		"RequestsOf":    func(page entitlement.Page) error { _, err := w.s.RequestsOf(ctx, u.ID, page); return err },
		"RequestsBy":    func(page entitlement.Page) error { _, err := w.s.RequestsBy(ctx, u.ID, page); return err },
		"RequestsFor":   func(page entitlement.Page) error { _, err := w.s.RequestsFor(ctx, p, page); return err },
		"Inbox":         func(page entitlement.Page) error { _, err := w.s.Inbox(ctx, u, page); return err },
		"EndedOf":       func(page entitlement.Page) error { _, err := w.s.EndedOf(ctx, u.ID, page); return err },
		"EndedFor":      func(page entitlement.Page) error { _, err := w.s.EndedFor(ctx, p, page); return err },
		"Due":           func(page entitlement.Page) error { _, err := w.s.Due(ctx, 0, instant(0), page); return err },
		"Owed":          func(page entitlement.Page) error { _, err := w.s.Owed(ctx, 0, instant(0), page); return err },
	}
	for name, list := range lists {
		for _, token := range []string{"nonsense", "%%%", "eyJhIjoxfQ", "e30", "AAAA", "\x00"} {
			if err := list(entitlement.Page{Token: token}); err == nil || entitlement.KindOf(err) != entitlement.Invalid {
				w.Errorf("%s with the token %q: got %v, want Invalid", name, token, err)
			}
		}
	}
}

func readMany(w *world) {
	var c entitlement.Change
	var want []entitlement.CatalogID
	var asked []entitlement.CatalogID
	for i := range 130 {
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
func readEach(w *world) {
	w.Helper()
	ctx := w.Context()
	p := w.pkg(newID[entitlement.CatalogID]())
	pol, u, g := w.policy(&p), w.user(), w.group()
	w.same(get[[]entitlement.AccessPackage](w)(w.s.Packages(ctx, []entitlement.PackageID{newID[entitlement.PackageID](), p.ID})), []entitlement.AccessPackage{p})
	w.same(get[[]entitlement.AssignmentPolicy](w)(w.s.Policies(ctx, []entitlement.PolicyID{newID[entitlement.PolicyID](), pol.ID})), []entitlement.AssignmentPolicy{pol})
	w.same(get[[]entitlement.User](w)(w.s.Users(ctx, []entitlement.UserID{newID[entitlement.UserID](), u.ID})), []entitlement.User{u})
	w.same(get[[]entitlement.Group](w)(w.s.Groups(ctx, []entitlement.GroupID{newID[entitlement.GroupID](), g.ID})), []entitlement.Group{g})
}

func readMissing(w *world) {
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
	p := newID[entitlement.PackageID]()
	w.same(get[entitlement.PackageScopes](w)(w.s.Scopes(ctx, p)), entitlement.PackageScopes{Package: p})
}

func readCopies(w *world) {
	p := w.pkg(newID[entitlement.CatalogID]())
	first := newID[entitlement.PolicyID]()
	p.Policies = []entitlement.PolicyID{first}
	w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{p}})
	p.Policies[0] = "changed by the writer"
	got := get[entitlement.AccessPackage](w)(w.s.Package(w.Context(), p.ID))
	w.same(got.Policies, []entitlement.PolicyID{first})
	got.Policies[0] = "changed by the reader"
	got = get[entitlement.AccessPackage](w)(w.s.Package(w.Context(), p.ID))
	w.same(got.Policies, []entitlement.PolicyID{first})

	d := newDesk()
	_, _, err := d.claim(w, "one", instant(0), instant(time.Minute))
	w.must(err)
	s := d.sheet("one")
	w.commit(record(s))
	want := w.sheets(d.subject)
	clear(s.Grants)
	w.same(w.sheets(d.subject), want)
	clear(w.sheets(d.subject)[0].Grants)
	w.same(w.sheets(d.subject), want)
}
