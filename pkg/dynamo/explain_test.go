package dynamo_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/entitlement"
)

// explaining is a table that has everything explained that is written to it.
type explaining struct {
	*engine.Engine
	t     *testing.T
	mutex sync.Mutex
	seen  map[string]bool // the types that were explained
}

func (c *explaining) look(ctx context.Context, table *string, key map[string]types.AttributeValue) {
	out, err := c.Engine.GetItem(ctx, &dynamodb.GetItemInput{TableName: table, Key: map[string]types.AttributeValue{"pk": key["pk"], "sk": key["sk"]}, ConsistentRead: aws.Bool(true)})
	if err != nil || out.Item == nil {
		return
	}
	e, err := dynamo.Explain(out.Item)
	if err != nil || e.What == "" || e.Value == nil || e.Key.PK == "" || e.Schema == 0 {
		c.t.Errorf("%v is explained as %+v, %v", out.Item, e, err)
	}
	if tag, ok := out.Item["t"].(*types.AttributeValueMemberS); ok {
		c.mutex.Lock()
		c.seen[tag.Value] = true
		c.mutex.Unlock()
	}
}

func (c *explaining) PutItem(ctx context.Context, in *dynamodb.PutItemInput, options ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	out, err := c.Engine.PutItem(ctx, in, options...)
	c.look(ctx, in.TableName, in.Item)
	return out, err
}

func (c *explaining) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, options ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	out, err := c.Engine.UpdateItem(ctx, in, options...)
	c.look(ctx, in.TableName, in.Key)
	return out, err
}

func (c *explaining) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, options ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	out, err := c.Engine.TransactWriteItems(ctx, in, options...)
	for _, action := range in.TransactItems {
		switch {
		case action.Put != nil:
			c.look(ctx, action.Put.TableName, action.Put.Item)
		case action.Update != nil:
			c.look(ctx, action.Update.TableName, action.Update.Key)
		}
	}
	return out, err
}

// Every type of item that the code can write is one that the suite writes, and every item
// that the suite writes can be explained.
func TestWhateverIsStoredCanBeExplained(t *testing.T) {
	client := &explaining{Engine: engine.New(engine.Options{Table: "test"}), t: t, seen: map[string]bool{}}
	t.Run("suite", func(t *testing.T) { suite(t, dynamo.New(client, "test")) }) // returns when all of it has ended

	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	tag := regexp.MustCompile(`(?m)(?:^\s+tag[A-Z]\w* *= *|^\s+tag: )"([A-Z]+)"`)
	count := 0
	for _, path := range files {
		source, err := os.ReadFile(path)
		if err != nil || strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, match := range tag.FindAllStringSubmatch(string(source), -1) {
			count++
			if !client.seen[match[1]] {
				t.Errorf("%s: no item of the type %s was explained", path, match[1])
			}
		}
	}
	if count < 25 {
		t.Errorf("%d types were found in the source", count)
	}
}

// What cannot be read is said to be, with where it lies; the key of page tokens is never shown.
func TestWhatCannotBeReadIsExplainedAsThat(t *testing.T) {
	item := func(tag, schema string) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "a"}, "sk": &types.AttributeValueMemberS{Value: "b"},
			"t": &types.AttributeValueMemberS{Value: tag}, "z": &types.AttributeValueMemberN{Value: schema},
			"k": &types.AttributeValueMemberB{Value: []byte("secret")},
		}
	}
	for name, it := range map[string]map[string]types.AttributeValue{"another type": item("WHAT", "2"), "another schema": item("USR", "99")} {
		e, err := dynamo.Explain(it)
		if !errors.Is(err, entitlement.ErrUnreadable) || e.Key != (dynamo.Key{PK: "a", SK: "b"}) {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
	if e, err := dynamo.Explain(item("PAGEKEY", "2")); err != nil || e.Value != "32 bytes that are not shown" {
		t.Errorf("the key of page tokens: %+v, %v", e, err)
	}
}

func TestAThingIsFoundByItsKindAndID(t *testing.T) {
	if got, err := dynamo.PartitionOf("request", "a/b"); err != nil || got != "REQ#a%2Fb" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, kind := range []string{"", "REQ", "requests"} {
		if got, err := dynamo.PartitionOf(kind, "x"); err == nil || !strings.Contains(err.Error(), "request, user") {
			t.Errorf("%q: got %q, %v", kind, got, err)
		}
	}
	if _, err := dynamo.PartitionOf("user", ""); err == nil {
		t.Error("no id is taken for one")
	}
}
