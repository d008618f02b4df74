package storetest

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"leasehold/pkg/entitlement"
)

var policyScenarios = []scenario{
	{"Policies are found by user and by group, and as they are now", policiesFor},
	{"R129 Packages are offered to whom their policies admit, and as they are now", offered},
}

// enoughUnits are read units that every page is content with.
const enoughUnits = 1000

// policiesFor walks the policies for a user by pages of so many packages.
func (w *fixture) policiesFor(u entitlement.User, packages int) (all []entitlement.AssignmentPolicy) {
	w.Helper()
	of := map[entitlement.PackageID]int{} // the page that each package is on

	for n, page := 0, (entitlement.Page{Limit: packages}); ; n++ {
		list := get[entitlement.Candidates](w)(w.s.Candidates(w.Context(), u, nil, enoughUnits, page))
		on := map[entitlement.PackageID]bool{}

		for _, p := range list.Policies {
			if before, seen := of[p.Package]; seen && before != n || string(p.Package) <= page.Token {
				w.Fatalf("package %s is on two pages", p.Package)
			}
			of[p.Package], on[p.Package] = n, true
		}

		if len(on) > page.Size() {
			w.Fatalf("%d packages on a page of %d", len(on), page.Size())
		}

		all = append(all, list.Policies...)
		if page.Token = list.Next; page.Token == "" {
			return all
		}
	}
}

func policiesFor(w *fixture) {
	p := w.pkg(newID[entitlement.CatalogID]())
	ann, bob, g := w.user(), w.user(), w.group()
	w.join(ann.ID, g.ID)
	ann = get[entitlement.User](w)(w.s.User(w.Context(), ann.ID))
	scoped := func(scope entitlement.TargetScope, targets ...entitlement.SubjectSet) entitlement.AssignmentPolicy {
		return w.policy(&p, func(pol *entitlement.AssignmentPolicy) { pol.Scope, pol.Targets = scope, targets })
	}
	members, all := scoped(entitlement.ScopeAllMembers), scoped(entitlement.ScopeAllUsers)
	scoped(entitlement.ScopeNobody)
	named := scoped(entitlement.ScopeSpecificUsers, byUser(ann.ID), byUser(bob.ID))
	team := scoped(entitlement.ScopeSpecificUsers, byGroup(g.ID))
	both := scoped(entitlement.ScopeSpecificUsers, byUser(ann.ID), byGroup(g.ID))

	finds := func(u entitlement.User, want ...entitlement.AssignmentPolicy) {
		w.Helper()
		w.eventually(func() string {
			got := w.policiesFor(u, 3)
			got = slices.DeleteFunc(got, func(x entitlement.AssignmentPolicy) bool { return x.Package != p.ID })
			byID := func(a, b entitlement.AssignmentPolicy) int { return cmp.Compare(a.ID, b.ID) }
			slices.SortFunc(got, byID)
			slices.SortFunc(want, byID)
			return diff(got, want)
		})
	}
	finds(ann, named, team, both)
	finds(bob, named)
	finds(w.user()) // those for everybody are found by their packages

	change := func(pol *entitlement.AssignmentPolicy, scope entitlement.TargetScope, targets ...entitlement.SubjectSet) {
		w.Helper()
		pol.Scope, pol.Targets = scope, targets
		w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{*pol}})
		pol.Version++
	}
	change(&named, entitlement.ScopeSpecificUsers, byUser(bob.ID))
	change(&members, entitlement.ScopeSpecificUsers, byGroup(g.ID))
	change(&all, entitlement.ScopeSpecificUsers, byUser(bob.ID))
	change(&team, entitlement.ScopeAllUsers)
	finds(ann, members, both)
	finds(bob, all, named)

	var others []entitlement.AssignmentPolicy // of packages of their own
	for range 7 {
		q := w.pkg(newID[entitlement.CatalogID]())
		others = append(others, w.policy(&q, func(pol *entitlement.AssignmentPolicy) {
			pol.Scope, pol.Targets = entitlement.ScopeSpecificUsers, []entitlement.SubjectSet{byUser(ann.ID), byGroup(g.ID)}
		}))
	}
	w.eventually(func() string {
		for _, o := range others {
			if n := len(slices.DeleteFunc(w.policiesFor(ann, 2), func(x entitlement.AssignmentPolicy) bool { return x.ID != o.ID })); n != 1 {
				return "a policy is listed " + strconv.Itoa(n) + " times"
			}
		}
		return ""
	})

	both.Erased = true
	w.commit(entitlement.Change{Policies: []entitlement.AssignmentPolicy{both}})
	finds(ann, members)
}

