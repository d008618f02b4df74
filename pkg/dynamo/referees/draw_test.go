package referees

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type (
	value = types.AttributeValue
	item  = map[string]types.AttributeValue
)

func text(s string) value   { return &types.AttributeValueMemberS{Value: s} }
func number(s string) value { return &types.AttributeValueMemberN{Value: s} }

// drawer draws calls on few items, so that they meet.
type drawer struct {
	*rand.Rand
	table  string
	simple bool // small whole numbers, no binary but in sets, the sizes of sets, and sections in their usual order
}

func newDrawer(seed uint64, table string, simple bool) *drawer {
	return &drawer{rand.New(rand.NewPCG(seed, 1)), table, simple}
}

func (d *drawer) oneIn(n int) bool { return d.IntN(n) == 0 }

func pick[T any](d *drawer, all ...T) T { return all[d.IntN(len(all))] }

var (
	partitions = []string{"A", "B", "C"}
	sorts      = []string{"1", "2", "3", "31", "4"}
	attributes = []string{"a", "b", "c", "d", "e", "f"}
	indexKeys  = []string{"i1p", "i1s", "i2p", "i2s"}
)

func (d *drawer) key() item {
	return item{"pk": text(pick(d, partitions...)), "sk": text(pick(d, sorts...))}
}

func (d *drawer) number() string {
	switch n := d.IntN(8); {
	case d.simple:
		return fmt.Sprint(d.IntN(9) - 3)
	case n == 0:
		return pick(d, "0e125", "0", "-0", "1.50", "0.1", "-2.5", "1e3", "+7", "007", ".5", "5.")
	case n == 1:
		return pick(d, "1E100", "-1e-100", strings.Repeat("9", 38), "0."+strings.Repeat("3", 38), "12345678901234567890.5", "99999999999999999999")
	default:
		return fmt.Sprint(d.IntN(9) - 3)
	}
}

func (d *drawer) word() string { return pick(d, "", "x", "y", "xy", "ü", "ü😀", "Z") }

// distinct draws a few different ones.
func distinct(d *drawer, all ...string) []string {
	all = slices.Clone(all)
	d.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:1+d.IntN(len(all)-1)]
}

func (d *drawer) set() value {
	switch d.IntN(3) {
	case 0:
		return &types.AttributeValueMemberSS{Value: distinct(d, "x", "y", "z", "")}
	case 1:
		if d.simple {
			return &types.AttributeValueMemberNS{Value: distinct(d, "1", "2", "-3", "4")}
		}
		return &types.AttributeValueMemberNS{Value: distinct(d, "1", "2.50", "-3", "4e2")}
	default:
		set := &types.AttributeValueMemberBS{}
		for _, s := range distinct(d, "x", "y", "z", "q", "r") {
			set.Value = append(set.Value, []byte(s))
		}
		return set
	}
}

func (d *drawer) value(depth int) value {
	switch n := d.IntN(12); {
	case n < 3:
		return number(d.number())
	case n < 5:
		return text(d.word())
	case n < 8:
		return d.set()
	case n == 8 && !d.simple:
		return &types.AttributeValueMemberB{Value: []byte(d.word())}
	case n == 8 || n == 9 || depth > 1:
		return pick[value](d, &types.AttributeValueMemberBOOL{Value: d.oneIn(2)}, &types.AttributeValueMemberNULL{Value: true})
	case n == 10:
		list := &types.AttributeValueMemberL{Value: []value{}}
		for range d.IntN(3) {
			list.Value = append(list.Value, d.value(depth+1))
		}
		return list
	default:
		m := &types.AttributeValueMemberM{Value: item{}}
		for range d.IntN(3) {
			m.Value[pick(d, attributes...)] = d.value(depth + 1)
		}
		return m
	}
}

// part is what something may contain.
func (d *drawer) part() value {
	if d.oneIn(4) {
		return &types.AttributeValueMemberB{Value: []byte(d.word())}
	}
	return d.value(0)
}

// indexValue is what an attribute of an index mostly holds.
func (d *drawer) indexValue() value { return text(pick(d, "P", "Q", "R")) }

