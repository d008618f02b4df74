package delivery_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// close has an administrator close the removal of an assignment.
func (b *bench) close(id entitlement.RequestID) {
	b.t.Helper()
	change, err := entitlement.CloseRemoval(b.assignment(id), "admin", "test", "The group was taken down by hand.", time.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	b.commit(change)
	b.enqueue(b.assignment(id).Subject)
}

// A removal that can never be confirmed ends by an administrator's word, is said to be
// unconfirmed, and leaves nothing on record. What another assignment gives stays.
func TestF42_AnAdministratorClosesARemovalThatNobodyCanConfirm(t *testing.T) {
	onBench(t, func(b *bench) {
		u, p, other := b.staff(1)[0], b.pack("a", "b"), b.pack("b")
		b.work(1)
		ended, kept := b.assign(u, p), b.assign(u, other)
		b.enqueue(u)
		b.within(5*time.Minute, "delivered", b.all([]entitlement.RequestID{ended, kept}, "Delivered"))
		b.server.down = true
		b.remove(u, p)
		b.enqueue(u)
		time.Sleep(time.Hour)
		if got := b.assignment(ended).Status(time.Now()); got != "RemovalOverdue" {
			t.Fatalf("it shows as %s", got)
		}
		b.close(ended)
		b.within(time.Minute, "ended", b.all([]entitlement.RequestID{ended}, "ExpiredUnconfirmed"))
		events, err := b.store.Events(t.Context(), entitlement.OfRequest, string(ended))
		if last := events[len(events)-1]; err != nil || last.Kind != "revoked" || last.Data["reason"] != entitlement.ReasonClosed || last.Data["confirmed"] != "false" {
			t.Errorf("the event is %+v, %v", last, err)
		}
		h, grants := b.subjectRecord(u)
		if _, left := grants[role("a")]; len(h.Removing) > 0 || left || len(grants) != 1 {
			t.Errorf("left: %+v, %v", h, grants)
		}
		if got := b.assignment(kept).Status(time.Now()); got != "Delivered" {
			t.Errorf("the other one shows as %s", got)
		}
	})
}

func TestF42_OnlyAnOverdueRemovalIsClosed(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	overdue := entitlement.Assignment{ID: "a", Subject: "u", State: entitlement.AssignmentExpired, Ended: now.Add(-time.Hour)}
	with := func(edit func(*entitlement.Assignment)) entitlement.Assignment {
		a := overdue
		edit(&a)
		return a
	}
	for name, c := range map[string]struct {
		a      entitlement.Assignment
		why    string
		kind   entitlement.Kind
		events int
	}{
		"overdue":    {overdue, "gone", entitlement.Internal, 1},
		"no reason":  {overdue, "", entitlement.Invalid, 0},
		"live":       {with(func(a *entitlement.Assignment) { a.Ended = time.Time{} }), "gone", entitlement.Conflict, 0},
		"just ended": {with(func(a *entitlement.Assignment) { a.Ended = now.Add(-time.Minute) }), "gone", entitlement.Conflict, 0},
		"complete":   {with(func(a *entitlement.Assignment) { a.Removed = now }), "gone", entitlement.Conflict, 0},
		"closed":     {with(func(a *entitlement.Assignment) { a.Closed = now }), "gone", entitlement.Internal, 0},
	} {
		change, err := entitlement.CloseRemoval(c.a, "admin", "command", c.why, now)
		if wanted := c.kind != entitlement.Internal; (err != nil) != wanted || wanted && entitlement.KindOf(err) != c.kind || len(change.Events) != c.events {
			t.Errorf("%s: got %+v, %v", name, change, err)
		}
	}
}

// A worker that died after granting again, before it recorded that, leaves its signature:
// the removal that comes then is sent, whatever was recorded of the one before.
func TestL9_WhatMayHaveBeenSentAfterARemovalIsTakenBack(t *testing.T) {
	onBench(t, func(b *bench) {
		b.server.behind, b.server.caps.SerialWrites = 15*time.Second, false
		users, p := b.staff(2), b.pack("a")
		u := users[0]
		b.assignAll(users, p)
		b.deliver(users...)
		time.Sleep(10 * time.Minute)
		b.deliver(users...)
		b.remove(u, p)
		b.deliver(u) // sent, and to be looked at when the window is over

		b.assign(u, p)
		dying := *b.worker
		dying.Store = crashing{b.store, errors.New("died")}
		dying.Deliver(context.Background(), []entitlement.UserID{u}, "test")
		b.remove(u, p)
		time.Sleep(5 * time.Minute) // the dead worker's lease is over
		b.deliver(u)
		time.Sleep(5 * time.Minute)
		b.deliver(u)
		if ref := b.server.people[u]; b.server.there(u, "a") || b.server.granted[ref] != 2 || b.server.revoked[ref] < 2 {
			t.Errorf("there: %t, granted %d times, taken %d times", b.server.there(u, "a"), b.server.granted[ref], b.server.revoked[ref])
		}
	})
}

// A change that a target took and lost is written once more, and again when somebody has it
// reprocessed, though no way of asking was seen to tell (the group is empty).
func TestF39_WhatIsShownByNoWayOfAskingIsWrittenOnceMore(t *testing.T) {
	onBench(t, func(b *bench) {
		u, p := b.staff(1)[0], b.pack("a")
		id := b.assign(u, p)
		b.server.deaf = 1
		b.enqueue(u)
		b.work(1)
		b.within(5*time.Minute, "delivered", b.all([]entitlement.RequestID{id}, "Delivered"))
		if n := b.server.granted[b.server.people[u]]; n != 2 || !b.server.there(u, "a") {
			t.Errorf("granted %d times, there %t", n, b.server.there(u, "a"))
		}
	})
}

// A target that asked to be left alone is, though somebody looks at the person for the sake
// of another target.
func TestF9_WhatATargetPutOffIsNotTriedBeforeThen(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	w.assign(u, p)
	w.target.down = connector.Fail(entitlement.Unavailable, "call", &connector.Refusal{Reason: connector.TargetThrottled, After: 10 * time.Minute}, nil)
	w.deliver(u)
	calls := w.target.calls
	w.clock.Advance(9 * time.Minute)
	if w.deliver(u); w.target.calls != calls {
		t.Errorf("%d calls in the ten minutes that it asked for", w.target.calls-calls)
	}
	w.target.down = nil
	w.clock.Advance(time.Minute)
	w.deliver(u)
	w.holds(u, "a", 1)
}

// An account that was deleted at the target holds nothing: its removal is over once the
// target has said so for a quarter of an hour, and says why.
func TestF43_ARemovalOfADeletedAccountEndsByThat(t *testing.T) {
	onBench(t, func(b *bench) {
		u, p := b.staff(1)[0], b.pack("a")
		b.server.deaf = 1 // nobody was ever seen in the group
		b.server.caps.SerialWrites = false
		id := b.assign(u, p)
		b.deliver(u)
		b.server.gone = true
		b.work(1)
		b.remove(u, p)
		b.enqueue(u)
		time.Sleep(14 * time.Minute)
		if a := b.assignment(id); !a.Removed.IsZero() {
			t.Error("it counts as removed though the account was missing for a few minutes only")
		}
		b.within(10*time.Minute, "ended", b.all([]entitlement.RequestID{id}, "Expired"))
		events, err := b.store.Events(t.Context(), entitlement.OfRequest, string(id))
		if last := events[len(events)-1]; err != nil || last.Data["reason"] != string(connector.PrincipalMissing) {
			t.Errorf("the event is %+v, %v", last, err)
		}
	})
}

// The same where the record of the first removal says that it ended unseen.
func TestL9_WhatMayHaveBeenSentAfterAnUnseenRemovalIsTakenBack(t *testing.T) {
	onBench(t, func(b *bench) {
		b.server.caps.SerialWrites, b.server.caps.Unconfirmed = false, true
		u, p := b.staff(1)[0], b.pack("a")
		b.assign(u, p)
		b.remove(u, p)
		claim := func(token string, intend ...entitlement.RoleRef) entitlement.GrantSet {
			grantSet, err := b.store.Claim(t.Context(), entitlement.Claim{Subject: u, Connector: target, Token: token, Now: time.Now(), Until: time.Now().Add(time.Minute), Intend: intend})
			if err != nil {
				t.Fatal(err)
			}
			return grantSet
		}
		grantSet := claim("removed")
		grantSet.Grants = map[entitlement.RoleRef]entitlement.Grant{role("a"): {Role: role("a"), Presence: entitlement.PresenceAbsent, Sent: true, Wrote: time.Now(), Revoked: true, Unconfirmed: true}}
		b.commit(entitlement.Change{GrantSets: []entitlement.GrantSet{grantSet}})
		claim("granted, and died", role("a"))
		time.Sleep(5 * time.Minute)
		b.deliver(u)
		if n := b.server.revoked[b.server.people[u]]; n != 1 {
			t.Errorf("%d removals were sent", n)
		}
	})
}

// The other way round: a worker that died after taking the role away, before it recorded that,
// leaves its signature. What is wanted again then is granted again, though the record says that
// it was granted and no way of asking shows otherwise (run 299216 of the simulator).
func TestL9_WhatMayHaveBeenTakenAwayIsGrantedAgain(t *testing.T) {
	onBench(t, func(b *bench) {
		b.server.caps.Unconfirmed, b.server.caps.SerialWrites = true, false
		b.server.tells = map[connector.Way]func(bool) answerKind{byList: always(saysNothing), byBoth: always(saysNothing), byMember: always(saysNothing), byUser: always(saysNothing)}
		u, p := b.staff(1)[0], b.pack("a")
		b.assign(u, p)
		b.deliver(u) // sent, and to be looked at when the window is over

		b.remove(u, p)
		dying := *b.worker
		dying.Store = crashing{b.store, errors.New("died")}
		dying.Deliver(context.Background(), []entitlement.UserID{u}, "test")
		if b.server.there(u, "a") {
			t.Fatal("the worker died before it took anything away")
		}
		again := b.assign(u, p)
		time.Sleep(b.worker.Lease + time.Second) // the dead worker's
		b.enqueue(u)
		b.work(1)
		b.within(10*time.Minute, "delivered", b.all([]entitlement.RequestID{again}, "DeliveredUnconfirmed"))
		if ref := b.server.people[u]; !b.server.there(u, "a") || b.server.granted[ref] != 2 {
			t.Errorf("there: %t, granted %d times", b.server.there(u, "a"), b.server.granted[ref])
		}
	})
}

// A list that leaves somebody out tells nothing of this person, though it shows others: who
// was never seen to be in is not out on its word while another way can be asked.
func TestF39_NobodyIsOutOnTheWordOfAListThatNeverShowedThem(t *testing.T) {
	onBench(t, func(b *bench) {
		users, p := b.staff(3), b.pack("a")
		u := users[0]
		ref := b.server.people[u]
		b.server.leaves = map[connector.PrincipalRef]bool{ref: true}
		ids := b.assignAll(users, p)
		b.deliver(users...)
		b.remove(u, p)
		b.server.deaf = 1 // the removal is taken, and lost
		b.enqueue(u)
		b.work(1)
		b.within(10*time.Minute, "ended", func() bool { return !b.assignment(ids[0]).Removed.IsZero() })
		if b.server.there(u, "a") || b.server.revoked[ref] < 2 {
			t.Errorf("there: %t, %d removals sent", b.server.there(u, "a"), b.server.revoked[ref])
		}
	})
}

// What a target that is behind shows after a removal is what was there before it: it makes
// no grant delivered that the target refused, and none that it may have lost.
func TestF40_WhatWasThereBeforeARemovalIsNoEvidenceAfterIt(t *testing.T) {
	for name, spoil := range map[string]func(*server, connector.PrincipalRef){
		"refused": func(s *server, ref connector.PrincipalRef) {
			s.bad = map[connector.PrincipalRef]error{ref: connector.Fail(entitlement.Invalid, "apply", &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "No."}, nil)}
		},
		"lost": func(s *server, _ connector.PrincipalRef) { s.deaf = 1 },
	} {
		onBench(t, func(b *bench) {
			b.server.behind = 15 * time.Second
			u, p := b.staff(1)[0], b.pack("a")
			id := b.assign(u, p)
			b.enqueue(u)
			b.work(1)
			b.within(time.Minute, "delivered", b.all([]entitlement.RequestID{id}, "Delivered"))
			time.Sleep(time.Minute)
			b.remove(u, p)
			b.deliver(u)
			spoil(b.server, b.server.people[u])
			again := b.assign(u, p)
			b.enqueue(u)
			for range 20 {
				time.Sleep(time.Second)
				if b.all([]entitlement.RequestID{again}, "Delivered")() {
					t.Fatalf("%s: called delivered, there: %t", name, b.server.there(u, "a"))
				}
			}
			b.server.mu.Lock()
			b.server.bad = nil
			b.server.mu.Unlock()
			b.within(time.Hour, name+", delivered", b.all([]entitlement.RequestID{again}, "Delivered"))
			if !b.server.there(u, "a") {
				t.Errorf("%s: delivered and not there", name)
			}
		})
	}
}

// Two short outages far apart, between which nobody asked, are not one long one.
func TestF42_WhatIsMissingTwiceForAMomentIsNotGone(t *testing.T) {
	missing := connector.Fail(entitlement.NotFound, "call", &connector.Refusal{Reason: connector.ResourceMissing, Detail: "No such group.", Permanent: true}, nil)
	onBench(t, func(b *bench) {
		u, p := b.staff(1)[0], b.pack("a")
		id := b.assign(u, p)
		b.deliver(u)
		b.server.fault = func(string) error { return missing }
		b.remove(u, p)
		b.deliver(u)
		time.Sleep(15 * 24 * time.Hour)
		for range 3 {
			b.deliver(u)
			if a := b.assignment(id); !a.Removed.IsZero() {
				t.Fatal("it counts as removed")
			}
			time.Sleep(5 * time.Minute)
		}
		b.deliver(u)
		if a := b.assignment(id); a.Removed.IsZero() {
			t.Error("after a quarter of an hour it does not count as removed")
		}
	})
}
