package directory_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"leasehold/pkg/clock"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
)

// naming are the ways to name a user in the directory, and what each then holds.
var naming = map[string]struct {
	name  func(w *fixture, g entitlement.GroupID, other, u entitlement.UserID) error
	named func(w *fixture, g entitlement.GroupID, other, u entitlement.UserID) bool
	idle  bool // a disabled user may be named
}{
	"a member of a group": {
		func(w *fixture, g entitlement.GroupID, _, u entitlement.UserID) error {
			return w.AddMembers(w.Context(), by, g, false, u)
		},
		func(w *fixture, g entitlement.GroupID, _, u entitlement.UserID) bool {
			return slices.Contains(w.members(g), u)
		}, true},
	"an owner of a group": {
		func(w *fixture, g entitlement.GroupID, _, u entitlement.UserID) error {
			return w.AddMembers(w.Context(), by, g, true, u)
		},
		func(w *fixture, g entitlement.GroupID, _, u entitlement.UserID) bool {
			owners, err := w.store.OwnersAmong(w.Context(), g, []entitlement.UserID{u})
			w.must(err)
			return slices.Contains(owners, u)
		}, false},
	"a manager": {
		func(w *fixture, _ entitlement.GroupID, other, u entitlement.UserID) error {
			return w.SetManager(w.Context(), by, other, u)
		},
		func(w *fixture, _ entitlement.GroupID, other, u entitlement.UserID) bool {
			return w.read(other).Manager == u
		}, true},
}

func TestDeletedPeople_AreNamedNowhereInTheDirectory(t *testing.T) {
	for as, c := range naming {
		w := newFixture(t)
		g, err := w.CreateGroup(t.Context(), by, entitlement.Group{DisplayName: "Sales"})
		w.must(err)
		mia, gone, idle, raced := w.person("mia"), w.person("gone"), w.person("idle", disable), w.person("raced")
		w.must(w.DeleteUser(t.Context(), by, gone.ID))
		unknown := c.name(w, g.ID, mia.ID, entitlement.UserID(clock.System{}.New()))
		if err := c.name(w, g.ID, mia.ID, gone.ID); entitlement.KindOf(err) != entitlement.NotFound || err.Error() != unknown.Error() || c.named(w, g.ID, mia.ID, gone.ID) {
			t.Errorf("%s, deleted: %v, one unknown: %v", as, err, unknown)
		}
		if err := c.name(w, g.ID, mia.ID, idle.ID); (err == nil) != c.idle || !c.idle && entitlement.KindOf(err) != entitlement.Precondition || c.named(w, g.ID, mia.ID, idle.ID) != c.idle {
			t.Errorf("%s, disabled: %v", as, err)
		}

		// Somebody deletes the user between the look and the commit.
		var once sync.Once
		w.store.before = func(ctx context.Context, _ entitlement.Change) error {
			once.Do(func() { w.must(w.other.DeleteUser(ctx, by, raced.ID)) })
			return nil
		}
		if err := c.name(w, g.ID, mia.ID, raced.ID); entitlement.KindOf(err) != entitlement.NotFound || c.named(w, g.ID, mia.ID, raced.ID) {
			t.Errorf("%s, deleted meanwhile: %v, named: %t", as, err, c.named(w, g.ID, mia.ID, raced.ID))
		}
		w.store.before = nil
		for _, u := range []entitlement.User{mia, gone, idle, raced} {
			w.verify(u.ID)
		}
	}
}

func TestDeletedPeople_WhoBecomeMembersWhileTheyGoAreNone(t *testing.T) {
	w := newFixture(t)
	g, err := w.CreateGroup(t.Context(), by, entitlement.Group{DisplayName: "Sales"})
	w.must(err)
	mia := w.person("mia")
	var once sync.Once
	w.store.before = func(ctx context.Context, c entitlement.Change) error {
		if len(c.Users) == 1 && c.Users[0].Gone() { // the last step is on its way
			once.Do(func() { w.must(w.other.AddMembers(ctx, by, g.ID, false, mia.ID)) })
		}
		return nil
	}
	w.must(w.DeleteUser(t.Context(), by, mia.ID))
	if u := w.read(mia.ID); !u.Gone() || len(u.Groups) > 0 || len(w.members(g.ID)) > 0 {
		t.Errorf("got %+v, members %v", u, w.members(g.ID))
	}
	w.verify(mia.ID)
}

