package queue

import (
	"context"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leasehold/pkg/entitlement"
)

// service answers SendMessage and SendMessageBatch as SQS does.
type service struct {
	server *httptest.Server
	refuse func(request int, entry sent) bool // fails single entries of a batch
	fail   http.HandlerFunc                   // answers every request

	mu       sync.Mutex
	requests []string // names of the calls
	taken    []sent
	hidden   []hidden
}

type sent struct {
	ID           string `json:"Id"`
	MessageBody  string
	DelaySeconds int
}

type hidden struct {
	QueueURL          string `json:"QueueUrl"`
	ReceiptHandle     string
	VisibilityTimeout int
}

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

func (s *service) queue() *SQS {
	client := sqs.New(sqs.Options{
		Region:           "us-east-1",
		BaseEndpoint:     &s.server.URL,
		RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
	return New(client, s.server.URL+"/000000000000/deliver-urgent")
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, call, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	s.requests = append(s.requests, call)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if s.fail != nil {
		s.fail(w, r)
		return
	}

	var in struct {
		sent
		hidden
		Entries []sent
	}
	json.NewDecoder(r.Body).Decode(&in)
	if call == "SendMessage" {
		s.taken = append(s.taken, in.sent)
		json.NewEncoder(w).Encode(map[string]string{"MessageId": "1", "MD5OfMessageBody": digest(in.MessageBody)})
		return
	}
	if call == "ChangeMessageVisibility" {
		s.hidden = append(s.hidden, in.hidden)
		w.Write([]byte("{}"))
		return
	}
	s.batch(w, in.Entries)
}

func (s *service) batch(w http.ResponseWriter, entries []sent) {
	var successful, refused []map[string]any
	for _, e := range entries {
		if s.refuse != nil && s.refuse(len(s.requests), e) {
			refused = append(refused, map[string]any{"Id": e.ID, "Code": "InternalError", "SenderFault": false})
			continue
		}
		s.taken = append(s.taken, e)
		successful = append(successful, map[string]any{"Id": e.ID, "MessageId": e.ID, "MD5OfMessageBody": digest(e.MessageBody)})
	}
	json.NewEncoder(w).Encode(map[string]any{"Successful": successful, "Failed": refused})
}

func digest(body string) string { return fmt.Sprintf("%x", md5.Sum([]byte(body))) }

// subjects returns who was named in messages that were taken, in order of id.
func (s *service) subjects(t *testing.T) []entitlement.UserID {
	t.Helper()
	var all []entitlement.UserID
	for _, m := range s.taken {
		message, err := Decode(m.MessageBody)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, message.Subjects...)
	}
	slices.Sort(all)
	return all
}

func TestUpToAHundredSubjectsAreOneMessageInOneRequest(t *testing.T) {
	for _, n := range []int{1, 100} {
		s := newService(t)
		if err := s.queue().Enqueue(t.Context(), people(n)...); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.requests, []string{"SendMessage"}) || !slices.Equal(s.subjects(t), people(n)) {
			t.Errorf("%d subjects: requests %v", n, s.requests)
		}
	}
}

func TestNobodyIsNoRequest(t *testing.T) {
	s := newService(t)
	if err := s.queue().Enqueue(t.Context()); err != nil || len(s.requests) != 0 {
		t.Errorf("%v, requests %v", err, s.requests)
	}
}

func TestManySubjectsTakeOneRequestForAThousand(t *testing.T) {
	s := newService(t)
	if err := s.queue().Enqueue(t.Context(), people(2500)...); err != nil {
		t.Fatal(err)
	}
	if len(s.requests) != 3 || len(s.taken) != 25 || !slices.Equal(s.subjects(t), people(2500)) {
		t.Errorf("%d requests with %d messages, want 3 with 25", len(s.requests), len(s.taken))
	}
}

func TestADelayIsWholeSecondsNeverEarlyAndAtMostAQuarterOfAnHour(t *testing.T) {
	for delay, want := range map[time.Duration]int{
		-time.Second: 0, 0: 0, time.Millisecond: 1, time.Second: 1, 61 * time.Second: 61, time.Hour: 900,
	} {
		for _, n := range []int{1, 101} {
			s := newService(t)
			if err := s.queue().EnqueueAfter(t.Context(), delay, people(n)...); err != nil {
				t.Fatal(err)
			}
			for _, m := range s.taken {
				if m.DelaySeconds != want {
					t.Errorf("a delay of %v became %d s, want %d", delay, m.DelaySeconds, want)
				}
			}
		}
	}
}

