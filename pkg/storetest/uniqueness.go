package storetest

import (
	"strings"

	"leasehold/pkg/entitlement"
)

var nameScenarios = []scenario{
	{"A userPrincipalName is taken once, in any case, until its user is renamed or erased", nameTaken},
	{"T18: a user is found by the whole userPrincipalName only, names that begin alike apart", nameWhole},
	{"A user keeps its name through other changes, and may change its case", nameKept},
	{"A principal is bound to one user until it is unbound or the user is erased", principalTaken},
	{"A name of a catalog or package is taken once, in any case, by whom it is given back", uniqueNames},
	{"Issuer and value of a principal are told apart", principalParts},
	{"An origin is taken once within a catalog and connector, until its resource moves or goes", originTaken},
}

// rename commits the user under another name and returns it as it then is.
func (w *fixture) rename(u entitlement.User, name string) entitlement.User {
	w.Helper()
	u.UserPrincipalName = name
	w.commit(entitlement.Change{Users: []entitlement.User{u}})
	u.Version++
	return u
}

// named demands that a name, or nobody where id is empty, is found.
func (w *fixture) named(name string, id entitlement.UserID) {
	w.Helper()
	u, err := w.s.UserNamed(w.Context(), name)
	if id == "" {
		w.kind(err, entitlement.NotFound)
		return
	}
	w.must(err)
	w.same(u.ID, id)
}

func nameTaken(w *fixture) {
	a := w.user()
	old := a.UserPrincipalName
	taken := entitlement.User{ID: newID[entitlement.UserID](), UserPrincipalName: strings.ToUpper(old)}
	// A name is the same in whatever case it is written.
	w.refuse(entitlement.PartName, entitlement.Change{Users: []entitlement.User{taken}})
	_, err := w.s.User(w.Context(), taken.ID)
	w.kind(err, entitlement.NotFound)
	b := w.user()
	bName := b.UserPrincipalName
	b.UserPrincipalName = old
	w.refuse(entitlement.PartName, entitlement.Change{Users: []entitlement.User{b}})
	w.named(bName, b.ID)

	// A name that was given up is free for whoever comes next.
	a = w.rename(a, unique("renamed-")+"@example.test")
	w.named(old, "")
	w.named(strings.ToUpper(a.UserPrincipalName), a.ID)
	b = w.rename(b, old)
	w.named(old, b.ID)
	w.named(bName, "")

	b.Erased = true
	w.commit(entitlement.Change{Users: []entitlement.User{b}})
	w.named(old, "")
	w.commit(entitlement.Change{Users: []entitlement.User{taken}})
	w.named(old, taken.ID)
}

// nameWhole is trap T18: ann@x must not be found, nor be taken, by ann@x.y.
func nameWhole(w *fixture) {
	stem := unique("ann@x")
	w.user(func(u *entitlement.User) { u.UserPrincipalName = stem + ".y" })
	w.named(stem, "")
	short := w.user(func(u *entitlement.User) { u.UserPrincipalName = stem })
	w.named(stem, short.ID)
	w.named(stem+".", "")
	w.user(func(u *entitlement.User) { u.UserPrincipalName = stem + "#y" })
	odd := w.user(func(u *entitlement.User) { u.UserPrincipalName = stem + "%23y" })
	w.named(stem+"%23Y", odd.ID)
	long := w.user(func(u *entitlement.User) { u.UserPrincipalName = stem + strings.Repeat("ü", 200) + "1" })
	w.user(func(u *entitlement.User) { u.UserPrincipalName = stem + strings.Repeat("ü", 200) + "2" })
	w.named(long.UserPrincipalName, long.ID)
}

func nameKept(w *fixture) {
	u := w.user()
	name := u.UserPrincipalName
	u.Department = "Research"
	w.commit(entitlement.Change{Users: []entitlement.User{u}})
	u.Version++
	w.named(name, u.ID)
	u = w.rename(u, strings.ToUpper(name))
	w.named(name, u.ID)
	got := get[entitlement.User](w)(w.s.User(w.Context(), u.ID))
	w.same(got, u)
	w.refuse(entitlement.PartName, entitlement.Change{Users: []entitlement.User{{ID: newID[entitlement.UserID](), UserPrincipalName: name}}})
}

