package dynamo_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// cost is what a step takes: calls of the service, and read and write units.
type cost struct {
	calls       int
	read, write float64
}

// These are the figures that the steps are held to. Each names the one that the layout
// was measured at with other items, where there is one. A step that costs more fails;
// one that costs less lowers its figure here.
var (
	costAskCold        = cost{2, 6, 0}  // 3 calls with the commit; 6 R
	costAskWarm        = cost{1, 6, 0}  // 2 calls with the commit; 6 R
	costSubmit         = cost{1, 0, 12} // 14 W, 12 where the first event is under 1 KB
	costSubmitAtOnce   = cost{1, 0, 14} // 16 W, 14 where the first event is under 1 KB
	costReview         = cost{1, 2, 0}  // 3 R with the principal
	costDecideMiddle   = cost{1, 0, 8}  // 8 W
	costStart          = cost{1, 4, 0}  // 6 R with the review
	costDecideLast     = cost{1, 0, 12} // 12 W
	costDeny           = cost{1, 0, 8}  // 8 W
	costSlot           = cost{1, 1, 0}
	costEnd            = cost{1, 0, 10}  // 10 W
	costReadDue100     = cost{1, 100, 0} // 100 R in one call
	costDebt           = cost{1, 1, 0}   // 1 R per 4 KB
	costWork           = cost{1, 4, 0}   // 8 R with debt and fence, 6 packages held
	costClaim          = cost{1, 0, 1}   // 1 to 2 W
	costFence          = cost{1, 2, 0}   // 2 R
	costSettle         = cost{1, 0, 11}  // 12 W with the claim
	costDueNothing     = cost{1, 0.5, 0} // 0.5 R
	costOwedNothing    = cost{1, 0.5, 0}
	costRequests100    = cost{2, 102.5, 0} // 2.5 + 100 R
	costHolders100     = cost{1, 10, 0}    // 10 R
	costInboxOfNothing = cost{1, 0.5, 0}
	costBound          = cost{1, 1, 0} // 1 R
)

var start2026 = time.Date(2026, 3, 1, 9, 0, 0, 123_456_789, time.UTC)

// office is a table with a package that is offered through two policies.
type office struct {
	*testing.T
	db     *dynamo.DB
	meter  *dynamotest.Meter
	pkg    entitlement.AccessPackage
	asked  entitlement.AssignmentPolicy // three stages
	free   entitlement.AssignmentPolicy // no approval
	judges []entitlement.User
	roles  []entitlement.RoleRef
	now    time.Time
}

func newID[T ~string]() T { return T(clock.System{}.New()) }

func open(t *testing.T) *office {
	o := &office{T: t, meter: dynamotest.NewMeter(dynamo.ItemSize), now: start2026}
	o.db = table(t, o.meter)
	catalog := entitlement.Catalog{ID: newID[entitlement.CatalogID](), DisplayName: "Sales", Published: true, Created: start2026}
	o.pkg = entitlement.AccessPackage{ID: newID[entitlement.PackageID](), Catalog: catalog.ID, DisplayName: "Field sales", Created: start2026}
	for range 3 {
		o.judges = append(o.judges, o.person())
	}
	o.free = entitlement.AssignmentPolicy{ID: newID[entitlement.PolicyID](), Package: o.pkg.ID, Catalog: catalog.ID, DisplayName: "At once",
		Scope: entitlement.ScopeAllMembers, Requestor: entitlement.RequestorSettings{SelfAdd: true}, Created: start2026,
		Expiration: entitlement.Expiration{Type: entitlement.ExpireAfterDuration, Duration: 24 * time.Hour}}
	o.asked = o.free
	o.asked.ID, o.asked.DisplayName = newID[entitlement.PolicyID](), "Three stages"
	o.asked.Approval = entitlement.ApprovalSettings{RequiredForAdd: true}
	for _, j := range o.judges {
		o.asked.Approval.Stages = append(o.asked.Approval.Stages, entitlement.ApprovalStage{TimeLimit: 14 * 24 * time.Hour,
			Primary: []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: string(j.ID), Description: "Judge"}}})
	}
	o.pkg.Policies = []entitlement.PolicyID{o.asked.ID, o.free.ID}
	scopes := entitlement.PackageScopes{Package: o.pkg.ID}
	at := newID[entitlement.ConnectorID]()
	for i := range 3 {
		o.roles = append(o.roles, entitlement.RoleRef{Connector: at, Resource: newID[string](), Role: "member"})
		scopes.List = append(scopes.List, entitlement.ResourceRoleScope{ID: "x", Resource: newID[entitlement.ResourceID](), Ref: o.roles[i]})
	}
	o.commit(entitlement.Change{Catalogs: []entitlement.Catalog{catalog}, Packages: []entitlement.AccessPackage{o.pkg}, Scopes: []entitlement.PackageScopes{scopes},
		Policies: []entitlement.AssignmentPolicy{o.asked, o.free}})
	return o
}

