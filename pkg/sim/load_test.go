package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leasehold/pkg/app/deliver"
	"leasehold/pkg/app/fanout"
	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/delivery"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/lifecycle"
	"leasehold/pkg/names"
	"leasehold/pkg/queue"
)

// loadTest is the product under load in one bubble: many people, functions side by side as
// they are deployed, a target that takes its time, a store that writes no faster than it
// may. Nothing goes wrong but what a figure is about.
type loadTest struct {
	*dynamotest.Store
	clock                clock.System
	ids                  *counter
	urgent, bulk, fanout *queue.Memory
	target               *loadTarget
	sweep                *lifecycle.Service
	stop                 atomic.Bool
	running              sync.WaitGroup

	mu       sync.Mutex
	free     time.Time     // when the store may write again
	pause    time.Duration // for each end that is written
	ended    []time.Duration
	settled  map[entitlement.AssignmentID]time.Time
	commits  int
	requests int // to the queues
}

// loadTarget is a target with latency, a limit of writing calls, and a share of failing calls.
type loadTarget struct {
	latency time.Duration
	limit   int // writing calls in a second; 0: none
	fails   int // in a thousand
	down    atomic.Bool
	batch   int
	serial  bool // it is not ours, and changes of one resource may undo each other

	mu        sync.Mutex
	second    time.Time
	inSecond  int
	members   map[entitlement.RoleRef]map[connector.PrincipalRef]bool
	calls     int
	applies   int
	succeeded int
	throttled int
	last      time.Time
	dice      *rand.Rand
}

func newLoadTest(latency time.Duration, batch int) *loadTest {
	w := &loadTest{Store: dynamotest.New(), ids: &counter{}, settled: map[entitlement.AssignmentID]time.Time{},
		target: &loadTarget{latency: latency, batch: batch, members: map[entitlement.RoleRef]map[connector.PrincipalRef]bool{}, dice: rand.New(rand.NewPCG(1, 2))}}
	w.urgent, w.bulk, w.fanout = queue.NewMemory(w.clock, 5), queue.NewMemory(w.clock, 5), queue.NewMemory(w.clock, 5)
	w.sweep = &lifecycle.Service{Store: w, Enqueuer: w.urgent, Jobs: w.fanout, Clock: w.clock, Log: quietLog}
	return w
}

// Commit waits where the store may not write yet, and takes notes.
func (w *loadTest) Commit(ctx context.Context, c entitlement.Change) error {
	if ends := slices.ContainsFunc(c.Ended, func(a entitlement.Assignment) bool { return a.Removed.IsZero() }); ends && w.pause > 0 {
		w.mu.Lock()
		now := time.Now()
		if w.free.Before(now) {
			w.free = now
		}
		w.free = w.free.Add(time.Duration(len(c.Ended)) * w.pause)
		wait := w.free.Sub(now)
		w.mu.Unlock()
		time.Sleep(wait)
	}
	err := w.Store.Commit(ctx, c)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.commits++
	for _, a := range c.Ended {
		if a.Removed.IsZero() && !a.End.IsZero() {
			w.ended = append(w.ended, time.Since(a.End))
		}
	}
	for _, s := range c.Slots {
		if s.Assignment != nil && s.Assignment.State == entitlement.AssignmentDelivered {
			w.settled[s.Assignment.ID] = time.Now()
		}
	}
	return nil
}

// count counts the assignments that ended.
func (w *loadTest) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.ended)
}

