package requests_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

var (
	itsManager = entitlement.SubjectSet{Kind: entitlement.TargetManager}
	itsSecond  = entitlement.SubjectSet{Kind: entitlement.SecondTargetManager}
)

func named(id entitlement.UserID) entitlement.SubjectSet {
	return entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: string(id)}
}

// lets has people whom the sets name ask, extend and remove on behalf of others.
func (w *fixture) lets(p entitlement.AssignmentPolicy, sets ...entitlement.SubjectSet) {
	w.t.Helper()
	w.reset(p.ID, func(p *entitlement.AssignmentPolicy) {
		p.Requestor = entitlement.RequestorSettings{OnBehalfAdd: true, OnBehalfUpdate: true, OnBehalfRemove: true, OnBehalf: sets}
	})
}

func (w *fixture) askFor(by authz.Command, subject entitlement.UserID, p entitlement.AccessPackage) (entitlement.AssignmentRequest, error) {
	return w.Submit(context.Background(), by, requests.Submission{Type: entitlement.OnBehalfAdd, Subject: subject, Package: p.ID})
}

func TestR213_AManagerAsksForAReportWhoGetsIt(t *testing.T) {
	w := newFixture(t)
	boss := w.person("", false)
	mia := w.person(boss.ID, false)
	p, policy := w.pack()
	w.lets(policy, itsManager)

	r, err := w.askFor(boss, mia.ID, p)
	if err != nil || r.Requestor != boss.ID || r.Subject != mia.ID || r.Type != entitlement.OnBehalfAdd {
		t.Fatalf("got %+v, %v", r, err)
	}
	if a := w.held(r.AssignmentOf()); a.Subject != mia.ID || a.Policy != policy.ID {
		t.Errorf("held: %+v", a)
	}
	if list, err := w.CreatedByMe(context.Background(), boss.Caller, entitlement.Page{}); err != nil || len(list.Items) != 1 || list.Items[0].ID != r.ID {
		t.Errorf("what the manager asked for: %+v, %v", list.Items, err)
	}
}

// Whoever is not named for the subject is refused in one way, whatever there is: a stranger, the
// subject, a manager while the policy lets nobody, and one who was the manager until just now.
func TestR213_NobodyElseAsksForSomebody(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	top := w.person("", false)
	boss := w.person(top.ID, false)
	mia, otto := w.person(boss.ID, false), w.person("", false)
	p, policy := w.pack()

	_, err := w.askFor(boss, mia.ID, p)
	w.kind(err, entitlement.Forbidden)
	w.lets(policy, itsManager)
	for name, by := range map[string]authz.Command{"a stranger": otto, "the manager's manager": top} {
		_, err := w.askFor(by, mia.ID, p)
		_, unknown := w.askFor(by, entitlement.UserID(w.clock.New()), p)
		if entitlement.KindOf(err) != entitlement.Forbidden || err.Error() != unknown.Error() {
			t.Errorf("%s: %v, of somebody unknown: %v", name, err, unknown)
		}
	}
	_, err = w.askFor(mia, mia.ID, p)
	w.kind(err, entitlement.Invalid)
	robot := boss
	robot.Application = true
	_, err = w.askFor(robot, mia.ID, p)
	w.kind(err, entitlement.Forbidden)

	u, err := w.store.User(ctx, mia.ID)
	if err != nil {
		t.Fatal(err)
	}
	u.Manager = otto.ID
	w.commit(entitlement.Change{Users: []entitlement.User{u}})
	_, err = w.askFor(boss, mia.ID, p)
	w.kind(err, entitlement.Forbidden)
	if _, err = w.askFor(otto, mia.ID, p); err != nil {
		t.Errorf("the new manager: %v", err)
	}
}

