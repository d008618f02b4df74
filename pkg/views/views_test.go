package views_test

import (
	"context"
	"testing"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

var (
	person        = entitlement.User{ID: "00000000-0000-4000-8000-00000000a001", DisplayName: "Ann", UserPrincipalName: "ann", Type: entitlement.Member, Enabled: true}
	administrator = entitlement.User{ID: "00000000-0000-4000-8000-00000000a002", DisplayName: "Bea", UserPrincipalName: "bea", Type: entitlement.Member, Enabled: true,
		Groups: []entitlement.GroupID{entitlement.AdministratorsGroup}}
	board  = entitlement.Group{ID: "00000000-0000-4000-8000-00000000b001", DisplayName: "Board"}
	staff  = entitlement.Catalog{ID: "00000000-0000-4000-8000-00000000c001", DisplayName: "Staff", Published: true}
	laptop = entitlement.AccessPackage{ID: "00000000-0000-4000-8000-00000000d001", DisplayName: "Laptop", Catalog: staff.ID, Policies: []entitlement.PolicyID{terms.ID, "00000000-0000-4000-8000-00000000e0ff"}}
	terms  = entitlement.AssignmentPolicy{ID: "00000000-0000-4000-8000-00000000e001", DisplayName: "Terms", Package: "00000000-0000-4000-8000-00000000d001", Catalog: staff.ID, Scope: entitlement.ScopeAllMembers}
)

// reader is over a store that holds all of these, and counts what is read of it.
func reader(t *testing.T) (*views.Reader, func() int) {
	t.Helper()
	store, meter := dynamotest.Metered()
	u := administrator
	u.Groups = nil
	for _, c := range []entitlement.Change{
		{Groups: []entitlement.Group{board}}, {Users: []entitlement.User{person}}, {Users: []entitlement.User{u}}, {Catalogs: []entitlement.Catalog{staff}},
		{Packages: []entitlement.AccessPackage{laptop}}, {Policies: []entitlement.AssignmentPolicy{terms}},
	} {
		if err := store.Commit(context.Background(), c); err != nil {
			t.Fatal(err)
		}
	}
	meter.Reset()
	return &views.Reader{Store: store}, meter.Total
}

func calling(u entitlement.User) authz.Caller {
	return authz.Caller{ID: u.ID, Scopes: authz.Every}.As(u)
}

// ask is a request of the administrator for Ann, that asks the board, somebody who is gone, and Ann's manager.
func ask() entitlement.AssignmentRequest {
	asked := []entitlement.SubjectSet{{Kind: entitlement.GroupMembers, ID: string(board.ID)}, {Kind: entitlement.SingleUser, ID: string(administrator.ID)},
		{Kind: entitlement.SingleUser, ID: "00000000-0000-4000-8000-00000000a0ff"}, {Kind: entitlement.RequestorManager}}
	return entitlement.AssignmentRequest{ID: "00000000-0000-4000-8000-00000000f001", Type: entitlement.AdminAdd, Package: laptop.ID, Policy: terms.ID, Assignment: "00000000-0000-4000-8000-00000000f001",
		Requestor: administrator.ID, Subject: person.ID, Start: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Stages: []entitlement.Stage{{Approvers: asked}}}
}

func TestARequestHasTheNamesOfAllThatItNames(t *testing.T) {
	r, calls := reader(t)
	of := views.OfRequests([]entitlement.AssignmentRequest{ask(), ask()})
	w := views.With{views.JoinPackage: {views.JoinCatalog: nil}, views.JoinRequestor: nil, views.JoinPeople: nil, views.JoinApprovers: nil,
		views.JoinAssignment: {views.JoinPackage: nil, views.JoinPolicy: nil, views.JoinTarget: nil}}
	if err := r.Requests(t.Context(), calling(administrator), of, w); err != nil {
		t.Fatal(err)
	}
	for _, v := range of {
		if v.Subject.DisplayName != "Ann" || v.Requestor.DisplayName != "Ann" || v.CreatedBy.DisplayName != "Bea" || v.Package.DisplayName != "Laptop" || v.Package.Catalog.DisplayName != "Staff" {
			t.Errorf("got %+v", v)
		}
		var names []string
		for _, a := range v.Approvers {
			names = append(names, a.Name)
		}
		if len(names) != 4 || names[0] != "Board" || names[1] != "Bea" || names[2] != "" || names[3] != "" {
			t.Errorf("approvers %q", names)
		}
		if a := v.Assignment; a.RequestedBy == nil || a.Policy.DisplayName != "Terms" || a.Subject.DisplayName != "Ann" || a.Package.DisplayName != "Laptop" {
			t.Errorf("assignment %+v", v.Assignment)
		}
	}
	if got := calls(); got != 10 {
		t.Errorf("%d calls of the table for two requests, want 10: one for each sort of a level, never one for each request", got)
	}
}

// What is not open to everybody who may see a view is not joined for them, and nothing but
// their roles is read first, once for each call that was refused, and in which catalog a role
// would open it.
func TestAJoinNeedsTheRightToReadWhatItJoins(t *testing.T) {
	r, calls := reader(t)
	of := views.OfRequests([]entitlement.AssignmentRequest{ask()})
	for _, w := range []views.With{
		{views.JoinAssignment: {views.JoinPolicy: nil}}, {views.JoinPackage: {views.JoinPolicies: nil}}, {views.JoinPackage: {views.JoinCatalog: {views.JoinResources: nil}}},
		{views.JoinPackage: {views.JoinIncompatibleGroups: nil}}, {views.JoinPackage: {views.JoinRoleScopes: {views.JoinRole: {views.JoinResource: {views.JoinEnvironment: nil}}}}},
	} {
		if err := r.Requests(t.Context(), calling(person), of, w); entitlement.KindOf(err) != entitlement.Forbidden {
			t.Errorf("%v: %v", w, err)
		}
	}
	if got := calls(); got > 5*3 {
		t.Errorf("%d calls of the table for five calls that were refused, want three for each at most", got)
	}
	if err := r.Requests(t.Context(), calling(person), of, views.With{views.JoinPackage: {views.JoinCatalog: nil}}); err != nil {
		t.Error(err)
	}
}

func TestAPackageHasWhatIsThereOfWhatItNames(t *testing.T) {
	r, _ := reader(t)
	of := views.OfPackages([]entitlement.AccessPackage{laptop})
	w := views.With{views.JoinPolicies: {views.JoinPackage: nil}, views.JoinRoleScopes: nil, views.JoinIncompatible: nil}
	if err := r.Packages(t.Context(), calling(administrator), of, w); err != nil {
		t.Fatal(err)
	}
	p := of[0]
	if len(p.Policies) != 1 || p.Policies[0].Package.DisplayName != "Laptop" || p.RoleScopes == nil || len(p.RoleScopes) != 0 || p.Incompatible == nil || p.Catalog != nil {
		t.Errorf("got %+v", p)
	}
}
