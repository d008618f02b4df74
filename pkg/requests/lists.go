package requests

import (
	"context"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Requestable lists the packages that the caller may ask for: published, not hidden, open,
// and with a policy that lets the caller ask (R129). Each page reads what is on it and no
// more; it is in the order of names, the pages are not.
func (s *Service) Requestable(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AccessPackage], error) {
	list := entitlement.Paged[entitlement.AccessPackage]{}
	u, err := s.Store.User(ctx, by.ID)
	if err == nil {
		err = authz.Allow(by.As(u), authz.ListRequestablePackages, authz.Object{}).Err()
	}
	if err != nil {
		return list, err
	}
	policies, err := s.Store.PoliciesFor(ctx, u, page)
	if err != nil {
		return list, err
	}
	var ids []entitlement.PackageID
	for _, p := range policies.Items {
		if p.MayAsk(u) && !slices.Contains(ids, p.Package) {
			ids = append(ids, p.Package)
		}
	}
	packages, err := entitlement.Readable(ids, func(ids []entitlement.PackageID) ([]entitlement.AccessPackage, error) {
		return s.Store.Packages(ctx, ids)
	})
	if err != nil {
		return list, err
	}
	published, err := s.published(ctx, packages)
	if err != nil {
		return list, err
	}
	list.Next = policies.Next
	list.Items = slices.DeleteFunc(packages, func(p entitlement.AccessPackage) bool {
		return p.Hidden || !p.Deleting.IsZero() || !published[p.Catalog]
	})
	slices.SortFunc(list.Items, func(a, b entitlement.AccessPackage) int {
		return strings.Compare(strings.ToLower(a.DisplayName)+string(a.ID), strings.ToLower(b.DisplayName)+string(b.ID))
	})
	return list, nil
}

func (s *Service) published(ctx context.Context, packages []entitlement.AccessPackage) (map[entitlement.CatalogID]bool, error) {
	var ids []entitlement.CatalogID
	for _, p := range packages {
		if !slices.Contains(ids, p.Catalog) {
			ids = append(ids, p.Catalog)
		}
	}
	catalogs, err := entitlement.Readable(ids, func(ids []entitlement.CatalogID) ([]entitlement.Catalog, error) { return s.Store.Catalogs(ctx, ids) })
	if err != nil {
		return nil, err
	}
	published := map[entitlement.CatalogID]bool{}
	for _, c := range catalogs {
		published[c.ID] = c.Published
	}
	return published, nil
}

// Applicable returns the policies through which the caller may ask for a package (R38):
// those that a userAdd of the caller may name, and no other.
func (s *Service) Applicable(ctx context.Context, by authz.Caller, id entitlement.PackageID) ([]entitlement.AssignmentPolicy, error) {
	ask, err := s.Store.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: by.ID, Subject: by.ID, Package: id})
	if err != nil {
		return nil, err
	}
	if ask.Package == nil || !ask.Package.Deleting.IsZero() || ask.Requestor == nil {
		return nil, entitlement.Errorf(entitlement.NotFound, "There is no access package with this id.")
	}
	if err := authz.Allow(by.As(*ask.Requestor), authz.ReadRequirements, inPackage(*ask.Package)).Err(); err != nil {
		return nil, err
	}
	if ask.Catalog == nil || !ask.Catalog.Published {
		return nil, nil
	}
	return ask.Applicable(*ask.Requestor), nil
}

// Package returns a package to administrators, and to whoever may ask for it or holds
// it; being hidden does not hide it from the one who has the link (R40). To all others
// it does not exist.
func (s *Service) Package(ctx context.Context, by authz.Caller, id entitlement.PackageID) (entitlement.AccessPackage, error) {
	ask, err := s.Store.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: by.ID, Subject: by.ID, Package: id})
	if err != nil {
		return entitlement.AccessPackage{}, err
	}
	if ask.Package == nil || ask.Requestor == nil {
		return entitlement.AccessPackage{}, entitlement.Errorf(entitlement.NotFound, "There is no access package with this id.")
	}
	o := inPackage(*ask.Package)
	o.MayRequest = ask.Catalog != nil && ask.Catalog.Published && len(ask.Applicable(*ask.Requestor)) > 0
	o.Holds = !ask.Slot.Empty()
	if err := authz.Allow(by.As(*ask.Requestor), authz.ReadPackage, o).Err(); err != nil {
		return entitlement.AccessPackage{}, err
	}
	return *ask.Package, nil
}

