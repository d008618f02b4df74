package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/names"
)

// alarmNamed returns the logical id of one of our alarms, or "".
func (t template) alarmNamed(id string) string {
	for _, logical := range t.ofType("AWS::CloudWatch::Alarm") {
		if t.Resources[logical].at("AlarmName") == names.StackName+"-"+id {
			return logical
		}
	}
	return ""
}

// description returns what an alarm means and its runbook line.
func (r resource) description() (means, runbook string) {
	text, _ := r.at("AlarmDescription").(string)
	means, runbook, _ = strings.Cut(text, " "+runbookMark)
	return means, runbook
}

// checkAlarms complains about alarms that tell nobody, or not what to do.
func checkAlarms(t template) (complaints []string) {
	for _, id := range t.ofType("AWS::CloudWatch::Alarm") {
		r := t.Resources[id]
		if means, runbook := r.description(); len(means) < 20 || len(runbook) < 20 {
			complaints = append(complaints, id+" has no runbook line")
		}
		if text, _ := r.at("AlarmDescription").(string); len(text) > 1024 {
			complaints = append(complaints, id+" has a description longer than CloudWatch takes")
		}
		told := false
		for _, action := range listOf(r.at("AlarmActions")) {
			told = told || t.Resources[refersTo(action)].Type == "AWS::SNS::Topic"
		}
		if !told || r.at("ActionsEnabled") == false {
			complaints = append(complaints, id+" tells nobody")
		}
	}
	return complaints
}

// checkTopic complains about a topic that others than our alarms may publish to.
func checkTopic(t template) (complaints []string) {
	governed := map[string]bool{}
	for _, id := range t.ofType("AWS::SNS::TopicPolicy") {
		for _, topic := range listOf(t.Resources[id].at("Topics")) {
			governed[refersTo(topic)] = true
		}
		for _, statement := range statements(t.Resources[id].at("PolicyDocument")) {
			if at(statement, "Effect") == "Allow" &&
				(at(statement, "Principal", "Service") != "cloudwatch.amazonaws.com" || at(statement, "Condition", "ArnLike", "aws:SourceArn") == nil) {
				complaints = append(complaints, id+" lets others than our alarms publish")
			}
		}
	}
	for _, id := range t.ofType("AWS::SNS::Topic") {
		if !governed[id] {
			complaints = append(complaints, id+" can be published to by the whole account")
		}
	}
	return complaints
}

// checkTopicTLS complains about a topic that can be spoken to in the clear.
func checkTopicTLS(t template) (complaints []string) {
	for _, id := range t.ofType("AWS::SNS::TopicPolicy") {
		refuses := slices.ContainsFunc(statements(t.Resources[id].at("PolicyDocument")), func(statement any) bool {
			return at(statement, "Effect") == "Deny" && at(statement, "Condition", "Bool", "aws:SecureTransport") == "false"
		})
		if !refuses {
			complaints = append(complaints, id+" lets the topic be spoken to in the clear")
		}
	}
	return complaints
}

// metrics returns what all alarms look at: metric name and, where there is one, the resource.
func (t template) metrics() map[string]bool {
	found := map[string]bool{}
	add := func(metric any) {
		name, _ := at(metric, "MetricName").(string)
		found[name] = true
		for _, dimension := range listOf(at(metric, "Dimensions")) {
			found[name+" of "+refersTo(at(dimension, "Value"))] = true
		}
	}
	for _, id := range t.ofType("AWS::CloudWatch::Alarm") {
		add(t.Resources[id].Properties)
		for _, part := range listOf(t.Resources[id].at("Metrics")) {
			add(at(part, "MetricStat", "Metric"))
		}
	}
	return found
}

// checkWatched complains about what can go wrong without an alarm.
func checkWatched(t template) (complaints []string) {
	watched := t.metrics()
	var want []string
	for _, id := range t.ofType("AWS::SQS::Queue") {
		metric := "ApproximateAgeOfOldestMessage"
		if t.Resources[id].at("RedrivePolicy") == nil { // itself where messages are parked
			metric = "ApproximateNumberOfMessagesVisible"
		}
		want = append(want, metric+" of "+id)
	}
	for _, f := range t.functions() {
		if !f.Trigger.API && !f.Trigger.Invoked { // an API function that fails is a 5XXError
			want = append(want, "Errors of "+t.function(f.ID))
		}
	}
	want = append(want, "5XXError", "Throttles", names.MetricExpiryLag, names.MetricOldestPendingReconciliation, names.MetricOverdueRemovals, names.MetricUnreadable)
	for _, metric := range want {
		if !watched[metric] {
			complaints = append(complaints, "no alarm watches "+metric)
		}
	}

	silent := t.Resources[t.alarmNamed("schedule-silent")]
	if silent.at("TreatMissingData") != "breaching" || silent.at("MetricName") != names.MetricExpiryLag {
		complaints = append(complaints, "a schedule that is silent fires nowhere")
	}
	return complaints
}

// checkDashboard complains when the one page to look at does not show a metric.
func checkDashboard(t template) (complaints []string) {
	pages := t.ofType("AWS::CloudWatch::Dashboard")
	if len(pages) != 1 {
		return []string{fmt.Sprintf("there are %d dashboards, want one", len(pages))}
	}
	body := flat(t.Resources[pages[0]].at("DashboardBody"))
	want := []string{"Count", "Latency", "5XXError", "Errors", "Duration", "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage",
		names.MetricExpiryLag, names.MetricOldestPendingReconciliation, names.MetricOverdueRemovals, names.MetricUnreadable}
	for _, metric := range want {
		if !strings.Contains(body, `"`+metric+`"`) {
			complaints = append(complaints, "the dashboard does not show "+metric)
		}
	}
	return complaints
}

