package delivery_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/delivery"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
	"leasehold/pkg/secrets"
)

// inVPC is a connector in the deployment's VPC; target is one at the internet.
const inVPC entitlement.ConnectorID = "00000000-0000-4000-8000-0000000c0de1"

func roleInVPC(name string) entitlement.RoleRef {
	return entitlement.RoleRef{Connector: inVPC, Resource: name, Role: "Member_" + name}
}

// twoNetworks is a deployment with a VPC: one worker at the internet, which is the fixture's, and
// one inside.
type twoNetworks struct {
	*fixture
	inside  *system
	worker2 *delivery.Service
	handed  *bulk // who was handed on
	looks   *bulk // what the worker inside tells its own queue
}

func newTwoNetworks(t *testing.T) *twoNetworks {
	w := &twoNetworks{fixture: newFixture(t), inside: newSystem(), handed: &bulk{}, looks: &bulk{}}
	vault := &secrets.Memory{}
	for id, inside := range map[entitlement.ConnectorID]bool{target: false, inVPC: true} {
		c := entitlement.ConnectorConfig{ID: id, DisplayName: string(id), Kind: "honest", URL: "https://" + string(id) + ".example", VPC: inside}
		number, err := vault.Put(t.Context(), id, c.Address(), "word")
		if err != nil {
			t.Fatal(err)
		}
		c.Credential = number
		w.commit(entitlement.Change{Connectors: []entitlement.ConnectorConfig{c}})
	}
	registry := connector.NewRegistry(w.store, vault, nil, map[string]connector.Factory{"honest": func(c entitlement.ConnectorConfig, _ string) (connector.Connector, error) {
		return map[entitlement.ConnectorID]*system{target: w.target, inVPC: w.inside}[c.ID], nil
	}})

	w.worker.Connectors, w.worker.Network, w.worker.HandOn = registry, names.Internet, w.handed
	inside := *w.worker
	inside.Connectors, inside.Network, inside.HandOn, inside.Queue = registry.InVPC(), names.VPC, nil, w.looks
	w.worker2 = &inside
	return w
}

// deliverInVPC has the worker inside look at people.
func (w *twoNetworks) deliverInVPC(users ...entitlement.UserID) {
	w.t.Helper()
	for u, err := range w.worker2.Deliver(context.Background(), users, "inside") {
		w.t.Fatalf("%s: %v", u, err)
	}
}

func (w *twoNetworks) holdsInVPC(u entitlement.UserID, name string, want int) {
	w.t.Helper()
	if got := w.inside.times(roleInVPC(name), u); got != want {
		w.t.Fatalf("the target in the VPC lists the person %d times in %s, want %d", got, name, want)
	}
}

// settled reports whether anything of a person's is pending.
func (w *twoNetworks) settled(u entitlement.UserID) bool {
	w.t.Helper()
	record, _ := w.subjectRecord(u)
	return !record.NeedsReconcile()
}

func TestR273_EachNetworkCallsItsOwnConnectorsAndTheLastOneSettles(t *testing.T) {
	for name, order := range map[string]func(w *twoNetworks, u entitlement.UserID) (first, second func(...entitlement.UserID)){
		"the internet first": func(w *twoNetworks, _ entitlement.UserID) (_, _ func(...entitlement.UserID)) {
			return w.deliver, w.deliverInVPC
		},
		"the VPC first": func(w *twoNetworks, _ entitlement.UserID) (_, _ func(...entitlement.UserID)) {
			return w.deliverInVPC, w.deliver
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTwoNetworks(t)
			u, p := w.person(), w.packOf(role("a"), roleInVPC("b"))
			id := w.assign(u, p)
			first, second := order(w, u)

			first(u)
			if w.target.calls > 0 && w.inside.calls > 0 {
				t.Fatal("one function called targets of both networks")
			}
			w.request(id, entitlement.RequestDelivering)
			if w.settled(u) {
				t.Fatal("one network settled for both")
			}
			second(u)
			w.request(id, entitlement.RequestDelivered)
			w.holds(u, "a", 1)
			w.holdsInVPC(u, "b", 1)
			if !w.settled(u) {
				t.Error("both have made theirs true, and the person is pending still")
			}

			w.remove(u, p)
			first(u)
			if a := w.assignment(id); !a.Removed.IsZero() || w.settled(u) {
				t.Fatalf("a role of the other network is left, and the assignment counts as removed: %+v", a)
			}
			second(u)
			w.holds(u, "a", 0)
			w.holdsInVPC(u, "b", 0)
			if a := w.assignment(id); a.Removed.IsZero() || !w.settled(u) {
				t.Errorf("nothing is left, and the removal is pending: %+v", a)
			}
		})
	}
}

