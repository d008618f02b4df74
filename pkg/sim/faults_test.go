package sim

import (
	"slices"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// More of the directed scenarios: what targets, clocks, indexes and rivals do.

// grantsAt counts how often a role was granted and taken at a target.
func (w *simulation) grantsAt(target int) (granted, taken int) {
	for _, e := range w.targets[target].log {
		if e.granted {
			granted++
		} else {
			taken++
		}
	}
	return granted, taken
}

func TestF7_ACallThatTimesOutAfterItsEffectIsNotMadeTwice(t *testing.T) {
	tell(t, func(w *simulation) {
		w.assigns(1, plainPack)
		w.when("Apply", FailAfter, 1)
		w.delivers()
		w.script = nil
		for range 3 {
			w.minute()
		}
		granted, _ := w.grantsAt(0)
		w.want(w.state(0) == entitlement.RequestDelivered && granted == 1 && w.targets[0].writes == 1, "%s after %d grants", w.state(0), granted)
	})
}

func TestF10_ATargetThatIsDownForAnHourIsTriedSeldomAndDrainedAfterwards(t *testing.T) {
	tell(t, func(w *simulation) {
		w.targets[0].mode = down
		for person := range 4 {
			w.assigns(person, plainPack)
		}
		for range 60 {
			w.minute()
		}
		calls := w.targets[0].calls
		w.want(calls <= 120, "%d calls in an hour", calls) // twenty in ten minutes
		w.targets[0].mode, w.targets[0].latency = well, 2*time.Second
		for range 5 {
			w.minute()
		}
		for n := range 4 {
			w.want(w.state(n) == entitlement.RequestDelivered, "request %d is %s five minutes after", n, w.state(n))
		}
	})
}

// A worker outlives its lease at every one of its calls in turn; its message comes to
// another one meanwhile.
func TestF12_TwoWorkersOfOneMessageLeaveOneTruth(t *testing.T) {
	for n := range 60 {
		tell(t, func(w *simulation) {
			w.assigns(1, []int{plainPack, innerPack}[n%2])
			w.urgent.Enqueue(quiet, w.population.people[1])
			w.standsStill(n / 2)
			w.act(Command{Kind: Urgent}) // one message
			w.all()
			w.script = func(*invocation, string) Fault { return Fine }
			w.advance(61 * time.Second)
			w.delivers()
			w.advance(5 * time.Minute)
			for range 3 {
				w.minute()
			}
			w.want(w.state(0) == entitlement.RequestDelivered, "frozen at call %d: %s", n/2, w.state(0))
		})
	}
}

// Two workers have the same person at once, one of them interrupted after each number of
// its calls, while what the person holds is given, taken and given again.
func TestF12_OneOfTwoWorkersAtOnceHasThePerson(t *testing.T) {
	twice := func(w *simulation) {
		w.assigns(1, widerPack)
		w.delivers()
		w.story(RemoveByAdmin, 0, 0, 1)
		w.urgent.Enqueue(quiet, w.population.people[1])
	}
	for calls := range 40 {
		tell(t, func(w *simulation) {
			twice(w)
			w.act(Command{Kind: Urgent})
			w.some(calls)
			w.assigns(1, widerPack)
			w.act(Command{Kind: Urgent, A: 9})
			w.some(calls / 2)
			w.act(Command{Kind: Urgent, A: 9})
			w.all()
			w.minute()
		})
	}
}

func TestF15_OfTwoDecisionsAtOnceOneWinsAndTheOtherHearsOfIt(t *testing.T) {
	second := func(w *simulation) {
		w.story(AddToGroup, 3, 1, 1) // so that two may decide the second stage
		w.story(Submit, 1, asksGroup, 1)
		w.story(Approve, 1, 0, 1)
		w.want(w.oracle.requests[w.oracle.order[0]].last.Stage == 1, "the second stage has not begun")
	}
	for _, verdicts := range [][2]Kind{{Approve, Approve}, {Approve, Deny}, {Deny, Approve}, {Deny, Deny}} {
		race(t, second, Command{Kind: verdicts[0], A: 2, C: 1}, Command{Kind: verdicts[1], A: 3, C: 1}, func(w *simulation) {
			r := w.oracle.requests[w.oracle.order[0]].last
			w.want(r.Stages[1].Decision != nil, "nobody decided")
			won := r.Stages[1].Decision.Approved
			w.want(won == (r.State == entitlement.RequestDelivering), "approved is %v, and the request is %s", won, r.State)
		})
	}
}

func TestF17_AnExtensionRacesTheExpiryOfTheSameMillisecond(t *testing.T) {
	due := func(w *simulation) {
		w.assigns(1, plainPack)
		w.delivers()
		end := w.oracle.assignments[entitlement.AssignmentID(w.oracle.order[0])].End
		w.advance(time.Until(end))
	}
	extension := Command{Kind: ExtendByAdmin, C: 2, Span: 30 * time.Minute}
	clear := func(w *simulation) {
		a := w.oracle.assignments[entitlement.AssignmentID(w.oracle.order[0])]
		w.want(a.live == (len(w.oracle.order) == 2), "live is %v after %d requests", a.live, len(w.oracle.order))
	}
	race(t, due, extension, Command{Kind: Sweep}, clear)
	race(t, due, Command{Kind: Sweep}, extension, clear)
}

func TestF18_SweepsThatOverlapOrAreMissedEndEachAssignmentOnce(t *testing.T) {
	due := func(w *simulation) {
		w.assigns(1, plainPack)
		w.assigns(2, widerPack)
		w.delivers()
		w.advance(8*time.Hour + 5*time.Minute)
	}
	race(t, due, Command{Kind: Sweep}, Command{Kind: Sweep}, func(w *simulation) {
		for range 3 {
			w.minute()
		}
		w.want(w.oracle.lives == 2, "%d assignments came to their end", w.oracle.lives)
	})
}

func TestF21_ARoleIsTakenOutWhileItsAdditionIsUnderWay(t *testing.T) {
	added := func(w *simulation) {
		for person := range 4 {
			w.assigns(person, plainPack)
		}
		w.delivers()
		w.story(AddRole, plainPack, 1, 1)
	}
	p := smallSimulation()
	p.PageSize = 1
	for calls := range 24 {
		tellIn(t, p, func(w *simulation) {
			added(w)
			w.act(Command{Kind: Fanout, A: 9})
			w.some(calls)
			w.story(RemoveRole, plainPack, 1, 1)
			for range 20 {
				w.minute()
			}
			for person := range 4 {
				w.want(!w.holds(person, 0, "two"), "person %d keeps a role that is in no package", person)
			}
		})
	}
}

// Clocks of different functions are up to five minutes apart, and jump in the middle of a
// function: nothing may rest on them but how late something is.
func TestF23_ClocksThatDisagreeCostTimeAndNothingElse(t *testing.T) {
	p := smallSimulation()
	p.Skew = maxSkew
	for seed := range uint64(60) {
		tellIn(t, p, func(w *simulation) {
			commands := []Command{{Kind: Assign, A: 1, B: plainPack, C: 1}, {Kind: Submit, A: 2, B: asksGroup, C: 1}, {Kind: Urgent, A: 9},
				{Kind: Approve, A: 1, C: 1}, {Kind: ExtendByAdmin, C: 2, Span: 20 * time.Minute}, {Kind: Pass, Span: 8*time.Hour - 2*time.Minute},
				{Kind: Sweep}, {Kind: ExtendByAdmin, C: 2, Span: 8 * time.Hour}, {Kind: Sweep}, {Kind: Urgent, A: 9}, {Kind: Pass, Span: 10 * time.Minute}, {Kind: Sweep}, {Kind: Urgent, A: 9}}
			for i, c := range commands {
				c.Seed = mix(seed, uint64(i))
				w.act(c)
				w.all()
			}
		})
	}
}

// An index that never catches up while the story lasts: an extended assignment is still
// listed as due, and a request that was decided still waits in the inbox.
func TestF25_AnIndexThatIsHoursBehindEndsNothingThatWasExtended(t *testing.T) {
	p := smallSimulation()
	p.Lag = 3
	tellIn(t, p, func(w *simulation) {
		w.assigns(1, plainPack)
		w.delivers()
		a := w.oracle.assignments[entitlement.AssignmentID(w.oracle.order[0])]
		w.advance(time.Hour) // the index knows the first end
		_, err := w.requests.Extend(quiet, w.by("story"), entitlement.AdminUpdate, a.ID,
			entitlement.Schedule{Expiration: entitlement.Expiration{Type: entitlement.ExpireAfterDateTime, End: time.Now().UTC().Add(8 * time.Hour)}}, "")
		w.want(err == nil, "not extended: %v", err)
		time.Sleep(7 * time.Hour) // past the first end, before the second
		w.story(Sweep, 0, 0, 0)
		w.want(a.live, "the sweep ended what had been extended")
	})
}

func TestF29_APersonIsWaitedForAndFoundAgainUnderAnotherID(t *testing.T) {
	tell(t, func(w *simulation) {
		alpha, u := w.targets[0], w.population.people[1]
		alpha.fire(u)
		w.assigns(1, plainPack)
		w.delivers()
		w.want(w.state(0) == entitlement.RequestDeliveryFailed, "without an account it is %s", w.state(0))
		alpha.hire(u) // first sign-in
		w.story(ReprocessRequest, 0, 0, 1)
		w.delivers()
		w.want(w.holds(1, 0, "one"), "there now, and not let in")
		before := alpha.people[u]
		alpha.hire(u) // deleted, and made again
		w.want(alpha.people[u] != before && !w.holds(1, 0, "one"), "the new account has the old one's roles")
		w.story(ReprocessAssignment, 0, 0, 1)
		w.delivers()
		for range 3 {
			w.minute()
		}
		w.want(w.holds(1, 0, "one"), "the new account was not let in")
	})
}

// A target that takes a change and carries it out half an hour later, as the Identity
// Center does with its jobs: nobody waits in a running function, nothing is called
// delivered before it shows, and nothing is asked for twice once it does.
func TestF35_AChangeThatShowsHalfAnHourLaterIsDeliveredThen(t *testing.T) {
	tell(t, func(w *simulation) {
		alpha, u := w.targets[0], w.population.people[1]
		alpha.mode = deaf
		w.assigns(1, plainPack)
		w.delivers()
		for range 30 {
			w.minute()
			w.want(w.state(0) != entitlement.RequestDelivered, "delivered before it shows")
			w.want(len(w.live) == 0, "%d functions wait", len(w.live))
		}
		alpha.mode = well
		alpha.set(entitlement.RoleRef{Connector: alpha.id, Resource: "one", Role: memberRole}, alpha.people[u], true, true)
		writes := alpha.writes
		for range 61 {
			w.minute()
		}
		w.want(w.state(0) == entitlement.RequestDelivered && alpha.writes == writes, "%s after %d more writes", w.state(0), alpha.writes-writes)
	})
}

// The fence before a call is one batch of the record and the grant set. A part of it
// comes back unread, the worker stands still before it asks again, and meanwhile the
// assignment ends: what was read of the record before that says nothing of the moment of
// the call.
func TestF45_AFenceOfWhichHalfCameBackUnreadIsAskedWhole(t *testing.T) {
	for seed := range uint64(24) {
		tell(t, func(w *simulation) {
			w.assigns(1, plainPack)
			torn, waits := false, false
			w.script = func(inv *invocation, label string) Fault {
				switch {
				case inv.seed != 100+seed:
				case !torn && readsFence(label):
					torn, waits = true, true
					return Unread
				case waits && label == "Pause":
					waits = false
					return Frozen
				}
				return Fine
			}
			w.act(Command{Kind: Urgent, A: 9, Seed: 100 + seed})
			w.all()
			w.want(torn && !waits, "the fence was not torn")
			w.story(RemoveByAdmin, 0, 0, 1)
			w.advance(time.Minute)
			w.want(!w.holds(1, 0, "one"), "granted after the end")
		})
	}
}

func TestT2_ARemovalThatFailsIsOwedInSightUntilItIsDone(t *testing.T) {
	tell(t, func(w *simulation) {
		w.assigns(1, plainPack)
		w.delivers()
		w.advance(8*time.Hour - time.Minute)
		w.targets[0].mode = down // for an hour across the end
		for n := range 60 {
			w.minute()
			pending := w.pendingRemovals()
			w.want(n < 2 || len(pending) == 1, "minute %d: %d removals are owed", n, len(pending))
			w.want(n < 12 || pending[0].Status(time.Now()) == "RemovalOverdue", "minute %d: %v", n, pending)
		}
		w.want(w.holds(1, 0, "one"), "gone from a target that was down")
		w.targets[0].mode = well
		for range 3 {
			w.minute()
		}
		w.want(!w.holds(1, 0, "one") && len(w.pendingRemovals()) == 0, "three minutes later it is still there")
	})
}

func (w *simulation) pendingRemovals() []requests.PendingRemoval {
	var all []requests.PendingRemoval
	for page := (entitlement.Page{}); ; {
		got, err := w.requests.Removals(quiet, w.admin.Caller, page)
		w.want(err == nil, "%v", err)
		all = append(all, got.Items...)
		if page.Token = got.Next; err != nil || page.Token == "" {
			return all
		}
	}
}

func TestT5_ATargetThatSaysYesAndDoesNothingIsNeverCalledDelivered(t *testing.T) {
	tell(t, func(w *simulation) {
		w.targets[0].mode = deaf
		w.assigns(1, plainPack)
		for range 30 {
			w.delivers()
			w.minute()
			w.want(w.state(0) != entitlement.RequestDelivered, "delivered, and nobody holds it")
		}
		w.want(w.state(0) == entitlement.RequestDeliveryFailed, "it shows as %s", w.state(0))
	})
}

// A stage asks two groups. The only one in the first is the requestor, who may not decide;
// that keeps nobody of the second from deciding.
func TestT10_EveryGroupOfApproversIsAsked(t *testing.T) {
	tell(t, func(w *simulation) {
		g, err := w.directory.CreateGroup(quiet, w.admin, entitlement.Group{DisplayName: "the requestor alone"})
		if err == nil {
			err = w.directory.AddMembers(quiet, w.admin, g.ID, false, w.population.people[1])
		}
		w.want(err == nil, "%v", err)
		policy := w.policy(Terms{Scope: entitlement.ScopeAllUsers, Stages: []StageTerms{{Asks: askGroup, Limit: day}}}, w.population.packages[plainPack])
		policy.ID = w.policyOf(w.population.packages[plainPack], 0)
		policy.DisplayName = w.oracle.policies[policy.ID].DisplayName
		stage := &policy.Approval.Stages[0]
		stage.Primary = slices.Concat([]entitlement.SubjectSet{{Kind: entitlement.GroupMembers, ID: string(g.ID)}}, stage.Primary)
		_, err = w.catalogs.ReplacePolicy(quiet, w.admin, policy)
		w.want(err == nil, "%v", err)
		w.story(Submit, 1, plainPack, 1)
		decision := entitlement.DecisionInput{Stage: w.oracle.requests[w.oracle.order[0]].last.Stages[0].ID, Approved: true}
		w.want(w.requests.Decide(quiet, authz.Command{Caller: authz.Caller{ID: w.population.people[1], Scopes: authz.Every}, CommandID: "story"}, w.oracle.order[0], decision) != nil, "decided on an own request")
		w.story(Approve, 2, 0, 1)
		w.want(w.state(0) == entitlement.RequestDelivering, "the second group was not asked: %s", w.state(0))
	})
}
