package lambdaio_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/lambdaio"
)

type outcome = map[string]error

func batch(ids ...string) events.SQSEvent {
	var event events.SQSEvent
	for _, id := range ids {
		event.Records = append(event.Records, events.SQSMessage{MessageId: id, Body: "{}"})
	}
	return event
}

// failures runs one batch and returns the ids that come again, in the very bytes that SQS sees.
func failures(t *testing.T, ctx context.Context, event events.SQSEvent, handle func(context.Context, []lambdaio.Message) map[string]error) string {
	t.Helper()
	answer, err := lambdaio.SQS(handle, nil)(ctx, event)
	if err != nil {
		t.Fatalf("error = %v; an error of the whole batch hides the verdicts", err)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestVerdicts(t *testing.T) {
	failed := func(err error) func(context.Context, []lambdaio.Message) map[string]error {
		return func(context.Context, []lambdaio.Message) map[string]error { return outcome{"b": err} }
	}
	const none, onlyB = `{"batchItemFailures":[]}`, `{"batchItemFailures":[{"itemIdentifier":"b"}]}`

	tests := map[string]struct {
		handle func(context.Context, []lambdaio.Message) map[string]error
		want   string
	}{
		"nothing to say":         {func(context.Context, []lambdaio.Message) map[string]error { return nil }, none},
		"done":                   {failed(nil), none},
		"foreign error":          {failed(errors.New("broken pipe")), onlyB},
		"malformed":              {failed(fmt.Errorf("%w: unexpected end", lambdaio.ErrMalformed)), onlyB},
		"malformed, of any kind": {failed(fmt.Errorf("%w: %w", entitlement.Errorf(entitlement.Invalid, "No JSON."), lambdaio.ErrMalformed)), onlyB},
		"id that is not here":    {func(context.Context, []lambdaio.Message) map[string]error { return outcome{"z": errors.New("?")} }, none},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, _ := logged()
			if got := failures(t, ctx, batch("a", "b", "c"), tt.handle); got != tt.want {
				t.Errorf("answer = %s, want %s", got, tt.want)
			}
		})
	}

	for _, kind := range entitlement.Kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			want := none
			if kind.Verdict() == entitlement.Retry {
				want = onlyB
			}
			ctx, log := logged()
			if got := failures(t, ctx, batch("a", "b", "c"), failed(entitlement.Errorf(kind, "No."))); got != want {
				t.Errorf("answer = %s, want %s", got, want)
			}
			if !strings.Contains(log.String(), `"message":"b"`) || !strings.Contains(log.String(), kind.String()) {
				t.Errorf("log = %s; want a line for message b", log.String())
			}
		})
	}
}

func TestEmptyBatchIsNeverNull(t *testing.T) {
	ctx, _ := logged()
	got := failures(t, ctx, events.SQSEvent{}, func(context.Context, []lambdaio.Message) map[string]error { return nil })
	if got != `{"batchItemFailures":[]}` {
		t.Errorf("answer = %s", got)
	}
}

func TestPanicOfTheHandlerBringsAllMessagesAgain(t *testing.T) {
	ctx, log := logged()
	got := failures(t, ctx, batch("a", "b"), func(context.Context, []lambdaio.Message) map[string]error { panic("nil map") })

	if got != `{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]}` {
		t.Errorf("answer = %s, want both", got)
	}
	if !strings.Contains(log.String(), "nil map") {
		t.Errorf("log = %s, want the cause", log.String())
	}
}

func TestMessageCarriesWhatSQSSays(t *testing.T) {
	event := events.SQSEvent{Records: []events.SQSMessage{
		{MessageId: "a", EventSourceARN: "arn:aws:sqs:eu-west-1:123456789012:deliver-urgent", ReceiptHandle: "h", Body: "{}", Attributes: map[string]string{"ApproximateReceiveCount": "3", "SentTimestamp": "1795435200123"}},
		{MessageId: "b"},
	}}
	want := []lambdaio.Message{
		{ID: "a", Queue: "deliver-urgent", Receipt: "h", Body: "{}", ReceiveCount: 3, SentAt: time.Date(2026, 11, 23, 12, 0, 0, 123e6, time.UTC)},
		{ID: "b"},
	}

	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "inv-1"})
	failures(t, ctx, event, func(ctx context.Context, got []lambdaio.Message) map[string]error {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("messages = %+v\nwant       %+v", got, want)
		}
		if id := lambdaio.RequestID(ctx); id != "inv-1" {
			t.Errorf("RequestID = %q, want the invocation's", id)
		}
		return nil
	})
}

