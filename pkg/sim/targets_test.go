package sim

import (
	"slices"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
)

// What targets do that are not as one would wish, told as stories (F40 to F44).

// simulationAt is the small simulation with so many people, and both targets of one nature.
func simulationAt(n Nature, people int) Plan {
	p := smallSimulation()
	p.People, p.Targets = make([]Person, people), [...]Nature{n, n}
	return p
}

// gone tells whether the removal of a person's last assignment is complete.
func (w *simulation) gone(person int) bool {
	is := false
	for _, id := range w.oracle.order {
		if a := w.oracle.assignments[entitlement.AssignmentID(id)]; a != nil && a.Subject == w.population.people[person] {
			is = a.removed
		}
	}
	return is
}

// A removal at any moment after the grant, while the target's reads do not show the grant
// yet, or do for others alone: it is sent, and nothing is said before it can be seen.
func TestF40_ARemovalRightAfterAGrantIsSentWhereReadsAreBehind(t *testing.T) {
	for _, after := range []time.Duration{0, time.Second, 6 * time.Second, 14 * time.Second, 16 * time.Second, time.Minute, 5 * time.Minute} {
		tellIn(t, simulationAt(behind, 4), func(w *simulation) {
			w.assigns(1, plainPack)
			w.delivers()
			w.advance(after)
			w.story(RemoveByAdmin, 0, 0, 1)
			w.delivers()
			for range 6 {
				w.minute()
			}
			_, taken := w.grantsAt(0)
			w.want(!w.holds(1, 0, "one") && w.gone(1), "%s after the grant: taken %d times, complete is %v", after, taken, w.gone(1))
		})
	}
}

// A grant that does not show yet is no failure and is not sent again.
func TestF40_AGrantThatDoesNotShowYetIsNotSentAgain(t *testing.T) {
	tellIn(t, simulationAt(behind, 4), func(w *simulation) {
		w.assigns(1, plainPack)
		w.delivers()
		w.minute()
		w.minute()
		w.want(w.state(0) == entitlement.RequestDelivered && w.targets[0].writes == 1, "%s after %d writes", w.state(0), w.targets[0].writes)
	})
}

// Two workers bring two people into one group at a target that reads, changes and writes,
// the second one in the middle of the first, after each number of its calls.
func TestF41_TwoWorkersAtOneGroupLoseNobody(t *testing.T) {
	for calls := range 24 {
		tellIn(t, simulationAt(racing, 4), func(w *simulation) {
			w.assigns(1, plainPack)
			w.assigns(2, plainPack)
			w.act(Command{Kind: Urgent})
			w.some(calls)
			w.act(Command{Kind: Urgent})
			w.all()
			for range 3 {
				w.minute()
			}
			w.want(w.holds(1, 0, "one") && w.holds(2, 0, "one"), "after %d calls somebody was lost", calls)
			w.want(w.targets[0].crossed == 0, "after %d calls %d changes were written over", calls, w.targets[0].crossed)
		})
	}
}

// One is let in while another one is taken out.
func TestF41_AGrantAndARemovalAtOneGroupUndoNothing(t *testing.T) {
	for calls := range 24 {
		tellIn(t, simulationAt(racing, 4), func(w *simulation) {
			w.assigns(1, plainPack)
			w.delivers()
			w.advance(time.Minute)
			w.story(RemoveByAdmin, 0, 0, 1)
			w.assigns(2, plainPack)
			w.act(Command{Kind: Urgent})
			w.some(calls)
			w.act(Command{Kind: Urgent})
			w.all()
			for range 4 {
				w.minute()
			}
			w.want(!w.holds(1, 0, "one") && w.holds(2, 0, "one"), "after %d calls: %v and %v", calls, w.holds(1, 0, "one"), w.holds(2, 0, "one"))
		})
	}
}

// A writer dies with the group in its hand: a removal by another one waits ten seconds for
// it at most.
func TestF41_ADeadWriterHoldsUpARemovalForTenSecondsAtMost(t *testing.T) {
	for _, how := range []Fault{CrashBefore, CrashAfter} {
		tellIn(t, simulationAt(racing, 4), func(w *simulation) {
			w.assigns(1, plainPack)
			w.delivers()
			w.advance(5 * time.Minute)
			w.assigns(2, plainPack)
			w.when("Apply", how, 1)
			w.delivers()
			w.script = nil
			w.story(RemoveByAdmin, 0, 0, 1)
			began := time.Now()
			w.delivers()
			for w.holds(1, 0, "one") && time.Since(began) < time.Minute {
				w.advance(time.Second)
			}
			w.want(time.Since(began) <= 15*time.Second, "held up for %s", time.Since(began))
		})
	}
}

