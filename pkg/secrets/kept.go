package secrets

import (
	"context"
	"sync"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

const (
	// keptFor bounds how long a credential stays in a process: a number names one credential for
	// ever, unless its connector is deleted, after which numbers count anew.
	keptFor = 5 * time.Minute
	// keptMost bounds how many do.
	keptMost = 64
)

// Source is where credentials are read.
type Source interface {
	Get(ctx context.Context, id entitlement.ConnectorID, number int64, address string) (string, error)
}

// Kept keeps credentials that were read in the process, by number: Parameter Store gives 40 a
// second to the whole account, and a delivery needs one for each target. A credential that was
// changed has another number, and is read at once. It is safe for concurrent use.
type Kept struct {
	from  Source
	clock clock.Clock

	mu   sync.Mutex
	have map[wanted]kept
}

type wanted struct {
	id      entitlement.ConnectorID
	number  int64
	address string
}

type kept struct {
	secret string
	until  time.Time
}

// Keep returns the credentials of from.
func Keep(from Source, c clock.Clock) *Kept {
	return &Kept{from: from, clock: c, have: map[wanted]kept{}}
}

// Get returns the credential of a connector that has the number, to be sent to the address. What
// could not be read is asked for again the next time.
func (k *Kept) Get(ctx context.Context, id entitlement.ConnectorID, number int64, address string) (string, error) {
	key, now := wanted{id, number, address}, k.clock.Now()
	k.mu.Lock()
	have, known := k.have[key]
	k.mu.Unlock()
	if known && now.Before(have.until) {
		return have.secret, nil
	}

	secret, err := k.from.Get(ctx, id, number, address)
	if err != nil {
		return "", err
	}

	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.have) >= keptMost {
		clear(k.have) // rather all anew than a memory of who was asked for last
	}
	k.have[key] = kept{secret, now.Add(keptFor)}
	return secret, nil
}
