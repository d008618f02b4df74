package requests_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/faults"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

type fixture struct {
	*requests.Service
	t        *testing.T
	store    *dynamotest.Store
	clock    *clock.Virtual
	enqueued map[entitlement.UserID]int
	lost     bool
	fault    func(op faults.Op) dynamotest.Fault // nil: none
	mu       sync.Mutex
}

func newFixture(t *testing.T) *fixture {
	w := &fixture{t: t, clock: clock.NewVirtual(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)), enqueued: map[entitlement.UserID]int{}}
	w.store = dynamotest.Flaky(func(op faults.Op) dynamotest.Fault {
		if w.fault == nil {
			return dynamotest.None
		}
		return w.fault(op)
	})
	w.Service = &requests.Service{Store: w.store, Enqueuer: w, Clock: w.clock, IDs: w.clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	return w
}

func (w *fixture) Enqueue(_ context.Context, subjects ...entitlement.UserID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost {
		return errors.New("the queue is away")
	}
	for _, s := range subjects {
		w.enqueued[s]++
	}
	return nil
}

func (w *fixture) commit(c entitlement.Change) {
	w.t.Helper()
	if err := w.store.Commit(context.Background(), c); err != nil {
		w.t.Fatal(err)
	}
}

// person adds somebody, with a manager or without, and makes them an administrator where asked.
func (w *fixture) person(manager entitlement.UserID, admin bool) authz.Command {
	w.t.Helper()
	id := entitlement.UserID(w.clock.New())
	w.commit(entitlement.Change{Users: []entitlement.User{{ID: id, Type: entitlement.Member, DisplayName: "P", UserPrincipalName: string(id), Enabled: true, Manager: manager}}})
	if admin {
		if _, err := w.store.Group(context.Background(), entitlement.AdministratorsGroup); err != nil {
			w.commit(entitlement.Change{Groups: []entitlement.Group{{ID: entitlement.AdministratorsGroup, DisplayName: "Administrators"}}})
		}
		w.commit(entitlement.Change{Memberships: []entitlement.Membership{{Group: entitlement.AdministratorsGroup, User: id}}})
	}
	u, err := w.store.User(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return authz.Command{Caller: authz.Caller{ID: id, Scopes: authz.Every}, CommandID: "call"}.As(u)
}

// pack adds a package with a policy that approvers, where any, decide on.
func (w *fixture) pack(approvers ...entitlement.SubjectSet) (entitlement.AccessPackage, entitlement.AssignmentPolicy) {
	w.t.Helper()
	p := entitlement.AccessPackage{ID: entitlement.PackageID(w.clock.New()), Catalog: entitlement.CatalogID(w.clock.New()), DisplayName: "P"}
	policy := entitlement.AssignmentPolicy{ID: entitlement.PolicyID(w.clock.New()), Package: p.ID, DisplayName: "All", Scope: entitlement.ScopeAllMembers,
		Requestor: entitlement.RequestorSettings{SelfAdd: true, SelfUpdate: true}, Expiration: entitlement.Expiration{Type: entitlement.ExpireAfterDuration, Duration: 24 * time.Hour}}
	if len(approvers) > 0 {
		policy.Approval = entitlement.ApprovalSettings{RequiredForAdd: true, Stages: []entitlement.ApprovalStage{{Primary: approvers, Fallback: []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: w.clock.New()}}}}}
	}
	p.Policies = []entitlement.PolicyID{policy.ID}
	w.commit(entitlement.Change{Catalogs: []entitlement.Catalog{{ID: p.Catalog, DisplayName: "C", Published: true}}, Packages: []entitlement.AccessPackage{p}, Policies: []entitlement.AssignmentPolicy{policy}})
	return p, policy
}

func (w *fixture) ask(by authz.Command, p entitlement.AccessPackage) entitlement.AssignmentRequest {
	w.t.Helper()
	r, err := w.Submit(context.Background(), by, requests.Submission{Type: entitlement.UserAdd, Package: p.ID})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *fixture) kind(err error, want entitlement.Kind) {
	w.t.Helper()
	if entitlement.KindOf(err) != want {
		w.t.Errorf("got %v, want %s", err, want)
	}
}

func TestS5_OfAHundredAtOnceOneIsTaken(t *testing.T) {
	w := newFixture(t)
	mia := w.person("", false)
	p, _ := w.pack(entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: w.clock.New()})
	var wg sync.WaitGroup
	var taken, refused int
	for range 100 {
		wg.Go(func() {
			_, err := w.Submit(context.Background(), mia, requests.Submission{Type: entitlement.UserAdd, Package: p.ID})
			w.mu.Lock()
			defer w.mu.Unlock()
			switch entitlement.KindOf(err) {
			case entitlement.Conflict:
				refused++
			default:
				if err != nil {
					t.Error(err)
				}
				taken++
			}
		})
	}
	wg.Wait()
	list, err := w.Mine(context.Background(), mia.Caller, entitlement.Page{})
	if taken != 1 || refused != 99 || err != nil || len(list.Items) != 1 {
		t.Errorf("%d taken, %d refused, %d listed", taken, refused, len(list.Items))
	}
}

