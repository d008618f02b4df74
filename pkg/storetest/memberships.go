package storetest

import (
	"slices"

	"leasehold/pkg/entitlement"
)

var membershipScenarios = []scenario{
	{"A membership is made once and ended once, and moves its user's version", membershipLife},
	{"A membership of somebody unknown is refused", membershipAbsent},
	{"A user is written without touching its memberships", membershipsKept},
	{"S14: a user that was read before a membership changed is not written", membershipStale},
	{"Members are paged, owners are apart from them", membersPaged},
	{"Many memberships are made in one change", membersMany},
}

func membership(g entitlement.GroupID, u entitlement.UserID, owner, erased bool) entitlement.Change {
	return entitlement.Change{Memberships: []entitlement.Membership{{Group: g, User: u, Owner: owner, Erased: erased}}}
}

func (w *world) members(g entitlement.GroupID, limit int) []entitlement.UserID {
	w.Helper()
	return walk(w, limit, func(page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
		return w.s.Members(w.Context(), g, page)
	})
}

func membershipLife(w *world) {
	u, g, h := w.user(), w.group(), w.group()
	check := func(version int64, groups ...entitlement.GroupID) {
		w.Helper()
		got := get[entitlement.User](w)(w.s.User(w.Context(), u.ID))
		sameSet(w, got.Groups, groups)
		w.same(got.Version, version)
		for _, id := range []entitlement.GroupID{g.ID, h.ID} {
			if slices.Contains(groups, id) != slices.Contains(w.members(id, 0), u.ID) {
				w.Fatalf("user and group disagree on the membership of %s", id)
			}
		}
	}
	w.refuse(entitlement.PartDirectory, membership(g.ID, u.ID, false, true))
	check(1)
	w.commit(membership(g.ID, u.ID, false, false))
	check(2, g.ID)
	w.refuse(entitlement.PartDirectory, membership(g.ID, u.ID, false, false))
	check(2, g.ID)
	w.commit(membership(h.ID, u.ID, false, false))
	check(3, g.ID, h.ID)
	w.commit(membership(g.ID, u.ID, false, true))
	check(4, h.ID)
	w.refuse(entitlement.PartDirectory, membership(g.ID, u.ID, false, true))
	w.commit(membership(h.ID, u.ID, false, true))
	check(5)
	w.commit(membership(g.ID, u.ID, false, false))
	check(6, g.ID)
}

func membershipAbsent(w *world) {
	g, nobody := w.group(), newID[entitlement.UserID]()
	w.refuse(entitlement.PartDirectory, membership(g.ID, nobody, false, false))
	if got := w.members(g.ID, 0); len(got) != 0 {
		w.Fatalf("got the members %v, want none", got)
	}
	_, err := w.s.User(w.Context(), nobody)
	w.kind(err, entitlement.NotFound)
}

func membershipsKept(w *world) {
	g := w.group()
	u := w.user(func(u *entitlement.User) { u.Groups = []entitlement.GroupID{g.ID} })
	if len(u.Groups) != 0 || len(w.members(g.ID, 0)) != 0 {
		w.Fatal("a new user became a member without a membership")
	}
	w.join(u.ID, g.ID)
	u.Version, u.Groups, u.JobTitle = 2, nil, "Engineer"
	w.commit(entitlement.Change{Users: []entitlement.User{u}})
	u.Version, u.Groups = 3, []entitlement.GroupID{g.ID}
	w.same(get[entitlement.User](w)(w.s.User(w.Context(), u.ID)), u)

	stranger := u
	stranger.Groups = []entitlement.GroupID{g.ID, newID[entitlement.GroupID]()}
	w.commit(entitlement.Change{Users: []entitlement.User{stranger}})
	u.Version = 4
	w.same(get[entitlement.User](w)(w.s.User(w.Context(), u.ID)), u)
}

func membershipStale(w *world) {
	u, g := w.user(), w.group()
	w.join(u.ID, g.ID)
	u.Enabled = false
	w.refuse(entitlement.PartDirectory, entitlement.Change{Users: []entitlement.User{u}})
	u.Erased = true
	w.refuse(entitlement.PartDirectory, entitlement.Change{Users: []entitlement.User{u}})
	if got := get[entitlement.User](w)(w.s.User(w.Context(), u.ID)); !got.Enabled || !got.MemberOf(g.ID) {
		w.Fatal("a stale user was written")
	}
}

func membersPaged(w *world) {
	g, other := w.group(), w.group()
	var want []entitlement.UserID
	for range 5 {
		u := w.user()
		w.join(u.ID, g.ID)
		want = append(want, u.ID)
	}
	owner := w.user()
	w.commit(membership(g.ID, owner.ID, true, false))
	w.commit(membership(g.ID, want[0], true, false))
	w.commit(membership(other.ID, want[1], true, false))
	for _, limit := range []int{0, 1, 2} {
		sameSet(w, w.members(g.ID, limit), want)
	}
	owners, err := w.s.Owners(w.Context(), g.ID)
	w.must(err)
	sameSet(w, owners, []entitlement.UserID{owner.ID, want[0]})
	got := get[entitlement.User](w)(w.s.User(w.Context(), owner.ID))
	if got.MemberOf(g.ID) {
		w.Fatal("an owner became a member")
	}

	w.commit(membership(g.ID, want[0], true, true))
	owners, err = w.s.Owners(w.Context(), g.ID)
	w.must(err)
	sameSet(w, owners, []entitlement.UserID{owner.ID})
	sameSet(w, w.members(g.ID, 0), want)
}

func membersMany(w *world) {
	g := w.group()
	var c entitlement.Change
	var want []entitlement.UserID
	for range 40 {
		u := w.user()
		want = append(want, u.ID)
		c.Memberships = append(c.Memberships, entitlement.Membership{Group: g.ID, User: u.ID})
	}
	last := c.Memberships[39]
	c.Memberships[39].User = newID[entitlement.UserID]()
	w.refuse(entitlement.PartDirectory, c)
	if got := w.members(g.ID, 0); len(got) != 0 {
		w.Fatalf("got %d members of a refused change", len(got))
	}
	c.Memberships[39] = last
	w.commit(c)
	sameSet(w, w.members(g.ID, 7), want)
}
