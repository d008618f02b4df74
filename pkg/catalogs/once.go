package catalogs

import (
	"context"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/idempotency"
)

// once is by what the service carries a command out that may be sent again.
func (s *Service) once() idempotency.Keeper {
	return idempotency.Keeper{Store: s.Store, Clock: s.Clock, IDs: s.IDs}
}

// Done is what a command is answered that made nothing with events of its own.
type Done struct {
	ID     string // of the command
	Answer string // what it made, where it says so
	At     time.Time
}

// Once carries a command out that may be sent again, and makes nothing with events of its
// own: do is given the command as it must be handed to the use case, and returns what it
// made. A command that came before is told what it was answered then.
func (s *Service) Once(ctx context.Context, by authz.Command, do func(authz.Command) (string, error)) (Done, error) {
	return idempotency.Once(ctx, s.once(), by, entitlement.OfCommand, func(e idempotency.Effect) (Done, error) {
		if e.Again {
			return Done{ID: e.ID, Answer: e.Answer, At: e.At}, nil
		}
		answer, err := do(e.Command)
		return Done{ID: e.ID, Answer: answer, At: e.At}, err
	})
}