func (d *drawer) item() item {
	it := d.key()
	for range d.IntN(5) {
		it[pick(d, attributes...)] = d.value(0)
	}
	for _, name := range indexKeys {
		if !d.oneIn(3) {
			it[name] = d.indexValue()
		}
	}
	if d.oneIn(2) {
		it["ix"] = d.value(0)
	}
	if d.oneIn(2) {
		it["s"] = d.set()
	}
	if d.oneIn(12) {
		it["a"] = text(strings.Repeat("x", d.IntN(4000)))
	}
	return it
}

// action is a write of one item, before it takes the shape of an input.
type action struct {
	kind        string // Put, Update, Delete, ConditionCheck
	table       string
	item        item // of a put; else the key
	cond, upd   string
	names       map[string]string
	values      item
	old         bool
	noCondition bool // the expression is sent, and empty
}

func (d *drawer) action(kind string) *action {
	a := &action{kind: kind, table: d.table, names: map[string]string{}, values: item{}, old: d.oneIn(3)}
	if kind == "Put" {
		a.item = d.item()
	} else {
		a.item = d.key()
	}
	if kind == "Update" {
		a.upd = d.update(a)
	}
	if kind == "ConditionCheck" || !d.oneIn(3) {
		a.cond = d.condition(a)
	}
	return a
}

// attr names an attribute in an expression.
func (a *action) attr(d *drawer, name string) string {
	if d.oneIn(4) {
		return name
	}
	for placeholder, known := range a.names {
		if known == name {
			return placeholder
		}
	}
	placeholder := "#n" + fmt.Sprint(len(a.names))
	a.names[placeholder] = name
	return placeholder
}

func (a *action) value(v value) string {
	placeholder := ":v" + fmt.Sprint(len(a.values))
	a.values[placeholder] = v
	return placeholder
}

// condition is a conjunction, as the table's mostly are, or something wilder.
func (d *drawer) condition(a *action) string {
	terms := []string{}
	for range 1 + d.IntN(3) {
		terms = append(terms, d.term(a, 0))
	}
	return strings.Join(terms, pick(d, " AND ", " AND ", " OR ", " and "))
}

func (d *drawer) term(a *action, depth int) string {
	at := pick(d, append(attributes, "pk", "i1p", "ix", "s")...)
	switch d.IntN(9) {
	case 0:
		return "attribute_exists(" + a.attr(d, at) + ")"
	case 1:
		return "attribute_not_exists(" + a.attr(d, at) + ")"
	case 2:
		return "contains(" + a.attr(d, at) + ", " + a.value(d.part()) + ")"
	case 3:
		return "NOT contains(" + a.attr(d, at) + ", " + a.value(d.part()) + ")"
	case 4:
		if d.simple {
			at = "s"
		}
		return "size(" + a.attr(d, at) + ") " + d.comparator() + " " + a.value(number(fmt.Sprint(d.IntN(4))))
	case 5:
		if depth > 1 {
			return a.attr(d, at) + " = " + a.value(d.value(0))
		}
		return "(" + d.term(a, depth+1) + pick(d, " OR ", " AND ") + d.term(a, depth+1) + ")"
	case 6:
		return "NOT " + d.term(a, depth+1)
	case 7:
		return a.attr(d, at) + " = " + a.value(d.value(0))
	default:
		return a.attr(d, at) + " " + d.comparator() + " " + a.value(pick(d, number(d.number()), text(d.word())))
	}
}

func (d *drawer) comparator() string { return pick(d, "=", "<>", "<", "<=", ">", ">=") }

