package requests

import (
	"cmp"
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Request returns a request to those who have to do with it: requestor, subject, those
// asked or who decided, and administrators. To all others it does not exist (A1).
func (s *Service) Request(ctx context.Context, by authz.Caller, id entitlement.RequestID) (entitlement.AssignmentRequest, error) {
	r, may, err := s.request(ctx, by, authz.ReadRequest, id)
	return r, cmp.Or(err, may.Err())
}

// request reads a request for an action on it, with the caller. What may be told of a
// refusal is in the decision; the error is that of a request that is not there, or not for
// the caller.
func (s *Service) request(ctx context.Context, by authz.Caller, a authz.Action, id entitlement.RequestID) (entitlement.AssignmentRequest, authz.Decision, error) {
	u, r, err := s.Store.Review(ctx, by.ID, id)
	if err != nil || r.Gone() {
		return r, authz.Decision{}, noRequest(err)
	}
	by = by.As(u)
	o := authz.Object{Catalog: r.Catalog, Package: r.Package, Request: &r}
	may := authz.Allow(by, a, o)
	if may.Hidden() && r.AsksManager() {
		// The subject's manager may look: one read more finds out who that is.
		subject, err := s.Store.User(ctx, r.Subject)
		if err != nil && entitlement.KindOf(err) != entitlement.NotFound {
			return r, may, err
		}
		o.Manager = subject.Manager
		if r, err = s.withSecond(ctx, r, subject); err != nil {
			return r, may, err
		}
	}
	may, err = s.ask(ctx, by, a, o)
	if err != nil {
		return r, may, err
	}
	return r, may, hidden(may)
}

// withSecond returns a request as it is with who the manager's manager is now, where it asks
// for one.
func (s *Service) withSecond(ctx context.Context, r entitlement.AssignmentRequest, subject entitlement.User) (entitlement.AssignmentRequest, error) {
	if !r.AsksSecond() {
		return r, nil
	}
	if subject.Manager == "" {
		return r.WithSecond(""), nil
	}
	managers, err := s.Store.Users(ctx, []entitlement.UserID{subject.Manager})
	if err != nil || len(managers) == 0 {
		return r.WithSecond(""), err
	}
	return r.WithSecond(managers[0].Manager), nil
}

// hidden returns the refusal of those for whom the object does not exist.
func hidden(may authz.Decision) error {
	if may.Hidden() {
		return may.Err()
	}
	return nil
}

// Assignment returns an assignment to its subject and to administrators.
func (s *Service) Assignment(ctx context.Context, by authz.Caller, id entitlement.AssignmentID) (entitlement.Assignment, error) {
	a, may, err := s.assignment(ctx, by, authz.ReadAssignment, id)
	return a, cmp.Or(err, may.Err())
}

// assignment reads an assignment for an action on it, with the caller. What may be told of
// a refusal is in the decision; the error is that of an assignment that is not there, or not
// for the caller.
func (s *Service) assignment(ctx context.Context, by authz.Caller, action authz.Action, id entitlement.AssignmentID) (entitlement.Assignment, authz.Decision, error) {
	u, err := s.Store.User(ctx, by.ID)
	if err == nil {
		by = by.As(u)
		err = authz.Admit(by, action)
	}
	if err != nil {
		return entitlement.Assignment{}, authz.Decision{}, err
	}

	a, err := s.Store.Assignment(ctx, id)
	if err != nil {
		return a, authz.Decision{}, noAssignment(err)
	}

	// The action decides who is told that there is one, so that is asked before anything is
	// returned.
	may, err := s.ask(ctx, by, action, authz.Object{Catalog: a.Catalog, Package: a.Package, Assignment: &a})
	if err != nil {
		return entitlement.Assignment{}, may, err
	}
	if !may.Allowed && (action == authz.ExtendOwn || action == authz.RemoveOwn) {
		if may, err = s.actingFor(ctx, by, action, a, may); err != nil {
			return entitlement.Assignment{}, may, err
		}
	}
	if may.Hidden() {
		return entitlement.Assignment{}, may, may.Err()
	}

	return a, may, nil
}

// actingFor asks again about an assignment of somebody else, with whether its policy names the
// caller as one who acts for its subject: one read more, for those alone who would be refused.
func (s *Service) actingFor(ctx context.Context, by authz.Caller, action authz.Action, a entitlement.Assignment, refused authz.Decision) (authz.Decision, error) {
	if by.Application {
		return refused, nil
	}
	found, err := s.Store.SubmitInputs(ctx, entitlement.SubmitKeys{Requestor: by.ID, Subject: a.Subject, Package: a.Package, Policy: a.Policy})
	if err != nil || !found.ActsFor() {
		return refused, err
	}
	return authz.Ask(ctx, s.Store, by, action, authz.Object{Catalog: a.Catalog, Package: a.Package, Assignment: &a, OnBehalf: true})
}

// noRequest and noAssignment are what those are told who may not know better, and in the
// same words those who ask for what is not there (A1). Other failures stay themselves.
func noRequest(err error) error {
	if err == nil || entitlement.KindOf(err) == entitlement.NotFound {
		return entitlement.Errorf(entitlement.NotFound, "There is no assignment request with this id.")
	}
	return err
}

func noAssignment(err error) error {
	if err == nil || entitlement.KindOf(err) == entitlement.NotFound {
		return entitlement.Errorf(entitlement.NotFound, "There is no assignment with this id.")
	}
	return err
}
