package dynamotest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"

	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/dynamo/faults"
	"leasehold/pkg/names"
)

type functionKey struct{}

// As says by which function the calls of a context are made.
func As(ctx context.Context, function string) context.Context {
	return context.WithValue(ctx, functionKey{}, function)
}

// Roles judges calls against the rights of the functions that make them, as AWS would by
// their roles. Calls of nobody are not judged.
type Roles struct {
	Complain func(string) // about a call that is refused; nil: nobody hears of it
	judged   atomic.Int64
}

// Judged returns how many actions on items were judged.
func (r *Roles) Judged() int64 { return r.judged.Load() }

// Judged is New with calls that the role of their function does not allow refused.
func Judged(roles *Roles) *Store {
	return with(engine.Options{}, faults.Hooks{Before: roles.evaluate})
}

// evaluate refuses a call of which the role does not allow some part.
func (r *Roles) evaluate(ctx context.Context, c faults.Call) error {
	function, _ := ctx.Value(functionKey{}).(string)
	// What no function does, such as the tests' own reads, is nobody's to refuse.
	rights, known := rightsOf()[function]
	if !known {
		return nil
	}

	for i, action := range actionsOf(c) {
		r.judged.Add(1)
		partition := ""
		if i < len(c.Keys) {
			partition = c.Keys[i].PK
		}

		if allows(rights, action, c.Index, partition) {
			continue
		}

		refusal := fmt.Sprintf("%s may not %s %s %s", function, action, c.Index, partition)
		if r.Complain != nil {
			r.Complain(refusal)
		}
		return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: refusal}
	}
	return nil
}

// actionsOf returns the actions of a call on its keys, one for each; a query has one.
func actionsOf(c faults.Call) []string {
	in, ok := c.Input.(*dynamodb.TransactWriteItemsInput)
	if !ok {
		return slices.Repeat([]string{"dynamodb:" + string(c.Op)}, max(1, len(c.Keys)))
	}
	actions := make([]string, len(in.TransactItems))
	for i, item := range in.TransactItems {
		switch {
		case item.Put != nil:
			actions[i] = "dynamodb:PutItem"
		case item.Update != nil:
			actions[i] = "dynamodb:UpdateItem"
		case item.Delete != nil:
			actions[i] = "dynamodb:DeleteItem"
		default:
			actions[i] = "dynamodb:ConditionCheckItem"
		}
	}
	return actions
}

// rightsOf are the rights of each function on the table.
var rightsOf = sync.OnceValue(func() map[string][]names.Right {
	all := map[string][]names.Right{}
	for _, f := range names.Functions {
		all[f.ID] = f.Rights()
	}
	return all
})

func allows(rights []names.Right, action, index, partition string) bool {
	return slices.ContainsFunc(rights, func(right names.Right) bool {
		part := names.PartTable
		if index != "" {
			part = names.PartIndex
		}
		return right.Part == part && right.ID == index && slices.Contains(right.Actions, action) && (len(right.Leading) == 0 || right.Allows(partition))
	})
}
