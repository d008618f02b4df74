package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"golang.org/x/sync/errgroup"

	"leasehold/pkg/entitlement"
)

// DB is the table. It is safe for concurrent use, and keeps nothing between calls but
// predictions of which keys to read, and what it has written already and need not
// again.
type DB struct {
	client patient
	table  string
	serial bool // nothing is done side by side
	random func([]byte)
	notice func(ctx context.Context, err error)

	packages predictions
	written  sync.Map               // content-addressed index entries that are there: key to time to live
	signing  atomic.Pointer[[]byte] // the signing key, once read
}

// Open returns the table of the name as a function uses it, by the SDK's own client.
func Open(cfg aws.Config, table string, options ...Option) *DB {
	return New(dynamodb.NewFromConfig(cfg, unretried), table, options...)
}

// New returns the table that client reaches under the name. The client makes each call
// once: whoever brings one of the SDK's own takes its tries away, or opens it with Open.
func New(client Client, table string, options ...Option) *DB {
	db := &DB{client: patient{client, backOff}, table: table, random: randomBytes, notice: func(context.Context, error) {}}
	for _, option := range options {
		option(db)
	}
	return db
}

// Option changes how a table is used.
type Option func(*DB)

// Pausing has pause called between the tries of a call, where otherwise a random while of
// the system's time goes by.
func Pausing(pause Pause) Option { return func(db *DB) { db.client.pause = pause } }

// OneByOne has calls that could be made side by side made one after the other, so that
// their order is the same each time.
func OneByOne() Option { return func(db *DB) { db.serial = true } }

// Drawing has the secret that events are chained with drawn by fill, where otherwise
// nobody can foresee it: with it, the chain is the same each time. Tokens of transactions
// are random all the same: transactions side by side that drew one token would be one.
func Drawing(fill func([]byte)) Option { return func(db *DB) { db.random = fill } }

// randomBytes fills b with random bytes. It never fails: it crashes the program first.
func randomBytes(b []byte) { rand.Read(b) }

// Noticing has notice called with each item that this code cannot read, whether it was
// left out of a page or is why a read failed: such an item is waited for by somebody.
func Noticing(notice func(ctx context.Context, err error)) Option {
	return func(db *DB) { db.notice = notice }
}

// unread reports an item that cannot be read, after it was told of.
func (db *DB) unread(ctx context.Context, err error) bool {
	is := errors.Is(err, entitlement.ErrUnreadable)
	if is {
		db.notice(ctx, err)
	}
	return is
}

// Limits of the service and of our patience.
const (
	batchKeys = 100 // keys of one BatchGetItem
	parallel  = 16  // calls of one read, or of one preparation, side by side
)

// sideBySide does n things at once, a few at a time, and returns the first failure.
func (db *DB) sideBySide(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	// The simulator decides on the order of calls, so there it must be one.
	if db.serial {
		for i := range n {
			if err := do(ctx, i); err != nil {
				return err
			}
		}
		return nil
	}

	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i := range n {
		g.Go(func() error { return do(ctx, i) })
	}
	return g.Wait()
}

// get reads one item strongly; an absent one is nil.
func (db *DB) get(ctx context.Context, key Key) (item, error) {
	o := readOnce(ctx)
	if o == nil {
		return db.getAnew(ctx, key)
	}
	all, err := o.batch(ctx, true, []Key{key}, func([]Key) (found, error) {
		it, err := db.getAnew(ctx, key)
		if it == nil {
			return nil, err
		}
		return found{key: it}, err
	})
	return all[key], err
}

func (db *DB) getAnew(ctx context.Context, key Key) (item, error) {
	out, err := db.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &db.table, Key: key.item(), ConsistentRead: truth(true)})
	if err != nil {
		return nil, failed(ctx, "get item", err)
	}
	return out.Item, nil
}

// one reads one aggregate strongly, or answers NotFound.
func one[T any](ctx context.Context, db *DB, s mapper[T], key Key) (T, error) {
	var none T
	it, err := db.get(ctx, key)
	if err != nil {
		return none, err
	}
	if it == nil {
		return none, missing(s.noun)
	}
	v, err := s.read(it)
	db.unread(ctx, err)
	return v, err
}

// truth points to a truth value, as the service's inputs have it.
func truth(is bool) *bool {
	if is {
		return &truths.yes
	}
	return &truths.no
}

var truths = struct{ yes, no bool }{yes: true}

func missing(noun string) error {
	return entitlement.Errorf(entitlement.NotFound, "There is no %s with this id.", noun)
}

// pick returns the aggregate under key, if it was found.
func pick[T any](all found, s mapper[T], key Key) (*T, error) {
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
func several[T any](ctx context.Context, db *DB, s mapper[T], strong bool, keys []Key) ([]T, error) {
	list, unread, err := readableOf(ctx, db, s, strong, keys)
	if err == nil && unread != nil {
		return nil, unread[0]
	}
	return list, err
}

// readableOf is several for pages: what cannot be read is left out as well, and told of (F37).
func readableOf[T any](ctx context.Context, db *DB, s mapper[T], strong bool, keys []Key) (list []T, unread []error, err error) {
	all, err := db.batch(ctx, strong, keys...)
	if err != nil {
		return nil, nil, err
	}

	for _, k := range keys {
		v, err := pick(all, s, k)
		switch {
		case db.unread(ctx, err):
			unread = append(unread, err)
		case err != nil:
			return nil, nil, err
		}
		if v != nil {
			list = append(list, *v)
		}
		delete(all, k) // named twice, listed once
	}

	return list, unread, nil
}

// keysOf makes the keys of ids.
func keysOf[ID any](ids []ID, key func(ID) Key) []Key {
	keys := make([]Key, len(ids))
	for i, v := range ids {
		keys[i] = key(v)
	}
	return keys
}
