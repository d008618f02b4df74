package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/storetest"
)

var (
	start    = sync.OnceValues(dynamotest.Start)
	started  bool
	startMux sync.Mutex
)

func TestMain(m *testing.M) {
	code := m.Run()
	if started {
		e, _ := start()
		e.Stop()
	}
	os.Exit(code)
}

// emulator returns the emulator that all tests here share.
func emulator(t *testing.T) *dynamotest.Emulator {
	t.Helper()
	startMux.Lock()
	defer startMux.Unlock()
	e, err := start()
	require(t, err)
	started = true
	return e
}

// require skips the test aloud where its emulator is not installed, and fails it where
// that does not start.
func require(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, dynamotest.ErrNone) {
		fmt.Fprintln(os.Stderr, err)
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// place is an empty table, somewhere.
type place struct {
	client dynamo.Client
	table  string
}

func (p place) db() *dynamo.DB { return dynamo.New(p.client, p.table) }

// metered returns the table with its calls counted.
func (p place) metered(m *dynamotest.Meter) *dynamo.DB { return dynamo.New(m.Wrap(p.client), p.table) }

// everywhere runs a test on the engine, and on MiniStack where that is installed.
func everywhere(t *testing.T, test func(t *testing.T, p place)) {
	t.Run("engine", func(t *testing.T) { test(t, inMemory(engine.Options{})) })
	t.Run("MiniStack", func(t *testing.T) { test(t, emulated(t, emulator(t))) })
}

// inMemory makes an empty table in an engine.
func inMemory(o engine.Options) place {
	o.Table = "test"
	return place{engine.New(dynamotest.Waiving(o)), o.Table}
}

// emulated makes an empty table in an emulator.
func emulated(t *testing.T, e *dynamotest.Emulator) place {
	t.Helper()
	name := "test-" + strings.ToLower(clock.System{}.New())
	if err := e.CreateTable(context.Background(), name); err != nil {
		t.Fatal(err)
	}
	return place{e.Client(), name}
}

// suite plays the suite of all stores on one table.
func suite(t *testing.T, db *dynamo.DB) {
	storetest.Run(t, func(*testing.T) storetest.Store { return db })
}

// TestStore plays the suite on the engine. Package referees has the emulators make the
// same calls.
func TestStore(t *testing.T) { suite(t, inMemory(engine.Options{}).db()) }

// TestStoreWithIndexesBehind plays the suite where a change of an index is seen by the
// third read after it alone, and eventually consistent reads are one write behind once.
func TestStoreWithIndexesBehind(t *testing.T) {
	reads := map[string]int{}
	stale := map[engine.Key]time.Time{}
	suite(t, inMemory(engine.Options{Seed: 7,
		Lag: func(_ context.Context, index, partition string, unseen []time.Time) int {
			reads[index+partition]++
			if reads[index+partition]%3 > 0 {
				return 0
			}
			return (len(unseen) + 1) / 2
		},
		Stale: func(_ context.Context, key engine.Key, written time.Time) bool {
			known := stale[key].Equal(written)
			stale[key] = written
			return !known
		},
	}).db())
}
