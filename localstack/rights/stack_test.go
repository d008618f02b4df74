package rights

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"leasehold/localstack/components"
	"leasehold/localstack/dev/gateway"
	"leasehold/localstack/dev/issuer"
	"leasehold/localstack/dev/scimserver"
	"leasehold/localstack/seed"
	"leasehold/localstack/visitor"
	"leasehold/pkg/app/base"
	"leasehold/pkg/app/catalogs"
	"leasehold/pkg/app/deliver"
	"leasehold/pkg/app/drift"
	"leasehold/pkg/app/expire"
	"leasehold/pkg/app/fanout"
	"leasehold/pkg/app/portal"
	"leasehold/pkg/app/requests"
	"leasehold/pkg/app/targets"
	"leasehold/pkg/clock"
	"leasehold/pkg/config"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
)

// stack is the product as it is deployed: every function by its own wiring, from the
// environment that names gives it, over the services of an emulator that refuses nothing.
type stack struct {
	*testing.T
	*recorder
	seed.Result
	endpoints components.Endpoints
	issuer    *issuer.Issuer
	handlers  map[string]lambda.Handler
	queues    map[string]string // URL by id
	operator  *sqs.Client       // past the recorder, as Lambda's poller is
	db        *dynamo.DB        // past it too
	targetOff atomic.Bool
}

// filesBucket is the bucket of exports.
const filesBucket = "leasehold-exports"

// signInPath is where the pages' secret at the issuer lies.
const signInPath = "/leasehold/sign-in"

type object = map[string]any

func open(t *testing.T) *stack {
	t.Helper()
	emulator, err := dynamotest.Start()
	if errors.Is(err, dynamotest.ErrNone) {
		fmt.Fprintln(os.Stderr, "what the functions call was NOT compared with what their roles allow: that needs the emulator that `make test` installs")
		t.Skip("no emulator: run `make test`")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(emulator.Stop)

	s := &stack{T: t, recorder: newRecorder(t, emulator.Endpoint), handlers: map[string]lambda.Handler{}, queues: map[string]string{}}
	past := config.Config{Table: names.StackName, AWS: config.AWS{Region: "us-east-1", Endpoint: emulator.Endpoint, AccessKeyID: "test", SecretAccessKey: "test"}}
	past.Function.Uses.Table = names.Read | names.Write
	s.db, s.operator = base.Open(past).Table(), sqs.NewFromConfig(base.AWS(past.AWS))
	if err := emulator.CreateTable(t.Context(), names.StackName); err != nil {
		t.Fatal(err)
	}
	queues, _ := names.Deployed(true)
	for _, q := range queues {
		made, err := s.operator.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(names.StackName + "-" + q.ID)})
		if err != nil {
			t.Fatal(err)
		}
		s.queues[q.ID] = aws.ToString(made.QueueUrl)
	}
	for _, id := range names.Parkers(true) {
		if _, err := s.operator.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(names.StackName + "-" + id + names.DeadLetterSuffix)}); err != nil {
			t.Fatal(err)
		}
	}
	keepParameter(t, emulator.Endpoint, signInPath+"/pages", "a secret")
	made, err := http.NewRequestWithContext(t.Context(), http.MethodPut, emulator.Endpoint+"/"+filesBucket, nil)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := http.DefaultClient.Do(made)
	if err != nil || bucket.StatusCode != http.StatusOK {
		t.Fatalf("no bucket: %v, %v", bucket, err)
	}
	bucket.Body.Close()
	s.recorder.call = s.invoke
	s.serve()
	s.wire()
	// The first administrator comes to the pages before anybody has called the API.
	if p, err := visitor.New(nil).SignIn(t.Context(), s.endpoints.URL+names.PortalPath, components.Admin); err != nil || p.Status != http.StatusOK {
		t.Fatalf("%v %+v", err, p)
	}
	if s.Result, err = seed.Run(t.Context(), s.endpoints, s.token, io.Discard); err != nil {
		t.Fatal(err)
	}
	return s
}

