package obs

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"leasehold/pkg/names"
)

// Units of metrics, in CloudWatch's words.
const (
	UnitCount        = "Count"
	UnitSeconds      = "Seconds"
	UnitMilliseconds = "Milliseconds"
)

// Metrics writes metrics as lines of the embedded metric format: CloudWatch
// reads them out of the function's log. It is safe for concurrent use.
type Metrics struct {
	mu  sync.Mutex
	out io.Writer
	now func() time.Time
}

// NewMetrics returns metrics that go to w, stamped by now. A nil w is standard
// output, where the log is; a nil now is the wall clock.
func NewMetrics(w io.Writer, now func() time.Time) *Metrics {
	if w == nil {
		w = os.Stdout
	}
	if now == nil {
		now = time.Now
	}
	return &Metrics{out: w, now: now}
}

type metricLine struct {
	Timestamp         int64             `json:"Timestamp"` // milliseconds
	CloudWatchMetrics []metricDirective `json:"CloudWatchMetrics"`
}

type metricDirective struct {
	Namespace  string             `json:"Namespace"`
	Dimensions [][]string         `json:"Dimensions"`
	Metrics    []metricDefinition `json:"Metrics"`
}

type metricDefinition struct {
	Name string `json:"Name"`
	Unit string `json:"Unit"`
}

// Emit writes one metric. Every distinct set of dimensions is a metric that costs
// money, so dims holds things that are few (a queue, a connector), never ids of
// people or requests. A metric that cannot be written is lost: no work waits for it.
func (m *Metrics) Emit(ctx context.Context, name, unit string, value float64, dims map[string]string) {
	directive := metricDirective{
		Namespace:  names.MetricNamespace,
		Dimensions: [][]string{slices.AppendSeq([]string{}, maps.Keys(dims))},
		Metrics:    []metricDefinition{{Name: name, Unit: unit}},
	}
	slices.Sort(directive.Dimensions[0])

	line := map[string]any{name: value}
	for key, v := range dims {
		line[key] = v
	}
	if id := RequestID(ctx); id != "" {
		line["requestId"] = id
	}
	line["_aws"] = metricLine{Timestamp: m.now().UnixMilli(), CloudWatchMetrics: []metricDirective{directive}}

	text, err := json.Marshal(line)
	if err != nil { // NaN and infinities have no JSON
		Logger(ctx).Error("metric not written", "metric", name, Err(fmt.Errorf("encode metric: %w", err)))
		return
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	m.out.Write(append(text, '\n'))
}