// open starts the functions as they are deployed: so many copies on each queue, a sweep
// a minute.
func (w *loadTest) open() {
	worker := deliver.Handler(&delivery.Service{Store: w, Connectors: w.target, Queue: w.bulk, Clock: w.clock, IDs: w.ids, Lease: names.DeliverTimeout, Log: quietLog})
	spread := fanout.Handler(&delivery.FanOut{Store: w, Bulk: w.bulk, JobQueue: w.fanout, Clock: w.clock, Log: quietLog}, nil, nil)
	for _, q := range names.Queues {
		queue, handle := map[string]*queue.Memory{names.DeliverUrgent: w.urgent, names.DeliverBulk: w.bulk, names.FanoutJobs: w.fanout}[q.ID], worker
		if q.ID == names.FanoutJobs {
			handle = spread
		}
		for range q.MaxConcurrency {
			w.running.Go(func() { w.serve(queue, q, handle) })
		}
	}
	w.running.Go(func() {
		for !w.stop.Load() {
			w.running.Go(func() { // a sweep that takes long does not keep the next from coming
				ctx, end := context.WithTimeout(quiet, sweepTimeout)
				defer end()
				w.sweep.Sweep(ctx, "sweep")
			})
			time.Sleep(time.Until(time.Now().Truncate(names.SweepPeriod).Add(names.SweepPeriod)))
		}
	})
}

// hop is how long a message takes from one function to the next.
const hop = 30 * time.Millisecond

func (w *loadTest) serve(queue *queue.Memory, q names.Queue, handle func(context.Context, []lambdaio.Message) map[string]error) {
	serve := lambdaio.SQS(handle, lambdaio.Queues{q.ID: queue})
	for !w.stop.Load() {
		time.Sleep(hop)
		messages := queue.Receive(q.BatchSize, 6*time.Minute)
		if len(messages) == 0 {
			continue
		}
		var event events.SQSEvent
		for _, m := range messages {
			event.Records = append(event.Records, events.SQSMessage{MessageId: m.ID, ReceiptHandle: m.Receipt, Body: m.Body, EventSourceARN: "arn:" + q.ID,
				Attributes: map[string]string{"ApproximateReceiveCount": fmt.Sprint(m.Receives)}})
		}
		ctx, end := context.WithTimeout(quiet, names.DeliverTimeout)
		answer, _ := serve(ctx, event)
		end()
		for _, m := range messages {
			if !slices.ContainsFunc(answer.BatchItemFailures, func(f events.SQSBatchItemFailure) bool { return f.ItemIdentifier == m.ID }) {
				queue.Delete(m.Receipt)
			}
		}
		w.mu.Lock()
		w.requests += 2 // one to receive, one to delete
		w.mu.Unlock()
	}
}

// close stops everything.
func (w *loadTest) close() {
	w.stop.Store(true)
	w.running.Wait()
}

// loadTargetID is the target's id.
const loadTargetID entitlement.ConnectorID = "00000000-0000-4000-8000-00000000517e"

func loadRole(n int) entitlement.RoleRef {
	return entitlement.RoleRef{Connector: loadTargetID, Resource: fmt.Sprint("r", n), Role: memberRole}
}

// pack makes a package of so many roles with a policy of one end.
func (w *loadTest) pack(t *testing.T, roles int, end entitlement.Expiration) (entitlement.PackageID, entitlement.PolicyID) {
	t.Helper()
	id, policy := entitlement.PackageID(w.ids.New()), entitlement.PolicyID(w.ids.New())
	scopes := entitlement.PackageScopes{Package: id}
	for n := range roles {
		scopes.List = append(scopes.List, entitlement.ResourceRoleScope{ID: fmt.Sprint("s", n), Ref: loadRole(n)})
	}
	catalog := entitlement.CatalogID(w.ids.New())
	w.must(t, entitlement.Change{Catalogs: []entitlement.Catalog{{ID: catalog, DisplayName: "C", Published: true}},
		Packages: []entitlement.AccessPackage{{ID: id, Catalog: catalog, DisplayName: "P", Policies: []entitlement.PolicyID{policy}}},
		Policies: []entitlement.AssignmentPolicy{{ID: policy, Package: id, DisplayName: "T", Scope: entitlement.ScopeAllMembers, Expiration: end, Requestor: entitlement.RequestorSettings{SelfAdd: true}}},
		Scopes:   []entitlement.PackageScopes{scopes}})
	return id, policy
}

