package dynamo_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/entitlement"
)

// short is a table of which a query brings less than was asked for, as it may.
type short struct{ dynamo.Client }

func (s short) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	less := *in
	less.Limit = aws.Int32(min(2, max(1, aws.ToInt32(in.Limit))))
	return s.Client.Query(ctx, &less, o...)
}

// However little a call brings, no event is left out and none is told twice, in their order.
func TestT16_NoEventIsLeftOutWhereCallsBringLess(t *testing.T) {
	e := engine.New(engine.Options{Table: "table"})
	whole, less := dynamo.New(e, "table"), dynamo.New(short{e}, "table")
	ctx := t.Context()

	subject, pkg := newID[entitlement.UserID](), newID[entitlement.PackageID]()
	for i := range 9 {
		r := entitlement.AssignmentRequest{ID: newID[entitlement.RequestID](), Type: entitlement.UserRemove, State: entitlement.RequestDelivered, Package: pkg, Policy: newID[entitlement.PolicyID](),
			Requestor: subject, Subject: subject, Created: start2026.Add(time.Duration(i/2) * time.Second)}
		c := entitlement.Change{}
		for range i%4 + 1 {
			var e entitlement.Event
			r.Chain, e = r.Chain.Append(entitlement.Event{Aggregate: entitlement.OfRequest, ID: string(r.ID), Kind: "happened", Actor: subject, At: r.Created})
			c.Events = append(c.Events, e)
		}
		c.Requests = []entitlement.AssignmentRequest{r}
		if err := whole.Commit(ctx, c); err != nil {
			t.Fatal(err)
		}
	}

	for name, list := range map[string]func(*dynamo.DB, entitlement.Page) (entitlement.Paged[entitlement.Event], error){
		"person": func(db *dynamo.DB, p entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
			return db.EventsOf(ctx, subject, p)
		},
		"package": func(db *dynamo.DB, p entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
			return db.EventsFor(ctx, pkg, p)
		},
		"actor": func(db *dynamo.DB, p entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
			return db.EventsBy(ctx, subject, entitlement.Span{}, p)
		},
		"time": func(db *dynamo.DB, p entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
			return db.EventsDuring(ctx, entitlement.Span{From: start2026}, p)
		},
	} {
		read := func(db *dynamo.DB, limit int) (all []string) {
			page := entitlement.Page{Limit: limit}
			for range 1000 {
				got, err := list(db, page)
				if err != nil || len(got.Items) > page.Size() || got.Sure && got.Next == "" {
					t.Fatalf("%s: %+v, %v", name, got, err)
				}
				for _, e := range got.Items {
					all = append(all, fmt.Sprint(e.ID, " ", e.Number))
				}
				if page.Token = got.Next; page.Token == "" {
					return all
				}
			}
			t.Fatalf("%s has no end", name)
			return nil
		}

		want := read(whole, 0)
		if len(want) != 21 {
			t.Errorf("%s: %d events of 21", name, len(want))
		}
		for _, limit := range []int{0, 1, 3, 5} {
			for what, db := range map[string]*dynamo.DB{"whole": whole, "short": less} {
				if got := read(db, limit); !slices.Equal(got, want) {
					t.Errorf("%s, %d a page, %s: got %d events\n%v\nwant\n%v", name, limit, what, len(got), got, want)
				}
			}
		}
	}
}