func TestF15_OfAHundredDecisionsAtOnceOneWins(t *testing.T) {
	w := newFixture(t)
	boss := w.person("", false)
	mia := w.person(boss.ID, false)
	p, _ := w.pack(entitlement.SubjectSet{Kind: entitlement.RequestorManager})
	r := w.ask(mia, p)
	var wg sync.WaitGroup
	won := 0
	for i := range 100 {
		wg.Go(func() {
			err := w.Decide(context.Background(), boss, r.ID, entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: i%2 == 0})
			w.mu.Lock()
			defer w.mu.Unlock()
			if err == nil {
				won++
			} else if entitlement.KindOf(err) != entitlement.Conflict {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	events, err := w.store.Events(context.Background(), entitlement.OfRequest, string(r.ID))
	if won != 1 || err != nil || len(events) != 2 {
		t.Errorf("T7: %d won, %d events, %v", won, len(events), err)
	}
}

func TestF4_ALostMessageCostsNothingButTime(t *testing.T) {
	w := newFixture(t)
	mia := w.person("", false)
	p, _ := w.pack()
	w.lost = true
	r := w.ask(mia, p)
	record, _, err := w.store.SubjectRecord(context.Background(), mia.ID)
	if r.State != entitlement.RequestDelivering || err != nil || !record.NeedsReconcile() {
		t.Errorf("S22: got %s, %+v, %v", r.State, record, err)
	}
}

func TestA1_WhoHasNothingToDoWithARequestDoesNotFindIt(t *testing.T) {
	w := newFixture(t)
	boss, outsider, admin := w.person("", false), w.person("", false), w.person("", true)
	mia := w.person(boss.ID, false)
	p, _ := w.pack(entitlement.SubjectSet{Kind: entitlement.RequestorManager})
	r := w.ask(mia, p)
	unknown := entitlement.RequestID(w.clock.New())
	for name, c := range map[string]struct {
		by   authz.Command
		kind entitlement.Kind // Internal: found
	}{"the requestor": {mia, entitlement.Internal}, "the approver": {boss, entitlement.Internal}, "an administrator": {admin, entitlement.Internal}, "somebody else": {outsider, entitlement.NotFound}} {
		_, err := w.Request(context.Background(), c.by.Caller, r.ID)
		if c.kind == entitlement.Internal {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		_, other := w.Request(context.Background(), c.by.Caller, unknown)
		if entitlement.KindOf(err) != c.kind || entitlement.MessageOf(err) != entitlement.MessageOf(other) {
			t.Errorf("%s: %q, and for an unknown id %q", name, err, other)
		}
	}
	own := admin
	own.Scopes = authz.ScopeSubject // a token for oneself alone, in the hands of an administrator
	_, err := w.Request(context.Background(), own.Caller, r.ID)
	w.kind(err, entitlement.NotFound)
	w.kind(w.Cancel(context.Background(), own, r.ID), entitlement.NotFound)
	decision := entitlement.DecisionInput{Stage: r.Stages[0].ID, Approved: true}
	w.kind(w.Decide(context.Background(), outsider, r.ID, decision), entitlement.NotFound)
	w.kind(w.Decide(context.Background(), mia, r.ID, decision), entitlement.Forbidden)
	w.kind(w.Decide(context.Background(), admin, r.ID, decision), entitlement.Forbidden)
	w.kind(w.Cancel(context.Background(), outsider, r.ID), entitlement.NotFound)
	w.kind(w.Cancel(context.Background(), boss, r.ID), entitlement.Forbidden)
	if got, _ := w.store.Request(context.Background(), r.ID); got.Version != 1 {
		t.Errorf("S13: the request is at version %d after refusals alone", got.Version)
	}
	w.kind(w.Cancel(context.Background(), mia, r.ID), entitlement.Internal)
}

func TestA5_NobodyAsksForSomebodyElseWithoutTheRight(t *testing.T) {
	w := newFixture(t)
	mia, otto, admin := w.person("", false), w.person("", false), w.person("", true)
	p, policy := w.pack()
	_, err := w.Submit(context.Background(), mia, requests.Submission{Type: entitlement.UserAdd, Subject: otto.ID, Package: p.ID})
	w.kind(err, entitlement.Forbidden)
	_, err = w.Submit(context.Background(), mia, requests.Submission{Type: entitlement.AdminAdd, Subject: mia.ID, Package: p.ID, Policy: policy.ID})
	w.kind(err, entitlement.Forbidden)
	r, err := w.Submit(context.Background(), admin, requests.Submission{Type: entitlement.AdminAdd, Subject: otto.ID, Package: p.ID, Policy: policy.ID})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := w.CreatedByMe(context.Background(), admin.Caller, entitlement.Page{}); err != nil || len(list.Items) != 0 && list.Items[0].ID != r.ID {
		t.Errorf("got %v, %v", list, err)
	}
	_, err = w.Remove(context.Background(), mia, entitlement.AdminRemove, r.AssignmentOf(), "")
	w.kind(err, entitlement.NotFound)
	_, err = w.Remove(context.Background(), otto, entitlement.AdminRemove, r.AssignmentOf(), "")
	w.kind(err, entitlement.Forbidden)
	_, err = w.Remove(context.Background(), otto, entitlement.UserRemove, r.AssignmentOf(), "")
	w.kind(err, entitlement.Precondition) // R42: the policy does not let subjects
	_, err = w.Remove(context.Background(), admin, entitlement.AdminRemove, r.AssignmentOf(), "left")
	if err != nil || w.enqueued[otto.ID] != 2 {
		t.Errorf("got %v, messages %v", err, w.enqueued)
	}
	_, err = w.Remove(context.Background(), admin, entitlement.AdminRemove, r.AssignmentOf(), "left")
	w.kind(err, entitlement.Conflict)
}

func TestR38_RequirementsAndR129WhatMayBeAskedFor(t *testing.T) {
	w := newFixture(t)
	mia := w.person("", false)
	open, policy := w.pack()
	hidden, _ := w.pack()
	unpublished, _ := w.pack()
	hidden, _ = w.store.Package(context.Background(), hidden.ID)
	hidden.Hidden = true
	catalog, _ := w.store.Catalogs(context.Background(), []entitlement.CatalogID{unpublished.Catalog})
	catalog[0].Published = false
	w.commit(entitlement.Change{Packages: []entitlement.AccessPackage{hidden}, Catalogs: catalog})
	list, err := w.Requestable(context.Background(), mia.Caller, entitlement.Page{})
	if err != nil || len(list.Items) != 1 || list.Items[0].ID != open.ID || list.Next != "" {
		t.Errorf("got %v, %v", list, err)
	}
	fit, err := w.Applicable(context.Background(), mia.Caller, open.ID, "")
	if err != nil || len(fit) != 1 || fit[0].ID != policy.ID {
		t.Errorf("got %v, %v", fit, err)
	}
	if fit, err := w.Applicable(context.Background(), mia.Caller, unpublished.ID, ""); err != nil || len(fit) != 0 {
		t.Errorf("got %v, %v", fit, err)
	}
	if _, err := w.Package(context.Background(), mia.Caller, hidden.ID); err != nil {
		t.Errorf("R40: a hidden package opens by its link: %v", err)
	}
	_, err = w.Package(context.Background(), mia.Caller, unpublished.ID)
	w.kind(err, entitlement.NotFound)
}

func TestLists_PageByPageNothingIsLostOrTwice(t *testing.T) {
	w := newFixture(t)
	admin := w.person("", true)
	want := map[entitlement.AssignmentID]bool{}
	for i := range 3 {
		p, policy := w.pack()
		for j := range 4 {
			u := w.person("", false)
			r, err := w.Submit(context.Background(), admin, requests.Submission{Type: entitlement.AdminAdd, Subject: u.ID, Package: p.ID, Policy: policy.ID})
			if err != nil {
				t.Fatal(err)
			}
			want[r.AssignmentOf()] = true
			if (i+j)%2 == 0 {
				if _, err := w.Remove(context.Background(), admin, entitlement.AdminRemove, r.AssignmentOf(), ""); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, size := range []int{1, 2, 5, 100} {
		var got []entitlement.AssignmentID
		page := entitlement.Page{Limit: size}
		for n := 0; ; n++ {
			list, err := w.Assignments(context.Background(), admin.Caller, page)
			if err != nil || n > 100 || len(list.Items) > size {
				t.Fatalf("page %d of size %d: %d items, %v", n, size, len(list.Items), err)
			}
			for _, a := range list.Items {
				got = append(got, a.ID)
			}
			if list.Next == "" {
				break
			}
			page.Token = list.Next
		}
		slices.Sort(got)
		if len(got) != len(want) || len(slices.Compact(got)) != len(want) {
			t.Errorf("size %d: %d listed, want %d", size, len(got), len(want))
		}
	}
	if _, err := w.Assignments(context.Background(), admin.Caller, entitlement.Page{Token: "nonsense"}); entitlement.KindOf(err) != entitlement.Invalid {
		t.Errorf("got %v", err)
	}
}

func TestGrants_SayWhatIsOwed(t *testing.T) {
	w := newFixture(t)
	mia, outsider := w.person("", false), w.person("", false)
	p, _ := w.pack()
	ref := entitlement.RoleRef{Connector: entitlement.ConnectorID(w.clock.New()), Resource: "g", Role: "Member_g"}
	w.commit(entitlement.Change{Scopes: []entitlement.PackageScopes{{Package: p.ID, List: []entitlement.ResourceRoleScope{{ID: "x", Ref: ref}}}}})
	r := w.ask(mia, p)
	list, err := w.Grants(context.Background(), mia.Caller, r.AssignmentOf())
	if err != nil || len(list) != 1 || !list[0].Pending || !list[0].Wanted || list[0].Grant.Presence != entitlement.PresenceUnknown {
		t.Errorf("got %+v, %v", list, err)
	}
	_, err = w.Grants(context.Background(), outsider.Caller, r.AssignmentOf())
	w.kind(err, entitlement.NotFound)
}