func TestR273_OnlyThoseWithSomethingToDoInTheVPCAreHandedOnAndOnceEach(t *testing.T) {
	w := newTwoNetworks(t)
	both, one := w.person(), w.person()
	w.assign(both, w.packOf(role("a"), roleInVPC("b")))
	w.assign(one, w.pack("a"))
	w.deliver(both, one)
	if len(w.handed.told) != 1 || w.handed.told[0] != both {
		t.Errorf("handed on: %v, want %s alone", w.handed.told, both)
	}

	// Whoever is done there is not handed on again.
	w.deliverInVPC(both)
	w.handed.told = nil
	w.assign(both, w.pack("c"))
	w.deliver(both)
	if len(w.handed.told) != 0 {
		t.Errorf("handed on with nothing to do there: %v", w.handed.told)
	}
	if len(w.looks.told) != 0 {
		t.Errorf("the function in the VPC sends people back: %v", w.looks.told)
	}
}

// lostQueue takes no message.
type lostQueue struct{}

func (lostQueue) Enqueue(context.Context, ...entitlement.UserID) error { return errors.New("lost") }
func (lostQueue) EnqueueAfter(context.Context, time.Duration, ...entitlement.UserID) error {
	return errors.New("lost")
}

func TestR273_WhereTheMessageToTheVPCIsLostTheSweepFindsThePerson(t *testing.T) {
	for name, p := range map[string]func(*twoNetworks) entitlement.AccessPackage{
		"something at both":    func(w *twoNetworks) entitlement.AccessPackage { return w.packOf(role("a"), roleInVPC("b")) },
		"something in the VPC": func(w *twoNetworks) entitlement.AccessPackage { return w.packOf(roleInVPC("b")) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newTwoNetworks(t)
			u := w.person()
			id := w.assign(u, p(w))
			w.worker.HandOn = lostQueue{}
			w.deliver(u)

			w.clock.Advance(2 * time.Minute)
			if found := w.swept(); len(found) != 1 || found[0] != u {
				t.Fatalf("the sweep finds %v", found)
			}
			w.worker.HandOn = w.handed
			w.deliver(u)
			w.deliverInVPC(w.handed.told...)
			w.request(id, entitlement.RequestDelivered)
		})
	}
}

// swept returns whom the sweep would find now.
func (w *fixture) swept() (found []entitlement.UserID) {
	w.t.Helper()
	for shard := range names.ReconcileShards {
		page, err := w.store.PendingReconciliation(context.Background(), shard, w.clock.Now(), entitlement.Page{})
		if err != nil {
			w.t.Fatal(err)
		}
		found = append(found, page.Items...)
	}
	return found
}

