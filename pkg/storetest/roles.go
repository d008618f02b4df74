package storetest

import (
	"context"
	"slices"

	"leasehold/pkg/entitlement"
)

func keptRole() kept {
	return keptRoleOf("Role in a catalog", func(a *entitlement.RoleAssignment) { a.Group = "" })
}

func keptRoleOfAll() kept {
	return keptRoleOf("Role in the whole organisation", func(a *entitlement.RoleAssignment) { a.Catalog, a.Group = "", "" })
}

// keptRoleOf keeps a role assignment, which nothing but a new time could change.
func keptRoleOf(name string, prepare func(*entitlement.RoleAssignment)) kept {
	type T = entitlement.RoleAssignment
	return keep(name, entitlement.PartConfiguration, func(v *T) *entitlement.Meta { return &v.Meta },
		func(first, later *T) {
			prepare(first)
			created := later.Created
			*later = *first
			later.Created = created
		},
		func(v T) entitlement.Change { return entitlement.Change{RoleAssignments: []T{v}} },
		func(ctx context.Context, s Store, v T) (T, error) {
			all, err := s.RolesIn(ctx, v.Catalog)
			i := slices.IndexFunc(all, v.Same)
			if err == nil && i < 0 {
				return T{}, entitlement.Errorf(entitlement.NotFound, "There is no such role assignment.")
			}
			if err != nil {
				return T{}, err
			}
			return all[i], nil
		})
}

var roleScenarios = []scenario{
	{"Roles are found by their catalog, their id, and those who hold them, by themselves or through a group", rolesAreFound},
	{"Nobody is given a role who is not there", roleOfNobody},
	{"S17: a group that is not there, or is being deleted, is given no role", roleOfNoGroup},
	{"S17: what was decided on the roles of a group does not outlive one that it is given", groupIsGivenARole},
	{"S17: the roles of a group, and a role by its id, are as they are now", rolesAreFoundAtOnce},
}

func (w *fixture) role(a entitlement.RoleAssignment) entitlement.RoleAssignment {
	w.Helper()
	a.ID, a.Created = newID[entitlement.RoleAssignmentID](), instant(0)
	w.commit(entitlement.Change{RoleAssignments: []entitlement.RoleAssignment{a}})
	a.Version = 1
	return a
}

func rolesAreFound(w *fixture) {
	c, other := newID[entitlement.CatalogID](), newID[entitlement.CatalogID]()
	u, outsider, g := entitlement.User{ID: newID[entitlement.UserID]()}, newID[entitlement.UserID](), w.group().ID
	u.Groups = []entitlement.GroupID{newID[entitlement.GroupID](), g}
	mine := w.role(entitlement.RoleAssignment{Role: entitlement.CatalogOwner, Catalog: c, User: u.ID})
	ours := w.role(entitlement.RoleAssignment{Role: entitlement.CatalogReader, Catalog: other, Group: g})
	theirs := w.role(entitlement.RoleAssignment{Role: entitlement.CatalogReader, Catalog: c, User: outsider})
	everywhere := w.role(entitlement.RoleAssignment{Role: entitlement.Auditor, User: u.ID})

	in := func(catalog entitlement.CatalogID) []entitlement.RoleAssignment {
		all, err := w.s.RolesIn(w.Context(), catalog)
		w.must(err)
		return slices.DeleteFunc(all, func(a entitlement.RoleAssignment) bool { return a.Catalog == "" && a.ID != everywhere.ID })
	}
	sameRoles(w, in(c), mine, theirs, everywhere)
	sameRoles(w, in(other), ours, everywhere)
	sameRoles(w, in(""), everywhere)

	w.eventually(func() string {
		held, err := w.s.RolesOf(w.Context(), u)
		if err != nil || len(held) != 3 {
			return "the roles of a user are not found"
		}
		sameRoles(w, held, mine, ours, everywhere)
		got, err := w.s.RoleAssignment(w.Context(), ours.ID)
		if err != nil {
			return err.Error()
		}
		w.same(got, ours)
		return ""
	})

	mine.Erased = true
	w.commit(entitlement.Change{RoleAssignments: []entitlement.RoleAssignment{mine}})
	sameRoles(w, in(c), theirs, everywhere)
	w.eventually(func() string {
		held, err := w.s.RolesOf(w.Context(), u)
		if err != nil || len(held) != 2 {
			return "a role that was taken back is still there"
		}
		if _, err := w.s.RoleAssignment(w.Context(), mine.ID); !absent(err) {
			return "a role assignment that is gone is found"
		}
		return ""
	})
}

