package archtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leasehold/pkg/connector/remote"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
)

// checkSample complains when a sample is not what the function's trigger hands over.
func checkSample(f names.Function, sample []byte) error {
	switch {
	case f.Trigger.API:
		return checkCall(f.ID, sample)
	case slices.Contains(f.Trigger.Queues, names.FanoutJobs):
		return checkBatch(sample, checkJob)
	case len(f.Trigger.Queues) > 0:
		return checkBatch(sample, checkMessage)
	case f.Trigger.Invoked:
		return checkQuestion(sample)
	}
	return checkSweep(sample)
}

// checkCall serves the call and looks whether the gateway would have sent it there.
func checkCall(function string, sample []byte) error {
	var event events.APIGatewayProxyRequest
	if err := json.Unmarshal(sample, &event); err != nil {
		return err
	}
	sent := slices.ContainsFunc(names.Routes, func(r names.Route) bool {
		return r.Path == event.Resource && r.Function == function && (r.Method == event.HTTPMethod || r.Method == names.AnyMethod)
	})
	if !sent {
		return fmt.Errorf("no route sends %s %q to %s", event.HTTPMethod, event.Resource, function)
	}

	var served *http.Request
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { served = r })
	if answer, err := lambdaio.HTTP(handler)(context.Background(), event); err != nil || served == nil {
		return fmt.Errorf("not served: %d %s %v", answer.StatusCode, answer.Body, err)
	}
	root := map[bool]string{true: names.PortalPath, false: names.APIVersion}[function == names.Portal]
	if !strings.HasPrefix(served.URL.Path, root+"/") || lambdaio.RequestID(served.Context()) == "" || lambdaio.GatewayBase(served.Context()) == "" {
		return fmt.Errorf("path %q, request id %q, base %q", served.URL.Path, lambdaio.RequestID(served.Context()), lambdaio.GatewayBase(served.Context()))
	}
	return nil
}

// checkBatch drains the batch and looks at each message.
func checkBatch(sample []byte, check func(lambdaio.Message) error) error {
	var event events.SQSEvent
	if err := json.Unmarshal(sample, &event); err != nil {
		return err
	}
	var problem error
	drained := 0
	lambdaio.SQS(func(_ context.Context, messages []lambdaio.Message) map[string]error {
		for _, message := range messages {
			drained++
			if err := check(message); err != nil {
				problem = err
			}
			if message.ID == "" || message.Queue == "" || message.ReceiveCount == 0 || message.SentAt.IsZero() {
				problem = fmt.Errorf("message %q lacks what SQS says of it", message.ID)
			}
		}
		return nil
	}, nil)(context.Background(), event)

	if drained == 0 {
		return fmt.Errorf("the batch is empty")
	}
	return problem
}

// checkMessage looks whether a message names people.
func checkMessage(message lambdaio.Message) error {
	var deliveryMessage struct {
		V        int      `json:"v"`
		Subjects []string `json:"subjects"`
	}
	if err := strictly(message.Body, &deliveryMessage); err != nil {
		return err
	}
	if deliveryMessage.V != 1 || len(deliveryMessage.Subjects) == 0 {
		return fmt.Errorf("message %q holds %s", message.ID, message.Body)
	}
	for _, subject := range deliveryMessage.Subjects {
		if _, err := entitlement.ParseID[entitlement.UserID]("subject", subject); err != nil {
			return err
		}
	}
	return nil
}

// checkJob looks whether a message names a package's edit.
func checkJob(message lambdaio.Message) error {
	var job struct {
		V   int `json:"v"`
		Job struct {
			Package    string `json:"package"`
			Generation int64  `json:"generation"`
		} `json:"job"`
	}
	if err := strictly(message.Body, &job); err != nil {
		return err
	}
	if job.V != 1 || job.Job.Generation < 1 {
		return fmt.Errorf("message %q holds %s", message.ID, message.Body)
	}
	_, err := entitlement.ParseID[entitlement.PackageID]("package", job.Job.Package)
	return err
}

