package dynamotest

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo"
)

// metered is a client whose calls a meter counts. Of writes it asks what they cost, in
// inputs of its own.
type metered struct {
	dynamo.Client // none of it is left as it is
	meter         *Meter
}

// Wrap returns the client with its calls counted.
func (m *Meter) Wrap(client dynamo.Client) dynamo.Client { return &metered{client, m} }

func (c *metered) GetItem(ctx context.Context, in *dynamodb.GetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	c.meter.takes()
	out, err := c.Client.GetItem(ctx, in, opts...)
	c.meter.count("GetItem", err, func() (float64, float64) { return strength(in.ConsistentRead) * steps(c.meter.size(out.Item)), 0 })
	return out, err
}

func (c *metered) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	c.meter.takes()
	out, err := c.Client.BatchGetItem(ctx, in, opts...)
	c.meter.count("BatchGetItem", err, func() (float64, float64) { return c.meter.batchUnits(in, out), 0 })
	return out, err
}

func (c *metered) Query(ctx context.Context, in *dynamodb.QueryInput, opts ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	c.meter.takes()
	out, err := c.Client.Query(ctx, in, opts...)
	c.meter.count("Query", err, func() (float64, float64) { return c.meter.queryUnits(in, out), 0 })
	return out, err
}

func (c *metered) PutItem(ctx context.Context, in *dynamodb.PutItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	c.meter.takes()
	asking := *in
	asking.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
	out, err := c.Client.PutItem(ctx, &asking, opts...)
	c.meter.count("PutItem", err, func() (float64, float64) { return 0, writeUnits(out.ConsumedCapacity) })
	return out, err
}

func (c *metered) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	c.meter.takes()
	asking := *in
	asking.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
	out, err := c.Client.UpdateItem(ctx, &asking, opts...)
	c.meter.count("UpdateItem", err, func() (float64, float64) { return 0, writeUnits(out.ConsumedCapacity) })
	return out, err
}

func (c *metered) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	c.meter.takes()
	asking := *in
	asking.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
	out, err := c.Client.DeleteItem(ctx, &asking, opts...)
	c.meter.count("DeleteItem", err, func() (float64, float64) { return 0, writeUnits(out.ConsumedCapacity) })
	return out, err
}

func (c *metered) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	c.meter.takes()
	asking := *in
	asking.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
	out, err := c.Client.TransactWriteItems(ctx, &asking, opts...)
	c.meter.count("TransactWriteItems", err, func() (read, write float64) {
		for _, table := range out.ConsumedCapacity {
			write += writeUnits(&table)
		}
		return 0, write
	})
	return out, err
}

func writeUnits(c *types.ConsumedCapacity) float64 {
	if c == nil {
		return 0
	}
	return aws.ToFloat64(c.CapacityUnits)
}