// Something in front of the target answers in its place for half an hour: nothing that is
// owed is over by that, and nothing has failed for good.
func TestF42_WhatStandsInFrontOfATargetEndsNothing(t *testing.T) {
	tell(t, func(w *simulation) {
		w.assigns(1, plainPack)
		w.delivers()
		w.advance(10 * time.Minute)
		w.targets[0].mode = fronted
		w.story(RemoveByAdmin, 0, 0, 1)
		w.assigns(2, plainPack)
		w.delivers()
		for range 30 {
			w.minute()
			w.want(!w.gone(1), "complete by the answer of something else")
		}
		w.targets[0].mode = well
		for range 61 {
			w.minute()
		}
		w.want(w.gone(1) && !w.holds(1, 0, "one") && w.holds(2, 0, "one"), "well again: %v and %v", w.holds(1, 0, "one"), w.holds(2, 0, "one"))
	})
}

// The target says for ten minutes that it has no such group, as one does whose replicas
// disagree: that ends nobody's access on paper, and fails no grant for good.
func TestF42_AGroupThatIsNotFoundForTenMinutesEndsNothing(t *testing.T) {
	tell(t, func(w *simulation) {
		w.assigns(1, plainPack)
		w.delivers()
		w.advance(10 * time.Minute)
		w.targets[0].missing["one"] = time.Now().Add(10 * time.Minute)
		w.story(RemoveByAdmin, 0, 0, 1)
		w.assigns(2, plainPack)
		w.delivers()
		for range 9 {
			w.minute()
			w.want(!w.gone(1), "complete by an answer that passed")
		}
		for range 20 {
			w.minute()
		}
		w.want(w.gone(1) && !w.holds(1, 0, "one") && w.holds(2, 0, "one"), "found again: %v and %v", w.holds(1, 0, "one"), w.holds(2, 0, "one"))
	})
}

// A group that stays away for good ends the removal after a quarter of an hour, and the
// removal's event says by what.
func TestF42_AGroupThatStaysAwayEndsARemovalAndItIsOnRecordHow(t *testing.T) {
	tell(t, func(w *simulation) {
		w.assigns(1, plainPack)
		w.delivers()
		w.advance(10 * time.Minute)
		w.act(Command{Kind: Lose}) // deleted
		w.story(RemoveByAdmin, 0, 0, 1)
		w.delivers()
		for range 14 {
			w.minute()
			w.want(!w.gone(1), "complete at once")
		}
		for range 10 {
			w.minute()
		}
		w.want(w.gone(1), "owed for ever")
		events, err := w.truth.Events(quiet, entitlement.OfRequest, string(w.oracle.order[0]))
		told := slices.ContainsFunc(events, func(e entitlement.Event) bool {
			return e.Kind == "resource-missing" || slices.ContainsFunc(valuesOf(e.Data), func(v string) bool { return v == "resource-missing" })
		})
		w.want(err == nil && told, "no event tells that the group was missing: %+v", events)
	})
}

