package memstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"leasehold/pkg/entitlement"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// Debt returns a subject's head and grant sheets.
func (s *Store) Debt(ctx context.Context, subject entitlement.UserID) (entitlement.Head, []entitlement.GrantSheet, error) {
	type both struct {
		Head   entitlement.Head
		Sheets []entitlement.GrantSheet
	}
	b, err := look(ctx, s, "Debt", []string{string(subject)}, func() (both, error) {
		sheets := s.state.sheets[subject]
		return both{s.state.head(subject), several(sheets, sortedKeys(sheets))}, nil
	})
	return b.Head, b.Sheets, err
}

// Work reads what a head names.
func (s *Store) Work(ctx context.Context, h entitlement.Head) (entitlement.Work, error) {
	return look(ctx, s, "Work", []string{string(h.Subject)}, func() (entitlement.Work, error) {
		w := entitlement.Work{Subject: found(s.state.users, h.Subject),
			Scopes: map[entitlement.PackageID]entitlement.PackageScopes{}, Slots: map[entitlement.PackageID]entitlement.Slot{},
			Ended: map[entitlement.AssignmentID]entitlement.Assignment{}, Requests: map[entitlement.RequestID]entitlement.AssignmentRequest{}}
		offered := slices.Clone(h.Live)
		for _, x := range h.Waiting {
			pick(w.Slots, x.Package, s.state.slots, slotKey{x.Package, h.Subject})
			pick(w.Requests, entitlement.RequestID(x.Assignment), s.state.requests, entitlement.RequestID(x.Assignment))
			offered = append(offered, x.Package)
		}
		for _, x := range h.Removing {
			pick(w.Ended, x.Assignment, s.state.ended, x.Assignment)
			pick(w.Requests, x.Request, s.state.requests, x.Request)
			offered = append(offered, w.Ended[x.Assignment].Package)
		}
		for _, p := range offered {
			pick(w.Scopes, p, s.state.scopes, p)
		}
		return w, nil
	})
}

// Job returns a package edit that has not reached every holder yet.
func (s *Store) Job(ctx context.Context, pkg entitlement.PackageID, gen int64) (entitlement.Job, error) {
	return look(ctx, s, "Job", []string{string(pkg)}, func() (entitlement.Job, error) {
		j, ok := s.state.jobs[jobKey{pkg, gen}]
		if !ok {
			return j, missing("job")
		}
		return j, nil
	})
}

// pick copies one entry of a map into another, where it is there.
func pick[A, B comparable, V any](to map[A]V, as A, from map[B]V, key B) {
	if v, ok := from[key]; ok {
		to[as] = v
	}
}

// Due pages through one shard of what falls due up to and including until, oldest first.
func (s *Store) Due(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.DueRef], error) {
	return upTo[entitlement.DueRef](ctx, s, "Due", dueList(shard), until, page)
}

// Owed pages through one shard of subjects whose delivery must be looked at by until.
func (s *Store) Owed(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	return upTo[entitlement.UserID](ctx, s, "Owed", owedList(shard), until, page)
}

// Late pages through one shard of what has been owed since until or longer.
func (s *Store) Late(ctx context.Context, shard int, until time.Time, page entitlement.Page) (entitlement.Paged[entitlement.Late], error) {
	return upTo[entitlement.Late](ctx, s, "Late", lateList(shard), until, page)
}

// upTo reads a page of an index by time, up to and including until.
func upTo[T any](ctx context.Context, s *Store, op, of string, until time.Time, page entitlement.Page) (entitlement.Paged[T], error) {
	return look(ctx, s, op, nil, func() (entitlement.Paged[T], error) {
		var got entitlement.Paged[T]
		rows, next, err := s.index.page(query{lists: []string{of}, until: lastPlace(until), context: of, page: page})
		for _, r := range rows {
			got.Items = append(got.Items, r.ref.(T))
		}
		got.Next = next
		return got, err
	})
}

// Read reads due items.
func (s *Store) Read(ctx context.Context, due []entitlement.DueRef) (entitlement.DueItems, error) {
	return look(ctx, s, "Read", nil, func() (entitlement.DueItems, error) {
		var items entitlement.DueItems
		for _, ref := range due {
			switch {
			case ref.Request != "":
				items.Requests = append(items.Requests, several(s.state.requests, []entitlement.RequestID{ref.Request})...)
			case ref.Subject != "":
				items.Slots = append(items.Slots, several(s.state.slots, []slotKey{{ref.Package, ref.Subject}})...)
			case ref.Policy != "":
				items.Policies = append(items.Policies, several(s.state.policies, []entitlement.PolicyID{ref.Policy})...)
			case ref.Connector != "":
				items.Breakers = append(items.Breakers, several(s.state.breakers, []entitlement.ConnectorID{ref.Connector})...)
			case ref.Absent != "":
				items.Absences = append(items.Absences, several(s.state.absences, []entitlement.UserID{ref.Absent})...)
			case ref.Gen != 0:
				items.Jobs = append(items.Jobs, several(s.state.jobs, []jobKey{{ref.Package, ref.Gen}})...)
			default:
				items.Packages = append(items.Packages, several(s.state.packages, []entitlement.PackageID{ref.Package})...)
			}
		}
		return items, nil
	})
}
