package requests_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// reset changes the policy as its owner would.
func (w *fixture) reset(id entitlement.PolicyID, set func(*entitlement.AssignmentPolicy)) {
	w.t.Helper()
	policies, err := w.store.Policies(context.Background(), []entitlement.PolicyID{id})
	if err != nil || len(policies) != 1 {
		w.t.Fatalf("%v, %v", policies, err)
	}
	set(&policies[0])
	pkg, err := w.store.Package(context.Background(), policies[0].Package)
	if err != nil {
		w.t.Fatal(err)
	}
	w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{pkg}, Policies: policies})
}

// assign has the administrator give the package to somebody, and returns the request.
func (w *fixture) assign(by authz.Command, to entitlement.UserID, p entitlement.AssignmentPolicy, why string) entitlement.AssignmentRequest {
	w.t.Helper()
	r, err := w.Submit(context.Background(), by, requests.Submission{Type: entitlement.AdminAdd, Subject: to, Package: p.Package, Policy: p.ID, Justification: why})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *fixture) held(id entitlement.AssignmentID) entitlement.Assignment {
	w.t.Helper()
	a, err := w.store.Assignment(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func TestR42_AddingUpdatingAndRemovingByOneselfAreAllowedEachForItself(t *testing.T) {
	ctx := context.Background()
	for n := range 8 {
		s := entitlement.RequestorSettings{SelfAdd: n&1 > 0, SelfUpdate: n&2 > 0, SelfRemove: n&4 > 0}
		t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
			w := newFixture(t)
			admin, mia, otto := w.person("", true), w.person("", false), w.person("", false)
			p, policy := w.pack()
			w.reset(policy.ID, func(p *entitlement.AssignmentPolicy) { p.Requestor = s })
			id := w.assign(admin, mia.ID, policy, "").AssignmentOf()
			may := func(what string, allowed bool, err error) {
				t.Helper()
				if allowed && err != nil || !allowed && entitlement.KindOf(err) != entitlement.Precondition {
					t.Errorf("%s: %v", what, err)
				}
			}
			_, err := w.Submit(ctx, otto, requests.Submission{Type: entitlement.UserAdd, Package: p.ID})
			may("add", s.SelfAdd, err)
			w.clock.Advance(time.Hour) // so that there is something to extend
			_, err = w.Extend(ctx, mia, entitlement.UserUpdate, id, entitlement.Schedule{}, "")
			may("update", s.SelfUpdate, err)
			_, err = w.Remove(ctx, mia, entitlement.UserRemove, id, "")
			may("remove", s.SelfRemove, err)
		})
	}
}

func TestR56_ARequestorWhoIsAnApproverDoesNotSeeTheRequestAmongThoseToDecide(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	mia, otto := w.person("", false), w.person("", false)
	board := entitlement.GroupID(w.clock.New())
	w.commit(entitlement.Change{Groups: []entitlement.Group{{ID: board, DisplayName: "Board"}},
		Memberships: []entitlement.Membership{{Group: board, User: mia.ID}, {Group: board, User: otto.ID}}})
	p, _ := w.pack(entitlement.SubjectSet{Kind: entitlement.GroupMembers, ID: string(board)}, entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: string(mia.ID)})
	r := w.ask(mia, p)
	if list, err := w.Waiting(ctx, mia.Caller, entitlement.Page{}); err != nil || len(list.Items) != 0 {
		t.Errorf("the requestor is asked: %v, %v", list.Items, err)
	}
	if list, err := w.Waiting(ctx, otto.Caller, entitlement.Page{}); err != nil || len(list.Items) != 1 || list.Items[0].ID != r.ID {
		t.Errorf("the other one is asked: %v, %v", list.Items, err)
	}
}

