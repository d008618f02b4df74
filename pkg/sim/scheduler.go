package sim

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"leasehold/pkg/dynamo/faults"
	"leasehold/pkg/entitlement"
)

// scheduler lets one parked call go on at a time. Whatever the product does in
// parallel, only the scheduler decides on the order of its effects.
type scheduler struct {
	mu      sync.Mutex // parked is appended to by goroutines that run side by side until they park
	parked  []*call
	left    []*call // that went on
	ready   []*call // of one turn
	idle    []chan func()
	live    []*invocation
	made    int
	turns   int
	last    Fault       // of the call that goes on
	running *invocation // whose call goes on
	rate    int         // faults in a thousand calls
	choice  uint64      // of the order
	stopped chan struct{}
	died    func(inv *invocation)
	counts  func(op faults.Op, fault Fault)
	goesOn  func(inv *invocation)
	script  func(inv *invocation, label string) Fault // of a directed scenario; nil: faults are drawn
	trace   func(format string, args ...any)          // nil: nobody listens
}

type call struct {
	inv    *invocation
	label  string
	nth    int
	ready  time.Time
	resume chan bool // false: the function is dead
}

var errDead = errors.New("the function is dead")

// maxFrozen is as long as a function stands still at most.
const maxFrozen = 4 * time.Minute

// begin starts an invocation, which runs until it parks for the first time.
func (s *scheduler) begin(inv *invocation, run func(ctx context.Context) error) {
	s.made++
	inv.id, inv.started = s.made, time.Now()
	inv.seen, inv.faults = map[uint64]seen{}, map[Fault]int{}
	s.live = append(s.live, inv)

	s.running = inv
	s.goesOn(inv)

	s.start(func() {
		err := run(inv.context())
		s.mu.Lock()
		inv.err, inv.done = err, true
		s.mu.Unlock()
	})

	synctest.Wait()
}

// start carries out a function on a goroutine that is idle, whose stack has grown by what it
// did before, or on a new one.
func (s *scheduler) start(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.idle)
	if n == 0 {
		go s.work(do)
		return
	}
	s.idle[n-1] <- do
	s.idle = s.idle[:n-1]
}

// work carries out one function after the other, until there will be no more.
func (s *scheduler) work(do func()) {
	more := make(chan func(), 1)
	for ; do != nil; do = <-more {
		do()
		s.mu.Lock()
		s.idle = append(s.idle, more)
		s.mu.Unlock()
	}
}

// park holds the calling goroutine until it is its turn; false means that it is dead.
func (s *scheduler) park(inv *invocation, label string, wait time.Duration) bool {
	key, ready := hashed(label), time.Now().Add(wait)

	s.mu.Lock()
	// Equal calls of one invocation are numbered, so that which goes on next is drawn and not
	// left to the machine.
	n := inv.seen[key]
	n.parked++
	inv.seen[key] = n

	c := s.place()
	c.inv, c.label, c.ready, c.nth = inv, label, ready, n.parked
	s.parked = append(s.parked, c)
	s.mu.Unlock()

	alive := <-c.resume

	s.mu.Lock()
	s.left = append(s.left, c)
	s.mu.Unlock()
	return alive
}

// place returns one that a call has left, or a new one.
func (s *scheduler) place() *call {
	n := len(s.left)
	if n == 0 {
		return &call{resume: make(chan bool, 1)}
	}
	c := s.left[n-1]
	s.left = s.left[:n-1]
	return c
}

// draw decides what happens to a call.
func (s *scheduler) draw(inv *invocation, label string, of sort) (Fault, uint64) {
	key := hashed(label)

	s.mu.Lock()
	n := inv.seen[key] // the calls that carry one label are alike: which is first does not matter
	d := mix(inv.seed, key, uint64(n.drawn))
	n.drawn++
	inv.seen[key] = n
	s.mu.Unlock()

	if s.script != nil {
		return s.script(inv, label), mix(d, 1)
	}

	if inv.calm || below(d, 1000) >= s.rate {
		return Fine, mix(d, 1)
	}

	list := possible[of]
	return list[below(mix(d, 2), len(list))], mix(d, 1)
}

