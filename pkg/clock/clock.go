// Package clock gives services the time and new ids, and tests a deterministic
// source of both.
package clock

import (
	"crypto/rand"
	"fmt"
	"sync"
	"time"
)

// Clock tells the time. It is always UTC.
type Clock interface{ Now() time.Time }

// IDs makes new UUIDs in canonical lower-case text.
type IDs interface{ New() string }

// System is the wall clock and random version 4 ids.
type System struct{}

// Now returns the wall clock's time in UTC.
func (System) Now() time.Time { return time.Now().UTC() }

// New returns a random version 4 UUID.
func (System) New() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: it crashes the program first
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Virtual is a clock that moves only when told to, and ids that count up.
// It is safe for concurrent use.
type Virtual struct {
	mu  sync.Mutex
	now time.Time
	n   uint64
}

// NewVirtual returns a virtual clock that shows t.
func NewVirtual(t time.Time) *Virtual { return &Virtual{now: t.UTC()} }

// Now returns the time that was last set.
func (v *Virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// Advance moves the clock by d and returns the new time.
func (v *Virtual) Advance(d time.Duration) time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now = v.now.Add(d)
	return v.now
}

// New returns the next id of the count, in the shape of a version 4 UUID.
func (v *Virtual) New() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n++
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", v.n)
}
