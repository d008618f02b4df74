package queue

import (
	"context"
	"fmt"
	"path"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Parked counts the messages in dead-letter queues. They lie beside a queue that is known, and
// are named after what parks in them.
type Parked struct {
	client *sqs.Client
	beside string // address of a queue of the stack
}

// NewParked returns the counts of the stack that has the queue.
func NewParked(client *sqs.Client, beside string) *Parked {
	return &Parked{client: client, beside: beside}
}

// Count returns how many messages are parked by the queue or function of the id. SQS counts
// roughly while messages come and go, and exactly where they lie.
func (p *Parked) Count(ctx context.Context, id string) (int, error) {
	const op = "count parked messages"
	counts := []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible}
	url := p.beside[:len(p.beside)-len(path.Base(p.beside))] + names.StackName + "-" + id + names.DeadLetterSuffix
	answer, err := p.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: aws.String(url), AttributeNames: counts})
	if err != nil {
		return 0, entitlement.Wrap(entitlement.Unavailable, op, err, "")
	}

	// One that somebody looks at by `make dlq` is hidden for a moment, and parked all the same.
	total := 0
	for _, name := range counts {
		n, err := strconv.Atoi(answer.Attributes[string(name)])
		if err != nil {
			return 0, entitlement.Wrap(entitlement.Internal, op, fmt.Errorf("%s of %s is no number", name, id), "")
		}
		total += n
	}
	return total, nil
}
