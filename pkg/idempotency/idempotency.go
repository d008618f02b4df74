// Package idempotency gives a command that is sent again one effect and one answer (S12).
// Its root is that of requests: what a command makes has an id that is derived from the
// caller and from what the caller calls the command, and the store takes nothing twice under
// an id. The first event of what was made, which stays for good, says by which command; so
// nothing more is written for it, and nothing is read unless the command fails.
package idempotency

import (
	"context"
	"strconv"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// Window is how long a client-request-id names a command. A key names one for good.
const Window = 10 * time.Minute

// MaxUses bounds how often one client-request-id names a command anew, for each use is
// found by the one before it.
const MaxUses = 20

// Store is what commands are known again by.
type Store interface {
	// SigningKey returns the secret bytes that ids are derived with, the same ones always.
	SigningKey(ctx context.Context) ([]byte, error)
	// ListEvents lists the events of an aggregate in order, strongly consistent.
	ListEvents(ctx context.Context, kind entitlement.AggregateKind, id string, page entitlement.Page) (entitlement.Paged[entitlement.Event], error)
}

// Keeper carries commands out once.
type Keeper struct {
	Store Store
	Clock interface{ Now() time.Time }
	IDs   clock.IDs
}

// Effect is one command on its way. Whoever carries it out gives ID to what it makes, and
// writes the events that Command asks for in the same change.
type Effect struct {
	Command authz.Command
	ID      string
	At      time.Time

	// Again: the command was carried out before, at At. Nothing may be written or looked at
	// any more: the answer is what the command says, ID, At and Answer.
	Again  bool
	Answer string
}

// Meta is that of what is made: of the first version where it was made before.
func (e Effect) Meta() entitlement.Meta {
	if e.Again {
		return entitlement.Meta{Version: 1}
	}
	return entitlement.Meta{}
}

// Once carries a command out that makes something of a kind, or tells what it made when it
// came before. A command that nothing is made of by itself is of the kind OfCommand.
func Once[T any](ctx context.Context, k Keeper, by authz.Command, of entitlement.AggregateKind, do func(Effect) (T, error)) (T, error) {
	if !by.CanRepeat() {
		return do(Effect{Command: by, ID: k.IDs.New(), At: k.Clock.Now()})
	}

	var none T
	secret, err := k.Store.SigningKey(ctx)
	if err != nil {
		return none, err
	}

	for use := range MaxUses {
		e := effect(secret, by, of, use, k.Clock.Now())
		made, failure := do(e)
		if failure == nil {
			return made, nil
		}

		// What stands in its way may be itself, sent before, or committed although the store
		// did not get to say so.
		first, err := k.Store.ListEvents(ctx, of, e.ID, entitlement.Page{Limit: 1})
		switch {
		case err != nil:
			return none, err
		case len(first.Items) == 0:
			return made, failure
		case Over(by, first.Items[0].At, e.At):
			continue
		}
		return repeated(e, first.Items[0], do)
	}
	return none, TooOften()
}

// effect derives what a command makes, for the use of its name that it is.
func effect(secret []byte, by authz.Command, of entitlement.AggregateKind, use int, now time.Time) Effect {
	e := Effect{Command: by, At: now, ID: clock.Derive(secret, string(of), string(by.ID), by.IdempotencyKey)}
	if by.IdempotencyKey == "" {
		// Another body or path is another command: it is part of the id, and need not be kept.
		e.ID = clock.Derive(secret, string(of), string(by.ID), "client-request-id", by.ClientRequestID, by.Fingerprint, strconv.Itoa(use))
	} else {
		e.Command.Mark = clock.Derive(secret, "fingerprint", by.Fingerprint) // nobody can try bodies on it
	}
	e.Command.MadeAt = now
	if of == entitlement.OfCommand {
		e.Command.Done = &entitlement.Event{Aggregate: of, ID: e.ID, Kind: "carriedOut", Actor: by.ID, Command: by.CommandID, At: now}
	}
	return e
}

// repeated answers a command that was carried out before, as it was answered then.
func repeated[T any](e Effect, first entitlement.Event, do func(Effect) (T, error)) (T, error) {
	if first.Data[entitlement.DataFingerprint] != e.Command.Mark {
		var none T
		return none, entitlement.KeyTaken()
	}
	e.Again, e.At, e.Answer = true, first.At, first.Data[entitlement.DataAnswer]
	return do(e)
}

// Over reports that what a command is called by has named another one before, for as long as
// it names one.
func Over(by authz.Command, made, now time.Time) bool {
	return by.IdempotencyKey == "" && now.Sub(made) > Window
}

// TooOften refuses a client-request-id that names every command.
func TooOften() error {
	return entitlement.Errorf(entitlement.Precondition, "You have sent this very command under the same client-request-id %d times. Send a new client-request-id with each command.", MaxUses)
}
