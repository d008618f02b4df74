package sim

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leasehold/pkg/entitlement"
)

// servers are the kinds of targets that were tried or are reported: what each is like for
// good, and what happens to it while people are let in and taken out.
var servers = []struct {
	name   string
	nature Nature
	unseen bool // no way of asking tells, and its connector does not allow for that
	prompt int  // so many are let in, and taken out, within 100 s
	meets  func(w *simulation, t *target, burst int)
}{
	{name: "honest", nature: honest, prompt: crowd},
	{name: "honest, several writers at once", nature: Nature{Concurrent: true}},
	{name: "empty list, answers a filter of group and member", nature: filterAlone},
	{name: "list left out, answers a filter of member", nature: listLeftOut},
	{name: "list cut off, answers of a person's groups", nature: listCutOff},
	{name: "full list, ignores filters", nature: listAlone},
	{name: "list left out, ignores filters, shows a person's groups", nature: filterIgnored},
	{name: "list cut off, ignores filters, shows a person's groups", nature: cutAndIgnored},
	{name: "never shows members", nature: blind, unseen: true},
	{name: "never shows members, ignores filters", nature: blindAndBlunt, unseen: true},
	{name: "never answers of members", nature: mute, unseen: true},
	{name: "never shows members, set to unconfirmed", nature: blind.and(accepting)},
	{name: "never shows members, ignores filters, set to unconfirmed", nature: blindAndBlunt.and(accepting)},
	{name: "never answers of members, set to unconfirmed", nature: mute.and(accepting)},
	{name: "reads 15 s behind", nature: behind},
	{name: "reads 15 s behind, empty list", nature: filterAlone.and(func(n *Nature) { n.Behind = behind.Behind })},
	{name: "read, change, write", nature: racing},
	{name: "read, change, write, and 15 s behind", nature: racing.and(func(n *Nature) { n.Behind = behind.Behind })},
	{name: "read, change, write, set to unconfirmed", nature: blind.and(accepting).and(func(n *Nature) { n.Racing = racing.Racing })},
	{name: "takes any id, accounts are made again", nature: anyID, meets: madeAgain},
	{name: "accounts are made again", nature: honest, meets: madeAgain},
	{name: "one person answered 500", nature: honest, meets: spoils(false), prompt: crowd - 1},
	{name: "one person answered 403", nature: honest, meets: spoils(true), prompt: crowd - 1},
	{name: "an ingress in front answers for ten minutes", nature: honest, meets: answersInFront},
	{name: "the group is not found for ten minutes", nature: honest, meets: losesTheGroup},
	{name: "one refusal refuses all", nature: Nature{Semantics: Semantics{Atomic: true}}, prompt: crowd},
	{name: "one refusal refuses all, accounts are made again", nature: Nature{Semantics: Semantics{Atomic: true}}, meets: madeAgain},
	{name: "one refusal refuses all, reads 15 s behind", nature: Nature{Behind: behind.Behind, Semantics: Semantics{Atomic: true}}},
	{name: "takes away by ids", nature: Nature{Semantics: Semantics{ByID: true}}, prompt: crowd},
	{name: "takes away by ids, reads 45 s behind", nature: Nature{Behind: 45 * time.Second, Semantics: Semantics{ByID: true}}},
	{name: "stores duplicates", nature: Nature{Semantics: Semantics{Duplicates: true}}, prompt: crowd},
	{name: "stores duplicates, reads 45 s behind", nature: Nature{Behind: 45 * time.Second, Semantics: Semantics{Duplicates: true}}},
	{name: "stores duplicates, takes away by ids, 45 s behind", nature: Nature{Behind: 45 * time.Second, Semantics: Semantics{Duplicates: true, ByID: true}}},
	{name: "makes changes within 2 s", nature: Nature{Semantics: Semantics{Later: 2 * time.Second}}},
	{name: "makes changes within 20 s, one in four fails", nature: Nature{Concurrent: true, Semantics: Semantics{Later: 20 * time.Second, Fails: 4}}},
	{name: "makes changes within 30 min", nature: Nature{Concurrent: true, Semantics: Semantics{Later: 30 * time.Minute}}},
	{name: "takes 5 writes in 10 s", nature: Nature{Semantics: Semantics{Writes: entitlement.Limit{Most: 5, Window: 10 * time.Second}}}},
	{name: "takes 5 writes in 10 s, which is published", nature: Nature{Semantics: Semantics{Writes: entitlement.Limit{Most: 5, Window: 10 * time.Second}, Published: true}}},
}

