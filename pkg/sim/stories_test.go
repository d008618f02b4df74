package sim

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// The directed scenarios: each fault of the list by its name, in a small simulation of
// four people, with every check of the simulator on and the simulation brought to rest
// at the end.

// Packages of the small simulation, by what they are for.
const (
	plainPack = iota // one role at alpha, nobody approves
	widerPack        // the same role and another one, nobody approves
	asksGroup        // two stages: the manager, then the group
	innerPack        // a group of the directory itself, nobody approves
)

func smallSimulation() Plan {
	free := Terms{Scope: entitlement.ScopeAllUsers, Lasts: 8 * time.Hour, Update: true, Remove: true, Custom: true}
	asked := free
	asked.Stages = []StageTerms{{Asks: askManager, Limit: 2 * day}, {Asks: askGroup, Limit: 2 * day}}
	return Plan{Number: 1, PageSize: 100, People: []Person{{Manager: 0}, {Manager: 0}, {Manager: 0}, {Manager: 0}}, Groups: [][]int{{3}, {2}},
		Packages: []Pack{{Roles: []int{0}, Policies: []Terms{free}}, {Roles: []int{0, 2}, Policies: []Terms{free}}, {Roles: []int{1}, Policies: []Terms{asked}}, {Roles: []int{4}, Policies: []Terms{free}}}}
}

// tell runs a story in a small simulation of its own.
func tell(t *testing.T, story func(w *simulation)) {
	t.Helper()
	tellIn(t, smallSimulation(), story)
}

func tellIn(t *testing.T, p Plan, story func(w *simulation)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		t.Helper()
		var log strings.Builder
		p.Waive = waived()
		w := newSimulation(p)
		w.trace = func(format string, args ...any) { log.WriteString(fmt.Sprintf(format, args...) + "\n") }
		if err := w.setUp(p); err != nil {
			t.Fatal(err)
		}
		story(w)
		w.script = nil
		w.quiesce()
		w.stop()
		if w.oracle.violation != "" {
			t.Errorf("%s\n%s", w.oracle.violation, log.String())
		}
	})
}

// do carries out a command to its end.
func (w *simulation) story(kind Kind, a, b, c int) {
	w.act(Command{Kind: kind, A: a, B: b, C: c, Seed: 1})
	w.all()
}

// want fails the story where something is not so.
func (w *simulation) want(is bool, what string, args ...any) {
	if !is {
		w.oracle.fail("story", what, args...)
	}
}

// assign gives a person of the small simulation a package; C is 1 so that no start is asked
// for.
func (w *simulation) assigns(person, pack int) { w.story(Assign, person, pack, 1) }

func (w *simulation) delivers() { w.story(Urgent, 9, 0, 0) }

// holds tells whether a person has a role at a target.
func (w *simulation) holds(person, target int, resource string) bool {
	t := w.targets[target]
	_, is := t.holds[entitlement.RoleRef{Connector: t.id, Resource: resource, Role: memberRole}][t.people[w.population.people[person]]]
	return is
}

func (w *simulation) state(n int) entitlement.RequestState {
	return w.oracle.requests[w.oracle.order[n]].last.State
}

// when has calls whose label begins so meet a fault, for the first times.
func (w *simulation) when(prefix string, fault Fault, times int) {
	w.script = func(_ *invocation, label string) Fault {
		if strings.HasPrefix(label, prefix) && times > 0 {
			times--
			return fault
		}
		return Fine
	}
}

// What a call of DynamoDB is for, by its label: somebody's record and grants, what a
// record names, the fence before a call, a package, somebody's requests, the claim of a
// grant set.
func readsSubjectRecord(label string) bool { return strings.HasPrefix(label, "Query SUB/") }
func readsReconcileInputs(label string) bool {
	return strings.HasPrefix(label, "BatchGetItem SUB/") && strings.Contains(label, " USR")
}
func readsFence(label string) bool {
	return strings.HasPrefix(label, "BatchGetItem SUB/") && strings.Contains(label, " RECORD ") && strings.Contains(label, " GRANTS/")
}
func readsPackage(label string) bool {
	return strings.HasPrefix(label, "GetItem PKG/") && strings.HasSuffix(label, " PKG")
}
func readsRequestsOf(label string) bool {
	return strings.HasPrefix(label, "Query") && strings.Contains(label, " OPENREQ/")
}
func claims(label, of string) bool {
	return strings.HasPrefix(label, "UpdateItem SUB/"+of) && strings.Contains(label, of+" GRANTS/")
}

