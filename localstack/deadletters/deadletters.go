// Package deadletters is for whoever looks after parked messages: it shows what lies in
// the dead-letter queues of a stack, gives it back once the cause is fixed, or drops it.
package deadletters

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"leasehold/pkg/names"
)

// Console works on the dead-letter queues of the stack that its client reaches.
type Console struct {
	Client *sqs.Client
	Out    io.Writer
}

const (
	// shown is how many dead letters of a queue are shown; nobody reads more.
	shown = 200
	// held is how long a letter is ours while it is on the console. One that is left
	// there by a crash lies in its queue again afterwards.
	held = 2 * time.Minute
)

// Show writes every dead letter and leaves it where it is.
func (d Console) Show(ctx context.Context) error {
	for _, id := range names.Parkers(true) {
		url, err := d.url(ctx, id+names.DeadLetterSuffix)
		if _, none := errors.AsType[*types.QueueDoesNotExist](err); none && names.OfVPC(id) {
			continue // the deployment has no VPC
		}
		if err != nil {
			return err
		}
		if err := d.showOne(ctx, id, url); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	return nil
}

func (d Console) showOne(ctx context.Context, id, url string) error {
	var letters []types.Message
	seen := map[string]bool{}
	for len(letters) < shown {
		batch, err := d.receive(ctx, url)
		if err != nil {
			return err
		}
		// The queue may show one twice and another not yet; by its id each counts once.
		for _, letter := range batch {
			if !seen[*letter.MessageId] {
				seen[*letter.MessageId] = true
				letters = append(letters, letter)
			}
		}
		if len(batch) == 0 {
			break
		}
	}

	count := strconv.Itoa(len(letters))
	if len(letters) >= shown {
		count = "more than " + strconv.Itoa(shown-1)
	}
	fmt.Fprintf(d.Out, "%s: %s\n", id, count)
	var problems []error
	// Given back at once: who looks should not hide them from whoever redrives.
	for _, letter := range letters {
		d.write(letter)
		_, err := d.Client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: letter.ReceiptHandle})
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// Redrive gives the dead letters of a queue back to it, one by one. A letter is deleted
// only after its queue has taken it, so a crash between the two doubles it, which does
// no harm: messages may come twice.
func (d Console) Redrive(ctx context.Context, id string) error {
	if err := check(id); err != nil {
		return err
	}

	if slices.ContainsFunc(slices.Concat(names.Functions, names.VPCFunctions()), func(f names.Function) bool { return f.ID == id && f.Trigger.Schedule != 0 }) {
		// A scheduled function has no queue: its dead letters are sweeps that failed.
		return fmt.Errorf("%s has no queue to go back to: the sweeps after a failed one have done its work, so discard it", id)
	}

	to, err := d.url(ctx, id)
	if err != nil {
		return err
	}

	return d.each(ctx, id, "given back", func(letter types.Message) error {
		_, err := d.Client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &to, MessageBody: letter.Body, MessageAttributes: letter.MessageAttributes})
		return err
	})
}

// Discard drops the dead letters of a queue or function, and writes each.
func (d Console) Discard(ctx context.Context, id string) error {
	if err := check(id); err != nil {
		return err
	}
	return d.each(ctx, id, "dropped", func(types.Message) error { return nil })
}

func check(id string) error {
	if !slices.Contains(names.Parkers(true), id) {
		return fmt.Errorf("%q parks nothing; one of %s does", id, strings.Join(names.Parkers(true), ", "))
	}
	return nil
}

// each does something with every dead letter and then deletes it. It stops at the first
// failure, and what it has not done stays where it is.
func (d Console) each(ctx context.Context, id, done string, do func(types.Message) error) error {
	url, err := d.url(ctx, id+names.DeadLetterSuffix)
	if err != nil {
		return err
	}

	count := 0

	defer func() { fmt.Fprintf(d.Out, "%s: %d %s\n", id, count, done) }()
	// One after the other, so that a failure leaves the rest parked.
	for {
		batch, err := d.receive(ctx, url)
		if err != nil || len(batch) == 0 {
			return err
		}

		for _, letter := range batch {
			if err := do(letter); err != nil {
				return fmt.Errorf("message %s stays parked: %w", *letter.MessageId, err)
			}
			// From here on it is twice where it should be once, and the reader hears of it.
			if _, err := d.Client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: letter.ReceiptHandle}); err != nil {
				return fmt.Errorf("message %s was %s and is parked all the same: %w", *letter.MessageId, done, err)
			}
			d.write(letter)
			count++
		}
	}
}

func (d Console) url(ctx context.Context, queue string) (string, error) {
	output, err := d.Client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(names.StackName + "-" + queue)})
	if err != nil {
		return "", fmt.Errorf("find the queue %s: %w", queue, err)
	}
	return *output.QueueUrl, nil
}

// receive takes up to ten letters. It waits a moment, because a queue that is asked
// without waiting may look empty.
func (d Console) receive(ctx context.Context, url string) ([]types.Message, error) {
	output, err := d.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1, VisibilityTimeout: int32(held.Seconds()),
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameSentTimestamp, types.MessageSystemAttributeNameApproximateReceiveCount},
	})
	if err != nil {
		return nil, fmt.Errorf("read the dead letters: %w", err)
	}
	return output.Messages, nil
}

// write shows a letter: its age, how often it was received, here included, and its body.
func (d Console) write(letter types.Message) {
	age := "age unknown"
	if sent, err := strconv.ParseInt(letter.Attributes["SentTimestamp"], 10, 64); err == nil {
		age = time.Since(time.UnixMilli(sent)).Round(time.Second).String() + " old"
	}
	fmt.Fprintf(d.Out, "  %s, received %s times: %s\n", age, letter.Attributes["ApproximateReceiveCount"], aws.ToString(letter.Body))
}
