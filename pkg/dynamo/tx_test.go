package dynamo

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"leasehold/pkg/entitlement"
)

// canceled is the failure of a transaction with a code for each of its actions.
func canceled(codes ...string) error {
	err := &types.TransactionCanceledException{Message: aws.String("secret of the service")}
	for _, code := range codes {
		err.CancellationReasons = append(err.CancellationReasons, types.CancellationReason{Code: aws.String(code)})
	}
	return err
}

// answered is a failure with the status of the service's answer.
func answered(status int, err error) error {
	return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err}
}

func TestRefusedSaysWhichPart(t *testing.T) {
	parts := []entitlement.Part{entitlement.PartRequest, entitlement.PartEvent, entitlement.PartAssignmentSlot}
	tests := map[string]struct {
		err  error
		kind entitlement.Kind
		part entitlement.Part
	}{
		"the first did not hold":        {canceled("ConditionalCheckFailed", "None", "None"), entitlement.Conflict, entitlement.PartRequest},
		"the last did not hold":         {canceled("None", "None", "ConditionalCheckFailed"), entitlement.Conflict, entitlement.PartAssignmentSlot},
		"one met another, one is false": {canceled("TransactionConflict", "ConditionalCheckFailed", "None"), entitlement.Conflict, entitlement.PartEvent},
		"one met another":               {canceled("None", "TransactionConflict", "None"), entitlement.Throttled, ""},
		"one was throttled":             {canceled("ThrottlingError", "None", "None"), entitlement.Throttled, ""},
		"the table is too small":        {canceled("None", "ProvisionedThroughputExceeded", "None"), entitlement.Throttled, ""},
		"an action was malformed":       {canceled("ValidationError", "None", "None"), entitlement.Internal, ""},
		"no reasons":                    {canceled(), entitlement.Internal, ""},
		"more reasons than actions":     {canceled("None", "None", "None", "ConditionalCheckFailed"), entitlement.Internal, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := refused(context.Background(), &smithy.OperationError{Err: tt.err}, parts)
			if entitlement.KindOf(err) != tt.kind || entitlement.StalePart(err) != tt.part {
				t.Errorf("got %v with part %q, want %v with %q", err, entitlement.StalePart(err), tt.kind, tt.part)
			}
			noSecret(t, err)
		})
	}
}

func TestFailedTranslates(t *testing.T) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	api := func(code string, fault smithy.ErrorFault) error {
		return &smithy.GenericAPIError{Code: code, Message: "secret of the service", Fault: fault}
	}
	tests := map[string]struct {
		ctx  context.Context
		err  error
		kind entitlement.Kind
		is   error
	}{
		"throttled":           {context.Background(), api("ThrottlingException", smithy.FaultClient), entitlement.Throttled, nil},
		"too fast":            {context.Background(), &types.ProvisionedThroughputExceededException{}, entitlement.Throttled, nil},
		"too many requests":   {context.Background(), api("RequestLimitExceeded", smithy.FaultClient), entitlement.Throttled, nil},
		"met a transaction":   {context.Background(), &types.TransactionConflictException{}, entitlement.Throttled, nil},
		"service down":        {context.Background(), &types.InternalServerError{}, entitlement.Unavailable, nil},
		"network down":        {context.Background(), errors.New("secret: connection refused"), entitlement.Unavailable, nil},
		"table gone":          {context.Background(), &types.ResourceNotFoundException{}, entitlement.Internal, nil},
		"malformed":           {context.Background(), answered(400, api("ValidationException", smithy.FaultUnknown)), entitlement.Internal, nil},
		"not allowed":         {context.Background(), answered(400, api("AccessDeniedException", smithy.FaultUnknown)), entitlement.Internal, nil},
		"unknown and broken":  {context.Background(), answered(503, api("Whatever", smithy.FaultUnknown)), entitlement.Unavailable, nil},
		"caller has gone":     {over, api("ThrottlingException", smithy.FaultClient), entitlement.Internal, context.Canceled},
		"unknown server side": {context.Background(), api("Whatever", smithy.FaultServer), entitlement.Unavailable, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := failed(tt.ctx, "test", &smithy.OperationError{Err: tt.err})
			if entitlement.KindOf(err) != tt.kind || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("got %v of kind %v, want %v", err, entitlement.KindOf(err), tt.kind)
			}
			noSecret(t, err)
		})
	}
}

// noSecret demands that people read nothing of the service's own texts.
func noSecret(t *testing.T, err error) {
	t.Helper()
	if msg := entitlement.MessageOf(err); msg == "" || strings.Contains(msg, "secret") {
		t.Errorf("people read %q", msg)
	}
}

// script is a service that answers each transaction with the next of errs, and keeps the
// tokens that it was sent.
type script struct {
	Client
	errs   []error
	tokens []string
}

func (s *script) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	s.tokens = append(s.tokens, aws.ToString(in.ClientRequestToken))
	if n := len(s.tokens); n <= len(s.errs) {
		return nil, s.errs[n-1]
	}
	return &dynamodb.TransactWriteItemsOutput{}, nil
}

// scripted returns a DB on such a service, and the tokens that are sent.
func scripted(errs ...error) (*DB, *[]string) {
	s := &script{errs: errs}
	db := New(s, "t")
	db.client.pause = func(ctx context.Context, _ int) error { return ctx.Err() }
	return db, &s.tokens
}

