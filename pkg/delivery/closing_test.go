package delivery_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// closeRemoval has an administrator answer for what is left of an assignment.
func (b *bench) closeRemoval(id entitlement.RequestID) error {
	b.t.Helper()
	c, err := entitlement.CloseRemoval(b.assignment(id), "admin", "test", "The application was shut down.", time.Now())
	if err == nil && len(c.Events) > 0 {
		b.commit(c)
	}
	return err
}

// What nobody can take back is closed by an administrator, and by nobody else: that ends one
// removal, and leaves what others owe or still have.
func TestF42_AnAdministratorClosesARemovalThatNobodyCanCarryOut(t *testing.T) {
	onBench(t, func(b *bench) {
		u := b.staff(1)[0]
		lost, shared, kept := b.pack("a", "b"), b.pack("b", "c"), b.pack("d")
		ids := []entitlement.RequestID{b.assign(u, lost), b.assign(u, shared), b.assign(u, kept)}
		b.work(1)
		b.hint(u)
		b.within(time.Minute, "delivered", b.all(ids, "Delivered"))

		b.server.down = true
		b.remove(u, lost)
		b.remove(u, shared)
		b.hint(u)
		if err := b.closeRemoval(ids[0]); entitlement.KindOf(err) != entitlement.Conflict {
			t.Errorf("closed though it was begun a moment ago: %v", err)
		}
		time.Sleep(11 * time.Minute)
		if err := b.closeRemoval(ids[0]); err != nil {
			t.Fatal(err)
		}
		b.hint(u)
		time.Sleep(2 * time.Minute)
		if a := b.assignment(ids[0]); !a.Removed.IsZero() {
			t.Error("it is over, though a role of it is still owed for another")
		}
		if err := b.closeRemoval(ids[0]); err != nil {
			t.Errorf("closed once more: %v", err)
		}
		if err := b.closeRemoval(ids[2]); entitlement.KindOf(err) != entitlement.Conflict {
			t.Errorf("closed, though nothing of it is owed: %v", err)
		}

		b.server.down = false
		b.within(15*time.Minute, "the other one is taken back", b.all(ids[1:2], "Expired"))
		b.within(5*time.Minute, "over", b.all(ids[:1], "ExpiredUnconfirmed"))
		if !b.server.there(u, "a") || b.server.there(u, "b") || b.server.there(u, "c") || !b.server.there(u, "d") {
			t.Error("what was closed is left alone, what others owe is taken back, and what is held stays")
		}
		b.within(time.Minute, "nothing is owed", func() bool { h, _ := b.debt(u); return !h.Owes() })
		events, err := b.store.Events(b.t.Context(), entitlement.OfRequest, string(ids[0]))
		if err != nil {
			t.Fatal(err)
		}
		closed, last := events[len(events)-2], events[len(events)-1]
		if closed.Kind != "removalClosed" || closed.Actor != "admin" || closed.Data["justification"] == "" {
			t.Errorf("the closing is %+v", closed)
		}
		if last.Kind != "revoked" || last.Data["reason"] != entitlement.ReasonClosed || last.Data["confirmed"] != "false" {
			t.Errorf("the end is %+v", last)
		}
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
			if _, grants := b.debt(u); len(grants) == 0 {
				t.Fatal("nothing is on record")
			}
			slot, err := b.store.Slot(t.Context(), p.ID, u)
			if err != nil {
				t.Fatal(err)
			}
			c, err := entitlement.ReprocessAssignment(slot, "admin", "test", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			b.commit(c)
			b.deliver(u)
		}
		_, sheets, err := b.store.Debt(t.Context(), u)
		if err != nil || len(sheets) != 1 || len(sheets[0].Former) != 20 {
			t.Fatalf("%d ids are on record, %v", len(sheets[0].Former), err)
		}
		b.remove(u, p)
		b.work(1)
		b.hint(u)
		b.within(time.Hour, "ended", b.all([]entitlement.RequestID{id}, "Expired"))
		for ref := range b.server.granted {
			if b.server.revoked[ref] == 0 {
				t.Errorf("nothing was taken back under %s", ref)
			}
		}
	})
}
