package main

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"leasehold/pkg/names"
)

// secretPath is where the credentials of connectors live, one SecureString each, named by the connector's id.
const secretPath = "/leasehold/" + names.StackName + "/connectors"

// right is what one function may do, by resource. Transactions are allowed by the
// actions of their parts.
type right struct {
	table   []string
	send    []string // ids of the queues that it sends to
	secrets []string // parameters under secretPath
}

var (
	readItems  = []string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
	writeItems = []string{"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"}
	readWrite  = slices.Concat(readItems, writeItems)
)

// rights is what the code itself calls. Beside it a function may write its log,
// drain the queues that its trigger brings, hold a message back in them, and be parked
// in their dead-letter queues (triggers.go).
var rights = map[string]right{
	names.Catalogs: {table: readWrite, send: []string{names.DeliverUrgent, names.FanoutJobs},
		secrets: []string{"ssm:GetParameter", "ssm:PutParameter", "ssm:DeleteParameter"}},
	names.Requests: {table: readWrite, send: []string{names.DeliverUrgent}},
	names.Deliver:  {table: readWrite, send: []string{names.DeliverUrgent}, secrets: []string{"ssm:GetParameter"}},
	names.Fanout:   {table: readWrite, send: []string{names.DeliverBulk, names.FanoutJobs}},
	names.Expire:   {table: readWrite, send: []string{names.DeliverUrgent, names.FanoutJobs}},
}

// grant gives the role what its function needs, and its log.
func (h *house) grant(role awsiam.Role, function string, log awslogs.LogGroup) {
	allow(role, []string{"logs:CreateLogStream", "logs:PutLogEvents"}, *log.LogGroupArn())

	r := rights[function]
	if r.table != nil {
		allow(role, r.table, *h.table.TableArn())
		var indexes []string
		for _, index := range names.Indexes {
			indexes = append(indexes, *h.table.TableArn()+"/index/"+index.ID)
		}
		allow(role, []string{"dynamodb:Query"}, indexes...)
	}
	for _, queue := range r.send {
		allow(role, []string{"sqs:SendMessage"}, *h.queues[queue].QueueArn())
	}
	if r.secrets != nil {
		// A wildcard, because connectors are registered long after the deployment.
		allow(role, r.secrets, *h.stack.FormatArn(&awscdk.ArnComponents{
			Service:      jsii.String("ssm"),
			Resource:     jsii.String("parameter"),
			ResourceName: jsii.String(secretPath[1:] + "/*"),
		}))
	}
}

func allow(role awsiam.Role, actions []string, resources ...string) {
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings(actions...),
		Resources: jsii.Strings(resources...),
	}))
}
