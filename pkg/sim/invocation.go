package sim

import (
	"context"
	"io"
	"log/slog"
	"time"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/obs"
)

// invocation is one running function: a call of the API, a batch of messages, a
// sweep. All its memory is lost when it crashes.
type invocation struct {
	id      int
	command string // the kind of what it does, for coverage
	seed    uint64 // of what goes wrong in it
	calm    bool   // nothing does
	meets   Fault  // what happens to the nth call that can meet it
	nth     int
	skew    time.Duration // of its clock
	started time.Time
	timeout time.Duration

	dead     bool
	done     bool
	err      error
	calls    int
	writes   int             // of the running call of the API
	seen     map[uint64]seen // by the label's hash, so that a draw does not depend on the order of others
	faults   map[Fault]int
	finish   func(err error) // told when it came to its end by itself
	asked    []entitlement.AssignmentPolicy
	first    int                                                 // the last commit before it began
	read     map[entitlement.RequestID]int                       // the last commit before it read a request that it decides on
	ask      int                                                 // the last commit before it read what a new request is decided on
	lists    map[entitlement.PackageID]entitlement.AccessPackage // as it read them: what they exclude
	by       entitlement.UserID                                  // who gives its command; "" of what nobody asked for
	needs    []need                                              // what it takes to be shown what it reads
	key      string                                              // that its command is called by, with its caller
	answer   entitlement.RequestID                               // what a command that makes a request was answered
	state    string                                              // of what it is about, for coverage
	closed   entitlement.RequestID                               // a request that the service ended
	applying int                                                 // calls under way that change the directory
	sent     int                                                 // messages, as writes
	stuck    map[uint64]stuck                                    // by the label's hash
	process  *dynamo.DB                                          // that it runs in
}

// seen counts the calls that carry one label.
type seen struct{ drawn, parked int }

// reads notes a package as the invocation saw it last.
func (inv *invocation) reads(p *entitlement.AccessPackage) {
	if inv.lists == nil {
		inv.lists = map[entitlement.PackageID]entitlement.AccessPackage{}
	}
	if p != nil {
		inv.lists[p.ID] = *p
	}
}

// reviewing notes when the invocation read a request that it decides on. A first read
// begins a try; a second one of the same try adds to what was read.
func (inv *invocation) reviewing(id entitlement.RequestID, seq int, first bool) {
	if inv.read == nil {
		inv.read = map[entitlement.RequestID]int{}
	}
	if _, read := inv.read[id]; first || !read {
		inv.read[id] = seq
	}
}

// operation marks where a command of the driver makes one more call of the API. Each call
// is answered for itself: what the calls before it did is not what this one is refused
// for (S13).
func operation(ctx context.Context) {
	if inv := invocationOf(ctx); inv != nil {
		inv.writes, inv.sent = 0, 0
	}
}

// began returns the last commit before the invocation; nil is the making of the simulation.
func (inv *invocation) began() int {
	if inv == nil {
		return 0
	}
	return inv.first
}

// since returns the last commit before the invocation read what it decides on a request by:
// the request, or what a new one is decided on.
func (inv *invocation) since(id entitlement.RequestID) int {
	if inv == nil {
		return 0
	}
	if at, read := inv.read[id]; read {
		return at
	}
	return inv.ask
}

type invocationKey struct{}

// during is the context of an invocation. It tells its deadline and is never cancelled:
// a function that runs out of time is killed, not asked.
type during struct {
	context.Context
	inv *invocation
}

func (d during) Deadline() (time.Time, bool) { return d.inv.started.Add(d.inv.timeout), true }

func (d during) Value(key any) any {
	if key == (invocationKey{}) {
		return d.inv
	}
	return d.Context.Value(key)
}

var quiet = obs.WithLogger(context.Background(), slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError + 1})))

func (inv *invocation) context() context.Context { return during{quiet, inv} }

// invocationOf returns the invocation that a call belongs to; nil while the
// simulation is being made.
func invocationOf(ctx context.Context) *invocation {
	inv, _ := ctx.Value(invocationKey{}).(*invocation)
	return inv
}
