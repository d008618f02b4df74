package requests

import (
	"cmp"
	"context"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

// HeldRole is one role of a person as it is known to be, with everything that gives it.
type HeldRole struct {
	Ref     entitlement.RoleRef
	Scope   entitlement.ResourceRoleScope // as the first of its packages has it; none where no package is known to
	Grant   entitlement.Grant
	Because []entitlement.Assignment // live ones whose packages give it
	Owed    []entitlement.Assignment // ended ones that gave it, and may still have to take it back
	Pending bool                     // delivery is still due
}

// RolesOf returns every role of a person that a live package gives, or that is on record at a
// target, for those who may list every assignment. It takes two rounds of reads, however many
// packages the person has.
func (s *Service) RolesOf(ctx context.Context, by authz.Caller, subject entitlement.UserID) ([]HeldRole, error) {
	ask := func(ctx context.Context) error { return s.mayListAll(ctx, by, authz.ListAssignments) }
	return authz.Beside(ctx, by, authz.ListAssignments, ask, func(ctx context.Context) ([]HeldRole, error) { return s.rolesOf(ctx, subject) })
}

func (s *Service) rolesOf(ctx context.Context, subject entitlement.UserID) ([]HeldRole, error) {
	var record entitlement.SubjectRecord
	var grantSets []entitlement.GrantSet
	var live []entitlement.Assignment
	var inputs entitlement.ReconcileInputs
	g, within := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		if record, grantSets, err = s.Store.SubjectRecord(within, subject); err == nil {
			inputs, err = s.Store.ReconcileInputs(within, record)
		}
		return err
	})
	g.Go(func() (err error) { live, err = s.Store.AssignmentsOf(within, subject); return err })
	if err := g.Wait(); err != nil {
		return nil, err
	}

	roles := map[entitlement.RoleRef]*HeldRole{}
	role := func(ref entitlement.RoleRef) *HeldRole {
		if roles[ref] == nil {
			roles[ref] = &HeldRole{Ref: ref, Grant: entitlement.Grant{Role: ref, Presence: entitlement.PresenceAbsent}}
		}
		return roles[ref]
	}

	for _, set := range grantSets {
		for ref, g := range set.Grants {
			role(ref).Grant = g
		}
	}

	for _, a := range live {
		for _, scope := range inputs.Scopes[a.Package].List {
			r := role(scope.Ref)
			if len(r.Because) == 0 {
				r.Scope = scope
			}
			r.Because = append(r.Because, a)
		}
	}
	for _, owed := range record.Removing {
		a, known := inputs.Ended[owed.Assignment]
		if !known {
			continue
		}
		for ref, r := range roles {
			if a.MayHaveGiven(ref, inputs.Scopes[a.Package]) {
				r.Owed = append(r.Owed, a)
			}
		}
		for _, scope := range inputs.Scopes[a.Package].List {
			if r := roles[scope.Ref]; r != nil && r.Scope.ID == "" {
				r.Scope = scope
			}
		}
	}
	return ordered(roles, record), nil
}

// ordered returns the roles in an order that stays the same from one reading to the next.
func ordered(roles map[entitlement.RoleRef]*HeldRole, record entitlement.SubjectRecord) []HeldRole {
	var all []HeldRole
	for _, r := range roles {
		wanted := len(r.Because) > 0

		// Nobody has looked at it yet.
		if wanted && r.Grant.Confirmed.IsZero() && !r.Grant.Failing() && r.Grant.Presence == entitlement.PresenceAbsent && record.NeedsReconcile() {
			r.Grant.Presence = entitlement.PresenceUnknown
		}
		r.Pending = record.NeedsReconcile() && !r.Grant.Permanent && (r.Grant.Failing() || r.Grant.Presence != entitlement.PresenceOf(wanted || r.Grant.PreExisting))
		all = append(all, *r)
	}
	order.SortFunc(all, func(a, b HeldRole) int {
		return cmp.Or(cmp.Compare(a.Ref.Connector, b.Ref.Connector), cmp.Compare(a.Ref.Resource, b.Ref.Resource), cmp.Compare(a.Ref.Role, b.Ref.Role))
	})
	return all
}
