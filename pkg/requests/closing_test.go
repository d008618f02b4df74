package requests_test

import (
	"context"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/faults"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

func members(g entitlement.GroupID) entitlement.SubjectSet {
	return entitlement.SubjectSet{Kind: entitlement.GroupMembers, ID: string(g)}
}

var manager = entitlement.SubjectSet{Kind: entitlement.RequestorManager}

// change changes somebody as the directory does.
func (w *fixture) change(id entitlement.UserID, set func(*entitlement.User)) {
	w.t.Helper()
	u, err := w.store.User(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	set(&u)
	w.commit(entitlement.Change{Users: []entitlement.User{u}})
}

func (w *fixture) disable(ids ...entitlement.UserID) {
	w.t.Helper()
	for _, id := range ids {
		w.change(id, func(u *entitlement.User) { u.Enabled = false })
	}
}

// group adds a group of people.
func (w *fixture) group(people ...entitlement.UserID) entitlement.GroupID {
	w.t.Helper()
	g := entitlement.GroupID(w.clock.New())
	w.commit(entitlement.Change{Groups: []entitlement.Group{{ID: g, DisplayName: "G"}}})
	for _, u := range people {
		w.commit(entitlement.Change{Memberships: []entitlement.Membership{{Group: g, User: u}}})
	}
	return g
}

func (w *fixture) request(id entitlement.RequestID) entitlement.AssignmentRequest {
	w.t.Helper()
	r, err := w.store.Request(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *fixture) events(id entitlement.RequestID) []entitlement.Event {
	w.t.Helper()
	events, err := w.store.Events(context.Background(), entitlement.OfRequest, string(id))
	if err != nil || entitlement.VerifyChain(w.request(id).Chain, events) != nil {
		w.t.Fatalf("S11: %v, %v", err, events)
	}
	return events
}

func TestF36_AnApprovalForSomebodyWhoLeftTheGroupIsRefusedAndTheRequestIsDenied(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	boss := w.person("", false)
	mia := w.person(boss.ID, false)
	sales := w.group(mia.ID)
	p, policy := w.pack(manager)
	w.reset(policy.ID, func(p *entitlement.AssignmentPolicy) {
		p.Scope, p.Targets = entitlement.ScopeSpecificUsers, []entitlement.SubjectSet{members(sales)}
	})
	r := w.ask(mia, p)
	w.commit(entitlement.Change{Memberships: []entitlement.Membership{{Group: sales, User: mia.ID, Erased: true}}})
	decision := entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true}
	err := w.Decide(ctx, boss, r.ID, decision)
	if entitlement.KindOf(err) != entitlement.Precondition || !entitlement.Closes(err) {
		t.Errorf("the approver is told %v", err)
	}
	got, events := w.request(r.ID), w.events(r.ID)
	if got.State != entitlement.RequestDenied || got.Outcome != entitlement.OutcomeIneligible || len(events) != 2 || events[1].Kind != "denied" || events[1].Actor != entitlement.Service || events[1].Data["reason"] == "" || events[1].Data["reviewer"] != string(boss.ID) {
		t.Errorf("got %s %s, %+v", got.State, got.Outcome, events)
	}
	if slot, err := w.store.AssignmentSlot(ctx, p.ID, mia.ID); err != nil || !slot.Empty() || w.enqueued[mia.ID] != 0 {
		t.Errorf("the slot is %+v, %v, messages %v", slot, err, w.enqueued)
	}
	w.kind(w.Decide(ctx, boss, r.ID, decision), entitlement.Conflict)
}

// rival has somebody else move things just before the first commit.
type rival struct {
	*dynamotest.Store
	moves func()
}

func (r *rival) Commit(ctx context.Context, c entitlement.Change) error {
	if moves := r.moves; moves != nil {
		r.moves = nil
		moves()
	}
	return r.Store.Commit(ctx, c)
}

func TestF36_ADenialThatLosesARaceIsDecidedAfresh(t *testing.T) {
	ctx := context.Background()
	for name, back := range map[string]bool{"back in the group": true, "still out of it": false} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			boss := w.person("", false)
			mia := w.person(boss.ID, false)
			sales := w.group(mia.ID)
			p, policy := w.pack(manager)
			w.reset(policy.ID, func(p *entitlement.AssignmentPolicy) {
				p.Scope, p.Targets = entitlement.ScopeSpecificUsers, []entitlement.SubjectSet{members(sales)}
			})
			r := w.ask(mia, p)
			w.commit(entitlement.Change{Memberships: []entitlement.Membership{{Group: sales, User: mia.ID, Erased: true}}})
			w.Store = &rival{w.store, func() {
				if back {
					w.commit(entitlement.Change{Memberships: []entitlement.Membership{{Group: sales, User: mia.ID}}})
				}
				w.commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{w.request(r.ID)}}) // moved by the sweep
			}}
			err := w.Decide(ctx, boss, r.ID, entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true})
			want := map[bool]entitlement.RequestState{true: entitlement.RequestDelivering, false: entitlement.RequestDenied}[back]
			if got := w.request(r.ID); got.State != want || (err == nil) != back {
				t.Errorf("the request is %s, and the approver is told %v", got.State, err)
			}
		})
	}
}

