package sim

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// What runs of the simulator have found, told as stories: each fails on the product as it
// was when the run was drawn.

// A worker that read a subject before an end, and comes back when all was taken back
// and settled, leaves no record of a role that nobody wants.
func TestS14_AWorkerThatReadBeforeTheEndLeavesNoRecord(t *testing.T) {
	for n := range 40 {
		tell(t, func(w *simulation) {
			w.assigns(1, []int{plainPack, innerPack}[n%2])
			w.delivers()
			w.story(ReprocessAssignment, 0, 0, 1)
			w.standsStill(n / 2)
			w.delivers()
			w.script = func(*invocation, string) Fault { return Fine }
			w.story(RemoveByAdmin, 0, 0, 1)
			w.delivers()
			w.advance(10 * time.Minute)
			w.story(Submit, 1, asksGroup, 1) // anything that has the person looked at
		})
	}
}

// Two calls delete the same person at once: both find the person gone, and neither is refused.
func TestS13_TwoDeletionsOfOnePersonAreBothDone(t *testing.T) {
	race(t, nothing, Command{Kind: DeleteUser, A: 1}, Command{Kind: DeleteUser, A: 1}, func(w *simulation) {
		w.want(w.oracle.people[w.population.people[1]].deleted, "the person is still there")
		w.want(!strings.Contains(w.oracle.violation, "S13"), "refused")
	})
}

// A worker whose clock is seconds ahead finds an assignment over; then somebody extends it
// in time. It is to be delivered after all, and is.
func TestL1_WhatOneTakesForOverAndAnotherExtendsIsDelivered(t *testing.T) {
	for seed := range uint64(60) {
		tell(t, func(w *simulation) {
			w.act(Command{Kind: Assign, A: 1, B: plainPack, C: 2, Span: time.Minute})
			w.all()
			w.advance(57 * time.Second)
			w.skew = maxWorkerSkew
			w.act(Command{Kind: Urgent, A: 9, Seed: seed})
			w.all()
			w.skew = 0
			w.act(Command{Kind: ExtendByAdmin, C: 2, Span: 2 * time.Hour})
			w.all()
			for range 3 {
				w.minute()
			}
			w.want(w.state(0) == entitlement.RequestDelivered && w.holds(1, 0, "one"), "three minutes later it is %s", w.state(0))
		})
	}
}

// An extension that has to be approved stands still at its write, while what it extends is
// delivered, removed and asked for anew: the slot is another one then, and the write fits
// it no more.
func TestS16_AnExtensionOfAnEarlierAssignmentFitsNoLaterOne(t *testing.T) {
	tell(t, func(w *simulation) {
		w.assigns(1, plainPack)
		asked := Terms{Scope: entitlement.ScopeAllUsers, Lasts: 8 * time.Hour, Update: true, Again: true, Stages: []StageTerms{{Asks: askGroup, Limit: day}}}
		w.act(Command{Kind: ReplacePolicy, A: plainPack, Terms: &asked})
		w.all()
		w.script = func(inv *invocation, label string) Fault {
			if inv.command == ExtendByAdmin.String() && strings.HasPrefix(label, "Commit") {
				return Frozen
			}
			return Fine
		}
		w.act(Command{Kind: ExtendByAdmin, C: 2, Span: 6 * time.Hour, Seed: 1})
		w.some(20) // up to its write
		w.delivers()
		w.story(RemoveByAdmin, 0, 0, 1)
		w.assigns(1, plainPack)
		w.advance(4 * time.Minute)
		w.want(len(w.oracle.order) == 3, "%d requests", len(w.oracle.order)) // two assignments and a removal
	})
}

// Two packages exclude each other, and both are given at once, by an approval and directly.
func TestS18_OfTwoThatExcludeEachOtherOneIsGiven(t *testing.T) {
	p := smallSimulation()
	p.Packages[plainPack].Excludes, p.Packages[asksGroup].Excludes = []int{asksGroup}, []int{plainPack}
	approval, direct := Command{Kind: Approve, A: 2, C: 1}, Command{Kind: Assign, A: 1, B: plainPack, C: 1}
	for calls := range 14 {
		for _, order := range [][2]Command{{approval, direct}, {direct, approval}} {
			tellIn(t, p, func(w *simulation) {
				w.story(Submit, 1, asksGroup, 1)
				w.story(Approve, 1, 0, 1)
				w.act(order[0])
				w.some(calls)
				w.act(order[1])
				w.all()
				w.want(len(w.oracle.liveOf[w.population.people[1]]) == 1, "%d are held", len(w.oracle.liveOf[w.population.people[1]]))
			})
		}
	}
}

