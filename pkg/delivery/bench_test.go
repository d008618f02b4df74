package delivery_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/delivery"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/lifecycle"
	"leasehold/pkg/names"
	"leasehold/pkg/queue"
)

// clockAndIDs is the time and the ids of a fixture.
type clockAndIDs interface {
	clock.Clock
	clock.IDs
	Advance(time.Duration) time.Time
}

// bubble is the time of a synctest bubble, and ids that count up.
type bubble struct {
	clock.System
	ids *clock.Virtual
}

func (b bubble) New() string { return b.ids.New() }

func (b bubble) Advance(d time.Duration) time.Time {
	time.Sleep(d)
	return b.Now()
}

// bench is a fixture in a bubble, with workers at a queue and a sweep a minute,
// as they are deployed.
type bench struct {
	*fixture
	server  *server
	queue   *queue.Memory
	stop    chan struct{}
	running sync.WaitGroup
	runs    int
	longest time.Duration
	mu      sync.Mutex
}

// at opens targets by their ids.
type at map[entitlement.ConnectorID]*server

func (a at) Open(_ context.Context, id entitlement.ConnectorID) (connector.Connector, error) {
	if s, ok := a[id]; ok {
		return s, nil
	}
	return nil, entitlement.Errorf(entitlement.NotFound, "There is no such target.")
}

// onBench runs a test in a bubble. The sweep comes every minute; workers are started by the
// test.
func onBench(t *testing.T, run func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{fixture: &fixture{t: t, store: dynamotest.New(), clock: bubble{ids: clock.NewVirtual(time.Time{})}}, server: newServer(), stop: make(chan struct{})}
		b.queue = queue.NewMemory(clock.System{}, 5)
		b.worker = &delivery.Service{Store: b.store, Connectors: at{target: b.server}, Queue: b.queue, Clock: b.clock, IDs: b.clock, Lease: names.DeliverTimeout, Log: quiet}
		b.running.Go(b.sweep)
		defer b.running.Wait()
		defer close(b.stop)
		run(b)
	})
}

func (b *bench) sweep() {
	sweep := &lifecycle.Service{Store: b.store, Enqueuer: b.queue, Jobs: b.queue, Clock: clock.System{}, Log: quiet}
	every := time.NewTicker(names.SweepPeriod)
	defer every.Stop()
	for {
		select {
		case <-b.stop:
			return
		case <-every.C:
			sweep.Sweep(context.Background(), "sweep")
		}
	}
}

// work starts workers at the queue.
func (b *bench) work(n int) {
	for range n {
		b.running.Go(func() {
			for {
				select {
				case <-b.stop:
					return
				case <-time.After(100 * time.Millisecond):
					b.serve(10)
				}
			}
		})
	}
}

// serve has one worker take up to so many messages, as the function does.
func (b *bench) serve(messages int) {
	var all []entitlement.UserID
	received := b.queue.Receive(messages, 6*time.Minute)
	for _, m := range received {
		if message, err := queue.Decode(m.Body); err == nil {
			all = append(all, message.Subjects...)
		}
	}
	if len(all) == 0 {
		return
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), names.DeliverTimeout)
	defer cancel()
	failed := b.worker.Deliver(ctx, all, "test")
	b.mu.Lock()
	b.runs++
	b.longest = max(b.longest, time.Since(began))
	b.mu.Unlock()
	for _, m := range received {
		if len(failed) == 0 {
			b.queue.Delete(m.Receipt)
		}
	}
	for u, err := range failed {
		b.t.Errorf("%s: %v", u, err)
	}
}

// enqueue tells the queue of people.
func (b *bench) enqueue(users ...entitlement.UserID) {
	if err := b.queue.Enqueue(context.Background(), users...); err != nil {
		b.t.Fatal(err)
	}
}

// staff adds people with an account at the server.
func (b *bench) staff(n int) []entitlement.UserID {
	var users []entitlement.UserID
	for range n {
		users = append(users, b.person())
	}
	b.server.hire(users...)
	return users
}

// assignAll assigns a package to people and returns the requests.
func (b *bench) assignAll(users []entitlement.UserID, p entitlement.AccessPackage) []entitlement.RequestID {
	var ids []entitlement.RequestID
	for _, u := range users {
		ids = append(ids, b.assign(u, p))
	}
	return ids
}

// within waits until something holds, and fails the test where it does not in time.
func (b *bench) within(d time.Duration, what string, holds func() bool) time.Duration {
	b.t.Helper()
	began := time.Now()
	for !holds() {
		if time.Since(began) > d {
			b.t.Fatalf("after %s not yet: %s", d, what)
		}
		time.Sleep(max(50*time.Millisecond, d/600))
	}
	return time.Since(began)
}

// statuses counts the assignments of requests by their status.
func (b *bench) statuses(ids []entitlement.RequestID) map[string]int {
	n := map[string]int{}
	for _, id := range ids {
		n[b.assignment(id).Status(time.Now())]++
	}
	return n
}

func (b *bench) all(ids []entitlement.RequestID, status string) func() bool {
	return func() bool { return b.statuses(ids)[status] == len(ids) }
}

// present counts the people who are in a group by the server's own log.
func (b *bench) present(users []entitlement.UserID, group string) (n int) {
	for _, u := range users {
		if b.server.there(u, group) {
			n++
		}
	}
	return n
}

func (b *bench) String() string { return fmt.Sprintf("%d runs, the longest %s", b.runs, b.longest) }
