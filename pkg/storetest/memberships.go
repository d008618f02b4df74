package storetest

import (
	"slices"
	"time"

	"leasehold/pkg/entitlement"
)

var membershipScenarios = []scenario{
	{"A membership is made once and ended once, and moves its user's version", membershipLife},
	{"An ownership is made once and ended once", ownershipLife},
	{"A membership of somebody unknown is refused", membershipAbsent},
	{"A user is written without touching its memberships", membershipsKept},
	{"S14: a user that was read before a membership changed is not written", membershipStale},
	{"Members are paged, owners are apart from them", membersPaged},
	{"Many memberships are made in one change", membersMany},
	{"S10: memberships go with the version and the chain of their user", membershipsOfUser},
	{"A user begins in a group", membershipBorn},
	{"S21: a user is written into no more groups than one may be in", membershipsFull},
	{"A reference holds to who and what is there, and moves nothing", referencesHold},
	{"A reference to a group that is being deleted leaves nothing", referenceToGroupThatGoes},
}

func membership(g entitlement.GroupID, u entitlement.UserID, owner, erased bool) entitlement.Change {
	return entitlement.Change{Memberships: []entitlement.Membership{{Group: g, User: u, Owner: owner, Erased: erased}}}
}

func (w *fixture) members(g entitlement.GroupID, limit int) []entitlement.UserID {
	w.Helper()
	return readAll(w, limit, func(page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
		return w.s.Members(w.Context(), g, page)
	})
}

func (w *fixture) owners(g entitlement.GroupID, limit int) []entitlement.UserID {
	w.Helper()
	return readAll(w, limit, func(page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
		return w.s.Owners(w.Context(), g, page)
	})
}

func membershipLife(w *fixture) {
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
	// What is none cannot end; each change moves the user's version, whoever decides on it.
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
	// A membership that ended can begin again.
	w.commit(membership(g.ID, u.ID, false, false))
	check(6, g.ID)
}

func ownershipLife(w *fixture) {
	u, g := w.user(), w.group()
	owners := func(want ...entitlement.UserID) {
		w.Helper()
		sameSet(w, get[[]entitlement.UserID](w)(w.s.OwnersAmong(w.Context(), g.ID, []entitlement.UserID{u.ID})), want)
	}

	w.refuse(entitlement.PartDirectory, membership(g.ID, u.ID, true, true))
	owners()
	// Twice, since what was erased must leave nothing in the way.
	for range 2 {
		w.commit(membership(g.ID, u.ID, true, false))
		w.refuse(entitlement.PartDirectory, membership(g.ID, u.ID, true, false))
		owners(u.ID)
		w.commit(membership(g.ID, u.ID, true, true))
		w.refuse(entitlement.PartDirectory, membership(g.ID, u.ID, true, true))
		owners()
	}
}

func membershipAbsent(w *fixture) {
	g, nobody := w.group(), newID[entitlement.UserID]()
	w.refuse(entitlement.PartDirectory, membership(g.ID, nobody, false, false))
	if got := w.members(g.ID, 0); len(got) != 0 {
		w.Fatalf("got the members %v, want none", got)
	}
	_, err := w.s.User(w.Context(), nobody)
	w.kind(err, entitlement.NotFound)
}

func membershipsKept(w *fixture) {
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

	// Groups come by memberships alone, whatever a user who is written says of them.
	outsider := u
	outsider.Groups = []entitlement.GroupID{g.ID, newID[entitlement.GroupID]()}
	w.commit(entitlement.Change{Users: []entitlement.User{outsider}})
	u.Version = 4
	w.same(get[entitlement.User](w)(w.s.User(w.Context(), u.ID)), u)
}

