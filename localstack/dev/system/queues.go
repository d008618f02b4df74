package system

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
	"leasehold/pkg/obs"
	"leasehold/pkg/queue"
)

// look is how often a queue is looked at for messages that have become visible
// again; those that are sent are seen at once.
const look = 50 * time.Millisecond

// localQueue is a queue with the settings that it is deployed with, and the function that
// drains it.
type localQueue struct {
	*queue.Memory
	names.Queue
	drainedBy names.Function
	sent      chan struct{}
}

// localQueues are the queues by id.
type localQueues map[string]*localQueue

func newQueues(c clock.Clock) localQueues {
	all := localQueues{}
	for _, q := range names.Queues {
		i := slices.IndexFunc(names.Functions, func(f names.Function) bool { return slices.Contains(f.Trigger.Queues, q.ID) })
		all[q.ID] = &localQueue{Memory: queue.NewMemory(c, q.MaxReceive), Queue: q, drainedBy: names.Functions[i],
			sent: make(chan struct{}, 1)}
	}
	return all
}

// senders hands out queues to send to, to those functions that names lets.
type senders struct {
	queues  localQueues
	refused error // what names does not let somebody do
}

func (s *senders) send(function, queue string) *localQueue {
	if f, known := names.FindFunction(function); !known || !f.Sends(queue) {
		s.refused = errors.Join(s.refused, fmt.Errorf("names does not let %s send to %s", function, queue))
	}
	return s.queues[queue]
}

// Count returns how many messages are parked by a queue; the schedule parks nothing here.
func (l localQueues) Count(_ context.Context, id string) (int, error) {
	if each := l[id]; each != nil {
		return len(each.Dead()), nil
	}
	return 0, nil
}

// delayers are the queues as the adapter of a function needs them.
func (l localQueues) delayers() lambdaio.Queues {
	all := lambdaio.Queues{}
	for id, each := range l {
		all[id] = each
	}
	return all
}

// Enqueue sends the subjects at once.
func (l *localQueue) Enqueue(ctx context.Context, subjects ...entitlement.UserID) error {
	return l.EnqueueAfter(ctx, 0, subjects...)
}

// EnqueueAfter sends the subjects so that they arrive after the delay.
func (l *localQueue) EnqueueAfter(ctx context.Context, delay time.Duration, subjects ...entitlement.UserID) error {
	defer l.wake()
	return l.Memory.EnqueueAfter(ctx, delay, subjects...)
}

// EnqueueJob asks that a package's edit be carried on.
func (l *localQueue) EnqueueJob(ctx context.Context, pkg entitlement.PackageID, generation int64) error {
	defer l.wake()
	return l.Memory.EnqueueJob(ctx, pkg, generation)
}

// EnqueueImpact asks that a change of roles be looked at.
func (l *localQueue) EnqueueImpact(ctx context.Context, pkg entitlement.PackageID, id entitlement.ImpactJobID) error {
	defer l.wake()
	return l.Memory.EnqueueImpact(ctx, pkg, id)
}

// EnqueueExport asks that an export be written on.
func (l *localQueue) EnqueueExport(ctx context.Context, caller entitlement.UserID, id string) error {
	defer l.wake()
	return l.Memory.EnqueueExport(ctx, caller, id)
}

func (l *localQueue) wake() {
	select {
	case l.sent <- struct{}{}:
	default: // somebody is about to look anyway
	}
}

// next waits for messages; it returns none only when ctx ends.
func (l *localQueue) next(ctx context.Context) []queue.Message {
	again := time.NewTicker(look)
	defer again.Stop()

	for ctx.Err() == nil {
		if batch := l.Receive(l.BatchSize, l.Visibility()); len(batch) > 0 {
			return batch
		}
		// Messages come back after a while without anybody sending them, hence the ticker.
		select {
		case <-l.sent:
		case <-again.C:
		case <-ctx.Done():
		}
	}

	return nil
}

// drain hands the messages of a queue to its function, in as many copies at once as
// the deployed queue allows.
func (s *System) drain(ctx context.Context, l *localQueue) {
	copies := make(chan struct{}, l.MaxConcurrency)
	for {
		copies <- struct{}{}
		batch := l.next(ctx)
		if batch == nil {
			return
		}
		s.running.Go(func() {
			defer func() { <-copies }()
			s.handle(ctx, l, batch)
		})
	}
}

// handle invokes the function with a batch and deletes what it did not report as failed.
// Where the function itself fails nothing is deleted, and all of it comes again.
func (s *System) handle(ctx context.Context, l *localQueue, batch []queue.Message) {
	payload, err := json.Marshal(l.event(batch))
	if err != nil {
		return // numbers and strings: cannot be
	}

	text, err := s.functions.invoke(ctx, l.drainedBy.ID, payload)
	var answer events.SQSEventResponse
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}

	if err != nil {
		s.functions[l.drainedBy.ID].log.Error("function failed, its messages come again", "queue", l.ID, obs.Err(err))
		return
	}

	for _, m := range batch {
		if !slices.Contains(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.ID}) {
			l.Delete(m.Receipt)
		}
	}
}

func (l *localQueue) event(batch []queue.Message) events.SQSEvent {
	event := events.SQSEvent{Records: make([]events.SQSMessage, len(batch))}
	for i, m := range batch {
		event.Records[i] = events.SQSMessage{MessageId: m.ID, ReceiptHandle: m.Receipt, Body: m.Body,
			Attributes:  map[string]string{"ApproximateReceiveCount": strconv.Itoa(m.Receives)},
			EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:local:000000000000:" + l.ID}
	}
	return event
}
