package lambdaio

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/obs"
)

// ErrMalformed marks a message that nobody can read. It is never acknowledged,
// whatever else its error says: after its receipts it lies in the dead-letter
// queue, where somebody can look at it.
var ErrMalformed = errors.New("unreadable message")

// Message is one message of a queue.
type Message struct {
	ID           string
	Queue        string // name of the queue that it came from
	Receipt      string // handle for holding it back
	Body         string
	ReceiveCount int // 1 at the first receipt
	SentAt       time.Time
}

// Delayer hides a received message for d from now, after which it comes again.
type Delayer interface {
	Delay(ctx context.Context, receipt string, d time.Duration) error
}

// Queues are the queues that a function drains, by name.
type Queues map[string]Delayer

// A failed message comes again after firstWait, and after twice as long each time: a
// failure that passes costs seconds, and a malformed message is parked within minutes.
// Left alone it would stay hidden for as long as a batch may take, each time.
const (
	malformedWait = time.Second
	firstWait     = 5 * time.Second
	longWait      = 5 * time.Minute
)

// SQS serves queues with handle, which returns an error for each message id that
// did not succeed. The error's kind decides: a failure that may pass makes SQS
// deliver that message again, after a wait if its queue is among the queues; a
// permanent one has been recorded where it happened and is acknowledged. If handle
// panics, nothing is known of any message and all of them come again.
func SQS(handle func(context.Context, []Message) map[string]error, queues Queues) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	return func(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
		ctx = withInvocation(ctx)
		messages := make([]Message, len(event.Records))
		for i, record := range event.Records {
			messages[i] = toMessage(record)
		}

		outcome := guarded(ctx, handle, messages)

		// Never nil: a null list crashes one emulator's poller.
		answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
		for _, message := range messages {
			if again(ctx, message, outcome[message.ID]) {
				queues.delay(ctx, message, wait(message.ReceiveCount, outcome[message.ID]))
				answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: message.ID})
			}
		}
		return answer, nil
	}
}

// again tells the queue's verdict on one message, and the log why.
func again(ctx context.Context, message Message, err error) bool {
	if err == nil {
		return false
	}

	log := obs.Logger(ctx).With("message", message.ID, "receiveCount", message.ReceiveCount)
	if !errors.Is(err, ErrMalformed) && entitlement.KindOf(err).Verdict() == entitlement.Permanent {
		log.Warn("message failed for good and is acknowledged", obs.Err(err))
		return false
	}
	log.Warn("message failed and comes again", obs.Err(err))
	return true
}

// delay holds the message back for its wait. Where that fails it comes all the same,
// only later.
func (l Queues) delay(ctx context.Context, message Message, d time.Duration) {
	queue, ok := l[message.Queue]
	if !ok {
		return
	}
	if err := queue.Delay(ctx, message.Receipt, d); err != nil {
		obs.Logger(ctx).Warn("message could not be held back", "message", message.ID, obs.Err(err))
	}
}

// wait returns how long a message is held back after so many receipts. What nobody can
// read gets no better by waiting: it goes straight on its way to the dead letters.
func wait(receives int, err error) time.Duration {
	if errors.Is(err, ErrMalformed) {
		return malformedWait
	}
	d := firstWait
	for ; receives > 1 && d < longWait; receives-- {
		d *= 2
	}
	return min(d, longWait)
}

func guarded(ctx context.Context, handle func(context.Context, []Message) map[string]error, messages []Message) (outcome map[string]error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			logPanic(ctx, thrown)
			outcome = make(map[string]error, len(messages))
			for _, message := range messages {
				outcome[message.ID] = entitlement.Errorf(entitlement.Internal, "")
			}
		}
	}()
	return handle(ctx, messages)
}

func toMessage(record events.SQSMessage) Message {
	// SQS writes both as numbers; where they are missing, zero says so.
	receives, _ := strconv.Atoi(record.Attributes["ApproximateReceiveCount"])
	sent, _ := strconv.ParseInt(record.Attributes["SentTimestamp"], 10, 64)

	message := Message{ID: record.MessageId, Receipt: record.ReceiptHandle, Body: record.Body, ReceiveCount: receives}
	message.Queue = record.EventSourceARN[strings.LastIndexByte(record.EventSourceARN, ':')+1:]
	if sent > 0 {
		message.SentAt = time.UnixMilli(sent).UTC()
	}
	return message
}
