package graph

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"leasehold/pkg/entitlement"
)

// list answers with one page of a list. Filters are applied to the page that was read,
// so it may be short or empty and still have a next one. One that is larger than an answer
// may be is read again, shorter.
func list[T any](ctx context.Context, c *call, k entityType[T], read lister[T]) (response, error) {
	if err := checkOptions(c, k); err != nil {
		return response{}, err
	}
	inner, err := c.unseal(ctx)
	if err != nil {
		return response{}, err
	}
	for limit := c.pageSize(); ; {
		page, err := read(ctx, entitlement.Page{Limit: limit, Token: inner})
		if err != nil {
			return response{}, err
		}
		body, err := pageBody(ctx, c, k, page, inner == "")
		if err != nil {
			return response{}, err
		}
		text, err := render(body)
		if err != nil {
			return response{}, err
		}
		over := excess(text)
		switch n := len(page.Items); {
		case over <= 1:
			return response{status: http.StatusOK, body: body, text: text}, nil
		case n <= 1 || limit == 1:
			return response{}, tooLarge()
		default:
			limit = shorter(min(n, entitlement.Page{Limit: limit}.Size()), over)
		}
	}
}

// pageBody returns the body of one page.
func pageBody[T any](ctx context.Context, c *call, k entityType[T], page entitlement.Paged[T], first bool) (object, error) {
	kept := page.Items
	if c.options.Filter != nil {
		kept = slices.DeleteFunc(slices.Clone(kept), func(item T) bool { return !c.options.Filter.Match(k.mapper(item)) })
	}
	trees, err := finished(ctx, c, k, kept)
	if err != nil {
		return nil, err
	}
	body := object{"@odata.context": c.metadata(ctx, k.set), "value": put(trees, true)}
	if page.Next != "" {
		body["@odata.nextLink"], err = c.nextLink(ctx, page.Next)
	} else if c.options.Count && first {
		body["@odata.count"] = len(trees) // of a list that fits on one page; longer ones are not counted
	}
	return body, err
}

// entity answers with one entity.
func entity[T any](ctx context.Context, c *call, k entityType[T], v T) (response, error) {
	if err := checkOptions(c, k); err != nil {
		return response{}, err
	}
	return single(ctx, c, k, v)
}

func single[T any](ctx context.Context, c *call, k entityType[T], v T) (response, error) {
	trees, err := finished(ctx, c, k, []T{v})
	if err != nil {
		return response{}, err
	}
	tree := trees[0]
	if k.tagged {
		tree["@odata.etag"] = etag(k.mapper(v), k.navigation()) // of all of it, whatever is selected
	}
	tree["@odata.context"] = c.metadata(ctx, k.set+"/$entity")
	return ok(tree)
}

// created answers with a new entity and where it is. No option can undo what was done,
// so they are all left aside.
func created[T any](ctx context.Context, c *call, k entityType[T], v T) (response, error) {
	tree := k.mapper(v)
	tag := etag(tree, k.navigation())
	choose(tree, nil, nil)
	if k.tagged {
		tree["@odata.etag"] = tag
	}
	tree["@odata.context"] = c.metadata(ctx, k.set+"/$entity")
	at := c.request.URL.Path
	for len(at) > 0 && at[len(at)-1] == '/' {
		at = at[:len(at)-1]
	}
	return response{status: http.StatusCreated, body: tree, location: c.link(ctx, at) + "/" + tree["id"].(string)}, nil
}

// checkOptions refuses options that ask for what the entity type does not have.
func checkOptions[T any](c *call, k entityType[T]) error {
	sample := k.sample()
	if c.options.Filter != nil {
		if err := c.options.Filter.Check(sample); err != nil {
			return err
		}
	}
	if err := checkSelect(c.options.Select, sample); err != nil {
		return err
	}
	return c.checkExpand(c.options.Expand, k.navigation())
}

// finished returns the trees of views, with what is wanted joined to them, and no more than
// is selected.
func finished[T any](ctx context.Context, c *call, k entityType[T], of []T) ([]object, error) {
	navigation := k.navigation()
	if wanted := with(c.options.Expand, navigation); k.load != nil && len(wanted) > 0 && len(of) > 0 {
		if err := k.load(ctx, c.by.Caller, of, wanted); err != nil {
			return nil, err
		}
	}
	trees := make([]object, len(of))
	for i, v := range of {
		trees[i] = k.mapper(v)
		showExpanded(trees[i], c.options.Expand, navigation)
		choose(trees[i], c.options.Select, c.options.Expand)
	}
	return trees, nil
}

// sliced lists what was read in one go as if it had pages.
func sliced[T any](all []T, err error) lister[T] {
	return func(_ context.Context, page entitlement.Page) (entitlement.Paged[T], error) {
		if err != nil {
			return entitlement.Paged[T]{}, err
		}
		from := 0
		if page.Token != "" {
			var bad error
			if from, bad = strconv.Atoi(page.Token); bad != nil || from < 0 || from > len(all) {
				return entitlement.Paged[T]{}, nil // the list is shorter by now
			}
		}
		to := min(from+page.Size(), len(all))
		got := entitlement.Paged[T]{Items: all[from:to]}
		if to < len(all) {
			got.Next = strconv.Itoa(to)
		}
		return got, nil
	}
}

// only lists at most one thing: what a filter names by its id. What is not there is an
// empty list.
func only[T any](v T, err error) lister[T] {
	if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
		return sliced[T](nil, nil)
	}
	return sliced([]T{v}, err)
}
