package catalogs_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// impact is two packages that give one role, and a role that none gives yet.
type impact struct {
	*fixture
	catalog     entitlement.Catalog
	first, also entitlement.AccessPackage
	shared      entitlement.ResourceRoleScope // of both packages
	fresh       catalogs.RoleChange           // of a role that no package gives
	gone        catalogs.RoleChange           // of the shared role, from the first
}

func newImpact(t *testing.T) *impact {
	w := &impact{fixture: newFixture(t)}
	w.catalog = w.fixture.catalog()
	w.first, w.also = w.pack(w.catalog), w.pack(w.catalog)
	w.policy(w.first)
	w.policy(w.also)
	r := must[entitlement.Resource](t)(w.AddResource(t.Context(), by, w.catalog.ID, entitlement.BuiltinConnector, entitlement.OriginAadGroup, "g"))
	other := must[entitlement.Resource](t)(w.AddResource(t.Context(), by, w.catalog.ID, entitlement.BuiltinConnector, entitlement.OriginAadGroup, "h"))
	w.shared = must[entitlement.ResourceRoleScope](t)(w.AddScope(t.Context(), by, w.first.ID, r, "Member_g"))
	r = must[entitlement.Resource](t)(w.store.Resource(t.Context(), w.catalog.ID, r.ID))
	must[entitlement.ResourceRoleScope](t)(w.AddScope(t.Context(), by, w.also.ID, r, "Member_g"))
	w.fresh = catalogs.RoleChange{Package: w.first.ID, Resource: other.ID, Role: "Member_h"}
	w.gone = catalogs.RoleChange{Package: w.first.ID, Remove: w.shared.ID}
	return w
}

// give makes a person hold a package, as the requests do it: an edit that watches is let know.
func (w *impact) give(p entitlement.AccessPackage, u entitlement.UserID) {
	w.t.Helper()
	ctx := w.t.Context()
	for range 2 {
		ask := must[entitlement.SubmitInputs](w.t)(w.store.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: u, Subject: u, Package: p.ID}))
		_, c, err := entitlement.Submit(entitlement.NewRequest{ID: entitlement.RequestID(w.clock.New()), Type: entitlement.UserAdd, NewID: w.clock.New}, ask, w.clock.Now())
		if err != nil {
			w.t.Fatal(err)
		}
		if err = w.store.Commit(ctx, c); err == nil {
			return
		}
		if entitlement.StalePart(err) != entitlement.PartDeletionGuard {
			w.t.Fatal(err)
		}
		if err := w.store.Commit(ctx, entitlement.Change{Watches: []entitlement.EditWatch{{Package: p.ID, Step: entitlement.WatchLifted, Subject: u}}}); err != nil {
			w.t.Fatal(err)
		}
	}
	w.t.Fatal("a request did not get past an edit that watches")
}

