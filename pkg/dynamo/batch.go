package dynamo

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// found is what a batch read brought, by key.
type found map[Key]item

// batch reads items in as few calls as their number allows; absent ones are left out.
func (db *DB) batch(ctx context.Context, strong bool, keys ...Key) (found, error) {
	if o := readOnce(ctx); o != nil {
		return o.batch(ctx, strong, keys, func(keys []Key) (found, error) { return db.batchAnew(ctx, strong, keys) })
	}
	return db.batchAnew(ctx, strong, keys)
}

func (db *DB) batchAnew(ctx context.Context, strong bool, keys []Key) (found, error) {
	chunks := slices.Collect(slices.Chunk(distinct(keys), batchKeys))
	read := make([]found, len(chunks))
	err := db.sideBySide(ctx, len(chunks), func(ctx context.Context, i int) error {
		read[i] = found{}
		some := chunks[i]
		err := db.client.again(ctx, func() (err error) {
			some, err = db.readBatch(ctx, strong, some, read[i])
			return unlessFinished(some, err)
		})
		if err != nil {
			return failed(ctx, "batch get", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}

	all := found{}
	for _, some := range read {
		maps.Copy(all, some)
	}
	return all, nil
}

// atOnce is batch for items that only say something together. Of a try that brings some
// of them nothing is kept: what it read would be older than the rest by a pause.
func (db *DB) atOnce(ctx context.Context, keys ...Key) (found, error) {
	all := found{}

	err := db.client.again(ctx, func() error {
		// A try that failed half-way must leave nothing of what it read.
		clear(all)
		for some := range slices.Chunk(distinct(keys), batchKeys) {
			left, err := db.readBatch(ctx, true, some, all)
			if err := unlessFinished(left, err); err != nil {
				return err
			}
		}
		return nil
	})

	if err != nil {
		return nil, failed(ctx, "batch get", err)
	}
	return all, nil
}

// distinct returns the keys as items, each once.
func distinct(keys []Key) []item {
	all := make([]item, 0, len(keys))
	var seen map[Key]bool
	// A map pays only for many keys: most reads are of a handful.
	if len(keys) > fewKeys {
		seen = make(map[Key]bool, len(keys))
	}

	for i, k := range keys {
		if seen == nil && slices.Contains(keys[:i], k) || seen[k] {
			continue
		}
		if seen != nil {
			seen[k] = true
		}
		all = append(all, k.item())
	}

	return all
}

// fewKeys are compared one by one.
const fewKeys = 16

// readBatch reads up to batchKeys items in one call, and returns the keys that were left
// unread. Of a call that failed those are all.
func (db *DB) readBatch(ctx context.Context, strong bool, keys []item, all found) ([]item, error) {
	out, err := db.client.service.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
		db.table: {Keys: keys, ConsistentRead: truth(strong)}}})
	if err != nil {
		return keys, err
	}
	for _, it := range out.Responses[db.table] {
		all[keyOf(it)] = it
	}
	return out.UnprocessedKeys[db.table].Keys, nil
}

func unlessFinished(left []item, err error) error {
	if err == nil && len(left) > 0 {
		return errUnfinished
	}
	return err
}
