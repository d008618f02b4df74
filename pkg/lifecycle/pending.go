package lifecycle

import (
	"context"

	"leasehold/pkg/entitlement"
)

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
