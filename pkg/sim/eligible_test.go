package sim

import (
	"context"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Who may have a package and who may decide on it, told as stories; every check of the
// oracle is on, S2 above all.

// simulationOf is the small simulation with one package of one role in place of its own, and
// with the policies given.
func simulationOf(policies ...Terms) Plan {
	p := smallSimulation()
	p.Packages = []Pack{{Roles: []int{0}, Policies: policies}, p.Packages[widerPack]}
	return p
}

// forGroup are the terms of a policy for the second group, whose only member is person 2,
// and which person 0 approves.
func forGroup() Terms {
	return Terms{Scope: entitlement.ScopeSpecificUsers, For: askGroup, Lasts: 8 * time.Hour, Update: true, Custom: true, Again: true,
		Stages: []StageTerms{{Asks: askPerson, Limit: 2 * day}}}
}

// hears returns what the commands of a story are answered.
func (w *simulation) hears(do func()) (answer error) {
	w.listen = func(err error) { answer = err }
	do()
	w.listen = nil
	return answer
}

func (w *simulation) lastOf(n int) entitlement.AssignmentRequest {
	return w.oracle.requests[w.oracle.order[n]].last
}

// By a policy that belongs to another package nobody gets in, asked for or assigned, and
// the answer is that of one that is not there.
func TestS2_APolicyOfAnotherPackageLetsNobodyIn(t *testing.T) {
	for _, kind := range []Kind{Submit, Assign} {
		tell(t, func(w *simulation) {
			foreign := w.hears(func() { w.story(kind, 1, asksGroup, 10) }) // the policy of widerPack, which asks for no approval
			w.want(len(w.oracle.order) == 0, "taken")
			var unknown error
			w.call(Command{Kind: kind}, func(ctx context.Context, by authz.Command) error {
				in := submission(Command{Kind: kind}, w.population.people[1], w.population.packages[asksGroup], "00000000-0000-4000-8000-0000000000ff")
				if kind == Submit {
					by.ID = w.population.people[1]
				}
				_, unknown = w.requests.Submit(ctx, by, in)
				return unknown
			})
			w.all()
			w.want(foreign != nil && unknown != nil && foreign.Error() == unknown.Error(), "answered %v, and for an unknown one %v", foreign, unknown)
		})
	}
}

// Of two policies that apply the one for named people alone may be named (R37), in
// whichever order they were made; for somebody else the other one may.
func TestR37_OfTwoPoliciesThatApplyTheLowerCannotBeNamed(t *testing.T) {
	free := smallSimulation().Packages[plainPack].Policies[0]
	for named, policies := range [][]Terms{{free, forGroup()}, {forGroup(), free}} {
		tellIn(t, simulationOf(policies...), func(w *simulation) {
			refused := w.hears(func() { w.story(Submit, 2, 0, named) })
			w.want(refused != nil && len(w.oracle.order) == 0, "the lower one was taken")
			w.story(Submit, 1, 0, named)
			w.want(len(w.oracle.order) == 1, "who is in no group may not ask")
			w.story(Submit, 2, 0, 1-named)
			w.want(len(w.oracle.order) == 2, "the higher one was not taken")
		})
	}
}

// Somebody is taken out of the group that may ask while the request waits: an approval is
// refused and the service denies the request; a denial goes through.
func TestF36_WhoIsTakenOutOfTheGroupIsNotGivenWhatWaits(t *testing.T) {
	tellIn(t, simulationOf(forGroup()), func(w *simulation) {
		w.story(Submit, 2, 0, 0)
		w.story(RemoveFromGroup, 2, 1, 1)
		refused := w.hears(func() { w.story(Approve, 1, 0, 1) })
		w.want(entitlement.KindOf(refused) == entitlement.Precondition, "answered %v", refused)
		w.want(w.state(0) == entitlement.RequestDenied, "it is %s", w.state(0))
	})
	tellIn(t, simulationOf(forGroup()), func(w *simulation) {
		w.story(Submit, 2, 0, 0)
		w.story(RemoveFromGroup, 2, 1, 1)
		answer := w.hears(func() { w.story(Deny, 1, 0, 1) })
		w.want(answer == nil && w.state(0) == entitlement.RequestDenied, "%s, answered %v", w.state(0), answer)
	})
}

// The same before a start that was approved for later: it is canceled when it comes.
func TestF36_WhoIsTakenOutOfTheGroupDoesNotStart(t *testing.T) {
	for _, direct := range []bool{false, true} {
		terms := forGroup()
		terms.Stages = nil
		tellIn(t, simulationOf(terms), func(w *simulation) {
			kind := Submit
			if direct {
				kind = Assign
			}
			w.act(Command{Kind: kind, A: 2, B: 8, C: 10 * 6, Span: 8 * time.Hour}) // in twenty minutes
			w.all()
			w.want(len(w.oracle.order) == 1 && w.state(0) == entitlement.RequestScheduled, "not scheduled")
			w.story(RemoveFromGroup, 2, 1, 1)
			w.advance(25 * time.Minute)
			w.minute()
			w.want(w.state(0) == entitlement.RequestCanceled && w.lastOf(0).Outcome == entitlement.OutcomeLapsed, "it is %s", w.state(0))
		})
	}
}

// The same of an extension (R83).
func TestF36_WhoIsTakenOutOfTheGroupIsNotGivenMoreTime(t *testing.T) {
	terms := forGroup()
	first := terms
	first.Stages = nil
	tellIn(t, simulationOf(first), func(w *simulation) {
		w.story(Submit, 2, 0, 0)
		w.delivers()
		w.act(Command{Kind: ReplacePolicy, A: 0, Terms: &terms})
		w.all()
		w.advance(7 * time.Hour)
		w.act(Command{Kind: ExtendByUser, C: 2, Span: 6 * time.Hour})
		w.all()
		w.want(len(w.oracle.order) == 2 && w.state(1) == entitlement.RequestPendingApproval, "no extension waits")
		w.story(RemoveFromGroup, 2, 1, 1)
		end := w.oracle.assignments[entitlement.AssignmentID(w.oracle.order[0])].End
		w.act(Command{Kind: Approve, A: 1, B: 1, C: 1, In: string(entitlement.RequestPendingApproval)})
		w.all()
		w.want(w.oracle.assignments[entitlement.AssignmentID(w.oracle.order[0])].End.Equal(end), "extended")
		w.want(w.state(1) == entitlement.RequestDenied, "it is %s", w.state(1))
	})
}

// A stage whose approver is the manager asks the manager, also where the stage before it
// asked nobody's manager and so nobody had to know who that is.
func TestR52_AStageThatFollowsAnotherAsksTheManagerWhoIsThere(t *testing.T) {
	terms := Terms{Scope: entitlement.ScopeAllUsers, Lasts: 8 * time.Hour, Stages: []StageTerms{{Asks: askGroup, Limit: 2 * day}, {Asks: askManager, Limit: 2 * day}}}
	tellIn(t, simulationOf(terms), func(w *simulation) {
		w.story(Submit, 1, 0, 0)
		w.story(Approve, 2, 0, 1)
		w.want(w.lastOf(0).Stage == 1, "the second stage has not begun")
		w.story(Approve, 3, 0, 1)
		d := w.lastOf(0).Stages[1].Decision
		w.want(d != nil && d.Reviewer == w.population.people[0], "the manager was not asked")
	})
}

// gone are the ways in which somebody who is asked cannot decide any more.
var gone = map[string]func(w *simulation, person int){
	"disabled": func(w *simulation, person int) { w.story(Disable, person, 0, 0) },
	"deleted":  func(w *simulation, person int) { w.story(DeleteUser, person, 0, 0) },
	"taken off": func(w *simulation, person int) {
		w.story(ChangeManager, 1, 0, 5)        // person 1 has no manager any more
		w.story(RemoveFromGroup, person, 1, 1) // whatever group it was
		w.story(ChangeManager, person, 0, 100) // nor has that one
	},
}

// The manager is gone before the request, or goes while it waits: a minute later the
// fallback decides; where the fallback is gone as well, the administrators do.
func TestS2_WhereNobodyIsAskedWhoCanDecideOthersBecomeApprovers(t *testing.T) {
	terms := Terms{Scope: entitlement.ScopeAllUsers, Lasts: 8 * time.Hour, Stages: []StageTerms{{Asks: askManager, Limit: 2 * day}}}
	for how, goes := range gone {
		for _, before := range []bool{true, false} {
			for _, fallback := range []bool{true, false} {
				tellIn(t, simulationOf(terms), func(w *simulation) {
					leave := func() {
						goes(w, 0)
						if !fallback {
							goes(w, 2)
						}
					}
					if before {
						leave()
					}
					w.story(Submit, 1, 0, 0)
					w.want(w.state(0) == entitlement.RequestPendingApproval, "it does not wait")
					if !before {
						leave()
					}
					if !before {
						w.minute()
					}
					want := w.population.people[2]
					if !fallback {
						want = w.admin.ID
					}
					decision := entitlement.DecisionInput{Stage: w.lastOf(0).Stages[0].ID, Approved: true}
					w.actor = want
					err := w.hears(func() {
						w.call(Command{Kind: Approve}, func(ctx context.Context, by authz.Command) error {
							return w.requests.Decide(ctx, by, w.oracle.order[0], decision)
						})
						w.all()
					})
					w.want(err == nil, "%s, before %v, with a fallback %v: %v", how, before, fallback, err)
				})
			}
		}
	}
}
