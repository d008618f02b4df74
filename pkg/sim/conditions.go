package sim

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/dynamo/faults"
)

// The conditions of every write, told apart by what is done to which sort of item, and by
// their text. They are collected from what is sent, so that no list has to be kept: make
// mutate drops each of them in turn.

// nameOf names one of the terms that an action's condition joins by AND.
func nameOf(action, pk, sk, text string) string {
	return action + " " + word(pk) + " " + word(sk) + ": " + text
}

// word is the word that a part of a key begins with.
func word(key string) string {
	for w := range dynamo.Words(key) {
		return w
	}
	return ""
}

// Conditions counts how often each condition was sent, by its name.
type Conditions map[string]int

// collect takes in the conditions of a call.
func (c Conditions) collect(call faults.Call) {
	switch in := call.Input.(type) {
	case *dynamodb.PutItemInput:
		c.add("Put", call.Keys[0], in.ConditionExpression, in.ExpressionAttributeNames)
	case *dynamodb.UpdateItemInput:
		c.add("Update", call.Keys[0], in.ConditionExpression, in.ExpressionAttributeNames)
	case *dynamodb.DeleteItemInput:
		c.add("Delete", call.Keys[0], in.ConditionExpression, in.ExpressionAttributeNames)
	case *dynamodb.TransactWriteItemsInput:
		for i, a := range in.TransactItems {
			switch key := call.Keys[i]; {
			case a.Put != nil:
				c.add("Put", key, a.Put.ConditionExpression, a.Put.ExpressionAttributeNames)
			case a.Update != nil:
				c.add("Update", key, a.Update.ConditionExpression, a.Update.ExpressionAttributeNames)
			case a.Delete != nil:
				c.add("Delete", key, a.Delete.ConditionExpression, a.Delete.ExpressionAttributeNames)
			case a.ConditionCheck != nil:
				c.add("ConditionCheck", key, a.ConditionCheck.ConditionExpression, a.ConditionCheck.ExpressionAttributeNames)
			}
		}
	}
}

func (c Conditions) add(action string, key dynamo.Key, condition *string, attributes map[string]string) {
	if condition == nil {
		return
	}
	all, err := engine.Terms(*condition, attributes)
	if err != nil {
		return // the table refuses it
	}
	for _, term := range all {
		c[nameOf(action, key.PK, key.SK, term)]++
	}
}
