package dynamotest

import (
	"context"
	"maps"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// Meter counts the calls of a client and the units they cost. Write units are those
// that the emulator reports, which agree with the published rules. Read units are
// reckoned from what came back: one per 4 KB begun, half where it was read eventually,
// per item of a batch and per page of a query; what is absent or empty costs one step.
type Meter struct {
	Calls      map[string]int
	ReadUnits  float64
	WriteUnits float64
	size       func(map[string]types.AttributeValue) int
	mu         sync.Mutex
}

// NewMeter returns a meter that measures items by size.
func NewMeter(size func(map[string]types.AttributeValue) int) *Meter { return &Meter{size: size} }

// Reset begins to count anew.
func (m *Meter) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Calls, m.ReadUnits, m.WriteUnits = nil, 0, 0
}

// Total returns the number of calls of all operations.
func (m *Meter) Total() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for calls := range maps.Values(m.Calls) {
		n += calls
	}
	return n
}

func (m *Meter) attach(o *dynamodb.Options) {
	if m == nil {
		return
	}
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Meter", m.handle), middleware.After)
	})
}

func (m *Meter) handle(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	askCapacity(in.Parameters)
	out, meta, err := next.HandleInitialize(ctx, in)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.Calls == nil {
		m.Calls = map[string]int{}
	}
	m.Calls[awsmiddleware.GetOperationName(ctx)]++
	if err == nil {
		m.ReadUnits += m.readUnits(in.Parameters, out.Result)
		m.WriteUnits += writeUnits(out.Result)
	}
	return out, meta, err
}

func askCapacity(in any) {
	switch in := in.(type) {
	case *dynamodb.TransactWriteItemsInput:
		in.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
	case *dynamodb.PutItemInput:
		in.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
	case *dynamodb.UpdateItemInput:
		in.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
	case *dynamodb.DeleteItemInput:
		in.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
	}
}

func writeUnits(out any) float64 {
	var all []types.ConsumedCapacity
	add := func(c *types.ConsumedCapacity) {
		if c != nil {
			all = append(all, *c)
		}
	}
	switch out := out.(type) {
	case *dynamodb.TransactWriteItemsOutput:
		all = out.ConsumedCapacity
	case *dynamodb.PutItemOutput:
		add(out.ConsumedCapacity)
	case *dynamodb.UpdateItemOutput:
		add(out.ConsumedCapacity)
	case *dynamodb.DeleteItemOutput:
		add(out.ConsumedCapacity)
	}
	units := 0.0
	for _, c := range all {
		units += aws.ToFloat64(c.CapacityUnits)
	}
	return units
}

// readStep is what one read unit reads strongly.
const readStep = 4 << 10

// steps is the units of a strong read of size bytes.
func steps(size int) float64 { return float64(max(1, (size+readStep-1)/readStep)) }

func (m *Meter) readUnits(in, out any) float64 {
	switch in := in.(type) {
	case *dynamodb.GetItemInput:
		return strength(in.ConsistentRead) * steps(m.size(out.(*dynamodb.GetItemOutput).Item))
	case *dynamodb.QueryInput:
		size := 0
		for _, it := range out.(*dynamodb.QueryOutput).Items {
			size += m.size(it)
		}
		return strength(in.ConsistentRead) * steps(size)
	case *dynamodb.BatchGetItemInput:
		return m.batchUnits(in, out.(*dynamodb.BatchGetItemOutput))
	}
	return 0
}

func (m *Meter) batchUnits(in *dynamodb.BatchGetItemInput, out *dynamodb.BatchGetItemOutput) float64 {
	units := 0.0
	for table, asked := range in.RequestItems {
		found := out.Responses[table]
		absent := len(asked.Keys) - len(found) - len(out.UnprocessedKeys[table].Keys)
		units += strength(asked.ConsistentRead) * float64(absent)
		for _, it := range found {
			units += strength(asked.ConsistentRead) * steps(m.size(it))
		}
	}
	return units
}

func strength(consistent *bool) float64 {
	if aws.ToBool(consistent) {
		return 1
	}
	return 0.5
}
