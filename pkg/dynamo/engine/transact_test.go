package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo/engine"
)

// TestATransactionMakesAllOrNothing proves that each action tells its own reason, in their
// order, with the item where that was asked for.
func TestATransactionMakesAllOrNothing(t *testing.T) {
	d := open(t, engine.Options{})
	d.put(with("p", "2", item{"a": text("x")}))
	err := d.transact("", putting(key("p", "1")), checking("p", "2", "attribute_not_exists(pk)"), checking("p", "3", "attribute_not_exists(pk)"), checking("p", "4", "attribute_exists(pk)"))
	canceled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok || len(canceled.CancellationReasons) != 4 {
		t.Fatalf("got %v, want four reasons", err)
	}
	for i, want := range []string{"None", "ConditionalCheckFailed", "None", "ConditionalCheckFailed"} {
		if got := aws.ToString(canceled.CancellationReasons[i].Code); got != want {
			t.Errorf("reason %d: got %s, want %s", i, got, want)
		}
	}
	if got := canceled.CancellationReasons[1].Item; textOf(got["a"]) != "x" || canceled.CancellationReasons[3].Item != nil {
		t.Errorf("got the item %v", got)
	}
	if d.get("p", "1", true) != nil {
		t.Error("one action was made, and the others were not")
	}
	if err := d.transact("", putting(key("p", "1")), checking("p", "2", "attribute_exists(pk)")); err != nil || d.get("p", "1", true) == nil {
		t.Errorf("got %v", err)
	}
}

// TestATokenIsOneEffect proves that a transaction under the token of one that took effect
// changes nothing, for ten minutes, and that another one under it is refused.
func TestATokenIsOneEffect(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	heard := 0
	d := open(t, engine.Options{Now: func() time.Time { return now }, Committed: func(context.Context, []engine.Write) { heard++ }})
	one := types.TransactWriteItem{Update: &types.Update{TableName: aws.String(table), Key: key("p", "1"), UpdateExpression: aws.String("ADD n :n"),
		ExpressionAttributeValues: item{":n": number("1")}}}
	for range 3 {
		if err := d.transact("token", one); err != nil {
			t.Fatal(err)
		}
	}
	if got := textOf(d.get("p", "1", true)["n"]); got != "1" || heard != 1 {
		t.Errorf("three tries made %s effects, of which %d were told", got, heard)
	}
	d.refused("another content", d.transact("token", putting(key("p", "1"))), "IdempotentParameterMismatchException")
	d.refused("more of it", d.transact("token", one, putting(key("p", "2"))), "IdempotentParameterMismatchException")
	now = now.Add(10 * time.Minute)
	if err := d.transact("token", one); err != nil || textOf(d.get("p", "1", true)["n"]) != "2" {
		t.Errorf("got %v, want another effect after ten minutes", err)
	}
	if err := d.transact("failed", putting(key("p", "3")), checking("p", "4", "attribute_exists(pk)")); err == nil {
		t.Fatal("want a failure")
	}
	if err := d.transact("failed", putting(key("p", "3"))); err != nil {
		t.Errorf("got %v: a token without effect is free", err)
	}
}

// TestTransactionsHaveLimits holds them to the documented ones, each to the last that fits.
func TestTransactionsHaveLimits(t *testing.T) {
	many := func(n, size int) (all []types.TransactWriteItem) {
		for i := range n {
			all = append(all, putting(with("p", fmt.Sprintf("%03d", i), item{"a": text(strings.Repeat("x", size))})))
		}
		return all
	}
	const beside = 2 + 1 + 2 + 3 + 1 // pk, p, sk, three digits, a
	for what, tt := range map[string]struct {
		actions []types.TransactWriteItem
		fits    bool
	}{
		"none":               {nil, false},
		"100 actions":        {many(100, 1), true},
		"101 actions":        {many(101, 1), false},
		"4 MB":               {many(16, 4<<20/16-beside), true},
		"a byte above 4 MB":  {append(many(15, 4<<20/16-beside), putting(with("p", "015", item{"a": text(strings.Repeat("x", 4<<20/16-beside+1))}))), false},
		"one item twice":     {append(many(1, 1), checking("p", "000", "attribute_exists(pk)")), false},
		"an item of 400 KB":  {many(1, 400<<10-beside), true},
		"one byte more":      {many(1, 400<<10-beside+1), false},
		"nothing, as action": {[]types.TransactWriteItem{{}}, false},
		"two, as one action": {[]types.TransactWriteItem{{Put: putting(key("p", "1")).Put, ConditionCheck: checking("p", "1", "attribute_exists(pk)").ConditionCheck}}, false},
	} {
		err := open(t, engine.Options{}).transact("", tt.actions...)
		if tt.fits && err != nil || !tt.fits && code(err) != "ValidationException" {
			t.Errorf("%s: got %v", what, err)
		}
	}
	d := open(t, engine.Options{})
	d.refused("a token of 37", d.transact(strings.Repeat("x", 37), many(1, 1)...), "ValidationException")
}

// TestAChangeCountsWhatItChanges proves that an update cannot grow a transaction past 4 MB
// either, nor an item past 400 KB.
func TestAChangeCountsWhatItChanges(t *testing.T) {
	d := open(t, engine.Options{})
	var grow []types.TransactWriteItem
	for i := range 11 {
		sk := fmt.Sprint(i)
		d.put(with("p", sk, item{"a": text(strings.Repeat("x", 390<<10))}))
		grow = append(grow, types.TransactWriteItem{Update: &types.Update{TableName: aws.String(table), Key: key("p", sk), UpdateExpression: aws.String("SET b = :b"), ExpressionAttributeValues: item{":b": text("x")}}})
	}
	if err := d.transact("", grow[:10]...); err != nil {
		t.Errorf("got %v", err)
	}
	d.refused("11 times 390 KB", d.transact("", grow...), "ValidationException")
	grow[0].Update.ExpressionAttributeValues = item{":b": text(strings.Repeat("x", 10<<10))}
	if err := d.transact("", grow[0]); code(err) != "TransactionCanceledException" {
		t.Errorf("got %v, want that an item grows past its limit", err)
	}
}
