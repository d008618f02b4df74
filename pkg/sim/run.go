package sim

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/requests"
)

// Outcome is what became of a run.
type Outcome struct {
	Violation string
	Log       string // where it was asked for
	Lives     int
	Edits     int // changes of roles that were agreed to, and checked
	ByJob     int // of these, by a job
	Told      map[entitlement.Effect]int
	Moved     int // and those that were refused, since who gains and who loses had moved
	Calls     int
	Coverage  Coverage
	Met       Met

	Conditions dynamotest.Conditions // where they are wanted
}

// Run carries out a plan in a bubble of its own and returns what became of it. Only the
// number and the plan decide on that.
func Run(t *testing.T, p Plan, logged bool) (out Outcome) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		var b strings.Builder
		w := newSimulation(p)
		if logged {
			w.trace = func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
		}
		w.carryOut(p)
		w.stop()
		out = Outcome{Violation: w.oracle.violation, Log: b.String(), Lives: w.oracle.lives, Edits: w.edits, ByJob: w.byJob, Told: w.toldOf, Moved: w.outdated, Calls: w.turns, Coverage: w.covered, Met: w.met, Conditions: w.conditions}
	})
	return out
}

func (w *simulation) carryOut(p Plan) {
	if err := w.setUp(p); err != nil {
		w.oracle.fail("set-up", "%v", err)
		return
	}

	for i, c := range p.Commands {
		w.say("%s %d. %s", stamp(time.Now()), i+1, c)
		w.act(c)
		// A command that is interrupted stays under way beside those that follow.
		if c.Steps > 0 {
			w.some(c.Steps)
		} else {
			w.all()
		}

		if w.oracle.violation != "" {
			return
		}
	}

	w.quiesce()
}

// stamp is a time that is formatted where somebody reads it.
type stamp time.Time

// String words the time.
func (s stamp) String() string { return time.Time(s).UTC().Format("2006-01-02 15:04:05.000") }

// some lets so many calls go on.
func (w *simulation) some(n int) {
	for range n {
		if !w.turn() {
			break
		}
		w.after()
	}
}

// all lets every call go on that need not wait long.
func (w *simulation) all() {
	for w.oracle.violation == "" {
		for w.oracle.violation == "" && w.turn() {
			w.after()
		}
		w.after()
		at, waiting := w.next()
		if !waiting || time.Until(at) > 20*time.Second {
			return
		}
		time.Sleep(time.Until(at))
	}
}

// advance moves the clock by d; what becomes ready on the way goes on then.
func (w *simulation) advance(d time.Duration) {
	end := time.Now().Add(d)
	for w.oracle.violation == "" {
		w.all()
		at, waiting := w.next()
		if !waiting || at.After(end) {
			break
		}
		time.Sleep(time.Until(at))
	}

	if left := time.Until(end); left > 0 {
		time.Sleep(left)
	}

	if d >= time.Minute {
		w.Settle() // no index is minutes behind
	}
}

// after checks the simulation between two calls, and closes what came to its end.
func (w *simulation) after() {
	// What an invocation answered is checked before the state that it left.
	for _, inv := range w.reap() {
		w.say("  %d is done: %v", inv.id, inv.err)
		w.cover(inv)

		if inv.finish != nil {
			inv.finish(inv.err)
		}

		if inv.calls > maxCalls {
			w.oracle.fail("S21", "%s made %d calls", inv.command, inv.calls)
		}
	}

	w.oracle.step()

	if w.logged.found != "" {
		w.oracle.fail("S20", "the log holds a credential: %s", w.logged.found)
	}
}

// maxCalls bounds the calls of one invocation: with so few people nothing needs more.
const maxCalls = 2000

func submission(c Command, subject entitlement.UserID, pkg entitlement.PackageID, policy entitlement.PolicyID) requests.Submission {
	in := requests.Submission{Type: entitlement.UserAdd, Package: pkg, Policy: policy, RequestedSchedule: schedule(c)}
	if c.Kind == Assign {
		in.Type, in.Subject = entitlement.AdminAdd, subject
	}
	return in
}

// Coverage counts what was tried: a command, in the state of what it was about, with a fault.
type Coverage map[Triple]int

// Triple is one thing to be tried.
type Triple struct {
	State   string
	Command string
	Fault   Fault
}

func (w *simulation) cover(inv *invocation) {
	if w.covered == nil {
		w.covered = Coverage{}
	}
	if len(inv.faults) == 0 {
		w.covered[Triple{inv.state, inv.command, Fine}]++
	}
	for f := range inv.faults {
		w.covered[Triple{inv.state, inv.command, f}]++
	}
}