func membershipStale(w *fixture) {
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

func membersPaged(w *fixture) {
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
	// Owners and members are told apart, though somebody may be both.
	for _, limit := range []int{0, 1, 2} {
		sameSet(w, w.members(g.ID, limit), want)
	}
	for _, limit := range []int{0, 1} {
		sameSet(w, w.owners(g.ID, limit), []entitlement.UserID{owner.ID, want[0]})
	}
	among := []entitlement.UserID{want[1], owner.ID, newID[entitlement.UserID](), want[0]}
	w.same(get[[]entitlement.UserID](w)(w.s.OwnersAmong(w.Context(), g.ID, among)), []entitlement.UserID{owner.ID, want[0]})
	groups := []entitlement.GroupID{newID[entitlement.GroupID](), g.ID, other.ID}
	w.same(get[[]entitlement.GroupID](w)(w.s.OwnedAmong(w.Context(), owner.ID, groups)), []entitlement.GroupID{g.ID})
	w.same(len(get[[]entitlement.GroupID](w)(w.s.OwnedAmong(w.Context(), newID[entitlement.UserID](), groups))), 0)
	got := get[entitlement.User](w)(w.s.User(w.Context(), owner.ID))
	if got.MemberOf(g.ID) {
		w.Fatal("an owner became a member")
	}

	w.commit(membership(g.ID, want[0], true, true))
	sameSet(w, w.owners(g.ID, 0), []entitlement.UserID{owner.ID})
	if got := get[[]entitlement.UserID](w)(w.s.OwnersAmong(w.Context(), g.ID, among)); len(got) != 1 || got[0] != owner.ID {
		w.Fatalf("got the owners %v, want %s alone", got, owner.ID)
	}
	sameSet(w, w.members(g.ID, 0), want)
}

func membersMany(w *fixture) {
	g := w.group()
	var c entitlement.Change

	var want []entitlement.UserID
	for range 40 {
		u := w.user()
		want = append(want, u.ID)
		c.Memberships = append(c.Memberships, entitlement.Membership{Group: g.ID, User: u.ID})
	}

	last := c.Memberships[39]
	// One membership of nobody, and none of the forty is made.
	c.Memberships[39].User = newID[entitlement.UserID]()
	w.refuse(entitlement.PartDirectory, c)
	if got := w.members(g.ID, 0); len(got) != 0 {
		w.Fatalf("got %d members of a refused change", len(got))
	}

	c.Memberships[39] = last
	w.commit(c)
	sameSet(w, w.members(g.ID, 7), want)
}

// moved returns a change that makes and ends memberships of a user as it was read, with
// an event of that user each.
func moved(u entitlement.User, memberships ...entitlement.Membership) (entitlement.User, entitlement.Change) {
	c := entitlement.Change{Memberships: memberships}
	for range memberships {
		c.Events = append(c.Events, next(&u.Chain, entitlement.OfUser, string(u.ID), "memberAdded"))
	}
	c.Users = []entitlement.User{u}
	return u, c
}

func membershipsOfUser(w *fixture) {
	u, g, h := w.user(), w.group(), w.group()
	w.join(u.ID, h.ID)
	u = get[entitlement.User](w)(w.s.User(w.Context(), u.ID))
	// The user and all memberships move in one change, and so on one version.
	stale := u
	u, c := moved(u, entitlement.Membership{Group: g.ID, User: u.ID}, entitlement.Membership{Group: g.ID, User: u.ID, Owner: true},
		entitlement.Membership{Group: h.ID, User: u.ID, Erased: true})
	c.References = []entitlement.Reference{{Group: g.ID}}
	w.commit(c)
	u.Version, u.Groups = u.Version+1, []entitlement.GroupID{g.ID}
	w.same(get[entitlement.User](w)(w.s.User(w.Context(), u.ID)), u)
	sameSet(w, w.members(g.ID, 0), []entitlement.UserID{u.ID})
	sameSet(w, w.owners(g.ID, 0), []entitlement.UserID{u.ID})
	if left := w.members(h.ID, 0); len(left) != 0 {
		w.Fatalf("got %v, who left", left)
	}
	w.must(entitlement.VerifyChain(u.Chain, get[[]entitlement.Event](w)(w.s.Events(w.Context(), entitlement.OfUser, string(u.ID)))))

	// Decided on an old version, begun twice, or ended without having begun: each is refused.
	_, c = moved(stale, entitlement.Membership{Group: h.ID, User: u.ID})
	w.refuse(entitlement.PartDirectory, c)
	_, c = moved(u, entitlement.Membership{Group: g.ID, User: u.ID})
	w.refuse(entitlement.PartDirectory, c)
	_, c = moved(u, entitlement.Membership{Group: h.ID, User: u.ID, Erased: true})
	w.refuse(entitlement.PartDirectory, c)
	w.same(get[entitlement.User](w)(w.s.User(w.Context(), u.ID)), u)
}

func membershipBorn(w *fixture) {
	g := w.group()
	u, c := moved(entitlement.User{ID: newID[entitlement.UserID](), UserPrincipalName: unique("born-")})
	c.Memberships = []entitlement.Membership{{Group: g.ID, User: u.ID}}
	w.commit(c)
	u.Version, u.Groups = 1, []entitlement.GroupID{g.ID}
	w.same(get[entitlement.User](w)(w.s.User(w.Context(), u.ID)), u)
	sameSet(w, w.members(g.ID, 0), []entitlement.UserID{u.ID})
}

func membershipsFull(w *fixture) {
	u, g := w.user(), w.group()

	for made := 0; made < entitlement.MaxGroups; made += 90 {
		// As many as one transaction takes.
		var all []entitlement.Membership
		for range min(90, entitlement.MaxGroups-made) {
			all = append(all, entitlement.Membership{Group: newID[entitlement.GroupID](), User: u.ID})
		}
		w.commit(entitlement.Change{Users: []entitlement.User{u}, Memberships: all})
		u.Version++
	}

	w.refuse(entitlement.PartDirectory, entitlement.Change{Users: []entitlement.User{u}, Memberships: []entitlement.Membership{{Group: g.ID, User: u.ID}}})
	w.refuse(entitlement.PartDirectory, membership(g.ID, u.ID, false, false))

	if got := get[entitlement.User](w)(w.s.User(w.Context(), u.ID)); len(got.Groups) != entitlement.MaxGroups || len(w.members(g.ID, 0)) != 0 {
		w.Fatalf("got %d groups", len(got.Groups))
	}
}

func referencesHold(w *fixture) {
	u, g := w.user(), w.group()
	event := next(&entitlement.Chain{}, entitlement.OfConnector, newID[string](), "created")
	w.commit(entitlement.Change{Events: []entitlement.Event{event}, References: []entitlement.Reference{{User: u.ID}, {Group: g.ID}}})
	w.same(get[entitlement.User](w)(w.s.User(w.Context(), u.ID)), u)
	w.same(get[entitlement.Group](w)(w.s.Group(w.Context(), g.ID)), g)

	// A reference to a membership holds while it does.
	event = next(&entitlement.Chain{}, entitlement.OfConnector, newID[string](), "created")
	member := entitlement.Change{Events: []entitlement.Event{event}, References: []entitlement.Reference{{User: u.ID, Group: g.ID}}}
	w.refuse(entitlement.PartDirectory, member)
	w.join(u.ID, g.ID)
	w.commit(member)
	w.commit(membership(g.ID, u.ID, false, true))
	u = get[entitlement.User](w)(w.s.User(w.Context(), u.ID))

	// A group that is deleted takes nobody in any more.
	g.Erased = true
	w.commit(entitlement.Change{Groups: []entitlement.Group{g}})
	_, c := moved(u, entitlement.Membership{Group: g.ID, User: u.ID})
	c.References = []entitlement.Reference{{Group: g.ID}}
	w.refuse(entitlement.PartDirectory, c)
	if left := w.members(g.ID, 0); len(left) != 0 {
		w.Fatalf("got %v, members of a group that is gone", left)
	}
}

func referenceToGroupThatGoes(w *fixture) {
	u, g := w.user(), w.group()
	g.Deleted = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	w.commit(entitlement.Change{Groups: []entitlement.Group{g}})
	_, c := moved(u, entitlement.Membership{Group: g.ID, User: u.ID})
	c.References = []entitlement.Reference{{Group: g.ID}}
	w.refuse(entitlement.PartDirectory, c)
	if left := w.members(g.ID, 0); len(left) != 0 {
		w.Fatalf("got %v, members of a group that is being deleted", left)
	}
}