func (w *impact) end(p entitlement.AccessPackage, u entitlement.UserID) {
	w.t.Helper()
	slot := must[entitlement.AssignmentSlot](w.t)(w.store.AssignmentSlot(w.t.Context(), p.ID, u))
	_, c, err := entitlement.Remove(entitlement.Removal{ID: entitlement.RequestID(w.clock.New()), Type: entitlement.AdminRemove, Requestor: "owner"}, slot, nil, w.clock.Now())
	if err == nil {
		err = w.store.Commit(w.t.Context(), c)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *impact) preview(c catalogs.RoleChange) catalogs.Impact {
	w.t.Helper()
	return must[catalogs.Impact](w.t)(w.PreviewRoles(w.t.Context(), by, c, nil))
}

// gives are the roles that a package has.
func (w *impact) gives(p entitlement.AccessPackage) int {
	w.t.Helper()
	return len(must[entitlement.PackageScopes](w.t)(w.store.Scopes(w.t.Context(), p.ID)).List)
}

// meanwhile does something once, before the commit of a change of roles.
func (w *impact) meanwhile(do func()) {
	done := false
	w.Store = deciding{w.store, func(c entitlement.Change) {
		if len(c.Scopes) > 0 && !done {
			done = true
			do()
		}
	}}
}

type deciding struct {
	*dynamotest.Store
	before func(c entitlement.Change)
}

func (d deciding) Commit(ctx context.Context, c entitlement.Change) error {
	d.before(c)
	return d.Store.Commit(ctx, c)
}

func TestA4_AnEditSaysWhoGainsWhoLosesAndWhoKeepsAndWhy(t *testing.T) {
	w := newImpact(t)
	alone, both := w.holder(w.first).Subject, w.holder(w.first).Subject
	w.give(w.also, both)

	found := w.preview(w.gone)
	want := []entitlement.Affected{{Subject: alone, Effect: entitlement.Loses}, {Subject: both, Effect: entitlement.Keeps, Because: []entitlement.Reason{{Package: w.also.ID}}}}
	slices.SortFunc(want, func(a, b entitlement.Affected) int { return compare(a.Subject, b.Subject) })
	if fmt.Sprint(found.People) != fmt.Sprint(want) || found.Totals.Holders != 2 || found.Totals.Loses != 1 || found.Totals.Keeps != 1 {
		t.Errorf("got %v, want %v", found.People, want)
	}
	if added := w.preview(w.fresh); added.Totals.Gains != 2 || added.Hash() == found.Hash() {
		t.Errorf("of a role that nobody has %d gain", added.Totals.Gains)
	}
	if w.gives(w.first) != 1 {
		t.Error("a preview changed something")
	}
}

func compare(a, b entitlement.UserID) int {
	if a < b {
		return -1
	}
	return 1
}

func TestA4_WhatWasAgreedToIsApplied_AndNothingElse(t *testing.T) {
	w := newImpact(t)
	one := w.holder(w.first).Subject
	seen := w.preview(w.gone)

	two := w.holder(w.first).Subject
	_, err := w.ApplyRoles(t.Context(), by, w.gone, seen.Hash())
	w.kind(err, entitlement.Conflict, "2 would lose now")
	if entitlement.CodeOf(err) != catalogs.CodeImpactMoved || w.gives(w.first) != 1 {
		t.Errorf("a plan was applied that somebody had come to since: %v", err)
	}
	now := w.preview(w.gone)
	came, went := entitlement.SeenDifference(entitlement.UnpackSeen(entitlement.PackSeen(seen.Seen())), now.Seen())
	if len(came) != 1 || came[0].Subject != two || len(went) != 0 {
		t.Errorf("the difference is %v, %v", came, went)
	}

	w.end(w.first, one)
	if _, err = w.ApplyRoles(t.Context(), by, w.gone, now.Hash()); entitlement.CodeOf(err) != catalogs.CodeImpactMoved {
		t.Errorf("a plan was applied that somebody had left since: %v", err)
	}
	if _, err = w.ApplyRoles(t.Context(), by, w.gone, w.preview(w.gone).Hash()); err != nil || w.gives(w.first) != 0 {
		t.Errorf("what was agreed to was not applied: %v", err)
	}
}

// Between the last look and the commit the world moves: each of the moves is met by a condition
// of the transaction.
func TestA4_APlanIsNotAppliedWhereAnythingMovesWhileItIsCommitted(t *testing.T) {
	for name, move := range map[string]func(w *impact, alone, both, asked entitlement.UserID){
		"somebody comes out of nothing":   func(w *impact, _, _, _ entitlement.UserID) { w.holder2(w.first) },
		"a holder ends":                   func(w *impact, alone, _, _ entitlement.UserID) { w.end(w.first, alone) },
		"another package ends":            func(w *impact, _, both, _ entitlement.UserID) { w.end(w.also, both) },
		"another package begins":          func(w *impact, alone, _, _ entitlement.UserID) { w.give(w.also, alone) },
		"another package loses the role":  func(w *impact, _, _, _ entitlement.UserID) { w.lose(w.also) },
		"a request is approved meanwhile": func(w *impact, _, _, asked entitlement.UserID) { w.approve(w.first, asked) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newImpact(t)
			alone, both := w.holder(w.first).Subject, w.holder(w.first).Subject
			w.give(w.also, both)
			asked := w.asks(w.first)
			seen := w.preview(w.gone)
			w.meanwhile(func() { move(w, alone, both, asked) })
			if _, err := w.ApplyRoles(t.Context(), by, w.gone, seen.Hash()); entitlement.CodeOf(err) != catalogs.CodeImpactMoved || w.gives(w.first) != 1 {
				t.Errorf("the plan was applied: %v", err)
			}
		})
	}
}

