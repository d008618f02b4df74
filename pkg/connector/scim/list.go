package scim

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"leasehold/pkg/connector/outbound"
)

// Bounds of reading a list of a server that was not asked for little, or did not heed it.
const (
	pageSize = 200
	maxPages = 20
)

// list is an answer to a search.
type list[T any] struct {
	TotalResults *int // required, so its absence shows an answer that is none
	Resources    []T
}

var errNoList = errors.New("the answer is not a list")

// reader reads a list page by page, each of its entries once.
type reader[T any] struct {
	c     *Connector
	ask   outbound.Operation
	path  string
	query url.Values
	id    func(T) id

	all   []T
	seen  map[id]bool
	shown int // entries, repeated ones included
	total int
	pages int
	stuck bool // the server shows nothing new, though it has more
}

// complete reports that everything was read that the server counts.
func (r *reader[T]) complete() bool { return r.pages > 0 && len(r.all) >= r.total }

// ended reports that there is no more to read, or that no more will be.
func (r *reader[T]) ended() bool { return r.complete() || r.stuck || r.pages >= maxPages }

// more reads the next page. "Nothing" has consequences, so it is believed only of an
// answer that says so.
func (r *reader[T]) more(ctx context.Context) error {
	query := maps.Clone(r.query)
	if r.pages > 0 {
		query.Set("startIndex", strconv.Itoa(r.shown+1))
	}

	var answer list[T]
	if err := r.c.getJSON(ctx, r.ask, r.path, query, &answer); err != nil {
		return err
	}
	if answer.TotalResults == nil || *answer.TotalResults < 0 || r.pages == 0 && *answer.TotalResults > 0 && len(answer.Resources) == 0 {
		return r.ask.NotUnderstood(http.StatusOK, errNoList)
	}

	if r.seen == nil {
		r.seen = map[id]bool{}
	}
	before := len(r.all)
	// A server may show one of them on two pages, or the same page again and again.
	for _, each := range answer.Resources {
		if i := r.id(each); !r.seen[i] {
			r.seen[i] = true
			r.all = append(r.all, each)
		}
	}

	r.pages, r.shown, r.total = r.pages+1, r.shown+len(answer.Resources), *answer.TotalResults
	r.stuck = len(r.all) == before && !r.complete()
	return nil
}
