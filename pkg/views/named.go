package views

import (
	"cmp"
	"context"
	"slices"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// JoinNamed joins to a policy what those are called whom it names. It is open to everybody who
// may read the policy.
const JoinNamed Join = "named"

// sets are all sets of people that a policy names, but for those of its reviews.
func sets(p entitlement.AssignmentPolicy) []entitlement.SubjectSet {
	all := slices.Clone(p.Targets)
	for _, s := range p.Approval.Stages {
		all = slices.Concat(all, s.Primary, s.Fallback, s.Alternates, s.FallbackAlternates)
	}
	return all
}

// namedIn joins the names to policies: the users of all in one read, the groups in another.
func (r *Reader) namedIn(ctx context.Context, of []*Policy) error {
	var people []entitlement.UserID
	var groups []entitlement.GroupID
	for _, v := range of {
		for _, set := range sets(v.AssignmentPolicy) {
			switch set.Kind {
			case entitlement.SingleUser:
				people = append(people, entitlement.UserID(set.ID))
			case entitlement.GroupMembers:
				groups = append(groups, entitlement.GroupID(set.ID))
			}
		}
	}

	users, named, err := r.usersAndGroups(ctx, people, groups)
	if err != nil {
		return err
	}

	// Who is gone has no name here.
	called := map[string]string{}
	for id, u := range users {
		if !u.Gone() {
			called[string(id)] = u.DisplayName
		}
	}
	for id, g := range named {
		if !g.Gone() {
			called[string(id)] = g.DisplayName
		}
	}
	for _, v := range of {
		v.Named = called
	}
	return nil
}

// Allows refuses a caller who may not do an action on an object, before a page offers the form of
// it.
func (r *Reader) Allows(ctx context.Context, by authz.Caller, a authz.Action, o authz.Object) error {
	d, err := authz.Ask(ctx, r.Store, by, a, o)
	return cmp.Or(err, d.Err())
}

// May returns what says whether the caller may do an action on an object, so that a page offers
// what it leads to. The use case asks again. Roles are read at most once.
func (r *Reader) May(ctx context.Context, by authz.Caller, o authz.Object) func(authz.Action) bool {
	return func(a authz.Action) bool {
		return r.Allows(ctx, by, a, o) == nil
	}
}