// standsStill has the n-th call of a delivery, counted from 0, stand still past its lease.
func (w *simulation) standsStill(n int) {
	w.script = func(inv *invocation, _ string) Fault {
		if inv.command == Urgent.String() {
			if n--; n == -1 {
				return Frozen
			}
		}
		return Fine
	}
}

func TestF1_ACrashAfterTheWriteLeavesOneRequest(t *testing.T) {
	tell(t, func(w *simulation) {
		w.when("Commit request", CrashAfter, 1)
		w.assigns(1, plainPack)
		var answer error
		w.listen = func(err error) { answer = err }
		w.story(Again, 1, 0, 1) // the client tries again under the same key
		w.want(len(w.oracle.order) == 1 && answer == nil, "%d requests, answered %v", len(w.oracle.order), answer)
		w.assigns(1, plainPack) // and one that has no key hears that it has it
		w.want(len(w.oracle.order) == 1 && entitlement.KindOf(answer) == entitlement.Conflict, "%d requests, answered %v", len(w.oracle.order), answer)
	})
}

func TestF2_AWriteWhoseAnswerWasLostIsNotMadeTwice(t *testing.T) {
	tell(t, func(w *simulation) {
		w.when("Commit request", Retried, 1)
		w.assigns(1, plainPack)
		w.want(len(w.oracle.order) == 1, "%d requests", len(w.oracle.order))
		w.when("Commit request", FailAfter, 1)
		w.assigns(2, plainPack)
		w.advance(11 * time.Minute) // past the window in which the table itself would know
		w.story(Again, 1, 0, 1)
		w.want(len(w.oracle.order) == 2, "%d requests", len(w.oracle.order))
	})
}

func TestF3_AConflictWithAnotherTransactionChangesNothing(t *testing.T) {
	tell(t, func(w *simulation) {
		w.when("Commit request", Conflicted, 1)
		w.assigns(1, plainPack)
		w.want(len(w.oracle.order) == 0, "%d requests", len(w.oracle.order))
	})
}

func TestF4_EveryMessageTwiceIsNoSecondEffect(t *testing.T) {
	tell(t, func(w *simulation) {
		w.when("Send", Doubled, 99)
		w.assigns(1, plainPack)
		w.delivers()
		w.delivers()
		w.want(w.targets[0].writes == 1, "%d writes", w.targets[0].writes)
	})
}

func TestF5_AMessageThatNeverComesCostsTwoMinutes(t *testing.T) {
	tell(t, func(w *simulation) {
		w.when("Send", Lost, 1)
		w.assigns(1, plainPack)
		w.minute()
		w.minute()
		w.want(w.holds(1, 0, "one"), "not taken up within two minutes")
	})
}

func TestF6_AGrantsMessageAfterTheRevokesGrantsNothing(t *testing.T) {
	tell(t, func(w *simulation) {
		w.when("Send", Delayed, 1)
		w.assigns(1, plainPack)
		w.story(RemoveByAdmin, 0, 0, 1)
		w.delivers()
		w.advance(16 * time.Minute)
		w.delivers()
		w.want(w.targets[0].writes == 0, "%d writes", w.targets[0].writes)
	})
}

func TestF8_HalfABatchIsApplied(t *testing.T) {
	tell(t, func(w *simulation) {
		for person := range 4 {
			w.assigns(person, plainPack)
		}
		w.story(SetTargetMode, 0, int(halves), 0)
		w.delivers()
		w.targets[0].mode = well
		for range 5 {
			w.minute()
		}
		for person := range 4 {
			w.want(w.holds(person, 0, "one") && w.state(person) == entitlement.RequestDelivered, "person %d: %s", person, w.state(person))
		}
		w.want(w.targets[0].writes == 4, "%d writes for four people", w.targets[0].writes)
	})
}

