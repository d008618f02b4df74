package referees

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/names"
)

// outcome is what a call came to, in a form that can be compared.
type outcome struct {
	text    string
	more    bool // a page of a query that says that there is more
	missing bool // the engine does not implement it
	units   float64
}

// verdict is the beginning of an outcome, for the count.
func verdict(text string) string {
	kind, _, _ := strings.Cut(text, ":")
	return kind
}

// call makes a call.
func call(ctx context.Context, c dynamo.Client, in any) (any, error) {
	switch in := in.(type) {
	case *dynamodb.GetItemInput:
		return c.GetItem(ctx, in)
	case *dynamodb.BatchGetItemInput:
		return c.BatchGetItem(ctx, in)
	case *dynamodb.QueryInput:
		return c.Query(ctx, in)
	case *dynamodb.PutItemInput:
		return c.PutItem(ctx, in)
	case *dynamodb.UpdateItemInput:
		return c.UpdateItem(ctx, in)
	case *dynamodb.DeleteItemInput:
		return c.DeleteItem(ctx, in)
	case *dynamodb.TransactWriteItemsInput:
		return c.TransactWriteItems(ctx, in)
	}
	panic(fmt.Sprintf("no call takes %T", in))
}

// came returns the outcome of a call.
func came(in, out any, err error) outcome {
	if err != nil {
		return failedWith(err)
	}
	var o outcome
	switch out := out.(type) {
	case *dynamodb.GetItemOutput:
		o.text = show(out.Item)
	case *dynamodb.BatchGetItemOutput:
		for _, found := range out.Responses {
			o.text = showAll(found, true)
		}
	case *dynamodb.QueryOutput:
		o = entries(in.(*dynamodb.QueryInput), out)
	case *dynamodb.PutItemOutput:
		o.units = consumed(out.ConsumedCapacity)
	case *dynamodb.UpdateItemOutput:
		o.text, o.units = show(out.Attributes), consumed(out.ConsumedCapacity)
	case *dynamodb.DeleteItemOutput:
		o.units = consumed(out.ConsumedCapacity)
	case *dynamodb.TransactWriteItemsOutput:
		o.units = consumed(&out.ConsumedCapacity[0])
	}
	o.text = "ok: " + o.text
	return o
}

// anyNumber is a number in an item that was shown.
var anyNumber = regexp.MustCompile(`[=\[ "]N?[-+]?[0-9.][0-9.eE+-]*`)

// byValue writes every number in its one form.
func byValue(text string) string {
	return anyNumber.ReplaceAllStringFunc(text, func(s string) string {
		at := strings.IndexAny(s, "0123456789.-+")
		n, ok := new(big.Rat).SetString(s[at:])
		if !ok {
			return s
		}
		return s[:at] + n.String()
	})
}

// everyPage reads all pages of a query.
func everyPage(c dynamo.Client, in *dynamodb.QueryInput) (*dynamodb.QueryOutput, error) {
	all, page := &dynamodb.QueryOutput{}, *in
	for {
		out, err := c.Query(context.Background(), &page)
		if err != nil {
			return nil, err
		}
		all.Items, all.Count = append(all.Items, out.Items...), all.Count+out.Count
		if page.ExclusiveStartKey = out.LastEvaluatedKey; len(page.ExclusiveStartKey) == 0 {
			return all, nil
		}
	}
}

// entries is what a query brought. Rows of an index that sort alike have no order.
func entries(in *dynamodb.QueryInput, out *dynamodb.QueryOutput) outcome {
	text := fmt.Sprint(out.Count, showAll(out.Items, in.IndexName != nil))
	if in.IndexName != nil {
		text += inOrder(out.Items, *in.IndexName, in.ScanIndexForward == nil || *in.ScanIndexForward)
	}
	return outcome{text: text, more: len(out.LastEvaluatedKey) > 0}
}