// What fails in the VPC for an hour is tried when its time has come: the other function, which looks
// at the person for reasons of its own, neither records anything of it nor has the sweep come each minute.
func TestR273_WhatFailsInOneNetworkIsNotTheOthersToRecord(t *testing.T) {
	w := newTwoNetworks(t)
	u := w.person()
	w.inside.before = func(entitlement.RoleRef, []connector.Op) trouble {
		return trouble{err: connector.Fail(entitlement.Forbidden, "call", &connector.Refusal{Reason: connector.CredentialRefused}, nil)}
	}
	id := w.assign(u, w.packOf(role("a"), roleInVPC("b")))
	w.deliver(u)
	for range 8 {
		w.deliverInVPC(u)
		w.clock.Advance(time.Minute)
	}
	_, before := w.subjectRecord(u)
	calls := w.inside.calls
	w.deliver(u)
	_, after := w.subjectRecord(u)
	if before[roleInVPC("b")] != after[roleInVPC("b")] || w.inside.calls != calls {
		t.Errorf("the function of the internet worked on a role in the VPC: %+v, then %+v", before[roleInVPC("b")], after[roleInVPC("b")])
	}
	if found := w.swept(); len(found) != 0 {
		t.Errorf("the sweep comes for what waits for its next attempt: %v", found)
	}
	w.request(id, entitlement.RequestDelivering)
}

// late is a target whose reads are late, so that a look is promised after each write.
type late struct{ *system }

func (late) Check(_ context.Context, _ entitlement.RoleRef, _ connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	absent := make([]entitlement.Presence, len(who))
	for i := range absent {
		absent[i] = entitlement.PresenceAbsent
	}
	return absent, nil
}

func (late) Describe() connector.Capabilities {
	return connector.Capabilities{MaxBatch: 20, Ways: []connector.Way{"list"}}
}

// What was written in the VPC is looked at again by a message of its own function. The one of the
// internet, which has the person at hand meanwhile, leaves those looks out.
func TestR273_LooksOfTheOtherNetworkAreNotScheduledHere(t *testing.T) {
	w := newTwoNetworks(t)
	w.worker2.Connectors = opened{late{w.inside}}
	u := w.person()
	w.assign(u, w.packOf(role("a"), roleInVPC("b")))
	w.deliver(u)
	w.deliverInVPC(u)
	_, grants := w.subjectRecord(u)
	if grants[roleInVPC("b")].CheckAfter.IsZero() || len(w.looks.later) == 0 {
		t.Fatalf("no look is promised: %+v, %v", grants[roleInVPC("b")], w.looks.later)
	}

	w.queue.later = nil
	w.assign(u, w.pack("c"))
	w.deliver(u)
	w.holds(u, "c", 1)
	if len(w.queue.later) != 0 {
		t.Errorf("the function of the internet comes back for a look in the VPC: %v", w.queue.later)
	}
}

// opened opens one connector whatever is asked for.
type opened struct{ connector.Connector }

func (o opened) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	return o.Connector, nil
}

// Both record at the same moment, so that neither sees the other's: the one in the VPC comes again.
func TestR273_WhereBothAreDoneAtOnceThePersonIsSettledWithinSeconds(t *testing.T) {
	w := newTwoNetworks(t)
	u := w.person()
	id := w.assign(u, w.packOf(role("a"), roleInVPC("b")))
	crossed := &crossing{Store: w.store}
	crossed.first = func() { w.deliver(u) }
	w.worker2.Store = crossed
	w.deliverInVPC(u)

	if len(w.looks.later) == 0 || w.looks.later[0].delay > 15*time.Second {
		t.Fatalf("nobody comes again: %v", w.looks.later)
	}
	w.deliverInVPC(u)
	w.request(id, entitlement.RequestDelivered)
	if !w.settled(u) {
		t.Error("the person is pending still")
	}
}

