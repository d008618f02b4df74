package requests

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Grants returns what is recorded of the roles that an assignment's package gives its
// subject, for its subject and for administrators.
func (s *Service) Grants(ctx context.Context, by authz.Caller, id entitlement.AssignmentID) ([]GrantView, error) {
	_, grants, err := s.CarriedOut(ctx, by, id)
	return grants, err
}

// CarriedOut is Grants with the assignment itself.
func (s *Service) CarriedOut(ctx context.Context, by authz.Caller, id entitlement.AssignmentID) (entitlement.Assignment, []GrantView, error) {
	a, err := s.Assignment(ctx, by, id)
	if err != nil {
		return a, nil, err
	}

	grants, err := s.recorded(ctx, a)
	return a, grants, err
}

// recorded reads what is recorded of the roles of an assignment.
func (s *Service) recorded(ctx context.Context, a entitlement.Assignment) ([]GrantView, error) {
	var scopes entitlement.PackageScopes
	var record entitlement.SubjectRecord
	var known map[entitlement.RoleRef]entitlement.Grant
	var reads errgroup.Group
	reads.Go(func() (err error) { scopes, err = s.Store.Scopes(ctx, a.Package); return err })
	reads.Go(func() (err error) { record, known, err = s.known(ctx, a.Subject); return err })
	if err := reads.Wait(); err != nil {
		return nil, err
	}
	return grantsOf(a, scopes, record, known), nil
}

// OwnAccess returns what Grants does of several assignments of the caller's, read at once, and the
// caller's roles that were there before any package gave them, and that no package gives now.
func (s *Service) OwnAccess(ctx context.Context, by authz.Caller, all []entitlement.Assignment) (map[entitlement.AssignmentID][]GrantView, []entitlement.Grant, error) {
	if err := authz.Allow(by, authz.ListOwnAssignments, authz.Object{}).Err(); err != nil {
		return nil, nil, err
	}

	var packages []entitlement.PackageID
	for _, a := range all {
		if a.Subject == by.ID && !slices.Contains(packages, a.Package) {
			packages = append(packages, a.Package)
		}
	}
	if len(packages) == 0 {
		return nil, nil, nil // whoever never had a package has no record either
	}

	var scopes map[entitlement.PackageID]entitlement.PackageScopes
	var record entitlement.SubjectRecord
	var known map[entitlement.RoleRef]entitlement.Grant
	var reads errgroup.Group
	reads.Go(func() (err error) { scopes, err = s.Store.ScopesOf(ctx, packages); return err })
	reads.Go(func() (err error) { record, known, err = s.known(ctx, by.ID); return err })
	if err := reads.Wait(); err != nil {
		return nil, nil, err
	}

	out := map[entitlement.AssignmentID][]GrantView{}
	for _, a := range all {
		if a.Subject == by.ID {
			out[a.ID] = grantsOf(a, scopes[a.Package], record, known)
		}
	}
	before, err := s.before(ctx, record, known, scopes)
	return out, before, err
}

// OwnRoles returns which roles the caller has, as they were read back last, whatever gives them.
func (s *Service) OwnRoles(ctx context.Context, by authz.Caller) (map[entitlement.RoleRef]bool, error) {
	if err := authz.Allow(by, authz.ListOwnAssignments, authz.Object{}).Err(); err != nil {
		return nil, err
	}
	_, known, err := s.known(ctx, by.ID)
	has := map[entitlement.RoleRef]bool{}
	for role, g := range known {
		has[role] = g.Presence == entitlement.PresencePresent
	}
	return has, err
}

// known reads what is on record of a subject's roles at every target.
func (s *Service) known(ctx context.Context, subject entitlement.UserID) (entitlement.SubjectRecord, map[entitlement.RoleRef]entitlement.Grant, error) {
	record, grantSets, err := s.Store.SubjectRecord(ctx, subject)
	if err != nil {
		return record, nil, err
	}

	known := map[entitlement.RoleRef]entitlement.Grant{}
	for _, grantSet := range grantSets {
		for role, g := range grantSet.Grants {
			known[role] = g
		}
	}
	return record, known, nil
}

// grantsOf puts what is on record beside what the package gives.
func grantsOf(a entitlement.Assignment, scopes entitlement.PackageScopes, record entitlement.SubjectRecord, known map[entitlement.RoleRef]entitlement.Grant) (list []GrantView) {
	for _, scope := range scopes.List {
		g, ok := known[scope.Ref]

		// No record of a role means that it was never given; or that it is about to be, which
		// nobody has looked at yet.
		if !ok {
			g = entitlement.Grant{Role: scope.Ref, Presence: entitlement.PresenceAbsent}
			if record.NeedsReconcile() && a.Target == entitlement.TargetPresent {
				g.Presence = entitlement.PresenceUnknown
			}
		}
		list = append(list, GrantView{Scope: scope, Wanted: a.Target == entitlement.TargetPresent, Grant: g, Pending: record.NeedsReconcile() && !g.Permanent && !satisfied(a, g)})
	}
	return list
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
