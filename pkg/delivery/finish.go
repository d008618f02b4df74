package delivery

import (
	"context"
	"maps"
	"slices"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// finish records a part, or, where p is nil, what follows for a subject without any; and
// with the last part of a subject what follows from all of them. One at a time of a job.
func (r *run) finish(ctx context.Context, j *reconciliation, p *targetJob) {
	j.turn <- struct{}{}
	defer func() { <-j.turn }()
	if p != nil {
		p.over = true
		j.learnt = j.learnt || p.claimed
	}

	last := !slices.ContainsFunc(j.parts, func(p *targetJob) bool { return !p.over })
	// A leaver's requests are withdrawn before the last record, which is the one that may say
	// that nothing is owed any more.
	if last && j.subjectRecord.Disabled && !j.moved {
		r.withdraw(ctx, j)
	}

	if err := r.settle(ctx, j, p, last); err != nil {
		r.fail(j.subject, err)
		if p != nil {
			p.unsaid = true // it is on record nowhere, so nothing may be derived from it
		}
	}

	if last {
		r.scheduleNext(ctx, j)
	}
}

// scheduleNext has a subject looked at again whom this run could not reconcile to the end: at
// once where it moved on, or a target that it was put off for did; in another run where
// there was no time; later where another worker has it.
func (r *run) scheduleNext(ctx context.Context, j *reconciliation) {
	has := func(is func(*targetJob) bool) bool { return slices.ContainsFunc(j.parts, is) }

	switch {
	case j.more || has(func(p *targetJob) bool { return p.left }):
		r.laterOn(j.subject)
	case j.moved || j.retry || has(func(p *targetJob) bool { return p.again }) || r.wellAgain(ctx, j):
		r.again(j.subject)
	// The function in the VPC looks once more, since both may have recorded at the same moment, so
	// that neither saw the other's and nobody settled. What is left elsewhere else is not waited for.
	case has(func(p *targetJob) bool { return p.held && !p.elsewhere }) || j.hasElsewhere() && j.learnt && r.Network == names.VPC:
		r.lookAt(j.subject, r.Clock.Now().Add(heldRetry))
	}

	// What was written a moment ago is looked at again by a message. Without it the sweep would
	// come, later. Looks of the other network are that function's to schedule.
	grantSets := slices.DeleteFunc(slices.Clone(j.idle), func(s entitlement.GrantSet) bool { return j.elsewhere[s.Connector] })
	for _, p := range j.here() {
		grantSets = append(grantSets, p.grantSet)
	}
	r.scheduleAccounts(j)
	if at := soonest(grantSets, j.expiring); !at.IsZero() {
		r.lookAt(j.subject, at)
	}
}

// settle commits what was seen of a part, with what follows from it.
func (r *run) settle(ctx context.Context, j *reconciliation, p *targetJob, last bool) error {
	// The plan was made on what is not so any more: only what was seen at the target counts.
	if j.moved {
		return r.commitGrantSet(ctx, j, p)
	}

	if p != nil && len(p.lost) > 0 {
		if done, err := r.redeliver(ctx, j, p); done || err != nil {
			return err
		}
	}

	if last && slices.ContainsFunc(j.parts, func(p *targetJob) bool { return p.held }) {
		// Those who held the others may have recorded since this run read: then this one is the last
		// to know, and nobody else would settle.
		if err := r.refresh(ctx, j); err != nil {
			return err
		}
	}

	s := j.state(p)
	change, err := Settle(s, r.command, r.Clock.Now())
	if err != nil {
		return err
	}

	settlement := change.Settlements[0]
	news := len(change.Slots)+len(change.Ended)+len(settlement.Delivered) > 0

	// The subject's record is one item that every part of every target would write. It is left
	// alone where nothing changes in it, except by the last part, which says how far it came.
	if !news && (!last || !j.learnt && len(j.parts) > 0) {
		return r.recordOnly(ctx, j, p)
	}

	if mine := p.claimedSet(); mine != nil {
		tidied := s.tidy(*mine, settlement.Removed)
		// A name is personal data: it is kept no longer than something is held under it, or to be given.
		if p.named && len(tidied.Grants) == 0 && !s.wants(p.at) {
			tidied.Principal, tidied.PrincipalAt = "", time.Time{}
		}
		change.GrantSets = []entitlement.GrantSet{tidied}
		change.Events = append(change.Events, p.events...)
	}

	err = r.Store.Commit(ctx, change)
	switch entitlement.StalePart(err) {
	case "":
		if err == nil {
			// The parts that are recorded after this one go on from what is in the store now.
			j.seen(change)
		}
		return err
	case entitlement.PartClaim:
		return r.overtaken(ctx, j)
	default:
		// The subject moved on: what was seen is kept, and the next round plans afresh.
		j.moved = true
		return r.commitGrantSet(ctx, j, p)
	}
}

// wants reports that the subject is to hold something at a connector.
func (s State) wants(at entitlement.ConnectorID) bool {
	for role, wanted := range s.Want {
		if wanted && role.Connector == at {
			return true
		}
	}
	return false
}

// claimedSet returns a part's grant set where it is under this worker's claim, which ends with
// its record.
func (p *targetJob) claimedSet() *entitlement.GrantSet {
	if p == nil || !p.claimed {
		return nil
	}
	return &p.grantSet
}

// recordOnly records a part's grant set from which nothing follows for the subject yet, where
// the generation still holds: whoever moves the subject on from here finds what is
// recorded.
func (r *run) recordOnly(ctx context.Context, j *reconciliation, p *targetJob) error {
	if p.claimedSet() == nil {
		return nil
	}
	holds, err := r.Store.Holding(ctx, []entitlement.Fence{p.fence()})
	if err != nil {
		return err
	}
	j.moved = !holds[0]
	return r.commitGrantSet(ctx, j, p)
}

// state returns what is known of the subject when a part is recorded. Parts that are not
// over, and those that another worker holds, are not known yet.
func (j *reconciliation) state(p *targetJob) State {
	s := State{SubjectRecord: j.subjectRecord, Inputs: j.inputs, Want: j.want, Expiring: j.expiring, Planned: j.planned, GrantSets: slices.Clone(j.idle), Uses: maps.Clone(j.uses), Leaving: j.leaving,
		Undone: map[entitlement.ConnectorID]bool{}, Kept: map[entitlement.ConnectorID]bool{}}

	for _, grantSet := range j.idle {
		s.Kept[grantSet.Connector] = true
	}
	for _, at := range j.unread {
		s.Undone[at], s.Blind = true, true
	}

	for _, q := range j.parts {
		if !q.over || q.held || !q.claimed || q.unsaid || q.left || q.again {
			s.Undone[q.at] = true
		}
		if q != p {
			s.Kept[q.at] = true
		}
		if q.over && !q.unsaid {
			s.GrantSets = append(s.GrantSets, q.grantSet)
			s.Uses[q.at] = q.use
		} else {
			s.GrantSets = append(s.GrantSets, q.before) // somebody is at work on the other
		}
	}

	return s
}

// seen takes in what was committed: what is settled with one part is not settled again with
// the next.
func (j *reconciliation) seen(c entitlement.Change) {
	for _, st := range c.Settlements {
		j.subjectRecord.Waiting = slices.DeleteFunc(slices.Clone(j.subjectRecord.Waiting), func(w entitlement.Waiting) bool { return slices.Contains(st.Delivered, w) })
		j.subjectRecord.Removing = slices.DeleteFunc(slices.Clone(j.subjectRecord.Removing), func(r entitlement.Removing) bool { return slices.Contains(st.Removed, r) })
	}
	for _, slot := range c.Slots {
		slot.Version++
		j.inputs.Slots[slot.Package] = slot
	}
	for _, request := range c.Requests {
		request.Version++
		j.inputs.Requests[request.ID] = request
	}
}

// refresh takes in what other workers recorded meanwhile of parts that they held: whoever
// is done last knows all.
func (r *run) refresh(ctx context.Context, j *reconciliation) error {
	record, grantSets, err := r.pendingReconciliation(ctx, j)
	if err != nil || record.Generation != j.subjectRecord.Generation {
		return err
	}

	now := r.Clock.Now()

	for _, grantSet := range grantSets {
		// One that is done there and owes nothing here counts as if nobody had held it.
		i := slices.IndexFunc(j.parts, func(p *targetJob) bool { return p.held && p.at == grantSet.Connector })
		if i >= 0 && grantSet.Token == "" && len(j.plan(grantSet, now)) == 0 && !j.accountDue(grantSet, now) {
			j.parts = slices.Delete(slices.Clone(j.parts), i, i+1)
			j.idle = append(j.idle, grantSet)
		}
	}

	return nil
}

// commitGrantSet records a part's grant set alone: what it says is true though the subject moved on.
// What this claim entered and nobody sent is dropped then: the subject's reconciliation may
// be done by now, and nobody would ever come to look at it.
func (r *run) commitGrantSet(ctx context.Context, j *reconciliation, p *targetJob) error {
	mine := p.claimedSet()
	if mine == nil {
		return nil
	}

	for _, t := range p.tasks {
		if j.moved && t.entered() && !mine.Grants[t.Role].Sent {
			mine.Forget(t.Role)
		}
	}

	err := r.Store.Commit(ctx, entitlement.Change{GrantSets: []entitlement.GrantSet{*mine}, Events: p.events})
	if entitlement.StalePart(err) == entitlement.PartClaim {
		return r.overtaken(ctx, j)
	}
	return err
}

// overtaken: another worker took over while this one was out, and what it believes may be
// older than what this one did. The subject is made pending again so that somebody
// compares once more (S14).
func (r *run) overtaken(ctx context.Context, j *reconciliation) error {
	j.moved = true
	return r.Store.Commit(ctx, entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: j.subject, CheckAfter: r.Clock.Now()}}})
}

