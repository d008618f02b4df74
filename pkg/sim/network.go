package sim

import (
	"context"
	"encoding/json"

	"leasehold/pkg/app/deliver"
	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/remote"
	"leasehold/pkg/delivery"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Runs in which the deployment has a VPC, with one of the targets in it (R273): a second worker with
// queues of its own serves that one, and administrators move targets in and out.

// networkEvery is how often a deployment has a VPC. It is no divisor of delegatedEvery, so that
// it meets all that other runs are about.
const networkEvery = 5

// addVPC adds the queues and the worker inside, and has the one outside hand on.
func (w *simulation) addVPC(outside delivery.Service, registry *connector.Registry) {
	w.insideUrgent, w.insideBulk = w.queueOf(names.VPCUrgent), w.queueOf(names.VPCBulk)

	inside := outside
	inside.Network, inside.Connectors, inside.Queue, inside.IDs = names.VPC, opener{registry.InVPC(), w}, w.insideBulk, &counter{kind: 2}
	w.handlers[names.VPCUrgent], w.handlers[names.VPCBulk] = deliver.Handler(&inside), deliver.Handler(&inside)

	outside.Network = names.Internet
	urgent, bulk := outside, outside
	urgent.HandOn, bulk.HandOn = w.insideUrgent, w.insideBulk
	w.handlers[names.DeliverUrgent], w.handlers[names.DeliverBulk] = deliver.Handler(&urgent), deliver.Handler(&bulk)

	w.catalogs.VPC = true
	w.catalogs.Targets = bothNetworks(registry)
}

// bothNetworks asks targets from whichever network they are in, as the functions behind the API do.
func bothNetworks(registry *connector.Registry) catalogs.Targets {
	ask := func(of *connector.Registry) func(context.Context, []byte) ([]byte, error) {
		return func(ctx context.Context, payload []byte) ([]byte, error) {
			var q remote.Question
			if err := json.Unmarshal(payload, &q); err != nil {
				return nil, err
			}
			return json.Marshal(q.Answer(ctx, connector.Lookup{Registry: of}))
		}
	}
	return remote.Client{Builtin: connector.Lookup{Registry: registry}, Invoke: ask(registry), InVPC: ask(registry.InVPC())}
}

// either is the queue that a command is about: where there is a VPC, half of them are about the one
// inside.
func (w *simulation) either(outside, inside *memoryQueue, c Command) *memoryQueue {
	if inside != nil && c.B%2 == 1 {
		return inside
	}
	return outside
}

// moves has a target called from the other network.
func (w *simulation) moves(t *target) usage {
	return func(ctx context.Context, by authz.Command) error {
		_, err := w.catalogs.UpdateConnector(ctx, by, t.id, "", func(c *entitlement.ConnectorConfig) { c.VPC = !c.VPC })
		return err
	}
}