// stuck is what the next tries of a call meet.
type stuck struct {
	fault Fault
	left  int
}

// Tries that a client makes of a call which is refused each time, and of one that is not
// answered, after the first.
const (
	moreTries      = 7
	moreTriesBlind = 2
)

// sticks has what a call met be met by its further tries as well: always where nobody
// answers, and half the time where it was too much, or others were in the way.
func (s *scheduler) sticks(inv *invocation, key uint64, fault Fault, d uint64) {
	left := 0
	// The store tries again by itself: a fault that does not last for all of its tries is never seen
	// above it.
	switch {
	case fault == FailBefore || fault == FailAfter:
		left = moreTriesBlind
	case fault != Conflicted && fault != Throttled:
	case s.script != nil || d%2 == 0:
		left = moreTries
	}

	if left == 0 {
		return
	}

	if inv.stuck == nil {
		inv.stuck = map[uint64]stuck{}
	}

	inv.stuck[key] = stuck{fault, left}
}

// takeTurn has one call of the product wait for its turn, and returns its fault, of which the simulation counts where it
// is one of DynamoDB's and there is something wrong. Its error is that of a function that died.
func (s *scheduler) takeTurn(inv *invocation, of sort, label string, op faults.Op) (Fault, error) {
	if inv.dead {
		return Fine, errDead
	}

	key := hashed(label)

	s.mu.Lock()
	again, sticks := inv.stuck[key]
	if sticks {
		if again.left--; again.left == 0 {
			delete(inv.stuck, key)
		} else {
			inv.stuck[key] = again
		}
	}
	s.mu.Unlock()

	fault, d := again.fault, uint64(0)
	if !sticks {
		fault, d = s.draw(inv, label, of)
	}

	if fault == Frozen && inv.applying > 0 && of != outside {
		// Nobody can take back a write that is under way. What bounds it is the client's
		// patience at a target, and the end of the function in the directory: both come
		// before the lease is over.
		fault = Fine
	}

	if !s.park(inv, label, s.wait(fault, of, d)) {
		return fault, errDead
	}

	if fault == Fine {
		if fault = inv.meet(of); s.wait(fault, of, d) > 0 && !s.park(inv, label+", held up", s.wait(fault, of, d)) {
			return fault, errDead
		}
	}

	inv.calls++
	if s.trace != nil {
		s.say("  %d %s: %s", inv.id, label, fault)
	}

	if fault != Fine {
		inv.faults[fault]++
		if op != "" {
			s.counts(op, fault)
		}
	}

	if s.last = fault; !sticks && of <= writes {
		s.mu.Lock()
		s.sticks(inv, key, fault, mix(d, 3))
		s.mu.Unlock()
	}

	if fault == CrashBefore {
		return fault, s.die(inv)
	}
	return fault, nil
}

// wait is how long a call waits for its turn by its fault.
func (s *scheduler) wait(fault Fault, of sort, d uint64) time.Duration {
	switch {
	case fault == Frozen && of != outside:
		return s.pauseLength(d)
	case fault == Slow:
		return time.Duration(1+below(d, 9)) * time.Second
	default:
		return 0
	}
}

// do makes one call of the product that is none of DynamoDB: it waits for its turn, and
// meets its fault.
func (s *scheduler) do(ctx context.Context, of sort, label string, effect func() error) error {
	inv := invocationOf(ctx)
	// What runs outside of the simulation meets nothing, and waits for nobody.
	if inv == nil {
		return effect()
	}

	fault, err := s.takeTurn(inv, of, label, "")
	if err != nil {
		return err
	}

	if fault == FailBefore {
		return unavailable()
	}

	err = effect()
	switch fault {
	case FailAfter:
		if err == nil {
			err = unavailable()
		}
	case CrashAfter:
		return s.die(inv)
	case Frozen:
		if of == outside && !s.park(inv, label+", answered", s.pauseLength(mix(inv.seed, hashed(label)))) {
			return errDead
		}
	}

	return err
}

