package dynamotest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
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
