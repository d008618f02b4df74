package sim

import (
	"testing"
	"time"
)

// The last member of a group that may not be empty is owed still, and shown to be, for as long as
// the target keeps them, and out soon after it lets them go.
func TestT2_TheLastMemberIsOwedUntilTheTargetLetsThemGo(t *testing.T) {
	keeps := Nature{Semantics: Semantics{KeepsLast: true}}
	tellIn(t, simulationAt(keeps, 4), func(w *simulation) {
		for person := 1; person < 4; person++ {
			w.assigns(person, plainPack)
		}
		w.delivers()
		w.advance(10 * time.Minute)
		for n := range 3 {
			w.story(RemoveByAdmin, 0, n, 1)
		}
		w.delivers()
		for range 200 {
			w.minute()
		}

		left := 0
		for person := 1; person < 4; person++ {
			if w.holds(person, 0, "one") {
				left++
				w.want(!w.gone(person), "person %d holds it, and the removal is complete", person)
			}
		}
		w.want(left == 1, "%d are left", left)

		w.targets[0].KeepsLast = false
		for range 61 {
			w.minute()
		}
		for person := 1; person < 4; person++ {
			w.want(!w.holds(person, 0, "one") && w.gone(person), "person %d: there %v, complete %v", person, w.holds(person, 0, "one"), w.gone(person))
		}
	})
}

// What a run draws of the semantics of targets is named in its plan, and what none met is told.
func TestTheSemanticsThatNoRunMetAreTold(t *testing.T) {
	if missed := (SemanticsMet{}).Missed(); len(missed) != int(semantics) {
		t.Errorf("%d of %d are missed where none was met", len(missed), semantics)
	}
	for s := range semantics {
		if s.String() == "" {
			t.Errorf("the semantic %d has no name", s)
		}
	}
}
