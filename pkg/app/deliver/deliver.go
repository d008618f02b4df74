// Package deliver wires the function that drains the queues of deliveries.
package deliver

import (
	"context"
	"fmt"
	"log/slog"
	"path"

	"leasehold/pkg/app/base"
	"leasehold/pkg/app/targets"
	"leasehold/pkg/clock"
	"leasehold/pkg/config"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/delivery"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
	"leasehold/pkg/queue"
)

var _ delivery.Store = (*dynamo.DB)(nil)

// New returns the function's handler of a batch of messages, and the queues that it drains.
func New(c config.Config, log *slog.Logger) (func(context.Context, []lambdaio.Message) map[string]error, lambdaio.Queues, error) {
	clients := base.Open(c)
	db := clients.Table()
	people := &directory.Service{Store: db, Clock: clock.System{}, IDs: clock.System{}}
	worker := delivery.Service{
		Store: db, Connectors: targets.Registry(db, clients.Credentials(), people, targets.Reach{Private: c.Emulated, Internal: outbound.Allowed(c.InternalTargets), VPC: c.Network == names.VPC, Own: clients.Own(), Home: clients.Home()}), Queue: clients.Sender(names.DeliverBulk),
		Clock: clock.System{}, IDs: clock.System{}, Lease: names.DeliverTimeout, Log: log, Network: c.Network,
	}

	// What people wait for is handed on as such.
	urgent, bulk := worker, worker
	if c.Network == names.Internet {
		urgent.HandOn, bulk.HandOn = clients.Sender(names.VPCUrgent), clients.Sender(names.VPCBulk)
	}
	return ByQueue(Handler(&urgent), path.Base(c.Queues[names.DeliverBulk]), Handler(&bulk)), clients.Drained(), clients.Err()
}

// ByQueue has the messages of one queue handled by a handler of their own. A batch is of one queue.
func ByQueue(others func(context.Context, []lambdaio.Message) map[string]error, queue string, its func(context.Context, []lambdaio.Message) map[string]error) func(context.Context, []lambdaio.Message) map[string]error {
	return func(ctx context.Context, messages []lambdaio.Message) map[string]error {
		if len(messages) > 0 && messages[0].Queue == queue {
			return its(ctx, messages)
		}
		return others(ctx, messages)
	}
}

// Handler reads the messages of a batch and reconciles all their subjects together, so
// that one call to a target serves many of them. A message that nobody can read fails
// alone; a subject that could not be looked at fails the messages that name it.
func Handler(s *delivery.Service) func(context.Context, []lambdaio.Message) map[string]error {
	return func(ctx context.Context, messages []lambdaio.Message) map[string]error {
		outcome := map[string]error{}
		named := map[string][]entitlement.UserID{}
		var all []entitlement.UserID

		for _, m := range messages {
			message, err := queue.Decode(m.Body)
			if err != nil {
				outcome[m.ID] = fmt.Errorf("%w: %w", lambdaio.ErrMalformed, err)
				continue
			}
			named[m.ID] = message.Subjects
			all = append(all, message.Subjects...)
		}

		failed := s.Deliver(ctx, all, lambdaio.RequestID(ctx))

		// A message comes back as a whole: with one subject that failed, all that it names are
		// looked at again, which changes nothing for those who are settled.
		for id, subjects := range named {
			for _, subject := range subjects {
				if err := failed[subject]; err != nil {
					outcome[id] = err
				}
			}
		}

		return outcome
	}
}
