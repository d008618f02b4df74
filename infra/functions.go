package main

import (
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"leasehold/pkg/names"
)

// addFunction adds a function with its role and its log. Both have fixed names,
// so that an operator finds them.
func (h *stackBuilder) addFunction(f names.Function) {
	name := names.FunctionName(f.ID)
	log := h.addLog(f.ID+"-log", "/aws/lambda/"+name)
	role := awsiam.NewRole(h.stack, jsii.String(f.ID+"-role"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		Description: jsii.String("What the function " + name + " may do"),
	})
	h.grant(role, f, log)

	props := &awslambda.FunctionProps{
		FunctionName: jsii.String(name),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Handler:      jsii.String("bootstrap"),
		Architecture: h.architecture(),
		Code:         awslambda.Code_FromAsset(jsii.String(filepath.Join(h.dist, f.Code())), nil),
		MemorySize:   jsii.Number(f.Memory),
		Timeout:      seconds(f.Timeout),
		Environment:  h.environmentOf(f),
		Role:         role,
		LogGroup:     log,
	}
	switch {
	case len(f.Trigger.Queues) > 0:
		// A delivery that must be tried again, and an edit with more holders than one call
		// can reach, are messages to the function's own queue, which Lambda's loop
		// detection would take for a runaway and stop.
		props.RecursiveLoop = awslambda.RecursiveLoop_ALLOW
	case f.Trigger.Schedule != 0:
		// The next sweep does what this one left, so a failed one is parked at once, and
		// one that Lambda could not start for a period is worthless: without a bound of its
		// age Lambda would keep it for six hours, and start many old ones together.
		props.RetryAttempts = jsii.Number(0)
		props.MaxEventAge = seconds(f.Trigger.Schedule)
		props.DeadLetterQueue = h.addDeadLetters(f.ID)
	}
	h.functions[f.ID] = awslambda.NewFunction(h.stack, jsii.String(f.ID), props)
	h.putInside(f)
}

// addLog adds a log group that forgets. It goes with the stack: the audit record is in the table.
func (h *stackBuilder) addLog(id, name string) awslogs.LogGroup {
	return awslogs.NewLogGroup(h.stack, jsii.String(id), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String(name),
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
}

func (h *stackBuilder) environmentOf(f names.Function) *map[string]*string {
	all := h.environment(f)
	given := map[string]*string{}
	for _, key := range f.Env() {
		given[string(key)] = all[key]
	}
	return &given
}

func (h *stackBuilder) architecture() awslambda.Architecture {
	if h.settings.arch == "amd64" {
		return awslambda.Architecture_X86_64()
	}
	return awslambda.Architecture_ARM_64()
}