func TestF9_AThrottlingTargetIsLeftAloneAsLongAsItAsks(t *testing.T) {
	tell(t, func(w *simulation) {
		w.assigns(1, widerPack)
		w.story(SetTargetMode, 0, int(throttling), 0)
		w.delivers()
		calls := w.targets[0].calls
		w.minute()
		w.want(w.targets[0].calls == calls, "called again within the time that it asked for")
		w.want(w.holds(1, 1, "one"), "the other target waited")
	})
}

func TestF11_OneUnreadableMessageOfTenHurtsNobodyElse(t *testing.T) {
	tell(t, func(w *simulation) {
		w.story(Malformed, 0, 0, 0)
		for person := range 4 {
			w.assigns(person, plainPack)
		}
		w.delivers()
		for person := range 4 {
			w.want(w.state(person) == entitlement.RequestDelivered, "person %d: %s", person, w.state(person))
		}
		w.want(w.urgent.Len() == 1, "%d messages are left", w.urgent.Len())
	})
}

// A worker stands still for minutes at every one of its calls in turn, while what it was
// about ends and another worker takes that back.
func TestF13_AWorkerThatWasFrozenMakesNoCallOfThePast(t *testing.T) {
	for n := range 60 {
		tell(t, func(w *simulation) {
			w.assigns(1, []int{plainPack, innerPack}[n%2])
			w.standsStill(n / 2)
			w.delivers()
			w.script = func(*invocation, string) Fault { return Fine }
			w.story(RemoveByAdmin, 0, 0, 1)
			w.delivers()
			w.advance(61 * time.Second)
			w.minute()
		})
	}
}

func TestF14_ARedrivenMessageOfARevokedAssignmentDoesNothing(t *testing.T) {
	tell(t, func(w *simulation) {
		w.assigns(1, plainPack)
		w.script = func(inv *invocation, label string) Fault {
			if readsSubjectRecord(label) {
				return FailBefore
			}
			return Fine
		}
		for range 6 {
			w.delivers()
			w.advance(10 * time.Minute)
		}
		w.want(len(w.urgent.Dead()) == 1, "%d messages lie parked", len(w.urgent.Dead()))
		w.script = nil
		w.story(RemoveByAdmin, 0, 0, 1)
		w.delivers()
		w.story(Redrive, 0, 0, 0)
		w.delivers()
		w.want(w.targets[0].writes == 0, "%d writes", w.targets[0].writes)
	})
}

// race has one command come in the middle of another, after each number of its calls.
func race(t *testing.T, before func(w *simulation), one, other Command, after func(w *simulation)) {
	t.Helper()
	for calls := range 14 {
		tell(t, func(w *simulation) {
			before(w)
			w.act(one)
			w.some(calls)
			w.act(other)
			w.all()
			after(w)
		})
	}
}

func nothing(*simulation) {}

func TestF16_AnApprovalRacesACancelAnotherApprovalAndAPolicyEdit(t *testing.T) {
	pending := func(w *simulation) {
		w.story(Submit, 1, asksGroup, 1)
		w.want(len(w.oracle.order) == 1 && w.state(0) == entitlement.RequestPendingApproval, "nothing waits for a decision")
	}
	approve := Command{Kind: Approve, A: 1, C: 1}
	free := smallSimulation().Packages[plainPack].Policies[0]
	for _, other := range []Command{{Kind: Cancel, A: 2, C: 1}, {Kind: Deny, A: 1, C: 1}, approve, {Kind: ReplacePolicy, A: asksGroup, Terms: &free}, {Kind: ChangeManager, A: 1, B: 2, C: 1}} {
		race(t, pending, approve, other, nothing)
		race(t, pending, other, approve, nothing)
	}
}

