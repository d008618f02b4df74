package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/jsii-runtime-go"

	"leasehold/pkg/names"
)

// runbookMark begins the part of an alarm's description that says what to do.
const runbookMark = "Runbook: "

// alarm is one thing that somebody must be told of. Every metric that an alarm looks at
// costs 0.10 $ a month, so there is one alarm for each thing to do, not for each metric.
type alarm struct {
	id      string
	means   string                                    // what is wrong, and for whom
	runbook string                                    // what to do about it
	metric  func(*stackBuilder) awscloudwatch.IMetric // nil: ours, as names has it
}

var alarms = []alarm{
	{"schedule-silent", "No sweep has done its work for five minutes: nothing ends, starts or is repaired.",
		"See whether the rule of the schedule is enabled, and what the log of the function expire says of sweeps that failed. Nothing is lost: the next sweep catches up.", nil},
	{"expiry-lag", "Assignments end more than two minutes late.",
		"See on the dashboard whether very many were due at once, which passes, and else in the log of expire whether the table throttles or sweeps run out of time.", nil},
	{"overdue-removals", "Somebody still has access that has ended.",
		"GET /v1.0/leasehold/removals names person and package, and of each role that is left connector, resource, role, reason and next attempt, by their ids; /v1.0/leasehold/deliveryErrors counts people by target and reason. Mend the target or its credential, then reprocess by that reason, since what has ended cannot be reprocessed by itself; where access must end at once, remove the person in the target by hand. Where it can never be seen to end, since the system is gone, POST /v1.0/leasehold/removals/{assignmentId}/close with a justification closes it.", nil},
	{"pending-reconciliation", "A delivery has been failing for more than an hour.",
		"GET /v1.0/leasehold/deliveryErrors counts them by reason. Mend what the reason names, then reprocess by that reason; what can pass is tried again by itself all the while.", nil},
	{"urgent-age", "A request or a removal has waited for the delivery worker for more than five minutes.",
		"See whether Lambda throttles, and the log of the function deliver: a slow target shows as long calls. Messages that get lost meanwhile are repaired by the sweep.",
		func(h *stackBuilder) awscloudwatch.IMetric { return h.oldestOf(names.DeliverUrgent) }},
	{"bulk-age", "An edit of a package has been on its way to the holders for more than half an hour.",
		"See the logs of the functions fanout and deliver. A target that limits our rate is the usual cause, and passes; requests and removals do not wait for it.",
		func(h *stackBuilder) awscloudwatch.IMetric {
			return h.oldestOf(names.DeliverBulk, names.FanoutJobs)
		}},
	{"unreadable-items", "Something in the table cannot be read by this version of the service, and is left out of what it does.",
		"The log of the function that met it names the item: search for cannot be read. After a rollback the newer version reads it again: deploy that, and the next sweep goes on. Otherwise the item is damaged: whoever waits for it is served by hand until it is restored from a backup.", nil},
	{"dead-letters", "Messages or sweeps that failed every time have been parked.",
		"make dlq shows them. When the cause is fixed, make dlq REDRIVE=<queue> gives them back; make dlq DISCARD=<queue> drops what is of no use, as a failed sweep always is. They are kept for fourteen days.",
		func(h *stackBuilder) awscloudwatch.IMetric {
			return formula("SUM(METRICS())", time.Minute, h.parked()...)
		}},
	{"worker-errors", "Functions behind a queue or the schedule have crashed or run out of time three times in a quarter of an hour.",
		"Search the logs of the functions deliver, fanout, expire and drift for panicked and for Task timed out; the dashboard tells which. Their work is tried again, and what fails every time is parked.",
		func(h *stackBuilder) awscloudwatch.IMetric {
			return formula("SUM(METRICS())", 15*time.Minute, h.workerErrors()...)
		}},
	{"api-errors", "More than five calls in five minutes were answered with a status of 500 or more.",
		"Take the request-id from an answer, or the requestId from the access log, and search the logs of the functions catalogs and requests for it. 503 means that the table or a queue did not answer us.",
		func(h *stackBuilder) awscloudwatch.IMetric {
			return h.api.MetricServerError(&awscloudwatch.MetricOptions{Statistic: jsii.String("Sum"), Period: seconds(5 * time.Minute)})
		}},
	{"throttles", "Lambda refuses to start functions of this account and region, perhaps others than ours.",
		"The account's concurrency is used up. See which function uses it, and ask AWS for a higher quota of concurrent executions.",
		func(*stackBuilder) awscloudwatch.IMetric {
			// Of all functions together: they share one limit, and it is one metric.
			return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{Namespace: jsii.String("AWS/Lambda"), MetricName: jsii.String("Throttles"),
				Statistic: jsii.String("Sum"), Period: seconds(time.Minute)})
		}},
}

