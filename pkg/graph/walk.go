package graph

import (
	"context"
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
)

// Bounds of what one call reads of a list (S21). A page that has something on it is
// answered when the smaller ones are reached; one that is still empty reads on, so that no
// page leads to an empty one that is not the last. Of a list of at most maxRows, read in
// pieces that are not mostly empty, the larger ones are never reached.
const (
	enoughRows   = 2_000
	enoughPieces = 20
	maxRows      = 10_000
	maxPieces    = 200
)

// smallPiece is the least that is read on once a piece came back shorter than asked.
const smallPiece = 25

// position is where a page begins: at a row of a piece of the list. Where rows have come or
// gone since, the row is found by its id; where it is gone itself, by its number.
type position struct {
	Token string `json:"t,omitzero"` // of the piece, as the list names it
	Limit int    `json:"l,omitzero"` // by which it was read
	Row   int    `json:"r,omitzero"`
	ID    string `json:"i,omitzero"`
}

// row is something on a list, with its position.
type row[T any] struct {
	item T
	at   position
	keys []any // what it is ordered by
}

// page is what a call shows of a list.
type page[T any] struct {
	rows    []row[T]
	next    *position // nil: nothing remains
	count   int       // of the whole list, where counted
	counted bool
}

// cut shortens a page to its first n rows.
func (p *page[T]) cut(n int) {
	p.next = &p.rows[n].at
	p.rows = p.rows[:n]
}

// walk goes through the rows of a list that a call's options let through.
type walk[T any] struct {
	c        *call
	k        entityType[T]
	read     lister[T]
	token    string    // of the piece to be read next
	resume   *position // where in it the rows begin; nil: at its beginning
	ended    bool
	sure     bool // what was read last says that more follows
	examined int
	pieces   int
}

func newWalk[T any](c *call, k entityType[T], read lister[T], at *position) *walk[T] {
	w := &walk[T]{c: c, k: k, read: read}
	if at != nil && len(c.options.OrderBy) == 0 {
		w.token = at.Token
		if at.Row > 0 {
			w.resume = at
		}
	}
	return w
}

// top is how many rows a page shows.
func (w *walk[T]) top() int {
	if w.c.options.Top > 0 {
		return w.c.options.Top
	}
	return entitlement.PageSize
}

// narrowed reports options that leave rows out, so that more must be read than is shown.
func (w *walk[T]) narrowed() bool { return w.c.options.Filter != nil || w.c.options.Search != nil }

// piece reads on, and returns the rows that the options let through.
func (w *walk[T]) piece(ctx context.Context, limit int) ([]row[T], error) {
	limit = min(limit, entitlement.PageSize)
	if w.narrowed() {
		limit = entitlement.PageSize
	}
	if w.resume != nil {
		limit = w.resume.Limit // the same piece again
	}

	got, err := w.read(ctx, entitlement.Page{Limit: limit, Token: w.token})
	if err != nil {
		return nil, err
	}

	from := w.begins(got.Items)
	var rows []row[T]
	for i, item := range got.Items {
		if i < from {
			continue
		}
		r := row[T]{item: item, at: position{Token: w.token, Limit: limit, Row: i}}

		tree := w.k.mapper(item)
		if i > 0 {
			r.at.ID = treeID(tree)
		}
		if w.narrowed() && !w.c.options.Match(tree) {
			continue
		}
		if len(w.c.options.OrderBy) > 0 {
			r.keys, r.at.ID = w.c.options.Keys(tree), treeID(tree)
		}
		rows = append(rows, r)
	}

	w.examined += len(got.Items) - from
	w.pieces++
	w.token, w.resume, w.ended, w.sure = got.Next, nil, got.Next == "", got.Sure

	return rows, nil
}

// begins returns the number of the row in a piece that was left off at.
func (w *walk[T]) begins(items []T) int {
	if w.resume == nil {
		return 0
	}
	if w.resume.ID != "" {
		named := func(item T) bool { return treeID(w.k.mapper(item)) == w.resume.ID }
		if i := slices.IndexFunc(items, named); i >= 0 {
			return i
		}
	}
	return min(w.resume.Row, len(items))
}

// treeID returns the id of a tree; "" where it has none.
func treeID(tree object) string {
	switch id := tree["id"].(type) {
	case string:
		return id
	case odata.Exact:
		return string(id)
	default:
		return ""
	}
}