func TestR213_WhomThePolicyNamesAsks(t *testing.T) {
	w := newFixture(t)
	top := w.person("", false)
	boss := w.person(top.ID, false)
	team := entitlement.GroupID(w.clock.New())
	w.commit(entitlement.Change{Groups: []entitlement.Group{{ID: team, DisplayName: "Helpers"}}})
	helper, otto := w.person("", false), w.person("", false)
	w.commit(entitlement.Change{Memberships: []entitlement.Membership{{Group: team, User: helper.ID}}})
	for name, c := range map[string]struct {
		set entitlement.SubjectSet
		by  authz.Command
	}{
		"one person":            {named(otto.ID), otto},
		"a group":               {entitlement.SubjectSet{Kind: entitlement.GroupMembers, ID: string(team)}, helper},
		"the manager's manager": {itsSecond, top},
	} {
		mia := w.person(boss.ID, false)
		p, policy := w.pack()
		w.lets(policy, c.set)
		if _, err := w.askFor(c.by, mia.ID, p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, err := w.askFor(boss, mia.ID, p)
		w.kind(err, entitlement.Forbidden)
	}
}

func TestR213_TheOneAskedForMustBeInScopeAndEnabled(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	boss := w.person("", false)
	mia, idle := w.person(boss.ID, false), w.person(boss.ID, false)
	p, policy := w.pack(named(w.person("", false).ID)) // so that a request would wait, and not be refused for another reason
	w.lets(policy, itsManager)
	w.reset(policy.ID, func(p *entitlement.AssignmentPolicy) {
		p.Scope, p.Targets = entitlement.ScopeSpecificUsers, []entitlement.SubjectSet{named(boss.ID), named(idle.ID)}
	})
	_, err := w.askFor(boss, mia.ID, p) // the asker's own place in the scope counts for nothing
	w.kind(err, entitlement.Precondition)

	u, err := w.store.User(ctx, idle.ID)
	if err != nil {
		t.Fatal(err)
	}
	u.Enabled = false
	w.commit(entitlement.Change{Users: []entitlement.User{u}})
	_, err = w.askFor(boss, idle.ID, p)
	w.kind(err, entitlement.Precondition)
	if strings.Contains(err.Error(), u.DisplayName+" ") {
		t.Errorf("the refusal tells the name: %v", err)
	}
}

// The demands that a policy makes of requestors hold for those who ask on behalf of others.
func TestR59_WhoAsksForOthersSaysWhyToo(t *testing.T) {
	w := newFixture(t)
	boss := w.person("", false)
	mia := w.person(boss.ID, false)
	p, policy := w.pack()
	w.lets(policy, itsManager)
	w.reset(policy.ID, func(p *entitlement.AssignmentPolicy) { p.Approval.RequestorJustification = true })
	_, err := w.askFor(boss, mia.ID, p)
	w.kind(err, entitlement.Precondition)
}

// A manager who asks for a report is asked to approve by the policy, and does not: the
// fallback approvers are asked, and the subject does not decide either.
func TestR56_NeitherWhoAsksForSomebodyNorThatOneDecides(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	boss, otto := w.person("", false), w.person("", false)
	mia := w.person(boss.ID, false)
	for _, kind := range []entitlement.SubjectKind{entitlement.RequestorManager, entitlement.TargetManager} {
		p, policy := w.pack(entitlement.SubjectSet{Kind: kind}, named(mia.ID))
		w.lets(policy, itsManager)
		w.reset(policy.ID, func(p *entitlement.AssignmentPolicy) {
			p.Approval.Stages[0].Fallback = []entitlement.SubjectSet{named(otto.ID)}
		})
		r, err := w.askFor(boss, mia.ID, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, by := range []authz.Command{boss, mia} {
			if list, err := w.Waiting(ctx, by.Caller, entitlement.Page{}); err != nil || len(list.Items) != 0 {
				t.Errorf("%s: waits for one of the two: %v, %v", kind, list.Items, err)
			}
			err := w.Decide(ctx, by, r.ID, entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true})
			w.kind(err, entitlement.Forbidden)
		}
		if err := w.Decide(ctx, otto, r.ID, entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true}); err != nil {
			t.Errorf("%s: the fallback approver: %v", kind, err)
		}
	}
}