func TestF19_OneEndsWhileAnotherWithTheSameRoleIsDelivered(t *testing.T) {
	both := func(w *simulation) {
		w.assigns(1, plainPack)
		w.delivers()
		w.assigns(1, widerPack)
	}
	shared := func(w *simulation) {
		w.minute()
		w.want(w.holds(1, 0, "one"), "the shared role is gone")
	}
	race(t, both, Command{Kind: Urgent, A: 9}, Command{Kind: RemoveByAdmin, C: 1}, shared)
	race(t, both, Command{Kind: RemoveByAdmin, C: 1}, Command{Kind: Urgent, A: 9}, shared)
}

func TestF20_ADeletionRacesASubmitAndADirectAssignment(t *testing.T) {
	for _, other := range []Command{{Kind: Submit, A: 1, B: plainPack, C: 1}, {Kind: Assign, A: 1, B: plainPack, C: 1}} {
		for _, deletion := range []Command{{Kind: DeletePackage, A: plainPack}, {Kind: DeletePolicy, A: plainPack}} {
			race(t, nothing, other, deletion, nothing)
			race(t, nothing, deletion, other, nothing)
		}
	}
}

func TestF22_APolicyEditAtEveryPointChangesNothingOfARequest(t *testing.T) {
	short := Terms{Scope: entitlement.ScopeNobody, Lasts: time.Minute}
	edit := Command{Kind: ReplacePolicy, A: plainPack, Terms: &short}
	race(t, nothing, Command{Kind: Submit, A: 1, B: plainPack, C: 1}, edit, nothing)
	race(t, func(w *simulation) { w.assigns(1, plainPack) }, Command{Kind: Urgent, A: 9}, edit, func(w *simulation) {
		w.want(w.state(0) == entitlement.RequestDelivered, "the request is %s", w.state(0))
	})
}

func TestF26_APersonWhoseWritesFailForAMinuteLosesNothing(t *testing.T) {
	tell(t, func(w *simulation) {
		w.assigns(1, plainPack)
		w.assigns(2, plainPack)
		failed, unlucky, until := 0, short(string(w.population.people[1])), time.Now().Add(time.Minute)
		w.script = func(_ *invocation, label string) Fault {
			if time.Now().Before(until) && (claims(label, unlucky) || strings.Contains(label, "grant set "+unlucky+" ")) {
				failed++
				return FailBefore
			}
			return Fine
		}
		w.delivers()
		w.want(failed > 0, "nothing failed")
		w.want(w.state(1) == entitlement.RequestDelivered, "the other waits: %s", w.state(1))
		for range 4 {
			w.minute()
		}
		w.want(w.state(0) == entitlement.RequestDelivered, "still %s", w.state(0))
	})
}

func TestF28_ACredentialThatIsRefusedHoldsUpUntilItIsRotated(t *testing.T) {
	tell(t, func(w *simulation) {
		w.targets[0].credential = secretWord + "another"
		w.assigns(1, plainPack)
		w.delivers()
		for range 20 {
			w.minute()
		}
		w.want(w.state(0) == entitlement.RequestDeliveryFailed, "it shows as %s", w.state(0))
		w.story(Rotate, 0, 7, 0)
		for range 61 {
			w.minute()
		}
		w.want(w.state(0) == entitlement.RequestDelivered, "not resumed by itself: %s", w.state(0))
	})
}

func TestF30_AGroupThatIsMadeAgainIsNotAdopted(t *testing.T) {
	tell(t, func(w *simulation) {
		w.assigns(1, plainPack)
		w.delivers()
		t := w.targets[0]
		t.resources["one"], t.resources["one, made again"] = false, true
		w.story(ReprocessAssignment, 0, 0, 1)
		w.delivers()
		for _, members := range t.holds {
			for ref := range members {
				w.want(t.owners[ref] == w.population.people[1], "somebody else was let in")
			}
		}
		w.want(len(t.holds) == 1, "the new group has members")
		t.resources["one"] = true
	})
}

