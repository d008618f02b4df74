package main

import (
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/config"
	"leasehold/pkg/names"
)

type check func(template) []string

// checks must hold for every deployment, awsChecks where there is something to lose.
var (
	checks = map[string]check{
		"wildcards": checkWildcards, "roles": checkRoles, "rights": checkRights, "secrets": checkSecrets, "invokers": checkInvokers,
		"functions": checkFunctions, "environment": checkEnvironment, "logs": checkLogs,
		"files": checkFiles, "table": checkTable, "indexes": checkIndexes,
		"dead letters": checkDeadLetters, "triggers": checkTriggers, "visibility": checkVisibility, "queues": checkQueues,
		"routes": checkRoutes, "stage": checkStage, "TLS": checkTLS, "access log": checkAccessLog, "sweeps": checkSweeps, "outputs": checkOutputs,
		"public": checkPublic, "plain secrets": checkPlainSecrets,
		"alarms": checkAlarms, "topic": checkTopic, "dashboard": checkDashboard,
	}
	awsChecks = map[string]check{"table stays": checkTableStays, "queues TLS": checkQueuesTLS, "topic TLS": checkTopicTLS, "watched": checkWatched}
)

func TestDeployments(t *testing.T) {
	all := maps.Clone(checks)
	maps.Copy(all, awsChecks)
	for name, check := range all {
		t.Run("AWS/"+name, func(t *testing.T) { report(t, check(onAWS)) })
	}
	for name, check := range all {
		t.Run("domain/"+name, func(t *testing.T) { report(t, check(onDomain)) })
	}
	for name, check := range all {
		t.Run("VPC/"+name, func(t *testing.T) { report(t, check(inVPC)) })
	}
	for name, check := range checks {
		t.Run("emulator/"+name, func(t *testing.T) { report(t, check(onEmulator)) })
	}
}

// Whoever gives the API a domain of its own, with a firewall in front of it perhaps, can
// close the way past it.
func TestTheDefaultEndpointCanBeClosed(t *testing.T) {
	for name, tt := range map[string]struct {
		deployed template
		closed   bool
	}{"AWS": {onAWS, false}, "domain": {onDomain, true}, "emulator": {onEmulator, false}} {
		for _, id := range tt.deployed.ofType("AWS::ApiGateway::RestApi") {
			if got, _ := tt.deployed.Resources[id].at("DisableExecuteApiEndpoint").(bool); got != tt.closed {
				t.Errorf("%s: closed = %v, want %v", name, got, tt.closed)
			}
		}
	}
	if got := at(onDomain.Outputs[names.OutputURL], "Value"); got != "https://access.example.com" {
		t.Errorf("the output %s is %v, which does not answer", names.OutputURL, got)
	}
}

func report(t *testing.T, complaints []string) {
	t.Helper()
	for _, complaint := range complaints {
		t.Error(complaint)
	}
}

// spoil changes the first resource of the type for which change says that it found its place.
func spoil(kind string, change func(map[string]any) bool) func(template) {
	return func(t template) {
		for _, id := range t.ofType(kind) {
			if change(t.Resources[id].Properties) {
				return
			}
		}
	}
}

// without takes a property away.
func without(kind, property string) func(template) {
	return spoil(kind, func(p map[string]any) bool {
		_, there := p[property]
		delete(p, property)
		return there
	})
}

// put sets a property, in the depth.
func put(kind string, value any, path ...string) func(template) {
	return spoil(kind, func(p map[string]any) bool {
		last := len(path) - 1
		parent, ok := at(p, path[:last]...).(map[string]any)
		if ok {
			parent[path[last]] = value
		}
		return ok
	})
}

// allowing adds a statement to the first policy.
func allowing(statement map[string]any) func(template) {
	return spoil("AWS::IAM::Policy", func(p map[string]any) bool {
		document := p["PolicyDocument"].(map[string]any)
		statement["Effect"] = "Allow"
		document["Statement"] = append(document["Statement"].([]any), statement)
		return true
	})
}

// roleOf calls change with each statement of a function's role.
func roleOf(function string, change func(t template, statement map[string]any)) func(template) {
	return func(t template) {
		role := refersTo(t.Resources[t.function(function)].at("Role"))
		for _, id := range t.ofType("AWS::IAM::Policy") {
			if refersTo(listOf(t.Resources[id].at("Roles"))[0]) == role {
				for _, statement := range statements(t.Resources[id].at("PolicyDocument")) {
					change(t, statement.(map[string]any))
				}
			}
		}
	}
}

