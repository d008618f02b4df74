package delivery_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// lists tells how often the target lists the person in a role.
func (w *fixture) lists(u entitlement.UserID, r entitlement.RoleRef, want int) {
	w.t.Helper()
	if got := w.target.times(r, u); got != want {
		w.t.Errorf("the target lists the person %d times in %s of %s, want %d", got, r.Role, r.Resource, want)
	}
}

// give puts roles into a package that nobody holds yet.
func (w *fixture) give(p entitlement.AccessPackage, roles ...entitlement.RoleRef) {
	w.t.Helper()
	scopes, err := w.store.Scopes(context.Background(), p.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	scopes.List = nil
	for _, r := range roles {
		scopes.List = append(scopes.List, entitlement.ResourceRoleScope{ID: w.clock.New(), Ref: r})
	}
	w.commit(entitlement.Change{Scopes: []entitlement.PackageScopes{scopes}})
}

func TestR3_ANewAssignmentGivesEveryRole_AndLeavesThoseThatAreThere(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a", "b", "c")
	w.target.members[role("b")] = []connector.PrincipalRef{connector.PrincipalRef("at-" + u)}
	id := w.assign(u, p)
	w.deliver(u)
	w.request(id, entitlement.RequestDelivered)
	for _, name := range []string{"a", "b", "c"} {
		w.holds(u, name, 1)
	}
	if w.target.writes != 2 {
		t.Errorf("%d writes, want one for each role that was missing", w.target.writes)
	}
}

func TestR8_SeveralRolesOfOneResourceAreGiven_R5_AndOverlapIsOfRoles(t *testing.T) {
	reader := entitlement.RoleRef{Connector: target, Resource: "app", Role: "reader"}
	writer := entitlement.RoleRef{Connector: target, Resource: "app", Role: "writer"}
	w := newFixture(t)
	u, both, one := w.person(), w.pack(), w.pack()
	w.give(both, reader, writer)
	w.give(one, reader)
	w.assign(u, both)
	w.assign(u, one)
	w.deliver(u)
	w.lists(u, reader, 1)
	w.lists(u, writer, 1)

	w.remove(u, both)
	w.deliver(u)
	w.lists(u, reader, 1) // the other package gives this role
	w.lists(u, writer, 0) // and has another role of the same resource, which is not this one
}

func TestR7_WhoHasAnAddedRoleFromOutsideGetsNoAssignment(t *testing.T) {
	w := newFixture(t)
	p := w.pack("a")
	holder, outsider := w.person(), w.person()
	w.assign(holder, p)
	w.deliver(holder)
	w.target.members[role("b")] = []connector.PrincipalRef{connector.PrincipalRef("at-" + outsider)}
	b := &bulk{}
	if err := w.fanOut(w.store, b).Run(context.Background(), p.ID, w.edit(p, "a", "b")); err != nil {
		t.Fatal(err)
	}
	w.deliver(b.told...)
	w.holds(holder, "b", 1)
	w.holds(outsider, "b", 1)
	slots, err := w.store.Holders(context.Background(), p.ID, entitlement.Page{})
	if err != nil || len(slots.Items) != 1 || slots.Items[0].Subject != holder || slices.Contains(b.told, outsider) {
		t.Errorf("holders %+v, told %v, %v", slots.Items, b.told, err)
	}
}

// A small edit is told at once, and where every message of it is lost the sweep has
// it within minutes.
func TestR20_AnEditIsOwedWithinMinutesThoughEveryMessageIsLost(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	u, p := w.person(), w.pack("a")
	w.assign(u, p)
	w.deliver(u)
	generation := w.edit(p, "a", "b")
	job, err := w.store.Job(ctx, p.ID, generation)
	if err != nil || job.CheckAfter.Sub(w.clock.Now()) > 5*time.Minute {
		t.Fatalf("the sweep looks at the edit at %v, %v", job.CheckAfter, err)
	}
	if err := w.fanOut(w.store, &bulk{}).Run(ctx, p.ID, generation); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(20 * time.Minute)
	var pending []entitlement.UserID
	for shard := range names.ReconcileShards {
		list, err := w.store.PendingReconciliation(ctx, shard, w.clock.Now(), entitlement.Page{})
		if err != nil {
			t.Fatal(err)
		}
		pending = append(pending, list.Items...)
	}
	if !slices.Equal(pending, []entitlement.UserID{u}) {
		t.Fatalf("the sweep finds %v owed, want %s", pending, u)
	}
	w.deliver(pending...)
	w.holds(u, "b", 1)
}

func TestR123_ARoleTakenAwayOutsideChangesNoState_R122_AndReprocessingGivesItAgain(t *testing.T) {
	w := newFixture(t)
	u, p := w.person(), w.pack("a", "b")
	id := w.assign(u, p)
	w.deliver(u)
	delivered := func(when string) {
		t.Helper()
		if a := w.assignment(id); a.State != entitlement.AssignmentDelivered || a.Status(w.clock.Now()) != "Delivered" {
			t.Errorf("%s it is %s", when, a.State)
		}
		w.request(id, entitlement.RequestDelivered)
	}
	w.target.members[role("a")] = nil
	w.clock.Advance(24 * time.Hour)
	w.deliver(u)
	delivered("taken away,")

	slot, err := w.store.AssignmentSlot(context.Background(), p.ID, u)
	if err != nil {
		t.Fatal(err)
	}
	again, err := entitlement.ReprocessAssignment(slot, entitlement.Actor{ID: "adm", Command: "call"}, w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.commit(again)
	delivered("R122: asked to be read again,")
	before := w.target.writes
	w.deliver(u)
	w.holds(u, "a", 1)
	w.holds(u, "b", 1)
	delivered("R122: given again,")
	if w.target.writes-before != 1 {
		t.Errorf("%d writes for one role", w.target.writes-before)
	}
}

func TestR102_PartAndNothingShowAsSuch(t *testing.T) {
	for name, c := range map[string]struct {
		refused []string
		request entitlement.RequestState
		held    entitlement.AssignmentState
	}{
		"all there":  {nil, entitlement.RequestDelivered, entitlement.AssignmentDelivered},
		"one is not": {[]string{"b"}, entitlement.RequestPartiallyDelivered, entitlement.AssignmentPartiallyDelivered},
		"none is":    {[]string{"a", "b"}, entitlement.RequestDeliveryFailed, entitlement.AssignmentDeliveryFailed},
	} {
		w := newFixture(t)
		u, p := w.person(), w.pack("a", "b")
		id := w.assign(u, p)
		w.target.before = func(r entitlement.RoleRef, _ []connector.Op) trouble {
			if slices.Contains(c.refused, r.Resource) {
				return trouble{err: connector.Fail(entitlement.Precondition, "apply", &connector.Refusal{Reason: connector.RefusedByTarget, Detail: "no", Permanent: true}, nil)}
			}
			return trouble{}
		}
		w.deliver(u)
		if a := w.assignment(id); a.State != c.held {
			t.Errorf("%s: the assignment is %s", name, a.State)
		}
		w.request(id, c.request)
	}
}
