package delivery_test

import (
	"context"
	"testing"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// A holder that a newer version wrote keeps no other from an edit of the package (F37).
func TestF37_AnEditReachesTheOtherHoldersOfAPage(t *testing.T) {
	d := dynamotest.NewDamaged()
	w := newFixture(t)
	w.store, w.worker.Store = d.Store, d.Store
	p := w.pack("a")
	var users []entitlement.UserID
	for range 5 {
		u := w.person()
		w.assign(u, p)
		users = append(users, u)
	}
	w.deliver(users...)
	generation := w.edit(p, "a", "b")
	d.SpoilAssignmentSlot(t, p.ID, users[2])

	if err := w.fanOut(d.Store, w.queue).Run(context.Background(), p.ID, generation); err != nil {
		t.Fatal(err)
	}

	if len(w.queue.told) != 4 || d.Noticed() == 0 {
		t.Errorf("%d holders were told, want the 4 that can be read; and somebody to hear of the other", len(w.queue.told))
	}
}