func (w *impact) holder2(p entitlement.AccessPackage) {
	w.t.Helper()
	u := entitlement.UserID(w.people(1)[0])
	user := must[entitlement.User](w.t)(w.store.User(w.t.Context(), u))
	user.Type = entitlement.Member
	if err := w.store.Commit(w.t.Context(), entitlement.Change{Users: []entitlement.User{user}}); err != nil {
		w.t.Fatal(err)
	}
	w.give(p, u)
}

// lose takes the shared role out of a package.
func (w *impact) lose(p entitlement.AccessPackage) {
	w.t.Helper()
	ctx := w.t.Context()
	scopes := must[entitlement.PackageScopes](w.t)(w.store.Scopes(ctx, p.ID))
	if err := w.store.Commit(ctx, entitlement.Change{Scopes: []entitlement.PackageScopes{scopes.Without(0, w.clock.Now())}}); err != nil {
		w.t.Fatal(err)
	}
}

// asks leaves somebody's request for a package open.
func (w *impact) asks(p entitlement.AccessPackage) entitlement.UserID {
	w.t.Helper()
	u := entitlement.UserID(w.clock.New())
	if err := w.store.Commit(w.t.Context(), entitlement.Change{Users: []entitlement.User{{ID: u, Type: entitlement.Member, UserPrincipalName: string(u), Enabled: true}},
		Slots: []entitlement.AssignmentSlot{{Package: p.ID, Subject: u, Open: entitlement.RequestID(w.clock.New())}}}); err != nil {
		w.t.Fatal(err)
	}
	return u
}

// approve makes somebody who asked hold the package.
func (w *impact) approve(p entitlement.AccessPackage, u entitlement.UserID) {
	w.t.Helper()
	slot := must[entitlement.AssignmentSlot](w.t)(w.store.AssignmentSlot(w.t.Context(), p.ID, u))
	id := entitlement.AssignmentID(slot.Open)
	slot.Open, slot.Assignment = "", &entitlement.Assignment{ID: id, Package: p.ID, Subject: u, Target: entitlement.TargetPresent, State: entitlement.AssignmentDelivering}
	update := entitlement.SubjectUpdate{Subject: u, Add: entitlement.Waiting{Package: p.ID, Assignment: id}, CheckAfter: w.clock.Now()}
	if err := w.store.Commit(w.t.Context(), entitlement.Change{Slots: []entitlement.AssignmentSlot{slot}, SubjectUpdates: []entitlement.SubjectUpdate{update}}); err != nil {
		w.t.Fatal(err)
	}
}

// above sets the limit of the catalog.
func (w *impact) above(l entitlement.ImpactLimit) {
	w.t.Helper()
	must[entitlement.Catalog](w.t)(w.UpdateImpactLimit(w.t.Context(), by, w.catalog.ID, l))
}

func (w *impact) waits() []entitlement.ImpactChange {
	w.t.Helper()
	return must[[]entitlement.ImpactChange](w.t)(w.ImpactChanges(w.t.Context(), by.Caller, w.catalog.ID))
}