// sameRoles compares in any order.
func sameRoles(w *fixture, got []entitlement.RoleAssignment, want ...entitlement.RoleAssignment) {
	w.Helper()
	byID := func(a, b entitlement.RoleAssignment) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	}
	slices.SortFunc(got, byID)
	slices.SortFunc(want, byID)
	w.same(got, want)
}

func roleOfNobody(w *fixture) {
	nobody := newID[entitlement.UserID]()
	a := entitlement.RoleAssignment{ID: newID[entitlement.RoleAssignmentID](), Role: entitlement.CatalogReader, Catalog: newID[entitlement.CatalogID](), User: nobody}
	w.refuse(entitlement.PartDirectory, entitlement.Change{RoleAssignments: []entitlement.RoleAssignment{a}, References: []entitlement.Reference{{User: nobody}}})
	all, err := w.s.RolesIn(w.Context(), a.Catalog)
	w.must(err)
	if slices.ContainsFunc(all, a.Same) {
		w.Fatal("somebody who is not there holds a role")
	}
}

func roleOfNoGroup(w *fixture) {
	gone := w.group()
	gone.Deleted = instant(1)
	w.commit(entitlement.Change{Groups: []entitlement.Group{gone}})

	for _, id := range []entitlement.GroupID{newID[entitlement.GroupID](), gone.ID} {
		a := entitlement.RoleAssignment{ID: newID[entitlement.RoleAssignmentID](), Role: entitlement.CatalogReader, Catalog: newID[entitlement.CatalogID](), Group: id}
		w.refuse(entitlement.PartDirectory, entitlement.Change{RoleAssignments: []entitlement.RoleAssignment{a}})
		if held, err := w.s.RolesOfGroup(w.Context(), id); err != nil || len(held) > 0 {
			w.Fatalf("a group that is not there holds %v, %v", held, err)
		}
	}
}

func groupIsGivenARole(w *fixture) {
	g := w.group()
	offered := func() entitlement.Change {
		event := next(&entitlement.Chain{}, entitlement.OfConnector, newID[string](), "created")
		return entitlement.Change{Events: []entitlement.Event{event}, References: []entitlement.Reference{{Group: g.ID, Version: g.Version}}}
	}
	w.commit(offered())

	w.role(entitlement.RoleAssignment{Role: entitlement.CatalogReader, Catalog: newID[entitlement.CatalogID](), Group: g.ID})
	w.refuse(entitlement.PartConfiguration, offered())
	g = get[entitlement.Group](w)(w.s.Group(w.Context(), g.ID))
	w.commit(offered())
}

// rolesAreFoundAtOnce never waits: what decides about rights may not be behind.
func rolesAreFoundAtOnce(w *fixture) {
	g, c := w.group().ID, entitlement.Catalog{ID: newID[entitlement.CatalogID](), Created: instant(0)}
	w.commit(entitlement.Change{Catalogs: []entitlement.Catalog{c}})
	c.Version = 1

	holds := func(want ...entitlement.RoleAssignment) {
		w.Helper()
		held, err := w.s.RolesOfGroup(w.Context(), g)
		w.must(err)
		sameRoles(w, held, want...)
	}
	found := func(a entitlement.RoleAssignment) {
		w.Helper()
		w.same(get[entitlement.RoleAssignment](w)(w.s.RoleAssignment(w.Context(), a.ID)), a)
	}
	gone := func(a entitlement.RoleAssignment) {
		w.Helper()
		if _, err := w.s.RoleAssignment(w.Context(), a.ID); !absent(err) {
			w.Fatalf("a role assignment that is gone is found: %v", err)
		}
	}

	holds()
	in := w.role(entitlement.RoleAssignment{Role: entitlement.CatalogReader, Catalog: c.ID, Group: g})
	everywhere := w.role(entitlement.RoleAssignment{Role: entitlement.CatalogCreator, Group: g})
	own := w.role(entitlement.RoleAssignment{Role: entitlement.CatalogOwner, Catalog: c.ID, User: w.user().ID})
	holds(in, everywhere)
	found(in)
	found(everywhere)
	found(own)

	// The same role once more is another assignment of it, and the first is gone for good.
	first := everywhere
	everywhere.Erased = true
	w.commit(entitlement.Change{RoleAssignments: []entitlement.RoleAssignment{everywhere}})
	holds(in)
	gone(first)
	everywhere = w.role(entitlement.RoleAssignment{Role: first.Role, Group: g})
	holds(in, everywhere)
	gone(first)
	found(everywhere)

	// With their catalog the roles in it go.
	c.Erased, in.Erased, own.Erased = true, true, true
	w.commit(entitlement.Change{Catalogs: []entitlement.Catalog{c}, RoleAssignments: []entitlement.RoleAssignment{in, own}})
	holds(everywhere)
	gone(in)
	gone(own)
}
