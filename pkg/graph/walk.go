package graph

import (
	"context"
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/order"
)

// Bounds of what one call reads of a list (S21). A page that has something on it is
// answered when the smaller ones are reached; one that is still empty reads on, so that no
// page leads to an empty one that is not the last. Of a list of at most maxRows, read in
// pieces that are not mostly empty, the larger ones are never reached.
const (
	enoughRows   = 2_000
	enoughPieces = 50
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

	Thorough bool `json:"f,omitzero"` // how it was read
}

// rows is a list of whatever it is a list of: what lists have in common is built once, and
// not for each type of entity.
type rows struct {
	set     string
	lookups string
	named   entitlement.Named
	read    lister[any]
	tree    func(any) object                                      // as filters see it
	shown   func(ctx context.Context, of []any) ([]object, error) // as the answer has it
}

// rowsOf forgets of which type the rows of a list are.
func rowsOf[T any](c *call, k entityType[T], read lister[T]) rows {
	return rows{set: k.set, lookups: k.lookups, named: namedBy(c.options.Filter, k.named),
		tree: func(item any) object { return k.mapper(item.(T)) },
		read: func(ctx context.Context, page entitlement.Page) (entitlement.Paged[any], error) {
			got, err := read(ctx, page)

			items := make([]any, len(got.Items))
			for i, item := range got.Items {
				items[i] = item
			}
			return entitlement.Paged[any]{Items: items, Next: got.Next, Sure: got.Sure, Spent: got.Spent, Unread: got.Unread}, err
		},
		shown: func(ctx context.Context, of []any) ([]object, error) {
			items := make([]T, len(of))
			for i, item := range of {
				items[i] = item.(T)
			}
			return finished(ctx, c, k, items)
		}}
}

// namedBy returns which names a filter demands; the empty one where it demands none.
func namedBy(f *odata.Filter, property string) entitlement.Named {
	if property == "" {
		return entitlement.Named{}
	}
	begins, whole, _ := f.Prefix(property)
	return entitlement.Named{Begins: begins, Whole: whole}
}

// row is something on a list, with its position.
type row struct {
	item any
	at   position
	keys []any // what it is ordered by
}

// page is what a call shows of a list.
type page struct {
	rows    []row
	next    *position // nil: nothing remains
	count   int       // of the whole list, where counted
	counted bool
}

// cut shortens a page to its first n rows.
func (p *page) cut(n int) {
	p.next = &p.rows[n].at
	p.rows = p.rows[:n]
}

// walk goes through the rows of a list that a call's options let through.
type walk struct {
	c        *call
	of       rows
	token    string    // of the piece to be read next
	resume   *position // where in it the rows begin; nil: at its beginning
	ended    bool
	sure     bool // what was read last says that more follows
	spent    bool // it has cost what one call should
	thorough bool // all of it is asked for, whatever it costs
	examined int
	pieces   int
}

func newWalk(c *call, of rows, at *position) *walk {
	w := &walk{c: c, of: of}
	if at != nil && len(c.options.OrderBy) == 0 {
		w.token = at.Token
		if at.Row > 0 {
			w.resume = at
		}
	}
	return w
}

// top is how many rows a page shows.
func (w *walk) top() int {
	if n := w.c.pageSize(); n > 0 {
		return n
	}
	return entitlement.PageSize
}

// narrowed reports options that leave rows out, so that more must be read than is shown.
func (w *walk) narrowed() bool { return w.c.options.Filter != nil || w.c.options.Search != nil }

// piece reads on, and returns the rows that the options let through.
func (w *walk) piece(ctx context.Context, limit int) ([]row, error) {
	limit, thorough := min(limit, entitlement.PageSize), w.thorough
	if w.narrowed() {
		limit, thorough = entitlement.PageSize, true
	}
	if w.resume != nil {
		limit, thorough = w.resume.Limit, w.resume.Thorough // the same piece again
	}

	got, err := w.of.read(ctx, entitlement.Page{Limit: limit, Token: w.token, Thorough: thorough, Named: w.of.named})
	if err != nil {
		return nil, err
	}

	from := w.begins(got.Items)
	var found []row
	for i, item := range got.Items {
		if i < from {
			continue
		}
		r := row{item: item, at: position{Token: w.token, Limit: limit, Row: i, Thorough: thorough}}

		tree := w.of.tree(item)
		if i > 0 {
			r.at.ID = treeID(tree)
		}
		if w.narrowed() && !w.c.options.Match(tree) {
			continue
		}
		if len(w.c.options.OrderBy) > 0 {
			r.keys, r.at.ID = w.c.options.Keys(tree), treeID(tree)
		}
		found = append(found, r)
	}

	w.examined += len(got.Items) - from
	w.pieces++
	w.token, w.resume, w.ended, w.sure, w.spent = got.Next, nil, got.Next == "", got.Sure, got.Spent

	return found, nil
}

// begins returns the number of the row in a piece that was left off at.
func (w *walk) begins(items []any) int {
	if w.resume == nil {
		return 0
	}
	if w.resume.ID != "" {
		named := func(item any) bool { return treeID(w.of.tree(item)) == w.resume.ID }
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
func (w *walk) enough() bool {
	return w.spent || w.examined >= enoughRows || w.pieces >= enoughPieces
}

// tooLong refuses to read further, and says what to do instead.
func (w *walk) tooLong(what string) error {
	if w.examined < maxRows && w.pieces < maxPieces {
		return nil
	}

	instead := "narrow the list with $filter"
	if w.of.lookups != "" {
		instead = "name in $filter what is found without reading the list: " + w.of.lookups
	}
	return entitlement.Errorf(entitlement.Invalid, "The list is longer than one call reads, %d rows, and %s needs all of them: %s.", maxRows, what, instead)
}

// filled reads on until the page is full and it is known whether more remain.
func (w *walk) filled(ctx context.Context) (page, error) {
	var p page
	first := w.c.options.SkipToken == ""
	p.counted = w.c.options.Count && first
	w.thorough = p.counted

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
func (w *walk) mayReadOn(p *page) error {
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
func (w *walk) needed(p *page, skip int) int {
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
func (w *walk) whole(ctx context.Context, what string, take func([]row)) error {
	w.thorough = true
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
func (w *walk) countAll(ctx context.Context) (n int, err error) {
	err = w.whole(ctx, "$count", func(rows []row) { n += len(rows) })
	return n, err
}

// ordered reads the whole list, puts it in order, and shows the page of it that begins at a
// position: the number and the id of a row in that order.
func (w *walk) ordered(ctx context.Context, at *position) (page, error) {
	var p page

	var all []row
	if err := w.whole(ctx, "$orderby", func(rows []row) { all = append(all, rows...) }); err != nil {
		return p, err
	}

	orders := w.c.options.OrderBy
	order.SortStableFunc(all, func(a, b row) int {
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
		if i := slices.IndexFunc(all, func(r row) bool { return r.at.ID == at.ID }); i >= 0 {
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
