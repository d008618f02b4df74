package engine_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo/engine"
)

// read are the members of each input that the engine looks at, and of those that are
// choices the ones that it knows.
var read = map[string]map[string][]string{
	"GetItemInput":            {"Key": nil, "TableName": nil, "ConsistentRead": nil, "ReturnConsumedCapacity": {"NONE"}},
	"BatchGetItemInput":       {"RequestItems": nil, "ReturnConsumedCapacity": {"NONE"}},
	"KeysAndAttributes":       {"Keys": nil, "ConsistentRead": nil},
	"QueryInput":              {"TableName": nil, "IndexName": nil, "KeyConditionExpression": nil, "ExpressionAttributeNames": nil, "ExpressionAttributeValues": nil, "ConsistentRead": nil, "ExclusiveStartKey": nil, "Limit": nil, "ScanIndexForward": nil, "Select": {"COUNT"}, "ReturnConsumedCapacity": {"NONE"}},
	"PutItemInput":            {"TableName": nil, "Item": nil, "ConditionExpression": nil, "ExpressionAttributeNames": nil, "ExpressionAttributeValues": nil, "ReturnConsumedCapacity": {"NONE", "TOTAL", "INDEXES"}, "ReturnItemCollectionMetrics": {"NONE"}, "ReturnValues": {"NONE"}, "ReturnValuesOnConditionCheckFailure": {"NONE", "ALL_OLD"}},
	"UpdateItemInput":         {"TableName": nil, "Key": nil, "ConditionExpression": nil, "UpdateExpression": nil, "ExpressionAttributeNames": nil, "ExpressionAttributeValues": nil, "ReturnConsumedCapacity": {"NONE", "TOTAL", "INDEXES"}, "ReturnItemCollectionMetrics": {"NONE"}, "ReturnValues": {"NONE", "ALL_NEW"}, "ReturnValuesOnConditionCheckFailure": {"NONE", "ALL_OLD"}},
	"DeleteItemInput":         {"TableName": nil, "Key": nil, "ConditionExpression": nil, "ExpressionAttributeNames": nil, "ExpressionAttributeValues": nil, "ReturnConsumedCapacity": {"NONE", "TOTAL", "INDEXES"}, "ReturnItemCollectionMetrics": {"NONE"}, "ReturnValues": {"NONE"}, "ReturnValuesOnConditionCheckFailure": {"NONE", "ALL_OLD"}},
	"TransactWriteItemsInput": {"TransactItems": nil, "ClientRequestToken": nil, "ReturnConsumedCapacity": {"NONE", "TOTAL", "INDEXES"}, "ReturnItemCollectionMetrics": {"NONE"}},
	"Put":                     {"TableName": nil, "Item": nil, "ConditionExpression": nil, "ExpressionAttributeNames": nil, "ExpressionAttributeValues": nil, "ReturnValuesOnConditionCheckFailure": {"NONE", "ALL_OLD"}},
	"Update":                  {"TableName": nil, "Key": nil, "ConditionExpression": nil, "UpdateExpression": nil, "ExpressionAttributeNames": nil, "ExpressionAttributeValues": nil, "ReturnValuesOnConditionCheckFailure": {"NONE", "ALL_OLD"}},
	"Delete":                  {"TableName": nil, "Key": nil, "ConditionExpression": nil, "ExpressionAttributeNames": nil, "ExpressionAttributeValues": nil, "ReturnValuesOnConditionCheckFailure": {"NONE", "ALL_OLD"}},
	"ConditionCheck":          {"TableName": nil, "Key": nil, "ConditionExpression": nil, "ExpressionAttributeNames": nil, "ExpressionAttributeValues": nil, "ReturnValuesOnConditionCheckFailure": {"NONE", "ALL_OLD"}},
	"TransactWriteItem":       {"Put": nil, "Update": nil, "Delete": nil, "ConditionCheck": nil},
}

// TestWhatIsNotReadIsRefused goes through every member that the SDK's inputs have and every
// choice that it offers: the engine either looks at it, or refuses a call that sets it.
func TestWhatIsNotReadIsRefused(t *testing.T) {
	d := open(t, engine.Options{})
	made := 0
	for _, c := range calls(d) {
		fresh := func() reflect.Value { return c.part() }
		kind := fresh().Elem().Type()
		for i := range kind.NumField() {
			f := kind.Field(i)
			if !f.IsExported() {
				continue
			}
			known, looked := read[kind.Name()][f.Name]
			if looked && known == nil {
				continue
			}
			for _, v := range settings(f.Type) {
				in := fresh()
				in.Elem().Field(i).Set(v)
				err := c.make()
				made++
				switch {
				case looked && slices.Contains(known, v.String()):
					if err != nil {
						t.Errorf("%s.%s %v: got %v", kind.Name(), f.Name, v, err)
					}
				case code(err) != engine.CodeNotImplemented && !(looked && code(err) == "ValidationException"):
					t.Errorf("%s.%s %v: got %v, want that it is refused", kind.Name(), f.Name, v, err)
				}
			}
		}
	}
	if made < 80 {
		t.Errorf("only %d calls were made", made)
	}
	_, err := d.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(table), Key: key("p", "s")}, func(*dynamodb.Options) {})
	d.refused("options of one call", err, engine.CodeNotImplemented)
}

