// Package lifecycle is what the clock does: it ends assignments, starts scheduled ones,
// denies and escalates what nobody decided, has others asked where nobody is there to
// decide, and tells the delivery worker about debts
// whose hints were lost. A tick that comes twice, late or beside another changes nothing
// but lag.
package lifecycle

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/approvers"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Service runs ticks.
type Service struct {
	Store  Store
	Hinter Hinter
	Jobs   Jobs
	Clock  clock.Clock
	Log    *slog.Logger
}

// Report says what one tick found and did.
type Report struct {
	Expired   int
	Started   int
	TimedOut  int
	Escalated int
	Lapsed    int // approved for later, and no longer possible then
	Widened   int // requests that others were asked to decide, since nobody was there who could
	Reopened  int // packages and policies whose deletion was cut short
	Hinted    int // subjects whose delivery is owed
	Jobs      int // package edits whose message was lost
	Failed    int // items left for the next tick
	Lag       time.Duration

	OldestDebt      time.Duration // how long the oldest failing delivery has been owed
	OverdueRemovals int           // ended assignments whose roles are still there, past entitlement.OverdueAfter
}

const (
	parallel  = 16               // items changed side by side
	hintBatch = 100              // subjects in one message
	stopEarly = 10 * time.Second // before the function's time is over
)

// Tick does everything that is due by now. What it cannot do it leaves for the next
// tick; it returns an error only where nothing could be read.
func (s *Service) Tick(ctx context.Context, command string) (Report, error) {
	t := &tick{Service: s, now: s.Clock.Now(), command: command}
	for shard := range names.DueShards {
		if err := t.due(ctx, shard); err != nil {
			return t.report, err
		}
	}
	for shard := range names.OweShards {
		if err := t.owed(ctx, shard); err != nil {
			return t.report, err
		}
	}
	return t.report, nil
}

type tick struct {
	*Service
	now     time.Time
	command string
	mu      sync.Mutex
	report  Report
}

// due pages through one shard. Rows whose item was changed vanish from the index, so a
// page is read from the start again only by the next tick.
func (t *tick) due(ctx context.Context, shard int) error {
	for page := (entitlement.Page{}); t.timeLeft(ctx); {
		refs, err := t.Store.Due(ctx, shard, t.now, page)
		if err != nil {
			return err
		}
		if len(refs.Items) > 0 {
			if err := t.handle(ctx, refs.Items); err != nil {
				return err
			}
		}
		if refs.Next == "" {
			return nil
		}
		page.Token = refs.Next
	}
	return nil
}

func (t *tick) timeLeft(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || time.Until(deadline) > stopEarly)
}

// handle reads what the rows point at, strongly, and moves each item that is still due.
func (t *tick) handle(ctx context.Context, refs []entitlement.DueRef) error {
	items, err := t.Store.Read(ctx, refs)
	if err != nil {
		return err
	}
	t.observeLag(refs)
	var g errgroup.Group
	g.SetLimit(parallel)
	var hints []entitlement.UserID
	var mu sync.Mutex
	collect := func(c entitlement.Change) {
		mu.Lock()
		defer mu.Unlock()
		for _, h := range c.Heads {
			hints = append(hints, h.Subject)
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
		g.Go(func() error { t.reopen(ctx, p); return nil })
	}
	for _, p := range items.Policies {
		g.Go(func() error { t.reopenPolicy(ctx, p); return nil })
	}
	g.Wait()
	t.hint(ctx, hints)
	return nil
}

// observeLag remembers how late the oldest due row is looked at.
func (t *tick) observeLag(refs []entitlement.DueRef) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, ref := range refs {
		if lag := t.now.Sub(ref.At); !ref.At.IsZero() && lag > t.report.Lag {
			t.report.Lag = lag
		}
	}
}

