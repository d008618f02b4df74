package delivery

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
)

// FanOutStore is what a package edit on its way to the holders needs; all reads are
// strongly consistent.
type FanOutStore interface {
	// Job returns an edit that has not reached every holder yet, or NotFound.
	Job(ctx context.Context, pkg entitlement.PackageID, generation int64) (entitlement.Job, error)
	Holders(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentSlot], error)
	Commit(ctx context.Context, change entitlement.Change) error
}

// Queue carries messages to the delivery worker.
type Queue interface {
	Enqueue(ctx context.Context, subjects ...entitlement.UserID) error
	// EnqueueAfter sends messages that arrive after the delay, at most a quarter of an hour.
	EnqueueAfter(ctx context.Context, delay time.Duration, subjects ...entitlement.UserID) error
}

// Again asks for a job to be taken up once more.
type Again interface {
	EnqueueJob(ctx context.Context, pkg entitlement.PackageID, generation int64) error
}

// FanOut carries package edits to the holders.
type FanOut struct {
	Store    FanOutStore
	Bulk     Queue
	JobQueue Again
	Clock    clock.Clock
	Log      *slog.Logger
}

const (
	// bulkSlack is how long the sweep leaves a subject that an edit made pending to
	// its message: ten thousand holders take their time.
	bulkSlack = 15 * time.Minute
	// jobSlack is how long the sweep leaves a job to its message.
	jobSlack = 2 * time.Minute
)

// Run makes every holder pending whom the edit has not reached, page by page. It keeps
// its place after each page, so a crash repeats at most one; before its time is over it
// hands the rest to a message of its own. One pass is enough: who comes to hold the
// package after the edit gets the edited one.
func (f *FanOut) Run(ctx context.Context, pkg entitlement.PackageID, generation int64) error {
	job, err := f.Store.Job(ctx, pkg, generation)
	if entitlement.KindOf(err) == entitlement.NotFound {
		return nil
	}

	for err == nil {
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < reserve {
			return f.JobQueue.EnqueueJob(ctx, pkg, generation)
		}
		if job, err = f.page(ctx, job); err == nil && job.Erased {
			return nil
		}
	}

	if entitlement.StalePart(err) != "" {
		return nil // another worker has the job
	}
	return err
}

// page makes one page of holders pending, tells the worker, and only then moves on. What a
// crash after each step leaves:
//
//  1. The page is read. Nothing is changed: the job's message comes again, or the sweep does.
//  2. Its holders are made pending, each by a write of its own. They are owed, and the sweep
//     finds them after bulkSlack; the page is gone through again, which does no harm.
//  3. The worker is told. The page is gone through again, and they are told twice.
//  4. The job keeps its place, or goes with the last page. Nothing is repeated.
//
// The order matters: a job that moved on first would lose the holders of a page (S22).
func (f *FanOut) page(ctx context.Context, job entitlement.Job) (entitlement.Job, error) {
	slots, err := f.Store.Holders(ctx, job.Package, entitlement.Page{Token: job.Cursor})
	if err != nil {
		return job, err
	}
	told, err := f.markPending(ctx, job, slots.Items)
	if err != nil {
		return job, err
	}
	if len(told) > 0 {
		if err := f.Bulk.Enqueue(ctx, told...); err != nil {
			f.Log.WarnContext(ctx, "a message was lost; the sweep will find the pending reconciliations", "subjects", len(told), "error", err)
		}
	}
	job.Cursor, job.Told, job.CheckAfter = slots.Next, job.Told+len(told), f.Clock.Now().Add(jobSlack)
	job.Erased = slots.Next == ""
	err = f.Store.Commit(ctx, entitlement.Change{Jobs: []entitlement.Job{job}})
	job.Version++
	return job, err
}

func (f *FanOut) markPending(ctx context.Context, job entitlement.Job, slots []entitlement.AssignmentSlot) ([]entitlement.UserID, error) {
	pending := make([]bool, len(slots))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelReads)

	for i, slot := range slots {
		if slot.Assignment == nil || slot.Assignment.ObservedPackageGeneration >= job.Generation {
			continue
		}
		g.Go(func() error {
			err := f.Store.Commit(ctx, entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: slot.Subject,
				Redeliver: entitlement.Waiting{Package: job.Package, Assignment: slot.Assignment.ID}, CheckAfter: f.Clock.Now().Add(bulkSlack)}}})
			if entitlement.StalePart(err) != "" {
				return nil // it ended meanwhile, and its end makes the subject pending by itself
			}
			pending[i] = err == nil
			return err
		})
	}

	err := g.Wait()

	var told []entitlement.UserID
	for i, slot := range slots {
		if pending[i] {
			told = append(told, slot.Subject)
		}
	}
	return told, err
}
