package deadletters

import (
	"context"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leasehold/pkg/names"
)

// service is SQS as far as the console uses it: queues of bodies, by name.
type service struct {
	queues map[string][]string
	hidden map[string]bool // queue and body of what was received
	fail   string          // the call that is refused
}

func newConsole(t *testing.T, queues map[string][]string) (Console, *service, *strings.Builder) {
	t.Helper()
	s := &service{queues: map[string][]string{}, hidden: map[string]bool{}}
	for _, id := range names.Parkers(false) {
		s.queues[names.StackName+"-"+id+names.DeadLetterSuffix] = nil
	}
	for _, queue := range names.Queues {
		s.queues[names.StackName+"-"+queue.ID] = nil
	}
	for id, bodies := range queues {
		s.queues[names.StackName+"-"+id] = bodies
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	var out strings.Builder
	return Console{Out: &out, Client: sqs.New(sqs.Options{Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})}, s, &out
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, call, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in struct {
		QueueURL                              string `json:"QueueUrl"`
		QueueName, MessageBody, ReceiptHandle string
		MaxNumberOfMessages                   int
	}
	json.NewDecoder(r.Body).Decode(&in)
	queue := path.Base(in.QueueURL)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if call == s.fail {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"__type":"AccessDeniedException","message":"no"}`)
		return
	}

	answer := map[string]any{}
	switch call {
	case "GetQueueUrl":
		if _, ok := s.queues[in.QueueName]; !ok {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no such queue"}`)
			return
		}
		answer["QueueUrl"] = "http://sqs.test/1/" + in.QueueName
	case "ReceiveMessage":
		var messages []map[string]any
		for _, body := range s.queues[queue] {
			if len(messages) < in.MaxNumberOfMessages && !s.hidden[queue+body] {
				s.hidden[queue+body] = true
				messages = append(messages, map[string]any{"MessageId": body, "ReceiptHandle": body, "Body": body, "MD5OfBody": digest(body),
					"Attributes": map[string]string{"SentTimestamp": "1795435200000", "ApproximateReceiveCount": "6"}})
			}
		}
		answer["Messages"] = messages
	case "SendMessage":
		s.queues[queue] = append(s.queues[queue], in.MessageBody)
		answer["MessageId"], answer["MD5OfMessageBody"] = "new", digest(in.MessageBody)
	case "DeleteMessage":
		s.queues[queue] = slices.DeleteFunc(s.queues[queue], func(body string) bool { return body == in.ReceiptHandle })
	case "ChangeMessageVisibility":
		delete(s.hidden, queue+in.ReceiptHandle)
	}
	json.NewEncoder(w).Encode(answer)
}

func digest(body string) string { return fmt.Sprintf("%x", md5.Sum([]byte(body))) }

func (s *service) holds(t *testing.T, id string, want int) {
	t.Helper()
	if got := s.queues[names.StackName+"-"+id]; len(got) != want {
		t.Errorf("%s holds %v, want %d messages", id, got, want)
	}
}

func bodies(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("letter-%d", i))
	}
	return list
}

const bulk, bulkDead = names.DeliverBulk, names.DeliverBulk + names.DeadLetterSuffix

func TestEveryDeadLetterIsShownAndStays(t *testing.T) {
	console, s, out := newConsole(t, map[string][]string{bulkDead: bodies(25), names.Expire + names.DeadLetterSuffix: {"sweep"}})
	if err := console.Show(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"deliver-urgent: 0\n", "deliver-bulk: 25\n", "fanout: 0\n", "expire: 1\n", "received 6 times: letter-24\n", ": sweep\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	s.holds(t, bulkDead, 25)
	if len(s.hidden) != 0 {
		t.Errorf("%d letters are kept from whoever comes next", len(s.hidden))
	}
}

func TestDeadLettersGoBackToTheirQueue(t *testing.T) {
	console, s, out := newConsole(t, map[string][]string{bulkDead: bodies(25), bulk: {"fresh"}, "fanout-dead": {"job"}})
	if err := console.Redrive(t.Context(), bulk); err != nil {
		t.Fatal(err)
	}
	s.holds(t, bulkDead, 0)
	s.holds(t, bulk, 26)
	s.holds(t, "fanout-dead", 1)
	if !strings.Contains(out.String(), "deliver-bulk: 25 given back") {
		t.Errorf("said %s", out)
	}
}

func TestNoDeadLetterIsLostOnItsWay(t *testing.T) {
	for call, inQueue := range map[string]int{"SendMessage": 0, "DeleteMessage": 1} {
		t.Run(call, func(t *testing.T) {
			console, s, _ := newConsole(t, map[string][]string{bulkDead: bodies(3)})
			s.fail = call
			if err := console.Redrive(t.Context(), bulk); err == nil || !strings.Contains(err.Error(), "letter-0") {
				t.Errorf("error = %v, want one that names the message", err)
			}
			s.holds(t, bulkDead, 3)
			s.holds(t, bulk, inQueue)
		})
	}
}

func TestDeadLettersAreDroppedWhereThatIsAskedFor(t *testing.T) {
	console, s, out := newConsole(t, map[string][]string{"expire-dead": bodies(2), bulkDead: bodies(1)})
	if err := console.Discard(t.Context(), names.Expire); err != nil {
		t.Fatal(err)
	}
	s.holds(t, "expire-dead", 0)
	s.holds(t, bulkDead, 1)
	if !strings.Contains(out.String(), "letter-1") || !strings.Contains(out.String(), "expire: 2 dropped") {
		t.Errorf("said %s", out)
	}
}

func TestWhatCannotBeDoneIsSaid(t *testing.T) {
	console, s, _ := newConsole(t, map[string][]string{"expire-dead": bodies(1)})
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"a sweep has no queue": {console.Redrive(t.Context(), names.Expire), "discard it"},
		"unknown, given back":  {console.Redrive(t.Context(), "nobody"), "deliver-urgent, deliver-bulk, fanout"},
		"unknown, dropped":     {console.Discard(t.Context(), names.Catalogs), "parks nothing"},
	} {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want %q in it", name, tt.err, tt.want)
		}
	}
	s.holds(t, "expire-dead", 1)

	clear(s.queues)
	if err := console.Show(t.Context()); err == nil || !strings.Contains(err.Error(), "find the queue") {
		t.Errorf("without a stack: %v", err)
	}
}
