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
	tokens  tokens
}

// New returns an engine with an empty table.
func New(o Options) *Engine {
	e := &Engine{options: o, table: table{map[string][]*record{}}, before: map[Key]past{}, tokens: tokens{known: map[string]*effect{}}}
	for i := range names.Indexes {
		e.indexes = append(e.indexes, &index{of: &names.Indexes[i], nth: i, seed: o.Seed, lanes: map[string]*lane{}})
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

// do makes one call that was found well formed, with whatever is drawn to go wrong.
func (e *Engine) do(ctx context.Context, op Op, index string, keys func() []Key, effect func(c Call) error) error {
	if err := ctx.Err(); err != nil {
		return told(op, &smithy.CanceledError{Err: err})
	}
	c := Call{Op: op, Index: index}
	if o := e.options; o.Before != nil || o.After != nil || o.Unprocessed != nil {
		c.Keys = keys()
	}
	if e.options.Before != nil {
		if err := e.options.Before(ctx, c); err != nil {
			return told(op, err)
		}
	}
	err := e.locked(func() error { return effect(c) })
	if e.options.After != nil {
		if failure := e.options.After(ctx, c, err); failure != nil {
			err = failure
		}
	}
	return told(op, err)
}

func (e *Engine) locked(effect func() error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return effect()
}

// GetItem reads one item.
func (e *Engine) GetItem(ctx context.Context, in *dynamodb.GetItemInput, options ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	key, err := e.getKey(in, options)
	if err != nil {
		return nil, told(OpGetItem, err)
	}
	out := &dynamodb.GetItemOutput{}
	err = e.do(ctx, OpGetItem, "", func() []Key { return []Key{key} }, func(Call) error {
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
	if err = e.one(ctx, OpPutItem, &w, err); err != nil {
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
	if err = e.one(ctx, OpUpdateItem, &w, err); err != nil {
		return nil, err
	}
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
	if err = e.one(ctx, OpDeleteItem, &w, err); err != nil {
		return nil, err
	}
	return &dynamodb.DeleteItemOutput{ConsumedCapacity: e.consumed(in.ReturnConsumedCapacity, &w)}, nil
}

// one makes a call of a single action, unless it was malformed.
func (e *Engine) one(ctx context.Context, op Op, w *write, malformed error) error {
	if malformed != nil {
		return told(op, malformed)
	}
	return e.do(ctx, op, "", func() []Key { return []Key{w.key} }, func(Call) error { return e.single(ctx, w) })
}
