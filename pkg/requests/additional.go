package requests

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// AdditionalAccess lists the live assignments to a package whose holders hold another one too
// (R182). Its pages are those of the holders, without the others: they may be short.
func (s *Service) AdditionalAccess(ctx context.Context, by authz.Caller, pkg, other entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	none := entitlement.Paged[entitlement.Assignment]{}
	for _, id := range []entitlement.PackageID{pkg, other} {
		p, err := s.Store.Package(ctx, id)
		if err == nil {
			err = s.may(ctx, by, authz.ReadAdditionalAccess, inPackage(p))
		}
		if err != nil {
			return none, err
		}
	}
	if pkg == other {
		return none, entitlement.Errorf(entitlement.Invalid, "accessPackageId and incompatibleAccessPackageId must name two different access packages.")
	}
	return s.holdingToo(ctx, pkg, []entitlement.PackageID{other}, page)
}

// AllAdditionalAccess lists, package by package, the live assignments whose holders hold
// another package too that the assignment's own lists as incompatible.
func (s *Service) AllAdditionalAccess(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	if err := s.mayListAll(ctx, by, authz.ReadAdditionalAccess); err != nil {
		return entitlement.Paged[entitlement.Assignment]{}, err
	}
	return perPackage(ctx, s.Store, page, func(ctx context.Context, id entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
		p, err := s.Store.Package(ctx, id)
		if err != nil || len(p.Incompatible) == 0 {
			if entitlement.KindOf(err) == entitlement.NotFound { // deleted since it was listed
				err = nil
			}
			return entitlement.Paged[entitlement.Assignment]{}, err
		}
		return s.holdingToo(ctx, id, p.Incompatible, page)
	})
}

// holdingToo reads a page of a package's holders, and leaves out those who hold none of the
// others. Who holds what is read at once for all of them.
func (s *Service) holdingToo(ctx context.Context, pkg entitlement.PackageID, others []entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	slots, err := s.Store.Holders(ctx, pkg, page)
	out := entitlement.Paged[entitlement.Assignment]{Next: slots.Next, Unread: slots.Unread}
	if err != nil {
		return out, err
	}
	var pairs []entitlement.PackageSubject
	for _, slot := range slots.Items {
		if slot.Assignment == nil {
			continue
		}
		out.Items = append(out.Items, *slot.Assignment)
		for _, other := range others {
			pairs = append(pairs, entitlement.PackageSubject{Package: other, Subject: slot.Subject})
		}
	}
	if len(pairs) == 0 {
		return out, nil
	}

	held, err := s.Store.LiveAssignments(ctx, pairs)
	too := map[entitlement.UserID]bool{}
	for _, a := range held {
		too[a.Subject] = true
	}
	out.Items = slices.DeleteFunc(out.Items, func(a entitlement.Assignment) bool { return !too[a.Subject] })
	return out, err
}

// Available lists the packages that the caller may ask for, as people see them who are to
// choose one.
func (s *Service) Available(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	if err := authz.Allow(by, authz.ListAvailable, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.AccessPackage]{}, err
	}
	return s.Requestable(ctx, by, page)
}
