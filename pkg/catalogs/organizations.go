package catalogs

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/idempotency"
)

// Organization returns a connected organization.
func (s *Service) Organization(ctx context.Context, by authz.Caller, id entitlement.OrganizationID) (entitlement.ConnectedOrganization, error) {
	o, err := s.Store.Organization(ctx, id)
	return permitted(ctx, s, by, authz.ReadOrganization, authz.Object{}, o, err)
}

// ListOrganizations lists all connected organizations.
func (s *Service) ListOrganizations(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.ConnectedOrganization], error) {
	if err := s.may(ctx, by, authz.ReadOrganization, authz.Object{}); err != nil {
		return entitlement.Paged[entitlement.ConnectedOrganization]{}, err
	}
	return s.Store.ListOrganizations(ctx, page)
}

// CreateOrganization adds a connected organization, whose identity source no other one has.
func (s *Service) CreateOrganization(ctx context.Context, by authz.Command, o entitlement.ConnectedOrganization) (entitlement.ConnectedOrganization, error) {
	if err := s.allow(ctx, &by, authz.ChangeOrganization, authz.Object{}, nil); err != nil {
		return o, err
	}
	return idempotency.Once(ctx, s.once(), by, entitlement.OfOrganization, func(e idempotency.Effect) (entitlement.ConnectedOrganization, error) {
		o := o
		o.ID, o.Created, o.Modified, o.Meta = entitlement.OrganizationID(e.ID), e.At, e.At, e.Meta()
		o.InternalSponsors, o.ExternalSponsors = nil, nil
		if e.Again {
			return o, o.Check()
		}
		return s.putOrganization(ctx, e.Command, o, entitlement.ConnectedOrganization{}, "created", nil)
	})
}

// organization reads a connected organization for a change of it.
func (s *Service) organization(ctx context.Context, by *authz.Command, id entitlement.OrganizationID) (entitlement.ConnectedOrganization, error) {
	o, err := s.Store.Organization(ctx, id)
	return o, s.allow(ctx, by, authz.ChangeOrganization, authz.Object{}, err)
}

// UpdateOrganization changes a connected organization; edit is given it as it is, once more
// where somebody else's change came first. Its identity source stays.
func (s *Service) UpdateOrganization(ctx context.Context, by authz.Command, id entitlement.OrganizationID, edit func(*entitlement.ConnectedOrganization) error) (entitlement.ConnectedOrganization, error) {
	return s.changeOrganization(ctx, by, id, func(o *entitlement.ConnectedOrganization) (string, map[string]string, error) {
		err := edit(o)
		o.Modified = s.Clock.Now()
		return "updated", nil, err
	})
}

// changeOrganization commits what edit makes of a connected organization, with an event of the
// kind and the data that it returns.
func (s *Service) changeOrganization(ctx context.Context, by authz.Command, id entitlement.OrganizationID, edit func(*entitlement.ConnectedOrganization) (string, map[string]string, error)) (entitlement.ConnectedOrganization, error) {
	for try := 1; ; try++ {
		o, err := s.organization(ctx, &by, id)
		if err != nil {
			return o, err
		}
		before := o
		kind, data, err := edit(&o)
		if err != nil {
			return o, err
		}
		o, err = s.putOrganization(ctx, by, o, before, kind, data)
		if entitlement.StalePart(err) != entitlement.PartConfiguration || try == crossTries {
			return o, err
		}
	}
}

func (s *Service) putOrganization(ctx context.Context, by authz.Command, o, before entitlement.ConnectedOrganization, kind string, data map[string]string) (entitlement.ConnectedOrganization, error) {
	if err := o.Check(); err != nil {
		return o, err
	}
	e := s.event(entitlement.OfOrganization, string(o.ID), kind, by)
	e.Changed, e.Data = entitlement.Differences(before.Recorded(), o.Recorded()), data
	o.Chain, e = o.Chain.Append(by.Marked(e))
	err := s.Store.Commit(ctx, entitlement.Change{Organizations: []entitlement.ConnectedOrganization{o}, Events: append([]entitlement.Event{e}, by.Recorded("")...)})
	if entitlement.StalePart(err) == entitlement.PartName {
		err = &entitlement.Error{Kind: entitlement.Conflict, Code: "nameAlreadyExists", Msg: "Another connected organization has this identity source.", Err: err}
	}
	o.Version++
	return o, err
}

// DeleteOrganization removes a connected organization that no policy names, read strongly. A
// policy that comes to name it between that look and the removal names nobody, like one whose
// group was deleted.
func (s *Service) DeleteOrganization(ctx context.Context, by authz.Command, id entitlement.OrganizationID) error {
	return crossed(func() error {
		o, err := s.organization(ctx, &by, id)
		if err != nil {
			return err
		}
		if err := s.unnamed(ctx, id); err != nil {
			return err
		}
		e := s.event(entitlement.OfOrganization, string(id), "deleted", by)
		e.Changed = entitlement.Differences(o.Recorded(), nil)
		o.Chain, e = o.Chain.Append(e)
		o.Erased = true
		return s.Store.Commit(ctx, entitlement.Change{Organizations: []entitlement.ConnectedOrganization{o}, Events: []entitlement.Event{e}})
	})
}

// unnamed refuses the deletion of an organization that a policy names.
func (s *Service) unnamed(ctx context.Context, id entitlement.OrganizationID) error {
	for page := (entitlement.Page{}); ; {
		list, err := s.Store.PoliciesNaming(ctx, id, page)
		if err == nil && list.Unread > 0 {
			err = unsure(list.Unread)
		}
		if err != nil {
			return err
		}
		for _, p := range list.Items {
			if p.NamesOrganization(id) {
				return entitlement.Errorf(entitlement.Conflict, "The policy %s names the connected organization: take it out of there first.", p.DisplayName)
			}
		}
		if page.Token = list.Next; list.Next == "" {
			return nil
		}
	}
}

