package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// answer says why a finding of checkov does not hold for the resources of a type.
type answer struct{ finding, kind, reason string }

// answers are the findings of `make lint-template` that are not followed. Those that are
// not in this list fail it.
var answers = []answer{
	{"CKV_AWS_27", "AWS::SQS::Queue",
		"Encrypted with SQS's own key (SqsManagedSseEnabled), which this check does not look for. Messages hold ids and nothing else."},
	{"CKV_AWS_26", "AWS::SNS::Topic",
		"CloudWatch cannot publish to a topic under the AWS-managed key, and a customer's own costs 1 $ a month. Alarms name metrics, never people."},
	{"CKV_AWS_119", "AWS::DynamoDB::Table",
		"Encrypted with DynamoDB's own key. A customer's own adds a price to every deployment, and a way to lose the data for good."},
	{"CKV_AWS_18", "AWS::S3::Bucket",
		"A log of accesses would be kept longer than the files, which go after a day. Who asked for one is in the log of the function."},
	{"CKV_AWS_21", "AWS::S3::Bucket",
		"Nothing in the bucket is worth an earlier version: a file is written once, goes after a day, and can be asked for again."},
	{"CKV_AWS_158", "AWS::Logs::LogGroup",
		"Encrypted with the key of CloudWatch Logs. Logs hold ids; secrets and personal data are redacted before they are written."},
	{"CKV_AWS_173", "AWS::Lambda::Function",
		"Encrypted with Lambda's own key. The environment holds no secret: credentials of connectors are parameters of SSM."},
	{"CKV_AWS_115", "AWS::Lambda::Function",
		"Workers are bounded by the MaximumConcurrency of each queue, the API by its throttle. Reserved concurrency would be one bound for both queues, and a young account has none to give away."},
	{"CKV_AWS_116", "AWS::Lambda::Function",
		"The queues that a function drains have dead-letter queues, the API's callers get the error, and the scheduled function has a dead-letter queue of its own."},
	{"CKV_AWS_117", "AWS::Lambda::Function",
		"Targets are on the internet. Where directories are in a VPC, copies of the functions that call targets run there and no others: those could not reach the internet."},
	{"CKV_AWS_59", "AWS::ApiGateway::Method",
		"Every function verifies the access token itself, first of all, on AWS as on every emulator."},
	{"CKV_AWS_73", "AWS::ApiGateway::Stage",
		"Calls are followed by their request id, which answers, access log and functions share. X-Ray would cost as much as the function calls."},
	{"CKV_AWS_120", "AWS::ApiGateway::Stage",
		"Every answer depends on who asks, and changes with every decision: a cache would give people what is not theirs, or is no longer true."},
}

// answerFindings writes the answers into the template, where the linters read them.
func (h *stackBuilder) answerFindings() {
	// The CDK lists what a function must wait for; cfn-lint finds part of it implied.
	h.stack.TemplateOptions().SetMetadata(&map[string]any{
		"cfn-lint": map[string]any{"config": map[string]any{"ignore_checks": []string{"W3005"}}},
	})

	given := map[string][]any{}
	for _, a := range answers {
		given[a.kind] = append(given[a.kind], map[string]any{"id": a.finding, "comment": a.reason})
	}
	for _, construct := range *h.stack.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		if resource, ok := construct.(awscdk.CfnResource); ok && given[*resource.CfnResourceType()] != nil {
			resource.AddMetadata(jsii.String("checkov"), map[string]any{"skip": given[*resource.CfnResourceType()]})
		}
	}
}
