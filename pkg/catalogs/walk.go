package catalogs

import (
	"context"
	"strconv"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// maxParentsRead bounds the catalogs, or packages, that one page of a list of what is in all
// of them looks into (S21).
const maxParentsRead = 25

// lister reads a page of a list.
type lister[T any] func(context.Context, entitlement.Page) (entitlement.Paged[T], error)

// everywhere lists what is in each of several parents, one parent after another. Its pages are
// never longer than asked; they may be short and still have a next.
func everywhere[P any, ID ~string, T any](ctx context.Context, page entitlement.Page, parents lister[P], id func(P) ID, in func(context.Context, ID, entitlement.Page) (entitlement.Paged[T], error)) (entitlement.Paged[T], error) {
	out := entitlement.Paged[T]{}
	rest, at, inner, err := splitToken[ID](page.Token)
	if err != nil {
		return out, err
	}
	for range maxParentsRead {
		if at == "" {
			list, err := parents(ctx, entitlement.Page{Limit: 1, Token: rest})
			if err != nil {
				return out, err
			}
			rest = list.Next
			if len(list.Items) == 0 {
				if rest == "" {
					return out, nil
				}
				continue
			}
			at = id(list.Items[0])
		}

		piece, err := in(ctx, at, entitlement.Page{Limit: page.Size() - len(out.Items), Token: inner})
		if err != nil {
			return out, err
		}
		out.Items, out.Unread = append(out.Items, piece.Items...), out.Unread+piece.Unread
		if inner = piece.Next; inner == "" {
			if at = ""; rest == "" {
				return out, nil
			}
		}
		if len(out.Items) >= page.Size() {
			break
		}
	}
	out.Next = rest + "|" + string(at) + "|" + inner
	return out, nil
}

// splitToken reads what everywhere wrote: the rest of the parents, the parent under way, and
// the place in it.
func splitToken[ID ~string](token string) (rest string, at ID, inner string, err error) {
	if token == "" {
		return "", "", "", nil
	}
	parts := strings.SplitN(token, "|", 3)
	if len(parts) != 3 {
		return "", "", "", badToken()
	}
	if parts[1] != "" {
		if at, err = entitlement.ParseID[ID]("page token", parts[1]); err != nil {
			return "", "", "", badToken()
		}
	}
	return parts[0], at, parts[2], nil
}

func badToken() error {
	return entitlement.Errorf(entitlement.Invalid, "The page token is not one of this list: begin again without it.")
}

func catalogID(c entitlement.Catalog) entitlement.CatalogID { return c.ID }

func packageID(p entitlement.AccessPackage) entitlement.PackageID { return p.ID }

// AllResources lists the resources of all catalogs, catalog by catalog.
func (s *Service) AllResources(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.Resource], error) {
	if err := authz.Allow(by, authz.ReadCatalog, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.Resource]{}, err
	}
	return everywhere(ctx, page, s.Store.ListCatalogs, catalogID, s.Store.ListResources)
}

// PackageScope is a role scope with the catalog of the package that it is of.
type PackageScope struct {
	entitlement.ResourceRoleScope
	Catalog entitlement.CatalogID
}

// AllScopes lists the role scopes of all packages, package by package. One that two packages
// have stands there for each.
func (s *Service) AllScopes(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[PackageScope], error) {
	if err := authz.Allow(by, authz.ListPackages, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[PackageScope]{}, err
	}
	return everywhere(ctx, page, s.Store.ListPackages, packageID, s.scopesFrom)
}

// scopesFrom lists the role scopes of a package from the place that the token names.
func (s *Service) scopesFrom(ctx context.Context, id entitlement.PackageID, page entitlement.Page) (out entitlement.Paged[PackageScope], err error) {
	from := 0
	if page.Token != "" {
		if from, err = strconv.Atoi(page.Token); err != nil || from < 0 {
			return out, badToken()
		}
	}
	p, err := s.Store.Package(ctx, id)
	if err != nil {
		if entitlement.KindOf(err) == entitlement.NotFound { // deleted since it was listed
			return out, nil
		}
		return out, err
	}
	scopes, err := s.Store.Scopes(ctx, id)
	if err != nil {
		return out, err
	}

	to := min(from+page.Size(), len(scopes.List))
	for _, scope := range scopes.List[min(from, to):to] {
		out.Items = append(out.Items, PackageScope{ResourceRoleScope: scope, Catalog: p.Catalog})
	}
	if to < len(scopes.List) {
		out.Next = strconv.Itoa(to)
	}
	return out, nil
}
