package audit

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/entitlement"
)

// table is one that can be read as a whole: the engine, which no function asks for that, and
// the keys of what was written.
type table struct {
	*engine.Engine
	keys map[dynamo.Key]bool
}

func (t table) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	for _, w := range in.TransactItems {
		if w.Put != nil {
			t.keys[keyOf(w.Put.Item)] = true
		}
	}
	return t.Engine.TransactWriteItems(ctx, in, o...)
}

// Scan reads the items in the order of their keys, a few at a time.
func (t table) Scan(ctx context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	all := slices.SortedFunc(maps.Keys(t.keys), func(a, b dynamo.Key) int { return strings.Compare(a.PK+" "+a.SK, b.PK+" "+b.SK) })
	out := &dynamodb.ScanOutput{}
	for _, key := range all {
		if from := in.ExclusiveStartKey; from != nil && key.PK+" "+key.SK <= keyOf(from).PK+" "+keyOf(from).SK {
			continue
		}
		if item := t.get(ctx, key); item != nil {
			out.Items = append(out.Items, item)
		}
		if len(out.Items) == 3 {
			out.LastEvaluatedKey = itemKey(key)
			break
		}
	}
	return out, nil
}

func (t table) get(ctx context.Context, key dynamo.Key) map[string]types.AttributeValue {
	out, err := t.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("table"), Key: itemKey(key), ConsistentRead: aws.Bool(true)})
	if err != nil {
		panic(err)
	}
	return out.Item
}

func (t table) put(item map[string]types.AttributeValue) {
	t.keys[keyOf(item)] = true
	if _, err := t.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: aws.String("table"), Item: item}); err != nil {
		panic(err)
	}
}

func (t table) drop(key dynamo.Key) {
	if _, err := t.DeleteItem(context.Background(), &dynamodb.DeleteItemInput{TableName: aws.String("table"), Key: itemKey(key)}); err != nil {
		panic(err)
	}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func itemKey(k dynamo.Key) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": text(k.PK), "sk": text(k.SK)}
}

func keyOf(item map[string]types.AttributeValue) dynamo.Key {
	return dynamo.Key{PK: item["pk"].(*types.AttributeValueMemberS).Value, SK: item["sk"].(*types.AttributeValueMemberS).Value}
}

