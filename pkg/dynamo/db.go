package dynamo

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// DB is the table. It is safe for concurrent use, and keeps nothing between calls but
// hints at which keys to read, and what it has written already and need not again.
type DB struct {
	client Client
	table  string
	pause  func(ctx context.Context, try int) error // between tries

	packages hints
	written  sync.Map               // content-addressed rows that are there: key to time to live
	signing  atomic.Pointer[[]byte] // the signing key, once read
}

// New returns the table that client reaches under the name.
func New(client Client, table string) *DB {
	return &DB{client: client, table: table, pause: backOff}
}

// Limits of the service and of our patience.
const (
	batchKeys  = 100 // keys of one BatchGetItem
	batchTries = 8   // of a batch that comes back unfinished
	parallel   = 16  // calls of one read, or of one preparation, side by side
	maxRows    = 10_000
)

// backOff waits a random while that doubles with each try.
func backOff(ctx context.Context, try int) error {
	limit := min(20*time.Millisecond<<try, time.Second)
	return clock.System{}.Sleep(ctx, rand.N(limit))
}

// sideBySide does n things at once, a few at a time, and returns the first failure.
func sideBySide(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i := range n {
		g.Go(func() error { return do(ctx, i) })
	}
	return g.Wait()
}

// get reads one item strongly; an absent one is nil.
func (db *DB) get(ctx context.Context, key Key) (item, error) {
	out, err := db.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &db.table, Key: key.item(), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, failed(ctx, "get item", err)
	}
	return out.Item, nil
}

// one reads one aggregate strongly, or answers NotFound.
func one[T any](ctx context.Context, db *DB, s shape[T], key Key) (T, error) {
	var none T
	it, err := db.get(ctx, key)
	if err != nil {
		return none, err
	}
	if it == nil {
		return none, missing(s.noun)
	}
	return s.read(it)
}

func missing(noun string) error {
	return entitlement.Errorf(entitlement.NotFound, "There is no %s with this id.", noun)
}

// found is what a batch read brought, by key.
type found map[Key]item

// batch reads items in as few calls as their number allows; absent ones are left out.
func (db *DB) batch(ctx context.Context, strong bool, keys ...Key) (found, error) {
	seen := map[Key]bool{}
	var asked []item
	for _, k := range keys {
		if !seen[k] {
			seen[k] = true
			asked = append(asked, k.item())
		}
	}
	all := found{}
	for len(asked) > 0 {
		n := min(len(asked), batchKeys)
		if err := db.batchOnce(ctx, strong, asked[:n], all); err != nil {
			return nil, err
		}
		asked = asked[n:]
	}
	return all, nil
}

// batchOnce reads up to batchKeys items, asking again for what the service left out.
func (db *DB) batchOnce(ctx context.Context, strong bool, keys []item, all found) error {
	for try := 0; len(keys) > 0; try++ {
		if try == batchTries {
			return throttled("batch get", nil)
		}
		if try > 0 {
			if err := db.pause(ctx, try); err != nil {
				return err
			}
		}
		out, err := db.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
			db.table: {Keys: keys, ConsistentRead: aws.Bool(strong)}}})
		if err != nil {
			return failed(ctx, "batch get", err)
		}
		for _, it := range out.Responses[db.table] {
			all[keyOf(it)] = it
		}
		keys = out.UnprocessedKeys[db.table].Keys
	}
	return nil
}

// pick returns the aggregate under key, if it was found.
func pick[T any](all found, s shape[T], key Key) (*T, error) {
	it, ok := all[key]
	if !ok {
		return nil, nil
	}
	v, err := s.read(it)
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// several reads aggregates by key in the keys' order; absent ones are left out.
func several[T any](ctx context.Context, db *DB, s shape[T], strong bool, keys []Key) ([]T, error) {
	all, err := db.batch(ctx, strong, keys...)
	if err != nil {
		return nil, err
	}
	var list []T
	for _, k := range keys {
		v, err := pick(all, s, k)
		if err != nil {
			return nil, err
		}
		if v != nil {
			list = append(list, *v)
		}
		delete(all, k) // named twice, listed once
	}
	return list, nil
}

// keysOf makes the keys of ids.
func keysOf[ID any](ids []ID, key func(ID) Key) []Key {
	keys := make([]Key, len(ids))
	for i, v := range ids {
		keys[i] = key(v)
	}
	return keys
}