func TestF3_ChangesOfMembersThatMeetOthersAreMadeAllTheSame(t *testing.T) {
	w := newFixture(t)
	g, err := w.CreateGroup(t.Context(), by, entitlement.Group{DisplayName: "Sales"})
	w.must(err)
	mia, otto := w.person("mia"), w.person("otto")
	var once sync.Once
	w.store.before = func(ctx context.Context, _ entitlement.Change) error {
		once.Do(func() {
			_, err := w.other.UpdateUser(ctx, by, mia.ID, func(u *entitlement.User) error { u.Department = "Sales"; return nil })
			w.must(err)
		})
		return nil
	}
	w.must(w.AddMembers(t.Context(), by, g.ID, false, mia.ID, otto.ID))
	if u := w.read(mia.ID); !u.MemberOf(g.ID) || u.Department != "Sales" {
		t.Errorf("got %+v", u)
	}
	w.verify(mia.ID)

	w.store.before = func(context.Context, entitlement.Change) error { return entitlement.StaleError(entitlement.PartEvent) }
	err = w.RemoveMembers(t.Context(), by, g.ID, false, mia.ID)
	if entitlement.KindOf(err) != entitlement.Throttled || strings.Contains(err.Error(), "no such user") || !w.read(mia.ID).MemberOf(g.ID) {
		t.Errorf("a race that is lost for good: %v", err)
	}
	w.store.before = nil

	ghost := entitlement.GroupID(clock.System{}.New())
	if err := w.AddMembers(t.Context(), by, ghost, false, mia.ID); entitlement.KindOf(err) != entitlement.NotFound || !strings.Contains(err.Error(), "no group") {
		t.Errorf("a group that is not there: %v", err)
	}
	for _, owner := range []bool{false, true} {
		if owner {
			w.must(w.AddMembers(t.Context(), by, g.ID, owner, mia.ID))
		}
		if err := w.AddMembers(t.Context(), by, g.ID, owner, mia.ID); entitlement.CodeOf(err) != directory.CodeAlreadyMember {
			t.Errorf("owner %t, twice: %v", owner, err)
		}
		w.must(w.RemoveMembers(t.Context(), by, g.ID, owner, mia.ID))
		if err := w.RemoveMembers(t.Context(), by, g.ID, owner, mia.ID); entitlement.CodeOf(err) != directory.CodeNotMember {
			t.Errorf("owner %t, gone twice: %v", owner, err)
		}
	}
}

func TestA9_WhatFeedsCallPeopleAndGroupsIsCleanedAndKept(t *testing.T) {
	w := newFixture(t)
	u := w.person("mia", func(u *entitlement.User) {
		u.DisplayName, u.GivenName, u.Surname, u.Department, u.JobTitle = "Mia\u200B Lind\u200F", "Mia\uFEFF", "\u2060", "Sales\u2028North", "Lead\u202E"
	})
	if u.DisplayName != "Mia Lind" || u.GivenName != "Mia" || u.Surname != "" || u.Department != "Sales North" || u.JobTitle != "Lead" {
		t.Errorf("got %+v", u)
	}
	g, err := w.CreateGroup(t.Context(), by, entitlement.Group{DisplayName: "Sales\u200B"})
	if err != nil || g.DisplayName != "Sales" {
		t.Errorf("got %+v, %v", g, err)
	}
	for name, set := range map[string]func(*entitlement.User){
		"what people are found by": func(u *entitlement.User) { u.UserPrincipalName = "mia\u200B@x.example" },
		"an address":               func(u *entitlement.User) { u.Mail = "mia\u200B@x.example" },
		"an id":                    func(u *entitlement.User) { u.ExternalID = "17\u200B" },
		"a name of nothing":        func(u *entitlement.User) { u.DisplayName = "\u200B" },
	} {
		if err := w.edit(u.ID, set); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