// madeAgain has all accounts deleted and made again under the same names before the second
// round.
func madeAgain(w *simulation, t *target, burst int) {
	for _, u := range w.population.people {
		if burst == 6 {
			t.hire(u)
		}
	}
}

// spoils has one person of each burst fail every change that this one is part of, until
// the burst after it.
func spoils(forbidden bool) func(*simulation, *target, int) {
	return func(w *simulation, t *target, burst int) {
		t.bad, t.forbidden = w.population.people[burst%3*inBurst+3], forbidden
	}
}

func answersInFront(_ *simulation, t *target, burst int) {
	if burst%3 == 1 {
		t.inFront = time.Now().Add(10 * time.Minute)
	}
}

func losesTheGroup(_ *simulation, t *target, burst int) {
	if burst%3 == 1 {
		t.missing["one"] = time.Now().Add(10 * time.Minute)
	}
}

// crowd is how many people each server is tried with, in bursts of so many.
const (
	crowd   = 20
	inBurst = 7
)

// tally is what became of them in a round.
type tally struct {
	prompt, gone                     int // delivered, and taken out, within 100 s
	delivered, took, taken, complete int // delivered in the end, grants and removals that were taken, removals complete
	notThere, stillThere             int // called delivered, called ended, and not so
}

// trial is one server under trial.
type trial struct {
	*simulation
	server *target
	meets  func(*simulation, *target, int)
	burst  int
	tally  *tally
}

// Every kind of server that is known, with twenty people let in and taken out in bursts by
// several workers at once: slowly; then each burst taken out a second after it was let in;
// then slowly again.
func TestF39_WhatIsCalledDeliveredIsThereAndWhatIsCalledEndedIsGone(t *testing.T) {
	var table strings.Builder
	line := func(name string, cells ...any) {
		fmt.Fprintf(&table, "%-56s"+strings.Repeat(" %14s", len(cells))+"\n", append([]any{name}, cells...)...)
	}
	line("server", "delivered", "removals sent", "complete", "delivered, not", "ended, still")
	line("20 people, three rounds", "(1st, 3rd)", "(of sent)", "", "there", "there")
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			rounds, violation := try(t, s.nature, s.meets)
			all := func(of func(tally) any) string {
				return fmt.Sprint(of(rounds[0]), " ", of(rounds[1]), " ", of(rounds[2]))
			}
			line(s.name, fmt.Sprint(rounds[0].delivered, " ", rounds[2].delivered), all(func(y tally) any { return fmt.Sprint(y.taken, "/", y.took) }),
				all(func(y tally) any { return y.complete }), all(func(y tally) any { return y.notThere }), all(func(y tally) any { return y.stillThere }))
			if violation != "" {
				t.Error(violation)
			}
			for n, y := range rounds {
				switch {
				case y.notThere+y.stillThere > 0:
					t.Errorf("round %d: %d are called delivered and are not there, %d are called ended and are", n+1, y.notThere, y.stillThere)
				case y.taken != y.took || n != 1 && y.took != crowd:
					t.Errorf("round %d: %d grants were sent and %d removals", n+1, y.took, y.taken)
				case s.unseen:
				case n != 1 && y.delivered != crowd || y.complete != crowd:
					t.Errorf("round %d: %d were delivered, %d removals complete", n+1, y.delivered, y.complete)
				case n != 1 && s.prompt > y.prompt || s.prompt > y.gone:
					t.Errorf("round %d: %d were delivered within 100 s and %d taken out, want %d", n+1, y.prompt, y.gone, s.prompt)
				}
			}
		})
	}
	t.Log("\n" + table.String())
}

// try has a server of a nature tried, and returns what became of each round.
func try(t *testing.T, n Nature, meets func(*simulation, *target, int)) (rounds [3]tally, violation string) {
	t.Helper()
	p := smallSimulation()
	free := p.Packages[plainPack].Policies[0]
	free.Lasts = 0
	p.People, p.Packages, p.Targets[1] = make([]Person, crowd), []Pack{{Roles: []int{2}, Policies: []Terms{free}}}, n
	synctest.Test(t, func(t *testing.T) {
		w := newSimulation(p)
		if err := w.setUp(p); err != nil {
			t.Fatal(err)
		}
		x := trial{simulation: w, server: w.targets[1], meets: meets}
		w.oracle.goesOn = true // the table is to be whole
		for i := range rounds {
			x.tally = &rounds[i]
			x.round(i == 1)
			x.advance(25 * time.Hour)
		}
		w.oracle.goesOn = false
		if violation = w.oracle.noted; violation == "" {
			w.quiesce()
			violation = w.oracle.violation
		}
		w.stop()
	})
	return rounds, violation
}

