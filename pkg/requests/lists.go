package requests

import (
	"cmp"
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

// Applicable returns the policies through which the caller may ask for a package (R38): those
// that a userAdd of the caller may name or, for somebody else, an onBehalfAdd, and no other. Of
// somebody for whom the caller may not ask there are none, whoever that is.
func (s *Service) Applicable(ctx context.Context, by authz.Caller, id entitlement.PackageID, subject entitlement.UserID) ([]entitlement.AssignmentPolicy, error) {
	subject = cmp.Or(subject, by.ID)
	ask, err := s.Store.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: by.ID, Subject: subject, Package: id})
	if err != nil {
		return nil, err
	}

	if ask.Package == nil || !ask.Package.Deleting.IsZero() || ask.Requestor == nil {
		return nil, entitlement.Errorf(entitlement.NotFound, "There is no access package with this id.")
	}
	if err := authz.Allow(by.As(*ask.Requestor), authz.ReadRequirements, inPackage(*ask.Package)).Err(); err != nil {
		return nil, err
	}

	// Nobody but administrators may ask in a catalog that is not published, so nothing applies.
	if ask.Catalog == nil || !ask.Catalog.Published {
		return nil, nil
	}

	if subject != by.ID {
		return ask.ApplicableOnBehalf(), nil
	}
	return ask.Applicable(*ask.Requestor), nil
}

// Package returns a package to administrators, and to whoever may ask for it or holds
// it; being hidden does not hide it from the one who has the link (R40). To all others
// it does not exist.
func (s *Service) Package(ctx context.Context, by authz.Caller, id entitlement.PackageID) (entitlement.AccessPackage, error) {
	ask, err := s.Store.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: by.ID, Subject: by.ID, Package: id})
	if err == nil {
		err = s.mayFace(ctx, by, ask)
	}
	if err != nil {
		return entitlement.AccessPackage{}, err
	}
	return *ask.Package, nil
}

// inPackage is a package as the object of an action.
func inPackage(p entitlement.AccessPackage) authz.Object {
	return authz.Object{Catalog: p.Catalog, Package: p.ID}
}

// AssignmentsOf lists one subject's assignments: the live ones first, then the ended ones.
func (s *Service) AssignmentsOf(ctx context.Context, by authz.Caller, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	ask := func(ctx context.Context) error { return s.mayListAll(ctx, by, authz.ListAssignments) }
	return authz.Beside(ctx, by, authz.ListAssignments, ask, func(ctx context.Context) (entitlement.Paged[entitlement.Assignment], error) {
		return s.assignmentsOf(ctx, subject, page)
	})
}

func (s *Service) assignmentsOf(ctx context.Context, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	live := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
		list, err := s.Store.AssignmentsOf(ctx, subject)
		return after(list, page), err
	}
	ended := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
		return s.Store.EndedOf(ctx, subject, page)
	}
	return chain(ctx, page, live, ended)
}

// after returns the page of a subject's live assignments that follows on the package which
// the token names: there is one of each package at most.
func after(list []entitlement.Assignment, page entitlement.Page) (p entitlement.Paged[entitlement.Assignment]) {
	order.SortFunc(list, func(a, b entitlement.Assignment) int { return cmp.Compare(a.Package, b.Package) })
	list = slices.DeleteFunc(list, func(a entitlement.Assignment) bool { return string(a.Package) <= page.Token })
	if p.Items = list; len(list) > page.Size() {
		p.Items = list[:page.Size()]
		p.Next, p.Sure = string(p.Items[page.Size()-1].Package), true
	}
	return p
}

// AssignmentsFor lists one package's assignments: the live ones first, then the ended ones.
func (s *Service) AssignmentsFor(ctx context.Context, by authz.Caller, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	ask := func(ctx context.Context) error { return s.mayList(ctx, by, authz.ListAssignments, pkg) }
	return authz.Beside(ctx, by, authz.ListAssignments, ask, func(ctx context.Context) (entitlement.Paged[entitlement.Assignment], error) {
		return s.assignmentsFor(ctx, pkg, page)
	})
}

// LiveFor lists those of one package's assignments that are live.
func (s *Service) LiveFor(ctx context.Context, by authz.Caller, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	ask := func(ctx context.Context) error { return s.mayList(ctx, by, authz.ListAssignments, pkg) }
	return authz.Beside(ctx, by, authz.ListAssignments, ask, func(ctx context.Context) (entitlement.Paged[entitlement.Assignment], error) {
		return s.liveFor(ctx, pkg, page)
	})
}

func (s *Service) liveFor(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	slots, err := s.Store.Holders(ctx, pkg, page)
	list := entitlement.Paged[entitlement.Assignment]{Next: slots.Next}
	for _, slot := range slots.Items {
		// A slot may hold an open request alone, or a cool-down record.
		if slot.Assignment != nil {
			list.Items = append(list.Items, *slot.Assignment)
		}
	}
	return list, err
}

func (s *Service) assignmentsFor(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	live := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
		return s.liveFor(ctx, pkg, page)
	}

	ended := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
		return s.Store.EndedFor(ctx, pkg, page)
	}

	return chain(ctx, page, live, ended)
}

// Assignments lists every assignment, package by package.
func (s *Service) Assignments(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	if err := s.mayListAll(ctx, by, authz.ListAssignments); err != nil {
		return entitlement.Paged[entitlement.Assignment]{}, err
	}
	return perPackage(ctx, s.Store, page, s.assignmentsFor)
}

// RequestsOf lists one subject's requests, newest first.
func (s *Service) RequestsOf(ctx context.Context, by authz.Caller, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	ask := func(ctx context.Context) error { return s.mayListAll(ctx, by, authz.ListRequests) }
	return authz.Beside(ctx, by, authz.ListRequests, ask, func(ctx context.Context) (entitlement.Paged[entitlement.AssignmentRequest], error) {
		return seen(s.Store.RequestsOf(ctx, subject, page))
	})
}

// RequestsShownBy lists the requests of which a person is shown as the requestor: those for
// them, newest first, and then those that they made on behalf of others. Of the first the
// caller's filter leaves out what others asked for on their behalf.
func (s *Service) RequestsShownBy(ctx context.Context, by authz.Caller, person entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	if err := s.mayListAll(ctx, by, authz.ListRequests); err != nil {
		return entitlement.Paged[entitlement.AssignmentRequest]{}, err
	}
	own := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
		list, err := seen(s.Store.RequestsOf(ctx, person, page))
		list.Sure = false // what follows may be what others asked for
		return list, err
	}
	others := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
		list, err := seen(s.Store.RequestsBy(ctx, person, page))
		list.Items = slices.DeleteFunc(list.Items, func(r entitlement.AssignmentRequest) bool { return r.Type.Direct() })
		list.Sure = false
		return list, err
	}
	return chain(ctx, page, own, others)
}

// RequestsFor lists one package's requests, newest first.
func (s *Service) RequestsFor(ctx context.Context, by authz.Caller, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	ask := func(ctx context.Context) error { return s.mayList(ctx, by, authz.ListRequests, pkg) }
	return authz.Beside(ctx, by, authz.ListRequests, ask, func(ctx context.Context) (entitlement.Paged[entitlement.AssignmentRequest], error) {
		return s.requestsFor(ctx, pkg, page)
	})
}

// Requests lists every request, package by package.
func (s *Service) Requests(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	if err := s.mayListAll(ctx, by, authz.ListRequests); err != nil {
		return entitlement.Paged[entitlement.AssignmentRequest]{}, err
	}
	return perPackage(ctx, s.Store, page, s.requestsFor)
}
