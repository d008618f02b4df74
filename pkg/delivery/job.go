package delivery

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

// reconciliation is one subject under reconciliation.
type reconciliation struct {
	subject       entitlement.UserID
	subjectRecord entitlement.SubjectRecord
	inputs        entitlement.ReconcileInputs
	want          roles
	expiring      roles     // neither to grant nor to take away, see given
	planned       time.Time // when these were told apart
	verify        roles
	kept          roles                                              // that nothing desires any more and that are left, since they were there before us
	uses          map[entitlement.ConnectorID]entitlement.AccountUse // of accounts of ours, where they decide what is done
	idle          []entitlement.GrantSet                             // those that nothing is to be done at
	unread        []entitlement.ConnectorID                          // those of which cannot be read
	elsewhere     map[entitlement.ConnectorID]bool                   // those of the other network
	parts         []*targetJob
	turn          chan struct{} // taken while something of the job is recorded
	moved         bool          // the subject moved on: what was seen is recorded, and nothing follows from it
	learnt        bool          // something was recorded, or found done, that may complete the reconciliation
	leaving       bool          // something of a disabled subject's is still to be ended: the subject stays pending
	more          bool          // some of that was, and the rest can be at once
	retry         bool          // somebody else moved some of it: to be planned afresh
}

// targetJob is one subject at one target.
type targetJob struct {
	job       *reconciliation
	at        entitlement.ConnectorID
	before    entitlement.GrantSet // as read
	grantSet  entitlement.GrantSet // the same; under the claim as it is then, and as it becomes
	claimed   bool
	until     time.Time // end of the claim's lease
	tasks     []*task
	held      bool // another worker has the claim
	elsewhere bool // the connector is of the other network, whose worker is told
	rested    bool // the target was left alone
	found     bool // the subject was looked up in this run
	named     bool // the subject's id at the target is a name
	over      bool // all that can be done in this round is, and recorded
	unsaid    bool // it could not be recorded

	step    entitlement.AccountStep // with an account of ours
	use     entitlement.AccountUse  // of that, as it was seen last
	missing *connector.Refusal      // nobody was found, and an account may be made
	changed bool                    // a call that changes the account was sent, and is not judged
	events  []entitlement.Event     // of the account, to be recorded with the grant set

	mu    sync.Mutex // of what follows, and of the grant set while tasks are under way
	open  int        // tasks whose outcome is not known
	left  bool       // there was no time for some of it
	lost  roles      // seen to be there after our write, and not there any more
	again bool       // to be planned afresh
}

// task is one role of a part.
type task struct {
	Task
	part    *targetJob
	record  entitlement.Grant // as it was under the claim
	sent    bool              // a grant was ever sent, or may have been
	ids     int               // of the subject, whose outcome is not known yet
	several bool              // it is taken away under several of them
	result  outcome           // of those that are
	over    bool              // all are, and recorded on the grant set
}

// load reads what is pending for each subject. Subjects with nothing pending drop out.
func (r *run) load(ctx context.Context, subjects []entitlement.UserID) []*reconciliation {
	var mu sync.Mutex
	var jobs []*reconciliation
	var g errgroup.Group
	g.SetLimit(parallelReads)

	for _, id := range subjects {
		g.Go(func() error {
			if !r.inTime() {
				r.laterOn(id)
				return nil
			}

			j, err := r.loadOne(ctx, id)
			if err != nil {
				r.fail(id, err)
			}

			if err == nil && j != nil {
				mu.Lock()
				jobs = append(jobs, j)
				mu.Unlock()
			}
			return nil
		})
	}

	g.Wait()
	// The order of the subjects decides that of calls, and reads end in any order.
	order.SortFunc(jobs, func(a, b *reconciliation) int { return cmp.Compare(a.subject, b.subject) })
	return jobs
}

func (r *run) loadOne(ctx context.Context, id entitlement.UserID) (*reconciliation, error) {
	j := &reconciliation{subject: id, turn: make(chan struct{}, 1), uses: map[entitlement.ConnectorID]entitlement.AccountUse{}}

	grantSets, err := r.read(ctx, j)
	if err != nil || !j.subjectRecord.NeedsReconcile() {
		return nil, err
	}

	now := r.Clock.Now()
	j.want, j.expiring = given(j.subjectRecord, j.inputs, now)
	j.planned = now
	j.verify = verified(j.subjectRecord, j.inputs)
	for _, grantSet := range grantSetsFor(id, j.want, grantSets) {
		// Of a target that cannot be read nothing is planned; the others are not kept waiting.
		if slices.Contains(j.unread, grantSet.Connector) {
			continue
		}

		if err := r.keep(ctx, j, grantSet); err != nil {
			return nil, err
		}
		if j.uses[grantSet.Connector], err = r.usedBy(ctx, j, grantSet); err != nil {
			return nil, err
		}
		if len(j.plan(grantSet, now)) == 0 && !j.accountDue(grantSet, now) {
			j.idle = append(j.idle, grantSet)
			continue
		}

		j.parts = append(j.parts, &targetJob{job: j, at: grantSet.Connector, before: grantSet, grantSet: grantSet, use: j.uses[grantSet.Connector], lost: roles{}})
	}
	return j, nil
}

