package dynamo

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"leasehold/pkg/entitlement"
)

// TestOneOfTheTwoTriesAgain counts what reaches the service of one call, through the SDK's
// own client: as many tries as this package makes, and not those times the SDK's.
func TestOneOfTheTwoTriesAgain(t *testing.T) {
	calls := map[string]func(*DB) error{
		"GetItem": func(db *DB) error { _, err := db.Job(context.Background(), idP, 1); return err },
		"Query":   func(db *DB) error { _, _, err := db.SubjectRecord(context.Background(), idU); return err },
		"BatchGet": func(db *DB) error {
			_, err := db.StartInputs(context.Background(), entitlement.AssignmentRequest{})
			return err
		},
		"Transact": func(db *DB) error { return db.Commit(context.Background(), aGroup) },
		"Update": func(db *DB) error {
			_, err := db.Claim(context.Background(), entitlement.Claim{Subject: idU, Connector: idQ, Token: "t", Now: noon, Until: noon.Add(time.Minute)})
			return err
		},
	}
	answers := map[string]struct {
		status int
		body   string
		tries  int
		kind   entitlement.Kind
	}{
		"throttled": {400, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}`, tries, entitlement.Throttled},
		"down":      {500, `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}`, triesUnknown, entitlement.Unavailable},
		"silent":    {0, "", triesUnknown, entitlement.Unavailable},
		"malformed": {400, `{"__type":"com.amazon.coral.validate#ValidationException"}`, 1, entitlement.Internal},
	}
	for name, answer := range answers {
		for op, call := range calls {
			t.Run(name+" "+op, func(t *testing.T) {
				n := 0
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					n++
					if answer.status == 0 {
						panic(http.ErrAbortHandler)
					}
					w.Header().Set("Content-Type", "application/x-amz-json-1.0")
					w.WriteHeader(answer.status)
					_, _ = io.WriteString(w, answer.body)
				}))
				defer server.Close()
				db := Open(aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL,
					HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, // net/http sends again on a connection that it used before
					Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
						return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
					})}, "t")
				db.client.pause = func(context.Context, int) error { return nil }
				if err := call(db); entitlement.KindOf(err) != answer.kind || n != answer.tries {
					t.Errorf("got %v after %d tries, want %v after %d", err, n, answer.kind, answer.tries)
				}
			})
		}
	}
}

// TestAnAnswerThatWasLostIsAskedForAgain proves that a transaction is made again under its
// token where nobody knows what became of it.
func TestAnAnswerThatWasLostIsAskedForAgain(t *testing.T) {
	db, tokens := scripted(errors.New("connection reset by peer"))
	if err := db.Commit(context.Background(), aGroup); err != nil {
		t.Fatal(err)
	}
	if len(*tokens) != 2 || (*tokens)[0] != (*tokens)[1] {
		t.Errorf("got the tokens %v, want one, twice", *tokens)
	}
}

// TestACallerWhoHasGoneIsNotWaitedFor proves that a call is not made again for nobody.
func TestACallerWhoHasGoneIsNotWaitedFor(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	db, tokens := scripted(canceled("TransactionConflict"))
	db.client.pause = func(context.Context, int) error { t.Error("paused"); return nil }
	cancel()
	if err := db.Commit(ctx, aGroup); !errors.Is(err, context.Canceled) || len(*tokens) != 1 {
		t.Errorf("got %v after %d tries, want the cancellation after one", err, len(*tokens))
	}
}