// bound demands that a principal is bound to id, or to nobody where that is empty.
func (w *fixture) bound(p entitlement.Principal, id entitlement.UserID) {
	w.Helper()
	got, err := w.s.Bound(w.Context(), p)
	if id == "" {
		w.kind(err, entitlement.NotFound)
		return
	}
	w.must(err)
	w.same(got, id)
}

func principalTaken(w *fixture) {
	p := entitlement.Principal{Issuer: "https://login.test", Value: unique("ann-")}
	q := entitlement.Principal{Issuer: "https://login.test", Value: unique("ann-")}
	w.bound(p, "")
	a := w.user(func(u *entitlement.User) { u.Identities = []entitlement.Principal{p, q} })
	w.bound(p, a.ID)
	w.bound(q, a.ID)

	// A principal is bound to one user; a refused change binds nothing of it.
	b := w.user()
	b.Identities = []entitlement.Principal{p}
	w.refuse(entitlement.PartName, entitlement.Change{Users: []entitlement.User{b}})
	w.refuse(entitlement.PartName, entitlement.Change{Users: []entitlement.User{{ID: newID[entitlement.UserID](),
		UserPrincipalName: unique("new-"), Identities: []entitlement.Principal{q}}}})
	w.bound(p, a.ID)

	// What was taken from one is free for another.
	a.Identities = []entitlement.Principal{q}
	w.commit(entitlement.Change{Users: []entitlement.User{a}})
	a.Version++
	w.bound(p, "")
	w.bound(q, a.ID)
	w.commit(entitlement.Change{Users: []entitlement.User{b}})
	w.bound(p, b.ID)

	a.Erased = true
	w.commit(entitlement.Change{Users: []entitlement.User{a}})
	w.bound(q, "")
	w.bound(p, b.ID)
}

func principalParts(w *fixture) {
	stem := unique("https://login.test/")
	a := w.user(func(u *entitlement.User) { u.Identities = []entitlement.Principal{{Issuer: stem + "a", Value: "bc"}} })
	b := w.user(func(u *entitlement.User) { u.Identities = []entitlement.Principal{{Issuer: stem + "ab", Value: "c"}} })
	c := w.user(func(u *entitlement.User) { u.Identities = []entitlement.Principal{{Issuer: stem + "ab", Value: "C"}} })
	w.bound(entitlement.Principal{Issuer: stem + "a", Value: "bc"}, a.ID)
	w.bound(entitlement.Principal{Issuer: stem + "ab", Value: "c"}, b.ID)
	w.bound(entitlement.Principal{Issuer: stem + "ab", Value: "C"}, c.ID)
	w.bound(entitlement.Principal{Issuer: stem, Value: "abc"}, "")
}

func originTaken(w *fixture) {
	catalog, connector, origin := newID[entitlement.CatalogID](), newID[entitlement.ConnectorID](), unique("Team #")
	at := func(c entitlement.CatalogID, con entitlement.ConnectorID, o string) entitlement.Resource {
		return entitlement.Resource{ID: newID[entitlement.ResourceID](), Catalog: c, Connector: con, OriginID: o, DisplayName: o}
	}
	found := func(o string, want entitlement.ResourceID) {
		w.Helper()
		r, err := w.s.ResourceByOrigin(w.Context(), catalog, connector, o)
		if want == "" {
			w.kind(err, entitlement.NotFound)
			return
		}
		w.must(err)
		w.same(r.ID, want)
	}
	put := func(r entitlement.Resource) entitlement.Change {
		return entitlement.Change{Resources: []entitlement.Resource{r}}
	}
	a := at(catalog, connector, origin)
	w.commit(put(a))
	a.Version = 1
	w.refuse(entitlement.PartName, put(at(catalog, connector, origin)))
	w.commit(put(at(newID[entitlement.CatalogID](), connector, origin)))
	w.commit(put(at(catalog, newID[entitlement.ConnectorID](), origin)))
	w.commit(put(at(catalog, connector, origin+"x"))) // begins alike, is another (T18)
	found(origin, a.ID)
	found(origin+"y", "")

	a.OriginID = origin + "-moved"
	w.commit(put(a))
	a.Version++
	found(origin, "")
	found(a.OriginID, a.ID)
	b := at(catalog, connector, origin)
	w.commit(put(b))
	found(origin, b.ID)

	a.Erased = true
	w.commit(put(a))
	found(a.OriginID, "")
	w.commit(put(at(catalog, connector, a.OriginID)))
}