func (j *reconciliation) plan(grantSet entitlement.GrantSet, now time.Time) []Task {
	tasks, ours := Plan(j.want, j.expiring, j.verify, grantSet, j.subjectRecord.Generation, now), adopted(j.subjectRecord, j.inputs)
	for i, t := range tasks {
		tasks[i].Adopted = t.Grant && ours[t.Role]
	}
	return tasks
}

// pendingReconciliation reads what is pending for the subject. What cannot be read of it keeps nothing from
// what can: it is a target of which nothing is known (F37).
func (r *run) pendingReconciliation(ctx context.Context, j *reconciliation) (entitlement.SubjectRecord, []entitlement.GrantSet, error) {
	record, grantSets, err := r.Store.SubjectRecord(ctx, j.subject)
	j.unread = nil
	if unread, ok := errors.AsType[*entitlement.UnreadGrantSets](err); ok {
		j.unread, err = unread.At, nil
	}
	return record, grantSets, err
}

// read takes in what is pending for the subject, and returns the grant sets. What the record
// names is read after the record; where it makes for a role that is on no grant set, the
// record is read once more: it may have moved on, and a package may have got the role when
// the subject did not hold it any more. Nothing is put on record that no assignment ever
// gave (S9).
func (r *run) read(ctx context.Context, j *reconciliation) ([]entitlement.GrantSet, error) {
	record, grantSets, err := r.pendingReconciliation(ctx, j)

	for range maxRounds {
		j.subjectRecord = record
		if err != nil || !record.NeedsReconcile() {
			return grantSets, err
		}

		if record.Disabled {
			ended, left := r.endForLeaver(ctx, record, r.command)
			if j.leaving = false; left != nil {
				r.notYet(ctx, j, left)
			}
			if record, grantSets, err = r.pendingReconciliation(ctx, j); err != nil {
				return nil, err
			}
			if record.Generation != j.subjectRecord.Generation+int64(ended) {
				continue // somebody else moved it too, and what came since has not been ended
			}
			j.subjectRecord = record
		}

		if j.inputs, err = r.Store.ReconcileInputs(ctx, record); err != nil {
			return nil, err
		}

		if allKnown(Desired(record, j.inputs, r.Clock.Now()), grantSets) {
			return grantSets, nil
		}

		if record, grantSets, err = r.pendingReconciliation(ctx, j); err == nil && record.Generation == j.subjectRecord.Generation {
			return grantSets, nil
		}
	}

	return nil, entitlement.Errorf(entitlement.Conflict, "The user %s changes faster than it can be read.", j.subject)
}

// allKnown reports that every role is on some grant set.
func allKnown(want roles, grantSets []entitlement.GrantSet) bool {
	for role := range want {
		if !slices.ContainsFunc(grantSets, func(s entitlement.GrantSet) bool { _, is := s.Grants[role]; return is }) {
			return false
		}
	}
	return true
}

// grantSetsFor adds an empty grant set for each target that is desired for the first time.
func grantSetsFor(id entitlement.UserID, want roles, grantSets []entitlement.GrantSet) []entitlement.GrantSet {
	have := map[entitlement.ConnectorID]bool{}
	for _, grantSet := range grantSets {
		have[grantSet.Connector] = true
	}
	for role := range want {
		if !have[role.Connector] {
			have[role.Connector] = true
			grantSets = append(grantSets, entitlement.GrantSet{Subject: id, Connector: role.Connector})
		}
	}
	order.SortFunc(grantSets, func(a, b entitlement.GrantSet) int { return cmp.Compare(a.Connector, b.Connector) })
	return grantSets
}

// note takes in the outcome of a task under one of the subject's ids, or "" where it is the same
// under all. The task is over when all of them are known, and the part when all of its tasks are;
// note reports that.
func (p *targetJob) note(t *task, id connector.PrincipalRef, o outcome, now time.Time) (over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()

	if t.several && id != "" && !o.left {
		o = p.recordUnder(t, string(id), o, now)
	}
	t.result = merged(t.result, o)
	// Under another of the subject's ids it may still be there.
	if t.ids--; t.ids > 0 {
		return false
	}

	p.left = p.left || t.result.left && !p.again

	// It was recorded as there, and the look that was promised shows that it is not: what says
	// delivered is not so any more (F41).
	if !t.record.CheckAfter.IsZero() && t.Grant && t.record.Presence == entitlement.PresencePresent && t.result.presence == entitlement.PresenceAbsent {
		p.lost[t.Role] = true
	}

	record(&p.grantSet, t.Task, t.result, p.job.subjectRecord.Generation, now)

	t.over = true
	p.open--
	return p.open == 0
}

// merged joins the outcomes of one task under two ids: the role is gone when it is gone
// under both, and what failed under one has failed.
func merged(a, b outcome) outcome {
	// What is left to do comes before what is done, and nothing known before a failure.
	worse := func(o outcome) int {
		switch {
		case o.left || o.untried:
			return 4
		case o.failure != nil:
			return 3
		case !o.look.IsZero():
			return 2
		case o.accepted || o.ended != "":
			return 1
		}
		return 0
	}

	if a == (outcome{}) {
		return b
	}

	if worse(b) > worse(a) || worse(b) == worse(a) && b.look.After(a.look) {
		a, b = b, a
	}

	a.wrote = later(a.wrote, b.wrote)
	a.pending, a.settled = cmp.Or(a.pending, b.pending), a.settled || b.settled
	// Present under one id is present, whatever the other says.
	if b.presence == entitlement.PresencePresent {
		a.presence, a.way = b.presence, b.way
	}

	return a
}
