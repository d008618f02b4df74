package requests

import (
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

// Unfinished are the newest requests of the caller with which something is still to be done, among
// the newest of all of one page.
func (s *Service) Unfinished(ctx context.Context, by authz.Caller, page entitlement.Page) ([]entitlement.AssignmentRequest, error) {
	list, err := s.Mine(ctx, by, page)
	return slices.DeleteFunc(list.Items, func(r entitlement.AssignmentRequest) bool { return !r.InProgress() }), err
}

// EndingSoon are at most so many assignments of the caller that end soon, the first ones first.
func (s *Service) EndingSoon(ctx context.Context, by authz.Caller, most int) ([]entitlement.Assignment, error) {
	held, err := s.Live(ctx, by)
	now := s.Clock.Now()
	held = slices.DeleteFunc(held, func(a entitlement.Assignment) bool { return !a.EndsSoon(now) })
	order.SortFunc(held, func(a, b entitlement.Assignment) int { return a.End.Compare(b.End) })
	return held[:min(len(held), most)], err
}

// MaxTroubled bounds what home shows of each kind of trouble.
const MaxTroubled = 5

// Few returns at most so many of each kind of trouble.
func (t Troubles) Few(most int) Troubles {
	t.More = t.More || len(t.Failing) > most || len(t.Owed) > most
	t.Failing, t.Owed = t.Failing[:min(len(t.Failing), most)], t.Owed[:min(len(t.Owed), most)]
	return t
}

// Insight is what helps somebody to choose a package: how long it usually takes to get it, and how
// many of their colleagues have it, where that is told.
type Insight struct {
	Package    entitlement.AccessPackage
	Pace       entitlement.Pace
	Colleagues entitlement.Colleagues
}

// Insight returns that of a package that the caller may know of.
func (s *Service) Insight(ctx context.Context, by authz.Caller, id entitlement.PackageID) (Insight, error) {
	p, err := s.Package(ctx, by, id)
	out := Insight{Package: p}
	if err != nil {
		return out, err
	}
	paces, err := s.pacesOf(ctx, []entitlement.AccessPackage{p})
	if err != nil {
		return out, err
	}
	out.Pace = paces[id]
	out.Colleagues, err = s.Colleagues(ctx, by)
	return out, err
}

// Guest returns somebody of an organization that the caller sponsors; to everybody else there is no
// such person there.
func (s *Service) Guest(ctx context.Context, by authz.Caller, id entitlement.OrganizationID, user entitlement.UserID) (entitlement.User, error) {
	o, err := s.sponsored(ctx, by, id)
	if err != nil {
		return entitlement.User{}, err
	}
	found, err := s.belonging(ctx, o, []entitlement.UserID{user})
	if err != nil {
		return entitlement.User{}, err
	}
	if len(found) == 0 {
		return entitlement.User{}, noReport()
	}
	return found[0], nil
}

// GuestAssignments lists what a guest holds and held, the live ones first.
func (s *Service) GuestAssignments(ctx context.Context, by authz.Caller, id entitlement.OrganizationID, user entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.Assignment], error) {
	if _, err := s.Guest(ctx, by, id, user); err != nil {
		return entitlement.Paged[entitlement.Assignment]{}, err
	}
	return s.assignmentsOf(ctx, user, page)
}

// GuestRequests lists the requests for a guest, newest first.
func (s *Service) GuestRequests(ctx context.Context, by authz.Caller, id entitlement.OrganizationID, user entitlement.UserID, page entitlement.Page) (entitlement.Paged[entitlement.AssignmentRequest], error) {
	if _, err := s.Guest(ctx, by, id, user); err != nil {
		return entitlement.Paged[entitlement.AssignmentRequest]{}, err
	}
	return seen(s.Store.RequestsOf(ctx, user, page))
}
