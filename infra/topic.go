package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/jsii-runtime-go"

	"leasehold/pkg/names"
)

// addTopic adds the topic that alarms are sent to, and the subscription of the address
// that the deployment names. Others may subscribe what they like.
func (h *stackBuilder) addTopic() awssns.Topic {
	h.topic = awssns.NewTopic(h.stack, jsii.String("alarms"), &awssns.TopicProps{
		TopicName:   jsii.String(names.StackName + "-alarms"),
		DisplayName: jsii.String(names.StackName + " alarms"),
		EnforceSSL:  jsii.Bool(!h.settings.emulator), // emulators speak plain HTTP
	})

	// A topic with a policy of its own has lost the one that AWS gives it, which lets
	// anything in the account publish. Our alarms are all that should.
	h.topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{h.topic.TopicArn()},
		Conditions: &map[string]any{"ArnLike": map[string]any{"aws:SourceArn": *h.stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("cloudwatch"), Resource: jsii.String("alarm"), ResourceName: jsii.String(names.StackName + "-*"),
			ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
		})}},
	}))

	if h.settings.alarmEmail != "" {
		h.topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(h.settings.alarmEmail), nil))
	}
	return h.topic
}
