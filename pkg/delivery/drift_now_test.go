package delivery_test

import (
	"testing"
	"time"

	"leasehold/pkg/entitlement"
)

func TestL8_ARoleIsComparedWhenSomebodyAsksAndTheNextTimeADayLater(t *testing.T) {
	d := newDrift(t)
	p := d.pack("group")
	d.offer(p, entitlement.DriftReport)
	d.holders(3, p)
	d.run(2)
	d.lister.add(role("group"), "stranger")
	d.run(1)
	d.mustFind(role("group"), nil, nil) // its time has not come

	by := entitlement.Actor{ID: "admin", Command: "c"}
	change, begins := entitlement.CompareNow(d.scan(role("group")), by, d.clock.Now())
	if !begins || len(change.Events) != 1 {
		t.Fatalf("asked: %+v", change)
	}
	d.commit(change)
	if change, again := entitlement.CompareNow(d.scan(role("group")), by, d.clock.Now()); again {
		t.Errorf("asked while it is due: %+v", change)
	}
	asked := d.clock.Now()
	d.run(1)
	if change, again := entitlement.CompareNow(d.scan(role("group")), by, d.clock.Now()); again {
		t.Errorf("asked while it is under way: %+v", change)
	}
	d.run(1)
	d.mustFind(role("group"), nil, []string{"stranger"})
	if s := d.scan(role("group")); !s.Next.Equal(asked.Add(24*time.Hour)) || s.Called() != "R" {
		t.Errorf("the scan says %+v", s)
	}
}
