package dynamo

import (
	"context"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// within lists what lies in one partition of the table, read strongly. What cannot be read
// is left out after the page's limit was counted (F37).
func within[T any](ctx context.Context, db *DB, w tableQuery, page entitlement.Page, read func(item) (T, error)) (entitlement.Paged[T], error) {
	return limited(ctx, db, w, page.Token, page.Size(), read)
}

// upTo1MB is within for pages as large as one call brings.
func upTo1MB[T any](ctx context.Context, db *DB, w tableQuery, token string, read func(item) (T, error)) (entitlement.Paged[T], error) {
	return limited(ctx, db, w, token, 0, read)
}

// limited reads a page of at most limit index entries; 0 means as many as one call brings.
func limited[T any](ctx context.Context, db *DB, w tableQuery, token string, limit int, read func(item) (T, error)) (entitlement.Paged[T], error) {
	at, err := w.parse(token)
	if err != nil {
		return entitlement.Paged[T]{}, err
	}

	entries, next, sure, err := db.ahead(ctx, w, at, limit)
	if err != nil {
		return entitlement.Paged[T]{}, err
	}

	out := entitlement.Paged[T]{Next: w.token(next), Sure: sure}
	for _, it := range entries {
		v, err := read(it)
		// One that cannot be read must not hide the others on the page (F37).
		if db.unread(ctx, err) {
			out.Unread++
			continue
		}
		if err != nil {
			return entitlement.Paged[T]{}, err
		}
		out.Items = append(out.Items, v)
	}

	return out, nil
}

// listed lists aggregates by the index entries of an index that they carry themselves.
// Index entries and items are both eventually consistent: these lists promise no more.
func listed[T any](ctx context.Context, db *DB, s mapper[T], w tableQuery, page entitlement.Page) (entitlement.Paged[T], error) {
	return followed(ctx, db, s, false, w, page, keyOf)
}

// followed lists the aggregates that the index entries of a query lead to. Index entries
// whose item is gone, or cannot be read, are dropped after the page's limit was counted.
func followed[T any](ctx context.Context, db *DB, s mapper[T], strong bool, w tableQuery, page entitlement.Page, key func(item) Key) (entitlement.Paged[T], error) {
	entries, err := within(ctx, db, w, page, func(it item) (Key, error) { return key(it), nil })
	if err != nil {
		return entitlement.Paged[T]{}, err
	}
	items, unread, err := readableOf(ctx, db, s, strong, entries.Items)
	return entitlement.Paged[T]{Items: items, Next: entries.Next, Sure: entries.Sure, Unread: entries.Unread + len(unread)}, err
}

// spread lists what is spread over listShards, one shard after another. The first one fills a
// page of a long list; of a short one all others are read side by side. key says where an index
// entry leads.
func spread[T any](ctx context.Context, db *DB, s mapper[T], word string, page entitlement.Page, key func(item) Key) (entitlement.Paged[T], error) {
	shards := func(n int) tableQuery {
		return tableQuery{index: index1, partition: listPartition(word, listShards[n]), prefix: encNamed(page.Named)}
	}

	n, at, err := parseSpread(shards, page.Token)
	if err != nil {
		return entitlement.Paged[T]{}, err
	}

	var keys []Key
	next, sure := "", false
	for many := 1; n < len(listShards) && next == ""; {
		if len(keys) == page.Size() {
			next = shards(n).token(&cursor{Shard: n, SK: begin, PK: begin})
			break
		}

		turn := make([]shardPage, min(many, len(listShards)-n))
		err := db.sideBySide(ctx, len(turn), func(ctx context.Context, i int) (err error) {
			from := at
			if i > 0 { // only the first shard of a page is taken up where the page before it ended
				from = nil
			}
			turn[i].entries, turn[i].last, turn[i].more, err = db.ahead(ctx, shards(n+i), from, page.Size()-len(keys))
			return err
		})
		if err != nil {
			return entitlement.Paged[T]{}, err
		}

		var read int
		keys, read, next, sure = fill(keys, turn, shards, n, page.Size(), key)
		n, at, many = n+read, nil, len(listShards)
	}

	items, unread, err := readableOf(ctx, db, s, false, keys)
	return entitlement.Paged[T]{Items: items, Next: next, Sure: sure, Unread: len(unread)}, err
}

// shardPage is what one shard brought.
type shardPage struct {
	entries []item
	last    *cursor
	more    bool // more does follow
}

// fill adds what shards brought to a page, in their order, until it is full. It says how many of
// them are done with, and where the list goes on if it ends within one.
func fill(keys []Key, turn []shardPage, shards func(int) tableQuery, first, size int, key func(item) Key) (all []Key, read int, next string, sure bool) {
	for i, one := range turn {
		left := size - len(keys)
		if left == 0 {
			return keys, i, "", false
		}

		if len(one.entries) > left { // what is over is read again by the page after this
			_, sort := shards(first + i).attributes()
			last := one.entries[left-1]
			one.entries, one.more = one.entries[:left], true
			one.last = &cursor{PK: textOf(last, names.AttrPK), SK: textOf(last, names.AttrSK), Sort: textOf(last, sort)}
		}
		keys = append(keys, keysOf(one.entries, key)...)
		if one.last != nil {
			one.last.Shard = first + i
			return keys, i + 1, shards(first + i).token(one.last), one.more
		}
	}
	return keys, len(turn), "", false
}

// begin stands in a cursor for the beginning of a shard.
const begin = "-"

// parseSpread reads a page token that names its shard.
func parseSpread(shards func(int) tableQuery, token string) (int, *cursor, error) {
	if token == "" {
		return 0, nil, nil
	}
	for n := range listShards {
		if at, err := shards(n).parse(token); err == nil && at.Shard == n {
			if at.SK == begin {
				at = nil
			}
			return n, at, nil
		}
	}
	return 0, nil, badToken()
}
