package catalogs

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Offers lists what a target has to offer, live, to those who may bring its resources into
// some catalog: administrators, and by a role in a catalog those who manage the resource too
// (R172). Whoever manages a part of a target sees that part.
func (s *Service) Offers(ctx context.Context, by authz.Caller, at entitlement.ConnectorID, search string, page entitlement.Page) (entitlement.Paged[entitlement.TargetOffer], error) {
	none := entitlement.Paged[entitlement.TargetOffer]{}
	_, everywhere, err := s.catalogsFor(ctx, by, authz.PickResource)
	if err != nil {
		return none, err
	}
	if !everywhere {
		if err := s.managesTarget(ctx, by, at); err != nil {
			return none, err
		}
	}

	found, err := s.Targets.Offers(ctx, at, search, page)
	if err != nil {
		return none, err
	}
	for i := range found.Items {
		offer := &found.Items[i]
		offer.Connector = at
		called(&offer.Resource, offer.OriginID)
	}
	if !everywhere && at == entitlement.BuiltinConnector {
		found.Items, err = s.ownedOf(ctx, by.ID, found.Items)
	}
	return found, err
}

// managesTarget refuses a target to somebody who is none of its resource managers. Of the
// built-in directory, each group has managers of its own.
func (s *Service) managesTarget(ctx context.Context, by authz.Caller, at entitlement.ConnectorID) error {
	if at == entitlement.BuiltinConnector {
		return nil
	}
	c, err := s.Store.Connector(ctx, at)
	if err == nil && !slices.Contains(c.ResourceManagers, by.ID) {
		err = entitlement.Errorf(entitlement.Forbidden, notManager)
	}
	return err
}

// notManager says who may bring resources of a target into a catalog.
const notManager = "This needs one of the resource managers of the connector, or an administrator."

// ownedOf leaves the groups that somebody owns, and says of those that give delegated roles
// that they are not theirs to give away (A3).
func (s *Service) ownedOf(ctx context.Context, who entitlement.UserID, offers []entitlement.TargetOffer) ([]entitlement.TargetOffer, error) {
	groups := make([]entitlement.GroupID, len(offers))
	for i, o := range offers {
		groups[i] = entitlement.GroupID(o.OriginID)
	}
	owned, err := s.Store.OwnedAmong(ctx, who, groups)
	if err != nil {
		return nil, err
	}

	var left []entitlement.TargetOffer
	for _, o := range offers {
		group := entitlement.GroupID(o.OriginID)
		if !slices.Contains(owned, group) {
			continue
		}
		roles, err := s.Store.RolesOfGroup(ctx, group)
		if err != nil {
			return nil, err
		}
		if len(roles) > 0 {
			o.Reason = holdsRoles
		}
		left = append(left, o)
	}
	return left, nil
}

// holdsRoles says why an owner cannot give a group away.
const holdsRoles = "The group holds delegated roles: this needs an administrator."
