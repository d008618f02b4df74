package sim

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"leasehold/pkg/app/deliver"
	"leasehold/pkg/app/fanout"
	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/builtin"
	"leasehold/pkg/delivery"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/faults"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/lifecycle"
	"leasehold/pkg/names"
	"leasehold/pkg/requests"
	"leasehold/pkg/secrets"
)

// secretWord is in every credential, and must be nowhere else (S20).
const secretWord = "xyzzy-"

// simulation is the whole product in one process, with everything around it.
type simulation struct {
	scheduler
	clock  clock.System // that of the bubble
	store  *store
	oracle *oracle

	reached   dynamo.Client // the table as the product reaches it
	truth     *dynamo.DB    // as it is
	processes [processes]*dynamo.DB
	op        faults.Op // of the call that is being made
	lag       int       // changes by which an index is behind at most
	settledAt time.Time // what was written until then every index has seen
	instants  time.Duration
	drawn     uint64
	met       Met

	semanticsMet SemanticsMet
	proposed     map[entitlement.CatalogID][]entitlement.ImpactChange // that waited for a second person

	conditions dynamotest.Conditions // nil: nobody wants them

	pageSize int

	urgent, bulk, fanout *memoryQueue

	insideUrgent, insideBulk *memoryQueue // of the worker in the VPC; nil: there is none

	targets []*target
	log     *slog.Logger
	logged  *scanner

	directory *directory.Service
	catalogs  *catalogs.Service
	looks     *catalogs.ImpactWorker
	requests  *requests.Service
	sweep     *lifecycle.Service
	handlers  map[string]func(context.Context, []lambdaio.Message) map[string]error
	groups    groups

	admin      authz.Command
	population population

	number uint64             // of the run
	at     int                // number of the command
	actor  entitlement.UserID // of the next call, where that is not the administrator
	about  string             // state of what the next call is about
	same   pair               // whom and what the call before was about

	lastRequest entitlement.RequestID
	sent        []sent             // commands that make a request under a key
	listen      func(answer error) // of a directed scenario; nil: nobody listens
	skew        time.Duration      // by which clocks are wrong at most
	resting     bool               // nothing goes wrong any more
	covered     Coverage
	malformed   int // messages that nobody can read

	toldOf          map[entitlement.Effect]int        // people who were told so of edits that were made
	told            map[string][]entitlement.Affected // what an edit of roles would do, by its hash
	byJob           int                               // of the edits
	edits, outdated int                               // that were made as agreed to, and refused since it was not so any more
}

// population is who and what there is in a run.
type population struct {
	people   []entitlement.UserID
	groups   []entitlement.GroupID
	catalogs []entitlement.CatalogID
	things   []entitlement.Resource
	packages []entitlement.PackageID
	policies []entitlement.PolicyID
}

// counter makes ids that count up.
type counter struct {
	mu   sync.Mutex
	kind int
	n    int
}

// New returns the next id.
func (c *counter) New() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return fmt.Sprintf("00000000-0000-4000-8%03x-%012x", c.kind, c.n)
}

// scanner is where the product logs to; it looks for secrets and keeps nothing.
type scanner struct {
	found string
	mu    sync.Mutex
}

