package delivery_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Manners of servers as public reports of real ones describe them. Each way that tells
// nothing is broken in the way that is named.
var serversManners = []struct {
	name     string
	make     func(*server)
	tells    bool // some way of asking tells
	unlisted int  // members that the list leaves out
}{
	{"honest", func(*server) {}, true, 0},
	{"the list is empty, the filter by group and member answers", func(s *server) {
		s.tells = map[connector.Way]func(bool) answerKind{byList: always(saysAbsent), byMember: always(refusesToSay), byUser: always(saysNothing)}
	}, true, 0},
	{"the list is left out, filters are ignored, the user's groups are shown", func(s *server) {
		s.tells = map[connector.Way]func(bool) answerKind{byList: always(saysNothing), byBoth: always(saysPresent), byMember: always(saysPresent)}
	}, true, 0},
	{"the list is empty, and filters find the group for everybody", func(s *server) {
		s.tells = map[connector.Way]func(bool) answerKind{byList: always(saysAbsent), byBoth: always(saysPresent), byMember: always(saysPresent), byUser: always(saysNothing)}
	}, false, 0},
	{"nothing is shown at all", func(s *server) {
		s.tells = map[connector.Way]func(bool) answerKind{byList: always(saysNothing), byBoth: always(refusesToSay), byMember: always(saysAbsent), byUser: always(saysNothing)}
	}, false, 0},
	{"reads are 15 s behind", func(s *server) { s.behind = 15 * time.Second }, true, 0},
	{"changes that cross undo each other", func(s *server) { s.racing = true }, true, 0},
	{"any id is taken", func(s *server) { s.anyID = true }, true, 0},
}

func always(kind answerKind) func(bool) answerKind { return func(bool) answerKind { return kind } }

// Twenty people are granted and taken back in bursts, by eight workers, at each kind of server.
func TestF39_NobodyIsCalledInWhoIsNotOrGoneWhoIsThere(t *testing.T) {
	for _, kind := range serversManners {
		t.Run(kind.name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.server.latency = 200 * time.Millisecond
				kind.make(b.server)
				users, p := b.staff(20), b.pack("a")
				ids := b.bursts(users, p)
				b.watch(users, ids, 20*time.Minute)
				there, st := b.present(users, "a"), b.statuses(ids)
				want := "Delivered"
				if !kind.tells {
					want = "DeliveryFailed"
				}
				if there != 20 || st[want] != 20 {
					t.Errorf("after all were granted: %d there, %v", there, st)
				}
				for i := range 4 {
					for _, u := range users[i*5 : i*5+5] {
						b.remove(u, p)
						b.enqueue(u)
					}
					time.Sleep(700 * time.Millisecond)
				}
				b.watch(users, ids, 20*time.Minute)
				there, st = b.present(users, "a"), b.statuses(ids)
				sent := 0
				for _, u := range users {
					sent += min(b.server.revoked[b.server.people[u]], 1)
				}
				if want = "Expired"; !kind.tells {
					want = "RemovalOverdue"
				}
				if there != 0 || sent != 20 || st[want] != 20 {
					t.Errorf("after all were taken back: %d there, %d removals sent, %v", there, sent, st)
				}
				t.Logf("%d calls, %d changes, at once at most %d", b.server.calls, b.server.applies, b.server.most)
			})
		})
	}
}

// bursts assigns the package to people in four bursts while eight workers are at it.
func (b *bench) bursts(users []entitlement.UserID, p entitlement.AccessPackage) []entitlement.RequestID {
	b.work(8)
	var ids []entitlement.RequestID
	for burst := range slices.Chunk(users, 5) {
		for _, u := range burst {
			ids = append(ids, b.assign(u, p))
			b.enqueue(u)
		}
		time.Sleep(700 * time.Millisecond)
	}
	return ids
}

// watch lets time pass, and fails the test whenever somebody is called in who is not there a
// while after, or gone who is.
func (b *bench) watch(users []entitlement.UserID, ids []entitlement.RequestID, d time.Duration) {
	b.t.Helper()
	wrong := map[entitlement.UserID]time.Duration{}
	const step = 5 * time.Second
	for began := time.Now(); time.Since(began) < d; time.Sleep(step) {
		for i, u := range users {
			status, there := b.assignment(ids[i]).Status(time.Now()), b.server.there(u, "a")
			if status == "Expired" && there {
				b.t.Fatalf("%s is called gone and is there", u)
			}
			if status == "Delivered" && !there {
				wrong[u] += step
			} else {
				delete(wrong, u)
			}
			if wrong[u] > 30*time.Second {
				b.t.Fatalf("%s is called delivered and is not there", u)
			}
		}
	}
}

