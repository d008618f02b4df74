package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"leasehold/pkg/clock"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/dynamotest"
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
	if errors.Is(err, dynamotest.ErrNone) || errors.Is(err, dynamotest.ErrNoDynamoDBLocal) {
		fmt.Fprintln(os.Stderr, err)
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// table makes an empty table and returns it behind the meter, which may be nil.
func table(t *testing.T, e *dynamotest.Emulator, meter *dynamotest.Meter) *dynamo.DB {
	t.Helper()
	name := "test-" + strings.ToLower(clock.System{}.New())
	if err := e.CreateTable(context.Background(), name); err != nil {
		t.Fatal(err)
	}
	return dynamo.New(e.Client(meter), name)
}

func TestStore(t *testing.T) {
	db := table(t, emulator(t), nil)
	storetest.Run(t, func(*testing.T) storetest.Store { return db })
}

// TestStoreOnDynamoDBLocal plays the suite on another reading of the same service.
func TestStoreOnDynamoDBLocal(t *testing.T) {
	e, err := dynamotest.StartDynamoDBLocal()
	require(t, err)
	t.Cleanup(e.Stop)
	db := table(t, e, nil)
	storetest.Run(t, func(*testing.T) storetest.Store { return db })
}
