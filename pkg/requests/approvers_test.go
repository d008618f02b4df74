package requests_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

func single(u entitlement.UserID) entitlement.SubjectSet {
	return entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: string(u)}
}

// staged gives the package's policy stages in place of what it has.
func (w *fixture) staged(id entitlement.PolicyID, stages ...entitlement.ApprovalStage) {
	w.t.Helper()
	w.reset(id, func(p *entitlement.AssignmentPolicy) {
		p.Approval = entitlement.ApprovalSettings{RequiredForAdd: true, RequiredForUpdate: true, Stages: stages}
	})
}

// finds demands that the request is among those that wait for somebody, or that it is not.
func (w *fixture) finds(by authz.Command, id entitlement.RequestID, want bool) {
	w.t.Helper()
	list, err := w.Waiting(context.Background(), by.Caller, entitlement.Page{})
	is := slices.ContainsFunc(list.Items, func(r entitlement.AssignmentRequest) bool { return r.ID == id })
	if err != nil && entitlement.KindOf(err) != entitlement.Forbidden || is != want { // whoever is disabled finds nothing
		w.t.Errorf("found by %s: %t, %v, want %t", by.ID, is, err, want)
	}
}

// people are the people of a stage: each tier has one.
type people struct{ mia, boss, fay, alt, late, admin authz.Command }

func (w *fixture) people() people {
	w.t.Helper()
	c := people{boss: w.person("", false), fay: w.person("", false), alt: w.person("", false), late: w.person("", false), admin: w.person("", true)}
	c.mia = w.person(c.boss.ID, false)
	return c
}

func (c people) stage() entitlement.ApprovalStage {
	return entitlement.ApprovalStage{Primary: []entitlement.SubjectSet{manager}, Fallback: []entitlement.SubjectSet{single(c.fay.ID)},
		Escalation: true, EscalateAfter: time.Hour, Alternates: []entitlement.SubjectSet{single(c.alt.ID)}, FallbackAlternates: []entitlement.SubjectSet{single(c.late.ID)}}
}

func TestR52_WhereNobodyWhoIsAskedIsThereOthersBecomeApprovers(t *testing.T) {
	noManager := func(w *fixture, c people) { w.change(c.mia.ID, func(u *entitlement.User) { u.Manager = "" }) }
	for name, c := range map[string]struct {
		happens func(*fixture, people)
		decides func(people) authz.Command
		event   bool // says who was added: not where nobody was, and not where the policy itself asks the fallback
	}{
		"the manager is there":    {func(*fixture, people) {}, func(c people) authz.Command { return c.boss }, false},
		"R52 there is no manager": {noManager, func(c people) authz.Command { return c.fay }, false},
		"the manager is disabled": {func(w *fixture, c people) { w.disable(c.boss.ID) }, func(c people) authz.Command { return c.fay }, true},
		"the manager is deleted": {func(w *fixture, c people) {
			w.change(c.boss.ID, func(u *entitlement.User) { u.Enabled, u.Deleted = false, w.clock.Now() })
		}, func(c people) authz.Command { return c.fay }, true},
		"the fallback is disabled, too":            {func(w *fixture, c people) { w.disable(c.boss.ID, c.fay.ID) }, func(c people) authz.Command { return c.alt }, true},
		"no manager, and the fallback is disabled": {func(w *fixture, c people) { noManager(w, c); w.disable(c.fay.ID) }, func(c people) authz.Command { return c.alt }, true},
		"the alternate is disabled, too":           {func(w *fixture, c people) { w.disable(c.boss.ID, c.fay.ID, c.alt.ID) }, func(c people) authz.Command { return c.late }, true},
		"all are disabled but the administrators":  {func(w *fixture, c people) { w.disable(c.boss.ID, c.fay.ID, c.alt.ID, c.late.ID) }, func(c people) authz.Command { return c.admin }, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			people := w.people()
			p, policy := w.pack()
			w.staged(policy.ID, people.stage())
			c.happens(w, people)
			r := w.request(w.ask(people.mia, p).ID)

			decides := c.decides(people)
			for _, by := range []authz.Command{people.boss, people.fay, people.alt, people.late, people.admin} {
				w.finds(by, r.ID, by.ID == decides.ID)
			}
			w.added(r, c.event, decides.ID == people.admin.ID, decides.ID)
			if err := w.Decide(context.Background(), decides, r.ID, entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true}); err != nil {
				t.Error(err)
			}
			if got := w.request(r.ID); got.State != entitlement.RequestDelivering {
				t.Errorf("the request is %s", got.State)
			}
		})
	}
}

// added demands an event that says who was added to the approvers of a request, and why;
// or that there is none.
func (w *fixture) added(r entitlement.AssignmentRequest, want, admins bool, who entitlement.UserID) {
	w.t.Helper()
	named := string(who)
	if admins {
		named = string(entitlement.AdministratorsGroup)
	}
	events := w.events(r.ID)
	i := slices.IndexFunc(events, func(e entitlement.Event) bool { return e.Kind == "approversAdded" })
	if (i >= 0) != want {
		w.t.Errorf("the events are %+v", events)
		return
	}
	if !want {
		return
	}
	if e := events[i]; e.Actor != entitlement.Service || !strings.Contains(e.Data["approvers"], named) || e.Data["reason"] == "" || e.Data["stage"] != r.Stages[r.Stage].ID || e.Command == "" || e.Before != e.After {
		w.t.Errorf("the event says %+v", e)
	}
}

