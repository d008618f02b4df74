package sim

import (
	"context"
	"fmt"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/queue"
)

// memoryQueue is a queue in memory behind the scheduler, with the manners of its queue.
type memoryQueue struct {
	*queue.Memory
	name       string
	w          *simulation
	batch      int
	visibility time.Duration
	copies     int // of the next message
}

func (w *simulation) newQueue(name string, batch, maxReceive int, visibility time.Duration) *memoryQueue {
	l := &memoryQueue{Memory: queue.NewMemory(w.clock, maxReceive), name: name, w: w, batch: batch, visibility: visibility, copies: 1}
	l.Memory.Copies = func(string) int { return l.copies }
	return l
}

// send carries out one sending, with what the network does to it.
func (l *memoryQueue) send(ctx context.Context, label string, put func(delay time.Duration)) error {
	inv := invocationOf(ctx)
	// SQS delivers at least once, in any order: a message may be lost, doubled or late.
	return l.w.do(ctx, sends, "Send "+l.name+" "+label, func() error {
		var delay time.Duration
		l.copies = 1

		if inv != nil {
			inv.sent++
			switch {
			case l.w.last == Lost:
				l.copies = 0
			case l.w.last == Doubled:
				l.copies = 2
			case l.w.last == Delayed:
				delay = time.Duration(below(mix(inv.seed, uint64(inv.sent)), 900)) * time.Second
			}
		}

		put(delay)
		l.copies = 1
		return nil
	})
}

// Enqueue sends subjects.
func (l *memoryQueue) Enqueue(ctx context.Context, subjects ...entitlement.UserID) error {
	label := ""
	for _, s := range subjects {
		label += " " + short(string(s))
	}
	return l.send(ctx, label, func(delay time.Duration) { l.Memory.EnqueueAfter(ctx, delay, subjects...) })
}

// EnqueueJob sends a job.
func (l *memoryQueue) EnqueueJob(ctx context.Context, pkg entitlement.PackageID, generation int64) error {
	return l.send(ctx, fmt.Sprint(short(string(pkg)), " ", generation), func(delay time.Duration) {
		l.Memory.Send(queue.Job{Package: pkg, Generation: generation}.Encode(), delay)
	})
}

// EnqueueImpact sends a look at a change of roles.
func (l *memoryQueue) EnqueueImpact(ctx context.Context, pkg entitlement.PackageID, id entitlement.ImpactJobID) error {
	return l.send(ctx, fmt.Sprint(short(string(pkg)), " look ", short(string(id))), func(delay time.Duration) {
		l.Memory.Send(queue.Impact{Package: pkg, ID: id}.Encode(), delay)
	})
}

// Delay holds a message back.
func (l *memoryQueue) Delay(ctx context.Context, receipt string, d time.Duration) error {
	return l.w.do(ctx, delays, "Delay "+l.name+" "+receipt, func() error { return l.Memory.Delay(ctx, receipt, d) })
}
