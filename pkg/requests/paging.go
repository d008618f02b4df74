package requests

import (
	"context"
	"strconv"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// lister is one piece after another of a list.
type lister[T any] func(context.Context, entitlement.Page) (entitlement.Paged[T], error)

// chain lists first and then second as if they were one list. The token says in which of
// the two a page begins; a page that the first does not fill goes on in the second.
func chain[T any](ctx context.Context, page entitlement.Page, first, second lister[T]) (entitlement.Paged[T], error) {
	list := entitlement.Paged[T]{}
	at, token, _ := strings.Cut(page.Token, ":")
	if page.Token == "" || at == "1" {
		var err error
		list, err = first(ctx, entitlement.Page{Limit: page.Limit, Token: token})
		switch {
		case err != nil:
			return list, err
		case list.Next != "":
			list.Next = "1:" + list.Next
			return list, nil
		case len(list.Items) >= page.Size():
			list.Next = "2:"
			return list, nil
		}
		at, token = "2", ""
	}
	if at != "2" {
		return list, badToken()
	}
	rest, err := second(ctx, entitlement.Page{Limit: page.Size() - len(list.Items), Token: token})
	list.Items = append(list.Items, rest.Items...)
	if rest.Next != "" {
		list.Next, list.Sure = "2:"+rest.Next, rest.Sure
	}
	return list, err
}

func badToken() error {
	return entitlement.Errorf(entitlement.Invalid, "The page token is not one of this list: begin again without it.")
}

// maxPackagesRead bounds the packages that one page of a whole-tenant list looks into.
const maxPackagesRead = 25

// perPackage lists something of every package, one package after another. Its pages may
// be short or empty and still have a next.
func perPackage[T any](ctx context.Context, store Store, page entitlement.Page, of func(context.Context, entitlement.PackageID, entitlement.Page) (entitlement.Paged[T], error)) (entitlement.Paged[T], error) {
	out := entitlement.Paged[T]{}
	packages, pkg, inner, err := splitToken(page.Token)
	if err != nil {
		return out, err
	}
	for range maxPackagesRead {
		if pkg == "" {
			list, err := store.ListPackages(ctx, entitlement.Page{Limit: 1, Token: packages})
			if err != nil {
				return out, err
			}
			packages = list.Next
			if len(list.Items) == 0 {
				if packages == "" {
					return out, nil
				}
				continue
			}
			pkg = list.Items[0].ID
		}
		piece, err := of(ctx, pkg, entitlement.Page{Limit: page.Size() - len(out.Items), Token: inner})
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, piece.Items...)
		if inner = piece.Next; inner == "" {
			if pkg = ""; packages == "" {
				return out, nil
			}
		}
		if len(out.Items) >= page.Size() {
			break
		}
	}
	out.Next = packages + "|" + string(pkg) + "|" + inner
	return out, nil
}

// splitToken reads what perPackage wrote: the rest of the packages, the package under
// way, and the place in it.
func splitToken(token string) (packages string, pkg entitlement.PackageID, inner string, err error) {
	if token == "" {
		return "", "", "", nil
	}
	parts := strings.SplitN(token, "|", 3)
	if len(parts) != 3 {
		return "", "", "", badToken()
	}
	if parts[1] != "" {
		if pkg, err = entitlement.ParseID[entitlement.PackageID]("page token", parts[1]); err != nil {
			return "", "", "", badToken()
		}
	}
	return parts[0], pkg, parts[2], nil
}

// shardToken reads which shard a page begins in, and where.
func shardToken(token string) (shard int, inner string, err error) {
	if token == "" {
		return 0, "", nil
	}
	decision, inner, found := strings.Cut(token, ":")
	shard, err = strconv.Atoi(decision)
	if err != nil || !found || shard < 0 || shard >= names.ReconcileShards {
		return 0, "", badToken()
	}
	return shard, inner, nil
}

func shardWord(shard int) string { return strconv.Itoa(shard) }