func (w *loadTest) must(t *testing.T, c entitlement.Change) {
	t.Helper()
	if err := w.Store.Commit(quiet, c); err != nil {
		t.Fatal(err)
	}
}

// hold has a new person hold the package from now on and owe a delivery.
func (w *loadTest) hold(t *testing.T, pkg entitlement.PackageID) (entitlement.UserID, entitlement.AssignmentID) {
	t.Helper()
	u := entitlement.UserID(w.ids.New())
	w.must(t, entitlement.Change{Users: []entitlement.User{{ID: u, Type: entitlement.Member, DisplayName: "U", UserPrincipalName: string(u), Enabled: true}}})
	ask, err := w.Store.SubmitInputs(quiet, entitlement.SubmitKeys{Requestor: u, Subject: u, Package: pkg})
	if err != nil {
		t.Fatal(err)
	}
	r, c, err := entitlement.Submit(entitlement.NewRequest{ID: entitlement.RequestID(w.ids.New()), Type: entitlement.UserAdd, NewID: w.ids.New}, ask, time.Now().UTC())
	if err != nil {
		t.Fatal(err)
	}
	w.must(t, c)
	return u, r.AssignmentOf()
}

// Open makes a loadTarget its own registry.
func (s *loadTarget) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	return s, nil
}

// Describe tells the size of a batch.
func (s *loadTarget) Describe() connector.Capabilities {
	return connector.Capabilities{MaxBatch: s.batch, Ways: []connector.Way{"list"}, Authoritative: !s.serial, SerialWrites: s.serial}
}

// Resource is not asked for.
func (s *loadTarget) Resource(context.Context, string) (connector.Resource, error) {
	return connector.Resource{}, nil
}

func (s *loadTarget) call(writes bool) error {
	time.Sleep(s.latency)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.down.Load() {
		return connector.Fail(entitlement.Unavailable, "call", &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "down"}, nil)
	}
	if !writes {
		return nil
	}
	s.applies++
	if now := time.Now().Truncate(time.Second); !now.Equal(s.second) {
		s.second, s.inSecond = now, 0
	}
	if s.inSecond++; s.limit > 0 && s.inSecond > s.limit {
		s.throttled++
		return connector.Fail(entitlement.Throttled, "call", &connector.Refusal{Reason: connector.TargetThrottled, Detail: "slow down", After: time.Second}, nil)
	}
	if s.dice.IntN(1000) < s.fails {
		return connector.Fail(entitlement.Unavailable, "call", &connector.Refusal{Reason: connector.TargetUnavailable, Detail: "fails"}, nil)
	}
	s.succeeded++
	s.last = time.Now()
	return nil
}

// done counts the writing calls that went through.
func (s *loadTarget) done() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.succeeded
}

// FindPrincipals finds everybody.
func (s *loadTarget) FindPrincipals(_ context.Context, who []connector.Correlation) ([]connector.Found, error) {
	found := make([]connector.Found, len(who))
	for i, w := range who {
		if err := s.call(false); err != nil {
			return nil, err
		}
		found[i].Ref = connector.PrincipalRef(w.User)
	}
	return found, nil
}

// Apply changes memberships.
func (s *loadTarget) Apply(_ context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	if err := s.call(true); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.members[role] == nil {
		s.members[role] = map[connector.PrincipalRef]bool{}
	}
	for _, op := range ops {
		s.members[role][op.Principal] = op.Grant
	}
	return make([]connector.Result, len(ops)), nil
}

// Check tells who holds a role.
func (s *loadTarget) Check(_ context.Context, role entitlement.RoleRef, _ connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	if err := s.call(false); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	holds := make([]entitlement.Presence, len(who))
	for i, p := range who {
		holds[i] = entitlement.PresenceOf(s.members[role][p])
	}
	return holds, nil
}