// settings are values of a member other than none: of a choice, all there are.
func settings(of reflect.Type) []reflect.Value {
	switch of.Kind() {
	case reflect.String:
		out := reflect.New(of).Elem().MethodByName("Values").Call(nil)[0]
		var all []reflect.Value
		for i := range out.Len() {
			all = append(all, out.Index(i))
		}
		return all
	case reflect.Map:
		return []reflect.Value{reflect.MakeMap(of)}
	case reflect.Slice:
		return []reflect.Value{reflect.MakeSlice(of, 1, 1)}
	case reflect.Pointer:
		return []reflect.Value{reflect.New(of.Elem())}
	}
	panic(of)
}

// made is a call that is well formed, and the part of its input that is changed.
type made struct {
	part func() reflect.Value // a new one, which make sends
	make func() error
}

// calls are all that there are, and all parts of their inputs.
func calls(d *fixture) []made {
	var all []made
	add := func(part func() any, make func() error) {
		all = append(all, made{func() reflect.Value { return reflect.ValueOf(part()) }, make})
	}
	ctx, name := d.Context(), aws.String(table)
	here, set := aws.String("attribute_not_exists(zz)"), aws.String("REMOVE a")

	var get *dynamodb.GetItemInput
	add(func() any { get = &dynamodb.GetItemInput{TableName: name, Key: key("p", "s")}; return get }, func() error { _, err := d.GetItem(ctx, get); return err })
	var batch *dynamodb.BatchGetItemInput
	var keys *types.KeysAndAttributes
	whole := func() any {
		batch, keys = &dynamodb.BatchGetItemInput{}, &types.KeysAndAttributes{Keys: []map[string]value{key("p", "s")}}
		return batch
	}
	ask := func() error {
		batch.RequestItems = map[string]types.KeysAndAttributes{table: *keys}
		_, err := d.BatchGetItem(ctx, batch)
		return err
	}
	add(whole, ask)
	add(func() any { whole(); return keys }, ask)
	var query *dynamodb.QueryInput
	add(func() any { query = asking("", "p"); return query }, func() error { _, err := d.Query(ctx, query); return err })
	var put *dynamodb.PutItemInput
	add(func() any { put = &dynamodb.PutItemInput{TableName: name, Item: key("p", "s")}; return put }, func() error { _, err := d.PutItem(ctx, put); return err })
	var update *dynamodb.UpdateItemInput
	add(func() any { update = &dynamodb.UpdateItemInput{TableName: name, Key: key("p", "s")}; return update }, func() error { _, err := d.UpdateItem(ctx, update); return err })
	var remove *dynamodb.DeleteItemInput
	add(func() any { remove = &dynamodb.DeleteItemInput{TableName: name, Key: key("p", "s")}; return remove }, func() error { _, err := d.DeleteItem(ctx, remove); return err })

	var transaction *dynamodb.TransactWriteItemsInput
	together := func(a types.TransactWriteItem) {
		transaction = &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{a}}
	}
	transact := func() error { _, err := d.TransactWriteItems(ctx, transaction); return err }
	add(func() any { together(putting(key("p", "s"))); return transaction }, transact)
	add(func() any { together(putting(key("p", "s"))); return &transaction.TransactItems[0] }, transact)
	add(func() any { together(putting(key("p", "s"))); return transaction.TransactItems[0].Put }, transact)
	add(func() any {
		together(types.TransactWriteItem{Update: &types.Update{TableName: name, Key: key("p", "s"), UpdateExpression: set}})
		return transaction.TransactItems[0].Update
	}, transact)
	add(func() any {
		together(types.TransactWriteItem{Delete: &types.Delete{TableName: name, Key: key("p", "s")}})
		return transaction.TransactItems[0].Delete
	}, transact)
	add(func() any {
		together(types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: name, Key: key("p", "s"), ConditionExpression: here}})
		return transaction.TransactItems[0].ConditionCheck
	}, transact)
	return all
}

// TestWhatTheServiceTakesAndTheEngineDoesNot proves that it says so, and does not guess.
func TestWhatTheServiceTakesAndTheEngineDoesNot(t *testing.T) {
	d := open(t, engine.Options{})
	for _, condition := range []string{"a.b = :x", "a[0] = :x", "a BETWEEN :x AND :x", "a IN (:x)", "begins_with(a, :x)", "attribute_type(a, :x)", ":x = a", "a = b", "contains(a, b)"} {
		_, err := d.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table), Item: key("p", "s"), ConditionExpression: &condition, ExpressionAttributeValues: item{":x": text("x")}})
		d.refused(condition, err, engine.CodeNotImplemented)
	}
	for _, update := range []string{"SET a = b", "SET a = :x + :x", "SET a = list_append(a, :x)", "SET a.b = :x", "REMOVE a[0]", "SET a = if_not_exists(a, b)"} {
		_, err := d.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: aws.String(table), Key: key("p", "s"), UpdateExpression: &update, ExpressionAttributeValues: item{":x": number("1")}})
		d.refused(update, err, engine.CodeNotImplemented)
	}
}