// A network may be changed while people hold roles there, and while a worker is at it: claims keep
// the two functions apart, and what the first one finds changed is left to the other.
func TestR273_AConnectorThatChangesItsNetworkIsHandedOver(t *testing.T) {
	w := newTwoNetworks(t)
	u, p := w.person(), w.pack("a")
	id := w.assign(u, p)
	move := func(inside bool) {
		c, err := w.store.Connector(t.Context(), target)
		if err != nil {
			t.Fatal(err)
		}
		c.VPC = inside
		w.commit(entitlement.Change{Connectors: []entitlement.ConnectorConfig{c}})
	}

	// It changes after the function of the internet has looked it up, and before it is opened.
	w.worker.Connectors = moved{w.worker.Connectors, func() { move(true) }}
	w.deliver(u)
	if _, grants := w.subjectRecord(u); w.target.calls != 0 || len(grants) != 0 {
		t.Fatalf("%d calls, and on record is %+v", w.target.calls, grants)
	}
	if len(w.queue.later) != 1 {
		t.Errorf("nobody looks again: %v", w.queue.later)
	}
	w.deliver(u)
	w.deliverInVPC(w.handed.told...)
	w.request(id, entitlement.RequestDelivered)

	// And back, with something to take away.
	move(false)
	w.worker.Connectors = w.worker.Connectors.(moved).Connectors
	w.remove(u, p)
	w.deliverInVPC(u)
	w.holds(u, "a", 1)
	w.deliver(u)
	w.holds(u, "a", 0)
	if !w.settled(u) {
		t.Error("the removal is pending still")
	}
}

// moved opens connectors just after something happened.
type moved struct {
	delivery.Connectors
	first func()
}

func (m moved) Open(ctx context.Context, id entitlement.ConnectorID) (connector.Connector, error) {
	m.first()
	return m.Connectors.Open(ctx, id)
}

// A deployment whose VPC was taken away says what to do, and goes on with all others.
func TestR273_WithoutAVPCAConnectorInItIsRefused(t *testing.T) {
	w := newTwoNetworks(t)
	w.worker.Network, w.worker.HandOn = "", nil
	u := w.person()
	w.assign(u, w.packOf(role("a"), roleInVPC("b")))
	w.deliver(u)
	w.holds(u, "a", 1)
	_, grants := w.subjectRecord(u)
	if g := grants[roleInVPC("b")]; g.Reason != entitlement.ReasonUnavailable || g.Permanent || g.Detail == "" || w.inside.calls != 0 {
		t.Errorf("got %+v", g)
	}
}

// unread is a store that cannot read one connector.
type unread struct {
	delivery.Store
	at entitlement.ConnectorID
}

func (s unread) Connector(ctx context.Context, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error) {
	if id == s.at {
		return entitlement.ConnectorConfig{}, entitlement.Errorf(entitlement.Unavailable, "silent")
	}
	return s.Store.Connector(ctx, id)
}

// Whoever has something at a connector of which the network cannot be read comes again, and the
// others do not wait.
func TestR273_AConnectorThatCannotBeReadIsTakenForNeitherNetwork(t *testing.T) {
	w := newTwoNetworks(t)
	both, one := w.person(), w.person()
	w.assign(both, w.packOf(role("a"), roleInVPC("b")))
	id := w.assign(one, w.pack("a"))
	w.worker.Store = unread{w.store, inVPC}
	failed := w.worker.Deliver(t.Context(), []entitlement.UserID{both, one}, "test")
	if len(failed) != 1 || failed[both] == nil || len(w.handed.told) != 0 {
		t.Errorf("failed %v, handed on %v", failed, w.handed.told)
	}
	w.request(id, entitlement.RequestDelivered)
}

func TestR273_ComparisonsOfTheOtherNetworkAreLeftToIt(t *testing.T) {
	d := newDrift(t)
	d.holders(3, d.pack("a"))
	d.commit(entitlement.Change{Connectors: []entitlement.ConnectorConfig{{ID: target, DisplayName: "T", Kind: "honest", URL: "https://t.example", VPC: true}}})

	d.drift.Network = names.Internet
	calls := d.target.calls
	d.run(3)
	if d.report.Compared != 0 || d.target.calls != calls {
		t.Errorf("%d roles in the VPC were compared from the internet, in %d calls", d.report.Compared, d.target.calls-calls)
	}
	d.drift.Network = names.VPC
	d.run(3)
	if d.report.Compared == 0 {
		t.Error("the function in the VPC compared nothing")
	}
}
