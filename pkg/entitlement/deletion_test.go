package entitlement

import (
	"testing"
	"time"
)

// A package and a policy go the same way: closed, looked at, opened again or erased, each as
// the very one that was before.
func TestS7_ADeletionClosesBeforeItLooks(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	by := Event{Actor: "ann", Command: "c", At: now}
	for name, tt := range map[string]struct {
		of    Deletion
		guard DeletionGuardUpdate
		kind  AggregateKind
		id    string
	}{
		"a package": {DeletionOf(AccessPackage{ID: "p", Meta: Meta{Version: 3}}), DeletionGuardUpdate{Package: "p"}, OfPackage, "p"},
		"a policy":  {DeletionOfPolicy(AssignmentPolicy{ID: "q", Package: "p", Meta: Meta{Version: 3}}), DeletionGuardUpdate{Package: "p", Policy: "q"}, OfPolicy, "q"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.of.Closed() || tt.of.CutShort(now.Add(time.Hour)) {
				t.Error("it is closed before anybody closed it")
			}
			closed, c := tt.of.Close(by)
			guardUpdate := tt.guard
			guardUpdate.Closed = true
			e := c.Events[0]
			if !closed.Closed() || len(c.DeletionGuardUpdates) != 1 || c.DeletionGuardUpdates[0] != guardUpdate || e.Kind != "closed" || e.Aggregate != tt.kind || e.ID != tt.id || e.Actor != "ann" || e.Number != 1 {
				t.Errorf("closed by %+v", c)
			}
			if closed.CutShort(now) || !closed.CutShort(now.Add(time.Hour)) {
				t.Error("a crash leaves it closed for a time, and no longer")
			}
			open, c := closed.Reopen(by)
			if open.Closed() || c.DeletionGuardUpdates[0] != tt.guard || c.Events[0].Kind != "reopened" || c.Events[0].Number != 2 {
				t.Errorf("opened by %+v", c)
			}
			if versions := len(c.Packages) + len(c.Policies); versions != 1 || open.Package.Version+open.Policy.Version != 5 {
				t.Errorf("%d items, and then version %d, %d", versions, open.Package.Version, open.Policy.Version)
			}
		})
	}
}

func TestS7_WhatStandsInTheWayOfAPolicyStandsUnderIt(t *testing.T) {
	slots := []AssignmentSlot{{Assignment: &Assignment{Policy: "q"}}, {Open: "r", OpenPolicy: "q"}, {Assignment: &Assignment{Policy: "other"}}, {Open: "s", OpenPolicy: "other"}, {}}
	for name, tt := range map[string]struct {
		of   Deletion
		want Occupancy
	}{
		"of the package all":  {DeletionOf(AccessPackage{ID: "p"}), Occupancy{2, 2}},
		"of the policy its":   {DeletionOfPolicy(AssignmentPolicy{ID: "q", Package: "p"}), Occupancy{1, 1}},
		"of a third one none": {DeletionOfPolicy(AssignmentPolicy{ID: "x", Package: "p"}), Occupancy{}},
	} {
		n := tt.of.Occupied(slots)
		if n != tt.want || (tt.of.Refuse(n) == nil) != (tt.want == Occupancy{}) || n != (Occupancy{}) && KindOf(tt.of.Refuse(n)) != Conflict {
			t.Errorf("%s: %v, %v", name, n, tt.of.Refuse(n))
		}
	}
}
