package delivery

import (
	"context"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Where the deployment has a VPC, connectors are called from one of two networks, and each network
// has a function and queues of its own (R273). Everybody sends to the queues of the internet, and
// its function hands on whoever has something to be done in the VPC; a message back is never needed.
// Each function claims, calls and records at the connectors of its own network alone. What is to be
// done in the other is as what another worker holds: nothing follows from it until it is on record,
// and whoever is done last settles. Where the message is lost, the subject stays pending, and the
// sweep sends the first one again.

// networks remembers for a run which connectors are of the other network than its function's.
type networks struct {
	away map[entitlement.ConnectorID]bool
	told map[entitlement.UserID]int64 // up to which generation a subject was handed on
}

// connectorReader finds the registration of a connector.
type connectorReader interface {
	Connector(ctx context.Context, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error)
}

// read finds out of those connectors of which it is not known yet. Those that cannot be read now are
// not known afterwards either, and err is of one of them.
func (n *networks) read(ctx context.Context, own names.Network, store connectorReader, ids ...entitlement.ConnectorID) (err error) {
	if own == "" {
		return nil // there is one network, and what it cannot reach is refused when it is opened
	}
	if n.away == nil {
		n.away = map[entitlement.ConnectorID]bool{entitlement.BuiltinConnector: own == names.VPC}
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id entitlement.ConnectorID) bool { _, known := n.away[id]; return known })

	found, failed := make([]entitlement.ConnectorConfig, len(ids)), make([]error, len(ids))
	var g errgroup.Group
	g.SetLimit(parallelReads)
	for i, id := range ids {
		g.Go(func() error { found[i], failed[i] = store.Connector(ctx, id); return nil })
	}
	g.Wait()

	for i, id := range ids {
		// One that is not registered is the internet's, which records that.
		if failed[i] != nil && entitlement.KindOf(failed[i]) != entitlement.NotFound {
			err = failed[i]
			continue
		}
		n.away[id] = found[i].VPC != (own == names.VPC)
	}
	return err
}

// divide tells apart what of the subjects' is done here and what in the other network. A subject of
// whom that cannot be read is left out, and looked at again.
func (r *run) divide(ctx context.Context, jobs []*reconciliation) []*reconciliation {
	if r.Network == "" {
		return jobs
	}
	var ids []entitlement.ConnectorID
	for _, j := range jobs {
		ids = append(ids, j.connectors()...)
	}
	slices.Sort(ids)
	err := r.networks.read(ctx, r.Network, r.Store, slices.Compact(ids)...)

	return slices.DeleteFunc(jobs, func(j *reconciliation) bool {
		j.elsewhere = r.networks.away
		for _, id := range j.connectors() {
			if _, known := j.elsewhere[id]; !known {
				r.fail(j.subject, err)
				return true
			}
		}
		// What is of the other network is as what another worker has.
		for _, p := range j.parts {
			away := j.elsewhere[p.at]
			p.elsewhere, p.held, p.over = away, away, away
		}
		return false
	})
}

// connectors are those at which the subject has something on record, or is to have.
func (j *reconciliation) connectors() (ids []entitlement.ConnectorID) {
	for _, s := range j.idle {
		ids = append(ids, s.Connector)
	}
	for _, p := range j.parts {
		ids = append(ids, p.at)
	}
	return ids
}

// handOn tells the function in the VPC of those who have something to be done there, once for each
// generation. It is told before anything is done here, so that nobody waits for a target of the
// other network.
func (r *run) handOn(ctx context.Context, jobs []*reconciliation) {
	if r.HandOn == nil {
		return
	}

	told := map[entitlement.UserID]int64{}
	for _, j := range jobs {
		if generation, already := r.networks.told[j.subject]; j.hasElsewhere() && !(already && generation == j.subjectRecord.Generation) {
			told[j.subject] = j.subjectRecord.Generation
		}
	}
	subjects := slices.Sorted(maps.Keys(told))
	if len(subjects) == 0 {
		return
	}

	if err := r.HandOn.Enqueue(ctx, subjects...); err != nil {
		r.Log.WarnContext(ctx, "a message was lost; the sweep will find the pending reconciliations", "subjects", len(subjects), "error", err)
		return
	}
	if r.networks.told == nil {
		r.networks.told = map[entitlement.UserID]int64{}
	}
	maps.Copy(r.networks.told, told)
}

// hasElsewhere reports that something of the subject's is to be done in the other network.
func (j *reconciliation) hasElsewhere() bool {
	return slices.ContainsFunc(j.parts, func(p *targetJob) bool { return p.elsewhere })
}

// here returns the subject's parts that are carried out in this network.
func (j *reconciliation) here() []*targetJob {
	return slices.DeleteFunc(slices.Clone(j.parts), func(p *targetJob) bool { return p.elsewhere })
}

// leaveOut leaves parts alone whose connector turned out to be of the other network when it was
// opened: it was changed after it was looked up.
func (t *target) leaveOut(ctx context.Context, parts []*targetJob) {
	for _, p := range parts {
		p.held = true
		t.finish(ctx, p)
	}
}

// isElsewhere reports a refusal to open a connector of the other network.
func (r *run) isElsewhere(err error) bool {
	return r.Network != "" && connector.IsOtherNetwork(err)
}
