package delivery_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// A removal that is closed leaves what another removal still needs: its roles are written
// off where every removal of them was closed.
func TestF42_AClosedRemovalLeavesWhatAnotherNeedsReconcile(t *testing.T) {
	onBench(t, func(b *bench) {
		u := b.staff(1)[0]
		lost, shared := b.pack("a", "b"), b.pack("b", "c")
		ids := []entitlement.RequestID{b.assign(u, lost), b.assign(u, shared)}
		b.work(1)
		b.enqueue(u)
		b.within(time.Minute, "delivered", b.all(ids, "Delivered"))

		b.server.down = true
		b.remove(u, lost)
		b.remove(u, shared)
		b.enqueue(u)
		time.Sleep(11 * time.Minute)
		b.close(ids[0])
		time.Sleep(2 * time.Minute)
		if a := b.assignment(ids[0]); !a.Removed.IsZero() {
			t.Error("it is over, though a role of it is still owed for another")
		}

		b.server.down = false
		b.within(15*time.Minute, "the other one is taken back", b.all(ids[1:], "Expired"))
		b.within(5*time.Minute, "over", b.all(ids[:1], "ExpiredUnconfirmed"))
		if !b.server.there(u, "a") || b.server.there(u, "b") || b.server.there(u, "c") {
			t.Error("what was closed is left alone, and what another needs is taken back")
		}
		b.within(time.Minute, "nothing is owed", func() bool { h, _ := b.subjectRecord(u); return !h.NeedsReconcile() })
	})
}

// A crash may lose the id under which something was sent. That the target finds nobody then
// says nothing of what is there.
func TestL9_WhatMayHaveBeenSentUnderAnIDThatIsLostIsOwed(t *testing.T) {
	onBench(t, func(b *bench) {
		b.server.caps.SerialWrites = false
		u, p := b.staff(1)[0], b.pack("a")
		id := b.assign(u, p)
		dying := *b.worker
		dying.Store = crashing{b.store, errors.New("died")}
		dying.Deliver(b.t.Context(), []entitlement.UserID{u}, "test")
		if !b.server.there(u, "a") {
			t.Fatal("nothing was sent before the crash")
		}
		ref := b.server.people[u]
		delete(b.server.people, u) // or what is asked for people is a copy that is behind

		b.remove(u, p)
		time.Sleep(2 * time.Minute)
		b.deliver(u)
		if a := b.assignment(id); !a.Removed.IsZero() {
			t.Fatal("it counts as removed, and no removal was sent")
		}
		b.server.people[u] = ref
		time.Sleep(time.Hour)
		b.deliver(u)
		time.Sleep(5 * time.Minute)
		b.deliver(u)
		if a := b.assignment(id); a.Removed.IsZero() || b.server.there(u, "a") {
			t.Errorf("removed: %s, there: %t", a.Removed, b.server.there(u, "a"))
		}
	})
}

// A target that gives a person another id each time does not make the record grow for ever,
// and whatever was sent under any of them is taken back.
func TestS21_TheIDsOfOnePersonAreBounded(t *testing.T) {
	onBench(t, func(b *bench) {
		b.server.anyID = true
		u, p := b.staff(1)[0], b.pack("a")
		id := b.assign(u, p)
		b.deliver(u)
		for i := range 24 {
			b.server.rehire(u, connector.PrincipalRef(fmt.Sprintf("%s/again/%d", u, i)))
			time.Sleep(25 * time.Hour)
			if _, grants := b.subjectRecord(u); len(grants) == 0 {
				t.Fatal("nothing is on record")
			}
			slot, err := b.store.AssignmentSlot(t.Context(), p.ID, u)
			if err != nil {
				t.Fatal(err)
			}
			c, err := entitlement.ReprocessAssignment(slot, entitlement.Actor{ID: "admin", Command: "test"}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			b.commit(c)
			b.deliver(u)
		}
		_, grantSets, err := b.store.SubjectRecord(t.Context(), u)
		if err != nil || len(grantSets) != 1 || len(grantSets[0].Former) != 20 {
			t.Fatalf("%d ids are on record, %v", len(grantSets[0].Former), err)
		}
		b.remove(u, p)
		b.work(1)
		b.enqueue(u)
		b.within(time.Hour, "ended", b.all([]entitlement.RequestID{id}, "Expired"))
		for ref := range b.server.granted {
			if b.server.revoked[ref] == 0 {
				t.Errorf("nothing was taken back under %s", ref)
			}
		}
	})
}
