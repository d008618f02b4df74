package storetest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"leasehold/pkg/entitlement"
)

var raceScenarios = []scenario{
	{"S5: of fifty submissions for one person and package, one goes through", raceSubmit},
	{"S12: of fifty commands under one key, one goes through, and its request keeps its fingerprint for good", raceKey},
	{"S4: of fifty approvals and denials, one goes through, and its events are dense", raceDecide},
	{"S14: of fifty claims of one grant set, one goes through", raceClaim},
	{"S14: of fifty claims of a grant set whose lease ran out, one displaces it", raceDisplace},
	{"S16: of extension and expiry, one goes through", raceExtend},
	{"S18: of two incompatible packages, one becomes live", raceIncompatible},
	{"S7: a package that closes meets every submission, before or after", raceGuardUpdate},
	{"S14: a settlement and a new generation are never both unseen", raceSettle},
	{"S22: updates of one person at once are all counted", raceSubjectUpdates},
	{"Of twenty users with one name, one is made", raceNames},
	{"Of twenty changes that each bring people into one group, none stands in another's way", raceJoin},
	{"Who is deleted and named at once is named before, or not at all", raceGone},
}

func raceSubmit(w *fixture) {
	p, ann := newID[entitlement.PackageID](), newID[entitlement.UserID]()

	made := make([]entitlement.AssignmentRequest, 50)
	// Everybody decided on an empty slot.
	errs := race(len(made), func(i int) error {
		r, e := asked(p, ann, instant(time.Duration(i)))
		made[i] = r
		return w.s.Commit(w.Context(), entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{e},
			Slots:          []entitlement.AssignmentSlot{{Package: p, Subject: ann, Open: r.ID}},
			DeletionGuards: []entitlement.DeletionGuard{{Package: p, Policy: r.Policy, Subject: ann}}})
	})

	if won := w.winners(errs); won != 1 {
		w.Fatalf("%d submissions went through, want 1", won)
	}

	won := made[slices.Index(errs, nil)]

	w.lists(w.ofSubject(ann), won.ID)
	w.lists(w.forPackage(p), won.ID)

	if slot := get[entitlement.AssignmentSlot](w)(w.s.AssignmentSlot(w.Context(), p, ann)); slot.Open != won.ID {
		w.Fatalf("the slot holds %s, want %s", slot.Open, won.ID)
	}
	// Nothing is left of a request that lost, not even an event.
	for _, r := range made {
		events := get[[]entitlement.Event](w)(w.s.Events(w.Context(), entitlement.OfRequest, string(r.ID)))
		if want := r.ID == won.ID; (len(events) == 1) != want {
			w.Fatalf("request %s has %d events", r.ID, len(events))
		}
	}
}

// raceKey has commands of one key, which lead to one id, ask for different things, so that
// nothing but the id stands between them.
func raceKey(w *fixture) {
	id := newID[entitlement.RequestID]()
	command := func(i int) (entitlement.AssignmentRequest, entitlement.Change) {
		r, _ := asked(newID[entitlement.PackageID](), newID[entitlement.UserID](), instant(time.Duration(i)))
		r.ID, r.Assignment, r.Fingerprint = id, entitlement.AssignmentID(id), fmt.Sprintf("%064x", i)
		r, e := begun(r)
		return r, entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{e},
			Slots: []entitlement.AssignmentSlot{{Package: r.Package, Subject: r.Subject, Open: id}}}
	}

	made := make([]entitlement.AssignmentRequest, 50)
	errs := race(len(made), func(i int) error {
		r, c := command(i)
		made[i] = r
		return w.s.Commit(w.Context(), guarded(c))
	})

	if won := w.winners(errs); won != 1 {
		w.Fatalf("%d commands went through, want 1", won)
	}

	for i, r := range made {
		slot := get[entitlement.AssignmentSlot](w)(w.s.AssignmentSlot(w.Context(), r.Package, r.Subject))
		if won := errs[i] == nil; (slot.Open == id) != won {
			w.Fatalf("of command %d, which went through: %t, the slot holds %q", i, won, slot.Open)
		}
	}

	// A command that comes much later meets the id just as well.
	r := made[slices.Index(errs, nil)]
	r.Version = 1
	w.same(get[entitlement.AssignmentRequest](w)(w.s.Request(w.Context(), id)), r)
	r.State = entitlement.RequestDenied
	w.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{next(&r.Chain, entitlement.OfRequest, string(id), "denied")}})
	_, late := command(len(made))
	w.refuse(entitlement.PartRequest, late)
	w.same(get[entitlement.AssignmentRequest](w)(w.s.Request(w.Context(), id)).Fingerprint, r.Fingerprint)
}

