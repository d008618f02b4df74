package lifecycle

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/approvers"
	"leasehold/pkg/entitlement"
)

// due does a page of one shard of what is due. Index entries whose item was changed vanish
// from the index, so a page is read from the start again only by the next sweep.
func (t *sweep) due(ctx context.Context, shard int, page entitlement.Page) (next string, err error) {
	refs, err := t.Store.Due(ctx, shard, t.now, page)
	if err == nil && len(refs.Items) > 0 {
		err = t.handle(ctx, refs.Items)
	}
	return refs.Next, err
}

// handle reads what the index entries point at, strongly, and moves each item that is still
// due.
func (t *sweep) handle(ctx context.Context, refs []entitlement.DueRef) error {
	// 1. Read the items themselves: the index may be late, and only says where to look. A crash
	// up to here leaves everything as it was.
	items, err := t.Store.Read(ctx, refs)
	if err != nil {
		return err
	}

	t.observeLag(refs)

	// 2. Move each that is still due, decided on what was read and committed on its version. A
	// crash leaves some moved, their subjects pending, and the others due.
	var g errgroup.Group
	g.SetLimit(parallel)
	var enqueuedSubjects []entitlement.UserID
	var mu sync.Mutex
	collect := func(c entitlement.Change) {
		mu.Lock()
		defer mu.Unlock()
		for _, h := range c.SubjectUpdates {
			enqueuedSubjects = append(enqueuedSubjects, h.Subject)
		}
	}

	for _, slot := range items.Slots {
		g.Go(func() error { collect(t.expire(ctx, slot)); return nil })
	}
	for _, r := range items.Requests {
		g.Go(func() error { collect(t.overdue(ctx, r)); return nil })
	}
	for _, job := range items.Jobs {
		g.Go(func() error { t.job(ctx, job); return nil })
	}
	for _, b := range items.Breakers {
		g.Go(func() error { t.probe(ctx, b); return nil })
	}
	for _, a := range items.Absences {
		g.Go(func() error { t.absent(ctx, a); return nil })
	}
	for _, p := range items.Packages {
		g.Go(func() error { t.reopen(ctx, entitlement.DeletionOf(p)); return nil })
	}
	for _, p := range items.Policies {
		g.Go(func() error { t.reopen(ctx, entitlement.DeletionOfPolicy(p)); return nil })
	}

	g.Wait()

	// 3. Tell the worker of all whom that left pending. A crash before it costs them the time
	// until a sweep finds them (S22).
	t.enqueue(ctx, enqueuedSubjects)
	return nil
}

// observeLag remembers how late the oldest due index entry is looked at.
func (t *sweep) observeLag(refs []entitlement.DueRef) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, ref := range refs {
		if lag := t.now.Sub(ref.At); !ref.At.IsZero() && lag > t.report.Lag {
			t.report.Lag = lag
		}
	}
}

func (t *sweep) expire(ctx context.Context, slot entitlement.AssignmentSlot) entitlement.Change {
	with, err := t.endsWith(ctx, slot)
	if err != nil {
		t.failed(ctx, err, "assignment", string(slot.Assignment.ID))
		return entitlement.Change{}
	}

	c, err := entitlement.Expire(slot, with, t.command, t.now)
	if err == nil && len(c.Ended) == 0 {
		return c
	}

	if !t.commit(ctx, c, err, "assignment", string(slot.Assignment.ID)) {
		return entitlement.Change{}
	}

	t.count(&t.report.Expired)
	return c
}

// endsWith reads the requests that end with a slot's assignment.
func (t *sweep) endsWith(ctx context.Context, slot entitlement.AssignmentSlot) ([]entitlement.AssignmentRequest, error) {
	return entitlement.Readable(slot.EndsWith(), func(ids []entitlement.RequestID) ([]entitlement.AssignmentRequest, error) {
		return t.Store.RequestsNamed(ctx, ids)
	})
}

func (t *sweep) overdue(ctx context.Context, r entitlement.AssignmentRequest) entitlement.Change {
	start, err := t.Store.StartInputs(ctx, r)
	if err != nil {
		t.failed(ctx, err, "request", string(r.ID))
		return entitlement.Change{}
	}

	after, c, err := entitlement.Overdue(r, start, t.command, t.now)
	if err == nil && len(c.Requests) == 0 {
		return c
	}

	// After an escalation, and once a day, whoever is asked may not be there any more.
	if err == nil {
		after, c, err = approvers.New(t.Store, start.Subject).Look(ctx, after, c, t.command, t.now)
	}

	if !t.commit(ctx, c, err, "request", string(r.ID)) {
		return entitlement.Change{}
	}

	t.widened(r, after)
	switch {
	case after.Outcome == entitlement.OutcomeTimedOut:
		t.count(&t.report.TimedOut)
	case after.Outcome == entitlement.OutcomeLapsed:
		t.count(&t.report.Lapsed)
	case after.State == entitlement.RequestPendingApproval:
		if after.Current().Escalated != r.Current().Escalated {
			t.count(&t.report.Escalated)
		}
	default:
		t.count(&t.report.Started)
	}

	return c
}

// reopen opens what is closed for a deletion that a crash cut short: nobody was told that it
// is gone, so it is not. The row that led to it may be that of an earlier one.
func (t *sweep) reopen(ctx context.Context, d entitlement.Deletion) {
	if !d.CutShort(t.now) {
		return
	}
	_, c := d.Reopen(entitlement.Event{Actor: entitlement.Service, Command: t.command, At: t.now})
	if e := c.Events[0]; t.commit(ctx, c, nil, string(e.Aggregate), e.ID) {
		t.count(&t.report.Reopened)
	}
}

// job enqueues a package edit that did not move for a while.
func (t *sweep) job(ctx context.Context, job entitlement.Job) {
	if job.CheckAfter.After(t.now) {
		return
	}
	if err := t.Jobs.EnqueueJob(ctx, job.Package, job.Generation); err != nil {
		t.Log.WarnContext(ctx, "a message was lost; the next sweep finds the job", "package", job.Package, "error", err)
		return
	}
	t.count(&t.report.Jobs)
}

// probe has one delivery tried at a target that did not answer and was left alone for
// a while: when it goes through, the worker takes up all the others. Without it a
// target would be found well again only when somebody's next attempt happens to be
// due.
func (t *sweep) probe(ctx context.Context, b entitlement.Breaker) {
	if b.Due().IsZero() || b.Until.After(t.now) {
		return
	}
	// After a pause those who waited for it are on record as such.
	for _, reason := range []string{entitlement.ReasonUnavailable, entitlement.ReasonPaused} {
		waiting, err := t.Store.Failing(ctx, b.Connector, reason, entitlement.Page{Limit: 1})
		if err != nil {
			t.failed(ctx, err, "connector", string(b.Connector))
			return
		}
		for _, f := range waiting.Items {
			t.enqueue(ctx, []entitlement.UserID{f.Subject})
			return
		}
	}
}

// commit makes a decision true. A Conflict means that somebody else moved the item: if
// it is still due, the next sweep finds it.
func (t *sweep) commit(ctx context.Context, c entitlement.Change, err error, what, id string) bool {
	if err == nil {
		err = t.Store.Commit(ctx, c)
	}
	if err == nil {
		return true
	}
	if entitlement.KindOf(err) != entitlement.Conflict {
		t.failed(ctx, err, what, id)
	}
	return false
}
