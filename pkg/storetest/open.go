package storetest

import (
	"cmp"
	"slices"
	"time"

	"leasehold/pkg/entitlement"
)

// openRequests makes more requests than one read takes, half of which are open, and then
// closes some and opens others.
func openRequests(w *fixture) {
	ann := newID[entitlement.UserID]()
	made := map[entitlement.RequestID]entitlement.AssignmentRequest{}
	var c entitlement.Change
	for i := range 4 * 60 {
		r, _ := asked(newID[entitlement.PackageID](), ann, instant(time.Duration(i)*time.Second))
		r.State = entitlement.RequestStates[i%len(entitlement.RequestStates)]
		if i%2 == 0 {
			r.Requestor = newID[entitlement.UserID]()
		}
		r, e := begun(r)
		c.Requests, c.Events = append(c.Requests, r), append(c.Events, e)
		r.Version = 1
		made[r.ID] = r
		if r.State.Open() {
			c.Slots = append(c.Slots, holds(r))
		}
		// A transaction takes a hundred items, and each request brings up to three.
		if len(c.Requests) == 24 {
			w.commit(c)
			c = entitlement.Change{}
		}
	}
	other := w.submit(newID[entitlement.PackageID](), newID[entitlement.UserID](), func(r *entitlement.AssignmentRequest) { r.Requestor = ann })
	w.opens(ann, made)

	closed, opened := false, false
	for id, r := range made {
		// The index of open requests follows each of the two ways.
		switch {
		case !closed && r.State.Open():
			r.State, closed = entitlement.RequestCanceled, true
		case !opened && !r.State.Open():
			r.State, opened = entitlement.RequestScheduled, true
		default:
			continue
		}
		made[id] = w.move(r, "moved")
		slot := holds(r)
		if r.State.Open() {
			w.commit(entitlement.Change{Slots: []entitlement.AssignmentSlot{slot}})
			continue
		}
		slot.Version, slot.Open = slot.FirstVersion(), ""
		w.commit(entitlement.Change{Slots: []entitlement.AssignmentSlot{slot.Vacate()}})
	}
	w.opens(ann, made)
	w.opens(other.Subject, map[entitlement.RequestID]entitlement.AssignmentRequest{other.ID: other})
	w.opens(newID[entitlement.UserID](), nil)
}

// holds is the slot that an open request holds.
func holds(r entitlement.AssignmentRequest) entitlement.AssignmentSlot {
	return entitlement.AssignmentSlot{Package: r.Package, Subject: r.Subject, Open: r.ID}
}

// opens polls until exactly the open ones of what was made are listed, as they are.
func (w *fixture) opens(subject entitlement.UserID, made map[entitlement.RequestID]entitlement.AssignmentRequest) {
	w.Helper()

	byID := func(a, b entitlement.AssignmentRequest) int {
		return cmp.Compare(a.ID, b.ID)
	}

	var want []entitlement.AssignmentRequest
	for _, r := range made {
		if r.State.Open() {
			want = append(want, r)
		}
	}

	slices.SortFunc(want, byID)

	w.eventually(func() string {
		var got []entitlement.AssignmentRequest
		for page := (entitlement.Page{Limit: 50}); ; {
			list := get[entitlement.Paged[entitlement.AssignmentRequest]](w)(w.s.OpenRequests(w.Context(), subject, page))
			got = append(got, list.Items...)
			if page.Token = list.Next; list.Next == "" {
				break
			}
		}

		slices.SortFunc(got, byID)
		return diff(got, want)
	})
}
