package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/names"
)

// checkDeadLetters complains about work that can vanish or go round for ever:
// a drained queue, a schedule or a scheduled function with nowhere to park.
func checkDeadLetters(t template) (complaints []string) {
	for _, id := range t.ofType("AWS::Lambda::EventSourceMapping") {
		source := refersTo(t.Resources[id].at("EventSourceArn"))
		if !t.isQueue(t.Resources[source].at("RedrivePolicy", "deadLetterTargetArn")) {
			complaints = append(complaints, source+" is drained and has no dead-letter queue")
		}
		if !containsValue(t.Resources[id].at("FunctionResponseTypes"), "ReportBatchItemFailures") {
			complaints = append(complaints, id+" fails a whole batch for one message")
		}
	}
	for _, id := range t.ofType("AWS::Events::Rule") {
		for _, target := range listOf(t.Resources[id].at("Targets")) {
			function := refersTo(at(target, "Arn"))
			if !t.isQueue(at(target, "DeadLetterConfig", "Arn")) {
				complaints = append(complaints, fmt.Sprintf("%s loses the sweeps that do not reach %s", id, function))
			}
			if !t.isQueue(t.Resources[function].at("DeadLetterConfig", "TargetArn")) {
				complaints = append(complaints, fmt.Sprintf("%s loses the sweeps that fail", function))
			}
		}
	}
	return complaints
}

func (t template) isQueue(reference any) bool {
	return t.Resources[refersTo(reference)].Type == "AWS::SQS::Queue"
}

func containsValue(list any, value string) bool {
	for _, element := range listOf(list) {
		if element == value {
			return true
		}
	}
	return false
}

// checkTriggers complains when a function's queue or schedule is not as names says.
func checkTriggers(t template) (complaints []string) {
	for _, f := range t.functions() {
		logical := t.function(f.ID)
		for _, queue := range f.Trigger.Queues {
			if !t.drains(logical, queue) {
				complaints = append(complaints, fmt.Sprintf("%s does not drain %s as names says", f.ID, queue))
			}
		}
		if f.Trigger.Schedule != 0 && !t.sweeps(logical, rateOf(f.Trigger.Schedule)) {
			complaints = append(complaints, fmt.Sprintf("%s is not started every %s", f.ID, f.Trigger.Schedule))
		}
	}
	return complaints
}

// rateOf is a period in the words of EventBridge.
func rateOf(period time.Duration) string {
	if period == time.Minute {
		return "rate(1 minute)"
	}
	return fmt.Sprintf("rate(%.0f minutes)", period.Minutes())
}

func (t template) drains(function, queue string) bool {
	for _, want := range t.queues() {
		for _, id := range t.ofType("AWS::Lambda::EventSourceMapping") {
			mapping := t.Resources[id]
			source := t.Resources[refersTo(mapping.at("EventSourceArn"))]
			if want.ID == queue && refersTo(mapping.at("FunctionName")) == function &&
				source.at("QueueName") == names.StackName+"-"+queue &&
				source.at("RedrivePolicy", "maxReceiveCount") == float64(want.MaxReceive) &&
				mapping.at("BatchSize") == float64(want.BatchSize) &&
				mapping.at("ScalingConfig", "MaximumConcurrency") == float64(want.MaxConcurrency) {
				return true
			}
		}
	}
	return false
}

func (t template) sweeps(function, rate string) bool {
	for _, id := range t.ofType("AWS::Events::Rule") {
		for _, target := range listOf(t.Resources[id].at("Targets")) {
			if refersTo(at(target, "Arn")) == function && t.Resources[id].at("ScheduleExpression") == rate {
				return true
			}
		}
	}
	return false
}

// checkVisibility complains when a message can be seen again while it is worked on.
func checkVisibility(t template) (complaints []string) {
	for _, id := range t.ofType("AWS::Lambda::EventSourceMapping") {
		source := refersTo(t.Resources[id].at("EventSourceArn"))
		hidden, _ := t.Resources[source].at("VisibilityTimeout").(float64)
		timeout, _ := t.Resources[refersTo(t.Resources[id].at("FunctionName"))].at("Timeout").(float64)
		if timeout == 0 || hidden < 6*timeout {
			complaints = append(complaints, fmt.Sprintf("%s hides a message for %v s, less than six time-outs of %v s", source, hidden, timeout))
		}
	}
	return complaints
}

