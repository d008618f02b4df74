package dynamo

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
)

// Once returns a context within which each item and each page of a query is read once: who asks
// for it again, or while it is being read, gets what that read brought. It is for pages, which
// change nothing and put together what several use cases read: they see one state, and pay for
// it once. Nothing is kept beyond the context, and nothing that was read before a change that is
// committed within it. What has to be read strongly is answered by strong reads alone.
func (db *DB) Once(ctx context.Context) context.Context {
	return context.WithValue(ctx, onceKey{}, &once{items: map[itemRead]*oneRead[item]{}, queries: map[queryRead]*query{}})
}

// anew returns the context for reads that earlier ones must not answer.
func anew(ctx context.Context) context.Context {
	if readOnce(ctx) == nil {
		return ctx
	}
	return context.WithValue(ctx, onceKey{}, (*once)(nil))
}

// readOnce is what was read within the context of Once; nil outside of one.
func readOnce(ctx context.Context) *once {
	o, _ := ctx.Value(onceKey{}).(*once)
	return o
}

type onceKey struct{}

// maxOnce bounds what is kept for one context: beyond it things are read again. Pages are far
// below it; a file of thousands of rows would lie in memory twice.
const maxOnce = 2_000

// once is what was read, and what is being read, within one context.
type once struct {
	mu      sync.Mutex
	items   map[itemRead]*oneRead[item]
	queries map[queryRead]*query
	kept    int // items, those of queries among them
}

type itemRead struct {
	Key
	strong bool
}

type queryRead struct {
	of tableQuery
	at cursor // zero at the beginning
}

// queried is what one page of a query brought.
type queried struct {
	entries []item
	next    *cursor
}

// upTo returns the first entries of what a longer page brought, and where the next ones are.
func (q queried) upTo(limit int, w tableQuery) (entries []item, next *cursor) {
	if limit > 0 && len(q.entries) > limit {
		return slices.Clip(q.entries[:limit]), w.cursorAt(q.entries[limit-1])
	}
	if q.next != nil {
		next = new(*q.next) // the caller's own
	}
	return slices.Clip(q.entries), next
}

// oneRead is a read that somebody makes or has made. What failed is not kept: whoever waited for
// it reads by themselves.
type oneRead[T any] struct {
	done  chan struct{}
	value T // nil of an item that is absent
	err   error
}

// errGivenUp is of reads that ended in a panic.
var errGivenUp = errors.New("the read was given up")

func begun[T any]() *oneRead[T] { return &oneRead[T]{done: make(chan struct{}), err: errGivenUp} }

// known returns an item that was read strongly already, nil for another.
func (o *once) known(key Key) item {
	if o == nil {
		return nil
	}
	o.mu.Lock()
	r := o.items[itemRead{key, true}]
	o.mu.Unlock()
	if r == nil {
		return nil
	}
	<-r.done // all that is read here ends: with the context of the same call
	return r.value
}

// wait waits until the read was made.
func (r *oneRead[T]) wait(ctx context.Context) error {
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// claimed is the read of one item.
type claimed struct {
	key Key
	*oneRead[item]
}

// batch reads items by read, but those that are being read already, or were.
func (o *once) batch(ctx context.Context, strong bool, keys []Key, read func([]Key) (found, error)) (found, error) {
	all := found{}
	for len(keys) > 0 {
		mine, theirs := o.claim(strong, keys)
		got, err := o.readClaimed(strong, mine, read)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, got)

		keys = nil
		for _, r := range theirs {
			if err := r.wait(ctx); err != nil {
				return nil, failed(ctx, "batch get", err)
			}
			switch {
			case r.err != nil:
				keys = append(keys, r.key)
			case r.value != nil:
				all[r.key] = r.value
			}
		}
	}
	return all, nil
}

// claim parts keys into those that the caller reads, and those that somebody else does or did.
func (o *once) claim(strong bool, keys []Key) (mine, theirs []claimed) {
	o.mu.Lock()
	defer o.mu.Unlock()
	own := map[Key]bool{}
	for _, key := range keys {
		r := o.items[itemRead{key, true}]
		if r == nil && !strong {
			r = o.items[itemRead{key, false}]
		}
		switch {
		case own[key]: // named twice
		case r != nil:
			theirs = append(theirs, claimed{key, r})
		default:
			own[key] = true
			mine = append(mine, claimed{key, begun[item]()})
			if o.kept < maxOnce {
				o.items[itemRead{key, strong}] = mine[len(mine)-1].oneRead
				o.kept++
			}
		}
	}
	return mine, theirs
}

// readClaimed reads what was claimed. Whatever happens, nobody waits for it for ever.
func (o *once) readClaimed(strong bool, mine []claimed, read func([]Key) (found, error)) (got found, err error) {
	if len(mine) == 0 {
		return nil, nil
	}
	err = errGivenUp
	defer func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, r := range mine {
			r.value, r.err = got[r.key], err
			if at := (itemRead{r.key, strong}); err != nil && o.items[at] == r.oneRead {
				delete(o.items, at)
			}
			close(r.done)
		}
	}()
	got, err = read(keysOf(mine, func(r claimed) Key { return r.key }))
	return got, err
}

// query is the read of one page of a query.
type query struct {
	limit int
	*oneRead[queried]
}

// query reads one page of a query by read, unless as much of it is being read already, or was.
func (o *once) query(ctx context.Context, of queryRead, limit int, read func() (queried, error)) (queried, error) {
	for {
		r, mine := o.claimQuery(of, limit)
		if mine {
			return o.readQuery(of, r, read)
		}
		if err := r.wait(ctx); err != nil {
			return queried{}, failed(ctx, "query", err)
		}
		if r.err == nil {
			return r.value, nil
		}
	}
}

func (o *once) claimQuery(of queryRead, limit int) (r *query, mine bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r := o.queries[of]; r != nil && (r.limit == 0 || limit > 0 && limit <= r.limit) {
		return r, false
	}
	r = &query{limit, begun[queried]()}
	if o.kept < maxOnce {
		o.queries[of] = r
	}
	return r, true
}

// readQuery reads what was claimed. Whatever happens, nobody waits for it for ever.
func (o *once) readQuery(of queryRead, r *query, read func() (queried, error)) (got queried, err error) {
	err = errGivenUp
	defer func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		r.value, r.err = got, err
		if err != nil && o.queries[of] == r {
			delete(o.queries, of)
		}
		o.kept += len(got.entries)
		close(r.done)
	}()
	got, err = read()
	return got, err
}

// forget has everything read again: something was written.
func (o *once) forget() {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.items)
	clear(o.queries)
	o.kept = 0
}