func (t *tick) expire(ctx context.Context, slot entitlement.Slot) entitlement.Change {
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
func (t *tick) endsWith(ctx context.Context, slot entitlement.Slot) ([]entitlement.AssignmentRequest, error) {
	var refs []entitlement.DueRef
	for _, id := range slot.EndsWith() {
		refs = append(refs, entitlement.DueRef{Request: id})
	}
	if len(refs) == 0 {
		return nil, nil
	}
	items, err := t.Store.Read(ctx, refs)
	return items.Requests, err
}

func (t *tick) overdue(ctx context.Context, r entitlement.AssignmentRequest) entitlement.Change {
	start, err := t.Store.Start(ctx, r)
	if err != nil {
		t.failed(ctx, err, "request", string(r.ID))
		return entitlement.Change{}
	}
	after, c, err := entitlement.Overdue(r, start, t.command, t.now)
	if err == nil && len(c.Requests) == 0 {
		return c
	}
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

// reopen opens a package whose deletion a crash cut short: nobody was told that it is
// gone, so it is not.
func (t *tick) reopen(ctx context.Context, p entitlement.AccessPackage) {
	if !t.cutShort(p.Due()) {
		return
	}
	e := t.reopened(entitlement.OfPackage, string(p.ID))
	p.Deleting = time.Time{}
	p.Chain, e = p.Chain.Append(e)
	c := entitlement.Change{Packages: []entitlement.AccessPackage{p}, Gates: []entitlement.Gate{{Package: p.ID}}, Events: []entitlement.Event{e}}
	if t.commit(ctx, c, nil, "package", string(p.ID)) {
		t.count(&t.report.Reopened)
	}
}

// reopenPolicy does for a policy what reopen does for a package.
func (t *tick) reopenPolicy(ctx context.Context, p entitlement.AssignmentPolicy) {
	if !t.cutShort(p.Due()) {
		return
	}
	e := t.reopened(entitlement.OfPolicy, string(p.ID))
	p.Deleting = time.Time{}
	p.Chain, e = p.Chain.Append(e)
	c := entitlement.Change{Policies: []entitlement.AssignmentPolicy{p}, Gates: []entitlement.Gate{{Package: p.Package, Policy: p.ID}}, Events: []entitlement.Event{e}}
	if t.commit(ctx, c, nil, "policy", string(p.ID)) {
		t.count(&t.report.Reopened)
	}
}

// cutShort reports that a deletion is under way for longer than any takes. The row that
// led to it may be that of an earlier one.
func (t *tick) cutShort(due time.Time) bool { return !due.IsZero() && !due.After(t.now) }

func (t *tick) reopened(of entitlement.AggregateKind, id string) entitlement.Event {
	return entitlement.Event{Aggregate: of, ID: id, Kind: "reopened", Actor: entitlement.Service, Command: t.command, At: t.now}
}

// job hints a package edit that did not move for a while.
func (t *tick) job(ctx context.Context, job entitlement.Job) {
	if job.Look.After(t.now) {
		return
	}
	if err := t.Jobs.HintJob(ctx, job.Package, job.Gen); err != nil {
		t.Log.WarnContext(ctx, "a hint was lost; the next tick finds the job", "package", job.Package, "error", err)
		return
	}
	t.count(&t.report.Jobs)
}

// probe has one delivery tried at a target that did not answer and has rested: when it
// goes through, the worker takes up all the others. Without it a target would be found
// well again only when somebody's next attempt happens to be due.
func (t *tick) probe(ctx context.Context, b entitlement.Breaker) {
	if b.Due().IsZero() || b.Until.After(t.now) {
		return
	}
	waiting, err := t.Store.Failing(ctx, b.Connector, entitlement.ReasonUnavailable, entitlement.Page{Limit: 1})
	if err != nil {
		t.failed(ctx, err, "connector", string(b.Connector))
		return
	}
	for _, f := range waiting.Items {
		t.hint(ctx, []entitlement.UserID{f.Subject})
	}
}

// commit makes a decision true. A Conflict means that somebody else moved the item: if
// it is still due, the next tick finds it.
func (t *tick) commit(ctx context.Context, c entitlement.Change, err error, what, id string) bool {
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

func (t *tick) failed(ctx context.Context, err error, what, id string) {
	t.count(&t.report.Failed)
	t.Log.ErrorContext(ctx, "a due item was left for the next tick", "what", what, "id", id, "error", err)
}

func (t *tick) count(n *int) {
	t.mu.Lock()
	*n++
	t.mu.Unlock()
}

// owed hints every subject whose debt somebody must look at by now.
func (t *tick) owed(ctx context.Context, shard int) error {
	for page := (entitlement.Page{}); t.timeLeft(ctx); {
		subjects, err := t.Store.Owed(ctx, shard, t.now, page)
		if err != nil {
			return err
		}
		t.hint(ctx, subjects.Items)
		if err := t.measure(ctx, subjects.Items); err != nil {
			return err
		}
		t.report.Hinted += len(subjects.Items)
		if subjects.Next == "" {
			return nil
		}
		page.Token = subjects.Next
	}
	return nil
}

// maxMeasured bounds the debts that one tick looks into for its figures.
const maxMeasured = 100

// measure finds out how old the debts are, and how many removals are overdue.
func (t *tick) measure(ctx context.Context, subjects []entitlement.UserID) error {
	for _, id := range subjects[:min(len(subjects), max(maxMeasured-t.report.Hinted, 0))] {
		head, sheets, err := t.Store.Debt(ctx, id)
		if err != nil {
			return err
		}
		for _, sheet := range sheets {
			if reason, since := sheet.Worst(); reason != "" {
				t.report.OldestDebt = max(t.report.OldestDebt, t.now.Sub(since))
			}
		}
		if len(head.Removing) == 0 {
			continue
		}
		work, err := t.Store.Work(ctx, head)
		if err != nil {
			return err
		}
		for _, a := range work.Ended {
			if a.Removed.IsZero() && t.now.Sub(a.Ended) > entitlement.OverdueAfter {
				t.report.OverdueRemovals++
			}
		}
	}
	return nil
}

func (t *tick) hint(ctx context.Context, subjects []entitlement.UserID) {
	for len(subjects) > 0 {
		n := min(len(subjects), hintBatch)
		if err := t.Hinter.Hint(ctx, subjects[:n]...); err != nil {
			t.Log.WarnContext(ctx, "a hint was lost; the next tick finds the debt", "subjects", n, "error", err)
		}
		subjects = subjects[n:]
	}
}