// sending lets a function send to another queue than names says.
func sending(function, queue string) func(template) {
	return roleOf(function, func(t template, statement map[string]any) {
		if at(statement, "Action") == "sqs:SendMessage" {
			for _, id := range t.ofType("AWS::SQS::Queue") {
				if t.Resources[id].at("QueueName") == names.StackName+"-"+queue {
					statement["Resource"] = map[string]any{"Fn::GetAtt": []any{id, "Arn"}}
				}
			}
		}
	})
}

// widened has a function's role allow another action in place of one.
func widened(function, action, other string) func(template) {
	return roleOf(function, func(_ template, statement map[string]any) {
		actions := listOf(at(statement, "Action"))
		if i := slices.Index(actions, any(action)); i >= 0 {
			actions[i] = other
		}
	})
}

// allowed changes the statement that lets somebody publish.
func allowed(change func(map[string]any)) func(template) {
	return spoil("AWS::SNS::TopicPolicy", func(p map[string]any) bool {
		for _, statement := range listOf(at(p, "PolicyDocument", "Statement")) {
			if at(statement, "Effect") == "Allow" {
				change(statement.(map[string]any))
				return true
			}
		}
		return false
	})
}

// Every check is shown to fail, and with the right words, on a template that has what it is there for.
func TestChecksCanFail(t *testing.T) {
	const queue, function, mapping, rule = "AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping", "AWS::Events::Rule"
	const alarm = "AWS::CloudWatch::Alarm"
	arn := "arn:aws:s3:::bucket"

	tests := []struct {
		check string
		name  string
		spoil func(template)
		want  string
	}{
		{"wildcards", "any action", allowing(map[string]any{"Action": "*", "Resource": arn}), "the action *"},
		{"wildcards", "all of a service", allowing(map[string]any{"Action": []any{"s3:GetObject", "dynamodb:*"}, "Resource": arn}), "dynamodb:*"},
		{"wildcards", "any resource", allowing(map[string]any{"Action": "s3:GetObject", "Resource": "*"}), "the resource *"},
		{"wildcards", "all indexes", allowing(map[string]any{"Action": "dynamodb:Query",
			"Resource": map[string]any{"Fn::Join": []any{"", []any{map[string]any{"Ref": "Table"}, "/index/*"}}}}), "${Table}/index/*"},
		{"wildcards", "forced end behind another wildcard", allowing(map[string]any{"Action": "ssm:GetParameter",
			"Resource": "arn:aws:ssm:*:1:parameter" + secretPath + "/*"}), "the resource arn:aws:ssm:*"},
		{"wildcards", "all but one", allowing(map[string]any{"NotAction": "s3:GetObject", "Resource": arn}), "NotAction"},
		{"wildcards", "anybody may send", spoil("AWS::SQS::QueuePolicy", func(p map[string]any) bool {
			listOf(at(p, "PolicyDocument", "Statement"))[0].(map[string]any)["Effect"] = "Allow"
			return true
		}), "anybody"},
		{"wildcards", "managed policy", put("AWS::IAM::Role", []any{"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}, "ManagedPolicyArns"), "AWSLambdaBasicExecutionRole"},

		{"roles", "one for two", func(t template) {
			t.Resources[t.function(names.Expire)].Properties["Role"] = t.Resources[t.function(names.Deliver)].Properties["Role"]
		}, "share the role"},
		{"roles", "one from elsewhere", put(function, "arn:aws:iam::1:role/admin", "Role"), "no role of this stack"},
		{"roles", "policy for two", put("AWS::IAM::Policy", []any{map[string]any{"Ref": "a"}, map[string]any{"Ref": "b"}}, "Roles"), "2 roles"},
		{"roles", "for another service", func(t template) {
			role := t.Resources[refersTo(t.Resources[t.function(names.Deliver)].at("Role"))]
			at(listOf(role.at("AssumeRolePolicyDocument", "Statement"))[0], "Principal").(map[string]any)["Service"] = "ec2.amazonaws.com"
		}, "ec2"},

		{"rights", "to a queue that is not its own", sending(names.Deliver, names.DeliverUrgent), "deliver may sqs:SendMessage on ${deliverurgent"},
		{"rights", "one action more", widened(names.Fanout, "dynamodb:DeleteItem", "dynamodb:Scan"), "fanout may dynamodb:Scan on ${Table"},
		{"rights", "one action less", widened(names.Fanout, "dynamodb:DeleteItem", "dynamodb:Scan"), "fanout may not dynamodb:DeleteItem on ${Table"},
		{"rights", "what only Lambda needs", widened(names.Expire, "logs:PutLogEvents", "logs:GetLogEvents"), "expire may not logs:PutLogEvents"},

		{"secrets", "for a function without need", func(t template) {
			role := t.Resources[t.function(names.Requests)].at("Role")
			for _, id := range t.ofType("AWS::IAM::Policy") {
				if refersTo(listOf(t.Resources[id].at("Roles"))[0]) == refersTo(role) {
					statement := map[string]any{"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": arn}
					document := t.Resources[id].at("PolicyDocument").(map[string]any)
					document["Statement"] = append(document["Statement"].([]any), statement)
				}
			}
		}, "requests: may use credentials: true"},

		{"invokers", "any API", without("AWS::Lambda::Permission", "SourceArn"), "lets all of"},

		{"functions", "one too few", func(t template) { delete(t.Resources, t.function(names.Expire)) }, "expire is missing"},
		{"functions", "one too many", func(t template) { t.Resources["Extra"] = resource{Type: function} }, "there are"},
		{"functions", "other time-out", put(function, 900.0, "Timeout"), "Timeout is 900"},

		{"environment", "key too many", put(function, "x", "Environment", "Variables", "LEASEHOLD_NOBODY_READS"), "LEASEHOLD_NOBODY_READS"},
		{"environment", "key too few", spoil(function, func(p map[string]any) bool {
			delete(at(p, "Environment", "Variables").(map[string]any), string(names.EnvTable))
			return true
		}), "names says"},

		{"logs", "for ever", without("AWS::Logs::LogGroup", "RetentionInDays"), "kept for ever"},
		{"logs", "of Lambda's own making", without(function, "LoggingConfig"), "no log of this stack"},

		{"table", "no recovery", without("AWS::DynamoDB::Table", "PointInTimeRecoverySpecification"), "point in time"},
		{"table", "recovery off", put("AWS::DynamoDB::Table", false, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"), "point in time"},
		{"table", "provisioned", put("AWS::DynamoDB::Table", "PROVISIONED", "BillingMode"), "on demand"},
		{"table", "two of them", func(t template) { t.Resources["Extra"] = resource{Type: "AWS::DynamoDB::Table"} }, "2 tables"},
		{"table", "other keys", put("AWS::DynamoDB::Table", []any{map[string]any{"AttributeName": "id", "KeyType": "HASH"}}, "KeySchema"), "keys are"},
		{"table", "nothing expires", without("AWS::DynamoDB::Table", "TimeToLiveSpecification"), "cool-down records"},
		{"table stays", "no protection", put("AWS::DynamoDB::Table", false, "DeletionProtectionEnabled"), "can be deleted"},

		{"files", "no bucket", func(t template) { delete(t.Resources, t.ofType("AWS::S3::Bucket")[0]) }, "there are 0 buckets, want one"},
		{"files", "public", put("AWS::S3::Bucket", false, "PublicAccessBlockConfiguration", "RestrictPublicBuckets"), "the bucket can be public: RestrictPublicBuckets"},
		{"files", "in the clear", without("AWS::S3::Bucket", "BucketEncryption"), "the bucket is not encrypted"},
		{"files", "kept", without("AWS::S3::Bucket", "LifecycleConfiguration"), "the bucket does not forget files and uploads after 1 days"},
		{"indexes", "none", without("AWS::DynamoDB::Table", "GlobalSecondaryIndexes"), "the table has no index " + names.Index1},
		{"indexes", "name too short", spoil("AWS::DynamoDB::Table", func(p map[string]any) bool {
			listOf(p["GlobalSecondaryIndexes"])[0].(map[string]any)["IndexName"] = "i1"
			return true
		}), "refuses the index name"},
		{"indexes", "everything projected", spoil("AWS::DynamoDB::Table", func(p map[string]any) bool {
			at(listOf(p["GlobalSecondaryIndexes"])[0], "Projection").(map[string]any)["ProjectionType"] = "ALL"
			return true
		}), "projects ALL"},

		{"dead letters", "queue without", without(queue, "RedrivePolicy"), "no dead-letter queue"},
		{"dead letters", "whole batches", without(mapping, "FunctionResponseTypes"), "whole batch"},
		{"dead letters", "schedule without", spoil(rule, func(p map[string]any) bool {
			delete(listOf(p["Targets"])[0].(map[string]any), "DeadLetterConfig")
			return true
		}), "do not reach"},
		{"dead letters", "scheduled function without", without(function, "DeadLetterConfig"), "sweeps that fail"},

		{"triggers", "other batch", put(mapping, 1.0, "BatchSize"), "does not drain"},
		{"triggers", "without bound", without(mapping, "ScalingConfig"), "does not drain"},
		{"triggers", "fewer receipts", put(queue, 1.0, "RedrivePolicy", "maxReceiveCount"), "does not drain"},
		{"triggers", "once a day", put(rule, "rate(1 day)", "ScheduleExpression"), "is not started every"},

		{"visibility", "five time-outs", spoil(queue, func(p map[string]any) bool {
			_, there := p["VisibilityTimeout"] // a dead-letter queue has none
			p["VisibilityTimeout"] = 5 * names.DeliverTimeout.Seconds()
			return there
		}), "six time-outs"},
		{"visibility", "SQS's default", without(queue, "VisibilityTimeout"), "six time-outs"},

		{"queues", "in the clear at rest", without(queue, "SqsManagedSseEnabled"), "not encrypted"},
		{"queues TLS", "in the clear on the way", func(t template) { delete(t.Resources, t.ofType("AWS::SQS::QueuePolicy")[0]) }, "in the clear"},

		{"routes", "to the wrong function", func(t template) {
			for _, id := range t.ofType("AWS::ApiGateway::Method") {
				if method := t.Resources[id]; t.integration(method) == names.Requests {
					at(method.Properties, "Integration").(map[string]any)["Uri"] = map[string]any{"Ref": t.function(names.Catalogs)}
					return
				}
			}
		}, "names has no route"},
		{"routes", "one missing", func(t template) { delete(t.Resources, t.ofType("AWS::ApiGateway::Method")[0]) }, "the gateway has no route"},
		{"routes", "answered by the gateway", put("AWS::ApiGateway::Method", "MOCK", "Integration", "Type"), "names has no route"},

		{"stage", "other name", put("AWS::ApiGateway::Stage", "prod", "StageName"), "the stage is not live"},
		{"stage", "no throttle", without("AWS::ApiGateway::Stage", "MethodSettings"), "no throttle"},
		{"stage", "no access log", without("AWS::ApiGateway::Stage", "AccessLogSetting"), "no access log"},
		{"stage", "text only", without("AWS::ApiGateway::RestApi", "BinaryMediaTypes"), "mangles"},

		{"TLS", "AWS's own choice", without("AWS::ApiGateway::RestApi", "SecurityPolicy"), "older than 1.2"},
		{"TLS", "the oldest", put("AWS::ApiGateway::RestApi", "TLS_1_0", "SecurityPolicy"), "older than 1.2"},
		{"TLS", "no access mode", without("AWS::ApiGateway::RestApi", "EndpointAccessMode"), "AWS refuses"},
		{"TLS", "at the edge", put("AWS::ApiGateway::RestApi", []any{"EDGE"}, "EndpointConfiguration", "Types"), "of regional endpoints"},
		{"access log", "with the path", put("AWS::ApiGateway::Stage", `{"path":"$context.path"}`, "AccessLogSetting", "Format"), "logs $context.path"},
		{"access log", "with a header", put("AWS::ApiGateway::Stage", `{"agent":"$context.identity.userAgent"}`, "AccessLogSetting", "Format"), "userAgent"},
		{"access log", "without the route", put("AWS::ApiGateway::Stage", `{"ip":"$context.identity.sourceIp"}`, "AccessLogSetting", "Format"), "does not log $context.resourcePath"},
		{"sweeps", "kept for hours", without("AWS::Lambda::EventInvokeConfig", "MaximumEventAgeInSeconds"), "keeps a sweep for <nil> s"},
		{"sweeps", "tried again", put("AWS::Lambda::EventInvokeConfig", 2.0, "MaximumRetryAttempts"), "tries a sweep 2 times more"},
		{"sweeps", "as Lambda likes", func(t template) { delete(t.Resources, t.ofType("AWS::Lambda::EventInvokeConfig")[0]) }, "six hours"},

		{"public", "function URL", func(t template) { t.Resources["Extra"] = resource{Type: "AWS::Lambda::Url"} }, "another way in"},
		{"public", "access point", func(t template) { t.Resources["Extra"] = resource{Type: "AWS::S3::AccessPoint"} }, "another way in"},
		{"files", "another bucket", func(t template) { t.Resources["Extra"] = resource{Type: "AWS::S3::Bucket"} }, "there are 2 buckets"},
		{"public", "second API", func(t template) { t.Resources["Extra"] = resource{Type: "AWS::ApiGateway::RestApi"} }, "2 APIs"},
		{"public", "anybody starts a function", put("AWS::Lambda::Permission", "*", "Principal"), "lets * start"},
		{"plain secrets", "by name", put(function, "x", "Environment", "Variables", "LEASEHOLD_SCIM_TOKEN"), "a secret in its variable LEASEHOLD_SCIM_TOKEN"},
		{"plain secrets", "in an address", put(function, "https://ann:pass@scim.example.com", "Environment", "Variables", "LEASEHOLD_SCIM"), "a secret"},
		{"plain secrets", "access key", put(function, "AKIAIOSFODNN7EXAMPLE", "Environment", "Variables", "LEASEHOLD_X"), "a secret"},
		{"plain secrets", "private key", put(function, "-----BEGIN PRIVATE KEY-----", "Environment", "Variables", "LEASEHOLD_X"), "a secret"},

		{"alarms", "no description", without(alarm, "AlarmDescription"), "no runbook line"},
		{"alarms", "no runbook", put(alarm, "Something is wrong with the deliveries.", "AlarmDescription"), "no runbook line"},
		{"alarms", "runbook of one word", put(alarm, "Something is wrong with it. "+runbookMark+"Hm.", "AlarmDescription"), "no runbook line"},
		{"alarms", "too long", put(alarm, strings.Repeat("long ", 300), "AlarmDescription"), "longer than"},
		{"alarms", "without action", without(alarm, "AlarmActions"), "tells nobody"},
		{"alarms", "switched off", put(alarm, false, "ActionsEnabled"), "tells nobody"},
		{"topic", "without policy", func(t template) { delete(t.Resources, t.ofType("AWS::SNS::TopicPolicy")[0]) }, "the whole account"},
		{"topic", "all alarms of the world", allowed(func(statement map[string]any) { delete(statement, "Condition") }), "others than our alarms"},
		{"topic", "another service", allowed(func(statement map[string]any) {
			statement["Principal"] = map[string]any{"Service": "s3.amazonaws.com"}
		}), "others than our alarms"},
		{"topic TLS", "in the clear", spoil("AWS::SNS::TopicPolicy", func(p map[string]any) bool {
			for _, statement := range listOf(at(p, "PolicyDocument", "Statement")) {
				delete(statement.(map[string]any), "Condition")
			}
			return true
		}), "in the clear"},
		{"watched", "silent schedule", func(t template) {
			t.Resources[t.alarmNamed("schedule-silent")].Properties["TreatMissingData"] = "ignore"
		}, "fires nowhere"},
		{"watched", "age of the urgent queue", func(t template) { delete(t.Resources, t.alarmNamed("urgent-age")) }, "ApproximateAgeOfOldestMessage of deliverurgent"},
		{"watched", "age of the bulk queue", func(t template) { delete(t.Resources, t.alarmNamed("bulk-age")) }, "ApproximateAgeOfOldestMessage of deliverbulk"},
		{"watched", "dead letters", func(t template) { delete(t.Resources, t.alarmNamed("dead-letters")) }, "ApproximateNumberOfMessagesVisible of expiredead"},
		{"watched", "a worker", func(t template) { delete(t.Resources, t.alarmNamed("worker-errors")) }, "Errors of fanout"},
		{"watched", "the API", func(t template) { delete(t.Resources, t.alarmNamed("api-errors")) }, "5XXError"},
		{"watched", "throttles", func(t template) { delete(t.Resources, t.alarmNamed("throttles")) }, "Throttles"},
		{"watched", "pending reconciliations", func(t template) { delete(t.Resources, t.alarmNamed("pending-reconciliation")) }, names.MetricOldestPendingReconciliation},
		{"watched", "overdue removals", func(t template) { delete(t.Resources, t.alarmNamed("overdue-removals")) }, names.MetricOverdueRemovals},
		{"dashboard", "none", func(t template) { delete(t.Resources, t.ofType("AWS::CloudWatch::Dashboard")[0]) }, "0 dashboards"},
		{"dashboard", "empty", put("AWS::CloudWatch::Dashboard", "{}", "DashboardBody"), "does not show " + names.MetricExpiryLag},

		{"outputs", "one missing", func(t template) { delete(t.Outputs, names.OutputAPIID) }, names.OutputAPIID},
	}

	all := maps.Clone(checks)
	maps.Copy(all, awsChecks)
	unproven := maps.Clone(all)
	for _, tt := range tests {
		delete(unproven, tt.check)
		t.Run(tt.check+"/"+tt.name, func(t *testing.T) {
			spoiled := onAWS.clone()
			tt.spoil(spoiled)

			got := all[tt.check](spoiled)

			if !slices.ContainsFunc(got, func(complaint string) bool { return strings.Contains(complaint, tt.want) }) {
				t.Errorf("complaints = %q, want one with %q", got, tt.want)
			}
		})
	}
	for name := range unproven {
		t.Errorf("nobody has seen the check %q fail", name)
	}
}

// The loop closes here: what the template gives a function is what config.Load demands of it, no key more and none less.
func TestTemplateGivesWhatConfigDemands(t *testing.T) {
	for name, deployed := range map[string]template{"AWS": onAWS, "emulator": onEmulator, "VPC": inVPC, "way out": wayOut} {
		for _, f := range deployed.functions() {
			t.Run(name+"/"+f.ID, func(t *testing.T) {
				variables, _ := deployed.Resources[deployed.function(f.ID)].at("Environment", "Variables").(map[string]any)
				env := map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"} // Lambda's part
				for key, value := range variables {
					env[key] = afterDeployment(value)
				}
				load := func() error {
					_, err := config.Load(func(key string) (string, bool) { value, ok := env[key]; return value, ok }, f.Code())
					return err
				}

				if err := load(); err != nil {
					t.Fatalf("the function would not start: %v", err)
				}
				for key := range variables {
					value := env[key]
					delete(env, key)
					if err := load(); err == nil || !strings.Contains(err.Error(), key) {
						t.Errorf("%s is given, but config does not demand it: %v", key, err)
					}
					env[key] = value
				}
			})
		}
	}
}

// afterDeployment stands for a value that exists only once the stack does.
func afterDeployment(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	return "https://sqs.eu-west-1.amazonaws.com/123456789012/" + refersTo(value)
}

func TestDeploymentsDifferWhereTheyMust(t *testing.T) {
	arch := map[string]string{"amd64": "x86_64", "arm64": "arm64"}
	tests := []struct {
		name     string
		deployed template
		emulated string
		arch     string
	}{
		{"AWS", onAWS, "false", "arm64"},
		{"emulator", onEmulator, "true", arch[runtime.GOARCH]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			function := tt.deployed.Resources[tt.deployed.function(names.Deliver)]
			if got := function.at("Environment", "Variables", string(names.EnvEmulated)); got != tt.emulated {
				t.Errorf("%s = %v, want %s", names.EnvEmulated, got, tt.emulated)
			}
			if !containsValue(function.at("Architectures"), tt.arch) {
				t.Errorf("architectures = %v, want %s", function.at("Architectures"), tt.arch)
			}
		})
	}

	if report := checkTableStays(onEmulator); len(report) == 0 {
		t.Error("an emulator's table outlives its stack")
	}
	if report := checkQueuesTLS(onEmulator); len(report) == 0 {
		t.Error("an emulator's queues refuse plain HTTP, which is all it speaks")
	}
}
