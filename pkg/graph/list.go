package graph

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"leasehold/pkg/entitlement"
)

// list answers with one page of a list: filled up to $top, with a nextLink where more
// remain. One that is larger than an answer may be is made shorter.
func list[T any](ctx context.Context, c *call, k entityType[T], read lister[T]) (response, error) {
	if err := checkList(c, k); err != nil {
		return response{}, err
	}

	at, err := c.position(ctx)
	if err != nil {
		return response{}, err
	}

	return answerList(ctx, c, rowsOf(c, k, read), at)
}

// answerList answers with the page of a list that begins at a position; nil is its beginning.
func answerList(ctx context.Context, c *call, of rows, at *position) (response, error) {
	w := newWalk(c, of, at)
	if c.counting {
		n, err := w.countAll(ctx)
		return response{status: http.StatusOK, plain: strconv.Itoa(n)}, err
	}

	read := w.filled
	if len(c.options.OrderBy) > 0 {
		read = func(ctx context.Context) (page, error) { return w.ordered(ctx, at) }
	}
	found, err := read(ctx)
	if err != nil {
		return response{}, err
	}

	for {
		body, err := pageBody(ctx, c, of, found)
		if err != nil {
			return response{}, err
		}
		text, err := render(body)
		if err != nil {
			return response{}, err
		}

		// So much that one answer cannot carry it: the page is cut short.
		over, n := excess(text), len(found.rows)
		if over <= 1 {
			return response{status: http.StatusOK, body: body, text: text}, nil
		}
		if n <= 1 {
			return response{}, tooLarge()
		}
		found.cut(shorter(n, over))
	}
}

// pageBody returns the body of one page.
func pageBody(ctx context.Context, c *call, of rows, found page) (object, error) {
	items := make([]any, len(found.rows))
	for i, r := range found.rows {
		items[i] = r.item
	}

	trees, err := of.shown(ctx, items)
	if err != nil {
		return nil, err
	}

	body := object{"@odata.context": c.metadata(ctx, of.set), "value": put(trees, true)}
	if found.counted {
		body["@odata.count"] = found.count
	}
	if found.next != nil {
		body["@odata.nextLink"], err = c.nextLink(ctx, *found.next)
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

// checkList refuses options that ask a list for what its entity type does not have, and
// any beside those that say which rows there are where they are only counted.
func checkList[T any](c *call, k entityType[T]) error {
	if c.counting {
		if err := c.refuseOptions("A count takes $filter and $search alone, not %s.", "$filter", "$search"); err != nil {
			return err
		}
	}

	sample := k.sample()
	if err := c.options.Rows.Check(sample); err != nil {
		return err
	}
	return checkShown(c, k, sample)
}

// checkOptions refuses options of one entity that it cannot honour.
func checkOptions[T any](c *call, k entityType[T]) error {
	if c.counting {
		return entitlement.Errorf(entitlement.NotFound, "There is nothing to count at this path: it is one thing, and not a list.")
	}
	if err := c.refuseOptions("The option %s is for lists, and this is one thing.", "$select", "$expand", "$format"); err != nil {
		return err
	}
	return checkShown(c, k, k.sample())
}

// checkShown refuses to select or expand what the entity type does not have.
func checkShown[T any](c *call, k entityType[T], sample object) error {
	if err := checkSelect(c.options.Select, sample); err != nil {
		return err
	}
	return c.checkExpand(c.options.Expand, k.navigation(), c.deps.Views.Opens(c.request.Context(), c.by.Caller))
}

// refuseOptions refuses all options that were sent but some.
func (c *call) refuseOptions(why string, but ...string) error {
	for _, option := range c.options.Sent {
		if !slices.Contains(but, option) {
			return entitlement.Errorf(entitlement.Invalid, why, option)
		}
	}
	return nil
}

// finished returns the trees of views, with what is wanted joined to them, and no more than
// is selected.
func finished[T any](ctx context.Context, c *call, k entityType[T], of []T) ([]object, error) {
	navigation := k.navigation()

	// Joined for all of them at once, and only what the answer will show.
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
			got.Next, got.Sure = strconv.Itoa(to), true
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
