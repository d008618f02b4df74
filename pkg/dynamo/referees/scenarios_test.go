package referees

import (
	"context"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/storetest"
)

// TestScenarios plays every scenario of the stores on the engine, has each referee make the
// same calls, and demands the same of each.
func TestScenarios(t *testing.T) {
	each(t, func(t *testing.T, r *referee, client dynamo.Client, table string) {
		b := &both{T: t, referee: r, ours: engine.New(engine.Options{Table: table}), theirs: client, kinds: count{}, classes: count{}}
		t.Run("suite", func(t *testing.T) {
			storetest.Run(t, func(*testing.T) storetest.Store { return dynamo.New(b, table) })
		})
		b.kinds.log(t)
		b.classes.log(t)
	})
}

// both is a client of the engine that has a referee make the same calls, one at a time.
type both struct {
	*testing.T
	*referee
	ours, theirs   dynamo.Client
	mu             sync.Mutex
	kinds, classes count
}

// beside makes a call on both, compares what it came to, and answers as the engine does.
func beside[In, Out any](ctx context.Context, b *both, in *In, make func(dynamo.Client) (*Out, error)) (*Out, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out, err := make(b.ours)
	other, otherErr := make(b.theirs)
	if ctx.Err() != nil {
		return out, err // whoever called has gone: both were told so, at one time or another
	}
	mine, theirs := came(in, out, err), came(in, other, otherErr)
	b.kinds[verdict(mine.text)]++
	class, differ := b.compare(step{in: in}, mine, theirs)
	switch {
	case class != "":
		b.classes[class]++
	case differ:
		b.Errorf("%s\nthe engine: %+v\n%s: %+v", describe(in), mine, b.name, theirs)
	}
	return out, err
}

func (b *both) GetItem(ctx context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return beside(ctx, b, in, func(c dynamo.Client) (*dynamodb.GetItemOutput, error) { return c.GetItem(ctx, in) })
}

func (b *both) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	return beside(ctx, b, in, func(c dynamo.Client) (*dynamodb.BatchGetItemOutput, error) { return c.BatchGetItem(ctx, in) })
}

func (b *both) Query(ctx context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return beside(ctx, b, in, func(c dynamo.Client) (*dynamodb.QueryOutput, error) { return c.Query(ctx, in) })
}

func (b *both) PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	asking := *in
	asking.ReturnConsumedCapacity = units
	return beside(ctx, b, &asking, func(c dynamo.Client) (*dynamodb.PutItemOutput, error) { return c.PutItem(ctx, &asking) })
}

func (b *both) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	asking := *in
	asking.ReturnConsumedCapacity = units
	return beside(ctx, b, &asking, func(c dynamo.Client) (*dynamodb.UpdateItemOutput, error) { return c.UpdateItem(ctx, &asking) })
}

func (b *both) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	asking := *in
	asking.ReturnConsumedCapacity = units
	return beside(ctx, b, &asking, func(c dynamo.Client) (*dynamodb.DeleteItemOutput, error) { return c.DeleteItem(ctx, &asking) })
}

func (b *both) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	asking := *in
	asking.ReturnConsumedCapacity = units
	return beside(ctx, b, &asking, func(c dynamo.Client) (*dynamodb.TransactWriteItemsOutput, error) {
		return c.TransactWriteItems(ctx, &asking)
	})
}
