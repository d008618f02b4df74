package requests

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Troubles is what is failing or owed in packages whose delivery somebody can repeat.
type Troubles struct {
	Failing []entitlement.Assignment // live ones that are not delivered whole
	Owed    []entitlement.Assignment // ended ones whose roles are not read back absent, and should be by now
	More    bool                     // there may be others
}

// maxTroubles is how many of what is owed the longest are looked at, of each shard: so that it
// takes no longer for all that an outage of a target leaves.
const maxTroubles = 25

// likelyShown is how many of each kind the names are read ahead for.
const likelyShown = 5

// Troubles looks among what is owed the longest for what is of packages that the caller may have
// delivered again. For whoever keeps nothing it is empty, for two reads of an index.
func (s *Service) Troubles(ctx context.Context, by authz.Caller) (Troubles, error) {
	out := Troubles{}
	everywhere := authz.Allow(by, authz.Reprocess, authz.Object{}).Allowed
	var listed []entitlement.RoleAssignment
	if !everywhere {
		if !by.MayByRole(authz.Reprocess) {
			return out, nil
		}
		var err error
		if listed, err = s.Store.RolesListed(ctx, by.User()); err != nil || !repairs(by, listed) {
			return out, err
		}
	}

	// That the index has roles says that it is worth looking; by which of them the caller keeps
	// anything is read beside it.
	var roles []entitlement.RoleAssignment
	var people []entitlement.UserID
	var ids []entitlement.AssignmentID
	var reads errgroup.Group
	reads.Go(func() (err error) { roles, err = s.Store.RolesStill(ctx, listed); return err })
	reads.Go(func() (err error) { people, ids, out.More, err = s.longest(ctx); return err })
	if err := reads.Wait(); err != nil {
		return out, err
	}
	if !everywhere && !repairs(by, roles) {
		return Troubles{}, nil
	}

	live, ended, err := s.owedOf(ctx, people, ids, everywhere)
	if err != nil {
		return out, err
	}
	keeps, err := s.keeps(ctx, by, roles, everywhere, slices.Concat(live, ended))
	if err != nil {
		return out, err
	}

	now := s.Clock.Now()
	for _, a := range live {
		failing := a.State == entitlement.AssignmentPartiallyDelivered || a.State == entitlement.AssignmentDeliveryFailed
		if failing && keeps(a) {
			out.Failing = append(out.Failing, a)
		}
	}
	for _, a := range ended {
		if a.Removed.IsZero() && now.Sub(a.Ended) > entitlement.OverdueAfter && keeps(a) {
			out.Owed = append(out.Owed, a)
		}
	}
	return out, nil
}

// repairs reports that a caller may have something delivered again by roles that they hold.
func repairs(by authz.Caller, roles []entitlement.RoleAssignment) bool {
	return authz.Everywhere(by, authz.Reprocess, roles) || len(authz.Catalogs(by, authz.Reprocess, roles)) > 0
}

// longest reads who fails and which removals are owed the longest, of all shards side by side.
func (s *Service) longest(ctx context.Context) (people []entitlement.UserID, ids []entitlement.AssignmentID, more bool, err error) {
	failing := make([]entitlement.Paged[entitlement.Failing], names.LateShards)
	late := make([]entitlement.Paged[entitlement.Late], names.LateShards)
	page := entitlement.Page{Limit: maxTroubles}
	err = each(ctx, 2*names.LateShards, func(ctx context.Context, i int) (err error) {
		if shard := i / 2; i%2 == 0 {
			failing[shard], err = s.Store.FailingAnywhere(ctx, shard, page)
		} else {
			late[shard], err = s.Store.Late(ctx, shard, s.Clock.Now().Add(-entitlement.OverdueAfter), page)
		}
		return err
	})

	for _, list := range failing {
		more = more || list.Next != ""
		for _, f := range list.Items {
			if !slices.Contains(people, f.Subject) {
				people = append(people, f.Subject)
			}
		}
	}
	for _, list := range late {
		more = more || list.Next != ""
		for _, l := range list.Items {
			if l.Assignment != "" {
				ids = append(ids, l.Assignment)
			}
		}
	}
	return people, ids, more, err
}

// owedOf reads the assignments that are meant: ended ones by their ids, and what people hold whose
// delivery fails. What they are called is read beside that: of those who come first, since these are
// likely to be shown, and of all where it will be asked in which catalogs they are.
func (s *Service) owedOf(ctx context.Context, people []entitlement.UserID, ids []entitlement.AssignmentID, everywhere bool) (live, ended []entitlement.Assignment, err error) {
	g, within := errgroup.WithContext(ctx)
	g.Go(func() error {
		found, err := s.Store.EndedAssignments(within, ids)
		for _, id := range ids {
			if a, there := found[id]; there {
				ended = append(ended, a)
			}
		}
		if err == nil {
			s.Store.Foresee(within, troubled(people, ended, everywhere))
		}
		return err
	})
	g.Go(func() (err error) { live, err = s.Store.LiveOf(within, people); return err })
	return live, ended, g.Wait()
}

// troubled is what will be asked for of people whose delivery fails and of what ended.
func troubled(people []entitlement.UserID, ended []entitlement.Assignment, everywhere bool) entitlement.Foreseen {
	first := people[:min(len(people), likelyShown)]
	f := entitlement.Foreseen{Users: slices.Clone(first), HeldBy: people}
	if everywhere {
		f.HeldBy = first
	}
	for i, a := range ended {
		if i < likelyShown {
			f.Users = append(f.Users, a.Subject)
		}
		if i < likelyShown || !everywhere {
			f.PackagesListed = append(f.PackagesListed, a.Package)
		}
	}
	return f
}

// keeps returns what says of assignments whether the caller may have them delivered again: by a
// role in the catalog that their package is in now.
func (s *Service) keeps(ctx context.Context, by authz.Caller, roles []entitlement.RoleAssignment, everywhere bool, all []entitlement.Assignment) (func(entitlement.Assignment) bool, error) {
	if everywhere {
		return func(entitlement.Assignment) bool { return true }, nil
	}

	var ids []entitlement.PackageID
	for _, a := range all {
		if !slices.Contains(ids, a.Package) {
			ids = append(ids, a.Package)
		}
	}
	packages, err := s.Store.PackagesAsListed(ctx, ids)
	in := map[entitlement.PackageID]entitlement.CatalogID{}
	for _, p := range packages {
		in[p.ID] = p.Catalog
	}
	return func(a entitlement.Assignment) bool {
		catalog, there := in[a.Package]
		return there && authz.Allow(by, authz.Reprocess, authz.Object{Catalog: catalog, Package: a.Package, Roles: roles}).Allowed
	}, err
}

// Live returns the assignments of the caller that are live.
func (s *Service) Live(ctx context.Context, by authz.Caller) ([]entitlement.Assignment, error) {
	if err := authz.Allow(by, authz.ListOwnAssignments, authz.Object{}).Err(); err != nil {
		return nil, err
	}
	return s.Store.AssignmentsOf(ctx, by.ID)
}