// serve opens what stands around the functions: the gateway, the issuer and the target.
func (s *stack) serve() {
	s.endpoints.SCIMToken = "a-token"
	target := scimserver.New(s.endpoints.SCIMToken, clock.System{})
	for address, handler := range map[*string]http.Handler{
		&s.endpoints.URL:    &gateway.Gateway{Invoke: s.invoke, IDs: clock.System{}},
		&s.endpoints.Issuer: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.issuer.Handler().ServeHTTP(w, r) }),
		&s.endpoints.SCIM: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s.targetOff.Load() {
				panic(http.ErrAbortHandler) // the connection breaks
			}
			target.ServeHTTP(w, r)
		}),
	} {
		server := httptest.NewServer(handler)
		s.Cleanup(server.Close)
		*address = server.URL
	}
	s.endpoints.SCIM += "/v2"
	s.endpoints.SCIMTarget = s.endpoints.SCIM
	var err error
	if s.issuer, err = issuer.New(s.endpoints.Issuer, clock.System{}, clock.System{}); err != nil {
		s.Fatal(err)
	}
	s.issuer.Secret, s.issuer.Methods = "a secret", []string{"client_secret_basic"}
}

// wire starts every function as its main does.
func (s *stack) wire() {
	log := slog.New(slog.DiscardHandler)
	_, functions := names.Deployed(true)
	for _, f := range functions {
		c, err := config.Load(s.environment(f), f.Code())
		if err != nil {
			s.Fatal(err)
		}
		var handler any
		switch f.Code() {
		case names.Catalogs:
			api, failed := catalogs.New(c, log)
			handler, err = lambdaio.HTTP(api), failed
		case names.Requests:
			api, failed := requests.New(c, log)
			handler, err = lambdaio.HTTP(api), failed
		case names.Portal:
			pages, failed := portal.New(c, log)
			handler, err = lambdaio.HTTP(pages), failed
		case names.Targets:
			handle, failed := targets.New(c, log)
			handler, err = lambdaio.Invoked(handle), failed
		case names.Deliver:
			handle, queues, failed := deliver.New(c, log)
			handler, err = lambdaio.SQS(handle, queues), failed
		case names.Fanout:
			handle, queues, failed := fanout.New(c, log)
			handler, err = lambdaio.SQS(handle, queues), failed
		case names.Expire:
			sweep, failed := expire.New(c, log)
			handler, err = lambdaio.Schedule(sweep), failed
		case names.Drift:
			compare, failed := drift.New(c, log)
			handler, err = lambdaio.Schedule(compare), failed
		default:
			err = fmt.Errorf("nobody starts %s here", f.ID)
		}
		if err != nil {
			s.Fatal(err)
		}
		s.handlers[f.ID] = lambda.NewHandler(handler)
	}
}

// environment is what a function is given, and nothing more.
func (s *stack) environment(f names.Function) func(string) (string, bool) {
	all := map[string]string{
		string(names.EnvTable): names.StackName, string(names.EnvBucket): filesBucket, string(names.EnvSecretPath): "/leasehold/connectors", string(names.EnvSignInPath): signInPath, string(names.EnvEmulated): "true", string(names.EnvPublicURL): s.endpoints.URL,
		string(names.EnvFirstAdmin): s.endpoints.Issuer + "|" + components.Admin,
		string(names.EnvIssuers):    fmt.Sprintf(`[{"issuer":%q,"keySet":%q,"audience":%q,"portalClient":{"id":%q,"secret":"pages"}}]`, s.endpoints.Issuer, s.issuer.KeySet(), components.Audience, components.PortalClient),
	}
	queues, _ := names.Deployed(true)
	for _, q := range queues {
		all[string(q.Env)] = s.queues[q.ID]
	}
	all[string(names.EnvNetwork)] = string(names.Internet)
	if f.OfVPC() {
		all[string(names.EnvNetwork)], all[string(names.EnvVPCUrgentQueue)], all[string(names.EnvVPCBulkQueue)] = string(names.VPC), "", ""
		if f.Drains(names.VPCUrgent) {
			all[string(names.EnvUrgentQueue)], all[string(names.EnvBulkQueue)] = s.queues[names.VPCUrgent], s.queues[names.VPCBulk]
		}
	}
	given := map[string]string{"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": s.recorder.URL, "AWS_ACCESS_KEY_ID": f.ID, "AWS_SECRET_ACCESS_KEY": "secret"}
	for _, key := range f.Env() {
		given[string(key)] = all[string(key)]
	}
	return func(key string) (string, bool) { value, ok := given[key]; return value, ok }
}

// invoke hands a payload to a function, with the time that it is deployed with.
func (s *stack) invoke(ctx context.Context, id string, payload []byte) ([]byte, error) {
	_, functions := names.Deployed(true)
	f := functions[slices.IndexFunc(functions, func(f names.Function) bool { return f.ID == id })]
	return s.within(ctx, f.Timeout, id, payload)
}

