package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold/pkg/names"
)

// search is a query that was found well formed.
type search struct {
	index     *index // nil: the table
	partition string
	within    []span // of the sort value; what is in all of them
	backward  bool
	limit     int
	count     bool // only
	after     *record
}

// span is one bound of sort values.
type span struct {
	op           op
	value, upper string
}

// covers reports a sort value within the bound.
func (s span) covers(sort string) bool {
	switch s.op {
	case opEqual:
		return sort == s.value
	case opLess:
		return sort < s.value
	case opAtMost:
		return sort <= s.value
	case opMore:
		return sort > s.value
	case opAtLeast:
		return sort >= s.value
	case opBetween:
		return sort >= s.value && sort <= s.upper
	default:
		return strings.HasPrefix(sort, s.value)
	}
}

// begins reports a sort value before which none is within the bound.
func (s span) begins(sort string) bool {
	switch s.op {
	case opLess, opAtMost:
		return true
	case opMore:
		return sort > s.value
	default:
		return sort >= s.value
	}
}

// Query reads a page of one partition of the table or of an index.
func (e *Engine) Query(ctx context.Context, in *dynamodb.QueryInput, options ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	s, err := e.search(in, options)
	if err != nil {
		return nil, told(opQuery, err)
	}

	out := &dynamodb.QueryOutput{}
	err = e.do(ctx, opQuery, func() error {
		e.page(s, e.entries(ctx, s), out)
		return nil
	})

	if err != nil {
		return nil, err
	}
	return out, nil
}

// entries returns the partition, as this read sees it.
func (e *Engine) entries(ctx context.Context, s *search) []*record {
	if s.index == nil {
		return e.table.partitions[s.partition]
	}

	l := s.index.partitions[s.partition]
	if l == nil {
		return nil
	}

	if len(l.unseen) > 0 {
		since := make([]time.Time, len(l.unseen))
		for i, step := range l.unseen {
			since[i] = step.at
		}

		// How far a read of the index is behind is decided by the options, for each read anew.
		s.index.see(l, e.options.Lag(ctx, s.index.of.ID, s.partition, since))
	}

	return l.entries
}

// page fills an answer with the rows from where the search begins: until none is left,
// the limit is reached, or the next one is too much for a page.
func (e *Engine) page(s *search, entries []*record, out *dynamodb.QueryOutput) {
	at, step := s.begin(entries), 1
	if s.backward {
		step = -1
	}

	size := 0
	if !s.count {
		out.Items = []map[string]value{}
	}

	for ; at >= 0 && at < len(entries) && s.covers(entries[at]); at += step {
		read, bytes := entries[at].item, entries[at].size
		// A row of an index has the size that it has there, and no more of the item than that.
		if s.index != nil {
			entry := s.index.entry(entries[at])
			read, bytes = entry.item, entry.size
		}

		if size += bytes; size > maxPage {
			out.LastEvaluatedKey = s.key(entries[at-step])
			break
		}

		out.Count++
		if !s.count {
			out.Items = append(out.Items, e.keeper().give(read))
		}

		if int(out.Count) == s.limit {
			out.LastEvaluatedKey = s.key(entries[at])
			break
		}
	}

	out.ScannedCount = out.Count
}

// begin returns the place of the first row of the search, in its direction.
func (s *search) begin(entries []*record) int {
	if s.after != nil {
		at, there := slices.BinarySearchFunc(entries, s.after, s.compare)
		switch {
		case s.backward:
			return at - 1
		case there:
			return at + 1
		default:
			return at
		}
	}

	first, _ := slices.BinarySearchFunc(entries, true, func(r *record, _ bool) int {
		// Entries are sorted, so those before the span's beginning are all on one side.
		for _, b := range s.within {
			if !b.begins(s.sort(r)) {
				return -1
			}
		}
		return 0
	})

	if !s.backward {
		return first
	}

	n, _ := slices.BinarySearchFunc(entries[first:], true, func(r *record, _ bool) int {
		if s.covers(r) {
			return -1
		}
		return 0
	})

	return first + n - 1
}

func (s *search) compare(a, b *record) int {
	if s.index != nil {
		return s.index.compare(a, b)
	}
	return cmp.Compare(a.key.SK, b.key.SK)
}

func (s *search) covers(r *record) bool {
	for _, b := range s.within {
		if !b.covers(s.sort(r)) {
			return false
		}
	}
	return true
}

func (s *search) sort(r *record) string {
	if s.index != nil {
		return r.places[s.index.nth].sort
	}
	return r.key.SK
}

// key returns the row that the next page begins after.
func (s *search) key(r *record) item {
	it := item{names.AttrPK: &text{Value: r.key.PK}, names.AttrSK: &text{Value: r.key.SK}}
	if s.index != nil {
		it[s.index.of.Partition], it[s.index.of.Sort] = &text{Value: s.partition}, &text{Value: s.sort(r)}
	}
	return it
}