func TestT26_AboveTheLimitOfTheCatalogASecondPersonAgrees(t *testing.T) {
	w := newImpact(t)
	w.holder(w.first)
	w.above(entitlement.ImpactLimit{People: 1})
	if err := w.RemoveScope(t.Context(), by, w.also.ID, w.shared.ID); err != nil {
		t.Fatalf("below the limit it is refused: %v", err)
	}

	w.holder(w.first)
	w.kind(w.RemoveScope(t.Context(), by, w.first.ID, w.shared.ID), entitlement.Conflict, "needs a second person")
	w.kind(w.RemoveScope(t.Context(), by, w.first.ID, w.shared.ID), entitlement.Conflict, "needs a second person") // the same waits
	_, err := w.ApplyRoles(t.Context(), by, w.gone, w.preview(w.gone).Hash())
	w.kind(err, entitlement.Conflict, "needs a second person")
	all := w.waits()
	if len(all) != 1 || all[0].Proposer != by.ID || all[0].Loses != 2 || w.gives(w.first) != 1 {
		t.Fatalf("%v wait, and the package gives %d roles", all, w.gives(w.first))
	}

	second := administrator("second", "agree")
	w.kind(w.AgreeToChange(t.Context(), by, w.catalog.ID, all[0].ID, all[0].Hash), entitlement.Forbidden, "yourself")
	w.kind(w.AgreeToChange(t.Context(), second, w.catalog.ID, all[0].ID, "another"), entitlement.Conflict, "another one by now")
	other := w.fixture.catalog()
	w.kind(w.AgreeToChange(t.Context(), second, other.ID, all[0].ID, all[0].Hash), entitlement.NotFound, "")

	if err := w.AgreeToChange(t.Context(), second, w.catalog.ID, all[0].ID, all[0].Hash); err != nil || w.gives(w.first) != 0 || len(w.waits()) != 0 {
		t.Fatalf("agreed to it is not made: %v", err)
	}
	events := must[entitlement.Paged[entitlement.Event]](t)(w.store.ListEvents(t.Context(), entitlement.OfPackage, string(w.first.ID), entitlement.Page{})).Items
	if last := events[len(events)-1]; last.Kind != "roleRemoved" || last.Actor != "second" || last.Data["proposer"] != string(by.ID) || last.Data["loses"] != "2" {
		t.Errorf("the event is %+v", last)
	}
}

func TestT26_WhatMovedSinceItWasProposedIsNotMade(t *testing.T) {
	w := newImpact(t)
	w.holder(w.first)
	w.holder(w.first)
	w.above(entitlement.ImpactLimit{Percent: 50})
	w.kind(w.RemoveScope(t.Context(), by, w.first.ID, w.shared.ID), entitlement.Conflict, "2 lose")
	c := w.waits()[0]
	w.holder(w.first)

	second := administrator("second", "agree")
	w.kind(w.AgreeToChange(t.Context(), second, w.catalog.ID, c.ID, c.Hash), entitlement.Conflict, "3 would lose now")
	// The second proposes it as it is now, and the first agrees.
	w.kind(w.RemoveScope(t.Context(), second, w.first.ID, w.shared.ID), entitlement.Conflict, "3 lose")
	c = w.waits()[0]
	if err := w.AgreeToChange(t.Context(), by, w.catalog.ID, c.ID, c.Hash); err != nil || w.gives(w.first) != 0 {
		t.Errorf("agreed to it is not made: %v", err)
	}
}