// enough reports that a page with something on it is answered as it is.
func (w *walk[T]) enough() bool { return w.examined >= enoughRows || w.pieces >= enoughPieces }

// tooLong refuses to read further, and says what to do instead.
func (w *walk[T]) tooLong(what string) error {
	if w.examined < maxRows && w.pieces < maxPieces {
		return nil
	}

	instead := "narrow the list with $filter"
	if w.k.lookups != "" {
		instead = "name in $filter what is found without reading the list: " + w.k.lookups
	}
	return entitlement.Errorf(entitlement.Invalid, "The list is longer than one call reads, %d rows, and %s needs all of them: %s.", maxRows, what, instead)
}

// filled reads on until the page is full and it is known whether more remain.
func (w *walk[T]) filled(ctx context.Context) (page[T], error) {
	var p page[T]
	first := w.c.options.SkipToken == ""
	p.counted = w.c.options.Count && first

	skip := 0
	if first {
		skip = w.c.options.Skip
	}

	for !w.ended {
		if err := w.mayReadOn(&p); err != nil {
			return p, err
		}
		if p.next != nil && !p.counted {
			return p, nil
		}

		rows, err := w.piece(ctx, w.needed(&p, skip))
		if err != nil {
			return p, err
		}

		for _, r := range rows {
			p.count++
			switch {
			case skip > 0:
				skip--
			case len(p.rows) < w.top():
				p.rows = append(p.rows, r)
			case p.next == nil:
				p.next = &r.at
			}
		}
	}

	return p, nil
}

// mayReadOn ends a page that has cost enough, where it may end; next says then that it did.
func (w *walk[T]) mayReadOn(p *page[T]) error {
	switch {
	case p.counted:
		return w.tooLong("$count")
	case len(p.rows) == 0:
		return w.tooLong("this search for the first row")
	case p.next == nil && len(p.rows) == w.top() && w.sure && !w.narrowed():
		p.next = &position{Token: w.token}
	case p.next == nil && w.enough():
		p.next = &position{Token: w.token}
	}
	return nil
}

// needed is how much is read next: what the page still lacks, or one row to see whether
// more remain.
func (w *walk[T]) needed(p *page[T], skip int) int {
	lacking := w.top() - len(p.rows) + skip

	switch {
	case p.counted:
		return entitlement.PageSize
	case lacking == 0 && w.pieces <= 1:
		return 1
	case w.pieces > 0:
		return max(lacking, smallPiece)
	default:
		return lacking
	}
}

// whole reads the list to its end, and hands over its rows.
func (w *walk[T]) whole(ctx context.Context, what string, take func([]row[T])) error {
	for !w.ended {
		if err := w.tooLong(what); err != nil {
			return err
		}

		rows, err := w.piece(ctx, entitlement.PageSize)
		if err != nil {
			return err
		}
		take(rows)
	}
	return nil
}

// countAll counts the rows of the list.
func (w *walk[T]) countAll(ctx context.Context) (n int, err error) {
	err = w.whole(ctx, "$count", func(rows []row[T]) { n += len(rows) })
	return n, err
}

// ordered reads the whole list, puts it in order, and shows the page of it that begins at a
// position: the number and the id of a row in that order.
func (w *walk[T]) ordered(ctx context.Context, at *position) (page[T], error) {
	var p page[T]

	var all []row[T]
	if err := w.whole(ctx, "$orderby", func(rows []row[T]) { all = append(all, rows...) }); err != nil {
		return p, err
	}

	orders := w.c.options.OrderBy
	slices.SortStableFunc(all, func(a, b row[T]) int {
		if order := odata.Compare(orders, a.keys, b.keys); order != 0 {
			return order
		}
		return strings.Compare(a.at.ID, b.at.ID)
	})
	for i := range all {
		all[i].at = position{Row: i, ID: all[i].at.ID}
	}

	p.count, p.counted = len(all), w.c.options.Count && at == nil

	from := w.c.options.Skip
	if at != nil {
		from = at.Row
		if i := slices.IndexFunc(all, func(r row[T]) bool { return r.at.ID == at.ID }); i >= 0 {
			from = i
		}
	}
	all = all[min(from, len(all)):]

	p.rows = all[:min(w.top(), len(all))]
	if len(all) > len(p.rows) {
		p.next = &all[len(p.rows)].at
	}
	return p, nil
}