// queue remembers for how long each message was held back.
type queue struct {
	held map[string]time.Duration
	err  error
}

func (l queue) Delay(_ context.Context, receipt string, d time.Duration) error {
	l.held[receipt] = d
	return l.err
}

func TestAMessageThatComesAgainWaitsLongerEachTimeInItsOwnQueue(t *testing.T) {
	const arn = "arn:aws:sqs:eu-west-1:123456789012:"
	waits := map[string]time.Duration{"": 5, "0": 5, "1": 5, "2": 10, "3": 20, "4": 40, "5": 80, "7": 300, "1000000": 300}
	var event events.SQSEvent
	for receives := range waits {
		event.Records = append(event.Records, events.SQSMessage{MessageId: receives, ReceiptHandle: receives,
			EventSourceARN: arn + "bulk", Attributes: map[string]string{"ApproximateReceiveCount": receives}})
	}
	event.Records = append(event.Records,
		events.SQSMessage{MessageId: "malformed", ReceiptHandle: "malformed", EventSourceARN: arn + "bulk", Attributes: map[string]string{"ApproximateReceiveCount": "4"}},
		events.SQSMessage{MessageId: "well", ReceiptHandle: "well", EventSourceARN: arn + "bulk"},
		events.SQSMessage{MessageId: "for good", ReceiptHandle: "for good", EventSourceARN: arn + "bulk"},
		events.SQSMessage{MessageId: "elsewhere", ReceiptHandle: "elsewhere", EventSourceARN: arn + "unknown"})
	handle := func(_ context.Context, messages []lambdaio.Message) map[string]error {
		failed := outcome{"for good": entitlement.Errorf(entitlement.Invalid, "No.")}
		for _, m := range messages {
			switch m.ID {
			case "well", "for good":
			case "malformed":
				failed[m.ID] = fmt.Errorf("%w: no JSON", lambdaio.ErrMalformed)
			default:
				failed[m.ID] = entitlement.Errorf(entitlement.Unavailable, "later")
			}
		}
		return failed
	}
	bulk, urgent := queue{held: map[string]time.Duration{}}, queue{held: map[string]time.Duration{}}

	ctx, _ := logged()
	answer, err := lambdaio.SQS(handle, lambdaio.Queues{"bulk": bulk, "urgent": urgent})(ctx, event)

	if err != nil || len(answer.BatchItemFailures) != len(waits)+2 {
		t.Errorf("answer = %v, %v", answer, err)
	}
	for receives, seconds := range waits {
		if got := bulk.held[receives]; got != seconds*time.Second {
			t.Errorf("after %q receipts a message waits %s, want %d s", receives, got, seconds)
		}
	}
	if got := bulk.held["malformed"]; got != time.Second {
		t.Errorf("what nobody can read waits %s, want 1 s: it gets no better", got)
	}
	if len(bulk.held) != len(waits)+1 || len(urgent.held) != 0 {
		t.Errorf("held back in the bulk queue %v, in the urgent queue %v", bulk.held, urgent.held)
	}
}

func TestAMessageThatCannotBeHeldBackComesAgainAllTheSame(t *testing.T) {
	ctx, log := logged()
	event := batch("a")
	event.Records[0].EventSourceARN = "arn:aws:sqs:eu-west-1:123456789012:urgent"
	failing := queue{held: map[string]time.Duration{}, err: errors.New("no such queue")}

	answer, err := lambdaio.SQS(func(context.Context, []lambdaio.Message) map[string]error { return outcome{"a": lambdaio.ErrMalformed} },
		lambdaio.Queues{"urgent": failing})(ctx, event)

	if err != nil || len(answer.BatchItemFailures) != 1 || !strings.Contains(log.String(), "no such queue") {
		t.Errorf("answer = %v, %v; log = %s", answer, err, log.String())
	}
}