// sponsorsOf returns the list of an organization's sponsors, internal or external.
func sponsorsOf(o *entitlement.ConnectedOrganization, external bool) *[]entitlement.Sponsor {
	if external {
		return &o.ExternalSponsors
	}
	return &o.InternalSponsors
}

var sponsorLists = map[bool]string{false: "internalSponsors", true: "externalSponsors"}

// AddSponsor makes a user or a group answer for the people of a connected organization:
// internal sponsors are members, external ones guests (R134).
func (s *Service) AddSponsor(ctx context.Context, by authz.Command, id entitlement.OrganizationID, external bool, sponsor entitlement.Sponsor) error {
	if _, err := s.organization(ctx, &by, id); err != nil {
		return err
	}

	sponsor, err := s.sponsor(ctx, sponsor, external)
	if err != nil {
		return err
	}

	// Asked of what is stored when it is written: two who add at the same time must not pass
	// the bound together.
	_, err = s.changeOrganization(ctx, by, id, func(o *entitlement.ConnectedOrganization) (string, map[string]string, error) {
		list := sponsorsOf(o, external)
		switch {
		case slices.Contains(*list, sponsor):
			return "", nil, listedAlready(sponsorLists[external])
		case len(*list) >= entitlement.MaxSponsors:
			return "", nil, entitlement.Errorf(entitlement.Precondition, "A connected organization has at most %d sponsors of each kind.", entitlement.MaxSponsors)
		}
		*list = append(slices.Clone(*list), sponsor)
		return "sponsorAdded", sponsorData(sponsor, external), nil
	})
	return err
}

func sponsorData(sponsor entitlement.Sponsor, external bool) map[string]string {
	data := map[string]string{"list": sponsorLists[external]}
	if sponsor.Group != "" {
		data["group"] = string(sponsor.Group)
	} else {
		data["user"] = string(sponsor.User)
	}
	return data
}

// sponsor finds out whether an id is a user's or a group's, where the caller does not say, and
// whether whoever it is may be a sponsor of the kind.
func (s *Service) sponsor(ctx context.Context, asked entitlement.Sponsor, external bool) (entitlement.Sponsor, error) {
	none := entitlement.Sponsor{}
	if asked.User != "" {
		users, err := s.Store.Users(ctx, []entitlement.UserID{asked.User})
		if err != nil {
			return none, err
		}
		if len(users) == 1 && !users[0].Gone() {
			u := users[0]
			if !u.Enabled {
				return none, entitlement.Errorf(entitlement.Precondition, "The user %s is disabled: enable them first, or name somebody else.", u.DisplayName)
			}
			if external != (u.Type == entitlement.Guest) {
				return none, entitlement.Errorf(entitlement.Invalid, "Internal sponsors are members of the organization, external sponsors are guests; the user %s is a %s.", u.DisplayName, u.Type)
			}
			return entitlement.Sponsor{User: u.ID}, nil
		}
	}

	// A directory object is asked for as both: it may be a group where no such user is.
	if asked.Group != "" {
		g, err := s.Store.Group(ctx, asked.Group)
		if err == nil && !g.Gone() {
			return entitlement.Sponsor{Group: g.ID}, nil
		}
		if err != nil && entitlement.KindOf(err) != entitlement.NotFound {
			return none, err
		}
	}
	return none, entitlement.Errorf(entitlement.NotFound, "There is no user or group with the id at the end of @odata.id.")
}

// RemoveSponsor takes a user or a group off the list.
func (s *Service) RemoveSponsor(ctx context.Context, by authz.Command, id entitlement.OrganizationID, external bool, sponsor string) error {
	_, err := s.changeOrganization(ctx, by, id, func(o *entitlement.ConnectedOrganization) (string, map[string]string, error) {
		list := sponsorsOf(o, external)
		i := slices.IndexFunc(*list, func(s entitlement.Sponsor) bool { return string(s.User) == sponsor || string(s.Group) == sponsor })
		if i < 0 {
			return "", nil, entitlement.Errorf(entitlement.NotFound, "The connected organization has no such sponsor.")
		}
		data := sponsorData((*list)[i], external)
		*list = slices.Delete(slices.Clone(*list), i, i+1)
		return "sponsorRemoved", data, nil
	})
	return err
}

// SponsorsNamed returns the users and groups of sponsors who are there.
func (s *Service) SponsorsNamed(ctx context.Context, by authz.Caller, sponsors []entitlement.Sponsor) (users []entitlement.User, groups []entitlement.Group, err error) {
	if err := s.may(ctx, by, authz.ReadOrganization, authz.Object{}); err != nil {
		return nil, nil, err
	}
	var people []entitlement.UserID
	var teams []entitlement.GroupID
	for _, sponsor := range sponsors {
		if sponsor.Group != "" {
			teams = append(teams, sponsor.Group)
		} else {
			people = append(people, sponsor.User)
		}
	}

	if len(people) > 0 {
		if users, err = s.Store.Users(ctx, people); err != nil {
			return nil, nil, err
		}
	}
	if len(teams) > 0 {
		if groups, err = s.Store.Groups(ctx, teams); err != nil {
			return nil, nil, err
		}
	}

	// What is deleted stays in the store for its history, and answers for nobody.
	return slices.DeleteFunc(users, entitlement.User.Gone), slices.DeleteFunc(groups, entitlement.Group.Gone), nil
}
