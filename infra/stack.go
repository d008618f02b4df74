package main

import (
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"leasehold/pkg/names"
)

// stackBuilder is the stack while it is built: what later parts need of earlier ones.
type stackBuilder struct {
	stack     awscdk.Stack
	settings  settings
	dist      string // root of the functions' code
	table     awsdynamodb.ITable
	files     awss3.Bucket // exports
	queues    map[string]awssqs.Queue
	dead      []awssqs.Queue // every dead-letter queue
	functions map[string]awslambda.Function
	api       awsapigateway.RestApi
	topic     awssns.Topic // that alarms are sent to
	alarms    []awscloudwatch.Alarm
	inside    awsec2.CfnSecurityGroup // of functions in the VPC; nil: the deployment has none
}

// newStack adds the whole of Leasehold to the app, with the functions' code from dist.
func newStack(app constructs.Construct, s settings, dist string) awscdk.Stack {
	h := &stackBuilder{
		stack:     awscdk.NewStack(app, jsii.String(names.StackName), stackProps(s)),
		settings:  s,
		dist:      dist,
		queues:    map[string]awssqs.Queue{},
		functions: map[string]awslambda.Function{},
	}

	// In the order in which one needs another: rights name the table and the queues.
	h.addTable()
	h.addFiles()
	h.addVPC()
	queues, functions := h.deployed()
	for _, queue := range queues {
		h.addQueue(queue)
	}
	for _, function := range functions {
		h.addFunction(function)
		h.addTrigger(function)
	}
	h.addAPI()
	h.addAlarms()
	h.addDashboard()
	h.addOutputs()
	// An emulator has no rules about deployments to answer to.
	if !s.emulator {
		h.answerFindings()
	}
	return h.stack
}

func stackProps(s settings) *awscdk.StackProps {
	props := &awscdk.StackProps{Description: jsii.String("Leasehold: entitlement management")}
	if s.emulator {
		// An emulator that enforces IAM refuses the roles that cdk bootstrap makes.
		props.Synthesizer = awscdk.NewCliCredentialsStackSynthesizer(nil)
	}
	return props
}

// deployed is what the deployment has of queues and functions.
func (h *stackBuilder) deployed() ([]names.Queue, []names.Function) {
	return names.Deployed(h.settings.vpc.id != "")
}

// environment gives the value of every key; a function is given those it lists.
func (h *stackBuilder) environment(f names.Function) map[names.EnvKey]*string {
	return map[names.EnvKey]*string{
		names.EnvTable:          h.table.TableName(),
		names.EnvUrgentQueue:    h.queueFor(f, names.DeliverUrgent),
		names.EnvBulkQueue:      h.queueFor(f, names.DeliverBulk),
		names.EnvFanoutQueue:    h.queueFor(f, names.FanoutJobs),
		names.EnvNetwork:        jsii.String(string(h.network(f))),
		names.EnvVPCUrgentQueue: h.queueFor(f, names.VPCUrgent),
		names.EnvVPCBulkQueue:   h.queueFor(f, names.VPCBulk),
		names.EnvBucket:         h.files.BucketName(),
		names.EnvIssuers:        jsii.String(h.settings.issuers),
		names.EnvFirstAdmin:     jsii.String(h.settings.firstAdmin),
		names.EnvPublicURL:      jsii.String(h.settings.publicURL),
		names.EnvSecretPath:     jsii.String(secretPath),
		names.EnvSignInPath:     jsii.String(signInPath),
		names.EnvInternal:       jsii.String(h.settings.internalTargets),
		names.EnvEmulated:       jsii.String(strconv.FormatBool(h.settings.emulator)),
	}
}

// removal keeps what cannot be made again, except on an emulator.
func (h *stackBuilder) removal() awscdk.RemovalPolicy {
	if h.settings.emulator {
		return awscdk.RemovalPolicy_DESTROY
	}
	return awscdk.RemovalPolicy_RETAIN
}

func (h *stackBuilder) addOutputs() {
	address, _, _ := strings.Cut(h.settings.publicURL, ",")
	if address == "" {
		address = "https://" + *h.api.RestApiId() + ".execute-api." + *h.stack.Region() + "." + *h.stack.UrlSuffix() + "/" + names.StageName
	}

	for id, value := range map[string]*string{
		names.OutputAPIID:       h.api.RestApiId(),
		names.OutputTable:       h.table.TableName(),
		names.OutputUrgentQueue: h.queues[names.DeliverUrgent].QueueUrl(),
		names.OutputURL:         jsii.String(address),
		names.OutputAlarmTopic:  h.topic.TopicArn(),
	} {
		awscdk.NewCfnOutput(h.stack, jsii.String(id), &awscdk.CfnOutputProps{Value: value})
	}
}