func TestR86_AnotherExpirationLeavesRequestsAsTheyWere_R87_AndActsOnNewOnes(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	boss := w.person("", false)
	before, during, after := w.person(boss.ID, false), w.person(boss.ID, false), w.person(boss.ID, false)
	p, policy := w.pack(entitlement.SubjectSet{Kind: entitlement.RequestorManager})
	approve := func(r entitlement.AssignmentRequest) {
		t.Helper()
		if err := w.Decide(ctx, boss, r.ID, entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true}); err != nil {
			t.Fatal(err)
		}
	}
	approved, pending := w.ask(before, p), w.ask(during, p)
	approve(approved)
	w.reset(policy.ID, func(p *entitlement.AssignmentPolicy) {
		p.Expiration = entitlement.Expiration{Type: entitlement.ExpireAfterDuration, Duration: time.Hour}
		p.Approval = entitlement.ApprovalSettings{}
	})
	if r, err := w.store.Request(ctx, pending.ID); err != nil || r.State != entitlement.RequestPendingApproval {
		t.Fatalf("the pending one is %s, %v", r.State, err)
	}
	approve(pending)
	day, hour := w.clock.Now().Add(24*time.Hour), w.clock.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		request entitlement.AssignmentRequest
		want    time.Time
	}{"approved before": {approved, day}, "pending then": {pending, day}, "R87 made after": {w.ask(after, p), hour}} {
		if a := w.held(c.request.AssignmentOf()); !a.End.Equal(c.want) {
			t.Errorf("%s: it ends %v, want %v", name, a.End, c.want)
		}
	}
}

func TestR95_TheReasonOfADirectAssignmentIsKept(t *testing.T) {
	w := newFixture(t)
	admin, mia := w.person("", true), w.person("", false)
	_, policy := w.pack()
	r := w.assign(admin, mia.ID, policy, "covers for Otto")
	seen, err := w.Request(context.Background(), mia.Caller, r.ID)
	if err != nil || seen.Justification != "covers for Otto" || seen.Requestor != admin.ID {
		t.Errorf("got %+v, %v", seen, err)
	}
	events, err := w.store.Events(context.Background(), entitlement.OfRequest, string(r.ID))
	if err != nil || len(events) == 0 || events[0].Data["justification"] != "covers for Otto" || events[0].Actor != admin.ID {
		t.Errorf("got %+v, %v", events, err)
	}
}

func TestR100_WhatHasEndedStaysReadable(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	admin, mia := w.person("", true), w.person("", false)
	p, policy := w.pack()
	other, _ := w.pack()
	removed, expired := w.assign(admin, mia.ID, policy, "").AssignmentOf(), w.ask(mia, other).AssignmentOf()
	if _, err := w.Remove(ctx, admin, entitlement.AdminRemove, removed, ""); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(24 * time.Hour)
	slot, err := w.store.AssignmentSlot(ctx, other.ID, mia.ID)
	if err != nil {
		t.Fatal(err)
	}
	over, err := entitlement.Expire(slot, nil, "sweep", w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.commit(over)
	for name, id := range map[string]entitlement.AssignmentID{"removed": removed, "expired": expired} {
		for who, by := range map[string]authz.Command{"its subject": mia, "an administrator": admin} {
			if a, err := w.Assignment(ctx, by.Caller, id); err != nil || a.State != entitlement.AssignmentExpired {
				t.Errorf("%s, by %s: %s, %v", name, who, a.State, err)
			}
		}
	}
	if list, err := w.Held(ctx, mia.Caller, entitlement.Page{}); err != nil || len(list.Items) != 2 {
		t.Errorf("hers: %v, %v", list.Items, err)
	}
	if list, err := w.AssignmentsFor(ctx, admin.Caller, p.ID, entitlement.Page{}); err != nil || len(list.Items) != 1 || list.Items[0].ID != removed {
		t.Errorf("the package's: %v, %v", list.Items, err)
	}
}

func TestCancel_WhoMay(t *testing.T) {
	for name, c := range map[string]struct {
		by   func(mia, boss, outsider, admin authz.Command) authz.Command
		kind entitlement.Kind // Internal: canceled
	}{
		"R116 the requestor":            {func(mia, _, _, _ authz.Command) authz.Command { return mia }, entitlement.Internal},
		"R117 an administrator":         {func(_, _, _, admin authz.Command) authz.Command { return admin }, entitlement.Internal},
		"R117 the approver":             {func(_, boss, _, _ authz.Command) authz.Command { return boss }, entitlement.Forbidden},
		"R117 somebody else":            {func(_, _, outsider, _ authz.Command) authz.Command { return outsider }, entitlement.NotFound},
		"R117 a token for oneself":      {func(_, _, _, admin authz.Command) authz.Command { admin.Scopes = authz.ScopeSubject; return admin }, entitlement.NotFound},
		"R116 with a token for oneself": {func(mia, _, _, _ authz.Command) authz.Command { mia.Scopes = authz.ScopeSubject; return mia }, entitlement.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			boss, outsider, admin := w.person("", false), w.person("", false), w.person("", true)
			mia := w.person(boss.ID, false)
			p, _ := w.pack(entitlement.SubjectSet{Kind: entitlement.RequestorManager})
			r := w.ask(mia, p)
			err := w.Cancel(context.Background(), c.by(mia, boss, outsider, admin), r.ID)
			got, _ := w.store.Request(context.Background(), r.ID)
			canceled := got.State == entitlement.RequestCanceled
			if c.kind == entitlement.Internal && (err != nil || !canceled) || c.kind != entitlement.Internal && (entitlement.KindOf(err) != c.kind || canceled) {
				t.Errorf("got %v, and the request is %s", err, got.State)
			}
		})
	}
}

