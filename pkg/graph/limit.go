package graph

import (
	"sync"
	"time"

	"leasehold/pkg/entitlement"
)

// Bounds of what one caller may write in one process (A17).
const (
	writesPerSecond = 10
	writesAtOnce    = 10
	maxCallers      = 1024 // remembered; one of whom nothing was heard for a second is forgotten first
)

// Limiter bounds how often each caller writes. It knows of its own process alone, so it is
// a brake on one who floods, and no count.
type Limiter struct {
	clock interface{ Now() time.Time }

	mu   sync.Mutex
	next map[entitlement.Principal]time.Time // when the caller's next write would come if all came evenly
}

// NewLimiter returns a limiter that has heard of nobody.
func NewLimiter(clock interface{ Now() time.Time }) *Limiter {
	return &Limiter{clock: clock, next: map[entitlement.Principal]time.Time{}}
}

// take lets a caller write once, or says after how long that is possible. A nil limiter
// lets everybody.
func (l *Limiter) take(who entitlement.Principal) error { return l.takeAll(who, 1) }

// takeAll lets a caller write n times at once who may write once: the caller waits for all
// of them before the next.
func (l *Limiter) takeAll(who entitlement.Principal, n int) error {
	if l == nil || n == 0 {
		return nil
	}
	const each = time.Second / writesPerSecond
	now := l.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()

	next, known := l.next[who]
	if !known && len(l.next) >= maxCallers {
		l.forget(now)
	}

	// Who did not write for a while gathers no more than writesAtOnce.
	if next.Before(now) {
		next = now
	}
	if ahead := next.Sub(now) - (writesAtOnce-1)*each; ahead > 0 {
		err := entitlement.Errorf(entitlement.Throttled, "You change things more than %d times a second. Wait as long as Retry-After says, and send this again.", writesPerSecond)
		err.Wait = ahead
		return err
	}
	l.next[who] = next.Add(time.Duration(n) * each)
	return nil
}

// forget makes room: for whoever has waited long enough nothing is lost, and where nobody
// has, the one goes who has waited longest.
func (l *Limiter) forget(now time.Time) {
	var longest entitlement.Principal
	first := time.Time{}
	for who, next := range l.next {
		if !next.After(now) {
			delete(l.next, who)
		} else if first.IsZero() || next.Before(first) {
			longest, first = who, next
		}
	}
	if len(l.next) >= maxCallers {
		delete(l.next, longest)
	}
}

// writes reports an operation that changes something.
func (op *operation) writes() bool { return op.action.Writes() }
