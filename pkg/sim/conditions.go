package sim

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold/pkg/dynamo"
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
	before, _, _ := strings.Cut(key, "#")
	return before
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
	for _, term := range terms(aws.ToString(condition)) {
		c[nameOf(action, key.PK, key.SK, plain(term, attributes))]++
	}
}

// terms splits a condition at the ANDs that are in no parentheses.
func terms(condition string) []string {
	var all []string
	depth, from := 0, 0
	for i := range condition {
		switch {
		case condition[i] == '(':
			depth++
		case condition[i] == ')':
			depth--
		case depth == 0 && strings.HasPrefix(condition[i:], " AND "):
			all = append(all, condition[from:i])
			from = i + len(" AND ")
		}
	}
	return append(all, condition[from:])
}

// plain writes a term with the attributes' names, and a question mark for each value.
func plain(term string, attributes map[string]string) string {
	var b strings.Builder
	for i := 0; i < len(term); {
		end := i + 1
		if term[i] == '#' || term[i] == ':' {
			for end < len(term) && strings.IndexByte(" (),=<>", term[end]) < 0 {
				end++
			}
		}
		switch term[i] {
		case '#':
			b.WriteString(attributes[term[i:end]])
		case ':':
			b.WriteByte('?')
		default:
			b.WriteByte(term[i])
		}
		i = end
	}
	return b.String()
}