// A removal right after a grant, at a server that shows neither for 15 seconds: the grant
// had been confirmed or not.
func TestF40_ARemovalRightAfterAGrantTakesItAway(t *testing.T) {
	for name, after := range map[string]time.Duration{"one second after it": time.Second, "one second after it was confirmed": 31 * time.Second} {
		t.Run(name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.server.behind = 15 * time.Second
				users, p := b.staff(2), b.pack("a")
				b.work(2)
				b.assign(users[1], p) // somebody is known to be there
				b.enqueue(users[1])
				b.within(3*time.Minute, "the other is shown", func() bool { return b.server.asked[byList] > 3 })
				u := users[0]
				id := b.assign(u, p)
				b.enqueue(u)
				time.Sleep(after)
				b.remove(u, p)
				b.enqueue(u)
				b.watch([]entitlement.UserID{u}, []entitlement.RequestID{id}, 5*time.Minute)
				if b.server.there(u, "a") || b.server.revoked[b.server.people[u]] == 0 {
					t.Errorf("there: %t, removals: %d", b.server.there(u, "a"), b.server.revoked[b.server.people[u]])
				}
				if status := b.assignment(id).Status(time.Now()); status != "Expired" {
					t.Errorf("it is %s", status)
				}
			})
		})
	}
}

// The removal of what was confirmed is sent though the server says that it is gone already.
func TestF40_ARemovalIsSentWhateverAReadSays(t *testing.T) {
	onBench(t, func(b *bench) {
		users, p := b.staff(3), b.pack("a")
		ids := b.assignAll(users, p)
		b.deliver(users...)
		b.server.tells = map[connector.Way]func(bool) answerKind{byList: always(saysAbsent), byBoth: always(saysAbsent), byMember: always(saysAbsent), byUser: always(saysAbsent)}
		b.work(1)
		for _, u := range users {
			b.remove(u, p)
			b.enqueue(u)
		}
		b.within(20*time.Minute, "ended", b.all(ids, "Expired"))
		if n := b.present(users, "a"); n != 0 {
			t.Errorf("%d are still there", n)
		}
	})
}

// An administrator has said that roles may count unseen at this target.
func TestS15_UnconfirmedIsSaidWhereNothingTells(t *testing.T) {
	onBench(t, func(b *bench) {
		b.server.caps.Unconfirmed = true
		b.server.tells = map[connector.Way]func(bool) answerKind{byList: always(saysAbsent), byBoth: always(saysPresent), byMember: always(saysPresent), byUser: always(saysNothing)}
		users, p := b.staff(5), b.pack("a")
		ids := b.assignAll(users, p)
		b.enqueue(users...)
		b.work(1)
		b.within(5*time.Minute, "delivered", b.all(ids, "DeliveredUnconfirmed"))
		b.remove(users[0], p)
		b.enqueue(users[0])
		b.within(5*time.Minute, "ended", b.all(ids[:1], "ExpiredUnconfirmed"))
		ref := b.server.people[users[0]]
		if b.server.there(users[0], "a") || b.server.granted[ref] != 1 || b.server.revoked[ref] != 2 {
			t.Errorf("there: %t, granted %d times, taken %d times", b.server.there(users[0], "a"), b.server.granted[ref], b.server.revoked[ref])
		}
		if h, grants := b.subjectRecord(users[0]); h.NeedsReconcile() || len(grants) != 0 {
			t.Errorf("left: %+v, %v", h, grants)
		}
	})
}

// Where a way does tell, nothing is unconfirmed, whatever the administrator allows.
func TestS15_WhatCanBeSeenIsNotCalledUnconfirmed(t *testing.T) {
	onBench(t, func(b *bench) {
		b.server.caps.Unconfirmed, b.server.behind = true, 15*time.Second
		users, p := b.staff(5), b.pack("a")
		ids := b.assignAll(users, p)
		b.enqueue(users...)
		b.work(1)
		b.within(5*time.Minute, "delivered", b.all(ids, "Delivered"))
	})
}

