package main

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdaeventsources"
	"github.com/aws/jsii-runtime-go"

	"leasehold/pkg/names"
)

// workers bounds how many copies of a worker run at once, in place of reserved
// concurrency, which a young AWS account does not have to give away.
const workers = 10

// addTrigger connects the function to its queue or schedule. The API's routes come with the API.
func (h *house) addTrigger(f names.Function) {
	switch {
	case f.Trigger.Queue != "":
		h.drain(f)
	case f.Trigger.Schedule != 0:
		h.schedule(f)
	}
}

func (h *house) drain(f names.Function) {
	queue := names.Queues[slices.IndexFunc(names.Queues, func(q names.Queue) bool { return q.ID == f.Trigger.Queue })]
	props := &awslambdaeventsources.SqsEventSourceProps{
		BatchSize:               jsii.Number(queue.BatchSize),
		ReportBatchItemFailures: jsii.Bool(true),
		MaxConcurrency:          jsii.Number(workers),
	}
	if queue.BatchWindow > 0 {
		props.MaxBatchingWindow = seconds(queue.BatchWindow)
	}
	h.functions[f.ID].AddEventSource(awslambdaeventsources.NewSqsEventSource(h.queues[queue.ID], props))
}

// schedule adds the rule. A tick that does not reach the function is parked in the
// same dead-letter queue as one that fails inside it; one that is late is worthless.
func (h *house) schedule(f names.Function) {
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
