package catalogs

import (
	"cmp"
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// allow asks whether a command may do what it is about to, on what it has read; failed is
// what became of the reading. Whoever may do it nowhere is told so in the same words whether
// the thing is there or not (A1). The policy that allowed it goes into the command's events.
func (s *Service) allow(ctx context.Context, by *authz.Command, a authz.Action, o authz.Object, failed error) error {
	if failed != nil && entitlement.KindOf(failed) != entitlement.NotFound {
		return failed
	}

	d, err := authz.Ask(ctx, s.Store, by.Caller, a, o)
	by.AllowedBy = cmp.Or(d.Policy(), by.AllowedBy)
	return cmp.Or(err, d.Err(), failed)
}

// may is allow for what changes nothing.
func (s *Service) may(ctx context.Context, by authz.Caller, a authz.Action, o authz.Object) error {
	d, err := authz.Ask(ctx, s.Store, by, a, o)
	return cmp.Or(err, d.Err())
}

// open is may for what is read meanwhile.
func open[T any](ctx context.Context, s *Service, by authz.Caller, a authz.Action, o authz.Object, read func(context.Context) (T, error)) (T, error) {
	return authz.Beside(ctx, by, a, func(ctx context.Context) error { return s.may(ctx, by, a, o) }, read)
}

// permitted returns what was read, where the caller may read it; failed is what became of
// the reading.
func permitted[T any](ctx context.Context, s *Service, by authz.Caller, a authz.Action, o authz.Object, v T, failed error) (T, error) {
	if err := s.allow(ctx, &authz.Command{Caller: by}, a, o, failed); err != nil {
		var none T
		return none, err
	}
	return v, nil
}

// manages refuses a resource of a target to a command that is allowed by a role alone, unless
// its caller manages the resource too: an owner of a group, or one of the resource managers
// of a connector (R172).
func (s *Service) manages(ctx context.Context, by authz.Command, at entitlement.ConnectorID, originID string) error {
	if by.AllowedBy == "" {
		return nil
	}

	if at != entitlement.BuiltinConnector {
		c, err := s.Store.Connector(ctx, at)
		if err == nil && !slices.Contains(c.ResourceManagers, by.ID) {
			err = entitlement.Errorf(entitlement.Forbidden, notManager)
		}
		return err
	}

	group, err := entitlement.ParseID[entitlement.GroupID]("resource.originId", originID)
	if err != nil {
		return err
	}
	owners, err := s.Store.OwnersAmong(ctx, group, []entitlement.UserID{by.ID})
	if err == nil && len(owners) == 0 {
		err = entitlement.Errorf(entitlement.Forbidden, "This needs an owner of the group, or an administrator.")
	}
	return err
}

// withoutRoles refuses a group that holds delegated roles to a command that is allowed by a
// role alone: whoever is given the membership of such a group is given its roles, in catalogs
// that are not this owner's to give away (A3). It returns what the change must hold to, so
// that a role which the group is given meanwhile refuses it.
func (s *Service) withoutRoles(ctx context.Context, by authz.Command, r entitlement.Resource) ([]entitlement.Reference, error) {
	if by.AllowedBy == "" || r.Connector != entitlement.BuiltinConnector {
		return nil, nil
	}

	// The group before its roles: one that is given in between has moved its version.
	group, err := s.Store.Group(ctx, entitlement.GroupID(r.OriginID))
	if err != nil {
		return nil, err
	}
	roles, err := s.Store.RolesOfGroup(ctx, group.ID)
	if err == nil && len(roles) > 0 {
		err = entitlement.Errorf(entitlement.Forbidden, holdsRoles)
	}
	return []entitlement.Reference{{Group: group.ID, Version: group.Version}}, err
}
