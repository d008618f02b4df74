package dynamo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/entitlement"
)

// Codes of the service's failures, of whole calls and of single items of a transaction.
const (
	codeConditionFailed = "ConditionalCheckFailed"
	codeConflict        = "TransactionConflict"
	codeNone            = "None"
)

// throttling are the codes that say: too much at once.
var throttling = map[string]bool{
	"ProvisionedThroughputExceededException": true,
	"ProvisionedThroughputExceeded":          true,
	"ThrottlingException":                    true,
	"ThrottlingError":                        true,
	"RequestLimitExceeded":                   true,
	"LimitExceededException":                 true,
}

// meeting are the codes that say: another transaction is at the same item, or this very one.
var meeting = map[string]bool{
	codeConflict + "Exception":       true,
	"TransactionInProgressException": true,
}

// transact makes all actions of a plan true, or none. The token makes the tries of
// one call one effect; two calls never share it, since of two equal changes one must
// still lose.
func (db *DB) transact(ctx context.Context, p *plan) error {
	token := make([]byte, 16)
	rand.Read(token) // never fails: it would end the program first
	in := &dynamodb.TransactWriteItemsInput{TransactItems: p.actions, ClientRequestToken: aws.String(hex.EncodeToString(token))}
	if _, err := db.client.TransactWriteItems(ctx, in); err != nil {
		return refused(ctx, err, p.parts)
	}
	return nil
}

// refused translates the failure of a transaction by the item that failed.
func refused(ctx context.Context, err error, parts []entitlement.Part) error {
	canceled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		return failed(ctx, "commit", err)
	}
	// The first that failed is told: the others may have failed because of the same change.
	for i, reason := range canceled.CancellationReasons {
		if aws.ToString(reason.Code) == codeConditionFailed && i < len(parts) {
			return entitlement.StaleError(parts[i])
		}
	}

	if contended(err) {
		return throttled("commit", err)
	}

	return &entitlement.Error{Kind: entitlement.Internal, Op: "commit", Err: err}
}

// conditionFailed reports that a single write did not find what it demands.
func conditionFailed(err error) bool {
	_, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	return ok
}

// failed translates every other failure of the service. A canceled context stays
// itself; the service's own texts go to logs only.
func failed(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch {
	case contended(err):
		return throttled(op, err)
	case !outcomeUnknown(err):
		return &entitlement.Error{Kind: entitlement.Internal, Op: op, Err: err}
	default:
		return entitlement.Wrap(entitlement.Unavailable, op, err, "The store does not answer at the moment. Try again.")
	}
}

func throttled(op string, err error) error {
	return entitlement.Wrap(entitlement.Throttled, op, err, "Too much is being asked at once. Try again in a moment.")
}