// newSimulation puts the product together as the functions do.
func newSimulation(p Plan) *simulation {
	w := &simulation{number: p.Number, pageSize: max(p.PageSize, 1), logged: &scanner{}, told: map[string][]entitlement.Affected{}, toldOf: map[entitlement.Effect]int{}}
	w.scheduler.stopped, w.scheduler.rate, w.scheduler.choice = make(chan struct{}), p.Rate, mix(p.Number, 77)
	w.scheduler.died, w.scheduler.counts, w.skew = w.cover, w.counted, p.Skew
	told := toldTime{&w.scheduler}

	w.newTable(p)
	w.oracle = newOracle(w)
	// Whatever the product logs is searched for credentials (S20).
	w.log = slog.New(slog.NewTextHandler(w.logged, &slog.HandlerOptions{Level: slog.LevelWarn}))
	w.urgent = w.queueOf(names.DeliverUrgent)
	w.bulk = w.queueOf(names.DeliverBulk)
	w.fanout = w.queueOf(names.FanoutJobs)
	// One takes two changes in a call and the other twenty, so that batches meet their bounds.
	w.targets = []*target{
		w.newTarget("alpha", "00000000-0000-4000-8000-00000000a1fa", 2, p.Targets[0]),
		w.newTarget("beta", "00000000-0000-4000-8000-0000000be7a0", 20, p.Targets[1]),
	}

	ids := &counter{}
	credentials := &secrets.Memory{}

	w.directory = &directory.Service{Store: w.store, Clock: told, IDs: ids, First: entitlement.Principal{Issuer: "sim", Value: "first"}, Enqueuer: w.urgent, Log: w.log}
	w.groups = groups{w.directory}
	registry := connector.NewRegistry(w.store, credentials, builtin.New(w.groups), map[string]connector.Factory{"honest": w.factory})
	w.catalogs = &catalogs.Service{Store: w.store, Targets: connector.Lookup{Registry: registry}, Secrets: credentials, Kinds: []entitlement.TargetKind{{Name: "honest", OriginSystem: "Honest", InVPC: true}}, Jobs: w.fanout, Enqueuer: w.urgent, Clock: told, IDs: ids, Log: w.log, AtOnce: p.AtOnce}
	w.looks = &catalogs.ImpactWorker{Service: w.catalogs, Accounts: w.directory}
	w.requests = &requests.Service{Store: w.store, Enqueuer: w.urgent, Clock: told, IDs: ids, Log: w.log}

	w.sweep = &lifecycle.Service{Store: w.store, Enqueuer: w.urgent, Jobs: w.fanout, Clock: told, Log: w.log}
	service := delivery.Service{Store: w.store, Connectors: opener{registry, w}, Queue: w.bulk, Clock: told, IDs: &counter{kind: 1}, Lease: names.DeliverTimeout, Log: w.log}
	worker := deliver.Handler(&service)
	w.handlers = map[string]func(context.Context, []lambdaio.Message) map[string]error{
		names.DeliverUrgent: worker, names.DeliverBulk: worker,
		names.FanoutJobs: fanout.Handler(&delivery.FanOut{Store: w.store, Bulk: w.bulk, JobQueue: w.fanout, Clock: told, Log: w.log}, nil, w.looks), // nobody takes anything away
	}
	if p.VPC {
		w.addVPC(service, registry)
	}

	return w
}

// queueOf makes a queue with the settings that the queue of the name is deployed with.
func (w *simulation) queueOf(id string) *memoryQueue {
	queues, _ := names.Deployed(true)
	for _, q := range queues {
		if q.ID == id {
			return w.newQueue(id, q.BatchSize, q.MaxReceive, q.Visibility())
		}
	}
	panic("there is no queue " + id)
}

// opener opens targets and watches what is done at them.
type opener struct {
	registry *connector.Registry
	w        *simulation
}

// Open opens one.
func (o opener) Open(ctx context.Context, id entitlement.ConnectorID) (connector.Connector, error) {
	conn, err := o.registry.Open(ctx, id)
	if err != nil {
		if connector.RefusalOf(err).Reason == connector.TargetPaused {
			o.w.meets(PausedThen)
		}
		return nil, err
	}
	seen := watched{conn, id, o.w}
	if poller, is := conn.(connector.Poller); is {
		return watchedPoller{seen, poller}, nil
	}
	return seen, nil
}

// watched tells the oracle when calls start, before anybody else can do anything.
type watched struct {
	connector.Connector
	id entitlement.ConnectorID
	w  *simulation
}

// Apply passes on the changes.
func (c watched) Apply(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	for _, op := range ops {
		c.w.oracle.callStarts(c.w.userAt(c.id, op.Principal), role, op.Grant)
		c.w.sends(c.id, role, op)
	}
	inv := invocationOf(ctx)
	inv.applying++
	defer func() { inv.applying-- }()
	return c.Connector.Apply(ctx, role, ops)
}

