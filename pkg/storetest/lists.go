package storetest

import (
	"fmt"
	"slices"

	"leasehold/pkg/entitlement"
)

var listScenarios = []scenario{
	{"Configuration is listed by name, and each list shows what is there", listsOfAll},
	{"A catalog's packages and resources are its own", listsOfCatalog},
	{"A token of nonsense is Invalid on every list", tokens},
}

// namesOf reads a whole list and keeps the names with the prefix, in order.
func namesOf[T any](w *fixture, limit int, prefix string, name func(T) string, list func(entitlement.Page) (entitlement.Paged[T], error)) []string {
	w.Helper()
	var all []string
	for _, v := range readAll(w, limit, list) {
		if n := name(v); len(n) >= len(prefix) && n[:len(prefix)] == prefix {
			all = append(all, n)
		}
	}
	return all
}

// listed polls until the list shows the names under the prefix, in order of the names.
func listed[T any](w *fixture, prefix string, want []string, name func(T) string, list func(entitlement.Page) (entitlement.Paged[T], error)) {
	w.Helper()
	for _, limit := range []int{0, 3} {
		w.eventually(func() string {
			return diff(namesOf(w, limit, prefix, name, list), want)
		})
	}
}

func listsOfAll(w *fixture) {
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

	// A new name moves it within the list, and what is erased is in none.
	pack[0].DisplayName, pack[1].Erased = stem+"-z", true
	w.commit(entitlement.Change{Packages: pack[:2]})
	listed(w, stem, []string{stem, stem + "-c", stem + "-d", stem + "-z"}, name, packages)
	listsSharded(w)
}

// listsSharded looks for users, groups and connectors, whose lists are not sorted as a whole.
func listsSharded(w *fixture) {
	w.Helper()
	u, v, g := w.user(), w.user(), w.group()

	con := entitlement.ConnectorConfig{ID: newID[entitlement.ConnectorID](), DisplayName: "Target", Kind: "scim"}
	w.commit(entitlement.Change{Connectors: []entitlement.ConnectorConfig{con}})

	v.Erased = true
	w.commit(entitlement.Change{Users: []entitlement.User{v}})

	w.eventually(func() string {
		users := readAll(w, 0, func(p entitlement.Page) (entitlement.Paged[entitlement.User], error) {
			return w.s.ListUsers(w.Context(), p)
		})
		groups := readAll(w, 0, func(p entitlement.Page) (entitlement.Paged[entitlement.Group], error) {
			return w.s.ListGroups(w.Context(), p)
		})

		connectors, err := w.s.ListConnectors(w.Context())
		w.must(err)
		// Of what other tests made only that nothing is missing can be told.
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

func listsOfCatalog(w *fixture) {
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
	// Another catalog with a name that begins the same must not show up.
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

func tokens(w *fixture) {
	u := w.user()
	ctx := w.Context()
	p, g, c := newID[entitlement.PackageID](), newID[entitlement.GroupID](), newID[entitlement.CatalogID]()

	lists := map[string]func(entitlement.Page) error{
		"ListCatalogs":     func(page entitlement.Page) error { _, err := w.s.ListCatalogs(ctx, page); return err },
		"ListResources":    func(page entitlement.Page) error { _, err := w.s.ListResources(ctx, c, page); return err },
		"ListPackages":     func(page entitlement.Page) error { _, err := w.s.ListPackages(ctx, page); return err },
		"IncompatibleWith": func(page entitlement.Page) error { _, err := w.s.IncompatibleWith(ctx, p, page); return err },
		"PackagesOf":       func(page entitlement.Page) error { _, err := w.s.PackagesOf(ctx, c, page); return err },
		"ListPolicies":     func(page entitlement.Page) error { _, err := w.s.ListPolicies(ctx, page); return err },
		"ListUsers":        func(page entitlement.Page) error { _, err := w.s.ListUsers(ctx, page); return err },
		"ListGroups":       func(page entitlement.Page) error { _, err := w.s.ListGroups(ctx, page); return err },
		"Members":          func(page entitlement.Page) error { _, err := w.s.Members(ctx, g, page); return err },
		"Owners":           func(page entitlement.Page) error { _, err := w.s.Owners(ctx, g, page); return err },
		"ListEvents": func(page entitlement.Page) error {
			_, err := w.s.ListEvents(ctx, entitlement.OfPackage, string(p), page)
			return err
		},
		"EventsOf":  func(page entitlement.Page) error { _, err := w.s.EventsOf(ctx, u.ID, page); return err },
		"EventsFor": func(page entitlement.Page) error { _, err := w.s.EventsFor(ctx, p, page); return err },
		"EventsBy": func(page entitlement.Page) error {
			_, err := w.s.EventsBy(ctx, u.ID, entitlement.Span{}, page)
			return err
		},
		"EventsDuring": func(page entitlement.Page) error {
			_, err := w.s.EventsDuring(ctx, entitlement.Span{}, page)
			return err
		},
		"Holders":     func(page entitlement.Page) error { _, err := w.s.Holders(ctx, p, page); return err },
		"RequestsOf":  func(page entitlement.Page) error { _, err := w.s.RequestsOf(ctx, u.ID, page); return err },
		"RequestsBy":  func(page entitlement.Page) error { _, err := w.s.RequestsBy(ctx, u.ID, page); return err },
		"RequestsFor": func(page entitlement.Page) error { _, err := w.s.RequestsFor(ctx, p, page); return err },
		"Inbox":       func(page entitlement.Page) error { _, err := w.s.Inbox(ctx, u, page); return err },
		"EndedOf":     func(page entitlement.Page) error { _, err := w.s.EndedOf(ctx, u.ID, page); return err },
		"EndedFor":    func(page entitlement.Page) error { _, err := w.s.EndedFor(ctx, p, page); return err },
		"Due":         func(page entitlement.Page) error { _, err := w.s.Due(ctx, 0, instant(0), page); return err },
		"Failing":     func(page entitlement.Page) error { _, err := w.s.Failing(ctx, "here", "down", page); return err },
		"Late":        func(page entitlement.Page) error { _, err := w.s.Late(w.Context(), 0, instant(0), page); return err },
		"Owed": func(page entitlement.Page) error {
			_, err := w.s.PendingReconciliation(ctx, 0, instant(0), page)
			return err
		},
	}

	for name, list := range lists {
		// A client may send anything as a token: what is none is refused, and nothing fails by it.
		for _, token := range []string{"nonsense", "%%%", "eyJhIjoxfQ", "e30", "AAAA", "\x00"} {
			if err := list(entitlement.Page{Token: token}); err == nil || entitlement.KindOf(err) != entitlement.Invalid {
				w.Errorf("%s with the token %q: got %v, want Invalid", name, token, err)
			}
		}
	}
}