// round lets everybody in and takes everybody out again.
func (x *trial) round(atOnce bool) {
	x.bursts(func(person int) {
		x.assigns(person, plainPack)
	}, func(from, to int) {
		if !atOnce {
			return
		}
		x.advance(time.Second)
		for person := from; person < to; person++ {
			x.takes(person)
		}
		x.workers()
	})
	if !atOnce {
		x.minutes(100 * time.Second)
		x.tally.prompt = x.count(func(a *held) bool { return a.live && a.State == entitlement.AssignmentDelivered })
		x.server.bad = ""
		x.minutes(90 * time.Minute)
		x.tally.delivered = x.count(func(a *held) bool { return a.live && a.State == entitlement.AssignmentDelivered })
		x.bursts(x.takes, func(int, int) {})
	}
	x.minutes(100 * time.Second)
	x.tally.gone = x.count(func(a *held) bool { return !x.there(a) })
	x.server.bad = ""
	x.minutes(90 * time.Minute)
	x.tally.complete = crowd - x.count(func(a *held) bool { return !a.removed })
	x.sent()
}

// bursts does something to everybody, several workers at work at once after each burst.
func (x *trial) bursts(do func(person int), then func(from, to int)) {
	for from := 0; from < crowd; from += inBurst {
		if x.meets != nil {
			x.meets(x.simulation, x.server, x.burst)
		}
		x.burst++
		to := min(from+inBurst, crowd)
		for person := from; person < to; person++ {
			do(person)
		}
		x.workers()
		then(from, to)
		x.advance(5 * time.Second)
	}
}

// workers has three workers at work at once on what is new.
func (x *trial) workers() {
	for range 3 {
		x.act(Command{Kind: Urgent, A: 2})
	}
	x.all()
}

// takes ends what a person has.
func (x *trial) takes(person int) {
	for _, a := range x.oracle.liveOf[x.population.people[person]] {
		if _, err := x.requests.Remove(quiet, x.by("take"), entitlement.AdminRemove, a.ID, ""); err != nil {
			x.oracle.fail("story", "%v", err)
		}
	}
}

// minutes lets time pass as it does, and counts what is said and is not so.
func (x *trial) minutes(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end) && x.oracle.violation == ""; {
		x.advance(20 * time.Second)
		if time.Now().Truncate(time.Minute).Equal(time.Now().Truncate(20 * time.Second)) {
			x.act(Command{Kind: Sweep})
			x.all()
		}
		x.pump()
		x.tally.notThere = max(x.tally.notThere, x.count(func(a *held) bool {
			return a.live && a.State == entitlement.AssignmentDelivered && !x.there(a)
		}))
		x.tally.stillThere = max(x.tally.stillThere, x.count(func(a *held) bool {
			return a.removed && x.oracle.live[pair{a.Package, a.Subject}] == nil && x.there(a)
		}))
	}
}

// there tells what the server's own list of members says.
func (x *trial) there(a *held) bool {
	_, is := x.server.holds[x.role()][x.server.people[a.Subject]]
	return is
}

func (x *trial) role() entitlement.RoleRef {
	return entitlement.RoleRef{Connector: x.server.id, Resource: "one", Role: memberRole}
}

// count counts the people whose assignment is so, the present or the last one.
func (x *trial) count(is func(*held) bool) int {
	last := map[entitlement.UserID]*held{}
	for _, id := range x.oracle.order {
		if a := x.oracle.assignments[entitlement.AssignmentID(id)]; a != nil {
			last[a.Subject] = a
		}
	}
	n := 0
	for _, a := range last {
		if is(a) {
			n++
		}
	}
	return n
}

// sent counts whom the server took a grant of in this round, and of those whom it took a
// removal of since.
func (x *trial) sent() {
	for _, u := range x.population.people {
		took := x.server.took[membership{x.role(), x.server.people[u]}]
		if took == nil || took.granted.IsZero() || time.Since(took.granted) > day {
			continue
		}
		x.tally.took++
		if len(took.removals) > 0 {
			x.tally.taken++
		}
	}
}
