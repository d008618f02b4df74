package dynamo

import (
	"context"
	"fmt"
	"sync"

	"leasehold/pkg/entitlement"
)

// Reading once: whoever is shown something, and changes nothing, reads each item and each page of
// a list once, whatever part of the page asks for it. It is remembered in the context of that one
// call and goes with it; a write forgets all of it.

// once is what one call has read.
type once struct {
	mu    sync.Mutex
	items map[Key]readItem
	pages map[string]*readPage
}

// readItem is an item as it was read; nil where there was none.
type readItem struct {
	item   item
	strong bool
}

// readPage is a page of a query, once it was read. Whoever asks for it meanwhile waits for that.
type readPage struct {
	read    chan struct{} // closed once it was
	entries []item
	next    *cursor
	err     error
}

// maxOnce bounds what is remembered: an export goes through more than is worth keeping.
const maxOnce = 2000

type onceKey struct{}

// Once returns a context in which what was read is not read again, for calls that write nothing.
func (db *DB) Once(ctx context.Context) context.Context {
	return context.WithValue(ctx, onceKey{}, &once{items: map[Key]readItem{}, pages: map[string]*readPage{}})
}

func onceOf(ctx context.Context) *once {
	o, _ := ctx.Value(onceKey{}).(*once)
	return o
}

// forget is for after a write.
func forget(ctx context.Context) {
	if o := onceOf(ctx); o != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		clear(o.items)
		clear(o.pages)
	}
}

// take moves what was read already to all, and returns the keys of what was not. What was read
// weakly is no answer to a strong read.
func (o *once) take(strong bool, keys []Key, all found) (left []Key) {
	if o == nil {
		return keys
	}

	o.mu.Lock()
	defer o.mu.Unlock()
	for _, key := range keys {
		switch read, known := o.items[key]; {
		case !known || strong && !read.strong:
			left = append(left, key)
		case read.item != nil:
			all[key] = read.item
		}
	}
	return left
}

// keep remembers what was read of the keys, and that the others are not there.
func (o *once) keep(strong bool, keys []Key, all found) {
	if o == nil {
		return
	}

	o.mu.Lock()
	defer o.mu.Unlock()
	for _, key := range keys {
		if len(o.items) < maxOnce {
			o.items[key] = readItem{all[key], strong}
		}
	}
}

// page returns a page of a query, and whether it is for the caller of this to read.
func (o *once) page(of string) (page *readPage, first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if page, known := o.pages[of]; known {
		return page, false
	}
	page = &readPage{read: make(chan struct{})}
	if len(o.pages) < maxOnce {
		o.pages[of] = page
	}
	return page, true
}

// pageOnce is DB.page for each page once.
func (db *DB) pageOnce(ctx context.Context, o *once, w tableQuery, at *cursor, limit int) ([]item, *cursor, error) {
	of := fmt.Sprintf("%+v %+v %d", w.named(), at, limit)
	page, first := o.page(of)
	if !first {
		<-page.read
		if page.err == nil {
			return page.entries, page.next, nil
		}
		return db.readPage(ctx, w, at, limit) // who read it may have been called off
	}

	defer close(page.read)
	if page.entries, page.next, page.err = db.readPage(ctx, w, at, limit); page.err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.pages, of) // the next one tries anew
	}
	return page.entries, page.next, page.err
}

// named is a query with its index by name, as it is told apart from others.
func (w tableQuery) named() any {
	index := ""
	if w.index != nil {
		index = w.index.ID
	}
	return struct {
		index, partition, prefix, from, to, after string
		newest                                    bool
	}{index, w.partition, w.prefix, w.from, w.to, w.after, w.newest}
}

// Ahead reads what an address names, in one call, so that Once has it when it is asked for. It
// tells nothing: what goes wrong here goes wrong again for whoever asks.
func (db *DB) Ahead(ctx context.Context, n entitlement.Addressed) {
	var keys []Key
	for _, one := range []struct {
		named bool
		key   func() Key
	}{
		{n.Catalog != "", func() Key { return catalogKey(n.Catalog) }},
		{n.Catalog != "" && n.Resource != "", func() Key { return resourceKey(n.Catalog, n.Resource) }},
		{n.Catalog != "" && n.Change != "", func() Key { return changeKey(n.Catalog, n.Change) }},
		{n.Package != "", func() Key { return packageKey(n.Package) }},
		{n.Package != "" && n.Scopes, func() Key { return scopesKey(n.Package) }},
		{n.Policy != "", func() Key { return policyKey(n.Policy) }},
		{n.Request != "", func() Key { return requestKey(n.Request) }},
		{n.Assignment != "", func() Key { return endedKey(n.Assignment) }},
		{n.Assignment != "", func() Key { return requestKey(entitlement.RequestID(n.Assignment)) }},
		{n.User != "", func() Key { return userKey(n.User) }},
		{n.Group != "", func() Key { return groupKey(n.Group) }},
		{n.Connector != "", func() Key { return connectorKey(n.Connector) }},
	} {
		if one.named {
			keys = append(keys, one.key())
		}
	}
	if len(keys) > 0 {
		db.batch(ctx, true, keys...)
	}
}