var aGroup = entitlement.Change{Groups: []entitlement.Group{{ID: idG}}}

func TestConflictsAreTriedAgain(t *testing.T) {
	met := canceled("TransactionConflict")
	db, tokens := scripted(met, &types.TransactionInProgressException{}, met)
	if err := db.Commit(context.Background(), aGroup); err != nil {
		t.Fatal(err)
	}
	if len(*tokens) != 4 || (*tokens)[0] == "" || (*tokens)[0] != (*tokens)[3] {
		t.Errorf("got the tokens %v, want one, four times", *tokens)
	}

	first := (*tokens)[0]
	if err := db.Commit(context.Background(), aGroup); err != nil {
		t.Fatal(err)
	}
	if again := (*tokens)[4]; again == first {
		t.Error("two commits share a token: the second would succeed without effect")
	}
}

func TestConflictsAreNotTriedForEver(t *testing.T) {
	var errs []error
	for range 2 * tries {
		errs = append(errs, canceled("TransactionConflict"))
	}
	db, tokens := scripted(errs...)
	if err := db.Commit(context.Background(), aGroup); entitlement.KindOf(err) != entitlement.Throttled || len(*tokens) != tries {
		t.Errorf("got %v after %d tries, want throttled after %d", err, len(*tokens), tries)
	}
}

func TestUntrueConditionsAreNotTriedAgain(t *testing.T) {
	db, tokens := scripted(canceled("ConditionalCheckFailed"))
	if err := db.Commit(context.Background(), aGroup); entitlement.StalePart(err) != entitlement.PartDirectory || len(*tokens) != 1 {
		t.Errorf("got %v after %d tries, want a stale directory after one", err, len(*tokens))
	}
}

func TestACanceledCallStopsTrying(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	db, tokens := scripted(canceled("TransactionConflict"), nil)
	db.client.pause = func(ctx context.Context, _ int) error { cancel(); return ctx.Err() }
	if err := db.Commit(ctx, aGroup); !errors.Is(err, context.Canceled) || len(*tokens) != 1 {
		t.Errorf("got %v after %d tries, want the cancellation after one", err, len(*tokens))
	}
}

func TestWhatCannotBeOneTransactionIsInvalid(t *testing.T) {
	guardUpdate := entitlement.DeletionGuardUpdate{Package: idP, Closed: true}
	record := entitlement.SubjectUpdate{Subject: idU, CheckAfter: noon}
	many := make([]entitlement.Event, 101)
	for i := range many {
		many[i] = entitlement.Event{Aggregate: entitlement.OfUser, ID: idU, Number: int64(i + 1)}
	}
	waiting := entitlement.Waiting{Package: idP, Assignment: idQ}
	tests := map[string]entitlement.Change{
		"101 items":               {Events: many},
		"two moves of one record": {SubjectUpdates: []entitlement.SubjectUpdate{record, record}},
		"a move and a settlement": {SubjectUpdates: []entitlement.SubjectUpdate{record}, Settlements: []entitlement.Settlement{{Subject: idU}}},
		"a deletion guard that the change closes itself": {DeletionGuardUpdates: []entitlement.DeletionGuardUpdate{guardUpdate}, DeletionGuards: []entitlement.DeletionGuard{{Package: idP, Subject: idU}}},
		"two updates of one deletion guard":              {DeletionGuardUpdates: []entitlement.DeletionGuardUpdate{guardUpdate, guardUpdate}},
		"a package that comes and goes":                  {SubjectUpdates: []entitlement.SubjectUpdate{{Subject: idU, Add: waiting, Remove: waiting}}},
		"an event of an unknown kind":                    {Events: []entitlement.Event{{Aggregate: "other", ID: idU, Number: 1}}},
		"an event without a number":                      {Events: []entitlement.Event{{Aggregate: entitlement.OfUser, ID: idU}}},
		"an item of more than 400 KB":                    {Groups: []entitlement.Group{{ID: idG, Description: string(make([]byte, maxItem))}}},
		"a user and a reference to him":                  {Users: []entitlement.User{{ID: idU}}, References: []entitlement.Reference{{User: idU}}},
		"a name that two take":                           {Users: []entitlement.User{{ID: idU, UserPrincipalName: "x"}, {ID: idV, UserPrincipalName: "X"}}},
		"one user in two groups at once":                 {Memberships: []entitlement.Membership{{Group: idG, User: idU}, {Group: idP, User: idU}}},
		"the same aggregate in two hands":                {Groups: []entitlement.Group{{ID: idG}, {ID: idG}}},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			db, tokens := scripted()
			if err := db.Commit(context.Background(), change); entitlement.KindOf(err) != entitlement.Invalid || len(*tokens) != 0 {
				t.Errorf("got %v after %d calls, want invalid before any", err, len(*tokens))
			}
		})
	}
}

func TestNothingIsNoTransaction(t *testing.T) {
	db, tokens := scripted()
	if err := db.Commit(context.Background(), entitlement.Change{}); err != nil || len(*tokens) != 0 {
		t.Errorf("got %v after %d calls, want nothing", err, len(*tokens))
	}
}