func TestVisibility_WhatIsListedAndWhatOpensByItsLink(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		set           func(*entitlement.Catalog, *entitlement.AccessPackage, *entitlement.AssignmentPolicy)
		listed, opens bool
	}{
		"R127 a package that says nothing": {func(*entitlement.Catalog, *entitlement.AccessPackage, *entitlement.AssignmentPolicy) {}, true, true},
		"R128 a hidden one": {func(_ *entitlement.Catalog, p *entitlement.AccessPackage, _ *entitlement.AssignmentPolicy) {
			p.Hidden = true
		}, false, true},
		"R129 an unpublished catalog": {func(c *entitlement.Catalog, _ *entitlement.AccessPackage, _ *entitlement.AssignmentPolicy) {
			c.Published = false
		}, false, false},
		"R129 requests switched off": {func(_ *entitlement.Catalog, _ *entitlement.AccessPackage, p *entitlement.AssignmentPolicy) {
			p.Requestor.SelfAdd = false
		}, false, false},
		"R129 a policy for administrators": {func(_ *entitlement.Catalog, _ *entitlement.AccessPackage, p *entitlement.AssignmentPolicy) {
			p.Scope = entitlement.ScopeNobody
		}, false, false},
		"R129 a policy for others": {func(_ *entitlement.Catalog, _ *entitlement.AccessPackage, p *entitlement.AssignmentPolicy) {
			p.Scope, p.Targets = entitlement.ScopeSpecificUsers, []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: "somebody"}}
		}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			mia, admin := w.person("", false), w.person("", true)
			p, policy := w.pack()
			p, err := w.store.Package(ctx, p.ID)
			if err != nil {
				t.Fatal(err)
			}
			catalogs, err := w.store.Catalogs(ctx, []entitlement.CatalogID{p.Catalog})
			if err != nil {
				t.Fatal(err)
			}
			w.reset(policy.ID, func(policy *entitlement.AssignmentPolicy) { c.set(&catalogs[0], &p, policy) })
			now, err := w.store.Package(ctx, p.ID)
			if err != nil {
				t.Fatal(err)
			}
			p.Offers, p.Meta = now.Offers, now.Meta
			w.commit(entitlement.Change{Catalogs: catalogs, Packages: []entitlement.AccessPackage{p}})

			for who, by := range map[string]authz.Command{"a member": mia, "an administrator": admin} {
				if list, err := w.Requestable(ctx, by.Caller, entitlement.Page{}); err != nil || len(list.Items) == 1 != c.listed {
					t.Errorf("listed for %s: %v, %v, want %t", who, list, err, c.listed)
				}
			}
			if _, err := w.Package(ctx, mia.Caller, p.ID); (err == nil) != c.opens {
				t.Errorf("by its link: %v, want %t", err, c.opens)
			}
			if fit, err := w.Applicable(ctx, mia.Caller, p.ID, ""); err != nil || len(fit) == 1 != c.opens {
				t.Errorf("R38: %d policies apply, %v", len(fit), err)
			}
			if _, err := w.Submit(ctx, mia, requests.Submission{Type: entitlement.UserAdd, Package: p.ID}); (err == nil) != c.opens {
				t.Errorf("asked for: %v, want %t", err, c.opens)
			}
		})
	}
}

// list has the package list another one, or a group, as incompatible.
func (w *fixture) list(id entitlement.PackageID, set func(*entitlement.AccessPackage)) {
	w.t.Helper()
	p, err := w.store.Package(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	set(&p)
	w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{p}})
}

