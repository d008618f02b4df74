package engine

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Codes of what a transaction is canceled for, action by action.
const (
	reasonNone       = "None"
	reasonCondition  = "ConditionalCheckFailed"
	reasonValidation = "ValidationError"
)

const conditionMessage = "The conditional request failed"

// CodeNotImplemented is the code of what the service might take and the engine does not.
const CodeNotImplemented = "EngineNotImplemented"

// invalid is the refusal of a call that is not well formed.
func invalid(format string, args ...any) error {
	return &smithy.GenericAPIError{Code: "ValidationException", Message: fmt.Sprintf(format, args...)}
}

// unimplemented is the refusal of what the engine does not know.
func unimplemented(format string, args ...any) error {
	return &smithy.GenericAPIError{Code: CodeNotImplemented, Message: "The engine does not implement " + fmt.Sprintf(format, args...)}
}

// untrue is the failure of a condition, with the item where that was asked for.
type untrue struct{ old item }

func (untrue) Error() string { return conditionMessage }

// alone is what a single write says of it.
func (u untrue) alone() error {
	return &types.ConditionalCheckFailedException{Message: aws.String(conditionMessage), Item: u.old}
}

// canceled is what a transaction says of the reasons of its actions.
func canceled(reasons []types.CancellationReason) error {
	codes := make([]string, len(reasons))
	for i, r := range reasons {
		codes[i] = aws.ToString(r.Code)
	}
	return &types.TransactionCanceledException{CancellationReasons: reasons,
		Message: aws.String("Transaction cancelled, please refer cancellation reasons for specific reasons [" + strings.Join(codes, ", ") + "]")}
}

// reasonOf is the reason that one action gives for its failure; nil gives none.
func reasonOf(err error) types.CancellationReason {
	switch err := err.(type) {
	case nil:
		return types.CancellationReason{Code: aws.String(reasonNone)}
	case untrue:
		return types.CancellationReason{Code: aws.String(reasonCondition), Message: aws.String(conditionMessage), Item: err.old}
	default:
		text := err.Error()
		if api, ok := err.(*smithy.GenericAPIError); ok {
			text = api.Message
		}
		return types.CancellationReason{Code: aws.String(reasonValidation), Message: &text}
	}
}

// operation is one of the calls, named as the SDK names it.
type operation string

const (
	opGetItem            operation = "GetItem"
	opBatchGetItem       operation = "BatchGetItem"
	opQuery              operation = "Query"
	opPutItem            operation = "PutItem"
	opUpdateItem         operation = "UpdateItem"
	opDeleteItem         operation = "DeleteItem"
	opTransactWriteItems operation = "TransactWriteItems"
)

// told wraps a failure as the SDK does: the service answers what it refuses with 400.
func told(o operation, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := err.(smithy.APIError); ok {
		err = &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusBadRequest}}, Err: err}
	}
	return &smithy.OperationError{ServiceID: dynamodb.ServiceID, OperationName: string(o), Err: err}
}

// mistyped is an attribute of an index that is no string. A transaction says so of the
// one action, where everything else that is wrong with an item refuses the whole call.
type mistyped struct{ attribute, actual string }

func (m mistyped) Error() string {
	return fmt.Sprintf("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: S Actual: %s", m.attribute, m.actual)
}