// A target that cannot be asked fails the role with a reason that says what was asked, what
// was answered and what to do, and is not asked without end.
func TestF39_ATargetThatCannotBeAskedFailsTheRoleAndSaysWhy(t *testing.T) {
	onBench(t, func(b *bench) {
		b.server.tells = map[connector.Way]func(bool) answerKind{byList: always(saysAbsent), byBoth: always(refusesToSay), byMember: always(saysPresent), byUser: always(saysNothing)}
		u, p := b.staff(1)[0], b.pack("a")
		id := b.assign(u, p)
		b.enqueue(u)
		b.work(1)
		b.within(4*time.Minute, "failed", b.all([]entitlement.RequestID{id}, "DeliveryFailed"))
		time.Sleep(4 * time.Hour)
		calls := b.server.calls
		time.Sleep(3 * time.Hour)
		h, grants := b.subjectRecord(u)
		g := grants[role("a")]
		want := "The target accepted the change, and no way of asking it was seen to tell who holds the role (members: it says absent; group-and-member: it says that it does not understand; " +
			"member: it says present; user-groups: it says nothing). Where that cannot be changed at the target, set the connector's readBack to unconfirmed."
		if h.NeedsReconcile() || !g.Sent || g.Reason != string(connector.CannotConfirm) || g.Detail != want {
			t.Errorf("on record: %+v", g)
		}
		if b.server.calls != calls || b.server.granted[b.server.people[u]] != 2 { // the first may have been lost
			t.Errorf("%d calls in three quiet hours, granted %d times", b.server.calls-calls, b.server.granted[b.server.people[u]])
		}
	})
}

// Where a single person's account was made again, the id that is kept is nobody's: a server
// that takes any id would say yes to it.
func TestF43_AKeptIDIsKnownToBeThePersonsBeforeItIsUsed(t *testing.T) {
	onBench(t, func(b *bench) {
		b.server.anyID = true
		u, p, q := b.staff(1)[0], b.pack("a"), b.pack("b")
		b.work(1)
		first := b.assign(u, p)
		b.enqueue(u)
		b.within(time.Minute, "delivered", b.all([]entitlement.RequestID{first}, "Delivered"))
		old := b.server.people[u]
		time.Sleep(25 * time.Hour)
		b.server.rehire(u, "again")
		id := b.assign(u, q)
		b.enqueue(u)
		b.within(time.Minute, "delivered", b.all([]entitlement.RequestID{id}, "Delivered"))
		if !b.server.there(u, "b") || !b.server.there(u, "a") || b.server.granted[old] != 1 {
			t.Errorf("in b: %t, in a again: %t, grants to the dead id: %d", b.server.there(u, "b"), b.server.there(u, "a"), b.server.granted[old])
		}
		b.remove(u, p)
		b.enqueue(u)
		b.within(10*time.Minute, "ended", b.all([]entitlement.RequestID{first}, "Expired"))
		if b.server.there(u, "a") || b.server.revoked[old] == 0 || b.server.revoked["again"] == 0 {
			t.Errorf("a removal goes to each id under which a grant was sent: %v", b.server.revoked)
		}
	})
}

// An id whose change failed is looked up again at once, not a day later.
func TestF43_AnIDWhoseChangeFailedIsDoubted(t *testing.T) {
	onBench(t, func(b *bench) {
		u, p, q := b.staff(1)[0], b.pack("a"), b.pack("b")
		b.assign(u, p)
		b.deliver(u)
		b.server.rehire(u, "again")
		id := b.assign(u, q)
		b.enqueue(u)
		b.work(1)
		b.within(2*time.Minute, "delivered", b.all([]entitlement.RequestID{id}, "Delivered"))
		if !b.server.there(u, "b") {
			t.Error("not there")
		}
	})
}