// TestMistakesAreRefused holds the engine to refuse what AWS refuses, in a call of one
// action. The referees say the same of drawn ones.
func TestMistakesAreRefused(t *testing.T) {
	x := item{":x": text("x")}
	set := func(v value) item { return item{":x": v} }
	long := strings.Repeat("x", 2049)
	tests := map[string]struct {
		condition, update string
		names             map[string]string
		values            item
		item              item // of a put, instead of an update
	}{
		"a name that is not used":            {update: "REMOVE a", names: map[string]string{"#a": "a"}},
		"a value that is not used":           {update: "REMOVE a", values: x},
		"a name that means nothing":          {update: "REMOVE #a"},
		"a value that means nothing":         {update: "SET a = :x"},
		"names and no expression":            {names: map[string]string{"#a": "a"}, item: key("p", "s")},
		"no names at all":                    {update: "REMOVE a", names: map[string]string{}},
		"no values at all":                   {update: "REMOVE a", values: item{}},
		"an empty update":                    {update: " "},
		"a reserved word":                    {update: "REMOVE name"},
		"a section twice":                    {update: "REMOVE a REMOVE b"},
		"an attribute twice":                 {update: "REMOVE a SET a = :x", values: x},
		"a part of the key":                  {update: "SET sk = :x", values: x},
		"an empty set":                       {update: "SET a = :x", values: set(&types.AttributeValueMemberSS{})},
		"a member twice":                     {update: "SET a = :x", values: set(&types.AttributeValueMemberNS{Value: []string{"1", "1.0"}})},
		"39 digits":                          {update: "SET a = :x", values: set(number(strings.Repeat("1", 39)))},
		"a number that is too large":         {update: "SET a = :x", values: set(number("1e126"))},
		"a number that is too small":         {update: "SET a = :x", values: set(number("1e-131"))},
		"no number":                          {update: "SET a = :x", values: set(number("one"))},
		"a null that is false":               {update: "SET a = :x", values: set(&types.AttributeValueMemberNULL{})},
		"no value":                           {update: "SET a = :x", values: item{":x": nil}},
		"an addition of a text":              {update: "ADD a :x", values: x},
		"a subtraction from a number":        {update: "DELETE a :x", values: set(number("1"))},
		"an addition to a text":              {update: "ADD t :x", values: set(number("1"))},
		"an empty index key":                 {update: "SET i1p = :x", values: set(text(""))},
		"a number as index key":              {update: "SET i1s = :x", values: set(number("1"))},
		"a long index key":                   {update: "SET i1p = :x", values: set(text(long))},
		"no such function":                   {condition: "exists(a)", item: key("p", "s")},
		"an order of sets":                   {condition: "a < :x", values: set(&types.AttributeValueMemberSS{Value: []string{"x"}}), item: key("p", "s")},
		"parentheses too many":               {condition: "((attribute_exists(a)))", item: key("p", "s")},
		"an expression of more than 4 KB":    {condition: "attribute_exists(a)" + strings.Repeat(" ", 4096), item: key("p", "s")},
		"an item without its key":            {item: item{"pk": text("p")}},
		"an empty key":                       {item: key("p", "")},
		"a long partition key":               {item: key(long, "s")},
		"a long sort key":                    {item: key("p", long[:1025])},
		"a number as key":                    {item: item{"pk": text("p"), "sk": number("1")}},
		"an attribute without a name":        {item: with("p", "s", item{"": text("x")})},
		"32 lists within each other":         {item: with("p", "s", item{"a": nested(32)})},
		"more than 400 KB":                   {item: with("p", "s", item{"a": text(strings.Repeat("x", 400<<10))})},
		"a condition that ends in the midst": {condition: "attribute_exists(a) AND", item: key("p", "s")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := open(t, engine.Options{})
			d.put(with("p", "s", item{"t": text("x")}))
			var err error
			if tt.item != nil {
				in := &dynamodb.PutItemInput{TableName: aws.String(table), Item: tt.item, ExpressionAttributeNames: tt.names, ExpressionAttributeValues: tt.values}
				if tt.condition != "" {
					in.ConditionExpression = &tt.condition
				}
				_, err = d.PutItem(t.Context(), in)
			} else {
				_, err = d.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: aws.String(table), Key: key("p", "s"), UpdateExpression: &tt.update, ExpressionAttributeNames: tt.names, ExpressionAttributeValues: tt.values})
			}
			d.refused(name, err, "ValidationException")
			if got := d.get("p", "s", true); len(got) != 3 {
				t.Errorf("it was refused, and left %v", got)
			}
		})
	}
}

func nested(levels int) value {
	v := text("x")
	for range levels {
		v = &types.AttributeValueMemberL{Value: []value{v}}
	}
	return v
}
