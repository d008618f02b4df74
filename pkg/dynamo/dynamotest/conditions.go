package dynamotest

import (
	"context"
	"flag"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/dynamo/faults"
)

// The conditions of every write, told apart by what is done to which sort of item, and by
// their text. They are collected from what is sent, so that no list has to be kept of what
// there is to be tried: make conditions drops each of them in turn.

var waive = flag.String("table.waive", "", "conditions that tables in memory do not look at, by name, with a semicolon between two")

// Waiving returns the options with the conditions not looked at that the flag names: a test
// which then fails is one that needs them.
func Waiving(o engine.Options) engine.Options {
	if *waive != "" {
		o.Waive = Waive(strings.Split(*waive, ";")...)
	}
	return o
}

// Waive reports conditions of these names.
func Waive(names ...string) func(engine.Condition) bool {
	return func(c engine.Condition) bool { return slices.Contains(names, conditionName(c)) }
}

// conditionName names one of the terms that an action's condition joins by AND.
func conditionName(c engine.Condition) string {
	return string(c.Action) + " " + word(c.Key.PK) + " " + word(c.Key.SK) + ": " + c.Text
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

// Collected returns the client with the conditions of its calls taken in. They are
// complete once no call is under way.
func (c Conditions) Collected(client dynamo.Client) dynamo.Client {
	var mu sync.Mutex
	return faults.Wrap(client, faults.Hooks{Before: func(_ context.Context, call faults.Call) error {
		mu.Lock()
		defer mu.Unlock()
		c.Collect(call)
		return nil
	}})
}

// Collect takes in the conditions of a call.
func (c Conditions) Collect(call faults.Call) {
	switch in := call.Input.(type) {
	case *dynamodb.PutItemInput:
		c.add(engine.Put, call.Keys[0], in.ConditionExpression, in.ExpressionAttributeNames)
	case *dynamodb.UpdateItemInput:
		c.add(engine.Update, call.Keys[0], in.ConditionExpression, in.ExpressionAttributeNames)
	case *dynamodb.DeleteItemInput:
		c.add(engine.Delete, call.Keys[0], in.ConditionExpression, in.ExpressionAttributeNames)
	case *dynamodb.TransactWriteItemsInput:
		// A transaction's keys lie in the order of its actions.
		for i, a := range in.TransactItems {
			switch key := call.Keys[i]; {
			case a.Put != nil:
				c.add(engine.Put, key, a.Put.ConditionExpression, a.Put.ExpressionAttributeNames)
			case a.Update != nil:
				c.add(engine.Update, key, a.Update.ConditionExpression, a.Update.ExpressionAttributeNames)
			case a.Delete != nil:
				c.add(engine.Delete, key, a.Delete.ConditionExpression, a.Delete.ExpressionAttributeNames)
			case a.ConditionCheck != nil:
				c.add(engine.ConditionCheck, key, a.ConditionCheck.ConditionExpression, a.ConditionCheck.ExpressionAttributeNames)
			}
		}
	}
}

func (c Conditions) add(action engine.Action, key dynamo.Key, condition *string, attributes map[string]string) {
	if condition == nil {
		return
	}
	all, err := engine.Terms(*condition, attributes)
	if err != nil {
		return // the table refuses it
	}
	for _, term := range all {
		c[conditionName(engine.Condition{Action: action, Key: engine.Key(key), Text: term})]++
	}
}