// One 404 in a while ends nobody's access on paper, and fails nothing for good; only a
// resource that stays missing does.
func TestF42_AResourceThatIsMissingForAWhileIsNotGone(t *testing.T) {
	missing := connector.Fail(entitlement.NotFound, "call", &connector.Refusal{Reason: connector.ResourceMissing, Detail: "No such group.", Permanent: true}, nil)
	onBench(t, func(b *bench) {
		users, p := b.staff(2), b.pack("a")
		b.work(1)
		held := b.assign(users[0], p)
		b.enqueue(users[0])
		b.within(time.Minute, "delivered", b.all([]entitlement.RequestID{held}, "Delivered"))
		gone := func(call string) error {
			if call == "find" {
				return nil
			}
			return missing
		}
		b.server.fault = gone
		b.remove(users[0], p)
		late := b.assign(users[1], p)
		b.enqueue(users...)
		b.watch(users, []entitlement.RequestID{held, late}, 10*time.Minute)
		if a := b.assignment(held); !a.Removed.IsZero() {
			t.Fatal("it counts as removed by ten minutes of 404")
		}
		b.server.fault = nil
		b.within(10*time.Minute, "ended", b.all([]entitlement.RequestID{held}, "Expired"))
		b.within(10*time.Minute, "delivered", b.all([]entitlement.RequestID{late}, "Delivered"))
		if b.server.there(users[0], "a") || !b.server.there(users[1], "a") {
			t.Error("the target is not as the assignments are")
		}

		b.server.fault = gone
		b.remove(users[1], p)
		b.enqueue(users[1])
		began := time.Now()
		b.within(25*time.Minute, "ended by the missing resource", b.all([]entitlement.RequestID{late}, "Expired"))
		if took := time.Since(began); took < 15*time.Minute {
			t.Errorf("gone after %s", took)
		}
		events, err := b.store.Events(b.t.Context(), entitlement.OfRequest, string(late))
		if last := events[len(events)-1]; err != nil || last.Kind != "revoked" || last.Data["reason"] != string(connector.ResourceMissing) {
			t.Errorf("the event is %+v, %v", last, err)
		}
	})
}

// One person by whom a change of a hundred fails holds up nobody else.
func TestF44_OneBadPersonOfAHundred(t *testing.T) {
	for name, answer := range map[string]error{
		"500": connector.Fail(entitlement.Unavailable, "apply", &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "The target has trouble of its own (status 500)."}, nil),
		"403": connector.Fail(entitlement.Forbidden, "apply", &connector.Refusal{Reason: connector.CredentialRefused, Detail: "The target does not accept our credential (status 403).", Permanent: true}, nil),
		"400": connector.Fail(entitlement.Invalid, "apply", &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "The target refuses this change (status 400).", Permanent: true}, nil),
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.server.latency = 500 * time.Millisecond
				users, p := b.staff(100), b.pack("a")
				bad := users[37]
				b.server.bad = map[connector.PrincipalRef]error{b.server.people[bad]: answer}
				ids := b.assignAll(users, p)
				b.enqueue(users...)
				b.work(2)
				took := b.within(100*time.Second, "99 delivered", func() bool { return b.statuses(ids)["Delivered"] == 99 })
				_, grantSets, _ := b.store.SubjectRecord(b.t.Context(), bad)
				if g := grantSets[0].Grants[role("a")]; g.Reason != string(connector.RefusedByTarget) {
					t.Errorf("of the bad one: %+v", g)
				}
				t.Logf("99 of 100 after %s, %d changes", took, b.server.applies)
				b.within(10*time.Minute, "all quiet", func() bool { h, _, _ := b.store.SubjectRecord(b.t.Context(), users[0]); return !h.NeedsReconcile() })

				// Two innocent ones leave with the bad one among them.
				for _, u := range []entitlement.UserID{users[36], bad, users[38]} {
					b.remove(u, p)
					b.enqueue(u)
				}
				b.within(100*time.Second, "the others are out", func() bool { return !b.server.there(users[36], "a") && !b.server.there(users[38], "a") })
			})
		})
	}
}

// A credential that may not write fails everybody's change: that is the credential's fault.
func TestF44_ARefusalOfEverybodyIsTheTargetsFault(t *testing.T) {
	onBench(t, func(b *bench) {
		users, p := b.staff(30), b.pack("a")
		forbidden := connector.Fail(entitlement.Forbidden, "apply", &connector.Refusal{Reason: connector.CredentialRefused, Detail: "no", Permanent: true}, nil)
		b.server.fault = func(call string) error {
			if call == "apply" {
				return forbidden
			}
			return nil
		}
		b.assignAll(users, p)
		b.deliver(users...)
		if b.server.applies > 12 {
			t.Errorf("%d changes were tried", b.server.applies)
		}
		for _, u := range users {
			if _, grants := b.subjectRecord(u); grants[role("a")].Reason != string(connector.CredentialRefused) || grants[role("a")].Permanent {
				t.Fatalf("on record: %+v", grants)
			}
		}
	})
}

