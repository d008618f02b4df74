package engine_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo/engine"
)

// TestWhatWritesConsume holds the engine to the published rules: a unit for each KB begun of
// the larger item, before or after; in a transaction two; and on each index one for a row
// that comes, goes or changes, two for one that moves, and none for one that stays.
func TestWhatWritesConsume(t *testing.T) {
	const kb = 1 << 10
	long := func(n int) item { return item{"a": text(strings.Repeat("x", n))} }
	in := func(index, sort string, more item) item {
		it := item{"i" + index + "p": text("P"), "i" + index + "s": text(sort)}
		for name, v := range more {
			it[name] = v
		}
		return it
	}
	tests := map[string]struct {
		before, after                     item // besides the key; nil: no item
		table, first, second, transaction float64
	}{
		"a small item":              {nil, item{}, 1, 0, 0, 2},
		"a KB":                      {nil, long(kb - len("pkpsksa")), 1, 0, 0, 2},
		"a byte more":               {nil, long(kb - len("pkpsksa") + 1), 2, 0, 0, 4},
		"one that shrinks":          {long(3 * kb), item{}, 4, 0, 0, 8},
		"one that goes":             {long(2 * kb), nil, 3, 0, 0, 6},
		"none that goes":            {nil, nil, 1, 0, 0, 2},
		"a row that comes":          {item{}, in("1", "1", nil), 1, 1, 0, 3},
		"a row that goes":           {in("2", "1", nil), item{}, 1, 0, 1, 3},
		"a row that moves":          {in("1", "1", nil), in("1", "2", nil), 1, 2, 0, 4},
		"a row that stays":          {in("1", "1", long(10)), in("1", "1", long(20)), 1, 0, 0, 2},
		"a row that says more":      {in("1", "1", nil), in("1", "1", item{"ix": text("x")}), 1, 1, 0, 3},
		"a row of more than a KB":   {item{}, in("1", "1", item{"ix": text(strings.Repeat("x", kb))}), 2, 2, 0, 6},
		"a large item, small row":   {item{}, in("1", "1", long(5*kb)), 6, 1, 0, 13},
		"half an index key, no row": {item{}, item{"i1p": text("P")}, 1, 0, 0, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := open(t, engine.Options{})
			begin := func() {
				d.remove(types.ReturnConsumedCapacityNone)
				if tt.before != nil {
					d.put(with("p", "s", tt.before))
				}
			}
			begin()
			got := d.change(tt.after)
			if *got.Table.CapacityUnits != tt.table || indexed(got, "index1") != tt.first || indexed(got, "index2") != tt.second || *got.CapacityUnits != tt.table+tt.first+tt.second {
				t.Errorf("got %v of the table, %v and %v of the indexes, want %v, %v and %v", *got.Table.CapacityUnits, indexed(got, "index1"), indexed(got, "index2"), tt.table, tt.first, tt.second)
			}
			begin()
			a := types.TransactWriteItem{Delete: &types.Delete{TableName: aws.String(table), Key: key("p", "s")}}
			if tt.after != nil {
				a = putting(with("p", "s", tt.after))
			}
			out, err := d.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{a}, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal})
			if err != nil || *out.ConsumedCapacity[0].CapacityUnits != tt.transaction {
				t.Errorf("got %v units of a transaction, %v, want %v", *out.ConsumedCapacity[0].CapacityUnits, err, tt.transaction)
			}
		})
	}
}

func (d *fixture) remove(report types.ReturnConsumedCapacity) *types.ConsumedCapacity {
	d.Helper()
	out, err := d.DeleteItem(d.Context(), &dynamodb.DeleteItemInput{TableName: aws.String(table), Key: key("p", "s"), ReturnConsumedCapacity: report})
	if err != nil {
		d.Fatal(err)
	}
	return out.ConsumedCapacity
}

// change makes the item what it is to be, and returns what that consumed.
func (d *fixture) change(to item) *types.ConsumedCapacity {
	d.Helper()
	if to == nil {
		return d.remove(types.ReturnConsumedCapacityIndexes)
	}
	out, err := d.PutItem(d.Context(), &dynamodb.PutItemInput{TableName: aws.String(table), Item: with("p", "s", to), ReturnConsumedCapacity: types.ReturnConsumedCapacityIndexes})
	if err != nil {
		d.Fatal(err)
	}
	return out.ConsumedCapacity
}

func indexed(c *types.ConsumedCapacity, index string) float64 {
	return aws.ToFloat64(c.GlobalSecondaryIndexes[index].CapacityUnits)
}
