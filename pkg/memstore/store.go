package memstore

import (
	"context"
	"crypto/rand"
	"sync"

	"leasehold/pkg/entitlement"
)

// Fault is what happens to one operation in place of success.
type Fault uint8

// The faults. FailAfter leaves the caller not knowing that the effect took place.
const (
	None           Fault = iota
	FailBefore           // Unavailable, without effect
	FailAfter            // Unavailable, after the effect
	ConflictBefore       // Conflict with another transaction, without effect
)

// Options adjust a store. The zero value is a store without lag or faults.
type Options struct {
	// IndexLag is the number of commits that reads by index are behind.
	IndexLag int
	// Fault is asked before each operation, by its name and the ids it is about.
	// It may be called from several goroutines at once, and may take its time.
	Fault func(op string, keys ...string) Fault
}

// Store is the in-memory store. It is safe for concurrent use.
type Store struct {
	options Options
	mu      sync.Mutex
	state   *state
	index   *index
	key     []byte
}

// New returns an empty store.
func New(options Options) *Store {
	key := make([]byte, 32)
	rand.Read(key) // never fails: it crashes the program first
	return &Store{options: options, state: newState(), index: newIndex(options.IndexLag), key: key}
}

// SigningKey returns the random bytes that sign page tokens and derive ids, the same
// ones as long as the store lives.
func (s *Store) SigningKey(ctx context.Context) ([]byte, error) {
	return look(ctx, s, "SigningKey", nil, func() ([]byte, error) { return s.key, nil })
}

// Settle lets the index catch up with every commit.
func (s *Store) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index.catchUp(0)
}

func (s *Store) fault(op string, keys []string) Fault {
	if s.options.Fault == nil {
		return None
	}
	return s.options.Fault(op, keys...)
}

// look runs one read under the lock and returns a copy of what it found. A fault of
// any sort fails it.
func look[T any](ctx context.Context, s *Store, op string, keys []string, read func() (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	if s.fault(op, keys) != None {
		return none, unavailable(op)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := read()
	if err != nil {
		return none, err
	}
	return clone(v), nil
}

// alter runs one write under the lock, with the fault that it is given.
func alter(ctx context.Context, s *Store, op string, keys []string, write func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	fault := s.fault(op, keys)
	switch fault {
	case FailBefore:
		return unavailable(op)
	case ConflictBefore:
		return entitlement.Wrap(entitlement.Conflict, op, nil, "Another change is under way. Try again.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := write(); err != nil {
		return err
	}
	if fault == FailAfter {
		return unavailable(op)
	}
	return nil
}

func unavailable(op string) error {
	return entitlement.Wrap(entitlement.Unavailable, op, nil, "The store does not answer. Try again.")
}