func TestMessagesThatAreNotTakenAreSentAgainAlone(t *testing.T) {
	s := newService(t)
	s.refuse = func(request int, e sent) bool { return request == 1 && (e.ID == "1" || e.ID == "3") }
	if err := s.queue().Enqueue(t.Context(), people(500)...); err != nil {
		t.Fatal(err)
	}
	if len(s.requests) != 2 || len(s.taken) != 5 || !slices.Equal(s.subjects(t), people(500)) {
		t.Errorf("%d requests with %d messages, want 2 with 5", len(s.requests), len(s.taken))
	}
}

func TestMessagesThatAreNeverTakenAreAnErrorAndHoldUpNobody(t *testing.T) {
	s := newService(t)
	stuck := string(people(1)[0])
	s.refuse = func(_ int, e sent) bool { return strings.Contains(e.MessageBody, stuck) }
	err := s.queue().Enqueue(t.Context(), people(1500)...)
	if entitlement.KindOf(err) != entitlement.Unavailable {
		t.Errorf("got %v, want kind %v", err, entitlement.Unavailable)
	}
	if len(s.taken) != 14 {
		t.Errorf("%d messages were taken, want all but one of 15", len(s.taken))
	}
}

func TestAFailureOfTheQueueHasAKind(t *testing.T) {
	for code, c := range map[string]struct {
		status int
		kind   entitlement.Kind
	}{
		"RequestThrottled":                        {400, entitlement.Throttled},
		"ThrottlingException":                     {400, entitlement.Throttled},
		"InternalFailure":                         {500, entitlement.Unavailable},
		"ServiceUnavailable":                      {503, entitlement.Unavailable},
		"AWS.SimpleQueueService.NonExistentQueue": {400, entitlement.Internal},
		"AccessDeniedException":                   {400, entitlement.Internal},
	} {
		for _, n := range []int{1, 101} {
			s := newService(t)
			s.fail = func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				fmt.Fprintf(w, `{"__type":%q,"message":"no"}`, code)
			}
			if err := s.queue().Enqueue(t.Context(), people(n)...); entitlement.KindOf(err) != c.kind {
				t.Errorf("%s: kind %v, want %v: %v", code, entitlement.KindOf(err), c.kind, err)
			}
		}
	}
}

func TestACallerWhoGivesUpIsNotKept(t *testing.T) {
	s := newService(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.refuse = func(int, sent) bool { cancel(); return true }
	err := s.queue().Enqueue(ctx, people(101)...)
	if err == nil || len(s.requests) > 1 {
		t.Errorf("%v after %d requests, want an error after one", err, len(s.requests))
	}
}

func TestAReceivedMessageIsHeldBackInItsOwnQueue(t *testing.T) {
	for delay, want := range map[time.Duration]int{-time.Second: 0, 5 * time.Second: 5, 5*time.Second + 1: 6, 24 * time.Hour: 43_200} {
		s := newService(t)
		if err := s.queue().Delay(t.Context(), "receipt", delay); err != nil {
			t.Fatal(err)
		}
		if len(s.hidden) != 1 || s.hidden[0] != (hidden{s.server.URL + "/000000000000/deliver-urgent", "receipt", want}) {
			t.Errorf("a delay of %v became %+v, want %d s", delay, s.hidden, want)
		}
	}
}

func TestAFailedDelayHasAKind(t *testing.T) {
	s := newService(t)
	s.fail = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
	if err := s.queue().Delay(t.Context(), "receipt", time.Second); entitlement.KindOf(err) != entitlement.Unavailable {
		t.Errorf("got %v, want kind %v", err, entitlement.Unavailable)
	}
}

func TestAQueueIsNamedAsItsMessagesNameIt(t *testing.T) {
	for url, want := range map[string]string{
		"https://sqs.eu-west-1.amazonaws.com/123456789012/Leasehold-deliver-bulk":            "Leasehold-deliver-bulk",
		"http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/Leasehold-fanout": "Leasehold-fanout",
	} {
		if got := New(nil, url).Name(); got != want {
			t.Errorf("the queue at %s is called %q, want %q", url, got, want)
		}
	}
}
