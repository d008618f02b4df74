package delivery_test

import (
	"context"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/memstore"
	"leasehold/pkg/requests"
)

// assigning is a store in which somebody is given a package just before something is
// committed for the first time.
type assigning struct {
	*memstore.Store
	first func()
}

func (a *assigning) Commit(ctx context.Context, change entitlement.Change) error {
	if first := a.first; first != nil {
		a.first = nil
		first()
	}
	return a.Store.Commit(ctx, change)
}

// A removal that the target will never let end is closed by an administrator, who says why.
func TestF42_AnAdministratorClosesARemovalThatIsOwed(t *testing.T) {
	onBench(t, func(b *bench) {
		admin := authz.Caller{ID: "admin", Command: "close"}
		s := &requests.Service{Store: b.store, Hinter: b.lane, Clock: b.clock, IDs: b.clock, Log: quiet}
		closing := func(id entitlement.RequestID, why string) error {
			return s.CloseRemoval(b.t.Context(), admin, entitlement.AssignmentID(id), why)
		}
		u, p, kept := b.staff(1)[0], b.pack("a", "shared"), b.pack("shared")
		id, stays := b.assign(u, p), b.assign(u, kept)
		b.deliver(u)
		if err := closing(stays, "not ended"); entitlement.KindOf(err) != entitlement.Conflict {
			t.Errorf("a live assignment: %v", err)
		}
		if err := closing("unknown", "nobody's"); entitlement.KindOf(err) != entitlement.NotFound {
			t.Errorf("an unknown assignment: %v", err)
		}

		b.server.down = true
		r := b.remove(u, p)
		b.deliver(u)
		if err := closing(id, ""); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("without a reason: %v", err)
		}
		if h, _ := b.debt(u); !h.Owes() || len(h.Removing) != 1 {
			t.Fatalf("not owed any more: %+v", h)
		}
		another := b.pack("shared")
		s.Store = &assigning{b.store, func() { b.assign(u, another) }} // it is decided again, under the same claim
		if err := closing(id, "The group was deleted."); err != nil {
			t.Fatal(err)
		}
		b.request(r, entitlement.RequestDelivered)
		if got := b.assignment(id).Status(time.Now()); got != "ExpiredUnconfirmed" {
			t.Errorf("S15: nobody has seen it absent, and it is %s", got)
		}
		if err := closing(id, "Again."); entitlement.KindOf(err) != entitlement.Conflict {
			t.Errorf("closed twice: %v", err)
		}

		b.server.down = false
		time.Sleep(5 * time.Minute)
		b.deliver(u)
		h, grants := b.debt(u)
		if h.Owes() || len(grants) != 1 || b.server.revoked[b.server.people[u]] != 0 || !b.server.there(u, "shared") {
			t.Errorf("after that: %+v, %v, %d removals sent", h, grants, b.server.revoked[b.server.people[u]])
		}
		events, err := b.store.Events(b.t.Context(), entitlement.OfRequest, string(id))
		if last := events[len(events)-1]; err != nil || last.Kind != "removalClosed" || last.Actor != "admin" || last.Data["justification"] != "The group was deleted." {
			t.Errorf("the event: %+v, %v", last, err)
		}
		if err := entitlement.VerifyChain(b.assignment(id).Chain, events); err != nil {
			t.Errorf("S11: %v", err)
		}
	})
}