// sends notes a removal that is sent, whatever becomes of it.
func (w *simulation) sends(at entitlement.ConnectorID, role entitlement.RoleRef, op connector.Op) {
	if t := w.targetOf(at); t != nil && !op.Grant && t.took[membership{role, op.Principal}] != nil {
		t.took[membership{role, op.Principal}].sent = true
	}
}

// FindPrincipals looks people up, and lets the oracle hear of it.
func (c watched) FindPrincipals(ctx context.Context, who []connector.Correlation) ([]connector.Found, error) {
	found, err := c.Connector.FindPrincipals(ctx, who)
	if err == nil {
		for i, f := range found {
			c.w.oracle.sees(c.id, who[i].User, f.Ref)
		}
	}
	return found, err
}

// Check asks, and lets the oracle hear the answer, where it is about the person.
func (c watched) Check(ctx context.Context, role entitlement.RoleRef, way connector.Way, who []connector.PrincipalRef) ([]entitlement.Presence, error) {
	present, err := c.Connector.Check(ctx, role, way, who)
	if shown := c.w.shownBy(c.id, way); err == nil && !invocationOf(ctx).dead && (shown == ShowsTruth || shown == ShowsFirst) {
		for i, ref := range who {
			if shown == ShowsFirst && present[i] != entitlement.PresencePresent {
				continue // it may be one of those who are left out
			}
			c.w.oracle.answered(c.w.userAt(c.id, ref), role, present[i] == entitlement.PresencePresent)
		}
	}
	return present, err
}

// shownBy tells what a way of asking shows at a target.
func (w *simulation) shownBy(id entitlement.ConnectorID, way connector.Way) Shown {
	t, i := w.targetOf(id), slices.Index(wayNames[:], string(way))
	if t == nil || i < 0 {
		return ShowsTruth // the directory itself
	}
	return t.Shows[i]
}

// userAt tells whose account a reference at a target is.
func (w *simulation) userAt(id entitlement.ConnectorID, ref connector.PrincipalRef) entitlement.UserID {
	if t := w.targetOf(id); t != nil {
		return t.owners[ref]
	}
	return entitlement.UserID(ref)
}

// targetOf returns the target of a connector; nil for the directory.
func (w *simulation) targetOf(id entitlement.ConnectorID) *target {
	for _, t := range w.targets {
		if t.id == id {
			return t
		}
	}
	return nil
}

// groups lets the connector of the built-in directory work in the service's name.
type groups struct{ *directory.Service }

// Group reads a group.
func (g groups) Group(ctx context.Context, id entitlement.GroupID) (entitlement.Group, error) {
	return g.Store.Group(ctx, id)
}

// GroupsPage pages through groups.
func (g groups) GroupsPage(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Group], error) {
	return g.Store.ListGroups(ctx, page)
}

// Users reads users.
func (g groups) Users(ctx context.Context, ids []entitlement.UserID) ([]entitlement.User, error) {
	return g.Store.Users(ctx, ids)
}

// Owners reads a group's owners.
func (g groups) OwnersAmong(ctx context.Context, id entitlement.GroupID, users []entitlement.UserID) ([]entitlement.UserID, error) {
	return g.Store.OwnersAmong(ctx, id, users)
}

// Members reads a group's members.
func (g groups) Members(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	return g.Store.Members(ctx, id, page)
}

// Owners reads a group's owners.
func (g groups) Owners(ctx context.Context, id entitlement.GroupID, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	return g.Store.Owners(ctx, id, page)
}

// AddMembers adds members or owners.
func (g groups) AddMembers(ctx context.Context, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error {
	return g.Service.AddMembers(ctx, byWorker, id, owner, users...)
}

// RemoveMembers takes them away.
func (g groups) RemoveMembers(ctx context.Context, id entitlement.GroupID, owner bool, users ...entitlement.UserID) error {
	return g.Service.RemoveMembers(ctx, byWorker, id, owner, users...)
}

var byWorker = authz.Command{Caller: authz.Caller{ID: entitlement.Service}, CommandID: "delivery"}

// Write scans one line of the log.
func (s *scanner) Write(line []byte) (int, error) {
	if at := indexOf(line, secretWord); at {
		s.mu.Lock()
		s.found = string(line)
		s.mu.Unlock()
	}
	return len(line), nil
}