// addAlarms adds the alarms and what they tell. RUNBOOK.md lists them.
func (h *stackBuilder) addAlarms() {
	tell := awscloudwatchactions.NewSnsAction(h.addTopic())
	for _, a := range alarms {
		when, known := names.FindAlarm(a.id)
		if !known {
			panic("names has no alarm " + a.id)
		}

		metric := a.metricOf(h, when)
		if _, several := metric.(awscloudwatch.MathExpression); several && h.settings.emulator {
			continue // one emulator refuses alarms on more than one metric
		}

		added := awscloudwatch.NewAlarm(h.stack, jsii.String(a.id), &awscloudwatch.AlarmProps{
			AlarmName:          jsii.String(names.StackName + "-" + a.id),
			AlarmDescription:   jsii.String(a.means + " " + runbookMark + a.runbook),
			Metric:             metric,
			ComparisonOperator: comparison(when.Below),
			Threshold:          jsii.Number(when.At),
			EvaluationPeriods:  jsii.Number(when.Periods),
			TreatMissingData:   missingData(when.MissingDataBreaches),
		})

		added.AddAlarmAction(tell)
		added.AddOkAction(tell)
		h.alarms = append(h.alarms, added)
	}
}

func (a alarm) metricOf(h *stackBuilder, when names.Alarm) awscloudwatch.IMetric {
	if a.metric == nil {
		return ours(when.Metric.Name, string(when.Metric.Statistic))
	}
	return a.metric(h)
}

func comparison(below bool) awscloudwatch.ComparisonOperator {
	if below {
		return awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD
	}
	return awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD
}

func missingData(fires bool) awscloudwatch.TreatMissingData {
	if fires {
		return awscloudwatch.TreatMissingData_BREACHING
	}
	return awscloudwatch.TreatMissingData_NOT_BREACHING
}

// ours is a metric that our functions emit.
func ours(name, statistic string) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{Namespace: jsii.String(names.MetricNamespace), MetricName: jsii.String(name),
		Statistic: jsii.String(statistic), Period: seconds(time.Minute)})
}

// formula makes one metric of several; one that has no value at a time does not count.
func formula(expression string, period time.Duration, metrics ...awscloudwatch.IMetric) awscloudwatch.IMetric {
	used := map[string]awscloudwatch.IMetric{}
	for i, metric := range metrics {
		used[fmt.Sprintf("m%d", i)] = metric
	}
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression: jsii.String(expression), UsingMetrics: &used, Period: seconds(period), Label: jsii.String(strings.ToLower(expression[:3]))})
}

// oldestOf is the age of the oldest message in some queues, and in those that stand for them in the
// VPC.
func (h *stackBuilder) oldestOf(queues ...string) awscloudwatch.IMetric {
	for _, id := range queues {
		if inside := names.CounterpartOf(id); h.queues[inside] != nil {
			queues = append(queues, inside)
		}
	}
	if len(queues) == 1 {
		return h.oldest(queues[0])
	}

	var metrics []awscloudwatch.IMetric
	for _, id := range queues {
		metrics = append(metrics, h.oldest(id))
	}
	return formula("MAX(METRICS())", time.Minute, metrics...)
}

func (h *stackBuilder) oldest(queue string) awscloudwatch.IMetric {
	return h.queues[queue].MetricApproximateAgeOfOldestMessage(&awscloudwatch.MetricOptions{
		Statistic: jsii.String("Maximum"), Period: seconds(time.Minute)})
}

// parked is the number of messages in each dead-letter queue.
func (h *stackBuilder) parked() (metrics []awscloudwatch.IMetric) {
	for _, queue := range h.dead {
		metrics = append(metrics, queue.MetricApproximateNumberOfMessagesVisible(&awscloudwatch.MetricOptions{
			Label: queue.QueueName(), Statistic: jsii.String("Maximum"), Period: seconds(time.Minute)}))
	}
	return metrics
}

// workerErrors is the errors of each function that nobody waits for. One of the API's
// functions that fails is an answer of 502, which api-errors counts, and one that they call of
// 503.
func (h *stackBuilder) workerErrors() (metrics []awscloudwatch.IMetric) {
	_, functions := h.deployed()
	for _, f := range functions {
		if !f.Trigger.API && !f.Trigger.Invoked {
			metrics = append(metrics, h.functions[f.ID].MetricErrors(&awscloudwatch.MetricOptions{
				Label: jsii.String(f.ID), Statistic: jsii.String("Sum"), Period: seconds(time.Minute)}))
		}
	}
	return metrics
}