func raceDecide(w *fixture) {
	p, ann := newID[entitlement.PackageID](), newID[entitlement.UserID]()
	r := w.submit(p, ann)
	slot := get[entitlement.AssignmentSlot](w)(w.s.AssignmentSlot(w.Context(), p, ann))

	approve := func() entitlement.Change {
		r, slot := r, slot
		r.State = entitlement.RequestDelivering
		e := next(&r.Chain, entitlement.OfRequest, string(r.ID), "approved")
		slot.Open, slot.Assignment = "", assigned(r)
		c := add(ann, entitlement.Waiting{Package: p, Assignment: r.AssignmentOf()})
		c.Requests, c.Slots, c.Events = []entitlement.AssignmentRequest{r}, []entitlement.AssignmentSlot{slot}, []entitlement.Event{e}
		return c
	}

	deny := func() entitlement.Change {
		r, slot := r, slot
		r.State = entitlement.RequestDenied
		e := next(&r.Chain, entitlement.OfRequest, string(r.ID), "denied")
		slot.Open = ""
		return entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Slots: []entitlement.AssignmentSlot{slot.Vacate()}, Events: []entitlement.Event{e}}
	}

	errs := race(50, func(i int) error {
		if i%2 == 0 {
			return w.s.Commit(w.Context(), approve())
		}
		return w.s.Commit(w.Context(), deny())
	})

	if won := w.winners(errs); won != 1 {
		w.Fatalf("%d decisions went through, want 1", won)
	}

	approved := slices.Index(errs, nil)%2 == 0
	got := get[entitlement.AssignmentRequest](w)(w.s.Request(w.Context(), r.ID))
	events := get[[]entitlement.Event](w)(w.s.Events(w.Context(), entitlement.OfRequest, string(r.ID)))
	// One of two outcomes, in every place at once.
	w.must(entitlement.VerifyChain(got.Chain, events))

	live := slices.Contains(w.subjectRecord(ann).Live, p)
	held := get[entitlement.AssignmentSlot](w)(w.s.AssignmentSlot(w.Context(), p, ann)).Assignment != nil

	if len(events) != 2 || got.Version != 2 || (got.State == entitlement.RequestDelivering) != approved || live != approved || held != approved {
		w.Fatalf("approved %t, but state %s, %d events, live %t, held %t", approved, got.State, len(events), live, held)
	}
}

func raceExtend(w *fixture) {
	for range 10 {
		p, ann := newID[entitlement.PackageID](), newID[entitlement.UserID]()
		_, slot := w.hold(p, ann)

		extend := func() error {
			slot := slot
			a := *slot.Assignment
			a.End = instant(48 * time.Hour)
			e := next(&a.Chain, entitlement.OfRequest, string(a.ID), "extended")
			slot.Assignment = &a
			return w.s.Commit(w.Context(), entitlement.Change{Slots: []entitlement.AssignmentSlot{slot}, Events: []entitlement.Event{e}})
		}

		expire := func() error {
			slot, past := slot, *slot.Assignment
			past.State, past.Target = entitlement.AssignmentExpired, entitlement.TargetAbsent
			e := next(&past.Chain, entitlement.OfRequest, string(past.ID), "expired")
			slot.Assignment = nil
			c := remove(ann, entitlement.Waiting{Package: p, Assignment: past.ID}, "")
			c.Slots, c.Ended, c.Events = []entitlement.AssignmentSlot{slot.Vacate()}, []entitlement.Assignment{past}, []entitlement.Event{e}
			return w.s.Commit(w.Context(), c)
		}

		errs := race(20, func(i int) error {
			if i%2 == 0 {
				return extend()
			}
			return expire()
		})

		if won := w.winners(errs); won != 1 {
			w.Fatalf("%d of extension and expiry went through, want 1", won)
		}

		extended := slices.Index(errs, nil)%2 == 0
		got := get[entitlement.Assignment](w)(w.s.Assignment(w.Context(), slot.Assignment.ID))
		// Whichever came first, nothing of the other is left.
		events := get[[]entitlement.Event](w)(w.s.Events(w.Context(), entitlement.OfRequest, string(got.ID)))
		w.must(entitlement.VerifyChain(got.Chain, events))

		if live := slices.Contains(w.subjectRecord(ann).Live, p); live != extended || got.State.Live() != extended {
			w.Fatalf("extended %t, but live %t in state %s", extended, live, got.State)
		}
	}
}

