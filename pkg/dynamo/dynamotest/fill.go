package dynamotest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Many is how many rows of history a test lays under a path that must not grow with it (F38).
const Many = 50_000

// Fill commits n changes that one makes, as many in one transaction as go in.
func Fill(t *testing.T, store *Store, n int, one func(i int, c *entitlement.Change)) {
	t.Helper()
	var c entitlement.Change
	for i := range n {
		one(i, &c)
		if i%24 == 23 || i == n-1 {
			if err := store.Commit(context.Background(), c); err != nil {
				t.Fatal(err)
			}
			c = entitlement.Change{}
		}
	}
}

// OldID is the id of the nth thing of a history.
func OldID(kind byte, n int) string { return fmt.Sprintf("%02x000000-0000-4000-8000-%012x", kind, n) }

// OldRequests are n requests of a subject for a package, all of which came to nothing.
func OldRequests(t *testing.T, store *Store, subject entitlement.UserID, pkg entitlement.PackageID, n int, at time.Time) {
	t.Helper()
	Fill(t, store, n, func(i int, c *entitlement.Change) {
		r := entitlement.AssignmentRequest{ID: entitlement.RequestID(OldID(1, i)), Type: entitlement.UserUpdate, State: entitlement.RequestCanceled,
			Package: pkg, Requestor: subject, Subject: subject, Created: at.Add(time.Duration(i) * time.Millisecond)}
		chain, e := entitlement.Chain{}.Append(entitlement.Event{Aggregate: entitlement.OfRequest, ID: string(r.ID), Kind: "submitted",
			Actor: subject, At: r.Created, After: string(r.State)})
		r.Chain = chain
		c.Requests, c.Events = append(c.Requests, r), append(c.Events, e)
	})
}

// Plant puts a row of the first index, without anything behind it, straight into the table of
// Metered: a long history of them is there at once.
func (m *Meter) Plant(t *testing.T, pk, sk, partition, sort string) {
	t.Helper()
	it := keyItem(pk, sk)
	it[names.AttrI1P], it[names.AttrI1S] = &types.AttributeValueMemberS{Value: partition}, &types.AttributeValueMemberS{Value: sort}
	if _, err := m.table.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("table"), Item: it}); err != nil {
		t.Fatal(err)
	}
}

// Failing has n people's deliveries at a target fail for a reason since then, each a moment
// later than the one before, as far as an index tells it.
func (m *Meter) Failing(t *testing.T, at entitlement.ConnectorID, reason string, n int, since time.Time) {
	t.Helper()
	for i := range n {
		who := OldID(4, i)
		m.Plant(t, "SUB#"+who, "GRANTS#"+string(at), "ERR#"+string(at)+"#"+reason, Stamp(since.Add(time.Duration(i)*time.Millisecond))+"#"+who)
	}
}

// Stamp is an instant as it stands in keys.
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }
