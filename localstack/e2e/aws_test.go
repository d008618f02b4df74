package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"leasehold/localstack/components"
	"leasehold/pkg/names"
)

func awsConfig() aws.Config {
	return aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(stack.Endpoint), HTTPClient: &http.Client{Timeout: 20 * time.Second},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})}
}

func queues() *sqs.Client { return sqs.NewFromConfig(awsConfig()) }

func table() *dynamodb.Client { return dynamodb.NewFromConfig(awsConfig()) }

// queueURL is the address of a queue of the stack.
func queueURL(id string) string {
	return strings.TrimSuffix(stack.Queue, names.DeliverUrgent) + id
}

// post puts a message into a queue, past the product.
func post(t *testing.T, queue, body string) {
	t.Helper()
	if _, err := queues().SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(queueURL(queue)), MessageBody: aws.String(body)}); err != nil {
		t.Fatal(err)
	}
}

// depth counts what lies in a queue, seen and unseen.
func depth(t *testing.T, queue string) int {
	t.Helper()
	out, err := queues().GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: aws.String(queueURL(queue)),
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible}})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, v := range out.Attributes {
		k, _ := strconv.Atoi(v)
		n += k
	}
	return n
}

// refusals are what functions have logged of calls to AWS that their roles do not allow. A
// role that lacks a right shows nowhere else: most such calls are messages, whose loss
// costs time and nothing more.
func refusals(ctx context.Context) ([]string, error) {
	var found []string
	for _, f := range names.Functions {
		group := "/aws/lambda/" + names.StackName + "-" + f.ID
		for token := ""; ; {
			query := map[string]any{"logGroupName": group}
			if token != "" {
				query["nextToken"] = token
			}
			var page struct {
				Events    []struct{ Message string }
				NextToken string
			}
			if err := logsCall(ctx, "FilterLogEvents", query, &page); err != nil {
				return nil, err
			}
			for _, e := range page.Events {
				if strings.Contains(e.Message, "AccessDenied") || strings.Contains(e.Message, "not authorized to perform") {
					found = append(found, f.ID+": "+strings.TrimSpace(e.Message))
				}
			}
			if token = page.NextToken; token == "" {
				break
			}
		}
	}
	return found, nil
}

// logsCall asks the emulator's CloudWatch Logs.
func logsCall(ctx context.Context, operation string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, stack.Endpoint+"/", bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", "Logs_20140328."+operation)
	sum := sha256.Sum256(text)
	credentials, err := awsConfig().Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), "logs", components.Region, time.Now()); err != nil {
		return err
	}
	response, err := (&http.Client{Timeout: 20 * time.Second}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return fmt.Errorf("%s: %s %s", operation, response.Status, said)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

// killDelivery kills every process that runs the delivery function of this stack, as kill
// -9 does, and returns how many there were.
func killDelivery(t *testing.T) int {
	t.Helper()
	n := 0
	environments, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range environments {
		text, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(text, []byte("AWS_LAMBDA_FUNCTION_NAME="+names.StackName+"-"+names.Deliver+"\x00")) ||
			!bytes.Contains(text, []byte(stack.Endpoint)) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil {
			n++
		}
	}
	return n
}

// flaky stands in front of the SCIM server and misbehaves on demand.
type flaky struct {
	*httptest.Server
	mu     sync.Mutex
	mode   string // "", "down", "silent" or "throttle"
	writes int    // PATCH calls that were let through
	calls  int
}

func newFlaky(t *testing.T) *flaky {
	t.Helper()
	to, err := url.Parse(stack.Endpoints.SCIM)
	if err != nil {
		t.Fatal(err)
	}
	f := &flaky{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = to.Scheme, to.Host, to.Host
	}}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		mode := f.mode
		f.calls++
		if mode == "" && r.Method == http.MethodPatch {
			f.writes++
		}
		f.mu.Unlock()
		switch mode {
		case "down":
			panic(http.ErrAbortHandler) // the connection breaks
		case "silent":
			<-r.Context().Done() // until the caller gives up
		case "throttle":
			w.Header().Set("Retry-After", "20")
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *flaky) set(mode string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mode = mode
}

func (f *flaky) counts() (calls, writes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls, f.writes
}

// register makes the flaky server a connector of its own and returns its id.
func (f *flaky) register(t *testing.T) string {
	t.Helper()
	return newConnector(t, f.URL+"/v2", stack.SCIMToken)
}

// each does something for 0 to n-1, eight at a time.
func each(t *testing.T, n int, do func(i int)) {
	t.Helper()
	next := make(chan int)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// number reads a count from the environment, for runs that are larger than the usual.
func number(key string, usual int) int {
	if n, err := strconv.Atoi(os.Getenv(key)); err == nil && n > 0 {
		return n
	}
	return usual
}

// redrive sends everything that is parked beside a queue back into it.
func redrive(t *testing.T, queue string) {
	t.Helper()
	dead := aws.String(queueURL(queue + names.DeadLetterSuffix))
	for range 50 {
		out, err := queues().ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: dead, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return
		}
		for _, m := range out.Messages {
			post(t, queue, *m.Body)
			if _, err := queues().DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: dead, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
	}
}