// update changes different attributes.
func (d *drawer) update(a *action) string {
	clauses := map[string][]string{}
	for _, at := range distinct(d, append(attributes, "i1p", "i2s", "ix", "s")...) {
		if len(a.values) > 3 {
			break
		}
		v := d.value(0)
		switch {
		case slices.Contains(indexKeys, at):
			v = d.indexValue()
		case at == "s":
			v = d.set()
		}
		how := d.IntN(5)
		if slices.Contains(indexKeys, at) && !d.oneIn(10) {
			how %= 3
		}
		switch how {
		case 0:
			clauses["SET"] = append(clauses["SET"], a.attr(d, at)+" = "+a.value(v))
		case 1:
			other := at
			if d.oneIn(4) && at != "s" && !slices.Contains(indexKeys, at) {
				other = pick(d, attributes...)
			}
			clauses["SET"] = append(clauses["SET"], a.attr(d, at)+" = if_not_exists("+a.attr(d, other)+", "+a.value(v)+")")
		case 2:
			clauses["REMOVE"] = append(clauses["REMOVE"], a.attr(d, at))
		case 3:
			clauses["ADD"] = append(clauses["ADD"], a.attr(d, at)+" "+a.value(d.addend(at)))
		default:
			clauses["DELETE"] = append(clauses["DELETE"], a.attr(d, at)+" "+a.value(d.set()))
		}
	}
	var all []string
	for _, name := range []string{"SET", "REMOVE", "ADD", "DELETE"} {
		if len(clauses[name]) > 0 {
			all = append(all, name+" "+strings.Join(clauses[name], ", "))
		}
	}
	if !d.simple {
		d.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	return strings.Join(all, " ")
}

// addend is what may be added to an attribute.
func (d *drawer) addend(at string) value {
	if at == "s" || d.oneIn(2) {
		return d.set()
	}
	return number(d.number())
}

// texts returns what an input takes: nil for what is empty.
func (a *action) texts() (cond, upd *string, names map[string]string, values item, onFailure types.ReturnValuesOnConditionCheckFailure) {
	if a.cond != "" || a.noCondition {
		cond = &a.cond
	}
	if a.upd != "" {
		upd = &a.upd
	}
	if names = a.names; len(names) == 0 {
		names = nil
	}
	if values = a.values; len(values) == 0 {
		values = nil
	}
	if a.old {
		onFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	}
	return cond, upd, names, values, onFailure
}

// together is the action as one of a transaction.
func (a *action) together() types.TransactWriteItem {
	cond, upd, names, values, old := a.texts()
	switch a.kind {
	case "Put":
		return types.TransactWriteItem{Put: &types.Put{TableName: &a.table, Item: a.item, ConditionExpression: cond, ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: old}}
	case "Update":
		return types.TransactWriteItem{Update: &types.Update{TableName: &a.table, Key: a.item, UpdateExpression: upd, ConditionExpression: cond, ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: old}}
	case "Delete":
		return types.TransactWriteItem{Delete: &types.Delete{TableName: &a.table, Key: a.item, ConditionExpression: cond, ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: old}}
	default:
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: &a.table, Key: a.item, ConditionExpression: cond, ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: old}}
	}
}

const units = types.ReturnConsumedCapacityTotal

// alone is the action as a call of its own.
func (a *action) alone() any {
	cond, upd, names, values, old := a.texts()
	switch a.kind {
	case "Put":
		return &dynamodb.PutItemInput{TableName: &a.table, Item: a.item, ConditionExpression: cond, ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: old, ReturnConsumedCapacity: units}
	case "Update":
		return &dynamodb.UpdateItemInput{TableName: &a.table, Key: a.item, UpdateExpression: upd, ConditionExpression: cond, ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: old, ReturnConsumedCapacity: units, ReturnValues: types.ReturnValueAllNew}
	default:
		return &dynamodb.DeleteItemInput{TableName: &a.table, Key: a.item, ConditionExpression: cond, ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: old, ReturnConsumedCapacity: units}
	}
}

// step is one call, and what is wrong with it by design, if anything is.
type step struct {
	in  any
	odd string
}

func (d *drawer) step() step {
	switch n := d.IntN(20); {
	case n < 1:
		return step{in: d.get()}
	case n < 3:
		return step{in: d.batch()}
	case n < 6:
		return d.query()
	case n < 13:
		a := d.action(pick(d, "Put", "Update", "Update", "Update", "Delete"))
		odd := d.spoil(a)
		return step{a.alone(), odd}
	default:
		return d.transaction()
	}
}

// oneItemTwice is what is wrong with a transaction as a whole.
const oneItemTwice = "one item twice"

func (d *drawer) get() any {
	return &dynamodb.GetItemInput{TableName: &d.table, Key: d.key(), ConsistentRead: aws.Bool(d.oneIn(2))}
}

