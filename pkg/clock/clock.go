// Package clock gives services the time and new ids, and tests a deterministic
// source of both.
package clock

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"time"
)

// Clock tells the time, which is always UTC, and lets time pass.
type Clock interface {
	Now() time.Time
	// Sleep returns after d, or with the context's error as soon as that is over.
	Sleep(ctx context.Context, d time.Duration) error
}

// IDs makes new UUIDs in canonical lower-case text.
type IDs interface{ New() string }

// System is the wall clock and random version 4 ids.
type System struct{}

// Now returns the wall clock's time in UTC.
func (System) Now() time.Time { return time.Now().UTC() }

// Sleep waits.
func (System) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// New returns a random version 4 UUID.
func (System) New() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: it crashes the program first
	return uuid(b[:], 4)
}

// Derive returns the UUID that a secret gives to the parts, the same one always: version 8
// of RFC 9562, its free bits those of an HMAC. Nobody without the secret can guess it.
func Derive(secret []byte, parts ...string) string {
	mac := hmac.New(sha256.New, secret)
	for _, part := range parts { // each behind its length, so that no two lists look alike
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		mac.Write([]byte(part))
	}
	return uuid(mac.Sum(nil), 8)
}

// uuid writes the first 16 bytes as a UUID of the version.
func uuid(b []byte, version byte) string {
	b[6], b[8] = b[6]&0x0f|version<<4, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
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

// Sleep moves the clock by d and returns at once.
func (v *Virtual) Sleep(ctx context.Context, d time.Duration) error {
	v.Advance(d)
	return ctx.Err()
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
