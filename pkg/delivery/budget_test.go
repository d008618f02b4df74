package delivery_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// A thousand people whom the target has to be asked for one by one take longer than a run:
// each run ends in time with what it found on record, and the next goes on from there.
func TestL1_AThousandUnknownPeopleAreDeliveredOverSeveralRuns(t *testing.T) {
	onBench(t, func(b *bench) {
		b.server.lookup, b.server.latency = 250*time.Millisecond, 250*time.Millisecond
		users, p := b.staff(1000), b.pack("a")
		ids := b.assignAll(users, p)
		b.enqueue(users...)
		b.work(1)
		took := b.within(10*time.Minute, "all delivered", b.all(ids, "Delivered"))
		if b.longest > names.DeliverTimeout {
			t.Errorf("a run took %s", b.longest)
		}
		if b.server.lookups > 1000 || b.present(users, "a") != 1000 {
			t.Errorf("%d look-ups for 1000 people, %d there", b.server.lookups, b.present(users, "a"))
		}
		t.Logf("%s, all delivered after %s; %d look-ups, %d changes", b, took, b.server.lookups, b.server.applies)
	})
}

// A worker that dies in mid-run has recorded the people before.
func TestL9_ACrashAmongUnknownPeopleLosesAWaveOfLookupsAtMost(t *testing.T) {
	onBench(t, func(b *bench) {
		b.server.lookup = 250 * time.Millisecond
		users, p := b.staff(300), b.pack("a")
		b.assignAll(users, p)
		died := errors.New("died")
		dying := *b.worker
		dying.Store = &mortal{Store: b.store, life: 2 * 110, err: died} // in the third hundred
		dying.Deliver(b.t.Context(), users, "test")
		before := b.server.lookups
		time.Sleep(2 * time.Minute)
		b.deliver(users...)
		if again := b.server.lookups - before; again > 120 {
			t.Errorf("%d of 300 people were looked up again after a crash in the third hundred", again)
		}
	})
}

func TestF10_ASilentTargetEndsTheRunAndIsLeftAlone(t *testing.T) {
	onBench(t, func(b *bench) {
		b.server.silent = true
		users, p := b.staff(100), b.pack("a", "b")
		b.assignAll(users, p)
		began := time.Now()
		ctx, cancel := context.WithTimeout(b.t.Context(), names.DeliverTimeout)
		defer cancel()
		if failed := b.worker.Deliver(ctx, users, "test"); len(failed) > 0 {
			t.Errorf("the message would come again: %v", failed)
		}
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("the run took %s, and one unanswered call takes 10 s", took)
		}
		for _, u := range users {
			h, grants := b.subjectRecord(u)
			if g := grants[role("a")]; !h.NeedsReconcile() || g.Reason != string(connector.TargetUnavailable) || g.Next.IsZero() || g.Sent {
				t.Fatalf("on record: %+v", g)
			}
		}
		if breaker, err := b.store.Breaker(b.t.Context(), target); err != nil || breaker.Failures != 1 {
			t.Errorf("the breaker is %+v, %v", breaker, err)
		}
		if b.server.calls != 1 {
			t.Errorf("%d calls to a target that answers none", b.server.calls)
		}
	})
}

// As many workers side by side as the queues allow, messages for them without end: a
// target that answers nothing sees few calls, whether it refuses connections or lets them
// hang.
func TestY17_ADeadTargetSeesFewCallsFromAllWorkersTogether(t *testing.T) {
	const workers = 8 // what an account of ten functions side by side leaves for deliveries
	for name, die := range map[string]func(*server){
		"no connection": func(s *server) { s.down = true },
		"no answer":     func(s *server) { s.silent = true },
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				users, p := b.staff(40), b.pack("a", "b", "c")
				b.assignAll(users, p)
				die(b.server)
				b.work(workers)
				for began := time.Now(); time.Since(began) < 10*time.Minute; time.Sleep(7 * time.Second) {
					for i := range users {
						b.enqueue(users[i]) // a message each, as if nothing bundled them
					}
				}
				if b.server.calls > 20 {
					t.Errorf("%d calls in ten minutes, want at most 20", b.server.calls)
				}
				t.Logf("%d calls", b.server.calls)
			})
		})
	}
}

const second entitlement.ConnectorID = "00000000-0000-4000-8000-00000000beef"

