package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"leasehold/pkg/dynamo/engine"
)

// The engine's contract, as AWS documents it. What the emulators know of it as well is
// compared with them on drawn calls, in package referees.

type (
	value = types.AttributeValue
	item  = map[string]types.AttributeValue
)

const table = "t"

func text(s string) value   { return &types.AttributeValueMemberS{Value: s} }
func number(s string) value { return &types.AttributeValueMemberN{Value: s} }

func key(pk, sk string) item { return item{"pk": text(pk), "sk": text(sk)} }

// with adds attributes to a key.
func with(pk, sk string, more item) item {
	it := key(pk, sk)
	for name, v := range more {
		it[name] = v
	}
	return it
}

// fixture is an engine in a test.
type fixture struct {
	*testing.T
	*engine.Engine
}

func open(t *testing.T, o engine.Options) *fixture {
	o.Table = table
	return &fixture{t, engine.New(o)}
}

func (d *fixture) put(items ...item) {
	d.Helper()
	for _, it := range items {
		if _, err := d.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: aws.String(table), Item: it}); err != nil {
			d.Fatal(err)
		}
	}
}

// get reads an item; nil where it is not there.
func (d *fixture) get(pk, sk string, consistent bool) item {
	d.Helper()
	out, err := d.GetItem(context.Background(), &dynamodb.GetItemInput{TableName: aws.String(table), Key: key(pk, sk), ConsistentRead: &consistent})
	if err != nil {
		d.Fatal(err)
	}
	return out.Item
}

func (d *fixture) transact(token string, actions ...types.TransactWriteItem) error {
	in := &dynamodb.TransactWriteItemsInput{TransactItems: actions}
	if token != "" {
		in.ClientRequestToken = &token
	}
	_, err := d.TransactWriteItems(context.Background(), in)
	return err
}

// query reads a page of a partition, of an index where one is named.
func (d *fixture) query(index, partition string, change ...func(*dynamodb.QueryInput)) *dynamodb.QueryOutput {
	d.Helper()
	in := asking(index, partition)
	for _, c := range change {
		c(in)
	}
	out, err := d.Query(context.Background(), in)
	if err != nil {
		d.Fatal(err)
	}
	return out
}

func asking(index, partition string) *dynamodb.QueryInput {
	in := &dynamodb.QueryInput{TableName: aws.String(table), KeyConditionExpression: aws.String("pk = :p"), ExpressionAttributeValues: item{":p": text(partition)}}
	if index != "" {
		in.IndexName, in.KeyConditionExpression = &index, aws.String("i"+strings.TrimPrefix(index, "index")+"p = :p")
	}
	return in
}

// sorts returns the sort keys of what a query brought.
func sorts(out *dynamodb.QueryOutput) string {
	var all []string
	for _, it := range out.Items {
		all = append(all, textOf(it["sk"]))
	}
	return strings.Join(all, " ")
}

func textOf(v value) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	case nil:
		return "-"
	}
	return fmt.Sprintf("%T", v)
}

// code is the service's name of a failure.
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}

func (d *fixture) refused(what string, err error, want string) {
	d.Helper()
	if code(err) != want {
		d.Errorf("%s: got %v, want %s", what, err, want)
	}
}

func putting(it item) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{TableName: aws.String(table), Item: it}}
}

func checking(pk, sk, condition string) types.TransactWriteItem {
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: aws.String(table), Key: key(pk, sk), ConditionExpression: &condition,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}}
}
