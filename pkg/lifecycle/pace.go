package lifecycle

import (
	"context"

	"leasehold/pkg/entitlement"
)

// pacePage is how many packages are counted at once: what one count reads is bounded by it and
// entitlement.MaxPace, however many packages and requests there are.
const pacePage = 10

// CountPaces counts for the packages of the next page how long it usually takes to get them. It
// is nothing that anybody waits for: what fails is counted when the walk comes by again, and of
// two sweeps at once one goes on.
func (s *Service) CountPaces(ctx context.Context) error {
	now := s.Clock.Now()
	walk, err := s.Store.PaceWalk(ctx)
	if err != nil || now.Before(walk.Next) {
		return err
	}

	list, err := s.Store.ListPackages(ctx, entitlement.Page{Limit: pacePage, Token: walk.Token})
	if err != nil {
		return err
	}

	// 1. Move on first: a page that cannot be counted holds up no other, and of two sweeps one
	// counts it. A crash after it leaves the page to the next round.
	err = s.Store.Commit(ctx, entitlement.Change{PaceWalks: []entitlement.PaceWalk{walk.Went(list.Next, now)}})
	if err != nil || len(list.Items) == 0 {
		return unlessStale(err)
	}

	// 2. Count, and write what is another one, each for itself.
	var ids []entitlement.PackageID
	for _, p := range list.Items {
		ids = append(ids, p.ID)
	}
	known, err := s.Store.Paces(ctx, ids)
	if err != nil {
		return err
	}
	paces := map[entitlement.PackageID]entitlement.Pace{}
	for _, p := range known {
		paces[p.Package] = p
	}
	for _, id := range ids {
		requests, err := s.Store.RequestsFor(ctx, id, entitlement.Page{Limit: entitlement.MaxPace})
		if err != nil {
			return err
		}
		pace := paces[id]
		pace.Package = id
		if counted, changed := pace.Count(requests.Items, now); changed {
			if err := unlessStale(s.Store.Commit(ctx, entitlement.Change{Paces: []entitlement.Pace{counted}})); err != nil {
				return err
			}
		}
	}
	return nil
}

// unlessStale leaves out that somebody else was faster.
func unlessStale(err error) error {
	if entitlement.StalePart(err) != "" {
		return nil
	}
	return err
}
