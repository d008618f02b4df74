package requests

import (
	"context"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Sponsored lists the connected organizations whose internal sponsor the caller is now, alone or by
// a group. An index leads to them: one that is new may come a moment later, and one that has the
// caller no more is left out at once.
func (s *Service) Sponsored(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.ConnectedOrganization], error) {
	if err := authz.Allow(by, authz.ListReports, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.ConnectedOrganization]{}, err
	}
	return s.Store.SponsoredBy(ctx, by.User(), page)
}

// maxPlace bounds what is taken for the place of an organization.
const maxPlace = 64

// Guests is one page of the people of an organization.
type Guests struct {
	Organization entitlement.ConnectedOrganization
	People       entitlement.Paged[Report]
}

// Guests returns the people of an organization that the caller sponsors, by name, with what each
// holds and waits for; to everybody else there is no such organization. A page may be short: an
// index leads to whoever signs in where its people do, and some of these belong to another one.
// Who knows the place of the organization may say so: then both are read at the same time. An
// organization is at one place for as long as there is one.
func (s *Service) Guests(ctx context.Context, by authz.Caller, id entitlement.OrganizationID, place string, page entitlement.Page) (Guests, error) {
	out := Guests{}
	if len(place) > maxPlace {
		return out, noSponsored()
	}
	var list entitlement.Paged[entitlement.UserID]
	g, within := errgroup.WithContext(ctx)
	g.Go(func() (err error) { out.Organization, err = s.sponsored(within, by, id); return err })
	if place != "" {
		g.Go(func() (err error) { list, err = s.Store.GuestsAt(within, place, page); return err })
	}
	if err := g.Wait(); err != nil {
		return Guests{}, err
	}
	switch at := out.Organization.Place(); {
	case place == "":
		var err error
		if list, err = s.Store.GuestsAt(ctx, at, page); err != nil {
			return Guests{}, err
		}
	case place != at:
		return Guests{}, noSponsored()
	}
	out.People.Next, out.People.Unread = list.Next, list.Unread
	if len(list.Items) == 0 {
		return out, nil
	}

	var err error
	out.People.Items, err = s.withWhatTheyHave(ctx, list.Items, func(ctx context.Context) ([]entitlement.User, error) {
		return s.belonging(ctx, out.Organization, list.Items)
	})
	return out, err
}

func noSponsored() error {
	return entitlement.Errorf(entitlement.NotFound, "You sponsor no connected organization of this id.")
}

// sponsored reads an organization that the caller is an internal sponsor of.
func (s *Service) sponsored(ctx context.Context, by authz.Caller, id entitlement.OrganizationID) (entitlement.ConnectedOrganization, error) {
	none := entitlement.ConnectedOrganization{}
	if err := authz.Allow(by, authz.ListReports, authz.Object{}).Err(); err != nil {
		return none, err
	}
	o, err := s.Store.Organization(ctx, id)
	if except(err, entitlement.NotFound) != nil {
		return none, err
	}
	if err != nil || !o.SponsoredBy(by.User()) {
		return none, noSponsored()
	}
	return o, nil
}

// belonging reads those of the people who belong to an organization now, in their order.
func (s *Service) belonging(ctx context.Context, o entitlement.ConnectedOrganization, ids []entitlement.UserID) ([]entitlement.User, error) {
	found, err := s.usersNamed(ctx, ids)
	if err != nil {
		return nil, err
	}
	var users []entitlement.User
	for _, id := range ids {
		if u, known := found[id]; known && o.Has(u) {
			users = append(users, u)
		}
	}

	of, err := s.Store.OrganizationsOf(ctx, users)
	var all []entitlement.User
	for _, u := range users {
		if of[u.ID] == o.ID {
			all = append(all, u)
		}
	}
	return all, err
}