func TestR52_AGroupIsNobodyWhenNoneOfItsFirstHundredMembersCanDecide(t *testing.T) {
	people := func(w *fixture, n int, enabled func(i int) bool) []entitlement.UserID {
		var all []entitlement.UserID
		for range n {
			all = append(all, w.person("", false).ID)
		}
		slices.Sort(all) // as a group lists them
		for i, u := range all {
			if !enabled(i) {
				w.disable(u)
			}
		}
		return all
	}
	for name, c := range map[string]struct {
		members func(w *fixture, mia authz.Command) []entitlement.UserID
		there   bool
	}{
		"an empty group": {func(*fixture, authz.Command) []entitlement.UserID { return nil }, false},
		"one enabled": {func(w *fixture, _ authz.Command) []entitlement.UserID {
			return people(w, 1, func(int) bool { return true })
		}, true},
		"all of five disabled": {func(w *fixture, _ authz.Command) []entitlement.UserID {
			return people(w, 5, func(int) bool { return false })
		}, false},
		"the fifth enabled": {func(w *fixture, _ authz.Command) []entitlement.UserID {
			return people(w, 5, func(i int) bool { return i == 4 })
		}, true},
		"the hundredth enabled": {func(w *fixture, _ authz.Command) []entitlement.UserID {
			return people(w, 102, func(i int) bool { return i == 99 })
		}, true},
		"the one after that enabled": {func(w *fixture, _ authz.Command) []entitlement.UserID {
			return people(w, 102, func(i int) bool { return i == 100 })
		}, false},
		"S3 the requestor alone": {func(_ *fixture, mia authz.Command) []entitlement.UserID { return []entitlement.UserID{mia.ID} }, false},
		"S3 the requestor and somebody disabled": {func(w *fixture, mia authz.Command) []entitlement.UserID {
			return append(people(w, 1, func(int) bool { return false }), mia.ID)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			mia, admin := w.person("", false), w.person("", true)
			p, policy := w.pack()
			w.staged(policy.ID, entitlement.ApprovalStage{Primary: []entitlement.SubjectSet{members(w.group(c.members(w, mia)...))}})
			r := w.ask(mia, p)
			w.finds(admin, r.ID, !c.there)
			w.added(w.request(r.ID), !c.there, true, "")
		})
	}
}

func TestS3_WhoAsksOrGetsIsNobodyWhoCanDecide(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	fay, admin, other := w.person("", false), w.person("", true), w.person("", true)
	mia := w.person(admin.ID, false) // whose manager is the administrator who assigns
	_, policy := w.pack()
	w.staged(policy.ID, entitlement.ApprovalStage{Primary: []entitlement.SubjectSet{manager, single(mia.ID)}, Fallback: []entitlement.SubjectSet{single(fay.ID)}})
	r := w.assign(admin, mia.ID, policy, "")
	for by, want := range map[authz.Command]bool{admin: false, mia: false, fay: true, other: false} {
		w.finds(by, r.ID, want)
	}
	w.added(w.request(r.ID), true, false, fay.ID)

	// The one administrator there is asks for a package that nobody else could approve.
	w = newFixture(t)
	admin = w.person("", true)
	p, policy := w.pack()
	w.staged(policy.ID, entitlement.ApprovalStage{Primary: []entitlement.SubjectSet{single(admin.ID)}})
	r = w.ask(admin, p)
	w.finds(admin, r.ID, false)
	w.kind(w.Decide(ctx, admin, r.ID, entitlement.DecisionInput{Stage: w.request(r.ID).Stages[0].ID, Approved: true}), entitlement.Forbidden)
	w.finds(w.person("", true), r.ID, true) // who becomes one later
}

func TestR52_OthersBecomeApproversWhenALaterStageStarts(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	c := w.people()
	p, policy := w.pack()
	w.staged(policy.ID, entitlement.ApprovalStage{Primary: []entitlement.SubjectSet{single(c.alt.ID)}}, c.stage())
	w.disable(c.boss.ID)
	r := w.ask(c.mia, p)
	w.added(w.request(r.ID), false, false, "")
	if err := w.Decide(ctx, c.alt, r.ID, entitlement.DecisionInput{Stage: w.request(r.ID).Stages[0].ID, Approved: true}); err != nil {
		t.Fatal(err)
	}
	w.finds(c.fay, r.ID, true)
	w.added(w.request(r.ID), true, false, c.fay.ID)
}

func TestR51_ALaterStageThatAsksTheManagerFindsTheManager(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	c := w.people()
	p, policy := w.pack()
	w.staged(policy.ID, entitlement.ApprovalStage{Primary: []entitlement.SubjectSet{single(c.alt.ID)}}, c.stage())
	r := w.ask(c.mia, p)
	if err := w.Decide(ctx, c.alt, r.ID, entitlement.DecisionInput{Stage: w.request(r.ID).Stages[0].ID, Approved: true}); err != nil {
		t.Fatal(err)
	}
	w.finds(c.boss, r.ID, true)
	w.finds(c.fay, r.ID, false)
	if err := w.Decide(ctx, c.boss, r.ID, entitlement.DecisionInput{Stage: w.request(r.ID).Stages[1].ID, Approved: true}); err != nil {
		t.Error(err)
	}
}

func TestR46_OthersBecomeApproversOfAnExtension(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	c := w.people()
	p, policy := w.pack()
	r := w.ask(c.mia, p)
	w.staged(policy.ID, c.stage())
	w.disable(c.boss.ID)
	w.clock.Advance(time.Hour)
	extension, err := w.Extend(ctx, c.mia, entitlement.UserUpdate, r.AssignmentOf(), entitlement.Schedule{}, "")
	if err != nil {
		t.Fatal(err)
	}
	w.finds(c.fay, extension.ID, true)
	w.added(w.request(extension.ID), true, false, c.fay.ID)
}