// Somebody is let into a group that a package excludes while the package is given to them:
// whichever comes first keeps the other from happening, or was there before.
func TestS18_WhoIsLetIntoAnExcludedGroupMeanwhileIsNotGivenThePackage(t *testing.T) {
	p := smallSimulation()
	p.Packages[plainPack].Excludes = []int{len(p.Packages)} // the first group
	tellIn(t, p, func(w *simulation) {
		w.when("Commit request", Frozen, 1)
		w.assigns(1, plainPack) // it has read what it decides on
		w.story(AddToGroup, 1, 0, 1)
		w.advance(4 * time.Minute)
		w.want(len(w.oracle.liveOf[w.population.people[1]]) == 0, "given to a member")
	})
}

// A worker reads who is pending and stands still; the assignment ends, and only then its
// package gets a role that the person was given by somebody else. The worker goes on, and
// dies before it knows anything: the role was never ours to take.
func TestS9_ARoleThatAPackageGotAfterTheEndIsNotTaken(t *testing.T) {
	for call := range 12 {
		tell(t, func(w *simulation) {
			w.assigns(1, plainPack)
			w.delivers()
			w.story(ReprocessAssignment, 0, 0, 1)
			stood, left := false, call
			w.script = func(inv *invocation, label string) Fault {
				switch {
				case inv.seed != 3:
				case readsReconcileInputs(label) && !stood:
					stood = true
					return Frozen
				case stood:
					if left--; left < 0 {
						return CrashBefore
					}
				}
				return Fine
			}
			w.act(Command{Kind: Urgent, A: 9, Seed: 3})
			w.all()
			w.want(stood, "nobody read what the record names")
			w.story(RemoveByAdmin, 0, 0, 1)
			w.delivers()
			w.story(AddRole, plainPack, 1, 1)
			w.story(HandEdit, 1, 0, 1)
			w.want(w.holds(1, 0, "two"), "not given by hand")
			w.advance(4 * time.Minute)
			w.script = nil
			w.story(Assign, 1, innerPack, 1) // anything that has the person looked at
			for range 5 {
				w.minute()
			}
			w.want(w.holds(1, 0, "two"), "taken, and no assignment ever gave it")
		})
	}
}

// A worker claims at one target, late, and is refused at the other: what it gives back says
// nothing of roles that it only meant to write.
func TestS14_AClaimThatIsGivenBackLeavesNoRecord(t *testing.T) {
	tell(t, func(w *simulation) {
		w.assigns(1, widerPack)
		claimed := 0
		w.script = func(inv *invocation, label string) Fault {
			if inv.seed != 3 || !claims(label, "") {
				return Fine
			}
			claimed++
			return []Fault{Frozen, Conflicted}[min(claimed-1, 1)]
		}
		w.act(Command{Kind: Urgent, A: 9, Seed: 3})
		w.all()
		w.story(RemoveByAdmin, 0, 0, 1)
		w.delivers()
		w.advance(4 * time.Minute)
		w.want(claimed == 2, "%d claims", claimed)
		w.story(Submit, 1, asksGroup, 1) // anything that has the person looked at
	})
}

// Two calls delete one policy: the second fails halfway and opens it again, somebody gets
// access under it, and the first goes on with what it counted before that.
func TestS7_ADeletionCountsAgainWhereAnotherOpenedThePolicy(t *testing.T) {
	tell(t, func(w *simulation) {
		w.script = func(inv *invocation, label string) Fault {
			switch {
			case inv.seed == 3 && readsPackage(label):
				return Frozen
			case inv.seed == 5 && readsPackage(label):
				return FailBefore
			}
			return Fine
		}
		w.act(Command{Kind: DeletePolicy, A: plainPack, Seed: 3})
		w.some(20)
		w.act(Command{Kind: DeletePolicy, A: plainPack, Seed: 5})
		w.all()
		w.assigns(1, plainPack)
		w.want(len(w.oracle.order) == 1, "the policy was left closed")
		w.advance(4 * time.Minute)
	})
}

// Somebody is disabled; a worker ends what that person had and stands still. Meanwhile the
// person is back, is given something new, and is deleted: that is to be ended as well.
func TestL1_WhoComesBackAndGoesAgainWhileAWorkerLooksLeavesNothing(t *testing.T) {
	for call := range 8 {
		tell(t, func(w *simulation) {
			w.assigns(1, plainPack)
			w.delivers()
			w.story(Disable, 1, 0, 1)
			left, ended := call, false
			w.script = func(inv *invocation, label string) Fault {
				ended = ended || inv.seed == 3 && readsRequestsOf(label)
				if inv.seed == 3 && ended {
					if left--; left == -1 {
						return Frozen
					}
				}
				return Fine
			}
			w.act(Command{Kind: Urgent, A: 9, Seed: 3})
			w.all()
			w.want(ended, "nobody read the requests")
			w.script = func(*invocation, string) Fault { return Fine }
			w.story(Enable, 1, 0, 1)
			w.assigns(1, widerPack)
			w.story(Submit, 1, asksGroup, 1)
			w.story(DeleteUser, 1, 0, 1)
			w.advance(4 * time.Minute)
			for range 3 {
				w.minute()
			}
			w.want(len(w.oracle.liveOf[w.population.people[1]]) == 0 && len(w.oracle.open) == 0, "something is left")
		})
	}
}