func raceGuardUpdate(w *fixture) {
	p := newID[entitlement.PackageID]()

	before := map[entitlement.UserID]bool{}
	var lock sync.Mutex
	var seen []entitlement.AssignmentSlot

	errs := race(21, func(i int) error {
		// In the middle of the submissions the package is closed, and only then its holders are read.
		if i == 10 {
			if err := w.s.Commit(w.Context(), setGuard(p, "", true)); err != nil {
				return err
			}

			page, err := w.s.Holders(w.Context(), p, entitlement.Page{})
			seen = page.Items
			return err
		}

		subject := newID[entitlement.UserID]()
		r, e := asked(p, subject, instant(0))
		err := w.s.Commit(w.Context(), entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{e},
			Slots:          []entitlement.AssignmentSlot{{Package: p, Subject: subject, Open: r.ID}},
			DeletionGuards: []entitlement.DeletionGuard{{Package: p, Policy: r.Policy, Subject: subject}}})

		lock.Lock()
		before[subject] = err == nil
		lock.Unlock()
		return err
	})

	w.must(errs[10])
	w.winners(errs)

	for _, slot := range seen {
		if !before[slot.Subject] {
			w.Fatal("a slot was seen whose submission was refused")
		}
		delete(before, slot.Subject)
	}
	// Neither a slot without its submission, nor a submission that the reader missed.
	for _, went := range before {
		if went {
			w.Fatal("a submission went through that the closed package does not show")
		}
	}
}

func raceNames(w *fixture) {
	name := unique("same-") + "@example.test"
	ids := make([]entitlement.UserID, 20)

	errs := race(len(ids), func(i int) error {
		ids[i] = newID[entitlement.UserID]()
		return w.s.Commit(w.Context(), entitlement.Change{Users: []entitlement.User{{ID: ids[i], UserPrincipalName: name}}})
	})

	if won := w.winners(errs); won != 1 {
		w.Fatalf("%d users got one name, want 1", won)
	}

	w.named(name, ids[slices.Index(errs, nil)])
	users := get[[]entitlement.User](w)(w.s.Users(w.Context(), ids))
	// Who lost the name was not made without it either.
	if len(users) != 1 {
		w.Fatalf("%d users were made, want 1", len(users))
	}
}

func raceJoin(w *fixture) {
	g := w.group()

	changes := make([]entitlement.Change, 20)
	var want []entitlement.UserID

	for i := range changes {
		// Each change brings members of its own, and none writes the group: nobody is in the way.
		for range 5 {
			u, c := moved(w.user(), entitlement.Membership{Group: g.ID})
			c.Memberships[0].User = u.ID
			want = append(want, u.ID)
			changes[i].Users, changes[i].Memberships = append(changes[i].Users, c.Users...), append(changes[i].Memberships, c.Memberships...)
			changes[i].Events = append(changes[i].Events, c.Events...)
		}

		changes[i].References = []entitlement.Reference{{Group: g.ID}}
	}

	for _, err := range race(len(changes), func(i int) error { return w.s.Commit(w.Context(), changes[i]) }) {
		w.must(err)
	}

	sameSet(w, w.members(g.ID, 7), want)
	w.same(get[entitlement.Group](w)(w.s.Group(w.Context(), g.ID)), g)
}

func raceGone(w *fixture) {
	for range 5 {
		u, g := w.user(), w.group()

		gone := u
		gone.Deleted = instant(0)

		_, join := moved(u, entitlement.Membership{Group: g.ID, User: u.ID})
		changes := []entitlement.Change{{Users: []entitlement.User{gone}}, join}
		// Deleted or a member, and never both.
		if won := w.winners(race(2, func(i int) error { return w.s.Commit(w.Context(), changes[i]) })); won != 1 {
			w.Fatalf("%d went through, want 1", won)
		}

		u = get[entitlement.User](w)(w.s.User(w.Context(), u.ID))
		if members := w.members(g.ID, 0); u.Gone() == (len(members) == 1) || u.Gone() == u.MemberOf(g.ID) {
			w.Fatalf("%+v, members %v", u, members)
		}
	}
}
