// Package lifecycle is what the clock does: it ends assignments, starts scheduled ones,
// denies and escalates what nobody decided, has others asked where nobody is there to
// decide, and tells the delivery worker about pending reconciliations whose messages
// were lost. A sweep that comes twice, late or beside another changes nothing but lag.
package lifecycle

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/approvers"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Service runs sweeps.
type Service struct {
	Store    Store
	Enqueuer Enqueuer // the queue of what people wait for
	Bulk     Enqueuer // the queue that has time; nil: Enqueuer
	Jobs     Jobs
	Clock    clock.Clock
	Log      *slog.Logger
}

// Report says what one sweep found and did.
type Report struct {
	Expired   int
	Started   int
	TimedOut  int
	Escalated int
	Lapsed    int // approved for later, and no longer possible then
	Widened   int // requests that others were asked to decide, since nobody was there who could
	Reopened  int // packages and policies whose deletion was cut short
	Enqueued  int // subjects whose delivery is owed
	Jobs      int // package edits whose message was lost
	Failed    int // items left for the next sweep

	Looked bool          // the first of what is due was seen in every shard, so that Lag is known
	Lag    time.Duration // how late the oldest due index entry is looked at

	Measured        bool          // what is owed for long was seen in every shard, so that these are known
	OldestPending   time.Duration // for how long the oldest has been owed of what is owed past entitlement.OverdueAfter
	OverdueRemovals int           // ended assignments whose roles are still there, past that; of very many a part
}

const (
	parallel     = 16               // items changed side by side
	enqueueBatch = 100              // subjects in one message
	stopEarly    = 10 * time.Second // before the function's time is over
)

// Sweep does everything that is due by now. What it cannot do it leaves for the next sweep.
// It begins with the figures, which cost the same however much is to be done, and then takes
// a page of what is due and a page of what is owed in turn, of one shard after the other:
// being busy with one keeps it from no other. What cannot be read of a shard is the next
// sweep's, and the error.
func (s *Service) Sweep(ctx context.Context, command string) (Report, error) {
	t := &sweep{Service: s, now: s.Clock.Now(), command: command}
	// 1. Take the figures, which changes nothing: a crash leaves them untold.
	failed := t.measure(ctx)

	// 2. Do what is due and enqueue what is pending, a page of each in turn. Each item moves in a
	// transaction of its own, so a crash leaves some moved, and the rest in the index for the
	// next sweep: nothing is marked as taken, and nothing needs to be undone.
	due, pending := shardQueries(names.DueShards, t.due), shardQueries(names.ReconcileShards, t.pending)

	first := true
	for (len(due) > 0 || len(pending) > 0) && t.timeLeft(ctx) {
		var unseen, unpaid error
		due, unseen = step(ctx, due)
		pending, unpaid = step(ctx, pending)
		// The lag is known once the first page of every shard was seen, since they begin with the
		// oldest.
		if first {
			t.report.Looked, first = unseen == nil, false
		}
		failed = errors.Join(failed, unseen, unpaid)
	}

	return t.report, failed
}

// shardQuery goes through one shard, a page at each step.
type shardQuery struct {
	shard int
	page  entitlement.Page
	read  func(ctx context.Context, shard int, page entitlement.Page) (next string, err error)
}

func shardQueries(shards int, read func(context.Context, int, entitlement.Page) (string, error)) (all []shardQuery) {
	for shard := range shards {
		all = append(all, shardQuery{shard: shard, read: read})
	}
	return all
}

// step takes a page of each query, and returns those that go on.
func step(ctx context.Context, all []shardQuery) (rest []shardQuery, failed error) {
	for _, w := range all {
		next, err := w.read(ctx, w.shard, w.page)
		failed = errors.Join(failed, err)
		if w.page.Token = next; err == nil && next != "" {
			rest = append(rest, w)
		}
	}
	return rest, failed
}

type sweep struct {
	*Service
	now     time.Time
	command string
	urgent  int // subjects that were enqueued in the queue of what people wait for
	mu      sync.Mutex
	report  Report
}

