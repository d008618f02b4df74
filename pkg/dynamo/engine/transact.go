package engine

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Limits of transactions.
const (
	maxActions    = 100
	transactional = 2 // units for each that an item takes
)

// TransactWriteItems makes all actions, or none.
func (e *Engine) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, options ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	writes, err := e.actions(in, options)
	if err != nil {
		return nil, told(opTransactWriteItems, err)
	}

	out := &dynamodb.TransactWriteItemsOutput{}
	err = e.do(ctx, opTransactWriteItems, func() error {
		// The same token and content again is answered as the first time, and changes nothing.
		again, err := e.effects.again(in.ClientRequestToken, writes, e.now)
		if err == nil && !again {
			err = e.transact(ctx, in.ClientRequestToken, writes)
		}
		if err == nil {
			out.ConsumedCapacity = e.consumedTogether(in.ReturnConsumedCapacity, again, writes)
		}
		return err
	})

	if err != nil {
		return nil, err
	}
	return out, nil
}

// actions checks a transaction as far as it can be without the items.
func (e *Engine) actions(in *dynamodb.TransactWriteItemsInput, options []func(*dynamodb.Options)) ([]*write, error) {
	if err := unknownTransaction(in, options); err != nil {
		return nil, err
	}

	if n := len(in.TransactItems); n < 1 || n > maxActions {
		return nil, invalid("Value at 'transactItems' failed to satisfy constraint: Member must have length between 1 and %d", maxActions)
	}

	if t := in.ClientRequestToken; t != nil && (len(*t) < 1 || len(*t) > maxToken) {
		return nil, invalid("Value at 'clientRequestToken' failed to satisfy constraint: Member must have length between 1 and %d", maxToken)
	}

	all := make([]write, len(in.TransactItems))
	writes, keys, size := make([]*write, len(all)), make([]Key, len(all)), 0
	for i := range in.TransactItems {
		var err error
		if all[i], err = e.action(&in.TransactItems[i]); err != nil {
			return nil, err
		}
		writes[i], keys[i] = &all[i], all[i].key
		if all[i].put != nil {
			// Puts are known by their size now; what updates make is counted once it is known.
			size += all[i].put.size
		}
	}

	if repeats(keys) {
		return nil, invalid("Transaction request cannot include multiple operations on one item")
	}

	if size > maxTransaction {
		return nil, tooLarge()
	}

	return writes, nil
}

func tooLarge() error {
	return invalid("Transaction request exceeds the limit of %d MB", maxTransaction>>20)
}

// action checks one action, of which there is exactly one.
func (e *Engine) action(a *types.TransactWriteItem) (write, error) {
	if err := unknownAction(a); err != nil {
		return write{}, err
	}

	switch {
	case a.Put != nil:
		if err := e.named(a.Put.TableName); err != nil {
			return write{}, err
		}
		return e.preparePut(a.Put.Item, sent{condition: a.Put.ConditionExpression, names: a.Put.ExpressionAttributeNames, values: a.Put.ExpressionAttributeValues}, a.Put.ReturnValuesOnConditionCheckFailure)
	case a.Update != nil:
		u := a.Update
		return e.actionOn(Update, u.TableName, u.Key, sent{u.ConditionExpression, u.UpdateExpression, nil, u.ExpressionAttributeNames, u.ExpressionAttributeValues}, u.ReturnValuesOnConditionCheckFailure)
	case a.Delete != nil:
		d := a.Delete
		return e.actionOn(Delete, d.TableName, d.Key, sent{condition: d.ConditionExpression, names: d.ExpressionAttributeNames, values: d.ExpressionAttributeValues}, d.ReturnValuesOnConditionCheckFailure)
	default:
		c := a.ConditionCheck
		return e.actionOn(ConditionCheck, c.TableName, c.Key, sent{condition: c.ConditionExpression, names: c.ExpressionAttributeNames, values: c.ExpressionAttributeValues}, c.ReturnValuesOnConditionCheckFailure)
	}
}

func (e *Engine) actionOn(action Action, table *string, key item, s sent, onFailure types.ReturnValuesOnConditionCheckFailure) (write, error) {
	if err := e.named(table); err != nil {
		return write{}, err
	}
	if action == Update && s.update == nil || action == ConditionCheck && s.condition == nil {
		return write{}, invalid("Value null at 'transactItems' failed to satisfy constraint: the expression of an %s must not be null", action)
	}
	return e.prepareKey(action, key, s, onFailure)
}

// transact makes all actions, unless one of them cannot be.
func (e *Engine) transact(ctx context.Context, token *string, writes []*write) error {
	var reasons []types.CancellationReason // where one of them failed
	size := 0

	for i, w := range writes {
		err := e.evaluate(w)
		// Once one failed, each action has a reason, in order, that of the others being none.
		if err != nil && reasons == nil {
			reasons = make([]types.CancellationReason, len(writes))
			for j := range writes {
				reasons[j] = reasonOf(nil)
			}
		}

		if err != nil {
			reasons[i] = reasonOf(err)
		}

		size += w.size()
	}

	if reasons != nil {
		return canceled(reasons)
	}
	if size > maxTransaction {
		return tooLarge()
	}

	e.commit(ctx, writes...)
	e.effects.remember(token, writes, e.now)
	return nil
}

// size is what an action counts for in its transaction: the larger one of its item before
// and after.
func (w *write) size() int {
	n := 0
	if w.old != nil {
		n = w.old.size
	}
	if w.next != nil {
		n = max(n, w.next.size)
	}
	return n
}
