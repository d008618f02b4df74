package requests

import (
	"cmp"
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// allow asks whether a command may do what it is about to, on what it has read. The policy
// that allowed it goes into the command's events.
func (s *Service) allow(ctx context.Context, by *authz.Command, a authz.Action, o authz.Object) error {
	d, err := s.ask(ctx, by.Caller, a, o)
	by.AllowedBy = cmp.Or(d.Policy(), by.AllowedBy)
	return cmp.Or(err, d.Err())
}

// actor is who gives a command, as its events say it.
func actor(by authz.Command) entitlement.Actor {
	return entitlement.Actor{ID: by.ID, Command: by.CommandID, AllowedBy: by.AllowedBy}
}

// may is allow for what changes nothing.
func (s *Service) may(ctx context.Context, by authz.Caller, a authz.Action, o authz.Object) error {
	d, err := s.ask(ctx, by, a, o)
	return cmp.Or(err, d.Err())
}

// mayList asks whether a caller may list what belongs to a package. One who may do so for no
// package is told so whether there is the package or not. The package is read where it takes
// a role in its catalog (R176).
func (s *Service) mayList(ctx context.Context, by authz.Caller, a authz.Action, id entitlement.PackageID) error {
	if authz.Allow(by, a, authz.Object{Package: id}).Allowed {
		return nil
	}
	if err := authz.Admit(by, a); err != nil {
		return err
	}

	in, err := s.placeOf(ctx, id)
	if err != nil {
		return err
	}
	return s.may(ctx, by, a, authz.Object{Catalog: in, Package: id})
}

// mayListAll asks whether a caller may list everything. Those who may list what is in a
// catalog are told by which filter (R176).
func (s *Service) mayListAll(ctx context.Context, by authz.Caller, a authz.Action) error {
	err := s.may(ctx, by, a, authz.Object{})
	if entitlement.KindOf(err) != entitlement.Forbidden || authz.Admit(by, a) != nil {
		return err
	}
	return entitlement.Errorf(entitlement.Forbidden, "This list needs an administrator or an auditor. With a role in a catalog name an access package of it: $filter=accessPackage/id eq '{id}'.")
}
