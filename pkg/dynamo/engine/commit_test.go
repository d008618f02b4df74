package engine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo/engine"
)

type caller struct{}

// TestWhoeverWantsToKnowHearsOfEachEffect proves that each write is told once, when it takes
// effect, with the context of its caller; and that what has no effect is not told.
func TestWhoeverWantsToKnowHearsOfEachEffect(t *testing.T) {
	var heard []string
	d := open(t, engine.Options{Committed: func(ctx context.Context, writes []engine.Write) {
		for _, w := range writes {
			heard = append(heard, fmt.Sprint(ctx.Value(caller{}), " ", w.Key.SK, " ", w.Before != nil, w.After != nil))
		}
	}})
	ctx := context.WithValue(t.Context(), caller{}, "Ann")
	_, err := d.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{putting(key("p", "1")), checking("p", "2", "attribute_not_exists(pk)"), putting(key("p", "3"))}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.transact("", putting(key("p", "4")), checking("p", "2", "attribute_exists(pk)")); err == nil {
		t.Fatal("want a failure")
	}
	for range 2 { // the second takes nothing away
		if _, err := d.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String(table), Key: key("p", "1")}); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"Ann 1 false true", "Ann 3 false true", "Ann 1 true false"}; !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}

// TestOneTermOfAConditionCanBeLeftOut proves that the terms that AND joins are told apart by
// action, item and text, and that each can be waived by itself.
func TestOneTermOfAConditionCanBeLeftOut(t *testing.T) {
	const condition = "attribute_exists(pk) AND (attribute_not_exists(#a) OR #a <= :x) AND NOT contains(b, :x) AND size(b) < :x"
	var terms []string
	waive := ""
	d := open(t, engine.Options{Waive: func(c engine.Condition) bool {
		if waive == "" {
			terms = append(terms, fmt.Sprint(c.Action, " ", c.Key.SK, ": ", c.Text))
		}
		return waive == "" || c.Text == waive
	}})
	in := &dynamodb.PutItemInput{TableName: aws.String(table), Item: key("p", "s"), ConditionExpression: aws.String(condition),
		ExpressionAttributeNames: map[string]string{"#a": "a"}, ExpressionAttributeValues: item{":x": number("1")}}
	if _, err := d.PutItem(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if want := []string{"Put s: attribute_exists(pk)", "Put s: size(b) < ?"}; !slices.Equal(terms, want) {
		t.Errorf("got %q, want those that are untrue: %q", terms, want)
	}
	d.put(with("p", "s", item{"a": number("2")}))
	waive = "(attribute_not_exists(a) OR a <= ?)"
	_, err := d.PutItem(t.Context(), in)
	d.refused("with another term that is untrue", err, "ConditionalCheckFailedException")
	in.ConditionExpression = aws.String("attribute_exists(pk) AND (attribute_not_exists(#a) OR #a <= :x)")
	if _, err = d.PutItem(t.Context(), in); err != nil {
		t.Errorf("got %v, though the one that is untrue is waived", err)
	}
}

// The terms that Terms lists are called as those that Waive is asked about.
func TestTermsAreCalledAlikeBeforeAndAfter(t *testing.T) {
	const condition = "attribute_exists(#n0) AND (attribute_not_exists(#n1) OR #n1 < :v0) AND NOT contains(#n2, :v1) AND size(#n2) <= :v2"
	terms, err := engine.Terms(condition, map[string]string{"#n0": "pk", "#n1": "a", "#n2": "b", "#n3": "of an update"})
	want := []string{"attribute_exists(pk)", "(attribute_not_exists(a) OR a < ?)", "NOT contains(b, ?)", "size(b) <= ?"}
	if err != nil || !slices.Equal(terms, want) {
		t.Errorf("got %q, %v, want %q", terms, err, want)
	}
	if _, err := engine.Terms("attribute_exists(", nil); err == nil {
		t.Error("half a condition was taken")
	}
}
