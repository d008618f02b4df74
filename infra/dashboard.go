package main

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/jsii-runtime-go"

	"leasehold/pkg/names"
)

// addDashboard adds the one page to look at: what fires, what people notice, what is owed
// and what waits. An account's first three dashboards cost nothing.
func (h *stackBuilder) addDashboard() {
	// What people notice stands first, and what explains it below.
	awscloudwatch.NewDashboard(h.stack, jsii.String("dashboard"), &awscloudwatch.DashboardProps{
		DashboardName: jsii.String(names.StackName),
	}).AddWidgets(
		h.alarmPanel(),
		awscloudwatch.NewRow(
			panel("Calls and errors of the API", h.api.MetricCount(each("Sum", "calls")), h.api.MetricClientError(each("Sum", "4xx")), h.api.MetricServerError(each("Sum", "5xx"))),
			panel("Latency of the API, ms", h.api.MetricLatency(each("p50", "p50")), h.api.MetricLatency(each("p99", "p99"))),
			panel("Errors of the functions", h.ofFunctions("Errors", "Sum")...)),
		awscloudwatch.NewRow(
			panel("Lag of the schedule and oldest failing delivery, s", ours(names.MetricExpiryLag, "Maximum"), ours(names.MetricOldestPendingReconciliation, "Maximum")),
			panel("Removals overdue, and items that cannot be read", ours(names.MetricOverdueRemovals, "Maximum"), ours(names.MetricUnreadable, "Sum")),
			panel("Time of the functions, p99, ms", h.ofFunctions("Duration", "p99")...)),
		awscloudwatch.NewRow(
			panel("Messages waiting", h.ofQueues(awssqs.Queue.MetricApproximateNumberOfMessagesVisible)...),
			panel("Oldest message, s", h.ofQueues(awssqs.Queue.MetricApproximateAgeOfOldestMessage)...),
			panel("Messages parked", h.parked()...)))
}

// each is a statistic over five minutes.
func each(statistic, label string) *awscloudwatch.MetricOptions {
	return &awscloudwatch.MetricOptions{Statistic: jsii.String(statistic), Label: jsii.String(label), Period: seconds(5 * time.Minute)}
}

// panel is a graph over a third of the page's width.
func panel(title string, metrics ...awscloudwatch.IMetric) awscloudwatch.IWidget {
	return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{Title: jsii.String(title), Left: &metrics, Width: jsii.Number(8)})
}

func (h *stackBuilder) alarmPanel() awscloudwatch.IWidget {
	all := make([]interfacesawscloudwatch.IAlarmRef, len(h.alarms))
	for i, a := range h.alarms {
		all[i] = a
	}
	return awscloudwatch.NewAlarmStatusWidget(&awscloudwatch.AlarmStatusWidgetProps{
		Title: jsii.String("Alarms"), Alarms: &all, Width: jsii.Number(24), Height: jsii.Number(3)})
}

// ofFunctions is one metric of every function.
func (h *stackBuilder) ofFunctions(metric, statistic string) (metrics []awscloudwatch.IMetric) {
	_, functions := h.deployed()
	for _, f := range functions {
		metrics = append(metrics, h.functions[f.ID].Metric(jsii.String(metric), each(statistic, f.ID)))
	}
	return metrics
}

// ofQueues is one metric of every queue.
func (h *stackBuilder) ofQueues(metric func(awssqs.Queue, *awscloudwatch.MetricOptions) awscloudwatch.Metric) (metrics []awscloudwatch.IMetric) {
	queues, _ := h.deployed()
	for _, queue := range queues {
		metrics = append(metrics, metric(h.queues[queue.ID], each("Maximum", queue.ID)))
	}
	return metrics
}
