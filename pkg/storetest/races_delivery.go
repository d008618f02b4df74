package storetest

import (
	"slices"
	"time"

	"leasehold/pkg/entitlement"
)

func raceClaim(w *fixture) {
	d := newGrantSetKey()
	tokens := make([]string, 50)
	errs := race(len(tokens), func(i int) error {
		tokens[i] = newID[string]()
		_, err := d.claim(w, tokens[i], instant(0), instant(time.Minute))
		return err
	})
	if won := w.winners(errs); won != 1 {
		w.Fatalf("%d claims went through, want 1", won)
	}
	w.same(w.grantSets(d.subject)[0].Token, tokens[slices.Index(errs, nil)])
}

func raceDisplace(w *fixture) {
	d := newGrantSetKey()
	_, err := d.claim(w, "old", instant(0), instant(time.Minute))
	w.must(err)
	errs := race(50, func(int) error {
		_, err := d.claim(w, newID[string](), instant(time.Minute), instant(2*time.Minute))
		return err
	})
	if won := w.winners(errs); won != 1 {
		w.Fatalf("%d claims went through, want 1", won)
	}
}

func raceIncompatible(w *fixture) {
	for range 10 {
		ann, a, b := newID[entitlement.UserID](), waiting(), waiting()

		errs := race(20, func(i int) error {
			// Each was decided while the other package was not live.
			if i%2 == 0 {
				return w.s.Commit(w.Context(), add(ann, a, b.Package))
			}
			return w.s.Commit(w.Context(), add(ann, b, a.Package))
		})

		if won := w.winners(errs); won != 1 {
			w.Fatalf("%d packages became live, want 1", won)
		}

		if live := w.subjectRecord(ann).Live; len(live) != 1 {
			w.Fatalf("got %d live packages, want 1", len(live))
		}
	}
}

func raceSettle(w *fixture) {
	for range 10 {
		ann, a, b := newID[entitlement.UserID](), waiting(), waiting()
		w.commit(add(ann, a))

		errs := race(2, func(i int) error {
			// A settlement at a generation that somebody moves on may win or lose, and loses nothing.
			if i == 0 {
				c := settle(ann, 1)
				c.Settlements[0].Delivered = []entitlement.Waiting{a}
				return w.s.Commit(w.Context(), c)
			}
			return w.s.Commit(w.Context(), add(ann, b))
		})

		w.winners(errs)
		w.must(errs[1])

		record := w.subjectRecord(ann)
		want := entitlement.SubjectRecord{Subject: ann, Generation: 2, Live: []entitlement.PackageID{a.Package, b.Package}, Waiting: []entitlement.Waiting{a, b}}

		if errs[0] == nil {
			want.ObservedGeneration, want.Waiting = 1, []entitlement.Waiting{b}
		}

		w.same(record, ordered(want))
		pending(w, ann, instant(2*time.Hour), 1)
	}
}

func raceSubjectUpdates(w *fixture) {
	ann := newID[entitlement.UserID]()
	errs := race(20, func(int) error { return w.s.Commit(w.Context(), add(ann, waiting())) })
	won := w.winners(errs)
	record := w.subjectRecord(ann)
	if record.Generation != int64(won) || len(record.Live) != won || len(record.Waiting) != won || won == 0 {
		w.Fatalf("%d went through, but generation %d, %d live, %d waiting", won, record.Generation, len(record.Live), len(record.Waiting))
	}
}