// A target that does no such thing at all says so of everybody, and of one person too.
func TestF44_WhatATargetDoesNotDoIsNobodysFault(t *testing.T) {
	for _, n := range []int{1, 5} {
		onBench(t, func(b *bench) {
			b.server.fault = func(call string) error {
				if call == "apply" {
					return connector.Fail(entitlement.Invalid, "apply", &connector.Refusal{Reason: connector.NotUnderstood, Detail: "501", Permanent: true}, nil)
				}
				return nil
			}
			users, p := b.staff(n), b.pack("a")
			ids := b.assignAll(users, p)
			b.deliver(users...)
			for _, u := range users {
				if _, grants := b.subjectRecord(u); grants[role("a")].Reason != string(connector.NotUnderstood) || !grants[role("a")].Permanent {
					t.Errorf("on record: %+v", grants)
				}
			}
			if b.server.applies != 1 || !b.all(ids, "DeliveryFailed")() {
				t.Errorf("%d changes, %v", b.server.applies, b.statuses(ids))
			}
		})
	}
}

// Bursts of grants and removals by twenty-four workers at a server that applies a change as
// read, change, write.
func TestF41_TwentyFourWorkersLoseNothingAtARacingTarget(t *testing.T) {
	onBench(t, func(b *bench) {
		b.server.latency, b.server.racing = 300*time.Millisecond, true
		users, p := b.staff(60), b.pack("a")
		b.work(24)
		ids := make([]entitlement.RequestID, len(users))
		for i, u := range users {
			ids[i] = b.assign(u, p)
			b.enqueue(u)
			time.Sleep(20 * time.Millisecond)
			if i >= 30 {
				b.remove(users[i-30], p)
				b.enqueue(users[i-30])
			}
		}
		b.within(10*time.Minute, "granted", b.all(ids[30:], "Delivered"))
		b.within(10*time.Minute, "taken back", b.all(ids[:30], "Expired"))
		time.Sleep(5 * time.Minute)
		if in, out := b.present(users[30:], "a"), b.present(users[:30], "a"); in != 30 || out != 0 {
			t.Errorf("%d of 30 are there, and %d that ought not to be", in, out)
		}
		if b.server.crossed != 1 {
			t.Errorf("Y5: %d changes of one group at once, want one after the other", b.server.crossed)
		}
		t.Logf("%d changes of %d people", b.server.applies, len(users)+30)
	})
}

// The same at a server of which an administrator wrongly said that changes may cross.
func TestF41_WhatGotLostIsWrittenAgainAndSaid(t *testing.T) {
	onBench(t, func(b *bench) {
		u, p := b.staff(1)[0], b.pack("a")
		b.work(1)
		id := b.assign(u, p)
		b.enqueue(u)
		b.within(time.Minute, "delivered", b.all([]entitlement.RequestID{id}, "Delivered"))
		b.server.mu.Lock()
		b.server.set("a", func(m map[connector.PrincipalRef]bool) { clear(m) }) // somebody else's write crossed ours
		b.server.mu.Unlock()
		b.server.fault = func(call string) error {
			if call == "apply" {
				return connector.Fail(entitlement.Throttled, "apply", &connector.Refusal{Reason: connector.TargetThrottled, Detail: "slow down", After: time.Minute}, nil)
			}
			return nil
		}
		b.within(time.Minute, "no longer called delivered", b.all([]entitlement.RequestID{id}, "Delivering"))
		b.server.fault = nil
		b.within(3*time.Minute, "delivered again", b.all([]entitlement.RequestID{id}, "Delivered"))
		if !b.server.there(u, "a") {
			t.Error("not there")
		}
		events, err := b.store.Events(b.t.Context(), entitlement.OfRequest, string(id))
		var kinds []string
		for _, e := range events {
			kinds = append(kinds, e.Kind)
		}
		if err != nil || !slices.Equal(kinds, []string{"submitted", "delivered", "roleLost", "delivered"}) {
			t.Errorf("events %v, %v", kinds, err)
		}
	})
}