func (o *office) commit(c entitlement.Change) {
	o.Helper()
	if err := o.db.Commit(context.Background(), c); err != nil {
		o.Fatal(err)
	}
}

// person makes a member of 20 groups.
func (o *office) person() entitlement.User {
	o.Helper()
	u := entitlement.User{ID: newID[entitlement.UserID](), Type: entitlement.Member, DisplayName: "Ann Example", Enabled: true, Created: start2026,
		Mail: "ann@example.test", Department: "Sales", JobTitle: "Representative", Identities: []entitlement.Principal{{Issuer: "https://login.test", Value: newID[string]()}}}
	u.UserPrincipalName = string(u.ID) + "@example.test"
	o.commit(entitlement.Change{Users: []entitlement.User{u}})
	for range 20 {
		o.commit(entitlement.Change{Memberships: []entitlement.Membership{{Group: newID[entitlement.GroupID](), User: u.ID}}})
	}
	u, err := o.db.User(context.Background(), u.ID)
	if err != nil {
		o.Fatal(err)
	}
	return u
}

// costs demands that a step costs what it is held to, and no more.
func (o *office) costs(what string, want cost, step func(context.Context) error) {
	o.Helper()
	o.meter.Reset()
	if err := step(context.Background()); err != nil {
		o.Fatalf("%s: %v", what, err)
	}
	got := cost{o.meter.Total(), o.meter.ReadUnits, o.meter.WriteUnits}
	o.Logf("%-32s %d calls %6.1f R %5.1f W", what, got.calls, got.read, got.write)
	if got != want {
		o.Errorf("%s: got %d calls, %.1f R, %.1f W, want %d, %.1f, %.1f (%v)", what, got.calls, got.read, got.write, want.calls, want.read, want.write, o.meter.Calls)
	}
}

// costsCommit is costs for a change.
func (o *office) costsCommit(what string, want cost, c entitlement.Change) {
	o.Helper()
	o.costs(what, want, func(ctx context.Context) error { return o.db.Commit(ctx, c) })
}

// ask reads and decides a new request through the policy.
func (o *office) ask(u entitlement.User, policy entitlement.PolicyID, want cost) (entitlement.AssignmentRequest, entitlement.Change) {
	o.Helper()
	var ask entitlement.Ask
	o.costs("ask", want, func(ctx context.Context) (err error) {
		ask, err = o.db.Ask(ctx, entitlement.AskKeys{Requestor: u.ID, Subject: u.ID, Package: o.pkg.ID, Policy: policy})
		return err
	})
	r, c, err := entitlement.Submit(entitlement.NewRequest{ID: newID[entitlement.RequestID](), Type: entitlement.UserAdd, Policy: policy,
		Justification: strings.Repeat("because ", 22)[:175], Command: newID[string](), NewID: newID[string]}, ask, start2026)
	if err != nil {
		o.Fatal(err)
	}
	r.Version = 1
	return r, c
}