// An administrator makes a package, then adds its roles and its policy, each by a call of
// its own; somebody deletes the package in the middle (run 823887). The call that comes
// too late is refused and changes nothing: what the calls before it did was answered.
func TestS13_APackageThatIsDeletedWhileItIsFurnishedRefusesWhatComesAfter(t *testing.T) {
	p := smallSimulation()
	p.Packages = p.Packages[:2]
	terms := p.Packages[plainPack].Policies[0]
	for n := range 60 {
		p.Number = uint64(n) // which decides on the order of the two
		tellIn(t, p, func(w *simulation) {
			w.act(Command{Kind: NewPackage, A: 0, B: 1, C: 2, Terms: &terms})
			w.some(n / 4)
			w.act(Command{Kind: DeletePackage, A: 2})
			w.all()
		})
	}
}

// The check has an eye on every call by itself: one that is refused after a write of its
// own is found, however many calls went before.
func TestS13_ACallThatIsRefusedAfterAWriteOfItsOwnIsFound(t *testing.T) {
	for _, calls := range []struct {
		first, second bool // whether the call that is refused changed something, or the one before it
		found         bool
	}{{true, false, false}, {false, true, true}, {true, true, true}, {false, false, false}} {
		var violation string
		synctest.Test(t, func(t *testing.T) {
			w := newSimulation(smallSimulation())
			if err := w.setUp(smallSimulation()); err != nil {
				t.Fatal(err)
			}
			w.call(Command{Kind: NewPackage}, func(ctx context.Context, by authz.Command) error {
				for i, changes := range []bool{calls.first, calls.second} {
					operation(ctx)
					if changes {
						if err := w.addRole(ctx, by, w.population.packages[plainPack], 1+i, false); err != nil {
							return err
						}
					}
				}
				return entitlement.Errorf(entitlement.NotFound, "refused")
			})
			w.all()
			violation = w.oracle.violation
			w.stop()
		})
		if found := checkOf(violation) == "S13"; found != calls.found {
			t.Errorf("%+v: found is %v: %s", calls, found, violation)
		}
	}
}

// A grant follows a removal at once, and the target does not answer when it is read back
// (run 24271): later the role is seen there, then somebody takes it away by hand. At the end
// its removal is sent all the same, since the one before the grant stands for nothing that
// came after it.
func TestS15_ARemovalBeforeAGrantDoesNotStandForTheOneAfterIt(t *testing.T) {
	tell(t, func(w *simulation) {
		w.assigns(1, plainPack)
		w.delivers()
		w.story(RemoveByAdmin, 0, 0, 1)
		w.delivers()

		w.assigns(1, plainPack)
		sent := false
		w.script = func(_ *invocation, label string) Fault {
			if sent = sent || strings.HasPrefix(label, "Apply one"); sent && strings.HasPrefix(label, "Check members one") {
				return FailBefore
			}
			return Fine
		}
		w.delivers()
		w.script = func(*invocation, string) Fault { return Fine }
		w.advance(time.Hour) // what is read then is not of before the removal
		w.minute()
		w.want(w.state(1) == entitlement.RequestDelivered, "the second request is %s", w.state(1))

		w.story(HandEdit, 1, 0, 0) // taken away by hand
		w.story(RemoveByAdmin, 0, 0, 1)
		w.delivers()
		for range 6 {
			w.minute()
		}
		w.want(w.gone(1), "the removal is not complete")
	})
}

// A list that is cut off has shown a person who was its first member, and is asked about them
// again when others were let in before them: it does not show the second grant (run 134541).
// Much later the target ignores the removal. That the list does not show the person is no
// proof that they are out.
func TestF39_AWayThatShowedAnEarlierGrantProvesNothingOfALaterOne(t *testing.T) {
	cut := Nature{Shows: [...]Shown{ShowsFirst, ShowsNobody, ShowsNobody, ShowsTruth}, Cut: 1, Behind: 5 * time.Second}
	tellIn(t, simulationAt(cut, 4), func(w *simulation) {
		w.assigns(1, plainPack)
		w.delivers()
		w.minute()
		w.story(RemoveByAdmin, 0, 0, 1)
		w.delivers()

		w.story(HandEdit, 0, 0, 0) // somebody else is the first member now
		w.assigns(1, plainPack)
		w.delivers()
		w.advance(26 * time.Hour)
		w.story(SetTargetMode, 0, int(deaf), 0)
		w.story(RemoveByAdmin, 0, 0, 1)
		w.delivers()
		for range 6 {
			w.minute()
		}
		w.want(w.holds(1, 0, "one") && !w.gone(1), "held is %v, and the removal complete %v", w.holds(1, 0, "one"), w.gone(1))
	})
}