// inPackage is a package as the object of an action.
func inPackage(p entitlement.AccessPackage) authz.Object {
	return authz.Object{Catalog: p.Catalog, Package: p.ID}
}

// Mine lists requests by or for the caller, newest first. Those made for others come
// after those for oneself.
func (s *Service) Mine(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	if err := authz.Allow(by, authz.ListOwnRequests, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.AssignmentRequest]{}, err
	}
	return seen(s.Store.RequestsOf(ctx, by.ID, page))
}

// CreatedByMe lists requests that the caller made, for oneself first, then for others.
func (s *Service) CreatedByMe(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	if err := authz.Allow(by, authz.ListOwnRequests, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.AssignmentRequest]{}, err
	}
	own := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
		list, err := seen(s.Store.RequestsOf(ctx, by.ID, page))
		list.Items = slices.DeleteFunc(list.Items, func(r entitlement.AssignmentRequest) bool { return r.Requestor != by.ID })
		return list, err
	}
	others := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
		return seen(s.Store.RequestsBy(ctx, by.ID, page))
	}
	return chain(ctx, page, own, others)
}

// Waiting lists requests that wait for the caller's decision, oldest first (R56).
func (s *Service) Waiting(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	u, err := s.Store.User(ctx, by.ID)
	if err == nil {
		err = authz.Allow(by.As(u), authz.ListOwnApprovals, authz.Object{}).Err()
	}
	if err != nil {
		return entitlement.Paged[entitlement.AssignmentRequest]{}, err
	}
	list, err := s.Store.Inbox(ctx, u, page)
	if err != nil {
		return list, err
	}
	subjects, err := s.subjects(ctx, list.Items)
	if err != nil {
		return list, err
	}
	list.Items = slices.DeleteFunc(list.Items, func(r entitlement.AssignmentRequest) bool {
		return !r.MayReview(u, subjects[r.Subject].Manager)
	})
	return list, nil
}

// subjects reads the subjects of those requests that ask a manager.
func (s *Service) subjects(ctx context.Context, list []entitlement.AssignmentRequest) (map[entitlement.UserID]entitlement.User, error) {
	var ids []entitlement.UserID
	for _, r := range list {
		if r.AsksManager() && !slices.Contains(ids, r.Subject) {
			ids = append(ids, r.Subject)
		}
	}
	users, err := entitlement.Readable(ids, func(ids []entitlement.UserID) ([]entitlement.User, error) { return s.Store.Users(ctx, ids) })
	found := make(map[entitlement.UserID]entitlement.User, len(users))
	for _, u := range users {
		found[u.ID] = u
	}
	return found, err
}

// Held lists the caller's assignments: the live ones first, then the ended ones.
func (s *Service) Held(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	if err := authz.Allow(by, authz.ListOwnAssignments, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.Assignment]{}, err
	}
	return s.assignmentsOf(ctx, by.ID, page)
}

// AssignmentsOf lists one subject's assignments: the live ones first, then the ended ones.
func (s *Service) AssignmentsOf(ctx context.Context, by authz.Caller, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	if err := authz.Allow(by, authz.ListAssignments, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.Assignment]{}, err
	}
	return s.assignmentsOf(ctx, subject, page)
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
	slices.SortFunc(list, func(a, b entitlement.Assignment) int { return strings.Compare(string(a.Package), string(b.Package)) })
	list = slices.DeleteFunc(list, func(a entitlement.Assignment) bool { return string(a.Package) <= page.Token })
	if p.Items = list; len(list) > page.Size() {
		p.Items = list[:page.Size()]
		p.Next = string(p.Items[page.Size()-1].Package)
	}
	return p
}