// inOrder complains about rows of an index that are out of their order.
func inOrder(entries []item, index string, forward bool) string {
	of := names.Indexes[slices.IndexFunc(names.Indexes, func(x names.Index) bool { return x.ID == index })]
	sort := func(it item) string { return it[of.Sort].(*types.AttributeValueMemberS).Value }
	ok := slices.IsSortedFunc(entries, func(a, b item) int {
		if !forward {
			a, b = b, a
		}
		return strings.Compare(sort(a), sort(b))
	})
	if !ok {
		return " out of order"
	}
	return ""
}

func consumed(c *types.ConsumedCapacity) float64 { return aws.ToFloat64(c.CapacityUnits) }

// failedWith returns the outcome of a call that failed.
func failedWith(err error) outcome {
	if failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return outcome{text: "condition: " + show(failed.Item)}
	}
	if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		text := "canceled:"
		for _, reason := range canceled.CancellationReasons {
			text += " " + aws.ToString(reason.Code) + show(reason.Item)
		}
		return outcome{text: text}
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return outcome{text: api.ErrorCode() + ":", missing: api.ErrorCode() == engine.CodeNotImplemented}
	}
	return outcome{text: "failed: " + err.Error()}
}

// show writes an item so that equal ones are written alike.
func show(it item) string {
	if it == nil {
		return "-"
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(it)) {
		parts = append(parts, name+"="+showValue(it[name]))
	}
	return "{" + strings.Join(parts, " ") + "}"
}

func keyOf(it item) item { return item{"pk": it["pk"], "sk": it["sk"]} }

func showAll(all []item, anyOrder bool) string {
	if anyOrder {
		all = slices.SortedFunc(slices.Values(all), func(a, b item) int { return strings.Compare(show(keyOf(a)), show(keyOf(b))) })
	}
	parts := make([]string, len(all))
	for i, it := range all {
		parts[i] = show(it)
	}
	return strings.Join(parts, " ")
}

func showValue(v value) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberB:
		return "B" + hex.EncodeToString(v.Value)
	case *types.AttributeValueMemberSS:
		return "SS" + fmt.Sprintf("%q", slices.Sorted(slices.Values(v.Value)))
	case *types.AttributeValueMemberNS:
		return "NS" + fmt.Sprintf("%q", slices.Sorted(slices.Values(v.Value)))
	case *types.AttributeValueMemberBS:
		all := []string{}
		for _, m := range v.Value {
			all = append(all, hex.EncodeToString(m))
		}
		slices.Sort(all)
		return "BS" + fmt.Sprint(all)
	case *types.AttributeValueMemberL:
		all := []string{}
		for _, e := range v.Value {
			all = append(all, showValue(e))
		}
		return "L" + fmt.Sprint(all)
	case *types.AttributeValueMemberM:
		return "M" + show(v.Value)
	case nil:
		return "nil"
	}
	text := fmt.Sprintf("%T%v", v, reflect.ValueOf(v).Elem().Field(0))
	return strings.TrimPrefix(text, "*types.AttributeValueMember")
}

// describe writes an input in full, for a difference.
func describe(in any) string {
	return strings.TrimSpace(dump(reflect.ValueOf(in)))
}

func dump(v reflect.Value) string {
	if v.CanInterface() {
		switch x := v.Interface().(type) {
		case map[string]types.AttributeValue:
			return show(x)
		case types.AttributeValue:
			return showValue(x)
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		return dump(v.Elem())
	case reflect.Slice:
		text := ""
		for i := range v.Len() {
			text += "\n  " + dump(v.Index(i))
		}
		return text
	case reflect.Struct:
		text := ""
		for i := range v.NumField() {
			if f := v.Field(i); v.Type().Field(i).IsExported() && !f.IsZero() {
				text += " " + v.Type().Field(i).Name + ": " + dump(f)
			}
		}
		return text
	}
	return fmt.Sprintf("%v", v)
}
