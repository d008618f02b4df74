package engine

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const maxBatchKeys = 100

// BatchGetItem reads several items, in an order of its own. What is larger than a batch
// comes back unread.
func (e *Engine) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, options ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	asked, keys, err := e.batch(in, options)
	if err != nil {
		return nil, told(opBatchGetItem, err)
	}

	out := &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]value{}, UnprocessedKeys: map[string]types.KeysAndAttributes{}}
	// The keys are checked before the engine is locked, and read in one go under the lock.
	err = e.do(ctx, opBatchGetItem, func() error {
		found, left := e.readAll(ctx, keys, aws.ToBool(asked.ConsistentRead))
		out.Responses[e.options.Table] = found
		if len(left) > 0 {
			again := types.KeysAndAttributes{ConsistentRead: asked.ConsistentRead}
			for _, i := range left {
				again.Keys = append(again.Keys, asked.Keys[i])
			}
			out.UnprocessedKeys[e.options.Table] = again
		}
		return nil
	})

	if err != nil {
		return nil, err
	}
	return out, nil
}

// batch checks a batch, all of whose keys are of the one table.
func (e *Engine) batch(in *dynamodb.BatchGetItemInput, options []func(*dynamodb.Options)) (types.KeysAndAttributes, []Key, error) {
	asked := in.RequestItems[e.options.Table]
	if err := unknownBatch(in, options); err != nil {
		return asked, nil, err
	}

	for table := range in.RequestItems {
		if table != e.options.Table {
			return asked, nil, e.named(aws.String(table))
		}
	}

	if n := len(asked.Keys); n < 1 || n > maxBatchKeys {
		return asked, nil, invalid("Value at 'RequestItems' failed to satisfy constraint: Member must have length between 1 and %d", maxBatchKeys)
	}

	keys := make([]Key, len(asked.Keys))
	for i, it := range asked.Keys {
		var err error
		if keys[i], err = justKey(it); err != nil {
			return asked, nil, err
		}
	}

	if repeats(keys) {
		return asked, nil, invalid("Provided list of item keys contains duplicates")
	}

	return asked, keys, nil
}

// repeats reports a key that is there twice.
func repeats(keys []Key) bool {
	if len(keys) <= fewMembers {
		for i, k := range keys {
			if slices.Contains(keys[:i], k) {
				return true
			}
		}
		return false
	}

	seen := make(map[Key]bool, len(keys))
	for _, k := range keys {
		seen[k] = true
	}

	return len(seen) < len(keys)
}

// readAll reads items as far as they fit into an answer. It returns those found, the last
// one first, and the places of the keys that were left.
func (e *Engine) readAll(ctx context.Context, keys []Key, consistent bool) (found []map[string]value, left []int) {
	found = []map[string]value{}
	size := 0

	for i, key := range keys {
		r := e.read(ctx, key, consistent)
		if r == nil {
			continue
		}
		// The service counts what was found, whether it still fits or not.
		if size += r.size; size > maxBatch {
			left = append(left, i)
			continue
		}
		found = append(found, e.shown(r))
	}
	// In another order than was asked for, so that nobody comes to rely on one.
	slices.Reverse(found)
	return found, left
}
