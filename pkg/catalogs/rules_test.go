package catalogs_test

import (
	"testing"

	"leasehold/pkg/entitlement"
)

// asker has a new person ask for the package through the policy, which somebody approves.
func (w *fixture) asker(p entitlement.AccessPackage, policy entitlement.AssignmentPolicy) {
	w.t.Helper()
	u := entitlement.UserID(w.clock.New())
	if err := w.store.Commit(w.t.Context(), entitlement.Change{Users: []entitlement.User{{ID: u, Type: entitlement.Member, DisplayName: "U", UserPrincipalName: string(u), Enabled: true}}}); err != nil {
		w.t.Fatal(err)
	}
	ask := must[entitlement.SubmitInputs](w.t)(w.store.SubmitInputs(w.t.Context(), entitlement.SubmitKeys{Requestor: u, Subject: u, Package: p.ID, Policy: policy.ID}))
	r, c, err := entitlement.Submit(entitlement.NewRequest{ID: entitlement.RequestID(w.clock.New()), Type: entitlement.UserAdd, Policy: policy.ID, NewID: w.clock.New}, ask, w.clock.Now())
	if err == nil {
		err = w.store.Commit(w.t.Context(), c)
	}
	if err != nil || r.State != entitlement.RequestPendingApproval {
		w.t.Fatalf("%s, %v", r.State, err)
	}
}

// decided is a policy under which somebody approves.
func (w *fixture) decided(p entitlement.AccessPackage) entitlement.AssignmentPolicy {
	w.t.Helper()
	u := entitlement.UserID(w.clock.New())
	if err := w.store.Commit(w.t.Context(), entitlement.Change{Users: []entitlement.User{{ID: u, Type: entitlement.Member, DisplayName: "A", UserPrincipalName: string(u), Enabled: true}}}); err != nil {
		w.t.Fatal(err)
	}
	return must[entitlement.AssignmentPolicy](w.t)(w.CreatePolicy(w.t.Context(), by, entitlement.AssignmentPolicy{Package: p.ID, DisplayName: "Approved",
		Scope: entitlement.ScopeAllMembers, Requestor: entitlement.RequestorSettings{SelfAdd: true}, Approval: entitlement.ApprovalSettings{RequiredForAdd: true,
			Stages: []entitlement.ApprovalStage{{Primary: []entitlement.SubjectSet{{Kind: entitlement.SingleUser, ID: string(u)}}}}}}))
}

func TestR22_APackageBelongsToTheCatalogItWasMadeIn(t *testing.T) {
	w := newFixture(t)
	c := w.catalog()
	for name, id := range map[string]entitlement.CatalogID{"none": "", "an unknown one": entitlement.CatalogID(w.clock.New())} {
		_, err := w.CreatePackage(t.Context(), by, entitlement.AccessPackage{Catalog: id, DisplayName: "P"})
		if entitlement.KindOf(err) != entitlement.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := w.pack(c)
	if got := must[entitlement.AccessPackage](t)(w.store.Package(t.Context(), p.ID)); got.Catalog != c.ID {
		t.Errorf("it belongs to %q", got.Catalog)
	}
}

func TestR29_APackageMayHaveNoPolicyOrSeveral(t *testing.T) {
	w := newFixture(t)
	p := w.pack(w.catalog())
	for n := range 3 {
		if got := must[entitlement.AccessPackage](t)(w.store.Package(t.Context(), p.ID)); len(got.Policies) != n {
			t.Fatalf("%d policies, want %d", len(got.Policies), n)
		}
		w.policy(p)
	}
}

func TestR88_APolicyIsNotDeletedWhileAnythingStandsUnderIt(t *testing.T) {
	w := newFixture(t)
	p := w.pack(w.catalog())
	first := w.policy(p)
	w.holder(p)
	second, third := w.decided(p), w.policy(p)
	w.asker(p, second)
	w.kind(w.DeletePolicy(t.Context(), by, first.ID), entitlement.Conflict, "1 assignments and 0 open requests")
	w.kind(w.DeletePolicy(t.Context(), by, second.ID), entitlement.Conflict, "0 assignments and 1 open requests")
	if err := w.DeletePolicy(t.Context(), by, third.ID); err != nil {
		t.Errorf("one that nothing stands under: %v", err)
	}
	w.asker(p, second) // the refused ones are open again
}

func TestR89_APolicyIsEditedAtAnyTime(t *testing.T) {
	w := newFixture(t)
	p := w.pack(w.catalog())
	open := w.policy(p)
	w.holder(p)
	approved := w.decided(p)
	w.asker(p, approved)
	for _, policy := range []entitlement.AssignmentPolicy{open, approved} {
		policy.DisplayName, policy.Scope = "Edited "+string(policy.ID), entitlement.ScopeAllUsers
		edited := must[entitlement.AssignmentPolicy](t)(w.ReplacePolicy(t.Context(), by, policy))
		if got := must[entitlement.AssignmentPolicy](t)(w.store.Policy(t.Context(), policy.ID)); got.DisplayName != "Edited "+string(policy.ID) || got.Version != edited.Version {
			t.Errorf("got %+v", got)
		}
	}
}

func TestR124_AnOpenRequestBlocksThePackagesDeletionToo(t *testing.T) {
	w := newFixture(t)
	p := w.pack(w.catalog())
	w.asker(p, w.decided(p))
	w.kind(w.DeletePackage(t.Context(), by, p.ID), entitlement.Conflict, "0 assignments and 1 open requests")
	if got := must[entitlement.AccessPackage](t)(w.store.Package(t.Context(), p.ID)); !got.Deleting.IsZero() {
		t.Error("it stays closed")
	}
}

// An id is good for what it is the id of: a group that a policy names is no user because
// the same policy names it as a group as well.
func TestPolicy_AGroupDoesNotPassForAUser(t *testing.T) {
	w := newFixture(t)
	p := w.pack(w.catalog())
	g, u := entitlement.Group{ID: entitlement.GroupID(w.clock.New()), DisplayName: "G"}, entitlement.User{ID: entitlement.UserID(w.clock.New()), Type: entitlement.Member, DisplayName: "U", UserPrincipalName: "u", Enabled: true}
	w.commit(entitlement.Change{Groups: []entitlement.Group{g}, Users: []entitlement.User{u}})
	asGroup := func(id string) entitlement.SubjectSet {
		return entitlement.SubjectSet{Kind: entitlement.GroupMembers, ID: id}
	}
	asUser := func(id string) entitlement.SubjectSet {
		return entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: id}
	}
	for name, tt := range map[string]struct {
		targets []entitlement.SubjectSet
		good    bool
	}{
		"each as what it is":           {[]entitlement.SubjectSet{asGroup(string(g.ID)), asUser(string(u.ID))}, true},
		"a group, and again as a user": {[]entitlement.SubjectSet{asGroup(string(g.ID)), asUser(string(g.ID))}, false},
		"a user, and again as a group": {[]entitlement.SubjectSet{asUser(string(u.ID)), asGroup(string(u.ID))}, false},
	} {
		_, err := w.CreatePolicy(t.Context(), by, entitlement.AssignmentPolicy{Package: p.ID, DisplayName: "P " + w.clock.New(), Scope: entitlement.ScopeSpecificUsers, Targets: tt.targets})
		if (err == nil) != tt.good || err != nil && entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