// redeliver has assignments delivered again that count as delivered, of which a role was
// not there any more when it was looked at once more, and is not again (F41). done: it was
// recorded, with an event of each.
func (r *run) redeliver(ctx context.Context, j *reconciliation, p *targetJob) (done bool, err error) {
	mine := []entitlement.GrantSet{p.grantSet}

	for _, pkg := range j.subjectRecord.Live {
		// What still waits is not delivered yet, so there is nothing to take back.
		gives := slices.ContainsFunc(j.inputs.Scopes[pkg].List, func(s entitlement.ResourceRoleScope) bool { return p.lost[s.Ref] })
		if !gives || slices.ContainsFunc(j.subjectRecord.Waiting, func(w entitlement.Waiting) bool { return w.Package == pkg }) {
			continue
		}

		slot, err := r.Store.AssignmentSlot(ctx, pkg, j.subject)
		if err != nil {
			return done, err
		}
		if slot.Assignment == nil || slot.Assignment.State != entitlement.AssignmentDelivered {
			continue
		}

		change, err := entitlement.Lost(slot, r.command, r.Clock.Now())
		if err != nil {
			return done, err
		}
		// The grant set goes with the first of them: its record ends the claim.
		change.GrantSets = mine
		if mine != nil {
			change.Events = append(change.Events, p.events...)
		}
		err = r.Store.Commit(ctx, change)
		if entitlement.StalePart(err) == entitlement.PartClaim {
			return true, r.overtaken(ctx, j)
		}

		if err != nil && entitlement.StalePart(err) == "" {
			return done, err
		}

		if err == nil {
			mine, done, j.moved = nil, true, true
		}
	}

	return done, nil
}