// Things of the world of these tests.
const (
	catalog = "c0000000-0000-4000-8000-000000000001"
	pkg     = "c0000000-0000-4000-8000-000000000002"
	policy  = "c0000000-0000-4000-8000-000000000003"
	request = "c0000000-0000-4000-8000-000000000004"
	person  = "c0000000-0000-4000-8000-000000000005"
	sent    = "c0000000-0000-4000-8000-000000000006"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// stocked is a table with chains of all sorts: of things that are there, of some that are gone,
// of a request that its assignment goes on with, and of a command.
func stocked(t *testing.T) table {
	t.Helper()
	all := table{engine.New(engine.Options{Table: "table"}), map[dynamo.Key]bool{}}
	db := dynamo.New(all, "table")
	commit := func(c entitlement.Change) {
		t.Helper()
		if err := db.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	next := func(chain *entitlement.Chain, of entitlement.AggregateKind, id, kind string, data ...string) []entitlement.Event {
		e := entitlement.Event{Aggregate: of, ID: id, Kind: kind, Actor: person, Command: "c", At: noon, After: kind}
		if len(data) > 0 {
			e.Data = map[string]string{"policies": data[0]}
		}
		*chain, e = chain.Append(e)
		return []entitlement.Event{e}
	}

	c := entitlement.Catalog{ID: catalog, DisplayName: "Sales"}
	for i := range int64(5) {
		events := next(&c.Chain, entitlement.OfCatalog, catalog, "updated")
		commit(entitlement.Change{Catalogs: []entitlement.Catalog{c}, Events: events})
		c.Version = i + 1
	}

	p, rules := entitlement.AccessPackage{ID: pkg, Catalog: catalog, DisplayName: "Gone"}, entitlement.AssignmentPolicy{ID: policy, Package: pkg, DisplayName: "Gone too"}
	commit(entitlement.Change{Events: append(next(&p.Chain, entitlement.OfPackage, pkg, "created"), next(&rules.Chain, entitlement.OfPolicy, policy, "created")...),
		Packages: []entitlement.AccessPackage{p}, Policies: []entitlement.AssignmentPolicy{rules}})
	events := next(&p.Chain, entitlement.OfPackage, pkg, "deleted", policy)
	p.Version, p.Erased, rules.Version, rules.Erased = 1, true, 1, true
	commit(entitlement.Change{Packages: []entitlement.AccessPackage{p}, Policies: []entitlement.AssignmentPolicy{rules}, Former: []entitlement.AccessPackage{p.Former()}, Events: events})

	r := entitlement.AssignmentRequest{ID: request, Type: entitlement.UserAdd, State: entitlement.RequestDelivered, Package: pkg, Catalog: catalog, Policy: policy,
		Requestor: person, Subject: person, Created: noon}
	first := next(&r.Chain, entitlement.OfRequest, request, "submitted")
	a := entitlement.Assignment{ID: request, Package: pkg, Catalog: catalog, Policy: policy, Subject: person, Meta: entitlement.Meta{Chain: r.Chain}}
	commit(entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, DeletionGuards: []entitlement.DeletionGuard{{Package: pkg, Policy: policy, Subject: person}}, Events: first, Slots: []entitlement.AssignmentSlot{{Package: pkg, Subject: person, Assignment: &a}}})
	events = next(&a.Chain, entitlement.OfRequest, request, "delivered")
	slot, err := db.AssignmentSlot(t.Context(), pkg, person)
	if err != nil {
		t.Fatal(err)
	}
	slot.Assignment = &a
	commit(entitlement.Change{Events: events, Slots: []entitlement.AssignmentSlot{slot}})

	var none entitlement.Chain
	commit(entitlement.Change{Events: next(&none, entitlement.OfCommand, sent, "carriedOut")})
	return all
}

// audited verifies the chains of a table, and returns what was printed.
func audited(t *testing.T, of table) (string, error) {
	t.Helper()
	var out strings.Builder
	err := Verifier{Client: of, Table: "table", Out: &out}.Verify(t.Context())
	return out.String(), err
}

func TestS11_ChainsThatNobodyTouchedAreWhole(t *testing.T) {
	out, err := audited(t, stocked(t))
	if want := "5 objects with 11 events were checked.\nEvery chain is whole.\n"; err != nil || out != want {
		t.Errorf("got %q, %v; want %q", out, err, want)
	}
}

// Whatever is done to events past the functions is found, and the chain is named.
func TestS11_AnEventThatIsChangedLeftOutOrSlippedInIsFound(t *testing.T) {
	event := func(of, id, number string) dynamo.Key {
		return dynamo.Key{PK: "EV#" + of + "#" + id, SK: "EV#0000000" + number}
	}
	copied := func(t table, from, to dynamo.Key) {
		item := maps.Clone(t.get(context.Background(), from))
		item["pk"], item["sk"] = text(to.PK), text(to.SK)
		t.put(item)
	}
	change := func(t table, key dynamo.Key, attr string, v types.AttributeValue) {
		item := maps.Clone(t.get(context.Background(), key))
		item[attr] = v
		t.put(item)
	}

	for name, tt := range map[string]struct {
		spoil func(t table)
		want  string
	}{
		"one is changed":              {func(t table) { change(t, event("CAT", catalog, "3"), "k", text("created")) }, "catalog " + catalog + ": event 3 of catalog"},
		"one that nobody reads":       {func(t table) { change(t, event("CAT", catalog, "3"), "k", &types.AttributeValueMemberN{Value: "1"}) }, "catalog " + catalog + ": "},
		"its time is changed":         {func(t table) { change(t, event("CMD", sent, "1"), "at", &types.AttributeValueMemberN{Value: "7"}) }, "command " + sent + ": event 1 of command"},
		"the first is gone":           {func(t table) { t.drop(event("CAT", catalog, "1")) }, "catalog " + catalog + ": its first event is missing"},
		"one is gone from the middle": {func(t table) { t.drop(event("CAT", catalog, "3")) }, "catalog " + catalog + ": event 4 of catalog"},
		"the last is gone":            {func(t table) { t.drop(event("CAT", catalog, "5")) }, "catalog " + catalog + ": it ends at event 4, and its head is that of event 5"},
		"all are gone": {func(t table) {
			for _, n := range []string{"1", "2", "3", "4", "5"} {
				t.drop(event("CAT", catalog, n))
			}
		}, "catalog " + catalog + ": its first event is missing"},
		"the last of an assignment is gone": {func(t table) { t.drop(event("REQ", request, "2")) }, "request " + request + ": it ends at event 1, and its head is that of event 2"},
		"one is slipped in at the end":      {func(t table) { copied(t, event("CAT", catalog, "5"), event("CAT", catalog, "6")) }, "catalog " + catalog + ": event 6 of catalog"},
		"one goes on well with the last": {func(t table) {
			chain, events := entitlement.Chain{}, []entitlement.Event{}
			list, _ := dynamo.New(t, "table").Events(context.Background(), entitlement.OfCatalog, catalog)
			chain, _ = chain.Follow(list)
			_, e := chain.Append(entitlement.Event{Aggregate: entitlement.OfCatalog, ID: catalog, Kind: "updated", Actor: person, At: noon})
			if err := dynamo.New(t, "table").Commit(context.Background(), entitlement.Change{Events: append(events, e)}); err != nil {
				panic(err)
			}
		}, "catalog " + catalog + ": it ends at event 6, and its head is that of event 5"},
		"the first of what is gone":   {func(t table) { t.drop(event("PKG", pkg, "1")) }, "package " + pkg + ": its first event is missing"},
		"the parting of what is gone": {func(t table) { t.drop(event("PKG", pkg, "2")) }, "what it is of is gone, and its last event, 1, does not say so"},
		"the head is set back": {func(t table) {
			change(t, dynamo.Key{PK: "CAT#" + catalog, SK: "CAT"}, "cn", &types.AttributeValueMemberN{Value: "4"})
		}, "catalog " + catalog + ": it ends at event 5, and its head is that of event 4"},
	} {
		t.Run(name, func(t *testing.T) {
			of := stocked(t)
			tt.spoil(of)
			out, err := audited(t, of)
			if err == nil || !strings.Contains(out, "BROKEN ") || !strings.Contains(out, tt.want) || strings.Contains(out, "is whole") {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// Whoever verifies while people work finds nothing broken that is not.
func TestS11_AChainThatGoesOnMeanwhileIsWhole(t *testing.T) {
	of := stocked(t)
	db := dynamo.New(of, "table")
	c, err := db.Catalog(t.Context(), catalog)
	if err != nil {
		t.Fatal(err)
	}

	busy := working{of, new(sync.Once), func() {
		var e entitlement.Event
		c.Chain, e = c.Chain.Append(entitlement.Event{Aggregate: entitlement.OfCatalog, ID: catalog, Kind: "updated", Actor: person, At: noon})
		if err := db.Commit(t.Context(), entitlement.Change{Catalogs: []entitlement.Catalog{c}, Events: []entitlement.Event{e}}); err != nil {
			t.Error(err)
		}
		c.Version++
	}}
	var out strings.Builder
	if err := (Verifier{Client: busy, Table: "table", Out: &out}).Verify(t.Context()); err != nil {
		t.Errorf("%v: %s", err, out.String())
	}
}

// working is a table on which somebody works the first time that a chain was read.
type working struct {
	table
	once *sync.Once
	do   func()
}

func (w working) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out, err := w.table.Query(ctx, in, o...)
	if strings.Contains(keyOfQuery(in), catalog) {
		w.once.Do(w.do)
	}
	return out, err
}

func keyOfQuery(in *dynamodb.QueryInput) string {
	for _, v := range in.ExpressionAttributeValues {
		if s, ok := v.(*types.AttributeValueMemberS); ok && strings.HasPrefix(s.Value, "EV#CAT") {
			return s.Value
		}
	}
	return ""
}
