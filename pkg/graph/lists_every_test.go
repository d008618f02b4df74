package graph

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every list that is served takes every option that lists have: one row at a time it is the
// same as all at once, in an order as well, and its count is the number of its rows.
func TestS21_EveryListTakesTheOptionsOfLists(t *testing.T) {
	w := newFixture(t)
	stockExpansions(w)
	w.ask("other")

	lists := 0
	for _, op := range served() {
		if op.method != http.MethodGet || op.serve == nil || strings.HasSuffix(op.path, "/$count") {
			continue
		}
		path := w.readable(op.path)
		as := "admin"
		if strings.HasPrefix(op.path, approvalPath+"/filterBy") {
			as = "manager"
		}
		got := w.call(as, "GET", path, nil).want(200)
		if _, list := got.body["value"].([]any); !list {
			continue
		}
		lists++
		w.sameInPieces(as, path, got.values())

		bare, filter, _ := strings.Cut(path, "?")
		count := bare + "/$count"
		if filter != "" {
			count += "?" + filter
		}
		if text := w.call(as, "GET", count, nil).want(200).text; text != strconv.Itoa(len(got.values())) {
			t.Errorf("%s: %s, and there are %d", count, text, len(got.values()))
		}
	}
	t.Logf("%d lists", lists)
}

// sameInPieces compares a list with itself, read a row at a time.
func (w *fixture) sameInPieces(as, path string, whole []any) {
	w.Helper()
	ids := func(all []any) (list []string) {
		for _, v := range all {
			list = append(list, dig(v, "id"))
		}
		return list
	}
	sign := "?"
	if strings.Contains(path, "?") {
		sign = "&"
	}

	for _, order := range []string{"", "&$orderby=" + url.QueryEscape("id desc")} {
		want := ids(whole)
		if order != "" {
			slices.Sort(want)
			slices.Reverse(want)
		}

		var got []any
		for next := path + sign + "$top=1&$count=true" + order; next != ""; {
			page := w.call(as, "GET", next, nil).want(200)
			if len(page.values()) != min(1, len(whole)) {
				w.Fatalf("%s: a page of %d", next, len(page.values()))
			}
			if count := page.body["@odata.count"]; len(got) == 0 && count != float64(len(whole)) {
				w.Errorf("%s: counts %v of %d", next, count, len(whole))
			}
			if got = append(got, page.values()...); len(got) > len(whole) {
				w.Fatalf("%s: %d rows and no end, of %d", next, len(got), len(whole))
			}
			next = page.next()
		}
		if fmt.Sprint(ids(got)) != fmt.Sprint(want) {
			w.Errorf("%s %s: %v in pieces, %v at once", path, order, ids(got), want)
		}

		if len(whole) > 1 && order != "" {
			skipped := w.call(as, "GET", path+sign+"$skip=1"+order, nil)
			if fmt.Sprint(ids(skipped.values())) != fmt.Sprint(want[1:]) {
				w.Errorf("%s: %v after one was skipped, of %v", path, ids(skipped.values()), want)
			}
		}
	}
}
