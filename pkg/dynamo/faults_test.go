package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/dynamo/faults"
	"leasehold/pkg/entitlement"
)

// failing is a table in an engine whose calls go wrong, and that waits for nothing.
func failing(p place, h faults.Hooks, options ...dynamo.Option) *dynamo.DB {
	options = append(options, dynamo.Pausing(func(context.Context, int) error { return nil }))
	return dynamo.New(faults.Wrap(p.client, h), p.table, options...)
}

// TestS1S14_AFenceIsReadWhole proves that a fence of which half came back unread is read
// again whole, and so is every other: between the two reads a subject may change. Each
// try but the last hands one key back, and the subject moves on after each.
func TestS1S14_AFenceIsReadWhole(t *testing.T) {
	for fences := range 3 {
		for back := range 2 * (fences + 1) {
			t.Run(fmt.Sprintf("%d fences, key %d", fences+1, back), func(t *testing.T) { fenceIsReadWhole(t, fences+1, back) })
		}
	}
}

func fenceIsReadWhole(t *testing.T, n, back int) {
	p := inMemory(engine.Options{})
	db := p.db()
	var fences []entitlement.Fence
	for range n {
		claim := entitlement.Claim{Subject: newID[entitlement.UserID](), Connector: newID[entitlement.ConnectorID](), Token: "one", Now: start2026, Until: start2026.Add(time.Minute)}
		if _, err := db.Claim(t.Context(), claim); err != nil {
			t.Fatal(err)
		}
		fences = append(fences, entitlement.Fence{Subject: claim.Subject, Connector: claim.Connector, Token: claim.Token})
	}
	tries := 0
	torn := failing(p, faults.Hooks{Unread: func(context.Context, faults.Call) []int {
		if tries++; tries > 1 {
			return nil
		}
		return []int{back}
	}, After: func(ctx context.Context, _ faults.Call, _ error) error {
		if tries > 1 {
			return nil
		}
		for _, f := range fences {
			if err := db.Commit(ctx, entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: f.Subject, CheckAfter: start2026}}}); err != nil {
				t.Fatal(err)
			}
		}
		return nil
	}})
	holds, err := torn.Holding(t.Context(), fences)
	if err != nil || tries != 2 || slices.Contains(holds, true) {
		t.Errorf("got %v, %v after %d tries; everybody moved on before the second", holds, err, tries)
	}
}

// TestF45_AFenceThatStaysTornIsNotAnswered proves that nobody writes on half of a fence.
func TestF45_AFenceThatStaysTornIsNotAnswered(t *testing.T) {
	tries := 0
	torn := failing(inMemory(engine.Options{}), faults.Hooks{Unread: func(context.Context, faults.Call) []int { tries++; return []int{1} }})
	holds, err := torn.Holding(t.Context(), []entitlement.Fence{{Subject: newID[entitlement.UserID](), Connector: newID[entitlement.ConnectorID](), Token: "one"}})
	if entitlement.KindOf(err) != entitlement.Throttled || tries != 8 {
		t.Errorf("got %v, %v after %d tries, want throttled after eight", holds, err, tries)
	}
}

