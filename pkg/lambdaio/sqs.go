package lambdaio

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/obs"
)

// ErrPoison marks a message that nobody can read. It is never acknowledged,
// whatever else its error says: after its receipts it lies in the dead-letter
// queue, where somebody can look at it.
var ErrPoison = errors.New("unreadable message")

// Message is one message of a queue.
type Message struct {
	ID           string
	Receipt      string // handle for changing its visibility
	Body         string
	ReceiveCount int // 1 at the first receipt
	SentAt       time.Time
}

// SQS serves a queue with handle, which returns an error for each message id
// that did not succeed. The error's kind decides: a failure that may pass makes
// SQS deliver that message again, a permanent one has been recorded where it
// happened and is acknowledged. If handle panics, nothing is known of any message
// and all of them come again.
func SQS(handle func(context.Context, []Message) map[string]error) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
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
	if !errors.Is(err, ErrPoison) && entitlement.KindOf(err).Verdict() == entitlement.Permanent {
		log.Warn("message failed for good and is acknowledged", obs.Err(err))
		return false
	}
	log.Warn("message failed and comes again", obs.Err(err))
	return true
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
	if sent > 0 {
		message.SentAt = time.UnixMilli(sent).UTC()
	}
	return message
}
