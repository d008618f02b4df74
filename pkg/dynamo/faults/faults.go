// Package faults has the calls of a table go wrong in every way in which the service's
// can, as far as no table has to know of it: throttled, failed before or after their
// effect, in conflict with others, slow, and with part of a batch handed back. What a read
// sees that is behind is the engine's (engine.Options).
//
// It wraps the interface of the calls itself, so no call is without faults because
// somebody forgot it.
package faults

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/names"
)

// Hooks say what goes wrong. What is nil does not happen. A call is slow where a hook
// takes its time.
type Hooks struct {
	// Before is asked before the effect of a call. Its error is the call's, and nothing
	// is done.
	Before func(ctx context.Context, c Call) error
	// After is asked when a call is over, with its outcome. Its error takes the place of
	// the outcome, and what was done stays done.
	After func(ctx context.Context, c Call, outcome error) error
	// Unread says which keys of a batch are handed back, by their place in Keys.
	Unread func(ctx context.Context, c Call) []int
}

// Call is one call: its operation, its index if it has one, and the keys of the items that
// it names, in their order. A query names none.
type Call struct {
	Op    Op
	Index string
	Keys  []dynamo.Key
	Input any // of the SDK, not to be changed
}

// Op is an operation, named as the SDK names it.
type Op string

// The operations.
const (
	GetItem            Op = "GetItem"
	BatchGetItem       Op = "BatchGetItem"
	Query              Op = "Query"
	PutItem            Op = "PutItem"
	UpdateItem         Op = "UpdateItem"
	DeleteItem         Op = "DeleteItem"
	TransactWriteItems Op = "TransactWriteItems"
)

// Wrap returns the client with its calls going wrong.
func Wrap(client dynamo.Client, h Hooks) dynamo.Client {
	if h.Before == nil && h.After == nil && h.Unread == nil {
		return client
	}
	return &faulty{client, h}
}

type faulty struct {
	client dynamo.Client
	hooks  Hooks
}

// around is one call, with what goes wrong around it.
func around[Out any](ctx context.Context, f *faulty, c Call, call func() (*Out, error)) (*Out, error) {
	if f.hooks.Before != nil {
		if err := f.hooks.Before(ctx, c); err != nil {
			return nil, told(c.Op, err)
		}
	}
	out, err := call()
	if f.hooks.After != nil {
		if failure := f.hooks.After(ctx, c, err); failure != nil {
			return nil, told(c.Op, failure)
		}
	}
	return out, err
}

// told wraps a failure as the SDK does.
func told(op Op, err error) error {
	return &smithy.OperationError{ServiceID: dynamodb.ServiceID, OperationName: string(op), Err: err}
}

func (f *faulty) GetItem(ctx context.Context, in *dynamodb.GetItemInput, options ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return around(ctx, f, Call{Op: GetItem, Keys: keys(in.Key), Input: in}, func() (*dynamodb.GetItemOutput, error) { return f.client.GetItem(ctx, in, options...) })
}

func (f *faulty) Query(ctx context.Context, in *dynamodb.QueryInput, options ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	c := Call{Op: Query, Input: in}
	if in.IndexName != nil {
		c.Index = *in.IndexName
	}
	return around(ctx, f, c, func() (*dynamodb.QueryOutput, error) { return f.client.Query(ctx, in, options...) })
}

func (f *faulty) PutItem(ctx context.Context, in *dynamodb.PutItemInput, options ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return around(ctx, f, Call{Op: PutItem, Keys: keys(in.Item), Input: in}, func() (*dynamodb.PutItemOutput, error) { return f.client.PutItem(ctx, in, options...) })
}

func (f *faulty) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, options ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return around(ctx, f, Call{Op: UpdateItem, Keys: keys(in.Key), Input: in}, func() (*dynamodb.UpdateItemOutput, error) { return f.client.UpdateItem(ctx, in, options...) })
}

func (f *faulty) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, options ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	return around(ctx, f, Call{Op: DeleteItem, Keys: keys(in.Key), Input: in}, func() (*dynamodb.DeleteItemOutput, error) { return f.client.DeleteItem(ctx, in, options...) })
}

func (f *faulty) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, options ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	c := Call{Op: TransactWriteItems, Input: in, Keys: make([]dynamo.Key, len(in.TransactItems))}
	for i := range in.TransactItems {
		c.Keys[i] = keyOf(itemOf(&in.TransactItems[i]))
	}
	return around(ctx, f, c, func() (*dynamodb.TransactWriteItemsOutput, error) {
		return f.client.TransactWriteItems(ctx, in, options...)
	})
}

func (f *faulty) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, options ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	c := Call{Op: BatchGetItem, Input: in}
	tables := slices.Sorted(maps.Keys(in.RequestItems))
	for _, table := range tables {
		c.Keys = slices.Concat(c.Keys, keys(in.RequestItems[table].Keys...))
	}
	return around(ctx, f, c, func() (*dynamodb.BatchGetItemOutput, error) {
		var back []int
		if f.hooks.Unread != nil {
			back = f.hooks.Unread(ctx, c)
		}
		return f.batch(ctx, in, tables, back, options)
	})
}

// batch makes the call without the keys at some places, and hands those back. Where none
// is left to be read, the service says that it is too much.
func (f *faulty) batch(ctx context.Context, in *dynamodb.BatchGetItemInput, tables []string, back []int, options []func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	if len(back) == 0 {
		return f.client.BatchGetItem(ctx, in, options...)
	}

	less := *in
	less.RequestItems = map[string]types.KeysAndAttributes{}
	handed := map[string]types.KeysAndAttributes{}

	n := 0
	for _, table := range tables {
		ask := in.RequestItems[table]
		read, left := ask, ask
		read.Keys, left.Keys = nil, nil
		// Keys are counted over all tables, in the order in which the caller numbered them.
		for _, key := range ask.Keys {
			if slices.Contains(back, n) {
				left.Keys = append(left.Keys, key)
			} else {
				read.Keys = append(read.Keys, key)
			}
			n++
		}

		if len(read.Keys) > 0 {
			less.RequestItems[table] = read
		}
		if len(left.Keys) > 0 {
			handed[table] = left
		}
	}

	if len(less.RequestItems) == 0 {
		return nil, told(BatchGetItem, Throttled())
	}

	out, err := f.client.BatchGetItem(ctx, &less, options...)
	if err != nil {
		return out, err
	}
	// What the service did not get to itself is handed back as well.
	for table, more := range out.UnprocessedKeys {
		more.Keys = append(more.Keys, handed[table].Keys...)
		handed[table] = more
	}

	out.UnprocessedKeys = handed
	return out, nil
}

func itemOf(a *types.TransactWriteItem) map[string]types.AttributeValue {
	switch {
	case a.Put != nil:
		return a.Put.Item
	case a.Update != nil:
		return a.Update.Key
	case a.Delete != nil:
		return a.Delete.Key
	case a.ConditionCheck != nil:
		return a.ConditionCheck.Key
	}
	return nil
}

func keys(all ...map[string]types.AttributeValue) []dynamo.Key {
	found := make([]dynamo.Key, len(all))
	for i, it := range all {
		found[i] = keyOf(it)
	}
	return found
}

func keyOf(it map[string]types.AttributeValue) dynamo.Key {
	return dynamo.Key{PK: text(it[names.AttrPK]), SK: text(it[names.AttrSK])}
}

func text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}