func TestF31_HandEditsAreRepairedWhereWeGaveAndLeftWhereWeDidNot(t *testing.T) {
	tell(t, func(w *simulation) {
		w.assigns(1, plainPack)
		w.delivers()
		w.story(HandEdit, 1, 0, 0) // taken away by hand
		w.story(HandEdit, 2, 0, 0) // another one let in by hand
		w.want(!w.holds(1, 0, "one") && w.holds(2, 0, "one"), "the hand edits did not take")
		w.story(ReprocessAssignment, 0, 0, 1)
		w.delivers()
		w.want(w.holds(1, 0, "one"), "not repaired")
		w.want(w.holds(2, 0, "one"), "what no assignment ever gave was touched")
	})
}

func TestF34_AMessageOfAnotherVersionIsParkedAndNotDropped(t *testing.T) {
	tell(t, func(w *simulation) {
		w.story(Malformed, 0, 1, 0)
		for range 30 {
			w.minute()
		}
		w.want(len(w.urgent.Dead()) == 1 && w.urgent.Len() == 0, "%d parked, %d left", len(w.urgent.Dead()), w.urgent.Len())
	})
}

func TestF36_WhoLosesEligibilityBetweenStagesDecidesNothing(t *testing.T) {
	tell(t, func(w *simulation) {
		w.story(Submit, 1, asksGroup, 1)
		id := w.oracle.order[0]
		w.story(Approve, 1, 0, 1) // the manager
		w.want(w.oracle.requests[id].last.Stage == 1, "the second stage has not begun")
		w.story(RemoveFromGroup, 2, 1, 1) // the only one of the group
		reviewer := w.population.people[2]
		decision := entitlement.DecisionInput{Stage: w.oracle.requests[id].last.Stages[1].ID, Approved: true}
		err := w.requests.Decide(quiet, authz.Command{Caller: authz.Caller{ID: reviewer, Scopes: authz.Every}, CommandID: "story"}, id, decision)
		w.want(err != nil, "one who is out of the group decided")
		w.story(AddToGroup, 2, 1, 1)
		w.story(Disable, 1, 0, 0) // and now the subject may not get anything
		err = w.requests.Decide(quiet, authz.Command{Caller: authz.Caller{ID: reviewer, Scopes: authz.Every}, CommandID: "story"}, id, decision)
		w.want(err != nil, "approved for one who is disabled")
	})
}

func TestT1_TheRoleIsThereExactlyWhileOneOfTwoIsLive(t *testing.T) {
	tell(t, func(w *simulation) {
		w.assigns(1, plainPack)
		w.advance(time.Hour)
		w.assigns(1, widerPack)
		w.delivers()
		w.advance(7 * time.Hour)
		w.minute()
		w.want(w.holds(1, 0, "one"), "the first of two overlapping ends took the role")
		w.advance(time.Hour)
		w.minute()
		w.want(!w.holds(1, 0, "one"), "the last end left the role")
	})
}

func TestT4_NothingEndedIsEverPutBack(t *testing.T) {
	tell(t, func(w *simulation) {
		w.assigns(1, plainPack)
		w.delivers()
		w.advance(8 * time.Hour)
		w.minute()
		writes := w.targets[0].writes
		for range 5 {
			w.urgent.Enqueue(quiet, w.population.people[1])
			w.delivers()
			w.minute()
		}
		w.want(w.targets[0].writes == writes && !w.holds(1, 0, "one"), "something was written after the end")
	})
}

func TestT21_APackageEditLeavesAnUnchangedRoleAlone(t *testing.T) {
	tell(t, func(w *simulation) {
		w.assigns(1, widerPack)
		w.delivers()
		lines := len(w.targets[0].log)
		w.story(AddRole, widerPack, 1, 0)
		w.story(RemoveRole, widerPack, 1, 0)
		for range 3 {
			w.minute()
		}
		for _, e := range w.targets[0].log[lines:] {
			w.want(e.role.Resource != "one", "the unchanged role was written: %+v", e)
		}
	})
}