func (w *fixture) lists(id, other entitlement.PackageID) {
	w.t.Helper()
	w.list(id, func(p *entitlement.AccessPackage) { p.Incompatible = append(p.Incompatible, other) })
}

func (w *fixture) says(err error, want string) {
	w.t.Helper()
	if entitlement.KindOf(err) != entitlement.Precondition || entitlement.MessageOf(err) != want {
		w.t.Errorf("got %v, want a precondition saying %q", err, want)
	}
}

func TestR179_WhatStandsInTheWayIsNamed_R98_AlsoToAdministrators(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	admin, mia, otto := w.person("", true), w.person("", false), w.person("", false)
	audit := entitlement.GroupID(w.clock.New())
	w.commit(entitlement.Change{Groups: []entitlement.Group{{ID: audit, DisplayName: "Audit"}}, Memberships: []entitlement.Membership{{Group: audit, User: otto.ID}}})
	orders, policy := w.pack()
	payments, _ := w.pack()
	w.list(payments.ID, func(p *entitlement.AccessPackage) { p.DisplayName = "Payments" })
	w.ask(mia, payments)
	w.lists(orders.ID, payments.ID)
	w.list(orders.ID, func(p *entitlement.AccessPackage) { p.IncompatibleGroups = []entitlement.GroupID{audit} })

	assign := func(to entitlement.UserID) error {
		_, err := w.Submit(ctx, admin, requests.Submission{Type: entitlement.AdminAdd, Subject: to, Package: orders.ID, Policy: policy.ID})
		return err
	}
	_, err := w.Submit(ctx, mia, requests.Submission{Type: entitlement.UserAdd, Package: orders.ID})
	w.says(err, "You hold the access package Payments, and this one cannot be held together with it: end that assignment first, then ask again.")
	_, err = w.Submit(ctx, otto, requests.Submission{Type: entitlement.UserAdd, Package: orders.ID})
	w.says(err, "You are a member of the group Audit, whose members cannot have this access package: have yourself taken out of the group first, then ask again.")
	w.says(assign(mia.ID), "This user holds the access package Payments, and this one cannot be held together with it: end that assignment first.") // R183
	w.says(assign(otto.ID), "This user is a member of the group Audit, whose members cannot have this access package: take the user out of the group first.")
	for _, who := range []authz.Command{mia, otto} {
		if slot, err := w.store.AssignmentSlot(ctx, orders.ID, who.ID); err != nil || slot.Version != 0 {
			t.Errorf("S13: %+v, %v", slot, err)
		}
	}
	w.ask(otto, payments) // R178: orders is not on its list

	decided, _ := w.pack(entitlement.SubjectSet{Kind: entitlement.RequestorManager})
	w.lists(decided.ID, payments.ID)
	_, err = w.Submit(ctx, mia, requests.Submission{Type: entitlement.UserAdd, Package: decided.ID})
	w.kind(err, entitlement.Precondition) // before anybody is asked
}

func TestR180_WhatIsHeldStays_AndIsNotGivenAgain(t *testing.T) {
	ctx := context.Background()
	w := newFixture(t)
	admin, mia := w.person("", true), w.person("", false)
	a, _ := w.pack()
	b, _ := w.pack()
	first, second := w.ask(mia, a), w.ask(mia, b)
	w.lists(a.ID, b.ID)
	w.lists(b.ID, a.ID)
	for _, r := range []entitlement.AssignmentRequest{first, second} {
		if held := w.held(r.AssignmentOf()); held.Target != entitlement.TargetPresent {
			t.Errorf("%s was taken away", held.Package)
		}
	}
	w.clock.Advance(time.Hour)
	_, err := w.Extend(ctx, mia, entitlement.UserUpdate, first.AssignmentOf(), entitlement.Schedule{}, "")
	w.says(err, "You hold the access package P, and this one cannot be held together with it: end that assignment first, then ask again.")
	if _, err := w.Remove(ctx, admin, entitlement.AdminRemove, first.AssignmentOf(), ""); err != nil {
		t.Fatal(err)
	}
	_, err = w.Submit(ctx, mia, requests.Submission{Type: entitlement.UserAdd, Package: a.ID})
	w.kind(err, entitlement.Precondition)
	if _, err := w.Extend(ctx, mia, entitlement.UserUpdate, second.AssignmentOf(), entitlement.Schedule{}, ""); err != nil {
		t.Errorf("with the other one gone: %v", err)
	}
}