// checkQueues complains about queues that are not encrypted.
func checkQueues(t template) (complaints []string) {
	for _, id := range t.ofType("AWS::SQS::Queue") {
		if t.Resources[id].at("SqsManagedSseEnabled") != true && t.Resources[id].at("KmsMasterKeyId") == nil {
			complaints = append(complaints, id+" is not encrypted")
		}
	}
	return complaints
}

// checkQueuesTLS complains about queues that can be spoken to in the clear; emulators know nothing else.
func checkQueuesTLS(t template) (complaints []string) {
	refusing := map[string]bool{}
	for _, id := range t.ofType("AWS::SQS::QueuePolicy") {
		for _, statement := range statements(t.Resources[id].at("PolicyDocument")) {
			if at(statement, "Effect") == "Deny" && at(statement, "Condition", "Bool", "aws:SecureTransport") == "false" {
				for _, queue := range listOf(t.Resources[id].at("Queues")) {
					refusing[refersTo(queue)] = true
				}
			}
		}
	}
	for _, id := range t.ofType("AWS::SQS::Queue") {
		if !refusing[id] {
			complaints = append(complaints, id+" can be spoken to in the clear")
		}
	}
	return complaints
}

// checkRoutes complains when the gateway's table is not that of names.
func checkRoutes(t template) (complaints []string) {
	want := map[names.Route]bool{}
	for _, route := range names.Routes {
		want[route] = true
	}
	for _, id := range t.ofType("AWS::ApiGateway::Method") {
		method := t.Resources[id]
		verb, _ := method.at("HttpMethod").(string)
		route := names.Route{Method: verb, Path: t.path(refersTo(method.at("ResourceId"))), Function: t.integration(method)}
		if !want[route] {
			complaints = append(complaints, fmt.Sprintf("names has no route %v", route))
		}
		delete(want, route)
	}
	for route := range want {
		complaints = append(complaints, fmt.Sprintf("the gateway has no route %v", route))
	}
	return complaints
}

// path returns the whole path of a gateway resource, from its parents.
func (t template) path(id string) string {
	r := t.Resources[id]
	if r.Type != "AWS::ApiGateway::Resource" {
		return ""
	}
	part, _ := r.at("PathPart").(string)
	return t.path(refersTo(r.at("ParentId"))) + "/" + part
}

// integration returns the id of the function that a method proxies to, or "".
func (t template) integration(method resource) string {
	if method.at("Integration", "Type") != "AWS_PROXY" {
		return ""
	}
	uri := flat(method.at("Integration", "Uri"))
	for _, f := range t.functions() {
		if strings.Contains(uri, "${"+t.function(f.ID)+"}") {
			return f.ID
		}
	}
	return ""
}

// checkStage complains about a gateway without a bound, without a log, or that mangles bodies.
func checkStage(t template) (complaints []string) {
	for _, id := range t.ofType("AWS::ApiGateway::RestApi") {
		if !containsValue(t.Resources[id].at("BinaryMediaTypes"), "*/*") {
			complaints = append(complaints, id+" mangles compressed bodies")
		}
	}
	stages := t.ofType("AWS::ApiGateway::Stage")
	if len(stages) != 1 || t.Resources[stages[0]].at("StageName") != names.StageName {
		complaints = append(complaints, "the stage is not "+names.StageName)
	}
	for _, id := range stages {
		stage := t.Resources[id]
		if log := refersTo(stage.at("AccessLogSetting", "DestinationArn")); t.Resources[log].Type != "AWS::Logs::LogGroup" {
			complaints = append(complaints, id+" has no access log")
		}
		bounded := false
		for _, setting := range listOf(stage.at("MethodSettings")) {
			bounded = bounded || at(setting, "ResourcePath") == "/*" && at(setting, "ThrottlingRateLimit") != nil && at(setting, "ThrottlingBurstLimit") != nil
		}
		if !bounded {
			complaints = append(complaints, id+" has no throttle")
		}
	}
	return complaints
}

