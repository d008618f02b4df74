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
	if errors.Is(err, dynamotest.ErrNone) {
		fmt.Fprintln(os.Stderr, err)
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	started = true
	return e
}

// table makes an empty table and returns it behind the meter, which may be nil.
func table(t *testing.T, meter *dynamotest.Meter) *dynamo.DB {
	t.Helper()
	e := emulator(t)
	name := "test-" + strings.ToLower(clock.System{}.New())
	if err := e.CreateTable(context.Background(), name); err != nil {
		t.Fatal(err)
	}
	return dynamo.New(e.Client(meter), name)
}

func TestStore(t *testing.T) {
	db := table(t, nil)
	storetest.Run(t, func(*testing.T) storetest.Store { return db })
}
