package main

import (
	"fmt"
	"regexp"
	"slices"

	"leasehold/pkg/names"
)

// ways are the resource types of which it is known that nobody reaches anything through
// them but by the API or by AWS's own rights. Another type is a decision to be made here.
var ways = []string{
	"AWS::ApiGateway::Account", "AWS::ApiGateway::Deployment", "AWS::ApiGateway::GatewayResponse", "AWS::ApiGateway::Method",
	"AWS::ApiGateway::Resource", "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Stage", "AWS::CDK::Metadata",
	"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::DynamoDB::Table", "AWS::EC2::SecurityGroup", "AWS::EC2::VPCEndpoint", "AWS::Events::Rule",
	"AWS::IAM::Policy", "AWS::IAM::Role", "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::EventSourceMapping",
	"AWS::Lambda::Function", "AWS::Lambda::Permission",
	"AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::SNS::Subscription", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy",
}

// checkPublic complains about a way in beside the API.
func checkPublic(t template) (complaints []string) {
	for id, r := range t.Resources {
		if !slices.Contains(ways, r.Type) {
			complaints = append(complaints, fmt.Sprintf("%s is of type %s, which may be another way in", id, r.Type))
		}
	}
	if apis := t.ofType("AWS::ApiGateway::RestApi"); len(apis) != 1 {
		complaints = append(complaints, fmt.Sprintf("there are %d APIs, want one", len(apis)))
	}
	// In a VPC, what is let in comes from another group of the stack.
	for _, id := range t.ofType("AWS::EC2::SecurityGroup") {
		for _, from := range listOf(t.Resources[id].at("SecurityGroupIngress")) {
			if t.Resources[refersTo(at(from, "SourceSecurityGroupId"))].Type != "AWS::EC2::SecurityGroup" {
				complaints = append(complaints, fmt.Sprintf("%s lets in whoever comes from %s", id, flat(from)))
			}
		}
	}
	callers := []any{"apigateway.amazonaws.com", "events.amazonaws.com"}
	for _, id := range t.ofType("AWS::Lambda::Permission") {
		if who := t.Resources[id].at("Principal"); !slices.Contains(callers, who) {
			complaints = append(complaints, fmt.Sprintf("%s lets %v start a function", id, who))
		}
	}
	return complaints
}

var (
	secretName  = regexp.MustCompile(`(?i)secret|password|token|credential|private|_KEY`)
	secretValue = regexp.MustCompile(`AKIA[0-9A-Z]{16}|-----BEGIN|eyJ[A-Za-z0-9_-]{10,}\.|://[^/?#\s"]*:[^/?#\s"]*@`)
)

// checkPlainSecrets complains about secrets in the environment of functions, where
// whoever may look at a function reads them.
func checkPlainSecrets(t template) (complaints []string) {
	for _, id := range t.ofType("AWS::Lambda::Function") {
		variables, _ := t.Resources[id].at("Environment", "Variables").(map[string]any)
		for key, value := range variables {
			if key != string(names.EnvSecretPath) && secretName.MatchString(key) || secretValue.MatchString(flat(value)) {
				complaints = append(complaints, fmt.Sprintf("%s has a secret in its variable %s", id, key))
			}
		}
	}
	return complaints
}
