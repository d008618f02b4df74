package engine

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// What follows refuses the members of each input that the engine does not look at. Its
// test goes through all members that the SDK has, so that a new one is not missed.

// member is one that the engine does not know, and whether it was sent.
type member struct {
	name string
	sent bool
}

func unknown(options []func(*dynamodb.Options), members ...member) error {
	if len(options) > 0 {
		return unimplemented("options of one call")
	}
	for _, m := range members {
		if m.sent {
			return unimplemented("%s", m.name)
		}
	}
	return nil
}

// asked reports a choice that is neither left open nor one of those known.
func asked[T ~string](choice T, known ...T) bool {
	return choice != "" && !slices.Contains(known, choice)
}

func capacity(c types.ReturnConsumedCapacity, known ...types.ReturnConsumedCapacity) member {
	return member{"ReturnConsumedCapacity", asked(c, append(known, types.ReturnConsumedCapacityNone)...)}
}

// ofWrites is capacity for writes.
func ofWrites(c types.ReturnConsumedCapacity) member {
	return capacity(c, types.ReturnConsumedCapacityIndexes, types.ReturnConsumedCapacityTotal)
}

func collections(m types.ReturnItemCollectionMetrics) member {
	return member{"ReturnItemCollectionMetrics", asked(m, types.ReturnItemCollectionMetricsNone)}
}

func returned(v types.ReturnValue, known ...types.ReturnValue) member {
	return member{"ReturnValues", asked(v, append(known, types.ReturnValueNone)...)}
}

func unknownGet(in *dynamodb.GetItemInput, options []func(*dynamodb.Options)) error {
	return unknown(options, member{"AttributesToGet", in.AttributesToGet != nil}, member{"ProjectionExpression", in.ProjectionExpression != nil},
		member{"ExpressionAttributeNames", in.ExpressionAttributeNames != nil}, capacity(in.ReturnConsumedCapacity))
}

func unknownBatch(in *dynamodb.BatchGetItemInput, options []func(*dynamodb.Options)) error {
	for _, t := range in.RequestItems {
		err := unknown(options, member{"AttributesToGet", t.AttributesToGet != nil}, member{"ProjectionExpression", t.ProjectionExpression != nil},
			member{"ExpressionAttributeNames", t.ExpressionAttributeNames != nil})
		if err != nil {
			return err
		}
	}
	return unknown(options, capacity(in.ReturnConsumedCapacity))
}

func unknownQuery(in *dynamodb.QueryInput, options []func(*dynamodb.Options)) error {
	return unknown(options, member{"AttributesToGet", in.AttributesToGet != nil}, member{"ConditionalOperator", in.ConditionalOperator != ""},
		member{"FilterExpression", in.FilterExpression != nil}, member{"KeyConditions", in.KeyConditions != nil},
		member{"ProjectionExpression", in.ProjectionExpression != nil}, member{"QueryFilter", in.QueryFilter != nil},
		member{"Select", asked(in.Select, types.SelectCount)}, capacity(in.ReturnConsumedCapacity))
}

func unknownPut(in *dynamodb.PutItemInput, options []func(*dynamodb.Options)) error {
	return unknown(options, member{"ConditionalOperator", in.ConditionalOperator != ""}, member{"Expected", in.Expected != nil},
		ofWrites(in.ReturnConsumedCapacity), collections(in.ReturnItemCollectionMetrics), returned(in.ReturnValues))
}

func unknownUpdate(in *dynamodb.UpdateItemInput, options []func(*dynamodb.Options)) error {
	return unknown(options, member{"AttributeUpdates", in.AttributeUpdates != nil}, member{"ConditionalOperator", in.ConditionalOperator != ""},
		member{"Expected", in.Expected != nil}, ofWrites(in.ReturnConsumedCapacity), collections(in.ReturnItemCollectionMetrics),
		returned(in.ReturnValues, types.ReturnValueAllNew))
}

func unknownDelete(in *dynamodb.DeleteItemInput, options []func(*dynamodb.Options)) error {
	return unknown(options, member{"ConditionalOperator", in.ConditionalOperator != ""}, member{"Expected", in.Expected != nil},
		ofWrites(in.ReturnConsumedCapacity), collections(in.ReturnItemCollectionMetrics), returned(in.ReturnValues))
}

func unknownTransaction(in *dynamodb.TransactWriteItemsInput, options []func(*dynamodb.Options)) error {
	return unknown(options, ofWrites(in.ReturnConsumedCapacity), collections(in.ReturnItemCollectionMetrics))
}

// unknownAction refuses what is not exactly one action.
func unknownAction(a *types.TransactWriteItem) error {
	n := 0
	for _, there := range []bool{a.Put != nil, a.Update != nil, a.Delete != nil, a.ConditionCheck != nil} {
		if there {
			n++
		}
	}
	if n != 1 {
		return invalid("TransactItems can only contain one of Check, Put, Update or Delete")
	}
	return nil
}
