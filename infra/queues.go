package main

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"leasehold/pkg/names"
)

// parkedDays is how long a parked message waits for somebody to look: the longest that SQS keeps one.
const parkedDays = 14

// addQueue adds a queue and the dead-letter queue in which its poison messages end.
func (h *stackBuilder) addQueue(queue names.Queue) {
	dead := h.addDeadLetters(queue.ID)

	props := h.queueProps(queue.ID)
	props.VisibilityTimeout = seconds(queue.Visibility())
	props.DeadLetterQueue = &awssqs.DeadLetterQueue{Queue: dead, MaxReceiveCount: jsii.Number(queue.MaxReceive)}
	h.queues[queue.ID] = awssqs.NewQueue(h.stack, jsii.String(queue.ID+"-queue"), props) // a function may have the same id
}

// addDeadLetters adds the dead-letter queue of the queue or function.
func (h *stackBuilder) addDeadLetters(id string) awssqs.Queue {
	props := h.queueProps(id + names.DeadLetterSuffix)
	props.RetentionPeriod = awscdk.Duration_Days(jsii.Number(parkedDays))
	queue := awssqs.NewQueue(h.stack, jsii.String(id+names.DeadLetterSuffix), props)
	h.dead = append(h.dead, queue)
	return queue
}

func (h *stackBuilder) queueProps(id string) *awssqs.QueueProps {
	return &awssqs.QueueProps{
		QueueName:  jsii.String(names.StackName + "-" + id),
		Encryption: awssqs.QueueEncryption_SQS_MANAGED,
		// Emulators speak plain HTTP, and one of them obeys this policy.
		EnforceSSL:    jsii.Bool(!h.settings.emulator),
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	}
}

func seconds(d time.Duration) awscdk.Duration {
	return awscdk.Duration_Seconds(jsii.Number(d.Seconds()))
}
