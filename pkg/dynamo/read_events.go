package dynamo

import (
	"bytes"
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Events returns all events of an aggregate, in order, or none where one cannot be read. It
// is for whoever verifies a chain as a whole: nothing that anybody waits for reads so much.
func (db *DB) Events(ctx context.Context, kind entitlement.AggregateKind, id string) ([]entitlement.Event, error) {
	var events []entitlement.Event
	for page := (entitlement.Page{}); ; {
		list, err := db.ListEvents(ctx, kind, id, page)
		// A chain with a gap verifies nothing.
		if err == nil && list.Unread > 0 {
			err = entitlement.Errorf(entitlement.Internal, "%d events of %s %s cannot be read.", list.Unread, kind, id)
		}

		if err != nil {
			return nil, err
		}

		events = append(events, list.Items...)
		if page.Token = list.Next; list.Next == "" {
			return events, nil
		}
	}
}

// ListEvents lists the events of an aggregate in order, page by page, however many there are.
func (db *DB) ListEvents(ctx context.Context, kind entitlement.AggregateKind, id string, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
	key, ok := eventKey(kind, id, 0)
	if !ok {
		return entitlement.Paged[entitlement.Event]{}, nil
	}
	return within(ctx, db, tableQuery{partition: key.PK, prefix: prefixEvent}, page, readEvent)
}

// Notices lists events that people should look at, newest first: an index finds them, each
// is read strongly.
func (db *DB) Notices(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
	w := tableQuery{index: index1, partition: wordNotice, newest: true}
	entries, err := within(ctx, db, w, page, func(it item) (Key, error) { return keyOf(it), nil })
	if err != nil || len(entries.Items) == 0 {
		return entitlement.Paged[entitlement.Event]{Next: entries.Next}, err
	}

	found, err := db.batch(ctx, true, entries.Items...)
	// What the index names was there, and is there for good: events are never deleted.
	if err != nil {
		return entitlement.Paged[entitlement.Event]{}, err
	}

	list := entitlement.Paged[entitlement.Event]{Next: entries.Next}

	for _, key := range entries.Items {
		if found[key] == nil {
			continue
		}

		e, err := readEvent(found[key])
		if db.unread(ctx, err) {
			list.Unread++
			continue
		}
		if err != nil {
			return list, err
		}

		list.Items = append(list.Items, e)
	}

	return list, nil
}

// signingKeySize is the size of the signing key.
const signingKeySize = 32

// SigningKey returns the random bytes that sign page tokens and derive ids, the same ones
// for good. The first call of all makes them; of several at once, one does.
func (db *DB) SigningKey(ctx context.Context) ([]byte, error) {
	// It never changes, so one read in the life of a process is enough.
	if known := db.signing.Load(); known != nil {
		return bytes.Clone(*known), nil
	}

	it, err := db.get(ctx, signingKeyKey())
	if err != nil {
		return nil, err
	}

	if it == nil {
		if err := db.makeSigningKey(ctx); err != nil {
			return nil, err
		}
		// It may be another's by now: what is stored counts, not what this process drew.
		if it, err = db.get(ctx, signingKeyKey()); err != nil {
			return nil, err
		}
	}

	if _, err := open(it, tagSigning); err != nil {
		return nil, err
	}

	key, ok := it[attrKeyBytes].(*types.AttributeValueMemberB)
	if !ok || len(key.Value) != signingKeySize {
		return nil, unreadable(it, errors.New("no signing key"))
	}

	db.signing.Store(&key.Value)
	return bytes.Clone(key.Value), nil
}

func (db *DB) makeSigningKey(ctx context.Context) error {
	key := make([]byte, signingKeySize)
	db.random(key)
	it := item{attrKeyBytes: &types.AttributeValueMemberB{Value: key}}
	seal(it, signingKeyKey(), tagSigning, 1)
	_, err := db.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &db.table, Item: it, ConditionExpression: absent, ExpressionAttributeNames: pairs.of([2]string{names.AttrPK})})
	if err != nil && !conditionFailed(err) {
		return failed(ctx, "make signing key", err)
	}
	return nil
}
