package dynamo

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/transport/http"

	"leasehold/pkg/clock"
)

// patient is the service with calls made again where that may help. It is the only place
// that does: the SDK's client is opened without tries of its own (unretried), which would
// multiply these.
//
// Every write may be made again. A transaction carries a token that makes its tries one
// effect. A single write that went through before finds its condition untrue, or makes
// the same of its item once more.
type patient struct {
	service Client
	pause   Pause
}

// Pause waits before a call is made again, the longer the more tries there were. Its
// error ends the trying.
type Pause func(ctx context.Context, try int) error

// How often a call is made: where others were in the way, or too much was asked at once,
// and so many times of these where the service broke down or did not answer.
const (
	tries        = 8
	triesUnknown = 3
)

// unretried has the SDK make each call once.
func unretried(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }

// breakerDelay waits a random while that doubles with each try.
func backOff(ctx context.Context, try int) error {
	limit := min(20*time.Millisecond<<try, time.Second)
	return clock.System{}.Sleep(ctx, rand.N(limit))
}

// again makes a call until it goes through, is refused, or was made often enough.
func (p patient) again(ctx context.Context, call func() error) error {
	for try, blind := 1, 0; ; try++ {
		err := call()
		switch {
		case err == nil:
			return nil
		case contended(err):
		// No answer: the call may have been carried out, and each further try may be one too many.
		case outcomeUnknown(err):
			blind++
		default:
			return err
		}

		if try == tries || blind == triesUnknown {
			return err
		}

		if err := ctx.Err(); err != nil {
			return err
		}

		if err := p.pause(ctx, try); err != nil {
			return err
		}
	}
}

// errUnfinished is a batch of which something came back unread.
var errUnfinished = &types.ProvisionedThroughputExceededException{Message: aws.String("some of a batch came back unread")}

// contended reports a call that others were in the way of: nothing of it was found untrue.
func contended(err error) bool {
	if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		return onlyContended(canceled.CancellationReasons)
	}
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && (throttling[api.ErrorCode()] || meeting[api.ErrorCode()])
}

func onlyContended(reasons []types.CancellationReason) bool {
	met := false
	for _, reason := range reasons {
		switch code := aws.ToString(reason.Code); {
		case code == "" || code == codeNone:
		case code == codeConflict || throttling[code]:
			met = true
		default:
			return false
		}
	}
	return met
}

// outcomeUnknown reports a call of which nobody knows what became. Of refusals that the SDK has no
// type for, as of input that is malformed, the status alone says that they are the caller's.
func outcomeUnknown(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	switch {
	case !ok:
		return true
	case api.ErrorFault() != smithy.FaultUnknown:
		return api.ErrorFault() == smithy.FaultServer
	}
	answer, ok := errors.AsType[*http.ResponseError](err)
	return !ok || answer.HTTPStatusCode() < 400 || answer.HTTPStatusCode() >= 500
}

// called is again for a call with one input and one output.
func called[In, Out any](ctx context.Context, p patient, call func(context.Context, *In, ...func(*dynamodb.Options)) (*Out, error), in *In) (out *Out, err error) {
	err = p.again(ctx, func() (err error) {
		out, err = call(ctx, in)
		return err
	})
	return out, err
}

func (p patient) GetItem(ctx context.Context, in *dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
	return called(ctx, p, p.service.GetItem, in)
}

func (p patient) Query(ctx context.Context, in *dynamodb.QueryInput) (*dynamodb.QueryOutput, error) {
	return called(ctx, p, p.service.Query, in)
}

func (p patient) PutItem(ctx context.Context, in *dynamodb.PutItemInput) (*dynamodb.PutItemOutput, error) {
	defer readOnce(ctx).forget()
	return called(ctx, p, p.service.PutItem, in)
}

func (p patient) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
	defer readOnce(ctx).forget()
	return called(ctx, p, p.service.UpdateItem, in)
}

func (p patient) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput) (*dynamodb.DeleteItemOutput, error) {
	defer readOnce(ctx).forget()
	return called(ctx, p, p.service.DeleteItem, in)
}

func (p patient) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput) (*dynamodb.TransactWriteItemsOutput, error) {
	defer readOnce(ctx).forget()
	return called(ctx, p, p.service.TransactWriteItems, in)
}
