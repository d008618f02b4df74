package engine

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"leasehold/pkg/names"
)

// Engine is a table in memory. It is safe for concurrent use: calls take effect one
// after the other.
type Engine struct {
	options Options

	mu      sync.Mutex
	table   table
	indexes []*index
	before  map[Key]past // only where reads may be stale
	effects effects
}

// New returns an engine with an empty table.
func New(o Options) *Engine {
	e := &Engine{options: o, table: table{map[string][]*record{}}, before: map[Key]past{}, effects: effects{known: map[string]*effect{}}}
	for i := range names.Indexes {
		e.indexes = append(e.indexes, &index{of: &names.Indexes[i], nth: i, seed: o.Seed, partitions: map[string]*indexPartition{}})
	}
	return e
}

func (e *Engine) keeper() keeper { return keeper{e.options.Share} }

func (e *Engine) now() time.Time {
	if e.options.Now == nil {
		return time.Now()
	}
	return e.options.Now()
}

// named refuses another table than the one there is.
func (e *Engine) named(table *string) error {
	if aws.ToString(table) != e.options.Table {
		return &types.ResourceNotFoundException{Message: aws.String("Requested resource not found")}
	}
	return nil
}

// do makes one call that was found well formed, as one step among all others.
func (e *Engine) do(ctx context.Context, o operation, effect func() error) error {
	if err := ctx.Err(); err != nil {
		return told(o, &smithy.CanceledError{Err: err})
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return told(o, effect())
}

// GetItem reads one item.
func (e *Engine) GetItem(ctx context.Context, in *dynamodb.GetItemInput, options ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	key, err := e.getKey(in, options)
	if err != nil {
		return nil, told(opGetItem, err)
	}

	out := &dynamodb.GetItemOutput{}
	err = e.do(ctx, opGetItem, func() error {
		out.Item = e.shown(e.read(ctx, key, aws.ToBool(in.ConsistentRead)))
		return nil
	})

	if err != nil {
		return nil, err
	}
	return out, nil
}

func (e *Engine) getKey(in *dynamodb.GetItemInput, options []func(*dynamodb.Options)) (Key, error) {
	if err := unknownGet(in, options); err != nil {
		return Key{}, err
	}
	if err := e.named(in.TableName); err != nil {
		return Key{}, err
	}
	return justKey(in.Key)
}

// read finds an item as a read sees it.
func (e *Engine) read(ctx context.Context, key Key, consistent bool) *record {
	if !consistent && e.options.Stale != nil {
		if old, written := e.before[key]; written && e.options.Stale(ctx, key, old.written) {
			return old.record
		}
	}
	return e.table.find(key)
}

// PutItem writes one item.
func (e *Engine) PutItem(ctx context.Context, in *dynamodb.PutItemInput, options ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	err := unknownPut(in, options)
	if err == nil {
		err = e.named(in.TableName)
	}
	var w write
	if err == nil {
		w, err = e.preparePut(in.Item, sent{condition: in.ConditionExpression, names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues}, in.ReturnValuesOnConditionCheckFailure)
	}
	if err = e.one(ctx, opPutItem, &w, err); err != nil {
		return nil, err
	}
	return &dynamodb.PutItemOutput{ConsumedCapacity: e.consumed(in.ReturnConsumedCapacity, &w)}, nil
}

// UpdateItem changes one item, or makes it.
func (e *Engine) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, options ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	err := unknownUpdate(in, options)

	if err == nil {
		err = e.named(in.TableName)
	}

	var w write
	if err == nil {
		w, err = e.prepareKey(Update, in.Key, sent{in.ConditionExpression, in.UpdateExpression, nil, in.ExpressionAttributeNames, in.ExpressionAttributeValues}, in.ReturnValuesOnConditionCheckFailure)
	}

	if err = e.one(ctx, opUpdateItem, &w, err); err != nil {
		return nil, err
	}

	// Nothing is given back of what failed, not even the capacity.
	out := &dynamodb.UpdateItemOutput{ConsumedCapacity: e.consumed(in.ReturnConsumedCapacity, &w)}
	if in.ReturnValues == types.ReturnValueAllNew {
		out.Attributes = e.shown(w.next)
	}
	return out, nil
}

// DeleteItem takes one item away.
func (e *Engine) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, options ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	err := unknownDelete(in, options)
	if err == nil {
		err = e.named(in.TableName)
	}
	var w write
	if err == nil {
		w, err = e.prepareKey(Delete, in.Key, sent{condition: in.ConditionExpression, names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues}, in.ReturnValuesOnConditionCheckFailure)
	}
	if err = e.one(ctx, opDeleteItem, &w, err); err != nil {
		return nil, err
	}
	return &dynamodb.DeleteItemOutput{ConsumedCapacity: e.consumed(in.ReturnConsumedCapacity, &w)}, nil
}

// one makes a call of a single action, unless it was malformed.
func (e *Engine) one(ctx context.Context, o operation, w *write, malformed error) error {
	if malformed != nil {
		return told(o, malformed)
	}
	return e.do(ctx, o, func() error { return e.single(ctx, w) })
}