func TestF36_WhatWasTakenMeanwhileStopsTheLastDecision(t *testing.T) {
	w := newFixture(t)
	boss := w.person("", false)
	mia := w.person(boss.ID, false)
	a, _ := w.pack(entitlement.SubjectSet{Kind: entitlement.RequestorManager})
	b, _ := w.pack()
	w.lists(a.ID, b.ID)
	r := w.ask(mia, a)
	w.ask(mia, b) // R178: one way
	decision := entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true}
	w.says(w.Decide(context.Background(), boss, r.ID, decision), "The user this is for holds the access package P, and this one cannot be held together with it: it can be given once that assignment has ended.")
	if got, err := w.store.Request(context.Background(), r.ID); err != nil || got.State != entitlement.RequestPendingApproval {
		t.Errorf("S13: %s, %v", got.State, err)
	}
}

func TestS18_OfTwoIncompatiblePackagesApprovedAtOnceOneIsHeld(t *testing.T) {
	for n := range 50 {
		w := newFixture(t)
		boss := w.person("", false)
		mia := w.person(boss.ID, false)
		a, _ := w.pack(entitlement.SubjectSet{Kind: entitlement.RequestorManager})
		b, _ := w.pack(entitlement.SubjectSet{Kind: entitlement.RequestorManager})
		w.lists(a.ID, b.ID)
		w.lists(b.ID, a.ID)
		both := []entitlement.AssignmentRequest{w.ask(mia, a), w.ask(mia, b)}
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for i, r := range both {
			wg.Go(func() {
				errs[i] = w.Decide(context.Background(), boss, r.ID, entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true})
			})
		}
		wg.Wait()
		record, _, err := w.store.SubjectRecord(context.Background(), mia.ID)
		if err != nil || len(record.Live) != 1 || (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("round %d: live %v, %v, %v", n, record.Live, errs, err)
		}
		for _, err := range errs {
			if err != nil {
				w.says(err, "The user this is for holds the access package P, and this one cannot be held together with it: it can be given once that assignment has ended.")
			}
		}
	}
}

// meanwhile makes a change of the fixture between what a decision reads and its commit.
type meanwhile struct {
	*dynamotest.Store
	once sync.Once
	do   func()
}

func (m *meanwhile) Commit(ctx context.Context, c entitlement.Change) error {
	m.once.Do(m.do)
	return m.Store.Commit(ctx, c)
}

func TestS18_WhatComesBetweenReadingAndWritingIsSeen(t *testing.T) {
	for name, arrange := range map[string]func(w *fixture, mia authz.Command, a entitlement.AccessPackage) func(){
		"a package": func(w *fixture, mia authz.Command, a entitlement.AccessPackage) func() {
			b, _ := w.pack()
			w.lists(a.ID, b.ID)
			other := &requests.Service{Store: w.store, Enqueuer: w, Clock: w.clock, IDs: w.clock, Log: w.Log}
			return func() {
				if _, err := other.Submit(context.Background(), mia, requests.Submission{Type: entitlement.UserAdd, Package: b.ID}); err != nil {
					w.t.Error(err)
				}
			}
		},
		"a group": func(w *fixture, mia authz.Command, a entitlement.AccessPackage) func() {
			g := entitlement.GroupID(w.clock.New())
			w.commit(entitlement.Change{Groups: []entitlement.Group{{ID: g, DisplayName: "G"}}})
			w.list(a.ID, func(p *entitlement.AccessPackage) { p.IncompatibleGroups = []entitlement.GroupID{g} })
			return func() {
				w.commit(entitlement.Change{Memberships: []entitlement.Membership{{Group: g, User: mia.ID}}})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			boss := w.person("", false)
			mia := w.person(boss.ID, false)
			a, _ := w.pack(entitlement.SubjectSet{Kind: entitlement.RequestorManager})
			between := arrange(w, mia, a)
			r := w.ask(mia, a)
			w.Service.Store = &meanwhile{Store: w.store, do: between}
			w.kind(w.Decide(context.Background(), boss, r.ID, entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true}), entitlement.Precondition)
			if record, _, err := w.store.SubjectRecord(context.Background(), mia.ID); err != nil || slices.Contains(record.Live, a.ID) {
				t.Errorf("live: %v, %v", record.Live, err)
			}
		})
	}
}
