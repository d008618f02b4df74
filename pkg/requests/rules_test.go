package requests_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// reset changes the policy as its owner would.
func (w *world) reset(id entitlement.PolicyID, set func(*entitlement.AssignmentPolicy)) {
	w.t.Helper()
	policies, err := w.store.Policies(context.Background(), []entitlement.PolicyID{id})
	if err != nil || len(policies) != 1 {
		w.t.Fatalf("%v, %v", policies, err)
	}
	set(&policies[0])
	w.commit(entitlement.Change{Policies: policies})
}

// assign has the administrator give the package to somebody, and returns the request.
func (w *world) assign(by authz.Caller, to entitlement.UserID, p entitlement.AssignmentPolicy, why string) entitlement.AssignmentRequest {
	w.t.Helper()
	r, err := w.Submit(context.Background(), by, requests.Submission{Type: entitlement.AdminAdd, Subject: to, Package: p.Package, Policy: p.ID, Justification: why})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) held(id entitlement.AssignmentID) entitlement.Assignment {
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
			w := newWorld(t)
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
			_, err = w.Extend(ctx, mia, entitlement.UserUpdate, id, entitlement.Schedule{}, "")
			may("update", s.SelfUpdate, err)
			_, err = w.Remove(ctx, mia, entitlement.UserRemove, id, "")
			may("remove", s.SelfRemove, err)
		})
	}
}

func TestR56_ARequestorWhoIsAnApproverDoesNotSeeTheRequestAmongThoseToDecide(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	mia, otto := w.person("", false), w.person("", false)
	board := entitlement.GroupID(w.clock.New())
	w.commit(entitlement.Change{Groups: []entitlement.Group{{ID: board, DisplayName: "Board"}},
		Memberships: []entitlement.Membership{{Group: board, User: mia.ID}, {Group: board, User: otto.ID}}})
	p, _ := w.pack(entitlement.SubjectSet{Kind: entitlement.GroupMembers, ID: string(board)}, entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: string(mia.ID)})
	r := w.ask(mia, p)
	if list, err := w.Waiting(ctx, mia, entitlement.Page{}); err != nil || len(list.Items) != 0 {
		t.Errorf("the requestor is asked: %v, %v", list.Items, err)
	}
	if list, err := w.Waiting(ctx, otto, entitlement.Page{}); err != nil || len(list.Items) != 1 || list.Items[0].ID != r.ID {
		t.Errorf("the other one is asked: %v, %v", list.Items, err)
	}
}

func TestR86_AnotherExpirationLeavesRequestsAsTheyWere_R87_AndActsOnNewOnes(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	boss := w.person("", false)
	before, during, after := w.person(boss.ID, false), w.person(boss.ID, false), w.person(boss.ID, false)
	p, policy := w.pack(entitlement.SubjectSet{Kind: entitlement.RequestorManager})
	approve := func(r entitlement.AssignmentRequest) {
		t.Helper()
		if err := w.Decide(ctx, boss, r.ID, entitlement.Word{Stage: r.Stages[0].ID, Approved: true}); err != nil {
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
	w := newWorld(t)
	admin, mia := w.person("", true), w.person("", false)
	_, policy := w.pack()
	r := w.assign(admin, mia.ID, policy, "covers for Otto")
	_, seen, err := w.Request(context.Background(), mia, r.ID)
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
	w := newWorld(t)
	admin, mia := w.person("", true), w.person("", false)
	p, policy := w.pack()
	other, _ := w.pack()
	removed, expired := w.assign(admin, mia.ID, policy, "").AssignmentOf(), w.ask(mia, other).AssignmentOf()
	if _, err := w.Remove(ctx, admin, entitlement.AdminRemove, removed, ""); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(24 * time.Hour)
	slot, err := w.store.Slot(ctx, other.ID, mia.ID)
	if err != nil {
		t.Fatal(err)
	}
	over, err := entitlement.Expire(slot, nil, "tick", w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.commit(over)
	for name, id := range map[string]entitlement.AssignmentID{"removed": removed, "expired": expired} {
		for who, by := range map[string]authz.Caller{"its subject": mia, "an administrator": admin} {
			if _, a, err := w.Assignment(ctx, by, id); err != nil || a.State != entitlement.AssignmentExpired {
				t.Errorf("%s, by %s: %s, %v", name, who, a.State, err)
			}
		}
	}
	if list, err := w.Held(ctx, mia, entitlement.Page{}); err != nil || len(list.Items) != 2 {
		t.Errorf("hers: %v, %v", list.Items, err)
	}
	if list, err := w.AssignmentsFor(ctx, p.ID, entitlement.Page{}); err != nil || len(list.Items) != 1 || list.Items[0].ID != removed {
		t.Errorf("the package's: %v, %v", list.Items, err)
	}
}

func TestCancel_WhoMay(t *testing.T) {
	for name, c := range map[string]struct {
		by   func(mia, boss, stranger, admin authz.Caller) authz.Caller
		kind entitlement.Kind // Internal: canceled
	}{
		"R116 the requestor":            {func(mia, _, _, _ authz.Caller) authz.Caller { return mia }, entitlement.Internal},
		"R117 an administrator":         {func(_, _, _, admin authz.Caller) authz.Caller { return admin }, entitlement.Internal},
		"R117 the approver":             {func(_, boss, _, _ authz.Caller) authz.Caller { return boss }, entitlement.Forbidden},
		"R117 somebody else":            {func(_, _, stranger, _ authz.Caller) authz.Caller { return stranger }, entitlement.NotFound},
		"R117 a token for oneself":      {func(_, _, _, admin authz.Caller) authz.Caller { admin.Own = true; return admin }, entitlement.NotFound},
		"R116 with a token for oneself": {func(mia, _, _, _ authz.Caller) authz.Caller { mia.Own = true; return mia }, entitlement.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			boss, stranger, admin := w.person("", false), w.person("", false), w.person("", true)
			mia := w.person(boss.ID, false)
			p, _ := w.pack(entitlement.SubjectSet{Kind: entitlement.RequestorManager})
			r := w.ask(mia, p)
			err := w.Cancel(context.Background(), c.by(mia, boss, stranger, admin), r.ID)
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
			w := newWorld(t)
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
			w.commit(entitlement.Change{Catalogs: catalogs, Packages: []entitlement.AccessPackage{p}})

			for who, by := range map[string]authz.Caller{"a member": mia, "an administrator": admin} {
				if list, err := w.Requestable(ctx, by); err != nil || len(list) == 1 != c.listed {
					t.Errorf("listed for %s: %v, %v, want %t", who, list, err, c.listed)
				}
			}
			if _, err := w.Package(ctx, mia, p.ID); (err == nil) != c.opens {
				t.Errorf("by its link: %v, want %t", err, c.opens)
			}
			if fit, err := w.Applicable(ctx, mia, p.ID); err != nil || len(fit) == 1 != c.opens {
				t.Errorf("R38: %d policies apply, %v", len(fit), err)
			}
			if _, err := w.Submit(ctx, mia, requests.Submission{Type: entitlement.UserAdd, Package: p.ID}); (err == nil) != c.opens {
				t.Errorf("asked for: %v, want %t", err, c.opens)
			}
		})
	}
}
