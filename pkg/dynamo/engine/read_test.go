package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo/engine"
)

// TestOnlyEventualReadsAreBehind proves that a stale read sees an item as it was before its
// last write, and a consistent one never.
func TestOnlyEventualReadsAreBehind(t *testing.T) {
	d := open(t, engine.Options{Stale: func(context.Context, engine.Key, time.Time) bool { return true }})
	for i, want := range []string{"-", "1", "2"} {
		n := fmt.Sprint(i + 1)
		d.put(with("p", "s", item{"a": number(n)}))
		if got := textOf(d.get("p", "s", false)["a"]); got != want {
			t.Errorf("got %s after %s was written, want %s", got, n, want)
		}
		if got := textOf(d.get("p", "s", true)["a"]); got != n {
			t.Errorf("got %s read consistently, want %s", got, n)
		}
	}
	for consistent, want := range map[bool]string{true: "3", false: "2"} {
		out, err := d.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{table: {Keys: []map[string]value{key("p", "s")}, ConsistentRead: aws.Bool(consistent)}}})
		if err != nil || textOf(out.Responses[table][0]["a"]) != want {
			t.Errorf("got %v, %v", out, err)
		}
	}
	_, err := d.Query(t.Context(), asking("", "p"))
	d.refused("an eventual query of the table, where reads may be behind", err, engine.CodeNotImplemented)
	if got := sorts(d.query("", "p", func(in *dynamodb.QueryInput) { in.ConsistentRead = aws.Bool(true) })); got != "s" {
		t.Errorf("got %q", got)
	}
}

// TestEachPartitionOfAnIndexIsBehindByItself proves that a partition sees as many of its own
// changes as are drawn, oldest first, whatever others see.
func TestEachPartitionOfAnIndexIsBehindByItself(t *testing.T) {
	see := map[string]int{}
	d := open(t, engine.Options{Lag: func(_ context.Context, index, partition string, unseen []time.Time) int {
		defer delete(see, index+partition)
		return min(see[index+partition], len(unseen))
	}})
	entry := func(sk, i1p, i2p string) item {
		return with("p", sk, item{"i1p": text(i1p), "i1s": text(sk), "i2p": text(i2p), "i2s": text(sk)})
	}
	want := func(index, partition, entries string) {
		t.Helper()
		if got := sorts(d.query(index, partition)); got != entries {
			t.Errorf("%s of %s: got %q, want %q", partition, index, got, entries)
		}
	}
	d.put(entry("1", "A", "A"), entry("2", "A", "A"), entry("3", "B", "A"))
	want("index1", "A", "")
	see["index1A"] = 1
	want("index1", "A", "1")
	want("index1", "B", "")
	want("index2", "A", "")
	see["index2A"] = 3
	want("index2", "A", "1 2 3")
	want("index1", "A", "1")

	d.put(entry("1", "B", "A")) // moves: it may be in both partitions, or in none
	see["index1B"] = 2
	want("index1", "B", "1 3")
	want("index1", "A", "1")
	see["index1A"] = 2
	want("index1", "A", "2")
}

// TestEntriesThatSortAlikeHaveNoOrder proves that their order is another with another seed, and
// that pages follow it.
func TestEntriesThatSortAlikeHaveNoOrder(t *testing.T) {
	orders := map[string]bool{}
	for seed := range uint64(20) {
		d := open(t, engine.Options{Seed: seed})
		for i := range 5 {
			d.put(with("p", fmt.Sprint(i), item{"i1p": text("A"), "i1s": text("same")}))
		}
		whole := sorts(d.query("index1", "A"))
		orders[whole] = true
		var paged []string
		for from := (item)(nil); ; {
			out := d.query("index1", "A", func(in *dynamodb.QueryInput) { in.Limit, in.ExclusiveStartKey = aws.Int32(2), from })
			paged = append(paged, strings.Fields(sorts(out))...)
			if from = out.LastEvaluatedKey; from == nil {
				break
			}
		}
		if strings.Join(paged, " ") != whole {
			t.Errorf("got %v in pages, want %s", paged, whole)
		}
	}
	if len(orders) < 10 {
		t.Errorf("got %d orders of 20 seeds", len(orders))
	}
}

// TestAPageIsAMegabyte proves that a query ends before the row that is too much, says so,
// and goes on from there; backward as well.
func TestAPageIsAMegabyte(t *testing.T) {
	d := open(t, engine.Options{})
	for i := range 10 {
		d.put(with("p", fmt.Sprint(i), item{"a": text(strings.Repeat("x", 300<<10)), "i1p": text("A"), "i1s": text(fmt.Sprint(i))}))
	}
	for forward, want := range map[bool][]string{true: {"0 1 2", "3 4 5", "6 7 8", "9"}, false: {"9 8 7", "6 5 4", "3 2 1", "0"}} {
		var pages []string
		for from := (item)(nil); ; {
			out := d.query("", "p", func(in *dynamodb.QueryInput) { in.ScanIndexForward, in.ExclusiveStartKey = &forward, from })
			pages = append(pages, sorts(out))
			if from = out.LastEvaluatedKey; from == nil {
				break
			}
		}
		if !slices.Equal(pages, want) {
			t.Errorf("got %q, want %q", pages, want)
		}
	}
	if out := d.query("index1", "A"); out.Count != 10 || out.LastEvaluatedKey != nil {
		t.Errorf("got %d rows: an index holds keys, and counts them alone", out.Count)
	}
	if out := d.query("", "p", func(in *dynamodb.QueryInput) { in.Select = types.SelectCount }); out.Count != 3 || out.Items != nil || out.LastEvaluatedKey == nil {
		t.Errorf("got %d and %d items", out.Count, len(out.Items))
	}
}

// TestABatchIsSixteenMegabytes proves that what does not fit comes back unread.
func TestABatchIsSixteenMegabytes(t *testing.T) {
	d := open(t, engine.Options{})
	var keys []map[string]value
	for i := range 50 {
		sk := fmt.Sprint(i)
		d.put(with("p", sk, item{"a": text(strings.Repeat("x", 399<<10))}))
		keys = append(keys, key("p", sk))
	}
	out, err := d.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{table: {Keys: keys, ConsistentRead: aws.Bool(true)}}})
	if err != nil {
		t.Fatal(err)
	}
	found, left := len(out.Responses[table]), out.UnprocessedKeys[table]
	if found != 41 || len(left.Keys) != 9 || !aws.ToBool(left.ConsistentRead) {
		t.Errorf("got %d items and %d keys", found, len(left.Keys))
	}
	for what, keys := range map[string][]map[string]value{"none": {}, "101": append(slices.Repeat(keys, 2), key("p", "x")), "one twice": {keys[0], keys[0]}, "half a key": {{"pk": text("p")}}} {
		_, err := d.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{table: {Keys: keys}}})
		d.refused(what, err, "ValidationException")
	}
}

// TestNobodySeesAnotherOnesItems proves that without sharing neither what was sent nor what
// was received is the stored item.
func TestNobodySeesAnotherOnesItems(t *testing.T) {
	d := open(t, engine.Options{})
	list := &types.AttributeValueMemberL{Value: []value{text("x")}}
	d.put(with("p", "s", item{"a": list}))
	list.Value[0] = text("y")
	d.get("p", "s", true)["a"].(*types.AttributeValueMemberL).Value[0].(*types.AttributeValueMemberS).Value = "z"
	if got := textOf(d.get("p", "s", true)["a"].(*types.AttributeValueMemberL).Value[0]); got != "x" {
		t.Errorf("got %s, want what was written", got)
	}
}