// runbook is the table of all alarms, as an operator reads it.
func runbook(t template) string {
	var b strings.Builder
	b.WriteString("| Alarm | Fires when | What it means | What to do |\n|---|---|---|---|\n")
	for _, a := range alarms {
		r := t.Resources[t.alarmNamed(a.id)]
		means, todo := r.description()
		fmt.Fprintf(&b, "| %s-%s | %s | %s | %s |\n", names.StackName, a.id, r.condition(), means, todo)
	}
	return b.String()
}

// condition says in short when an alarm fires.
func (r resource) condition() string {
	metric, period := fmt.Sprint(r.at("MetricName")), r.at("Period")
	if r.at("Statistic") == "SampleCount" {
		metric = "number of values of " + metric // not what they are: that none came is what is wrong
	}
	if parts := listOf(r.at("Metrics")); parts != nil {
		var of []string
		for _, part := range parts {
			if name, ok := at(part, "MetricStat", "Metric", "MetricName").(string); ok && !slices.Contains(of, name) {
				of, period = append(of, name), at(part, "MetricStat", "Period")
			}
		}
		metric = fmt.Sprintf("%s of %s", at(parts[0], "Label"), strings.Join(of, ", "))
	}
	sign := map[any]string{"GreaterThanThreshold": ">", "LessThanThreshold": "<"}[r.at("ComparisonOperator")]
	missingData := ""
	if r.at("TreatMissingData") == "breaching" {
		missingData = ", or no data at all"
	}
	return fmt.Sprintf("%s %s %v, %v times %v s%s", metric, sign, r.at("Threshold"), r.at("EvaluationPeriods"), period, missingData)
}

// The table that ends the runbook is what is deployed. UPDATE=1 writes it anew.
func TestRunbookIsWhatIsDeployed(t *testing.T) {
	const path = "RUNBOOK.md"
	got := runbook(onAWS)
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(got, "\n")
	before, table, found := strings.Cut(string(page), header)
	if !found {
		t.Fatalf("%s has no table that begins with %s", path, header)
	}

	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(before+got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := header + table; got != want {
		t.Errorf("the alarms are\n%s\n%s says\n%s", got, path, want)
	}
}

func TestAlarmsAreFew(t *testing.T) {
	metrics := 0
	for _, id := range onAWS.ofType("AWS::CloudWatch::Alarm") {
		metrics++
		for _, part := range listOf(onAWS.Resources[id].at("Metrics")) {
			if at(part, "MetricStat") != nil {
				metrics++
			}
		}
		if onAWS.Resources[id].at("Metrics") != nil {
			metrics--
		}
	}
	// 0.10 $ a month each, the first ten in an account free.
	if metrics > 19 {
		t.Errorf("the alarms look at %d metrics, want at most 19", metrics)
	}
	t.Logf("%d metrics", metrics)
}

func TestAlarmsAreMailedToWhomTheDeploymentNames(t *testing.T) {
	if got := onAWS.ofType("AWS::SNS::Subscription"); len(got) != 0 {
		t.Errorf("nobody was named, but %v are told", got)
	}
	mailed := onEmulator.ofType("AWS::SNS::Subscription")
	if len(mailed) != 1 || onEmulator.Resources[mailed[0]].at("Endpoint") != "ops@example.com" {
		t.Errorf("ops@example.com was named, but the subscriptions are %v", mailed)
	}
}

// Every answer to a linter is about something that is there, and says why.
func TestAnswersAreInTheTemplate(t *testing.T) {
	for _, a := range answers {
		resources := onAWS.ofType(a.kind)
		if len(resources) == 0 || len(a.reason) < 40 {
			t.Errorf("%s: %d resources of type %s, reason %q", a.finding, len(resources), a.kind, a.reason)
		}
		for _, id := range resources {
			text, _ := json.Marshal(onAWS.Resources[id].Metadata)
			if !strings.Contains(string(text), `"`+a.finding+`"`) {
				t.Errorf("%s is not answered for %s", a.finding, id)
			}
		}
	}
}

// What is deployed is what names tells of each alarm, by which its stories are judged.
func TestAlarmsAreThoseOfNames(t *testing.T) {
	deployed := onAWS.ofType("AWS::CloudWatch::Alarm")
	if len(deployed) != len(names.Alarms) {
		t.Errorf("%d alarms are deployed, and names has %d", len(deployed), len(names.Alarms))
	}
	for _, a := range names.Alarms {
		r := onAWS.Resources[onAWS.alarmNamed(a.ID)]
		if r.at("Threshold") != a.At || r.at("EvaluationPeriods") != float64(a.Periods) || (r.at("TreatMissingData") == "breaching") != a.MissingDataBreaches || (r.at("ComparisonOperator") == "LessThanThreshold") != a.Below {
			t.Errorf("%s is deployed as %v", a.ID, r.Properties)
		}
		metric := r.Properties
		if parts := listOf(r.at("Metrics")); parts == nil && (metric["Statistic"] != string(a.Metric.Statistic) || metric["Period"] != a.Metric.Period.Seconds()) {
			t.Errorf("%s looks at %v", a.ID, metric)
		}
	}
}
