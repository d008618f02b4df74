// Package items prints what lies in the table in words, for whoever looks after a stack:
// keys and values are packed there, so that the console of AWS shows numbers and bytes.
package items

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/names"
)

// Reader reads the table of one stack. It changes nothing.
type Reader struct {
	Client dynamo.Client
	Table  string
	Out    io.Writer
}

// shown is how many items of a partition are printed; nobody reads more.
const shown = 50

// Show prints what is named: a thing with all that lies beside it by its kind and id
// (request/<id>), what lies under a partition key, or one item by that and a sort key.
func (r Reader) Show(ctx context.Context, named ...string) error {
	switch len(named) {
	case 1:
		partition := named[0]
		// Only a kind and an id are written with a slash.
		if kind, id, ok := strings.Cut(partition, "/"); ok {
			var err error
			if partition, err = dynamo.PartitionOf(kind, id); err != nil {
				return err
			}
		}
		return r.partition(ctx, partition)
	case 2:
		return r.one(ctx, dynamo.Key{PK: named[0], SK: named[1]})
	}

	return errors.New("say which item: <kind>/<id> such as request/<id>, or a partition key, or that and a sort key")
}

// one prints the item under a key.
func (r Reader) one(ctx context.Context, key dynamo.Key) error {
	out, err := r.Client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &r.Table, ConsistentRead: aws.Bool(true),
		Key: map[string]types.AttributeValue{names.AttrPK: text(key.PK), names.AttrSK: text(key.SK)}})
	if err != nil {
		return fmt.Errorf("read the item: %w", err)
	}
	if out.Item == nil {
		return fmt.Errorf("there is no item %s, %s in the table %s", key.PK, key.SK, r.Table)
	}
	r.print(out.Item)
	return nil
}

// partition prints the items under one partition key, in their order.
func (r Reader) partition(ctx context.Context, pk string) error {
	out, err := r.Client.Query(ctx, &dynamodb.QueryInput{TableName: &r.Table, ConsistentRead: aws.Bool(true), Limit: aws.Int32(shown),
		KeyConditionExpression:    aws.String("#pk = :pk"),
		ExpressionAttributeNames:  map[string]string{"#pk": names.AttrPK},
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": text(pk)}})
	if err != nil {
		return fmt.Errorf("read the partition: %w", err)
	}
	if len(out.Items) == 0 {
		return fmt.Errorf("there is no item under %s in the table %s", pk, r.Table)
	}

	// In their order, which is that of their sort keys.
	for i, item := range out.Items {
		if i > 0 {
			fmt.Fprintln(r.Out)
		}
		r.print(item)
	}
	if out.LastEvaluatedKey != nil {
		fmt.Fprintf(r.Out, "\nThere are more than %d; name one by PK and SK.\n", len(out.Items))
	}
	return nil
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// print writes one item. One that this code cannot read is said to be that, and the rest of
// the partition is printed all the same.
func (r Reader) print(item map[string]types.AttributeValue) {
	e, err := dynamo.Explain(item)
	fmt.Fprintf(r.Out, "%s  %s\n", plain(e.Key.PK), plain(e.Key.SK))
	// What is known of it is its key, which stands above.
	if err != nil {
		fmt.Fprintf(r.Out, "  %s\n", plain(err.Error()))
		return
	}

	fmt.Fprintf(r.Out, "  %s, version %d, schema %d\n", e.What, e.Version, e.Schema)
	for i, at := range e.Indexes {
		if at.PK != "" {
			fmt.Fprintf(r.Out, "  in index %d at %s  %s\n", i+1, plain(at.PK), plain(at.SK))
		}
	}
	if !e.Forgotten.IsZero() {
		fmt.Fprintf(r.Out, "  dropped after %s\n", instant(e.Forgotten))
	}
	fmt.Fprintln(r.Out)
	write(r.Out, "  ", e.Value)
}
