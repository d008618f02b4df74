package queue

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"leasehold/pkg/entitlement"
)

// MaxDelay is the longest that a message can be held back when it is sent.
const MaxDelay = 15 * time.Minute

// maxHidden is the longest that SQS hides a message after its receipt.
const maxHidden = 12 * time.Hour

const (
	perBatch = 10                     // messages in one request
	rounds   = 3                      // tries for messages that SQS failed to take out of a batch
	pause    = 100 * time.Millisecond // before the second round; doubled before the third
)

// SQS sends messages to one queue. It is safe for concurrent use.
type SQS struct {
	client *sqs.Client
	url    string
}

// New returns a sender to the queue.
func New(client *sqs.Client, queueURL string) *SQS { return &SQS{client: client, url: queueURL} }

// Enqueue sends the subjects at once. An error leaves some or all of them unsent; sending
// everything again does no harm.
func (q *SQS) Enqueue(ctx context.Context, subjects ...entitlement.UserID) error {
	return q.EnqueueAfter(ctx, 0, subjects...)
}

// EnqueueAfter sends the subjects so that they arrive after the delay, at most MaxDelay.
func (q *SQS) EnqueueAfter(ctx context.Context, delay time.Duration, subjects ...entitlement.UserID) error {
	bodies := bodiesFor(subjects)
	seconds := wholeSeconds(delay, MaxDelay)
	if len(bodies) == 1 {
		return q.sendOne(ctx, bodies[0], seconds)
	}

	var failures []error
	for batch := range slices.Chunk(bodies, perBatch) {
		failures = append(failures, q.sendBatch(ctx, batch, seconds)) // one bad batch never keeps back the others
	}
	return errors.Join(failures...)
}

// EnqueueJob asks that the package's edit be carried on to its holders.
func (q *SQS) EnqueueJob(ctx context.Context, pkg entitlement.PackageID, generation int64) error {
	return q.sendOne(ctx, Job{Package: pkg, Generation: generation}.Encode(), 0)
}

// Delay hides a received message for d from now instead of for the rest of the queue's
// own time. Afterwards it comes again.
func (q *SQS) Delay(ctx context.Context, receipt string, d time.Duration) error {
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &q.url, ReceiptHandle: &receipt, VisibilityTimeout: wholeSeconds(d, maxHidden)})
	return translate("delay message", err)
}

// Name returns the name of the queue, by which a received message says where it comes from.
func (q *SQS) Name() string { return path.Base(q.url) }

func (q *SQS) sendOne(ctx context.Context, body string, delay int32) error {
	_, err := q.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body, DelaySeconds: delay})
	return translate("enqueue", err)
}

// sendBatch sends up to ten messages and sends again those that SQS failed to take.
func (q *SQS) sendBatch(ctx context.Context, bodies []string, delay int32) error {
	const op = "enqueue"
	left := make([]types.SendMessageBatchRequestEntry, len(bodies))
	for i := range bodies {
		left[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: &bodies[i], DelaySeconds: delay}
	}

	for round := range rounds {
		// Nothing before the first round, and longer before each further one.
		if err := sleep(ctx, round); err != nil {
			return translate(op, err)
		}
		output, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: left})
		if err != nil {
			return translate(op, err)
		}
		if left = failed(left, output); len(left) == 0 {
			return nil
		}
	}

	return entitlement.Wrap(entitlement.Unavailable, op, fmt.Errorf("%d of %d messages were not taken", len(left), len(bodies)),
		"The queue did not take every message.")
}

// failed returns the entries that were not taken. Going by who was taken, and not by
// who was not, an entry that SQS does not mention is sent again.
func failed(sent []types.SendMessageBatchRequestEntry, output *sqs.SendMessageBatchOutput) []types.SendMessageBatchRequestEntry {
	taken := map[string]bool{}
	for _, s := range output.Successful {
		taken[aws.ToString(s.Id)] = true
	}
	return slices.DeleteFunc(sent, func(e types.SendMessageBatchRequestEntry) bool { return taken[*e.Id] })
}

func sleep(ctx context.Context, round int) error {
	if round == 0 {
		return nil
	}
	timer := time.NewTimer(pause << (round - 1))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func wholeSeconds(delay, most time.Duration) int32 {
	delay = max(0, min(delay, most))
	return int32((delay + time.Second - 1) / time.Second) // never early
}

// translate gives an SQS failure its kind.
func translate(op string, err error) error {
	if err == nil {
		return nil
	}
	kind, msg := entitlement.Unavailable, "The queue does not answer."
	switch {
	case retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary:
		kind, msg = entitlement.Throttled, "The queue asks us to slow down."
	case refused(err):
		kind, msg = entitlement.Internal, "" // ours to fix: no such queue, or no right to it
	}
	return entitlement.Wrap(kind, op, err, msg)
}

// refused reports an answer that blames the request.
func refused(err error) bool {
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return ok && answer.HTTPStatusCode() >= 400 && answer.HTTPStatusCode() < 500
}