func TestT26_AChangeIsRejected_OrOverAfterAWeek(t *testing.T) {
	w := newImpact(t)
	w.holder(w.first)
	w.holder(w.first)
	w.above(entitlement.ImpactLimit{People: 1})
	second := administrator("second", "agree")

	w.kind(w.RemoveScope(t.Context(), by, w.first.ID, w.shared.ID), entitlement.Conflict, "second person")
	c := w.waits()[0]
	if err := w.RejectChange(t.Context(), second, w.catalog.ID, c.ID); err != nil {
		t.Fatal(err)
	}
	w.kind(w.AgreeToChange(t.Context(), second, w.catalog.ID, c.ID, c.Hash), entitlement.NotFound, "")

	w.kind(w.RemoveScope(t.Context(), by, w.first.ID, w.shared.ID), entitlement.Conflict, "second person")
	w.clock.Advance(entitlement.ChangeLasts)
	w.kind(w.AgreeToChange(t.Context(), second, w.catalog.ID, c.ID, c.Hash), entitlement.NotFound, "")
	if len(w.waits()) != 0 || w.gives(w.first) != 1 {
		t.Error("a change waits for longer than a week")
	}
	w.kind(w.RemoveScope(t.Context(), second, w.first.ID, w.shared.ID), entitlement.Conflict, "second person") // anew, by another
	if all := w.waits(); len(all) != 1 || all[0].Proposer != "second" {
		t.Errorf("%v wait", all)
	}
}

func TestA4_APolicyThatIsLoosenedWaitsForASecondPersonWhereTheCatalogSaysSo(t *testing.T) {
	w := newImpact(t)
	p := w.policy(w.first)
	w.above(entitlement.ImpactLimit{Loosening: true})
	stricter := p
	stricter.Scope = entitlement.ScopeNobody
	stricter = must[entitlement.AssignmentPolicy](t)(w.ReplacePolicy(t.Context(), by, stricter))

	looser := stricter
	looser.Scope = entitlement.ScopeAllMembers
	_, err := w.ReplacePolicy(t.Context(), by, looser)
	w.kind(err, entitlement.Conflict, "loosens the policy")
	c, second := w.waits()[0], administrator("second", "agree")
	w.kind(w.AgreeToChange(t.Context(), by, w.catalog.ID, c.ID, c.Hash), entitlement.Forbidden, "yourself")
	if kept := must[entitlement.AssignmentPolicy](t)(w.store.Policy(t.Context(), p.ID)); kept.Scope != entitlement.ScopeNobody {
		t.Fatal("it was loosened by one person")
	}
	if err := w.AgreeToChange(t.Context(), second, w.catalog.ID, c.ID, c.Hash); err != nil || len(w.waits()) != 0 {
		t.Fatalf("agreed to it is not saved: %v", err)
	}
	kept := must[entitlement.AssignmentPolicy](t)(w.store.Policy(t.Context(), p.ID))
	events := must[entitlement.Paged[entitlement.Event]](t)(w.store.ListEvents(t.Context(), entitlement.OfPolicy, string(p.ID), entitlement.Page{})).Items
	if last := events[len(events)-1]; kept.Scope != entitlement.ScopeAllMembers || last.Kind != entitlement.EventLoosened || last.Actor != "second" || last.Data["proposer"] != string(by.ID) {
		t.Errorf("it is %s, by %+v", kept.Scope, last)
	}

	// What was proposed of another version of the policy is not saved.
	wider := kept
	wider.Scope = entitlement.ScopeAllUsers
	_, err = w.ReplacePolicy(t.Context(), by, wider)
	w.kind(err, entitlement.Conflict, "second person")
	c = w.waits()[0]
	stricter = must[entitlement.AssignmentPolicy](t)(w.ReplacePolicy(t.Context(), by, stricter)) // needs nobody else
	w.kind(w.AgreeToChange(t.Context(), second, w.catalog.ID, c.ID, c.Hash), entitlement.Conflict, "another one by now")

	// A policy without approval beside others is one that loosens too.
	fresh := entitlement.AssignmentPolicy{Package: w.first.ID, DisplayName: "Beside", Scope: entitlement.ScopeAllMembers, Requestor: entitlement.RequestorSettings{SelfAdd: true}}
	_, err = w.CreatePolicy(t.Context(), by, fresh)
	w.kind(err, entitlement.Conflict, "second person")
	for _, c := range w.waits() {
		if c.Changed[0].Property == "displayName" {
			if err := w.AgreeToChange(t.Context(), second, w.catalog.ID, c.ID, c.Hash); err != nil {
				t.Errorf("agreed to it is not made: %v", err)
			}
		}
	}
	if pkg := must[entitlement.AccessPackage](t)(w.store.Package(t.Context(), w.first.ID)); len(pkg.Policies) != 3 {
		t.Errorf("the package has %d policies, want 3", len(pkg.Policies))
	}
}