// packAt adds a package of one role at each of the targets.
func (b *bench) packAt(targets ...entitlement.ConnectorID) entitlement.AccessPackage {
	p := b.pack()
	var roles []entitlement.RoleRef
	for _, id := range targets {
		roles = append(roles, entitlement.RoleRef{Connector: id, Resource: "g", Role: "Member_g"})
	}
	b.give(p, roles...)
	return p
}

// twoTargets runs a test with a person who holds something at two targets, of which the
// second then falls silent.
func twoTargets(t *testing.T, run func(b *bench, u entitlement.UserID, here, both entitlement.AccessPackage)) {
	t.Helper()
	onBench(t, func(b *bench) {
		other := newServer()
		for _, s := range []*server{b.server, other} {
			s.caps.Authoritative, s.caps.SerialWrites = true, false // nothing to wait for
		}
		b.worker.Connectors = at{target: b.server, second: other}
		u := b.staff(1)[0]
		other.hire(u)
		here, both := b.packAt(target), b.packAt(target, second)
		b.assign(u, here)
		b.assign(u, both)
		b.deliver(u)
		other.silent = true
		run(b, u, here, both)
	})
}

func TestL6_ARemovalDoesNotWaitForAnotherTargetOfTheSamePerson(t *testing.T) {
	twoTargets(t, func(b *bench, u entitlement.UserID, here, both entitlement.AccessPackage) {
		b.remove(u, both)
		r := b.remove(u, here)
		b.enqueue(u)
		b.work(1)
		b.within(time.Second, "gone from the healthy target", func() bool { return !b.server.there(u, "g") })
		b.within(time.Second, "and said so", func() bool {
			request, err := b.store.Request(b.t.Context(), r)
			return err == nil && request.State == entitlement.RequestDelivered
		})
		if h, _, err := b.store.SubjectRecord(b.t.Context(), u); err != nil || len(h.Removing) != 1 || !h.NeedsReconcile() {
			t.Errorf("the other removal is owed: %+v, %v", h, err)
		}
	})
}

func TestL6_ARemovalDoesNotWaitForAWorkerThatIsAtAnotherTarget(t *testing.T) {
	twoTargets(t, func(b *bench, u entitlement.UserID, here, both entitlement.AccessPackage) {
		b.remove(u, both)
		b.enqueue(u)
		b.work(2)
		time.Sleep(2 * time.Second) // one worker is out at the silent target
		r := b.remove(u, here)
		b.enqueue(u)
		b.within(time.Second, "gone from the healthy target", func() bool { return !b.server.there(u, "g") })
		b.within(time.Minute, "and said so", func() bool {
			request, err := b.store.Request(b.t.Context(), r)
			return err == nil && request.State == entitlement.RequestDelivered
		})
	})
}

// What was never sent needs no removal, and so no target that answers.
func TestL2_WhatWasNeverSentIsNotOwed(t *testing.T) {
	onBench(t, func(b *bench) {
		u, p := b.staff(1)[0], b.pack("a")
		b.server.down = true
		id := b.assign(u, p)
		b.deliver(u)
		r := b.remove(u, p)
		b.deliver(u)
		b.request(r, entitlement.RequestDelivered)
		if h, grants := b.subjectRecord(u); h.NeedsReconcile() || len(grants) != 0 || b.assignment(id).Status(time.Now()) != "Expired" {
			t.Errorf("left: %+v, %v", h, grants)
		}
	})
}

// A worker that was killed between its claim and its record may have sent what it signed.
func TestL9_WhatMayHaveBeenSentIsTakenBack(t *testing.T) {
	onBench(t, func(b *bench) {
		b.server.caps.SerialWrites = false // else the hold would be the commit that it dies at
		u, p := b.staff(1)[0], b.pack("a")
		b.assign(u, p)
		dying := *b.worker
		dying.Store = crashing{b.store, errors.New("died")}
		dying.Deliver(b.t.Context(), []entitlement.UserID{u}, "test")
		if !b.server.there(u, "a") {
			t.Fatal("nothing was sent before the crash")
		}
		b.remove(u, p)
		time.Sleep(2 * time.Minute)
		b.deliver(u)
		if b.server.there(u, "a") || b.server.revoked[b.server.people[u]] != 1 {
			t.Errorf("there: %t, removals sent: %d", b.server.there(u, "a"), b.server.revoked[b.server.people[u]])
		}
	})
}