// due does a page of one shard of what is due. Index entries whose item was changed vanish
// from the index, so a page is read from the start again only by the next sweep.
func (t *sweep) due(ctx context.Context, shard int, page entitlement.Page) (next string, err error) {
	refs, err := t.Store.Due(ctx, shard, t.now, page)
	if err == nil && len(refs.Items) > 0 {
		err = t.handle(ctx, refs.Items)
	}
	return refs.Next, err
}

func (t *sweep) timeLeft(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || time.Until(deadline) > stopEarly)
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
	waiting, err := t.Store.Failing(ctx, b.Connector, entitlement.ReasonUnavailable, entitlement.Page{Limit: 1})
	if err != nil {
		t.failed(ctx, err, "connector", string(b.Connector))
		return
	}
	for _, f := range waiting.Items {
		t.enqueue(ctx, []entitlement.UserID{f.Subject})
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

func (t *sweep) failed(ctx context.Context, err error, what, id string) {
	t.count(&t.report.Failed)
	t.Log.ErrorContext(ctx, "a due item was left for the next sweep", "what", what, "id", id, "error", err)
}

func (t *sweep) count(n *int) {
	t.mu.Lock()
	*n++
	t.mu.Unlock()
}

// maxUrgent bounds the subjects that one sweep enqueues anew in the queue of what
// people wait for: a few messages, those that have waited longest. All others go to the
// queue that has time, so that a request or a removal never waits behind the
// reconciliations pending after an outage.
const maxUrgent = 500

// pending enqueues the subjects of a page of one shard whom somebody must reconcile by now.
func (t *sweep) pending(ctx context.Context, shard int, page entitlement.Page) (next string, err error) {
	subjects, err := t.Store.PendingReconciliation(ctx, shard, t.now, page)
	if err != nil {
		return "", err
	}
	urgent := min(len(subjects.Items), maxUrgent-t.urgent)
	t.urgent += urgent
	t.enqueueTo(ctx, t.Enqueuer, subjects.Items[:urgent])
	t.enqueueTo(ctx, t.bulk(), subjects.Items[urgent:])
	t.report.Enqueued += len(subjects.Items)
	return subjects.Next, nil
}

func (t *sweep) bulk() Enqueuer {
	if t.Bulk == nil {
		return t.Enqueuer
	}
	return t.Bulk
}

// latePages bounds the pages that one sweep counts in each shard of what is owed for long.
const latePages = 10

// measure finds out what has been owed for long, and for how long. It reads that alone: what
// is owed and not late costs it nothing (Y6).
func (t *sweep) measure(ctx context.Context) error {
	for shard := range names.LateShards {
		for page, n := (entitlement.Page{}), 0; n < latePages; n++ {
			late, err := t.Store.Late(ctx, shard, t.now.Add(-entitlement.OverdueAfter), page)
			if err != nil {
				return err
			}

			for _, l := range late.Items {
				t.report.OldestPending = max(t.report.OldestPending, t.now.Sub(l.Since))
				if l.Assignment != "" {
					t.report.OverdueRemovals++
				}
			}

			if page.Token = late.Next; late.Next == "" {
				break
			}
		}
	}

	// Only what was counted in every shard is told: a part would look like health.
	t.report.Measured = true
	return nil
}

func (t *sweep) enqueue(ctx context.Context, subjects []entitlement.UserID) {
	t.enqueueTo(ctx, t.Enqueuer, subjects)
}

func (t *sweep) enqueueTo(ctx context.Context, queue Enqueuer, subjects []entitlement.UserID) {
	for len(subjects) > 0 {
		n := min(len(subjects), enqueueBatch)
		if err := queue.Enqueue(ctx, subjects[:n]...); err != nil {
			t.Log.WarnContext(ctx, "a message was lost; the next sweep finds the pending reconciliation", "subjects", n, "error", err)
		}
		subjects = subjects[n:]
	}
}
