package dynamo_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

var start2026 = time.Date(2026, 3, 1, 9, 0, 0, 123_456_789, time.UTC)

// fixture is a table with a package that is offered through two policies.
type fixture struct {
	*testing.T
	db          *dynamo.DB
	meter       *dynamotest.Meter
	pkg         entitlement.AccessPackage
	asked       entitlement.AssignmentPolicy // three stages
	free        entitlement.AssignmentPolicy // no approval
	judges      []entitlement.User
	roles       []entitlement.RoleRef
	now         time.Time
	fingerprint string // of what is asked for; "" without a key
}

func newID[T ~string]() T { return T(clock.System{}.New()) }

func open(t *testing.T, p place) *fixture {
	o := &fixture{T: t, meter: dynamotest.NewMeter(dynamo.ItemSize), now: start2026}
	o.db = p.metered(o.meter)
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

func (o *fixture) commit(c entitlement.Change) {
	o.Helper()
	if err := o.db.Commit(context.Background(), c); err != nil {
		o.Fatal(err)
	}
}

// person makes a member of 20 groups.
func (o *fixture) person() entitlement.User {
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
func (o *fixture) costs(what string, want cost, step func(context.Context) error) {
	o.Helper()
	o.costsWithin(what, want, 0, step)
}

// costsWithin is costs where chance decides how what is read is parted, so that its rounding may
// differ by that many read units.
func (o *fixture) costsWithin(what string, want cost, rounding float64, step func(context.Context) error) {
	o.Helper()
	o.meter.Reset()
	if err := step(context.Background()); err != nil {
		o.Fatalf("%s: %v", what, err)
	}
	got := cost{o.meter.Total(), o.meter.ReadUnits, o.meter.WriteUnits}
	o.Logf("%-32s %d calls %6.1f R %5.1f W", what, got.calls, got.read, got.write)
	if rounded := math.Abs(got.read-want.read) <= rounding; got.calls != want.calls || got.write != want.write || !rounded {
		o.Errorf("%s: got %d calls, %.1f R, %.1f W, want %d, %.1f, %.1f (%v)", what, got.calls, got.read, got.write, want.calls, want.read, want.write, o.meter.Calls)
	}
}

// costsCommit is costs for a change.
func (o *fixture) costsCommit(what string, want cost, c entitlement.Change) {
	o.Helper()
	o.costs(what, want, func(ctx context.Context) error { return o.db.Commit(ctx, c) })
}

// ask reads and decides a new request through the policy.
func (o *fixture) ask(u entitlement.User, policy entitlement.PolicyID, want cost) (entitlement.AssignmentRequest, entitlement.Change) {
	o.Helper()
	var ask entitlement.SubmitInputs
	o.costs("ask", want, func(ctx context.Context) (err error) {
		ask, err = o.db.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: u.ID, Subject: u.ID, Package: o.pkg.ID, Policy: policy})
		return err
	})
	r, c, err := entitlement.Submit(entitlement.NewRequest{ID: newID[entitlement.RequestID](), Type: entitlement.UserAdd, Policy: policy,
		Justification: strings.Repeat("because ", 22)[:175], Command: newID[string](), Fingerprint: o.fingerprint, NewID: newID[string]}, ask, start2026)
	if err != nil {
		o.Fatal(err)
	}
	r.Version = 1
	return r, c
}

// decide reads and decides the running stage; last where it is the last one.
func (o *fixture) decide(r entitlement.AssignmentRequest, approved, last bool) (entitlement.AssignmentRequest, entitlement.Change) {
	o.Helper()
	o.now = o.now.Add(time.Hour)
	var evaluate entitlement.User
	var s entitlement.StartInputs
	o.costs("review", costReview, func(ctx context.Context) (err error) {
		evaluate, r, err = o.db.Review(ctx, o.judges[r.Stage].ID, r.ID)
		return err
	})
	switch {
	case last:
		o.costs("start", costStartInputs, func(ctx context.Context) (err error) {
			s, err = o.db.StartInputs(ctx, r)
			return err
		})
	case !approved:
		o.costs("slot", costAssignmentSlot, func(ctx context.Context) (err error) {
			s.Slot, err = o.db.AssignmentSlot(ctx, r.Package, r.Subject)
			return err
		})
	}
	r, c, err := entitlement.Decide(r, entitlement.DecisionInput{Stage: r.Stages[r.Stage].ID, Approved: approved, Justification: "fine", Command: newID[string]()}, evaluate, s, o.now)
	if err != nil {
		o.Fatal(err)
	}
	r.Version++
	return r, c
}
