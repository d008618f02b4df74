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
// have a next: each looks into a bounded number of packages.
func (s *Service) RoleHolders(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID, id entitlement.ResourceID, role string, page entitlement.Page) (entitlement.Paged[RoleHolder], error) {
	none := entitlement.Paged[RoleHolder]{}
	if err := s.may(ctx, by, authz.ListAssignments, authz.Object{Catalog: catalog}); err != nil {
		return none, err
	}
	r, err := s.Store.Resource(ctx, catalog, id)
	if err != nil {
		return none, err
	}
	if !slices.ContainsFunc(r.Roles, func(one entitlement.ResourceRole) bool { return one.ID == role }) {
		return none, entitlement.Errorf(entitlement.NotFound, "The resource offers no role of this id.")
	}

	giving := &givingRole{Store: s.Store, catalog: catalog, resource: id, role: role, scopes: map[entitlement.PackageID]entitlement.ResourceRoleScope{}}
	list, err := perPackage(ctx, giving, page, func(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[RoleHolder], error) {
		slots, err := s.Store.Holders(ctx, pkg, page)
		out := entitlement.Paged[RoleHolder]{Next: slots.Next, Unread: slots.Unread}
		for _, slot := range slots.Items {
			if slot.Assignment != nil {
				out.Items = append(out.Items, RoleHolder{Assignment: *slot.Assignment, Scope: giving.scopes[pkg]})
			}
		}
		return out, err
	})
	if err != nil {
		return list, err
	}
	return list, s.grantsOfHolders(ctx, list.Items)
}

// grantsOfHolders adds what is on record of the role of each.
func (s *Service) grantsOfHolders(ctx context.Context, all []RoleHolder) error {
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
	scopes   map[entitlement.PackageID]entitlement.ResourceRoleScope
}

// ListPackages lists them.
func (g *givingRole) ListPackages(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	list, err := g.Store.PackagesOf(ctx, g.catalog, page)
	if err != nil || len(list.Items) == 0 {
		return list, err
	}
	ids := make([]entitlement.PackageID, len(list.Items))
	for i, p := range list.Items {
		ids[i] = p.ID
	}

	scopes, err := g.Store.ScopesOf(ctx, ids)
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
	return list, nil
}