// decide reads and decides the running stage; last where it is the last one.
func (o *office) decide(r entitlement.AssignmentRequest, approved, last bool) (entitlement.AssignmentRequest, entitlement.Change) {
	o.Helper()
	o.now = o.now.Add(time.Hour)
	var judge entitlement.User
	var s entitlement.Start
	o.costs("review", costReview, func(ctx context.Context) (err error) {
		judge, r, err = o.db.Review(ctx, o.judges[r.Stage].ID, r.ID)
		return err
	})
	switch {
	case last:
		o.costs("start", costStart, func(ctx context.Context) (err error) {
			s, err = o.db.Start(ctx, r)
			return err
		})
	case !approved:
		o.costs("slot", costSlot, func(ctx context.Context) (err error) {
			s.Slot, err = o.db.Slot(ctx, r.Package, r.Subject)
			return err
		})
	}
	r, c, err := entitlement.Decide(r, entitlement.Word{Stage: r.Stages[r.Stage].ID, Approved: approved, Justification: "fine", Command: newID[string]()}, judge, s, o.now)
	if err != nil {
		o.Fatal(err)
	}
	r.Version++
	return r, c
}

func TestCosts(t *testing.T) {
	o := open(t)
	ann, bob, eve := o.person(), o.person(), o.person()

	r, c := o.ask(ann, o.asked.ID, costAskCold)
	o.costsCommit("submit, approval needed", costSubmit, c)
	r, c = o.decide(r, true, false)
	o.costsCommit("decide, middle", costDecideMiddle, c)
	r, c = o.decide(r, true, false)
	o.costsCommit("decide, middle", costDecideMiddle, c)
	_, c = o.decide(r, true, true)
	o.costsCommit("decide, last", costDecideLast, c)

	r, c = o.ask(bob, o.asked.ID, costAskWarm)
	o.costsCommit("submit, approval needed", costSubmit, c)
	_, c = o.decide(r, false, false)
	o.costsCommit("deny", costDeny, c)

	_, c = o.ask(eve, o.free.ID, costAskWarm)
	o.costsCommit("submit, automatic", costSubmitAtOnce, c)
	o.deliver(ann)
	o.expire(ann)

	o.costs("bound", costBound, func(ctx context.Context) error {
		_, err := o.db.Bound(ctx, ann.Identities[0])
		return err
	})
	o.costs("inbox of nothing", costInboxOfNothing, func(ctx context.Context) error {
		_, err := o.db.Inbox(ctx, entitlement.User{ID: newID[entitlement.UserID]()}, entitlement.Page{})
		return err
	})
	o.costs("nothing due", costDueNothing, func(ctx context.Context) error {
		_, err := o.db.Due(ctx, 0, start2026.Add(-time.Hour), entitlement.Page{})
		return err
	})
	o.costs("nothing owed", costOwedNothing, func(ctx context.Context) error {
		_, err := o.db.Owed(ctx, 0, start2026.Add(-time.Hour), entitlement.Page{})
		return err
	})
}