// offered walks the packages that somebody may ask for without being named, by pages of so
// many, as far as so many read units go.
func (w *fixture) offered(u entitlement.User, units float64, page entitlement.Page) (all []entitlement.AccessPackage) {
	w.Helper()
	for {
		list := get[entitlement.Candidates](w)(w.s.Candidates(w.Context(), u, nil, units, page))
		if len(list.Offered) > page.Size() {
			w.Fatalf("%d packages on a page of %d", len(list.Offered), page.Size())
		}
		all = append(all, list.Offered...)
		if page.Token = list.Next; page.Token == "" {
			return all
		}
	}
}

func offered(w *fixture) {
	p := w.pkg(newID[entitlement.CatalogID]())
	member, guest := w.user(), w.user()
	member.Enabled, member.Type, guest.Enabled, guest.Type = true, entitlement.Member, true, entitlement.Guest
	asks := func(scope entitlement.TargetScope) func(*entitlement.AssignmentPolicy) {
		return func(pol *entitlement.AssignmentPolicy) { pol.Scope, pol.Requestor.SelfAdd = scope, true }
	}
	shown := func(want entitlement.Audience) {
		w.Helper()
		w.eventually(func() string {
			for _, u := range []entitlement.User{member, guest} {
				got := w.offered(u, 2, entitlement.Page{Limit: 3})
				got = slices.DeleteFunc(got, func(x entitlement.AccessPackage) bool { return x.ID != p.ID })
				var is []entitlement.AccessPackage
				if want.Has(u) {
					is = []entitlement.AccessPackage{p}
					is[0].Meta = entitlement.Meta{} // which an index does not have
				}
				if text := diff(got, is); text != "" {
					return string(u.Type) + text
				}
			}
			return ""
		})
	}
	put := func(change func(), policies ...entitlement.AssignmentPolicy) {
		w.Helper()
		change()
		c := entitlement.Change{Packages: []entitlement.AccessPackage{p}, Policies: policies}
		w.commit(c)
		p = c.WithOffers().Packages[0]
		p.Version++
	}
	nothing := func() {}
	shown("")

	members := w.policy(&p, asks(entitlement.ScopeAllMembers))
	p = get[entitlement.AccessPackage](w)(w.s.Package(w.Context(), p.ID))
	shown(entitlement.AudienceMembers)
	users := w.policy(&p, asks(entitlement.ScopeAllUsers))
	p = get[entitlement.AccessPackage](w)(w.s.Package(w.Context(), p.ID))
	shown(entitlement.AudienceUsers)

	put(func() { p.DisplayName = unique("another name ") })
	shown(entitlement.AudienceUsers)
	put(func() { p.Hidden = true })
	shown("")
	put(func() { p.Hidden = false })
	shown(entitlement.AudienceUsers)
	put(func() { p.Deleting = dueTime })
	shown("")
	put(func() { p.Deleting = time.Time{} })

	users.Erased = true
	put(nothing, users)
	shown(entitlement.AudienceMembers)
	members.Scope, members.Targets = entitlement.ScopeSpecificUsers, []entitlement.SubjectSet{byUser(w.user().ID)}
	put(nothing, members)
	shown("")

	// A policy for everybody that comes without its package would be found by nobody.
	members.Version, members.Scope, members.Targets = 2, entitlement.ScopeAllUsers, nil
	if err := w.s.Commit(w.Context(), entitlement.Change{Policies: []entitlement.AssignmentPolicy{members}}); err == nil {
		w.Error("a policy changed what its package offers, and not the package")
	}

	var others []entitlement.AccessPackage // of catalogs of their own
	for range 5 {
		q := w.pkg(newID[entitlement.CatalogID]())
		w.policy(&q, asks(entitlement.ScopeAllUsers))
		others = append(others, q)
	}
	w.eventually(func() string {
		for _, units := range []float64{0, 1, enoughUnits} { // however early a page ends
			list := w.offered(guest, units, entitlement.Page{})
			for _, o := range others {
				if n := len(slices.DeleteFunc(slices.Clone(list), func(x entitlement.AccessPackage) bool { return x.ID != o.ID })); n != 1 {
					return "a package is listed " + strconv.Itoa(n) + " times"
				}
			}
		}
		return ""
	})
}
