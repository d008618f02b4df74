package fanout

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"leasehold/pkg/clock"
	"leasehold/pkg/delivery"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/queue"
)

// jobs is a store that knows the errors of some jobs and has no other.
type jobs map[entitlement.PackageID]error

func (j jobs) Job(_ context.Context, pkg entitlement.PackageID, _ int64) (entitlement.Job, error) {
	if err := j[pkg]; err != nil {
		return entitlement.Job{}, err
	}
	return entitlement.Job{}, entitlement.Errorf(entitlement.NotFound, "There is no such job.")
}

func (jobs) Holders(context.Context, entitlement.PackageID, entitlement.Page) (entitlement.Paged[entitlement.AssignmentSlot], error) {
	panic("a job that was not found has no holders")
}

func (jobs) Commit(context.Context, entitlement.Change) error { panic("nothing to write") }

func TestAMessageThatFailsLeavesItsNeighboursAlone(t *testing.T) {
	const broken, done = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
	handle := Handler(&delivery.FanOut{Store: jobs{broken: entitlement.Errorf(entitlement.Unavailable, "The table does not answer.")},
		Clock: clock.System{}, Log: slog.New(slog.DiscardHandler)}, nil, nil)

	got := handle(t.Context(), []lambdaio.Message{
		{ID: "poison", Body: `{"v":2}`},
		{ID: "broken", Body: queue.Job{Package: broken, Generation: 1}.Encode()},
		{ID: "done", Body: queue.Job{Package: done, Generation: 1}.Encode()},
	})

	if !errors.Is(got["poison"], lambdaio.ErrMalformed) {
		t.Errorf("poison: %v", got["poison"])
	}
	if entitlement.KindOf(got["broken"]) != entitlement.Unavailable {
		t.Errorf("broken: %v", got["broken"])
	}
	if got["done"] != nil {
		t.Errorf("a job that is done already: %v", got["done"])
	}
}