// checkQuestion looks whether it asks something of a target.
func checkQuestion(sample []byte) error {
	var asked remote.Question
	if err := strictly(string(sample), &asked); err != nil {
		return err
	}
	if asked == (remote.Question{}) {
		return errors.New("nothing is asked")
	}
	return nil
}

func strictly(body string, into any) error {
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func checkSweep(sample []byte) error {
	var event events.EventBridgeEvent
	if err := json.Unmarshal(sample, &event); err != nil {
		return err
	}
	return lambdaio.Schedule(func(_ context.Context, due time.Time) error {
		if due.IsZero() || event.DetailType != "Scheduled Event" {
			return fmt.Errorf("a %q that was due %s", event.DetailType, due)
		}
		return nil
	})(context.Background(), event)
}

func TestSamplesCoverEveryTrigger(t *testing.T) {
	folders := contents(t, "events")
	for _, f := range names.Functions {
		if len(folders[f.ID]) == 0 {
			t.Errorf("events/%s holds no sample", f.ID)
		}
		for _, file := range folders[f.ID] {
			t.Run(f.ID+"/"+file, func(t *testing.T) {
				sample, err := os.ReadFile(filepath.Join(root, "events", f.ID, file))
				if err != nil {
					t.Fatal(err)
				}
				if err := checkSample(f, sample); err != nil {
					t.Error(err)
				}
			})
		}
		delete(folders, f.ID)
	}
	for folder := range folders {
		t.Errorf("events/%s is of no function", folder)
	}
}

func TestSamplesAreRefused(t *testing.T) {
	function := func(id string) names.Function {
		return names.Functions[slices.IndexFunc(names.Functions, func(f names.Function) bool { return f.ID == id })]
	}
	tests := map[string]struct{ function, sample string }{
		"no JSON":                 {names.Catalogs, `{`},
		"a route that is not":     {names.Catalogs, `{"resource":"/v1.0/nothing","httpMethod":"GET","path":"/v1.0/nothing"}`},
		"another's route":         {names.Catalogs, `{"resource":"` + names.Entitlement + `/assignments","httpMethod":"GET","path":"` + names.Entitlement + `/assignments"}`},
		"no request id":           {names.Requests, `{"resource":"` + names.Entitlement + `/assignments","httpMethod":"GET","path":"` + names.Entitlement + `/assignments"}`},
		"a sweep for a queue":     {names.Deliver, `{"detail-type":"Scheduled Event","time":"2026-11-23T12:00:00Z"}`},
		"a message of old":        {names.Deliver, `{"Records":[{"messageId":"a","body":"{\"user\":\"x\"}"}]}`},
		"a subject without an id": {names.Deliver, `{"Records":[{"messageId":"a","body":"{\"v\":1,\"subjects\":[\"ann\"]}","attributes":{"ApproximateReceiveCount":"1","SentTimestamp":"1"}}]}`},
		"a message for a job":     {names.Fanout, `{"Records":[{"messageId":"a","eventSourceARN":"arn:aws:sqs:eu-west-1:1:q","body":"{\"v\":1,\"subjects\":[\"0c5a1e1c-3a52-4c0b-9e39-0f3f1b6f0003\"]}","attributes":{"ApproximateReceiveCount":"1","SentTimestamp":"1"}}]}`},
		"a job of no edit":        {names.Fanout, `{"Records":[{"messageId":"a","eventSourceARN":"arn:aws:sqs:eu-west-1:1:q","body":"{\"v\":1,\"job\":{\"package\":\"0c5a1e1c-3a52-4c0b-9e39-0f3f1b6f0003\"}}","attributes":{"ApproximateReceiveCount":"1","SentTimestamp":"1"}}]}`},
		"no question":             {names.Targets, `{}`},
		"a batch for a schedule":  {names.Expire, `{"Records":[]}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := checkSample(function(tt.function), []byte(tt.sample)); err == nil {
				t.Error("the sample was accepted")
			}
		})
	}
}
