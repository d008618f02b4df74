package directory

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// CreateGroup adds a group without members.
func (s *Service) CreateGroup(ctx context.Context, by authz.Command, g entitlement.Group) (entitlement.Group, error) {
	err := allow(by, authz.CreateGroup)
	if err != nil {
		return g, err
	}

	if g.DisplayName, err = entitlement.FeedName("displayName", g.DisplayName); err != nil {
		return g, err
	}
	if g.Description, err = entitlement.Description("description", g.Description); err != nil {
		return g, err
	}
	if g.MailNickname != "" {
		if g.MailNickname, err = entitlement.Name("mailNickname", g.MailNickname); err != nil {
			return g, err
		}
	}

	g.ID, g.Created, g.Meta = entitlement.GroupID(s.IDs.New()), s.Clock.Now(), entitlement.Meta{}
	e := s.event(entitlement.OfGroup, string(g.ID), "created", by.ID, by.CommandID)
	e.Changed = entitlement.Differences(nil, g.Recorded())
	g.Chain, e = g.Chain.Append(e)

	err = s.Store.Commit(ctx, entitlement.Change{Groups: []entitlement.Group{g}, Events: []entitlement.Event{e}})
	g.Version++
	return g, err
}
