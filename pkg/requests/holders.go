package requests

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// RoleHolder is one reason for which somebody has a role of a resource: an assignment of a
// package that gives it, with what is known of the role. Whoever has it by two packages is
// there twice.
type RoleHolder struct {
	entitlement.Assignment
	Scope   entitlement.ResourceRoleScope
	Grant   entitlement.Grant
	Pending bool // delivery is still due
}

// RoleHolders lists who holds a role of a resource by its packages, package by package, for
// those who may list the assignments of the catalog. Pages may be short or empty and still
// have a next: each looks into a bounded number of packages. What is on record of the role of
// each, GrantsOfHolders adds.
func (s *Service) RoleHolders(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID, id entitlement.ResourceID, role string, page entitlement.Page) (entitlement.Paged[RoleHolder], error) {
	ask := func(ctx context.Context) error {
		return s.may(ctx, by, authz.ListAssignments, authz.Object{Catalog: catalog})
	}
	return authz.Beside(ctx, by, authz.ListAssignments, ask, func(ctx context.Context) (entitlement.Paged[RoleHolder], error) {
		r, err := s.Store.Resource(ctx, catalog, id)
		if err != nil {
			return entitlement.Paged[RoleHolder]{}, err
		}
		if !slices.ContainsFunc(r.Roles, func(one entitlement.ResourceRole) bool { return one.ID == role }) {
			return entitlement.Paged[RoleHolder]{}, entitlement.Errorf(entitlement.NotFound, "The resource offers no role of this id.")
		}
		giving := &givingRole{Store: s.Store, catalog: catalog, resource: id, role: role, size: page.Size(),
			scopes: map[entitlement.PackageID]entitlement.ResourceRoleScope{}, first: map[entitlement.PackageID]entitlement.Paged[entitlement.AssignmentSlot]{}}
		return perPackage(ctx, giving, page, giving.holders)
	})
}

// GrantsOfHolders adds what is on record of the role of each.
func (s *Service) GrantsOfHolders(ctx context.Context, all []RoleHolder) error {
	return eachRead(ctx, len(all), func(ctx context.Context, i int) error {
		h := &all[i]
		record, known, err := s.known(ctx, h.Subject)
		if err != nil {
			return err
		}
		g, recorded := known[h.Scope.Ref]
		if !recorded {
			g = entitlement.Grant{Role: h.Scope.Ref, Presence: entitlement.PresenceUnknown}
		}
		h.Grant = g
		h.Pending = record.NeedsReconcile() && !g.Permanent && (g.Failing() || g.Presence != entitlement.PresencePresent)
		return nil
	})
}

// givingRole is a store that lists those packages of a catalog alone that give a role.
type givingRole struct {
	Store
	catalog  entitlement.CatalogID
	resource entitlement.ResourceID
	role     string
	size     int // of a page
	scopes   map[entitlement.PackageID]entitlement.ResourceRoleScope
	first    map[entitlement.PackageID]entitlement.Paged[entitlement.AssignmentSlot] // of several packages, read side by side
}

// maxBeside bounds the packages whose holders are read side by side: a role is seldom given by
// more, and where the first one fills a page the others were read for nothing.
const maxBeside = 4

// ListPackages lists them, and begins to read who holds them.
func (g *givingRole) ListPackages(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	list, scopes, err := g.Store.PackagesWithScopes(ctx, g.catalog, page)
	if err != nil {
		return list, err
	}

	// A page may come out empty and still have a next one: rows are taken away after the read.
	list.Items = slices.DeleteFunc(list.Items, func(p entitlement.AccessPackage) bool {
		for _, s := range scopes[p.ID].List {
			if s.Resource == g.resource && s.Role.ID == g.role {
				g.scopes[p.ID] = s
				return false
			}
		}
		return true
	})

	some := list.Items[:min(len(list.Items), maxBeside)]
	read := make([]entitlement.Paged[entitlement.AssignmentSlot], len(some))
	err = eachRead(ctx, len(some), func(ctx context.Context, i int) (err error) {
		read[i], err = g.Store.Holders(ctx, some[i].ID, entitlement.Page{Limit: g.size})
		return err
	})
	for i, p := range some {
		g.first[p.ID] = read[i]
	}
	return list, err
}

// holders lists those of one of the packages.
func (g *givingRole) holders(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[RoleHolder], error) {
	slots, begun := g.first[pkg]
	var err error
	// What was begun is as long as a whole page: of one that others have filled partly it may be too
	// much, and whoever goes on within a package begins elsewhere.
	if !begun || page.Token != "" || page.Size() < g.size && (slots.Next != "" || len(slots.Items)+slots.Unread > page.Size()) {
		slots, err = g.Store.Holders(ctx, pkg, page)
	}

	out := entitlement.Paged[RoleHolder]{Next: slots.Next, Unread: slots.Unread}
	for _, slot := range slots.Items {
		if slot.Assignment != nil {
			out.Items = append(out.Items, RoleHolder{Assignment: *slot.Assignment, Scope: g.scopes[pkg]})
		}
	}
	return out, err
}