// TestF36_WhoLeavesTheGroupWhileItIsDecidedGetsNothing has the subject leave between what a
// decision read and its commit, for everything that gives or prolongs access.
func TestF36_WhoLeavesTheGroupWhileItIsDecidedGetsNothing(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		approvers []entitlement.SubjectSet
		stays     bool // in another group of the policy
		do        func(w *fixture, boss, mia authz.Command, p entitlement.AccessPackage, leave func()) error
	}{
		"the last decision":                   {approvers: []entitlement.SubjectSet{manager}, do: approvesWhile},
		"the last decision, by another group": {approvers: []entitlement.SubjectSet{manager}, stays: true, do: approvesWhile},
		"a request that nobody decides on":    {do: asksWhile},
		"an extension":                        {do: extendsWhile},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			boss := w.person("", false)
			mia := w.person(boss.ID, false)
			sales, other := w.group(mia.ID), w.group()
			p, policy := w.pack(c.approvers...)
			w.reset(policy.ID, func(p *entitlement.AssignmentPolicy) {
				p.Scope, p.Targets = entitlement.ScopeSpecificUsers, []entitlement.SubjectSet{members(sales), members(other)}
			})
			if c.stays {
				w.commit(entitlement.Change{Memberships: []entitlement.Membership{{Group: other, User: mia.ID}}})
			}
			var end time.Time
			err := c.do(w, boss, mia, p, func() {
				if slot, _ := w.store.AssignmentSlot(ctx, p.ID, mia.ID); slot.Assignment != nil {
					end = slot.Assignment.End
				}
				w.commit(entitlement.Change{Memberships: []entitlement.Membership{{Group: sales, User: mia.ID, Erased: true}}})
			})
			slot, failed := w.store.AssignmentSlot(ctx, p.ID, mia.ID)
			if failed != nil {
				t.Fatal(failed)
			}
			if c.stays {
				if err != nil || slot.Assignment == nil {
					t.Errorf("who is in another group of the policy has it: %+v, %v", slot, err)
				}
				return
			}
			w.kind(err, entitlement.Precondition)
			if a := slot.Assignment; a != nil && !a.End.Equal(end) || a != nil && end.IsZero() {
				t.Errorf("got %+v", a)
			}
		})
	}
}

func approvesWhile(w *fixture, boss, mia authz.Command, p entitlement.AccessPackage, leave func()) error {
	r := w.ask(mia, p)
	w.Store = &rival{w.store, leave}
	return w.Decide(context.Background(), boss, r.ID, entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true})
}

func asksWhile(w *fixture, _, mia authz.Command, p entitlement.AccessPackage, leave func()) error {
	w.Store = &rival{w.store, leave}
	_, err := w.Submit(context.Background(), mia, requests.Submission{Type: entitlement.UserAdd, Package: p.ID})
	return err
}

func extendsWhile(w *fixture, _, mia authz.Command, p entitlement.AccessPackage, leave func()) error {
	r := w.ask(mia, p)
	w.clock.Advance(time.Hour)
	w.Store = &rival{w.store, leave}
	_, err := w.Extend(context.Background(), mia, entitlement.UserUpdate, r.AssignmentOf(), entitlement.Schedule{}, "")
	return err
}

func TestF36_WhereTheDenialCannotBeWrittenTheApproverIsNotToldOfOne(t *testing.T) {
	w := newFixture(t)
	boss := w.person("", false)
	mia := w.person(boss.ID, false)
	p, _ := w.pack(manager)
	r := w.ask(mia, p)
	w.disable(mia.ID)
	w.fault = func(op faults.Op) dynamotest.Fault {
		if op == faults.TransactWriteItems {
			return dynamotest.FailBefore
		}
		return dynamotest.None
	}
	err := w.Decide(context.Background(), boss, r.ID, entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true})
	w.fault = nil
	if entitlement.KindOf(err) != entitlement.Unavailable || w.request(r.ID).State != entitlement.RequestPendingApproval {
		t.Errorf("nothing was denied, and the approver is told %v", err)
	}
}

var _ requests.Store = (*rival)(nil)