func (d *drawer) batch() any {
	keys := types.KeysAndAttributes{ConsistentRead: aws.Bool(d.oneIn(2))}
	seen := map[string]bool{}
	for range 1 + d.IntN(8) {
		key := d.key()
		if name := show(key); !seen[name] || d.oneIn(20) {
			seen[name] = true
			keys.Keys = append(keys.Keys, key)
		}
	}
	return &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{d.table: keys}}
}

// transaction draws one, on different items unless it is odd.
func (d *drawer) transaction() step {
	in := &dynamodb.TransactWriteItemsInput{ReturnConsumedCapacity: units}
	seen, odd := map[string]bool{}, ""
	for range 1 + d.IntN(4) {
		a := d.action(pick(d, "Put", "Put", "Update", "Update", "Delete", "ConditionCheck"))
		if odd == "" {
			odd = d.spoil(a)
		}
		key := show(keyOf(a.item))
		if seen[key] {
			if odd != "" || !d.oneIn(8) {
				continue
			}
			odd = oneItemTwice
		}
		seen[key] = true
		in.TransactItems = append(in.TransactItems, a.together())
	}
	return step{in, odd}
}

func (d *drawer) query() step {
	a := &action{names: map[string]string{}, values: item{}}
	in := &dynamodb.QueryInput{TableName: &d.table, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(!d.oneIn(2))}
	partition, sort, values, odd := "pk", "sk", []string{"1", "2", "3", "30", "31", "5"}, ""
	p := pick(d, partitions...)
	if d.oneIn(2) {
		nth := pick(d, "1", "2")
		in.IndexName, in.ConsistentRead = aws.String("index"+nth), nil
		partition, sort, values = "i"+nth+"p", "i"+nth+"s", []string{"O", "P", "Q", "QQ", "R"}
		p = pick(d, "P", "Q", "R")
	}
	terms := []string{a.attr(d, partition) + " = " + a.value(text(p))}
	v := pick(d, values...)
	switch d.IntN(4) {
	case 0:
		terms = append(terms, a.attr(d, sort)+" "+pick(d, "=", "<", "<=", ">", ">=")+" "+a.value(text(v)))
	case 1:
		terms = append(terms, "begins_with("+a.attr(d, sort)+", "+a.value(text(v))+")")
	case 2:
		other := pick(d, values...)
		if other < v && !d.oneIn(6) {
			v, other = other, v
		}
		terms = append(terms, a.attr(d, sort)+" BETWEEN "+a.value(text(v))+" AND "+a.value(text(other)))
	}
	if d.oneIn(8) {
		slices.Reverse(terms)
	}
	if d.oneIn(2) {
		in.Limit = aws.Int32(int32(1 + d.IntN(4)))
	}
	if d.oneIn(5) {
		in.Select = types.SelectCount
	}
	if in.IndexName == nil && d.oneIn(3) {
		in.ExclusiveStartKey = item{"pk": text(p), "sk": text(pick(d, values...))}
	}
	if d.oneIn(12) {
		odd = pick(d, "a filtered key", "a strong read of an index", "no limit at all", "no such index", "an empty sort value", "no partition")
		switch odd {
		case "a filtered key":
			terms = append(terms, a.attr(d, "a")+" = "+a.value(text("x")))
		case "a strong read of an index":
			in.IndexName, in.ConsistentRead = aws.String("index1"), aws.Bool(true)
		case "no limit at all":
			in.Limit = aws.Int32(0)
		case "no such index":
			in.IndexName, in.ConsistentRead, in.ExclusiveStartKey = aws.String("index3"), nil, nil
		case "an empty sort value":
			terms = append(terms[:1], a.attr(d, sort)+" > "+a.value(text("")))
		case "no partition":
			terms = []string{a.attr(d, sort) + " = " + a.value(text("1"))}
		}
	}
	in.KeyConditionExpression = aws.String(strings.Join(terms, " AND "))
	_, _, in.ExpressionAttributeNames, in.ExpressionAttributeValues, _ = a.texts()
	return step{in, odd}
}