// TestCallsAreTheSameEachTime proves that no map's order reaches the service: it decides
// what a fault meets, and a run of the simulator could not be played again.
func TestCallsAreTheSameEachTime(t *testing.T) {
	p := inMemory(engine.Options{})
	db, subject := p.db(), newID[entitlement.UserID]()
	var record entitlement.SubjectRecord
	for range 20 {
		a := newID[entitlement.AssignmentID]()
		record.Removing = append(record.Removing, entitlement.Removing{Assignment: a})
		pkg := newID[entitlement.PackageID]()
		for _, c := range []entitlement.Change{
			{Ended: []entitlement.Assignment{{ID: a, Package: pkg, Subject: subject}}},
			{Scopes: []entitlement.PackageScopes{{Package: pkg}}},
		} {
			if err := db.Commit(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
	}
	record.Subject = subject
	var first string
	for range 20 {
		said := ""
		heard := failing(p, faults.Hooks{Before: func(_ context.Context, c faults.Call) error { said += fmt.Sprintln(c.Op, c.Keys); return nil }}, dynamo.OneByOne())
		if _, err := heard.ReconcileInputs(t.Context(), record); err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = said
		}
		if said != first {
			t.Fatalf("the same question made\n%sand\n%s", first, said)
		}
	}
}

// TestF45_TheSuiteWithFaultsAtEachCall plays the suite where many calls go wrong in one of
// the ways that the store rides out. Nobody notices.
func TestF45_TheSuiteWithFaultsAtEachCall(t *testing.T) {
	d := &dice{Rand: rand.New(rand.NewPCG(3, 45)), met: map[string]int{}, failed: map[any]misses{}}
	db := failing(inMemory(engine.Options{}), faults.Hooks{Before: d.before, After: d.after, Unread: d.unread})
	t.Run("suite", func(t *testing.T) { suite(t, db) })
	t.Log(d.met)
	for _, op := range []faults.Op{faults.GetItem, faults.BatchGetItem, faults.Query, faults.UpdateItem, faults.TransactWriteItems} {
		if d.met["throttled "+string(op)] == 0 || d.met["down before "+string(op)] == 0 || d.met["silent after "+string(op)] == 0 {
			t.Errorf("nothing went wrong with %s", op)
		}
	}
}

// dice draws what goes wrong, of each call no more than is ridden out.
type dice struct {
	mu sync.Mutex
	*rand.Rand
	met    map[string]int
	failed map[any]misses
}

// misses are the tries of a call that failed, and those that nobody knows the outcome of.
type misses struct{ all, blind int }

// known is what stays the same from one try of a call to the next: its input, or of a
// batch the last key, which is the one that is handed back.
func known(c faults.Call) any {
	if c.Op == faults.BatchGetItem {
		return c.Keys[len(c.Keys)-1]
	}
	return c.Input
}

// draw has one try of so many go wrong, while the call still has some left.
func (d *dice) draw(c faults.Call, what string, of, blind int) bool {
	m := d.failed[known(c)]
	if d.IntN(of) > 0 || m.all == 7 || m.blind+blind > 2 {
		return false
	}
	d.failed[known(c)] = misses{m.all + 1, m.blind + blind}
	d.met[what]++
	return true
}

func (d *dice) before(_ context.Context, c faults.Call) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.draw(c, "throttled "+string(c.Op), 10, 0):
		return faults.Throttled()
	case c.Op == faults.TransactWriteItems && d.draw(c, "conflict", 10, 0):
		return faults.Conflict(c, d.IntN(len(c.Keys)))
	case c.Op == faults.TransactWriteItems && d.draw(c, "in progress", 40, 0):
		return faults.InProgress()
	case d.draw(c, "down before "+string(c.Op), 10, 1):
		return faults.Down()
	}
	return nil
}

func (d *dice) after(_ context.Context, c faults.Call, outcome error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if outcome == nil && d.draw(c, "silent after "+string(c.Op), 10, 1) {
		return faults.Silent()
	}
	return nil
}

func (d *dice) unread(_ context.Context, c faults.Call) []int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.draw(c, "unread", 4, 0) {
		return []int{len(c.Keys) - 1}
	}
	return nil
}

// TestWhatAConflictIsTold proves the forms of what no emulator produces.
func TestWhatAConflictIsTold(t *testing.T) {
	p := inMemory(engine.Options{})
	tries := 0
	db := failing(p, faults.Hooks{Before: func(_ context.Context, c faults.Call) error {
		tries++
		return faults.ThrottledWithin(c, len(c.Keys)-1)
	}})
	err := db.Commit(t.Context(), entitlement.Change{Groups: []entitlement.Group{{ID: newID[entitlement.GroupID]()}}})
	if entitlement.KindOf(err) != entitlement.Throttled || tries != 8 || errors.Is(err, context.Canceled) {
		t.Errorf("got %v after %d tries, want throttled after eight", err, tries)
	}
}
