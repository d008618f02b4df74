package dynamo

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"leasehold/pkg/entitlement"
)

// Reading once: whoever is shown something, and changes nothing, reads each item and each page of
// a list once, whatever part of the page asks for it. It is remembered in the context of that one
// call and goes with it; a write forgets all of it.

// once is what one call has read.
type once struct {
	mu    sync.Mutex
	items map[Key]*readItem
	pages map[string]*readPage
}

// readItem is an item, once it was read; nil where there is none. Whoever asks for it meanwhile
// waits for that.
type readItem struct {
	read   chan struct{} // closed once it was
	strong bool
	item   item
	failed bool
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
	return context.WithValue(ctx, onceKey{}, &once{items: map[Key]*readItem{}, pages: map[string]*readPage{}})
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

// known returns an item that was read strongly already.
func (o *once) known(key Key) item {
	if o == nil {
		return nil
	}

	o.mu.Lock()
	one := o.items[key]
	o.mu.Unlock()
	if one == nil || !one.strong {
		return nil
	}
	<-one.read
	return one.item
}

// readOnce reads those of the keys that nobody has read, and waits for those that others read. What
// is read weakly is no answer to a strong read.
func (o *once) readOnce(strong bool, keys []Key, read func([]Key) (found, error)) (found, error) {
	own, others := o.share(strong, keys)
	all, err := o.settle(own, read)
	if err != nil {
		return nil, err
	}

	var again []Key
	for _, key := range keys {
		one, theirs := others[key]
		if !theirs {
			continue
		}
		<-one.read // all that is read here ends: with the context of the same call
		switch {
		case one.failed: // who read it may have been called off
			again = append(again, key)
		case one.item != nil:
			all[key] = one.item
		}
	}

	if len(again) == 0 {
		return all, nil
	}
	more, err := read(again)
	maps.Copy(all, more)
	return all, err
}

// share says which of the keys are for the caller of this to read, and which others do.
func (o *once) share(strong bool, keys []Key) (own, others map[Key]*readItem) {
	own, others = map[Key]*readItem{}, map[Key]*readItem{}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, key := range keys {
		if _, mine := own[key]; mine {
			continue
		}
		if one, known := o.items[key]; known && (one.strong || !strong) {
			others[key] = one
			continue
		}
		own[key] = &readItem{read: make(chan struct{}), strong: strong}
		if len(o.items) < maxOnce {
			o.items[key] = own[key]
		}
	}
	return own, others
}

// settle reads what is the caller's to read, and tells whoever waits for it.
func (o *once) settle(own map[Key]*readItem, read func([]Key) (found, error)) (all found, err error) {
	all, err = found{}, errUnfinished // should reading panic
	defer func() {
		for key, one := range own {
			one.item, one.failed = all[key], err != nil
			close(one.read)
		}
		if err != nil {
			o.mu.Lock()
			defer o.mu.Unlock()
			for key := range own {
				delete(o.items, key) // the next one tries anew
			}
		}
	}()

	if len(own) == 0 {
		return all, nil
	}
	keys := slices.SortedFunc(maps.Keys(own), func(a, b Key) int { return cmp.Or(cmp.Compare(a.PK, b.PK), cmp.Compare(a.SK, b.SK)) })
	if read, failed := read(keys); failed != nil {
		err = failed
	} else {
		all, err = read, nil
	}
	return all, err
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

// Ahead reads what an address names, side by side, so that Once has it when it is asked for. It
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
		{n.User != "" && n.Record, func() Key { return subjectRecordKey(n.User) }},
		{n.Group != "", func() Key { return groupKey(n.Group) }},
		{n.Connector != "", func() Key { return connectorKey(n.Connector) }},
	} {
		if one.named {
			keys = append(keys, one.key())
		}
	}

	reads := []func(){func() { db.batch(ctx, true, keys...) }}
	if n.Catalog != "" && n.Packages > 0 {
		reads = append(reads, func() { db.ahead(ctx, packagesOf(n.Catalog, entitlement.Page{}), nil, n.Packages) })
	}
	db.sideBySide(ctx, len(reads), func(_ context.Context, i int) error { reads[i](); return nil })
}
