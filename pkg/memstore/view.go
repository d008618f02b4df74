package memstore

import (
	"encoding/base64"
	"slices"
	"strings"

	"leasehold/pkg/entitlement"
)

// row is one entry of a sorted list: the list it is in, its place there, and the id
// or key that it names.
type row struct {
	list string
	sort string
	ref  any
}

// view is a set of sorted lists.
type view struct{ lists map[string][]row }

func newView() *view { return &view{lists: map[string][]row{}} }

func (v *view) find(r row) (int, bool) {
	return slices.BinarySearchFunc(v.lists[r.list], r.sort, func(x row, sort string) int { return strings.Compare(x.sort, sort) })
}

func (v *view) add(r row) {
	i, there := v.find(r)
	if there {
		v.lists[r.list][i] = r
		return
	}
	v.lists[r.list] = slices.Insert(v.lists[r.list], i, r)
}

func (v *view) drop(r row) {
	if i, there := v.find(r); there {
		v.lists[r.list] = slices.Delete(v.lists[r.list], i, i+1)
	}
}

// query asks for a page of the merged lists. Lists that are merged sort alike.
type query struct {
	lists   []string
	until   string // last place that is wanted; empty means all
	newest  bool   // from the end
	context string // ties a token to its list
	page    entitlement.Page
}

// page returns the rows that query asks for and the token of the next page. The limit
// counts rows, whatever becomes of them.
func (v *view) page(q query) ([]row, string, error) {
	after, err := openToken(q.context, q.page.Token)
	if err != nil {
		return nil, "", err
	}
	var rows []row
	for _, list := range q.lists {
		rows = append(rows, q.part(v.lists[list], after)...)
	}
	if len(q.lists) > 1 {
		slices.SortStableFunc(rows, compareRows)
		rows = slices.CompactFunc(rows, func(a, b row) bool { return a.sort == b.sort })
	}
	if q.newest {
		slices.Reverse(rows)
	}
	if len(rows) <= q.page.Size() {
		return rows, "", nil
	}
	rows = rows[:q.page.Size()]
	return rows, sealToken(q.context, rows[len(rows)-1].sort), nil
}

func compareRows(a, b row) int { return strings.Compare(a.sort, b.sort) }

// part cuts out of one list what a page may hold: what is beyond the place of the token,
// up to until, and one row more than fits, to tell that there is a next page.
func (q query) part(list []row, after string) []row {
	first := func(beyond bool, sort string) int { // of the rows at or beyond a place
		i, there := slices.BinarySearchFunc(list, row{sort: sort}, compareRows)
		if there && beyond {
			i++
		}
		return i
	}
	if q.until != "" {
		list = list[:first(true, q.until)]
	}
	room := q.page.Size() + 1
	switch {
	case q.newest && q.page.Token != "":
		list = list[:first(false, after)]
	case q.page.Token != "":
		list = list[first(true, after):]
	}
	if q.newest {
		return list[max(0, len(list)-room):]
	}
	return list[:min(len(list), room)]
}

// refs pages through one list and returns the ids in its rows.
func refs[T any](v *view, list string, newest bool, page entitlement.Page) (ids []T, next string, err error) {
	rows, next, err := v.page(query{lists: []string{list}, newest: newest, context: list, page: page})
	for _, r := range rows {
		ids = append(ids, r.ref.(T))
	}
	return ids, next, err
}

// sealToken makes an opaque page token.
func sealToken(context, sort string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(context + "\x00" + sort))
}

// openToken returns the place that a token of the same list names.
func openToken(context, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	plain, err := base64.RawURLEncoding.DecodeString(token)
	sort, ok := strings.CutPrefix(string(plain), context+"\x00")
	if err != nil || !ok {
		return "", entitlement.Errorf(entitlement.Invalid, "The page token is not one of this list. Start again from the first page.")
	}
	return sort, nil
}