// AssignmentsFor lists one package's assignments: the live ones first, then the ended ones.
func (s *Service) AssignmentsFor(ctx context.Context, by authz.Caller, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	if err := authz.Allow(by, authz.ListAssignments, authz.Object{Package: pkg}).Err(); err != nil {
		return entitlement.Paged[entitlement.Assignment]{}, err
	}
	return s.assignmentsFor(ctx, pkg, page)
}

func (s *Service) assignmentsFor(ctx context.Context, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	live := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
		slots, err := s.Store.Holders(ctx, pkg, page)
		list := entitlement.Paged[entitlement.Assignment]{Next: slots.Next}
		for _, slot := range slots.Items {
			if slot.Assignment != nil {
				list.Items = append(list.Items, *slot.Assignment)
			}
		}
		return list, err
	}
	ended := func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
		return s.Store.EndedFor(ctx, pkg, page)
	}
	return chain(ctx, page, live, ended)
}

// Assignments lists every assignment, package by package.
func (s *Service) Assignments(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	if err := authz.Allow(by, authz.ListAssignments, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.Assignment]{}, err
	}
	return perPackage(ctx, s.Store, page, s.assignmentsFor)
}

// RequestsOf lists one subject's requests, newest first.
func (s *Service) RequestsOf(ctx context.Context, by authz.Caller, subject entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	if err := authz.Allow(by, authz.ListRequests, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.AssignmentRequest]{}, err
	}
	return seen(s.Store.RequestsOf(ctx, subject, page))
}

// RequestsFor lists one package's requests, newest first.
func (s *Service) RequestsFor(ctx context.Context, by authz.Caller, pkg entitlement.PackageID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	if err := authz.Allow(by, authz.ListRequests, authz.Object{Package: pkg}).Err(); err != nil {
		return entitlement.Paged[entitlement.AssignmentRequest]{}, err
	}
	return s.requestsFor(ctx, pkg, page)
}

// Requests lists every request, package by package.
func (s *Service) Requests(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	if err := authz.Allow(by, authz.ListRequests, authz.Object{}).Err(); err != nil {
		return entitlement.Paged[entitlement.AssignmentRequest]{}, err
	}
	return perPackage(ctx, s.Store, page, s.requestsFor)
}

// Grants returns what is recorded of the roles that an assignment's package gives its
// subject, for its subject and for administrators.
func (s *Service) Grants(ctx context.Context, by authz.Caller, id entitlement.AssignmentID) ([]GrantView, error) {
	a, err := s.Assignment(ctx, by, id)
	if err != nil {
		return nil, err
	}
	scopes, err := s.Store.Scopes(ctx, a.Package)
	if err != nil {
		return nil, err
	}
	record, grantSets, err := s.Store.SubjectRecord(ctx, a.Subject)
	if err != nil {
		return nil, err
	}
	known := map[entitlement.RoleRef]entitlement.Grant{}
	for _, grantSet := range grantSets {
		for role, g := range grantSet.Grants {
			known[role] = g
		}
	}
	var list []GrantView
	for _, scope := range scopes.List {
		g, ok := known[scope.Ref]
		if !ok {
			g = entitlement.Grant{Role: scope.Ref, Presence: entitlement.PresenceAbsent}
			if record.NeedsReconcile() && a.Target == entitlement.TargetPresent {
				g.Presence = entitlement.PresenceUnknown
			}
		}
		list = append(list, GrantView{Scope: scope, Wanted: a.Target == entitlement.TargetPresent, Grant: g, Pending: record.NeedsReconcile() && !g.Permanent && !satisfied(a, g)})
	}
	return list, nil
}

// satisfied reports a grant that is as the assignment wants it.
func satisfied(a entitlement.Assignment, g entitlement.Grant) bool {
	want := entitlement.PresenceAbsent
	if a.Target == entitlement.TargetPresent {
		want = entitlement.PresencePresent
	}
	return g.Presence == want && !g.Failing()
}

// GrantView is one role of an assignment as it ought to be, and as it is known to be.
type GrantView struct {
	Scope   entitlement.ResourceRoleScope
	Wanted  bool              // it ought to be there, as far as this assignment goes
	Grant   entitlement.Grant // what was read of it at its target
	Pending bool              // delivery is still due
}
