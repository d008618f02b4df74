package catalogs

import (
	"context"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Lists of everything, for those who hold roles in some catalogs: they see what is in those,
// and nothing else.

// catalogsFor returns the catalogs in which the caller may do an action, unless that is all
// of them. Roles are read where nothing else makes the caller allowed; one who has none for
// this is refused.
func (s *Service) catalogsFor(ctx context.Context, by authz.Caller, a authz.Action) (in []entitlement.CatalogID, everywhere bool, err error) {
	d := authz.Allow(by, a, authz.Object{})
	if d.Allowed || by.KnownEverywhere(a) {
		return nil, true, nil
	}
	if err := authz.Admit(by, a); err != nil {
		return nil, false, err
	}

	held, err := s.Store.RolesOf(ctx, by.User())
	if err != nil {
		return nil, false, err
	}
	if authz.Everywhere(by, a, held) {
		return nil, true, nil
	}
	if in = authz.Catalogs(by, a, held); len(in) == 0 {
		return nil, false, d.Err()
	}
	return in, false, nil
}

// catalogsAmong is a page of catalogs by their ids.
func (s *Service) catalogsAmong(ctx context.Context, in []entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.Catalog], error) {
	rest := slices.DeleteFunc(in, func(id entitlement.CatalogID) bool { return string(id) <= page.Token })
	next := ""
	if len(rest) > page.Size() {
		rest = rest[:page.Size()]
		next = string(rest[len(rest)-1])
	}
	items, err := s.Store.Catalogs(ctx, rest)
	return entitlement.Paged[entitlement.Catalog]{Items: items, Next: next}, err
}

// maxCatalogsRead bounds the catalogs without packages that one page goes past (S21).
const maxCatalogsRead = 20

// packagesAmong is a page of the packages of catalogs, catalog after catalog. Its token is
// the catalog under way, and the place in it.
func (s *Service) packagesAmong(ctx context.Context, in []entitlement.CatalogID, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	at, inner, _ := strings.Cut(page.Token, "|")
	out := entitlement.Paged[entitlement.AccessPackage]{}
	read := 0
	for i, id := range in {
		if string(id) < at {
			continue
		}
		if string(id) != at {
			inner = ""
		}
		if read++; read > maxCatalogsRead {
			out.Next = string(id) + "|"
			break
		}

		got, err := s.Store.PackagesOf(ctx, id, entitlement.Page{Limit: page.Size() - len(out.Items), Token: inner})
		if err != nil {
			return out, err
		}
		out.Items, out.Unread = append(out.Items, got.Items...), out.Unread+got.Unread
		if got.Next != "" {
			out.Next = string(id) + "|" + got.Next
			break
		}
		if len(out.Items) >= page.Size() && i+1 < len(in) {
			out.Next = string(in[i+1]) + "|"
			break
		}
	}
	return out, nil
}

// shown leaves out the packages that the caller may not see.
func (s *Service) shown(ctx context.Context, by authz.Caller, all []entitlement.AccessPackage) ([]entitlement.AccessPackage, error) {
	if authz.Allow(by, authz.ListPackages, authz.Object{}).Allowed || len(all) == 0 {
		return all, nil
	}

	held, err := s.Store.RolesOf(ctx, by.User())
	return slices.DeleteFunc(all, func(p entitlement.AccessPackage) bool {
		o := inPackage(p)
		o.Roles = held
		return !authz.Allow(by, authz.ListPackages, o).Allowed
	}), err
}

// mayNameOther refuses another package than the one that a command is on to those who may not
// see it: as if there were none (A1).
func (s *Service) mayNameOther(ctx context.Context, by authz.Command, p entitlement.AccessPackage) error {
	d, err := authz.Ask(ctx, s.Store, by.Caller, authz.ListPackages, inPackage(p))
	if err == nil && !d.Allowed {
		err = noOther(p.ID)
	}
	return err
}

func noOther(id entitlement.PackageID) error {
	return entitlement.Errorf(entitlement.NotFound, "There is no access package with the id %s.", id)
}
