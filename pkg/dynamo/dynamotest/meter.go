package dynamotest

import (
	"maps"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo"
)

// Meter counts the calls of a client and the units they cost. Write units are those
// that the service reports, which agree with the published rules. Read units are
// reckoned from what came back: one per 4 KB begun, half where it was read eventually,
// per item of a batch and per page of a query; what is absent or empty costs one step.
type Meter struct {
	Calls      map[string]int
	ReadUnits  float64
	WriteUnits float64
	// Each is how long a call takes, in the time of testing/synctest: calls that are made side by
	// side end together, so that what a use case takes is its rounds.
	Each  time.Duration
	size  func(map[string]types.AttributeValue) int
	table dynamo.Client // of Metered, without the meter
	mu    sync.Mutex
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

// takes lets the time of one call go by.
func (m *Meter) takes() {
	if m.Each > 0 {
		time.Sleep(m.Each)
	}
}

// count notes a call and, where it went through, what it cost.
func (m *Meter) count(call string, err error, units func() (read, write float64)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.Calls == nil {
		m.Calls = map[string]int{}
	}
	m.Calls[call]++
	if err == nil {
		read, write := units()
		m.ReadUnits += read
		m.WriteUnits += write
	}
}

// readStep is what one read unit reads strongly.
const readStep = 4 << 10

// steps is the units of a strong read of size bytes.
func steps(size int) float64 { return float64(max(1, (size+readStep-1)/readStep)) }

func (m *Meter) queryUnits(in *dynamodb.QueryInput, out *dynamodb.QueryOutput) float64 {
	size := 0
	for _, it := range out.Items {
		size += m.size(it)
	}
	return strength(in.ConsistentRead) * steps(size)
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