func (s *stack) within(ctx context.Context, limit time.Duration, id string, payload []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answer, err := s.handlers[id].Invoke(lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: clock.System{}.New()}), payload)
	return bytes.Clone(answer), err // the runtime uses the buffer again
}

func (s *stack) token(_ context.Context, as string) (string, error) { return s.issuer.Token(as) }

// call sends one request as an account and returns the answer, which must have the status.
func (s *stack) call(as, method, path string, body any, want int) object {
	s.Helper()
	token, err := s.issuer.Token(as)
	if err != nil {
		s.Fatal(err)
	}
	text, err := json.Marshal(body)
	if err != nil {
		s.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.Context(), method, s.endpoints.URL+strings.ReplaceAll(path, " ", "%20"), bytes.NewReader(text))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	} else {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	if response.StatusCode != want {
		s.Fatalf("%s %s: %d %s, want %d", method, path, response.StatusCode, said, want)
	}
	answer := object{}
	json.Unmarshal(said, &answer) // nothing is an answer too
	return answer
}

// post puts a message into a queue.
func (s *stack) post(queue, body string) {
	s.Helper()
	if _, err := s.operator.SendMessage(s.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(s.queues[queue]), MessageBody: &body}); err != nil {
		s.Fatal(err)
	}
}

// receive takes messages from a queue, and waits for some as long as it is told.
func (s *stack) receive(q names.Queue, wait time.Duration) []types.Message {
	s.Helper()
	got, err := s.operator.ReceiveMessage(s.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(s.queues[q.ID]), MaxNumberOfMessages: int32(q.BatchSize), WaitTimeSeconds: int32(wait.Seconds())})
	if err != nil {
		s.Fatal(err)
	}
	return got.Messages
}

// drain hands everything that lies in the queues to the functions, as Lambda's poller does,
// until nothing comes any more. What a function does not want deleted is dropped as well.
func (s *stack) drain() {
	s.Helper()
	for busy := true; busy; {
		busy = false
		queues, _ := names.Deployed(true)
		for _, q := range queues {
			if got := s.receive(q, 0); len(got) > 0 {
				busy = true
				f := drainer(q.ID)
				s.hand(f, f.Timeout, q.ID, got)
			}
		}
	}
}

func drainer(queue string) names.Function {
	_, functions := names.Deployed(true)
	for _, f := range functions {
		if f.Drains(queue) {
			return f
		}
	}
	return names.Function{}
}

// hand invokes a function with messages of a queue, and deletes them.
func (s *stack) hand(f names.Function, limit time.Duration, queue string, messages []types.Message) {
	s.Helper()
	var event events.SQSEvent
	for _, m := range messages {
		event.Records = append(event.Records, events.SQSMessage{MessageId: *m.MessageId, ReceiptHandle: *m.ReceiptHandle, Body: *m.Body,
			Attributes: map[string]string{"ApproximateReceiveCount": "1"}, EventSourceARN: "arn:aws:sqs:us-east-1:000000000000:" + names.StackName + "-" + queue})
	}
	payload, err := json.Marshal(event)
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.within(s.Context(), limit, f.ID, payload); err != nil {
		s.Fatalf("%s: %v", f.ID, err)
	}
	for _, m := range messages {
		if _, err := s.operator.DeleteMessage(s.Context(), &sqs.DeleteMessageInput{QueueUrl: aws.String(s.queues[queue]), ReceiptHandle: m.ReceiptHandle}); err != nil {
			s.Fatal(err)
		}
	}
}

// sweep does what is due.
func (s *stack) sweep() {
	s.Helper()
	payload, err := json.Marshal(events.EventBridgeEvent{Time: time.Now().UTC()})
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.invoke(s.Context(), names.Expire, payload); err != nil {
		s.Fatal(err)
	}
}

// keepParameter writes a parameter as whoever deploys does, past every function.
func keepParameter(t *testing.T, endpoint, name, value string) {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"Name": name, "Value": value, "Type": "SecureString"}) // text: cannot fail
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AmazonSSM.PutParameter")
	// An emulator checks no signature, and finds the service by the name in it.
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ssm/aws4_request, SignedHeaders=host, Signature=none")
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("no parameter: %v, %v", answer, err)
	}
	answer.Body.Close()
}
