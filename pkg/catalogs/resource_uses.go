package catalogs

import (
	"cmp"
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// ResourceUses is a resource with the packages that give roles of it.
type ResourceUses struct {
	entitlement.Resource
	Packages []GivingPackage
	More     bool // not all packages of the catalog were looked at
}

// GivingPackage is a package with its role scopes of one resource.
type GivingPackage struct {
	entitlement.AccessPackage
	Scopes []entitlement.ResourceRoleScope
}

// maxUses bounds the pages of packages that are looked through for who uses a resource.
const maxUses = 10

// UsesOf returns a resource of a catalog with who uses it. Only packages lead to what they give:
// they are looked through until all uses are found.
func (s *Service) UsesOf(ctx context.Context, by authz.Caller, catalog entitlement.CatalogID, id entitlement.ResourceID) (ResourceUses, error) {
	ask := func(ctx context.Context) error {
		in := authz.Object{Catalog: catalog}
		return cmp.Or(s.may(ctx, by, authz.ReadCatalog, in), s.may(ctx, by, authz.ListPackages, in))
	}
	return authz.Beside(ctx, by, authz.ReadCatalog, ask, func(ctx context.Context) (found ResourceUses, err error) {
		if found.Resource, err = s.Store.Resource(ctx, catalog, id); err != nil {
			return found, err
		}

		at, uses := entitlement.Page{}, 0
		for range maxUses {
			if uses >= found.Uses {
				return found, nil
			}
			list, scopes, err := s.Store.PackagesWithScopes(ctx, catalog, at)
			if err != nil {
				return found, err
			}
			for _, p := range list.Items {
				of := slices.DeleteFunc(slices.Clone(scopes[p.ID].List), func(r entitlement.ResourceRoleScope) bool { return r.Resource != id })
				if uses += len(of); len(of) > 0 {
					found.Packages = append(found.Packages, GivingPackage{p, of})
				}
			}
			if at.Token = list.Next; at.Token == "" {
				return found, nil
			}
		}
		found.More = true
		return found, nil
	})
}
