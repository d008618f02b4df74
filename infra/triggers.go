package main

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"leasehold/pkg/names"
)

// addTrigger connects the function to its queues or schedule. The API's routes come with the API.
func (h *stackBuilder) addTrigger(f names.Function) {
	queues, _ := h.deployed()
	for _, id := range f.Trigger.Queues {
		h.drain(f, queues[slices.IndexFunc(queues, func(q names.Queue) bool { return q.ID == id })])
	}
	if f.Trigger.Schedule != 0 {
		h.schedule(f)
	}
}

// drain has the function take the queue's messages. The queue bounds how many copies of
// it run at once, in place of reserved concurrency: that would be one bound for both
// queues, and a young AWS account has none to give away. The mapping grants nothing by
// itself, as an event source would: the role has what names says.
func (h *stackBuilder) drain(f names.Function, queue names.Queue) {
	mapping := &awslambda.EventSourceMappingOptions{
		EventSourceArn:          h.queues[queue.ID].QueueArn(),
		BatchSize:               jsii.Number(queue.BatchSize),
		ReportBatchItemFailures: jsii.Bool(true),
		MaxConcurrency:          jsii.Number(queue.MaxConcurrency),
	}
	if queue.BatchWindow > 0 {
		mapping.MaxBatchingWindow = seconds(queue.BatchWindow)
	}
	h.functions[f.ID].AddEventSourceMapping(jsii.String(queue.ID+"-source"), mapping)
}

// schedule adds the rule. A sweep that does not reach the function is parked in the
// same dead-letter queue as one that fails inside it; one that is late is worthless.
func (h *stackBuilder) schedule(f names.Function) {
	function := h.functions[f.ID]
	awsevents.NewRule(h.stack, jsii.String(f.ID+"-schedule"), &awsevents.RuleProps{
		Schedule: awsevents.Schedule_Rate(seconds(f.Trigger.Schedule)),
		Targets: &[]awsevents.IRuleTarget{awseventstargets.NewLambdaFunction(function, &awseventstargets.LambdaFunctionProps{
			DeadLetterQueue: function.DeadLetterQueue(),
			MaxEventAge:     awscdk.Duration_Minutes(jsii.Number(1)),
			RetryAttempts:   jsii.Number(1),
		})},
	})
}
