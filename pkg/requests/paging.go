package requests

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"leasehold/pkg/entitlement"
)

// lister is one piece after another of a list.
type lister[T any] func(context.Context, entitlement.Page) (entitlement.Paged[T], error)

// chain lists first and then second as if they were one list. The token says in which of
// the two a page begins; a page that the first does not fill goes on in the second.
func chain[T any](ctx context.Context, page entitlement.Page, first, second lister[T]) (entitlement.Paged[T], error) {
	if page.Beside && page.Token == "" {
		return chainBeside(ctx, page, first, second)
	}

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

	// What is left of the page comes from the second list.
	rest, err := second(ctx, entitlement.Page{Limit: page.Size() - len(list.Items), Token: token})
	list.Items = append(list.Items, rest.Items...)
	if rest.Next != "" {
		list.Next, list.Sure = "2:"+rest.Next, rest.Sure
	}

	return list, err
}

// chainBeside is the first page of chain, with both lists read side by side.
func chainBeside[T any](ctx context.Context, page entitlement.Page, first, second lister[T]) (entitlement.Paged[T], error) {
	lists := make([]entitlement.Paged[T], 2)
	err := eachRead(ctx, 2, func(ctx context.Context, i int) (err error) {
		lists[i], err = []lister[T]{first, second}[i](ctx, entitlement.Page{Limit: page.Limit})
		return err
	})

	list, rest := lists[0], lists[1]
	if err != nil || list.Next != "" { // the second comes when the first is through
		list.Next = "1:" + list.Next
		return list, err
	}
	list.Items, list.Unread = append(list.Items, rest.Items...), list.Unread+rest.Unread
	if rest.Next != "" {
		list.Next, list.Sure = "2:"+rest.Next, rest.Sure
	}
	return list, nil
}

func badToken() error {
	return entitlement.Errorf(entitlement.Invalid, "The page token is not one of this list: begin again without it.")
}

// PackagesRead bounds the packages that one page of a whole-tenant list looks into.
const PackagesRead = 25

// packagePlace is where a whole-tenant list goes on: at a package of a page of packages, and
// at a place in what is listed of it.
type packagePlace struct {
	page   string                // of packages
	number int                   // of the package on it, where it is gone
	pkg    entitlement.PackageID // "" for the first one
	inner  string
}

// perPackage lists something of every package, one package after another. Its pages may
// be short or empty and still have a next.
func perPackage[T any](ctx context.Context, store Store, page entitlement.Page, of func(context.Context, entitlement.PackageID, entitlement.Page) (entitlement.Paged[T], error)) (entitlement.Paged[T], error) {
	out := entitlement.Paged[T]{}
	at, err := parsePackagePlace(page.Token)
	if err != nil {
		return out, err
	}

	packages, err := store.ListPackages(ctx, entitlement.Page{Limit: PackagesRead, Token: at.page})
	if err != nil {
		return out, err
	}

	from, inner := at.in(packages.Items)
	for n := from; n < len(packages.Items); n++ {
		pkg := packages.Items[n].ID
		if len(out.Items) >= page.Size() {
			out.Next = packagePlace{at.page, n, pkg, inner}.token()
			return out, nil
		}

		piece, err := of(ctx, pkg, entitlement.Page{Limit: page.Size() - len(out.Items), Token: inner})
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, piece.Items...)

		// A package with more to come is gone on with on the next page.
		if inner = piece.Next; inner != "" {
			out.Next, out.Sure = packagePlace{at.page, n, pkg, inner}.token(), piece.Sure
			return out, nil
		}
	}

	if packages.Next != "" {
		out.Next = packagePlace{page: packages.Next}.token()
	}
	return out, nil
}

// in returns the number of the package to go on at, and the place in what is listed of it;
// of one that is gone nothing is listed any more.
func (at packagePlace) in(packages []entitlement.AccessPackage) (number int, inner string) {
	if at.pkg == "" {
		return 0, ""
	}
	if i := slices.IndexFunc(packages, func(p entitlement.AccessPackage) bool { return p.ID == at.pkg }); i >= 0 {
		return i, at.inner
	}
	return at.number, ""
}

func (at packagePlace) token() string {
	return at.page + "|" + strconv.Itoa(at.number) + "|" + string(at.pkg) + "|" + at.inner
}

// parsePackagePlace reads what token wrote.
func parsePackagePlace(token string) (at packagePlace, err error) {
	if token == "" {
		return at, nil
	}

	parts := strings.SplitN(token, "|", 4)
	if len(parts) != 4 {
		return at, badToken()
	}

	if at.number, err = strconv.Atoi(parts[1]); err != nil || at.number < 0 {
		return at, badToken()
	}

	if parts[2] != "" {
		if at.pkg, err = entitlement.ParseID[entitlement.PackageID]("page token", parts[2]); err != nil {
			return at, badToken()
		}
	}

	at.page, at.inner = parts[0], parts[3]
	return at, nil
}