// deliver plays the delivery of a first assignment of three roles.
func (o *office) deliver(u entitlement.User) {
	o.Helper()
	var head entitlement.Head
	var work entitlement.Work
	var sheet entitlement.GrantSheet
	o.costs("debt", costDebt, func(ctx context.Context) (err error) {
		head, _, err = o.db.Debt(ctx, u.ID)
		return err
	})
	o.costs("work", costWork, func(ctx context.Context) (err error) {
		work, err = o.db.Work(ctx, head)
		return err
	})
	o.costs("claim, 3 roles", costClaim, func(ctx context.Context) (err error) {
		sheet, _, err = o.db.Claim(ctx, entitlement.Claim{Subject: u.ID, Connector: o.roles[0].Connector, Token: newID[string](), Now: start2026, Until: start2026.Add(time.Minute), Intend: o.roles})
		return err
	})
	o.costs("fence", costFence, func(ctx context.Context) error {
		holds, err := o.db.Holding(ctx, []entitlement.Fence{{Subject: u.ID, Connector: sheet.Connector, Token: sheet.Token, Gen: head.Gen}})
		if err == nil && !holds[0] {
			err = fmt.Errorf("the claim is lost")
		}
		return err
	})
	for ref, g := range sheet.Grants {
		g.Presence, g.Confirmed, g.Gen = entitlement.PresencePresent, start2026, head.Gen
		sheet.Grants[ref] = g
	}
	sheet.Principal = newID[string]()
	w := head.Waiting[0]
	slot, r := work.Slots[w.Package], work.Requests[entitlement.RequestID(w.Assignment)]
	chain, e := r.Chain.Append(entitlement.Event{Aggregate: entitlement.OfRequest, ID: string(r.ID), Kind: "delivered", Actor: entitlement.Service,
		Command: newID[string](), At: start2026, Before: "delivering", After: "delivered"})
	slot.Assignment.State, slot.Assignment.Delivered, slot.Assignment.Chain = entitlement.AssignmentDelivered, start2026, chain
	r.State, r.Completed, r.Chain = entitlement.RequestDelivered, start2026, chain
	o.costsCommit("settle a first delivery, 3 roles", costSettle, entitlement.Change{Sheets: []entitlement.GrantSheet{sheet}, Slots: []entitlement.Slot{slot},
		Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{e},
		Settlements: []entitlement.Settlement{{Subject: u.ID, Gen: head.Gen, Settled: true, Delivered: []entitlement.Waiting{w}}}})
}

// expire plays the end of an assignment.
func (o *office) expire(u entitlement.User) {
	o.Helper()
	slot, err := o.db.Slot(context.Background(), o.pkg.ID, u.ID)
	if err != nil {
		o.Fatal(err)
	}
	c, err := entitlement.Expire(slot, nil, newID[string](), start2026.Add(48*time.Hour))
	if err != nil {
		o.Fatal(err)
	}
	o.costsCommit("end", costEnd, c)
}

// TestCostsOfPages measures pages of 100.
func TestCostsOfPages(t *testing.T) {
	o := open(t)
	var refs []entitlement.DueRef
	for range 100 {
		u := newID[entitlement.UserID]()
		r, c, err := entitlement.Submit(entitlement.NewRequest{ID: newID[entitlement.RequestID](), Type: entitlement.UserAdd, Policy: o.free.ID,
			Justification: strings.Repeat("because ", 22)[:175], Command: newID[string](), NewID: newID[string]},
			entitlement.Ask{Requestor: &entitlement.User{ID: u, Enabled: true, Type: entitlement.Member}, Subject: &entitlement.User{ID: u, Enabled: true, Type: entitlement.Member},
				Package: &o.pkg, Catalog: &entitlement.Catalog{Published: true}, Policies: []entitlement.AssignmentPolicy{o.free},
				Slot: entitlement.Slot{Package: o.pkg.ID, Subject: u}}, start2026)
		if err != nil {
			t.Fatal(err)
		}
		o.commit(c)
		refs = append(refs, entitlement.DueRef{Package: r.Package, Subject: u})
	}
	o.costs("requests of a package, 100", costRequests100, func(ctx context.Context) error {
		list, err := o.db.RequestsFor(ctx, o.pkg.ID, entitlement.Page{})
		if len(list.Items) != 100 {
			return fmt.Errorf("got %d requests: %w", len(list.Items), err)
		}
		return err
	})
	o.costs("holders, 100", costHolders100, func(ctx context.Context) error {
		list, err := o.db.Holders(ctx, o.pkg.ID, entitlement.Page{})
		if len(list.Items) != 100 {
			return fmt.Errorf("got %d holders: %w", len(list.Items), err)
		}
		return err
	})
	o.costs("due slots, 100", costReadDue100, func(ctx context.Context) error {
		items, err := o.db.Read(ctx, refs)
		if len(items.Slots) != 100 {
			return fmt.Errorf("got %d slots: %w", len(items.Slots), err)
		}
		return err
	})
}
