package catalogs_test

import (
	"testing"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// A package that moves gives its name back where it was, and takes it where it comes: it
// cannot come beside one of its name.
func TestR28_APackageTakesItsNameAlong(t *testing.T) {
	w := newFixture(t)
	here, there := w.catalog(), w.catalog()
	named := func(name string, in entitlement.Catalog) (entitlement.AccessPackage, error) {
		return w.CreatePackage(t.Context(), by, entitlement.AccessPackage{DisplayName: name, Catalog: in.ID})
	}
	moves := must[entitlement.AccessPackage](t)(named("Tools", here))
	other := must[entitlement.AccessPackage](t)(named("TOOLS", there))

	if err := w.MovePackage(t.Context(), by, moves.ID, there.ID); entitlement.KindOf(err) != entitlement.Conflict || entitlement.CodeOf(err) != entitlement.CodeNameTaken {
		t.Errorf("it came beside one of its name: %v", err)
	}
	if err := w.DeletePackage(t.Context(), by, other.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.MovePackage(t.Context(), by, moves.ID, there.ID); err != nil {
		t.Fatal(err)
	}

	if _, err := named("tools", there); entitlement.CodeOf(err) != entitlement.CodeNameTaken {
		t.Errorf("another one of its name came to where it is: %v", err)
	}
	if _, err := named("tools", here); err != nil {
		t.Errorf("its name was not given back where it was: %v", err)
	}
	if err := w.DeletePackage(t.Context(), by, moves.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := named("tools", there); err != nil {
		t.Errorf("its name was not given back where it was deleted: %v", err)
	}
}

// Who deletes by a role closes first what is deleted, and opens it again where it cannot be:
// each of these events says by which policy it was allowed, as the last one does.
func TestS10_TheEventsOfADeletionSayByWhichPolicyItWasAllowed(t *testing.T) {
	w := newFixture(t)
	c, who := w.catalog(), entitlement.UserID(w.people(1)[0])
	w.owns(c, string(who))
	owner := authz.Command{Caller: authz.Caller{ID: who, Scopes: authz.Every}, CommandID: "owner's"}.As(entitlement.User{ID: who, Enabled: true})
	p := must[entitlement.AccessPackage](t)(w.CreatePackage(t.Context(), owner, entitlement.AccessPackage{DisplayName: "P", Catalog: c.ID}))
	policy := must[entitlement.AssignmentPolicy](t)(w.CreatePolicy(t.Context(), owner, entitlement.AssignmentPolicy{DisplayName: "T", Package: p.ID, Scope: entitlement.ScopeNobody, Expiration: entitlement.Expiration{Type: entitlement.ExpireNever}}))

	if err := w.DeletePolicy(t.Context(), owner, policy.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.DeletePackage(t.Context(), owner, p.ID); err != nil {
		t.Fatal(err)
	}
	for of, id := range map[entitlement.AggregateKind]string{entitlement.OfPackage: string(p.ID), entitlement.OfPolicy: string(policy.ID)} {
		events, err := w.store.Events(t.Context(), of, id)
		if err != nil || len(events) < 3 {
			t.Fatalf("events of the %s: %v, %v", of, events, err)
		}
		for _, e := range events {
			if e.AllowedBy != "catalog owner" {
				t.Errorf("%s of the %s was allowed by %q", e.Kind, of, e.AllowedBy)
			}
		}
	}
}
