package engine_test

import (
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/big"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/dynamo/engine"
)

var (
	steps = flag.Int("engine.steps", 1500, "calls that each referee judges")
	seed  = flag.Uint64("engine.seed", 1, "of the calls that are drawn")
)

// referee is another reading of the same service.
type referee struct {
	name   string
	start  func() (*dynamotest.Emulator, error)
	client dynamo.Client
	units  bool // its figures of write units are the service's
	simple bool // what it makes of large numbers and of fractions is its own
	asSent bool // it gives some numbers back as they were sent, and not as the service keeps them
	// accepts are wrong calls that it is known to take, and which are not put to it.
	accepts []string
	// excuses are classes of difference: each says whether two outcomes are of it.
	excuses map[string]func(s step, ours, theirs outcome) bool
}

// outcome is what a call came to, in a form that can be compared.
type outcome struct {
	text    string
	more    bool // a page of a query that says that there is more
	missing bool // the engine does not implement it
	units   float64
}

// TestRefereesAgree plays drawn calls on the engine and on each referee that is
// installed, and demands the same outcomes, but for the classes of difference named.
func TestRefereesAgree(t *testing.T) {
	for _, r := range []*referee{dynamoDBLocal(), miniStack()} {
		t.Run(r.name, func(t *testing.T) {
			e, err := r.start()
			if errors.Is(err, dynamotest.ErrNone) || errors.Is(err, dynamotest.ErrNoDynamoDBLocal) {
				fmt.Fprintln(os.Stderr, err)
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(e.Stop)
			if err := e.CreateTable(t.Context(), "referee"); err != nil {
				t.Fatal(err)
			}
			r.client = e.Client()
			r.play(t, newDrawer(*seed, "referee", r.simple), *steps)
		})
	}
}

// play puts drawn calls to both. It stops at the first difference, since those after it
// say nothing.
func (r *referee) play(t *testing.T, d *drawer, steps int) {
	ours := engine.New(engine.Options{Table: d.table, Seed: 3})
	classes, kinds := map[string]int{}, map[string]int{}
	for n := range steps {
		s := d.step()
		if slices.Contains(r.accepts, s.odd) {
			classes["not asked: "+s.odd]++
			continue
		}
		before := held(ours, d.table)
		mine := play(ours, s.in)
		if mine.missing {
			classes["not implemented"]++
			continue
		}
		theirs := play(r.client, s.in)
		if r.asSent {
			mine.text, theirs.text = byValue(mine.text), byValue(theirs.text)
		}
		kinds[verdict(mine.text)]++
		if difference := r.compare(s, mine, theirs); difference != "" {
			classes[difference]++
		} else if mine != theirs && (mine.text != theirs.text || mine.more != theirs.more || r.units && mine.units != theirs.units) {
			t.Fatalf("step %d of seed %d (%q):\n%s\nthe engine: %+v\n%s: %+v\nbefore:\n%s", n, *seed, s.odd, describe(s.in), mine, r.name, theirs, before)
		}
		if n%1 == 0 || n == steps-1 {
			r.sameTables(t, n, ours, d.table)
		}
	}
	for _, of := range []map[string]int{kinds, classes} {
		for _, name := range slices.Sorted(maps.Keys(of)) {
			t.Logf("%6d  %s", of[name], name)
		}
	}
}

func (r *referee) compare(s step, mine, theirs outcome) string {
	for _, name := range slices.Sorted(maps.Keys(r.excuses)) {
		if mine != theirs && r.excuses[name](s, mine, theirs) {
			return name
		}
	}
	return ""
}

// verdict is the beginning of an outcome, for the count.
func verdict(text string) string {
	kind, _, _ := strings.Cut(text, ":")
	return kind
}

// held writes all that an engine holds.
func held(c dynamo.Client, table string) string {
	var all []string
	for _, p := range partitions {
		out, err := c.Query(context.Background(), &dynamodb.QueryInput{TableName: &table, KeyConditionExpression: aws.String("pk = :p"), ExpressionAttributeValues: item{":p": text(p)}})
		if err != nil {
			return err.Error()
		}
		for _, it := range out.Items {
			all = append(all, "  "+show(it))
		}
	}
	return strings.Join(all, "\n")
}

// sameTables demands that both hold the same.
func (r *referee) sameTables(t *testing.T, n int, ours dynamo.Client, table string) {
	t.Helper()
	for index, all := range map[string][]string{"": partitions, "index1": {"P", "Q", "R"}, "index2": {"P", "Q", "R"}} {
		for _, p := range all {
			in := &dynamodb.QueryInput{TableName: &table, KeyConditionExpression: aws.String("#p = :p"),
				ExpressionAttributeNames: map[string]string{"#p": "pk"}, ExpressionAttributeValues: item{":p": text(p)}}
			if index != "" {
				in.IndexName, in.ExpressionAttributeNames = &index, map[string]string{"#p": "i" + index[5:] + "p"}
			}
			mine, theirs := play(ours, in), play(r.client, in)
			if r.asSent {
				mine.text, theirs.text = byValue(mine.text), byValue(theirs.text)
			}
			if mine.text != theirs.text {
				t.Fatalf("after step %d of seed %d, partition %s of %q:\nthe engine: %s\n%s: %s", n, *seed, p, index, mine.text, r.name, theirs.text)
			}
		}
	}
}

// play makes a call and says what it came to.
func play(c dynamo.Client, in any) outcome {
	ctx := context.Background()
	switch in := in.(type) {
	case *dynamodb.GetItemInput:
		out, err := c.GetItem(ctx, in)
		return came(err, func() outcome { return outcome{text: show(out.Item)} })
	case *dynamodb.BatchGetItemInput:
		out, err := c.BatchGetItem(ctx, in)
		return came(err, func() outcome { return outcome{text: showAll(out.Responses["referee"], true)} })
	case *dynamodb.PutItemInput:
		out, err := c.PutItem(ctx, in)
		return came(err, func() outcome { return outcome{units: consumed(out.ConsumedCapacity)} })
	case *dynamodb.UpdateItemInput:
		out, err := c.UpdateItem(ctx, in)
		return came(err, func() outcome {
			return outcome{text: show(out.Attributes), units: consumed(out.ConsumedCapacity)}
		})
	case *dynamodb.DeleteItemInput:
		out, err := c.DeleteItem(ctx, in)
		return came(err, func() outcome { return outcome{units: consumed(out.ConsumedCapacity)} })
	case *dynamodb.TransactWriteItemsInput:
		out, err := c.TransactWriteItems(ctx, in)
		return came(err, func() outcome { return outcome{units: consumed(&out.ConsumedCapacity[0])} })
	case *dynamodb.QueryInput:
		return playQuery(c, in)
	}
	panic(fmt.Sprintf("no call takes %T", in))
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

// playQuery reads a page of the table. Of an index it reads all pages, since rows that
// sort alike have no order.
func playQuery(c dynamo.Client, in *dynamodb.QueryInput) outcome {
	var all []item
	page := *in
	for n := int32(0); ; {
		out, err := c.Query(context.Background(), &page)
		if err != nil {
			return came(err, nil)
		}
		all, n = append(all, out.Items...), n+out.Count
		if in.IndexName != nil && len(out.LastEvaluatedKey) > 0 {
			page.ExclusiveStartKey = out.LastEvaluatedKey
			continue
		}
		more := len(out.LastEvaluatedKey) > 0
		text := fmt.Sprint(n, showAll(all, in.IndexName != nil))
		if in.IndexName != nil {
			text += inOrder(all, *in.IndexName, aws.ToBool(in.ScanIndexForward) || in.ScanIndexForward == nil)
		}
		return outcome{text: "ok: " + text, more: more}
	}
}

// inOrder complains about rows of an index that are out of their order.
func inOrder(rows []item, index string, forward bool) string {
	sort := func(it item) string { return it["i"+index[5:]+"s"].(*types.AttributeValueMemberS).Value }
	ok := slices.IsSortedFunc(rows, func(a, b item) int {
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

// came returns the outcome of a call that went through, or what it failed of.
func came(err error, well func() outcome) outcome {
	if err == nil {
		o := well()
		o.text = "ok: " + o.text
		return o
	}
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
