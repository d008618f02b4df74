package storetest

import (
	"fmt"
	"time"

	"leasehold/pkg/entitlement"
)

var quotaScenarios = []scenario{
	{"A17: open requests of a person are counted, up to as many as there may be", openCounted},
	{"A17: an empty slot stays while it has setbacks to remember, and is taken again", slotRemembers},
}

func openCounted(w *fixture) {
	ann := newID[entitlement.UserID]()

	counts := func(want int) {
		w.Helper()
		w.eventually(func() string {
			if n := get[int](w)(w.s.CountOpen(w.Context(), ann)); n != want {
				return fmt.Sprintf("%d are open, want %d", n, want)
			}
			return ""
		})
	}

	counts(0)
	// More than are counted: whoever asks for that many is refused anyhow.
	var slots []entitlement.AssignmentSlot
	for range entitlement.MaxOpen + 5 {
		slots = append(slots, entitlement.AssignmentSlot{Package: newID[entitlement.PackageID](), Subject: ann, Open: newID[entitlement.RequestID]()})
	}

	w.commit(entitlement.Change{Slots: slots[:3]})
	counts(3)

	w.commit(entitlement.Change{Slots: slots[3:]})
	counts(entitlement.MaxOpen)

	for i := range slots[:40] {
		// A slot stays where it remembers setbacks, and counts as little as one that is gone.
		slots[i].Version, slots[i].Open = slots[i].FirstVersion(), ""
		if i%2 == 0 {
			slots[i].Setbacks = []time.Time{instant(0)}
		}
		slots[i] = slots[i].Vacate()
	}

	w.commit(entitlement.Change{Slots: slots[:40]})
	counts(entitlement.MaxOpen + 5 - 40)
}

func slotRemembers(w *fixture) {
	// So late that no store takes it away in the meantime.
	lately := []time.Time{time.Date(2999, 1, 1, 12, 0, 0, 0, time.UTC), time.Date(2999, 1, 1, 12, 1, 0, 0, time.UTC)}
	slot := entitlement.AssignmentSlot{Package: newID[entitlement.PackageID](), Subject: newID[entitlement.UserID](), Open: newID[entitlement.RequestID]()}
	w.commit(entitlement.Change{Slots: []entitlement.AssignmentSlot{slot}})
	slot.Version, slot.Open, slot.Setbacks = slot.FirstVersion(), "", lately
	slot = slot.Vacate()
	w.commit(entitlement.Change{Slots: []entitlement.AssignmentSlot{slot}})
	slot.Version++
	w.same(get[entitlement.AssignmentSlot](w)(w.s.AssignmentSlot(w.Context(), slot.Package, slot.Subject)), slot)

	again := entitlement.AssignmentSlot{Package: slot.Package, Subject: slot.Subject, Open: newID[entitlement.RequestID]()}
	w.refuse(entitlement.PartAssignmentSlot, entitlement.Change{Slots: []entitlement.AssignmentSlot{again}})
	slot.Open = again.Open
	w.commit(entitlement.Change{Slots: []entitlement.AssignmentSlot{slot}})
	slot.Version++
	w.same(get[entitlement.AssignmentSlot](w)(w.s.AssignmentSlot(w.Context(), slot.Package, slot.Subject)), slot)
}
