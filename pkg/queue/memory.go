package queue

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// Memory is a queue in memory with the manners of SQS: a message that was received is
// hidden for a while and comes back unless it is deleted, and one that came back too
// often is parked. It is for tests and the simulator, and safe for concurrent use.
type Memory struct {
	// Copies says how many copies of a message arrive: 0 loses it, 2 doubles it. Nil
	// means one. It is set before the queue is used.
	Copies func(body string) int

	clock      clock.Clock
	maxReceive int

	mu      sync.Mutex
	made    int
	waiting []*entry // in order of arrival
	dead    []*entry
}

// Message is one message as received.
type Message struct {
	ID       string
	Receipt  string // of this receipt: deletes only until the message is received again
	Body     string
	Receives int // this one included
}

type entry struct {
	id       int
	body     string
	receives int
	from     time.Time // visible from then on
}

// NewMemory returns an empty queue that parks a message instead of handing it out
// more than maxReceive times.
func NewMemory(c clock.Clock, maxReceive int) *Memory {
	return &Memory{clock: c, maxReceive: maxReceive}
}

// Enqueue sends the subjects at once.
func (m *Memory) Enqueue(ctx context.Context, subjects ...entitlement.UserID) error {
	return m.EnqueueAfter(ctx, 0, subjects...)
}

// EnqueueAfter sends the subjects so that they arrive after the delay, at most MaxDelay.
func (m *Memory) EnqueueAfter(_ context.Context, delay time.Duration, subjects ...entitlement.UserID) error {
	for _, body := range bodiesFor(subjects) {
		m.Send(body, delay)
	}
	return nil
}

// EnqueueJob asks that the package's edit be carried on to its holders.
func (m *Memory) EnqueueJob(_ context.Context, pkg entitlement.PackageID, generation int64) error {
	m.Send(Job{Package: pkg, Generation: generation}.Encode(), 0)
	return nil
}

// Send adds a message that becomes visible after the delay, at most MaxDelay.
func (m *Memory) Send(body string, delay time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	copies := 1
	if m.Copies != nil {
		copies = m.Copies(body)
	}

	from := m.clock.Now().Add(max(0, min(delay, MaxDelay)))
	for range copies {
		m.made++
		m.waiting = append(m.waiting, &entry{id: m.made, body: body, from: from})
	}
}

// Receive hands out up to n visible messages and hides them for the time of visibility.
func (m *Memory) Receive(n int, visibility time.Duration) []Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()

	var received []Message
	m.waiting = slices.DeleteFunc(m.waiting, func(e *entry) bool {
		if len(received) == n || e.from.After(now) {
			return false
		}

		// Received too often without being deleted: parked, as SQS does it.
		if e.receives >= m.maxReceive {
			m.dead = append(m.dead, e)
			return true
		}
		e.receives++
		e.from = now.Add(visibility)
		received = append(received, e.message())
		return false
	})

	return received
}

// Delete acknowledges a message. A receipt that was overtaken by a later one changes nothing.
func (m *Memory) Delete(receipt string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting = slices.DeleteFunc(m.waiting, func(e *entry) bool { return e.receipt() == receipt })
}

// Delay hides a received message for d from now; 0 gives it back at once. A receipt that
// was overtaken by a later one changes nothing.
func (m *Memory) Delay(_ context.Context, receipt string, d time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.waiting {
		if e.receipt() == receipt {
			e.from = m.clock.Now().Add(max(0, min(d, maxHidden)))
		}
	}
	return nil
}

// Len returns the number of messages that are neither deleted nor parked, hidden ones included.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.waiting)
}

// Dead returns the parked messages, oldest first.
func (m *Memory) Dead() []Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	parked := make([]Message, len(m.dead))
	for i, e := range m.dead {
		parked[i] = e.message()
	}
	return parked
}

// Redrive gives the parked messages back to the queue as if new, and returns their number.
func (m *Memory) Redrive() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.dead)
	for _, e := range m.dead {
		e.receives, e.from = 0, m.clock.Now()
		m.waiting = append(m.waiting, e)
	}
	m.dead = nil
	return n
}

func (e *entry) message() Message {
	return Message{ID: strconv.Itoa(e.id), Receipt: e.receipt(), Body: e.body, Receives: e.receives}
}

func (e *entry) receipt() string { return strconv.Itoa(e.id) + "-" + strconv.Itoa(e.receives) }
