package requests

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// PendingRemoval is an ended assignment whose roles are not yet read back absent, with those
// that are left. None where nothing is on record any more, and only the settling is owed.
type PendingRemoval struct {
	entitlement.Assignment
	Roles []entitlement.Grant
}

// PendingSubject is somebody who is owed removals: what they are of is known, how they stand is not yet.
type PendingSubject struct {
	Record    entitlement.SubjectRecord
	grantSets []entitlement.GrantSet
}

// Targets are those at which anything is on record of them.
func (o PendingSubject) Targets() (all []entitlement.ConnectorID) {
	for _, set := range o.grantSets {
		all = append(all, set.Connector)
	}
	return all
}

// Removals lists ended assignments whose roles are not yet read back absent, shard by
// shard of what is pending. Pages may be short or empty and still have a next.
func (s *Service) Removals(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[PendingRemoval], error) {
	pending, err := s.PendingSubjects(ctx, by, page)
	if err != nil {
		return entitlement.Paged[PendingRemoval]{}, err
	}
	list, unread, err := s.Left(ctx, by, pending.Items)
	return entitlement.Paged[PendingRemoval]{Items: list, Next: pending.Next, Unread: pending.Unread + unread}, err
}

// PendingSubjects is the first half of Removals: who is owed any. What they are called can be read beside
// the second half. For a page that is read Beside all shards are read at once, as much of each as
// the page takes.
func (s *Service) PendingSubjects(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[PendingSubject], error) {
	ask := func(ctx context.Context) error { return s.may(ctx, by, authz.ReadDeliveryErrors, authz.Object{}) }
	return authz.Beside(ctx, by, authz.ReadDeliveryErrors, ask, func(ctx context.Context) (entitlement.Paged[PendingSubject], error) {
		subjects, err := s.pendingOf(ctx, page)
		if err != nil {
			return entitlement.Paged[PendingSubject]{}, err
		}
		list := entitlement.Paged[PendingSubject]{Next: subjects.Next}
		all := make([]*PendingSubject, len(subjects.Items))
		err = eachRead(ctx, len(all), func(ctx context.Context, i int) error {
			record, grantSets, err := s.Store.SubjectRecord(ctx, subjects.Items[i])
			if err == nil {
				all[i] = &PendingSubject{record, grantSets}
			}
			return exceptUnreadable(err)
		})
		for _, o := range all {
			switch {
			case o == nil:
				list.Unread++
			case len(o.Record.Removing) > 0:
				list.Items = append(list.Items, *o)
			}
		}
		return list, err
	})
}

// exceptUnreadable leaves out that something could not be read, which is counted.
func exceptUnreadable(err error) error {
	if errors.Is(err, entitlement.ErrUnreadable) {
		return nil
	}
	return err
}

// pendingOf lists those whose delivery is owed: a reconciliation whose next attempt lies
// ahead is owed all the same, so that it looks as far as any may lie.
func (s *Service) pendingOf(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.UserID], error) {
	places, err := pendingPlaces(page.Token)
	if err != nil {
		return entitlement.Paged[entitlement.UserID]{}, err
	}
	now, later := places[:1], places[1:]
	if page.Beside {
		now, later = places, nil
	}

	share := (page.Size() + len(now) - 1) / len(now)
	lists := make([]entitlement.Paged[entitlement.UserID], len(now))
	err = eachRead(ctx, len(now), func(ctx context.Context, i int) (err error) {
		lists[i], err = s.Store.PendingReconciliation(ctx, now[i].shard, s.Clock.Now().Add(24*time.Hour), entitlement.Page{Limit: share, Token: now[i].inner})
		return err
	})

	all, next := entitlement.Paged[entitlement.UserID]{}, []pendingPlace(nil)
	for i, list := range lists {
		all.Items = append(all.Items, list.Items...)
		if list.Next != "" {
			next = append(next, pendingPlace{now[i].shard, list.Next})
		}
	}
	all.Next = pendingToken(append(next, later...))
	return all, err
}

// pendingPlace is where a shard of what is pending goes on; a page token names all that are left.
type pendingPlace struct {
	shard int
	inner string
}

func pendingToken(places []pendingPlace) string {
	words := make([]string, len(places))
	for i, p := range places {
		words[i] = strconv.Itoa(p.shard) + ":" + p.inner
	}
	return strings.Join(words, "|")
}

// pendingPlaces reads what pendingToken wrote; no token is the beginning of each shard.
func pendingPlaces(token string) ([]pendingPlace, error) {
	var all []pendingPlace
	if token == "" {
		for shard := range names.ReconcileShards {
			all = append(all, pendingPlace{shard: shard})
		}
		return all, nil
	}

	for word := range strings.SplitSeq(token, "|") {
		number, inner, found := strings.Cut(word, ":")
		shard, err := strconv.Atoi(number)
		if err != nil || !found || shard < 0 || shard >= names.ReconcileShards || len(all) == names.ReconcileShards {
			return nil, badToken()
		}
		all = append(all, pendingPlace{shard, inner})
	}
	return all, nil
}

// Left is the second half of Removals: of each removal what it is of, and which roles are left.
// What cannot be read is counted.
func (s *Service) Left(ctx context.Context, by authz.Caller, all []PendingSubject) (list []PendingRemoval, unread int, err error) {
	if err := s.may(ctx, by, authz.ReadDeliveryErrors, authz.Object{}); err != nil {
		return nil, 0, err
	}

	inputs := make([]*entitlement.ReconcileInputs, len(all))
	err = eachRead(ctx, len(all), func(ctx context.Context, i int) error {
		in, err := s.Store.ReconcileInputs(ctx, all[i].Record)
		if err == nil {
			inputs[i] = &in
		}
		return exceptUnreadable(err)
	})
	if err != nil {
		return nil, 0, err
	}

	for i, o := range all {
		if inputs[i] == nil {
			unread++
			continue
		}
		for _, r := range o.Record.Removing {
			list = append(list, PendingRemoval{o.of(r, *inputs[i]), nil})
			last := &list[len(list)-1]
			// A role that a live package gives as well is not among those left (R4).
			last.Roles = last.RolesLeft(o.Record, *inputs[i], o.grantSets)
		}
	}
	return list, unread, nil
}

// of is what is removed. One whose assignment is missing is told by the little that is known of
// it: it is owed all the same.
func (o PendingSubject) of(r entitlement.Removing, in entitlement.ReconcileInputs) entitlement.Assignment {
	if a, there := in.Ended[r.Assignment]; there {
		return a
	}
	return entitlement.Assignment{ID: r.Assignment, Package: r.Package, Subject: o.Record.Subject}
}