func TestT26_OnlyAnAdministratorLoosensALimit(t *testing.T) {
	w := newImpact(t)
	u := entitlement.UserID(w.people(1)[0])
	w.owns(w.catalog, string(u))
	user := must[entitlement.User](t)(w.store.User(t.Context(), u))
	owner := authz.Command{Caller: authz.Caller{ID: u, Scopes: authz.Every}, CommandID: "call"}.As(user)

	set := func(who authz.Command, l entitlement.ImpactLimit) error {
		_, err := w.UpdateImpactLimit(t.Context(), who, w.catalog.ID, l)
		return err
	}
	if err := set(owner, entitlement.ImpactLimit{People: 10, Loosening: true}); err != nil {
		t.Fatalf("an owner makes it stricter: %v", err)
	}
	for _, l := range []entitlement.ImpactLimit{{}, {People: 11, Loosening: true}, {People: 10}, {Percent: 5, Loosening: true}} {
		w.kind(set(owner, l), entitlement.Forbidden, "administrator")
	}
	if err := set(owner, entitlement.ImpactLimit{People: 9, Percent: 5, Loosening: true}); err != nil {
		t.Errorf("an owner makes it stricter: %v", err)
	}
	w.kind(set(by, entitlement.ImpactLimit{Percent: 101}), entitlement.Invalid, "percent")
	if err := set(by, entitlement.ImpactLimit{}); err != nil {
		t.Errorf("an administrator lifts it: %v", err)
	}
}

// Whoever looks at what a change does must be allowed to see who holds the package; and of the
// packages by which people keep a role they are told those that they may see.
func TestT14_APreviewShowsNobodyWhatTheyMustNotSee(t *testing.T) {
	w := newImpact(t)
	elsewhere := w.fixture.catalog()
	hidden := w.pack(elsewhere)
	w.policy(hidden)
	r := must[entitlement.Resource](t)(w.AddResource(t.Context(), by, elsewhere.ID, entitlement.BuiltinConnector, entitlement.OriginAadGroup, "g"))
	must[entitlement.ResourceRoleScope](t)(w.AddScope(t.Context(), by, hidden.ID, r, "Member_g"))
	both := w.holder(w.first).Subject
	w.give(hidden, both)

	who := w.people(2)
	w.owns(w.catalog, who[0])
	of := func(id string) authz.Command {
		u := must[entitlement.User](t)(w.store.User(t.Context(), entitlement.UserID(id)))
		return authz.Command{Caller: authz.Caller{ID: u.ID, Scopes: authz.Every}, CommandID: "call"}.As(u)
	}
	_, err := w.PreviewRoles(t.Context(), of(who[1]), w.gone, nil)
	w.kind(err, entitlement.Forbidden, "")

	found := must[catalogs.Impact](t)(w.PreviewRoles(t.Context(), of(who[0]), w.gone, nil))
	reasons := catalogs.ReasonPackages(found.People)
	if found.Totals.Keeps != 1 || len(reasons) != 1 || reasons[0] != hidden.ID {
		t.Fatalf("kept by %v", reasons)
	}
	if named := must[[]entitlement.AccessPackage](t)(w.PackagesNamed(t.Context(), of(who[0]).Caller, reasons)); len(named) != 0 {
		t.Errorf("the owner of another catalog is told of %v", named)
	}
}
