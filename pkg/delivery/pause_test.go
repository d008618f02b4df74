package delivery_test

import (
	"context"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/secrets"
)

// paused has the target opened by its registration, and returns what pauses and resumes that.
func (w *fixture) registered() (pause func(bool)) {
	w.t.Helper()
	vault := &secrets.Memory{}
	c := entitlement.ConnectorConfig{ID: target, DisplayName: "T", Kind: "honest", URL: "https://t.example"}
	number, err := vault.Put(context.Background(), target, c.Address(), "word")
	if err != nil {
		w.t.Fatal(err)
	}
	c.Credential = number
	w.commit(entitlement.Change{Connectors: []entitlement.ConnectorConfig{c}})
	w.worker.Connectors = connector.NewRegistry(w.store, vault, nil, map[string]connector.Factory{
		"honest": func(entitlement.ConnectorConfig, string) (connector.Connector, error) { return w.target, nil }})

	return func(paused bool) {
		w.t.Helper()
		c, err := w.store.Connector(context.Background(), target)
		if err != nil {
			w.t.Fatal(err)
		}
		c.Paused = paused
		w.commit(entitlement.Change{Connectors: []entitlement.ConnectorConfig{c}})
	}
}

func TestR262_WhileAConnectorIsPausedNothingIsSentAndAllThatIsOwedStaysOwed(t *testing.T) {
	w := newFixture(t)
	pause := w.registered()
	kept, gone, late := w.person(), w.person(), w.person()
	p := w.pack("a")
	w.assign(kept, p)
	ended := w.assign(gone, p)
	w.deliver(kept, gone)
	w.request(ended, entitlement.RequestDelivered)

	pause(true)
	calls := w.target.calls
	asked := w.assign(late, p)
	w.remove(gone, p)
	for range 30 {
		w.deliver(kept, gone, late)
		w.clock.Advance(time.Minute)
	}
	if w.target.calls != calls {
		t.Fatalf("%d calls to a target that is paused", w.target.calls-calls)
	}
	w.holds(gone, "a", 1)
	w.holds(late, "a", 0)
	w.request(asked, entitlement.RequestDelivering)
	for _, u := range []entitlement.UserID{gone, late} {
		record, grants := w.subjectRecord(u)
		if g := grants[role("a")]; !record.NeedsReconcile() || g.Reason != entitlement.ReasonPaused || g.Permanent || g.Attempts != 0 {
			t.Errorf("what is owed to a paused target: %v, %+v", record.NeedsReconcile(), g)
		}
	}
	// The target is not taken for one that does not answer.
	if b, err := w.store.Breaker(context.Background(), target); err != nil || b.Failures != 0 {
		t.Errorf("the breaker of a paused target: %+v, %v", b, err)
	}
	// What is overdue goes on being found.
	w.clock.Advance(24 * time.Hour)
	overdue := 0
	for shard := range 16 {
		all, err := w.store.Late(context.Background(), shard, w.clock.Now().Add(-entitlement.OverdueAfter), entitlement.Page{})
		if err != nil {
			break
		}
		for _, l := range all.Items {
			if l.Assignment != "" {
				overdue++
			}
		}
	}
	if overdue != 1 {
		t.Errorf("overdue removals at a paused target: %d, want 1", overdue)
	}

	// Resumed: one who comes through wakes all others.
	pause(false)
	b, _ := w.store.Breaker(context.Background(), target)
	b.Connector, b.Failures, b.Until = target, 1, w.clock.Now()
	w.commit(entitlement.Change{Breakers: []entitlement.Breaker{b}})
	w.worker.Queue = prompt{w.deliver}
	w.deliver(late)
	w.request(asked, entitlement.RequestDelivered)
	w.holds(gone, "a", 0)
	w.holds(kept, "a", 1)
	if record, _ := w.subjectRecord(gone); record.NeedsReconcile() {
		t.Error("the removal is still owed")
	}
}

// A run that is under way sends nothing any more a few seconds after the pause, but for the calls
// that are under way by then.
func TestR262_ARunThatIsUnderWayStopsWhenItsConnectorIsPaused(t *testing.T) {
	const parallelCalls = 8 // of one worker at one target

	w := newFixture(t)
	pause := w.registered()
	var roles []string
	for letter := 'a'; letter <= 'x'; letter++ {
		roles = append(roles, string(letter))
	}
	p := w.pack(roles...)
	u := w.person()
	id := w.assign(u, p)
	var applied, after int
	w.target.before = func(entitlement.RoleRef, []connector.Op) trouble {
		if applied++; applied == 1 {
			pause(true)
			w.clock.Advance(6 * time.Second)
		} else {
			after++
		}
		return trouble{}
	}
	w.deliver(u)
	if after >= parallelCalls {
		t.Errorf("%d changes were sent six seconds after the pause, and %d can be under way beside the first", after, parallelCalls-1)
	}
	_, grants := w.subjectRecord(u)
	paused := 0
	for _, g := range grants {
		if g.Reason == entitlement.ReasonPaused {
			paused++
		}
	}
	if paused < len(roles)-parallelCalls {
		t.Errorf("%d roles are on record as waiting for a paused target: %+v", paused, grants)
	}
	pause(false)
	w.clock.Advance(2 * time.Hour)
	w.deliver(u)
	w.request(id, entitlement.RequestDelivered)
}
