package catalogs

import (
	"context"
	"errors"
	"slices"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// CreatePolicy adds a policy to a package. The users and groups that it names must exist.
func (s *Service) CreatePolicy(ctx context.Context, by authz.Caller, p entitlement.AssignmentPolicy) (entitlement.AssignmentPolicy, error) {
	pkg, err := s.openPackage(ctx, p.Package)
	if err != nil {
		return p, err
	}
	if len(pkg.Policies) >= entitlement.MaxPolicies {
		return p, entitlement.Errorf(entitlement.Precondition, "An access package has at most %d policies.", entitlement.MaxPolicies)
	}
	now := s.Clock.Now()
	p.ID, p.Catalog, p.Created, p.Modified, p.Meta = entitlement.PolicyID(s.IDs.New()), pkg.Catalog, now, now, entitlement.Meta{}
	pkg.Policies = append(pkg.Policies, p.ID)
	e := s.event(entitlement.OfPackage, string(pkg.ID), "policyAdded", by)
	e.Data = map[string]string{"policy": string(p.ID)}
	return s.putPolicy(ctx, by, p, "created", chainPackage(entitlement.Change{Packages: []entitlement.AccessPackage{pkg}}, e))
}

// ReplacePolicy puts p in the place of the policy with its id. Requests made before keep
// the terms that they were made under (S6, R86). One that is closed for its deletion stays
// closed, until whoever closed it or the tick has opened it.
func (s *Service) ReplacePolicy(ctx context.Context, by authz.Caller, p entitlement.AssignmentPolicy) (entitlement.AssignmentPolicy, error) {
	old, err := s.Store.Policy(ctx, p.ID)
	if err != nil {
		return p, err
	}
	if p.Package != old.Package {
		return p, entitlement.Errorf(entitlement.Invalid, "A policy stays with its access package: accessPackage.id must be %s.", old.Package)
	}
	p.Catalog, p.Created, p.Modified, p.Meta = old.Catalog, old.Created, s.Clock.Now(), old.Meta
	p.Deleting = old.Deleting
	return s.putPolicy(ctx, by, p, "replaced", entitlement.Change{})
}

func (s *Service) putPolicy(ctx context.Context, by authz.Caller, p entitlement.AssignmentPolicy, kind string, with entitlement.Change) (entitlement.AssignmentPolicy, error) {
	var err error
	if p.DisplayName, err = entitlement.Name("displayName", p.DisplayName); err != nil {
		return p, err
	}
	if p.Description, err = entitlement.Description("description", p.Description); err != nil {
		return p, err
	}
	if err := p.Check(s.Clock.Now()); err != nil {
		return p, err
	}
	if err := s.namedExist(ctx, p); err != nil {
		return p, err
	}
	e := s.event(entitlement.OfPolicy, string(p.ID), kind, by)
	e.Data = map[string]string{"displayName": p.DisplayName, "package": string(p.Package)}
	p.Chain, e = p.Chain.Append(e)
	with.Policies, with.Events = append(with.Policies, p), append(with.Events, e)
	err = s.Store.Commit(ctx, with)
	p.Version++
	return p, err
}

// namedExist refuses a policy that names a user or a group that is not there.
func (s *Service) namedExist(ctx context.Context, p entitlement.AssignmentPolicy) error {
	sets := slices.Clone(p.Targets)
	for _, stage := range p.Approval.Stages {
		sets = slices.Concat(sets, stage.Primary, stage.Fallback, stage.Alternates, stage.FallbackAlternates)
	}
	// Ids are looked for by kind, so that a group's does not pass for a user's.
	type named struct {
		kind entitlement.SubjectKind
		id   string
	}
	want := map[named]bool{}
	var users []entitlement.UserID
	var groups []entitlement.GroupID
	for _, set := range sets {
		switch {
		case set.ID == "" || want[named{set.Kind, set.ID}]:
		case set.Kind == entitlement.SingleUser:
			users = append(users, entitlement.UserID(set.ID))
		case set.Kind == entitlement.GroupMembers:
			groups = append(groups, entitlement.GroupID(set.ID))
		}
		if set.ID != "" {
			want[named{set.Kind, set.ID}] = true
		}
	}
	foundUsers, err := s.Store.Users(ctx, users)
	if err != nil {
		return err
	}
	foundGroups, err := s.Store.Groups(ctx, groups)
	if err != nil {
		return err
	}
	for _, u := range foundUsers {
		delete(want, named{entitlement.SingleUser, string(u.ID)})
	}
	for _, g := range foundGroups {
		delete(want, named{entitlement.GroupMembers, string(g.ID)})
	}
	for missing := range want {
		return entitlement.Errorf(entitlement.Invalid, "The policy names %s, and there is no such user or group.", missing.id)
	}
	return nil
}

// DeletePolicy removes a policy under which nobody holds its package and nobody asks for
// it (R88). Where the policy or its package moves meanwhile, it looks again from the start.
func (s *Service) DeletePolicy(ctx context.Context, by authz.Caller, id entitlement.PolicyID) error {
	for try := 1; ; try++ {
		err := s.deletePolicy(ctx, by, id)
		if entitlement.StalePart(err) == "" || try == eraseTries {
			return err
		}
	}
}

// eraseTries bounds how often a deletion is tried.
const eraseTries = 4

// deletePolicy closes the policy to new work, counts then, and erases it as the very one
// that was closed: whoever opens it again moves its version on, so that nothing is erased
// on a count from before that (S7). A crash in the middle leaves a due row: the tick
// opens it again.
func (s *Service) deletePolicy(ctx context.Context, by authz.Caller, id entitlement.PolicyID) error {
	p, err := s.Store.Policy(ctx, id)
	if err != nil {
		return err
	}
	if p.Deleting.IsZero() {
		if p, err = s.door(ctx, by, p, true); err != nil {
			return err
		}
	}
	held, err := s.occupied(ctx, p.Package, id)
	if err == nil && held != (Occupancy{}) {
		err = entitlement.Errorf(entitlement.Conflict, "%d assignments and %d open requests stand under the policy: end them first.", held.Assignments, held.Requests)
	}
	if err == nil {
		err = s.erasePolicy(ctx, by, p)
	}
	if err != nil {
		return s.keepPolicy(ctx, by, p, err)
	}
	return nil
}

// door closes a policy to new work, or opens it again, as the very one that was read, and
// returns it as it is then.
func (s *Service) door(ctx context.Context, by authz.Caller, p entitlement.AssignmentPolicy, closed bool) (entitlement.AssignmentPolicy, error) {
	e := s.event(entitlement.OfPolicy, string(p.ID), "reopened", by)
	p.Deleting = time.Time{}
	if closed {
		e.Kind, p.Deleting = "closed", e.At
	}
	p.Chain, e = p.Chain.Append(e)
	err := s.Store.Commit(ctx, entitlement.Change{Policies: []entitlement.AssignmentPolicy{p},
		Gates: []entitlement.Gate{{Package: p.Package, Policy: p.ID, Closed: closed}}, Events: []entitlement.Event{e}})
	p.Version++
	return p, err
}

// keepPolicy opens a policy again that could not be deleted, so that new work is not
// turned away until the tick comes. The answer alone may have been lost: then the policy
// is gone, and stays closed. One that moved on is somebody else's to open, or the tick's.
func (s *Service) keepPolicy(ctx context.Context, by authz.Caller, p entitlement.AssignmentPolicy, failed error) error {
	_, err := s.door(ctx, by, p, false)
	if entitlement.StalePart(err) == "" {
		return errors.Join(failed, err)
	}
	if _, err = s.Store.Policy(ctx, p.ID); entitlement.KindOf(err) == entitlement.NotFound {
		return nil
	}
	return failed
}

// erasePolicy takes a policy that nothing stands under out of its package.
func (s *Service) erasePolicy(ctx context.Context, by authz.Caller, p entitlement.AssignmentPolicy) error {
	id := p.ID
	pkg, err := s.openPackage(ctx, p.Package)
	if err != nil {
		return err
	}
	pkg.Policies = slices.DeleteFunc(slices.Clone(pkg.Policies), func(q entitlement.PolicyID) bool { return q == id })
	e := s.event(entitlement.OfPackage, string(pkg.ID), "policyRemoved", by)
	e.Data = map[string]string{"policy": string(id)}
	c := chainPackage(entitlement.Change{Packages: []entitlement.AccessPackage{pkg}}, e)
	deleted := s.event(entitlement.OfPolicy, string(id), "deleted", by)
	p.Chain, deleted = p.Chain.Append(deleted)
	p.Erased = true
	c.Policies, c.Events = []entitlement.AssignmentPolicy{p}, append(c.Events, deleted)
	return s.Store.Commit(ctx, c)
}