// meet returns what was meant for the nth call of an invocation that can meet it. Calls are
// counted as they go on, which is in one order.
func (inv *invocation) meet(of sort) Fault {
	if inv.meets == Fine || inv.calm || !slices.Contains(possible[of], inv.meets) || inv.meets == Frozen && inv.applying > 0 && of != outside {
		return Fine
	}
	if inv.nth--; inv.nth != 0 {
		return Fine
	}
	return inv.meets
}

func unavailable() error {
	return entitlement.Errorf(entitlement.Unavailable, "It does not answer. Try again.")
}

// pauseLength is how long a function stands still: in a directed scenario past every lease.
func (s *scheduler) pauseLength(d uint64) time.Duration {
	if s.script != nil {
		return 3 * time.Minute
	}
	return time.Duration(below(d, int(maxFrozen/time.Second))) * time.Second
}

// die kills an invocation: none of its goroutines goes on before the run is over, and
// then nothing that it does has an effect.
func (s *scheduler) die(inv *invocation) error {
	s.kill(inv)
	<-s.stopped
	return errDead
}

func (s *scheduler) kill(inv *invocation) {
	inv.dead = true
	s.died(inv)
	s.say("  %d is dead", inv.id)
}

// turn lets one call go on and returns whether there was one.
func (s *scheduler) turn() bool {
	now := time.Now()

	ready := s.ready[:0]
	for _, c := range s.parked {
		if !c.inv.dead && !c.ready.After(now) {
			ready = append(ready, c)
		}
	}

	if s.ready = ready; len(ready) == 0 {
		return false
	}

	slices.SortFunc(ready, func(a, b *call) int {
		return cmp.Or(cmp.Compare(a.inv.id, b.inv.id), cmp.Compare(a.label, b.label), cmp.Compare(a.nth, b.nth))
	})

	s.turns++
	c := ready[below(mix(s.choice, uint64(s.turns)), len(ready))]
	s.parked = slices.DeleteFunc(s.parked, func(p *call) bool { return p == c })

	if over := now.Sub(c.inv.started) - c.inv.timeout; over > 0 && c.inv.seed%2 == 0 {
		s.kill(c.inv) // out of time; the other half goes on with an old lease
		s.parked = append(s.parked, c)
		return true
	}

	s.running = c.inv
	s.goesOn(c.inv)
	c.resume <- true
	synctest.Wait()
	return true
}

// next returns when the first parked call may go on.
func (s *scheduler) next() (time.Time, bool) {
	var first time.Time
	for _, c := range s.parked {
		if !c.inv.dead && (first.IsZero() || c.ready.Before(first)) {
			first = c.ready
		}
	}
	return first, !first.IsZero()
}

// stop ends every goroutine that is left.
func (s *scheduler) stop() {
	for _, inv := range s.live {
		inv.dead = true
	}

	close(s.stopped)
	synctest.Wait()
	// Whoever is waiting goes on with nothing, so that the run ends.
	for len(s.parked) > 0 {
		left := s.parked
		s.parked = nil
		for _, c := range left {
			c.resume <- false
		}
		synctest.Wait()
	}

	for _, more := range s.idle {
		close(more)
	}
}

// reap returns the invocations that came to an end, and forgets them and the dead.
func (s *scheduler) reap() []*invocation {
	var done []*invocation
	s.live = slices.DeleteFunc(s.live, func(inv *invocation) bool {
		if inv.done && !inv.dead {
			done = append(done, inv)
		}
		return inv.done && !inv.dead
	})
	return done
}

func (s *scheduler) say(format string, args ...any) {
	if s.trace != nil {
		s.trace(format, args...)
	}
}
