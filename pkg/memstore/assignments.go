package memstore

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"leasehold/pkg/entitlement"
)

// Assignment returns an assignment, live or ended.
func (s *Store) Assignment(ctx context.Context, id entitlement.AssignmentID) (entitlement.Assignment, error) {
	return look(ctx, s, "Assignment", []string{string(id)}, func() (entitlement.Assignment, error) {
		if past, ok := s.state.ended[id]; ok {
			return past, nil
		}
		if r, ok := s.state.requests[entitlement.RequestID(id)]; ok {
			if a := s.state.slot(r.Package, r.Subject).Assignment; a != nil && a.ID == id {
				return *a, nil
			}
		}
		return entitlement.Assignment{}, missing("assignment")
	})
}

// Slot returns the slot of a package and a person, at version 0 where there is none.
func (s *Store) Slot(ctx context.Context, pkg entitlement.PackageID, subject entitlement.UserID) (entitlement.Slot, error) {
	return look(ctx, s, "Slot", []string{string(pkg), string(subject)}, func() (entitlement.Slot, error) {
		return s.state.slot(pkg, subject), nil
	})
}

// AssignmentsOf returns a subject's live assignments.
func (s *Store) AssignmentsOf(ctx context.Context, subject entitlement.UserID) ([]entitlement.Assignment, error) {
	return look(ctx, s, "AssignmentsOf", []string{string(subject)}, func() ([]entitlement.Assignment, error) {
		var live []entitlement.Assignment
		for _, p := range s.state.head(subject).Live {
			if a := s.state.slot(p, subject).Assignment; a != nil {
				live = append(live, *a)
			}
		}
		return live, nil
	})
}

// pasts reads a page of ended assignments by the requests that made them.
func (s *Store) pasts(ctx context.Context, op, of string, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	return look(ctx, s, op, nil, func() (entitlement.Paged[entitlement.Assignment], error) {
		ids, next, err := refs[entitlement.RequestID](s.index.view, of, true, page)
		var keys []entitlement.AssignmentID
		for _, id := range ids {
			keys = append(keys, entitlement.AssignmentID(id))
		}
		return entitlement.Paged[entitlement.Assignment]{Items: several(s.state.ended, keys), Next: next}, err
	})
}

// EndedOf lists a subject's ended assignments, newest request first.
func (s *Store) EndedOf(ctx context.Context, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	return s.pasts(ctx, "EndedOf", requestsOf(subject), page)
}

// EndedFor lists a package's ended assignments, newest request first.
func (s *Store) EndedFor(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	return s.pasts(ctx, "EndedFor", requestsFor(pkg), page)
}

// Holders pages through a package's slots.
func (s *Store) Holders(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.Slot], error) {
	return look(ctx, s, "Holders", []string{string(pkg)}, func() (entitlement.Paged[entitlement.Slot], error) {
		keys, next, err := refs[slotKey](s.state.strong, holdersOf(pkg), false, page)
		return entitlement.Paged[entitlement.Slot]{Items: several(s.state.slots, keys), Next: next}, err
	})
}

// Events returns all events of an aggregate, in order.
func (s *Store) Events(ctx context.Context, kind entitlement.AggregateKind, id string) ([]entitlement.Event, error) {
	return look(ctx, s, "Events", []string{id}, func() ([]entitlement.Event, error) {
		stored := s.state.events[chainKey{kind, id}]
		return several(stored, sortedKeys(stored)), nil
	})
}

// Notices lists events that people should look at, newest first.
func (s *Store) Notices(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Event], error) {
	return look(ctx, s, "Notices", nil, func() (entitlement.Paged[entitlement.Event], error) {
		var all []entitlement.Event
		for _, chain := range s.state.events {
			for _, e := range chain {
				if e.Notable() {
					all = append(all, e)
				}
			}
		}
		slices.SortFunc(all, func(a, b entitlement.Event) int {
			return cmp.Or(b.At.Compare(a.At), strings.Compare(b.ID, a.ID), cmp.Compare(b.Number, a.Number))
		})
		from, _ := strconv.Atoi(page.Token)
		from = min(max(from, 0), len(all))
		to := min(from+page.Size(), len(all))
		out := entitlement.Paged[entitlement.Event]{Items: all[from:to]}
		if to < len(all) {
			out.Next = strconv.Itoa(to)
		}
		return out, nil
	})
}
