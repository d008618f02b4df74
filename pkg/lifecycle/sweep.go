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

func (t *sweep) timeLeft(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || time.Until(deadline) > stopEarly)
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