// By their other name managers are who they are.
func TestR51_TheTargetsManagerApproves(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	top := w.person("", false)
	boss := w.person(top.ID, false)
	for set, by := range map[entitlement.SubjectSet]authz.Command{itsManager: boss, itsSecond: top} {
		mia := w.person(boss.ID, false)
		p, _ := w.pack(set)
		r := w.ask(mia, p)
		if list, err := w.Waiting(ctx, by.Caller, entitlement.Page{}); err != nil || len(list.Items) != 1 || list.Items[0].ID != r.ID {
			t.Errorf("%s: waits: %v, %v", set.Kind, list.Items, err)
		}
		if err := w.Decide(ctx, by, r.ID, entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true}); err != nil {
			t.Errorf("%s: %v", set.Kind, err)
		}
	}
}

// What a manager may extend and remove for a report depends on a switch each, and on being the
// manager now; to all others the assignment does not exist.
func TestR213_ExtendingAndRemovingForOthersAreAllowedEachForItself(t *testing.T) {
	ctx := context.Background()
	for n := range 8 {
		w := newFixture(t)
		boss, otto, admin := w.person("", false), w.person("", false), w.person("", true)
		mia := w.person(boss.ID, false)
		_, policy := w.pack()
		id := w.assign(admin, mia.ID, policy, "").AssignmentOf()
		s := entitlement.RequestorSettings{OnBehalfAdd: n&1 > 0, OnBehalfUpdate: n&2 > 0, OnBehalfRemove: n&4 > 0, OnBehalf: []entitlement.SubjectSet{itsManager}}
		w.reset(policy.ID, func(p *entitlement.AssignmentPolicy) { p.Requestor = s })
		w.clock.Advance(time.Hour) // so that there is something to extend

		may := func(what string, allowed bool, err error) {
			t.Helper()
			want := entitlement.Precondition
			if n == 0 { // nobody acts for anybody, and is told of nothing
				want = entitlement.NotFound
			}
			if allowed && err != nil || !allowed && entitlement.KindOf(err) != want {
				t.Errorf("%+v: %s: %v", s, what, err)
			}
		}
		_, err := w.Extend(ctx, otto, entitlement.UserUpdate, id, entitlement.Schedule{}, "")
		w.kind(err, entitlement.NotFound)
		_, err = w.Remove(ctx, otto, entitlement.UserRemove, id, "")
		w.kind(err, entitlement.NotFound)
		_, err = w.Extend(ctx, boss, entitlement.UserUpdate, id, entitlement.Schedule{}, "")
		may("extend", s.OnBehalfUpdate, err)
		_, err = w.Remove(ctx, mia, entitlement.UserRemove, id, "") // which is a switch of its own (R42)
		w.kind(err, entitlement.Precondition)
		r, err := w.Remove(ctx, boss, entitlement.UserRemove, id, "")
		may("remove", s.OnBehalfRemove, err)
		if err == nil && (r.Requestor != boss.ID || r.Subject != mia.ID) {
			t.Errorf("removed by %s for %s", r.Requestor, r.Subject)
		}
	}
}

// Whoever asks for others counts against them as they do themselves: a package closes after
// three requests that came to nothing.
func TestA17_AskingForSomebodyInALoopClosesThePackageToo(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	boss := w.person("", false)
	mia := w.person(boss.ID, false)
	p, policy := w.pack(entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: w.clock.New()})
	w.lets(policy, itsManager)
	for range entitlement.MaxSetbacks {
		r, err := w.askFor(boss, mia.ID, p)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Cancel(ctx, boss, r.ID); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.askFor(boss, mia.ID, p)
	w.kind(err, entitlement.Throttled)
}