// A worker that dies while it writes keeps a removal from nobody for longer than ten seconds.
func TestF41_ADeadWorkersHoldIsOverAfterTenSeconds(t *testing.T) {
	onBench(t, func(b *bench) {
		users, p := b.staff(2), b.pack("a")
		b.assign(users[0], p)
		b.deliver(users[0])
		held, err := b.store.TargetResource(b.t.Context(), target, "a")
		if err != nil {
			t.Fatal(err)
		}
		held.Writer, held.WriterUntil = "dead", time.Now().Add(10*time.Second)
		b.commit(entitlement.Change{TargetResources: []entitlement.TargetResource{held}})
		b.remove(users[0], p)
		b.enqueue(users[0])
		b.work(1)
		if took := b.within(12*time.Second, "out", func() bool { return !b.server.there(users[0], "a") }); took > 11*time.Second {
			t.Errorf("out after %s", took)
		}
	})
}

// What another worker learns of a resource while this one writes keeps the resource from
// nobody: the hold is given back at once, and not when its ten seconds are over.
func TestF41_AHoldIsGivenBackThoughOthersLearntSomethingMeanwhile(t *testing.T) {
	onBench(t, func(b *bench) {
		users, p := b.staff(2), b.pack("a")
		b.server.fault = func(call string) error {
			if call == "apply" {
				known, err := b.store.TargetResource(context.Background(), target, "a")
				if err != nil || known.Writer == "" {
					t.Errorf("nobody holds the resource while it is written: %+v, %v", known, err)
				}
				known.ShowedAbsent = time.Now()
				b.commit(entitlement.Change{TargetResources: []entitlement.TargetResource{known}})
			}
			return nil
		}
		b.assign(users[0], p)
		b.deliver(users[0])
		known, err := b.store.TargetResource(context.Background(), target, "a")
		if err != nil || known.Writer != "" || known.LastWrite.IsZero() {
			t.Errorf("left: %+v, %v", known, err)
		}
		b.server.fault = nil
		b.assign(users[1], p)
		began := time.Now()
		if b.deliver(users[1]); time.Since(began) > time.Second {
			t.Errorf("the next one waited %s", time.Since(began))
		}
	})
}

// The window is shortened where a target is seen to show writes at once, and raised again at
// once where it does not.
func TestF40_TheWindowFollowsTheTarget(t *testing.T) {
	onBench(t, func(b *bench) {
		users, p := b.staff(24), b.pack("a")
		ids := b.assignAll(users, p)
		b.enqueue(users...)
		b.work(1)
		b.within(time.Minute, "delivered", b.all(ids, "Delivered"))
		b.remove(users[0], p)
		b.enqueue(users[0])
		if took := b.within(time.Minute, "ended", b.all(ids[:1], "Expired")); took > 30*time.Second {
			t.Errorf("ended after %s at a target that shows everything at once", took)
		}
		b.server.behind = 15 * time.Second
		for i, u := range users[1:4] {
			b.remove(u, p)
			b.enqueue(u)
			b.within(3*time.Minute, "ended", b.all(ids[i+1:i+2], "Expired"))
		}
		breaker, err := b.store.Breaker(b.t.Context(), target)
		if err != nil || 2*breaker.LongestLag < 15*time.Second || breaker.LagSamples < 20 {
			t.Errorf("the breaker is %+v, %v", breaker, err)
		}
	})
}

// In the steady state a delivery asks for no id that nobody has, and writes nothing about
// the resource but who writes to it.
func TestY3_WhatWasSeenOfAWayOfAskingIsNotAskedAgainForADay(t *testing.T) {
	onBench(t, func(b *bench) {
		b.server.tells = map[connector.Way]func(bool) answerKind{byList: always(saysNothing)}
		users, p := b.staff(2), b.pack("a")
		b.assign(users[0], p)
		b.deliver(users[0])
		asked := maps.Clone(b.server.asked)
		b.assign(users[1], p)
		b.deliver(users[1])
		if n := b.server.asked[byList] - asked[byList]; n != 0 {
			t.Errorf("%d more questions in a way that tells nothing", n)
		}
		if n := b.server.asked[byBoth] - asked[byBoth]; n != 2 {
			t.Errorf("%d questions in the way that tells, want one before and one after", n)
		}
		known, err := b.store.TargetResource(context.Background(), target, "a")
		if err != nil || known.Way != string(byBoth) || known.ShowedPresent.IsZero() || known.ShowedAbsent.IsZero() {
			t.Errorf("remembered: %+v, %v", known, err)
		}
	})
}