func valuesOf(m map[string]string) []string {
	var all []string
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

// An account was deleted and made again under the same name, at a target that takes any id:
// an id that is older than a day is looked up again before it is used.
func TestF43_AnIDThatIsOlderThanADayIsLookedUpBeforeItIsUsed(t *testing.T) {
	tellIn(t, simulationAt(anyID, 4), func(w *simulation) {
		w.assigns(1, plainPack)
		w.delivers()
		w.story(RemoveByAdmin, 0, 0, 1)
		w.delivers()
		for range 5 {
			w.minute()
		}
		w.advance(25 * time.Hour)
		w.targets[0].hire(w.population.people[1])
		w.assigns(1, plainPack)
		w.delivers()
		for range 3 {
			w.minute()
		}
		w.want(w.holds(1, 0, "one"), "a dead id was let in")
	})
}

// Five end in one minute, and any change that one of them is part of fails: the other four
// are out within a hundred seconds.
func TestF44_OneWhoFailsHoldsUpNobodyElse(t *testing.T) {
	for _, forbidden := range []bool{false, true} {
		tellIn(t, simulationAt(honest, 6), func(w *simulation) {
			beta := w.targets[1]
			beta.bad, beta.forbidden = w.population.people[3], forbidden
			for person := 1; person < 6; person++ {
				w.assigns(person, widerPack)
			}
			in := func(person int) bool { return w.holds(person, 1, "one") }
			for range 4 {
				w.delivers()
				w.advance(25 * time.Second)
			}
			for person := 1; person < 6; person++ {
				w.want(in(person) == (person != 3), "person %d: %v", person, in(person))
			}
			beta.bad = ""
			for range 61 {
				w.minute()
			}
			w.want(in(3), "not let in when all is well")
			beta.bad = w.population.people[3]
			w.advance(7 * time.Hour)
			for time.Now().Before(w.oracle.assignments[entitlement.AssignmentID(w.oracle.order[4])].End) {
				w.minute()
			}
			for range 3 {
				w.delivers()
				w.minute()
			}
			for person := 1; person < 6; person++ {
				w.want(in(person) == (person == 3), "person %d: %v", person, in(person))
			}
		})
	}
}

// continuously runs the workers as they are deployed, so many at once, with a sweep a
// minute, and reports how long it took until something was so, or the time that it had.
func (w *simulation) continuously(d time.Duration, until func() bool) time.Duration {
	began := time.Now()
	for sweep := began; time.Since(began) < d && w.oracle.violation == "" && !until(); {
		if !time.Now().Before(sweep) {
			w.act(Command{Kind: Sweep})
			sweep = sweep.Add(time.Minute)
		}
		for _, l := range w.queues() {
			if len(w.live) < atWork {
				w.drain(l, Command{Kind: Urgent, A: l.batch - 1})
			}
		}
		w.some(1000)
		w.advanceOnly(time.Second)
	}
	return time.Since(began)
}

// atWork is how many functions are at work at once.
const atWork = 6

// advanceOnly moves the clock, and lets those go on in their time who wait for it.
func (w *simulation) advanceOnly(d time.Duration) {
	end := time.Now().Add(d)
	for w.oracle.violation == "" {
		w.some(1000)
		at, waiting := w.next()
		if !waiting || at.After(end) {
			break
		}
		time.Sleep(time.Until(at))
	}
	time.Sleep(max(time.Until(end), 0))
}

// People have roles at a target that is well and at one that never answers, for which a
// worker waits: what is to end at the first one ends at once.
func TestL2_ARemovalAtATargetThatIsWellWaitsForNoSilentOne(t *testing.T) {
	tellIn(t, simulationAt(honest, 8), func(w *simulation) {
		for person := range 8 {
			w.assigns(person, widerPack)
		}
		w.delivers()
		w.advance(10 * time.Minute)
		w.targets[1].mode = silent
		by := w.by("story")
		for n := range 8 {
			id := entitlement.AssignmentID(w.oracle.order[n])
			w.want(w.requests.ReprocessAssignment(quiet, by, id) == nil, "not reprocessed")
		}
		w.continuously(2*time.Second, func() bool { return false })
		for n := range 8 {
			_, err := w.requests.Remove(quiet, by, entitlement.AdminRemove, entitlement.AssignmentID(w.oracle.order[n]), "")
			w.want(err == nil, "%v", err)
		}
		took := w.continuously(2*time.Minute, func() bool {
			for person := range 8 {
				if w.holds(person, 0, "one") {
					return false
				}
			}
			return true
		})
		w.want(took <= 5*time.Second, "it took %s", took)
	})
}

// Many people wait for a target that does not answer: it sees twenty calls in ten minutes,
// those that were made side by side included, whether it refuses the call or is silent.
func TestY17_ADeadTargetSeesTwentyCallsInTenMinutes(t *testing.T) {
	for _, how := range []targetMode{down, silent} {
		tellIn(t, simulationAt(honest, 40), func(w *simulation) {
			w.targets[0].mode = how
			for person := range 40 {
				w.assigns(person, plainPack)
			}
			w.continuously(10*time.Minute, func() bool { return false })
			w.want(w.targets[0].calls <= 20, "%s: %d calls", targetModeNames[how], w.targets[0].calls)
		})
	}
}

// A target is away for two minutes while fifty people are let in: the last one of them has
// what is theirs ninety seconds after it is back.
func TestL6_AfterAnOutageTheLastOfFiftyIsDeliveredWithinNinetySeconds(t *testing.T) {
	for _, how := range []targetMode{down, silent, fronted} {
		tellIn(t, simulationAt(Nature{}, 50), func(w *simulation) {
			w.targets[0].mode = how
			for person := range 50 {
				w.assigns(person, plainPack)
			}
			w.continuously(2*time.Minute, func() bool { return false })
			w.targets[0].mode = well
			took := w.continuously(10*time.Minute, func() bool {
				for n := range 50 {
					if w.state(n) != entitlement.RequestDelivered {
						return false
					}
				}
				return true
			})
			w.want(took <= 90*time.Second, "%s: it took %s", targetModeNames[how], took)
		})
	}
}
