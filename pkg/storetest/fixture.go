package storetest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// fixture is one scenario's view of a store.
type fixture struct {
	*testing.T
	s Store
}

// instant is a fixed time of the suite, moved by d. It has a full nanosecond part,
// since a trimmed one sorts wrongly.
func instant(d time.Duration) time.Time {
	return time.Date(2026, 3, 1, 9, 0, 0, 120_000_000, time.UTC).Add(d)
}

func newID[T ~string]() T { return T(clock.System{}.New()) }

// must ends the scenario on an error.
func (w *fixture) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// commit makes the change, or ends the scenario.
func (w *fixture) commit(c entitlement.Change) {
	w.Helper()
	w.must(w.s.Commit(w.Context(), guarded(c)))
}

// guarded gives new requests the guards that they must have.
func guarded(c entitlement.Change) entitlement.Change {
	if c.Guarded() == nil {
		return c
	}
	for _, r := range c.Requests {
		if r.Version == 0 && r.Type.Adds() {
			c.DeletionGuards = append(c.DeletionGuards, entitlement.DeletionGuard{Package: r.Package, Policy: r.Policy, Subject: r.Subject})
		}
	}
	return c
}

// refuse demands that the change is refused because part did not hold.
func (w *fixture) refuse(part entitlement.Part, c entitlement.Change) {
	w.Helper()
	err := w.s.Commit(w.Context(), guarded(c))
	if entitlement.StalePart(err) != part || entitlement.KindOf(err) != entitlement.Conflict {
		w.Fatalf("commit: got %v, want a conflict on the %s", err, part)
	}
}

// same demands that got equals want.
func (w *fixture) same(got, want any) {
	w.Helper()
	if d := diff(got, want); d != "" {
		w.Fatal("differs (-want +got):\n", d)
	}
}

// kind demands an error of the kind.
func (w *fixture) kind(err error, kind entitlement.Kind) {
	w.Helper()
	if err == nil || entitlement.KindOf(err) != kind {
		w.Fatalf("got error %v, want the kind %v", err, kind)
	}
}

// sameSet demands that got holds the elements of want, in any order.
func sameSet[T ~string](w *fixture, got, want []T) {
	w.Helper()
	w.same(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)))
}

// get ends the scenario on an error of a read.
func get[T any](w *fixture) func(v T, err error) T {
	return func(v T, err error) T {
		w.Helper()
		w.must(err)
		return v
	}
}

// patience is how long an index may lag before a scenario gives up.
const patience = 10 * time.Second

// eventually tries check until it answers "", or fails with its last answer.
func (w *fixture) eventually(check func() string) {
	w.Helper()
	end := time.Now().Add(patience)
	for {
		problem := check()
		if problem == "" {
			return
		}
		if time.Now().After(end) {
			w.Fatal("still, after ", patience, ": ", problem)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// readAll reads a whole list in pages of the limit.
func readAll[T any](w *fixture, limit int, list func(entitlement.Page) (entitlement.Paged[T], error)) []T {
	w.Helper()

	var all []T
	page := entitlement.Page{Limit: limit}
	// A token that leads in a circle must not hang the test.
	for range 100_000 {
		got, err := list(page)
		w.must(err)
		if len(got.Items) > page.Size() {
			w.Fatalf("a page has %d items, want at most %d", len(got.Items), page.Size())
		}

		all = append(all, got.Items...)
		if got.Next == "" {
			return all
		}
		page.Token = got.Next
	}

	w.Fatal("the list has no end")
	return nil
}

// race runs n attempts at once and returns their errors, in order of attempt.
func race(n int, attempt func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var done sync.WaitGroup
	for i := range n {
		done.Go(func() {
			<-start
			errs[i] = attempt(i)
		})
	}
	close(start)
	done.Wait()
	return errs
}

// winners counts the attempts that went through. Every other one must have been
// refused: as changed meanwhile, or as too much contention to tell.
func (w *fixture) winners(errs []error) (won int) {
	w.Helper()
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case entitlement.KindOf(err) != entitlement.Conflict && entitlement.KindOf(err) != entitlement.Throttled:
			w.Errorf("a loser got %v, want a conflict", err)
		}
	}
	return won
}

// unique returns a text with the prefix that nothing else in the table has.
func unique(prefix string) string {
	return prefix + strings.ReplaceAll(newID[string](), "-", "")
}

// absent reports that a read found nothing.
func absent(err error) bool {
	var e *entitlement.Error
	return errors.As(err, &e) && e.Kind == entitlement.NotFound
}
