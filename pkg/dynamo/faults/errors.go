package faults

import (
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// What follows is what calls are told, as AWS documents it. No emulator produces any of it.

// Throttled is what a call is told that is one too many.
func Throttled() error {
	return &types.ProvisionedThroughputExceededException{Message: aws.String("The level of configured provisioned throughput for the table was exceeded")}
}

// TooFast is what a call is told beyond the table's or the partition's rate on demand.
func TooFast() error {
	return &types.ThrottlingException{Message: aws.String("Throughput exceeds the current capacity of your table or index")}
}

// Down is what a call is told that met a fault of the service.
func Down() error { return &types.InternalServerError{Message: aws.String("Internal server error")} }

// Silent is what a call comes to whose answer never came.
func Silent() error { return errors.New("connection reset by peer") }

// InProgress is what a transaction is told whose earlier try is still being made.
func InProgress() error {
	return &types.TransactionInProgressException{Message: aws.String("The transaction with the given request token is already in progress.")}
}

// Conflict is what a write is told that met another transaction on the items at these
// places of its keys. Reads are never told so.
func Conflict(c Call, at ...int) error {
	if c.Op != TransactWriteItems {
		return &types.TransactionConflictException{Message: aws.String("Transaction is ongoing for the item")}
	}
	return canceled(c, "TransactionConflict", "Transaction is ongoing for the item", at)
}

// ThrottledWithin is what a transaction is told of which some items are too much.
func ThrottledWithin(c Call, at ...int) error {
	return canceled(c, "ThrottlingError", "Throughput exceeds the current capacity of your table or index", at)
}

func canceled(c Call, code, why string, at []int) error {
	reasons, codes := make([]types.CancellationReason, len(c.Keys)), make([]string, len(c.Keys))
	for i := range reasons {
		codes[i] = "None"
		if slices.Contains(at, i) {
			codes[i], reasons[i].Message = code, &why
		}
		reasons[i].Code = &codes[i]
	}
	return &types.TransactionCanceledException{CancellationReasons: reasons,
		Message: aws.String("Transaction cancelled, please refer cancellation reasons for specific reasons [" + strings.Join(codes, ", ") + "]")}
}