// checkTLS complains about an API whose own endpoint takes less than TLS 1.2.
func checkTLS(t template) (complaints []string) {
	for _, id := range t.ofType("AWS::ApiGateway::RestApi") {
		api := t.Resources[id]
		policy, _ := api.at("SecurityPolicy").(string)
		if least := regexp.MustCompile(`^(SecurityPolicy_TLS13_1_[23]_[A-Z0-9_]+|TLS_1_2)$`); !least.MatchString(policy) {
			complaints = append(complaints, fmt.Sprintf("%s may be spoken to in TLS older than 1.2: its policy is %q", id, policy))
		}
		if mode := api.at("EndpointAccessMode"); strings.HasPrefix(policy, "SecurityPolicy_") && mode == nil {
			complaints = append(complaints, id+" has a policy that AWS refuses without an access mode")
		}
		if kinds := api.at("EndpointConfiguration", "Types"); !containsValue(kinds, "REGIONAL") {
			complaints = append(complaints, fmt.Sprintf("%s is %v, and its policy is one of regional endpoints", id, kinds))
		}
	}
	return complaints
}

// logged is what the access log may hold of a call: nothing in it was written by the caller
// or names a person. A path, a query or a header would.
var logged = []string{
	"$context.requestId", "$context.extendedRequestId", "$context.requestTime", "$context.httpMethod", "$context.resourcePath",
	"$context.status", "$context.error.responseType", "$context.integrationStatus", "$context.integrationLatency",
	"$context.responseLatency", "$context.responseLength", "$context.identity.sourceIp", "$context.tlsVersion",
}

// neededInLog is what says of a refused call whose it was and what was called.
var neededInLog = []string{"$context.identity.sourceIp", "$context.resourcePath", "$context.httpMethod", "$context.status", "$context.error.responseType", "$context.extendedRequestId"}

// checkAccessLog complains about a log that holds more of people than it may, or too little
// to find out who called what.
func checkAccessLog(t template) (complaints []string) {
	for _, id := range t.ofType("AWS::ApiGateway::Stage") {
		format, _ := t.Resources[id].at("AccessLogSetting", "Format").(string)
		held := regexp.MustCompile(`\$[A-Za-z.]+`).FindAllString(format, -1)
		for _, value := range held {
			if !slices.Contains(logged, value) {
				complaints = append(complaints, fmt.Sprintf("%s logs %s, which may name a person", id, value))
			}
		}
		for _, value := range neededInLog {
			if !slices.Contains(held, value) {
				complaints = append(complaints, fmt.Sprintf("%s does not log %s", id, value))
			}
		}
	}
	return complaints
}

// checkSweeps complains about sweeps that are kept when they are too late to be of use,
// or tried again: the next one does their work.
func checkSweeps(t template) (complaints []string) {
	for _, f := range t.functions() {
		if f.Trigger.Schedule == 0 {
			continue
		}
		found := false
		for _, id := range t.ofType("AWS::Lambda::EventInvokeConfig") {
			config := t.Resources[id]
			if refersTo(config.at("FunctionName")) != t.function(f.ID) {
				continue
			}
			found = true
			if age := config.at("MaximumEventAgeInSeconds"); age != f.Trigger.Schedule.Seconds() {
				complaints = append(complaints, fmt.Sprintf("%s keeps a sweep for %v s, want %v", f.ID, age, f.Trigger.Schedule.Seconds()))
			}
			if retries := config.at("MaximumRetryAttempts"); retries != 0.0 {
				complaints = append(complaints, fmt.Sprintf("%s tries a sweep %v times more, want 0", f.ID, retries))
			}
		}
		if !found {
			complaints = append(complaints, f.ID+" keeps a sweep for as long as Lambda does, which is six hours")
		}
	}
	return complaints
}

// checkOutputs complains when an output that scripts read is missing.
func checkOutputs(t template) (complaints []string) {
	for _, id := range []string{names.OutputAPIID, names.OutputTable, names.OutputUrgentQueue, names.OutputURL, names.OutputAlarmTopic} {
		if t.Outputs[id] == nil {
			complaints = append(complaints, "there is no output "+id)
		}
	}
	return complaints
}
