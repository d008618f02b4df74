package catalogs_test

import (
	"context"
	"slices"
	"testing"

	"leasehold/pkg/authz"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// Who may offer and withdraw is decided on the roles as they are: not on an index that may be
// late, nor on what was read before somebody else's change.

// owner makes somebody own a catalog and a group, and returns their commands.
func (w *fixture) owner(c entitlement.Catalog) (authz.Command, entitlement.Group) {
	w.t.Helper()
	who := entitlement.UserID(w.people(1)[0])
	w.owns(c, string(who))
	g := entitlement.Group{ID: entitlement.GroupID(w.clock.New()), DisplayName: "G", Created: w.clock.Now()}
	if err := w.store.Commit(w.t.Context(), entitlement.Change{Groups: []entitlement.Group{g}, Memberships: []entitlement.Membership{{Group: g.ID, User: who, Owner: true}}}); err != nil {
		w.t.Fatal(err)
	}
	return authz.Command{Caller: authz.Caller{ID: who, Scopes: authz.Every}, CommandID: "owner's"}.As(entitlement.User{ID: who, Enabled: true}), g
}

// given gives a group a role in a catalog of its own.
func (w *fixture) given(g entitlement.Group) entitlement.RoleAssignment {
	w.t.Helper()
	return must[entitlement.RoleAssignment](w.t)(w.AssignRole(w.t.Context(), by, entitlement.RoleAssignment{Role: entitlement.CatalogReader, Catalog: w.catalog().ID}, string(g.ID)))
}

// offers is AddResource of a group.
func (w *fixture) offers(as authz.Command, c entitlement.Catalog, g entitlement.Group) (entitlement.Resource, error) {
	return w.AddResource(w.t.Context(), as, c.ID, entitlement.BuiltinConnector, entitlement.OriginAadGroup, string(g.ID))
}

// behind is a fixture whose indexes are never brought up to date.
func behind(t *testing.T) *fixture {
	w := newFixture(t)
	w.store, _ = dynamotest.Behind()
	w.Store = w.store
	return w
}

func TestS17_AGroupThatWasJustGivenARoleIsNeitherOfferedNorWithdrawnByAnOwner(t *testing.T) {
	w := behind(t)
	c := w.catalog()
	owner, g := w.owner(c)
	r := must[entitlement.Resource](t)(w.offers(owner, c, g))

	role := w.given(g)
	w.kind(w.RemoveResource(t.Context(), owner, r), entitlement.Forbidden, "holds delegated roles")
	if err := w.RemoveResource(t.Context(), by, r); err != nil {
		t.Fatalf("by an administrator: %v", err)
	}
	_, err := w.offers(owner, c, g)
	w.kind(err, entitlement.Forbidden, "holds delegated roles")

	if err := w.RemoveRole(t.Context(), by, role.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.offers(owner, c, g); err != nil {
		t.Errorf("a group that holds roles no more: %v", err)
	}
}

func TestS17_AGroupThatIsGivenARoleMeanwhileIsNeitherOfferedNorWithdrawnByAnOwner(t *testing.T) {
	for name, withdraws := range map[string]bool{"offered": false, "withdrawn": true} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			c := w.catalog()
			owner, g := w.owner(c)
			act := func() error { _, err := w.offers(owner, c, g); return err }
			if withdraws {
				r := must[entitlement.Resource](t)(w.offers(owner, c, g))
				act = func() error { return w.RemoveResource(t.Context(), owner, r) }
			}

			rival, service, crossed := *w, *w.Service, false
			rival.Service = &service
			w.Store = late{w.store, func(context.Context) {
				if !crossed {
					crossed = true
					rival.given(g)
				}
			}}
			w.kind(act(), entitlement.Forbidden, "holds delegated roles")

			left, err := w.store.ListResources(t.Context(), c.ID, entitlement.Page{})
			if err != nil || (len(left.Items) == 1) != withdraws {
				t.Errorf("the catalog offers %v, %v", left.Items, err)
			}
		})
	}
}

// With a catalog the roles in it go, and a group that held one of them holds none.
func TestS17_AGroupThatHeldARoleInACatalogThatIsGoneIsOffered(t *testing.T) {
	w := behind(t)
	c, other := w.catalog(), w.catalog()
	owner, g := w.owner(c)
	must[entitlement.RoleAssignment](t)(w.AssignRole(t.Context(), by, entitlement.RoleAssignment{Role: entitlement.CatalogReader, Catalog: other.ID}, string(g.ID)))
	if err := w.DeleteCatalog(t.Context(), by, other.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.offers(owner, c, g); err != nil {
		t.Error(err)
	}
}

// A role that was just given can be taken back at once, whatever an index shows.
func TestR156_ARoleThatWasJustGivenIsTakenBack(t *testing.T) {
	w := behind(t)
	c := w.catalog()
	_, g := w.owner(c)
	for _, a := range []entitlement.RoleAssignment{{Role: entitlement.CatalogReader, Catalog: c.ID}, {Role: entitlement.Auditor}} {
		given := must[entitlement.RoleAssignment](t)(w.AssignRole(t.Context(), by, a, string(g.ID)))
		if err := w.RemoveRole(t.Context(), by, given.ID); err != nil {
			t.Error(err)
		}
		if left, err := w.store.RolesIn(t.Context(), a.Catalog); err != nil || slices.ContainsFunc(left, given.Same) {
			t.Errorf("left: %v, %v", left, err)
		}

		// What is given again has another id: the first one takes nothing back any more.
		must[entitlement.RoleAssignment](t)(w.AssignRole(t.Context(), by, a, string(g.ID)))
		w.kind(w.RemoveRole(t.Context(), by, given.ID), entitlement.NotFound, "")
	}
}
