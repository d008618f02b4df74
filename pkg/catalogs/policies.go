package catalogs

import (
	"context"
	"maps"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/idempotency"
)

// inPolicy is a policy as the object of an action.
func inPolicy(p entitlement.AssignmentPolicy) authz.Object {
	return authz.Object{Catalog: p.Catalog, Package: p.Package}
}

// CreatePolicy adds a policy to a package. The users and groups that it names must exist,
// and the users be enabled.
func (s *Service) CreatePolicy(ctx context.Context, by authz.Command, p entitlement.AssignmentPolicy) (entitlement.AssignmentPolicy, error) {
	return idempotency.Once(ctx, s.once(), by, entitlement.OfPolicy, func(made idempotency.Effect) (entitlement.AssignmentPolicy, error) {
		p := p
		p.ID, p.Created, p.Modified, p.Meta = entitlement.PolicyID(made.ID), made.At, made.At, made.Meta()
		p.Questions = slices.Clone(p.Questions)
		for i := range p.Questions { // whose copy this policy is, it asks questions of its own
			p.Questions[i].ID = ""
		}
		if err := p.NameQuestions(nil, 0); err != nil {
			return p, err
		}
		if made.Again {
			err := p.CheckTexts()
			return p, err
		}
		return afresh(func() (entitlement.AssignmentPolicy, error) {
			return s.createPolicy(ctx, made.Command, p, entitlement.Change{})
		})
	})
}

func (s *Service) createPolicy(ctx context.Context, by authz.Command, p entitlement.AssignmentPolicy, with entitlement.Change) (entitlement.AssignmentPolicy, error) {
	pkg, err := s.openPackage(ctx, &by, authz.CreatePolicy, p.Package)
	if err != nil {
		return p, err
	}

	if len(pkg.Policies) >= entitlement.MaxPolicies {
		return p, entitlement.Errorf(entitlement.Precondition, "An access package has at most %d policies.", entitlement.MaxPolicies)
	}

	p.Catalog = pkg.Catalog
	pkg.Policies = append(pkg.Policies, p.ID)
	e := s.event(entitlement.OfPackage, string(pkg.ID), "policyAdded", by)
	e.Data = map[string]string{"policy": string(p.ID)}

	with.Packages = []entitlement.AccessPackage{pkg}
	loosens := ""
	if p.Unapproved() && len(pkg.Policies) > 1 { // beside those that may ask somebody
		loosens = "isApprovalRequiredForAdd"
	}

	return s.putPolicy(ctx, by, p, "created", loosens, entitlement.AssignmentPolicy{}, chainPackage(with, e))
}

// ReplacePolicy puts p in the place of the policy with its id. Requests made before keep
// the terms that they were made under (S6, R86). One that is closed for its deletion stays
// closed, until whoever closed it or the sweep has opened it.
func (s *Service) ReplacePolicy(ctx context.Context, by authz.Command, p entitlement.AssignmentPolicy) (entitlement.AssignmentPolicy, error) {
	return afresh(func() (entitlement.AssignmentPolicy, error) { return s.replacePolicy(ctx, by, p, entitlement.Change{}) })
}

func (s *Service) replacePolicy(ctx context.Context, by authz.Command, p entitlement.AssignmentPolicy, with entitlement.Change) (entitlement.AssignmentPolicy, error) {
	old, err := s.Store.Policy(ctx, p.ID)
	err = s.allow(ctx, &by, authz.UpdatePolicy, inPolicy(old), err)
	if err == nil {
		err = by.Matches(old)
	}
	if err != nil {
		return p, err
	}

	if p.Package != old.Package {
		return p, entitlement.Errorf(entitlement.Invalid, "A policy stays with its access package: accessPackage.id must be %s.", old.Package)
	}

	// The new terms say nothing of a deletion that is under way, so that stays.
	p.Catalog, p.Created, p.Modified, p.Meta = old.Catalog, old.Created, s.Clock.Now(), old.Meta
	p.Deleting, p.Looked = old.Deleting, old.Looked
	p.Questions = slices.Clone(p.Questions)
	if err := p.NameQuestions(old.Questions, old.Version); err != nil {
		return p, err
	}

	kind, loosens := "replaced", strings.Join(entitlement.Loosens(old, p), ", ")
	if loosens != "" {
		kind = entitlement.EventLoosened
	}
	return s.putPolicy(ctx, by, p, kind, loosens, old, with)
}

func (s *Service) putPolicy(ctx context.Context, by authz.Command, p entitlement.AssignmentPolicy, kind, loosens string, old entitlement.AssignmentPolicy, with entitlement.Change) (entitlement.AssignmentPolicy, error) {
	if err := entitlement.AllFaults(p.CheckTexts(), p.Check(s.Clock.Now())); err != nil {
		return p, err
	}
	if err := s.namedExist(ctx, p, old); err != nil {
		return p, err
	}
	if (p.Automatic.Given || old.Automatic.Given) && by.AllowedBy != "" { // by a role alone (R173)
		return p, entitlement.Errorf(entitlement.Forbidden, "automaticRequestSettings make a policy assign by itself: this needs an administrator.")
	}
	with, err := s.renamePolicy(ctx, by, old, p, with)
	if err == nil {
		with, err = s.offerPolicy(ctx, by, old, p, with)
	}
	if err != nil {
		return p, err
	}
	if with.Extensions, err = s.counted(ctx, p.Catalog, old.Extensions, p.Extensions); err != nil {
		return p, err
	}

	if len(with.ImpactChanges) == 0 { // nobody else has agreed to it yet
		if err := s.loosened(ctx, by, old, p, loosens); err != nil {
			return p, err
		}
	}

	// Loosening is told apart, so that auditors find who let more people in (A4).
	e := s.event(entitlement.OfPolicy, string(p.ID), kind, by)
	e.Changed = entitlement.Differences(old.Recorded(), p.Recorded())
	if loosens != "" {
		e.Data = map[string]string{entitlement.DataLoosens: loosens}
	}
	if len(with.ImpactChanges) > 0 {
		if e.Data == nil {
			e.Data = map[string]string{}
		}
		e.Data["change"], e.Data["proposer"] = string(with.ImpactChanges[0].ID), string(with.ImpactChanges[0].Proposer)
	}

	p.Chain, e = p.Chain.Append(by.Marked(e))
	with.Policies, with.Events = append(with.Policies, p), append(with.Events, e)
	err = s.Store.Commit(ctx, with)
	p.Version++
	return p, err
}

// namedExist refuses a policy that names a user or a group that is not there; whoever was
// deleted is not. A user who is disabled may stay what they are in the policy, and does not
// become it newly.
//
// Whom somebody deletes or disables while this is decided, the policy names all the same,
// as it does whom they delete a moment later. Nothing comes of it: who is gone neither
// signs in nor gets anything.
func (s *Service) namedExist(ctx context.Context, p, old entitlement.AssignmentPolicy) error {
	named := people(p)
	reviewers := slices.Concat(p.Review.Primary, p.Review.Fallback)
	users, groups, organizations := map[entitlement.UserID]bool{}, map[entitlement.GroupID]bool{}, map[entitlement.OrganizationID]bool{}
	for _, set := range slices.Concat(named[asTarget], named[asApprover], named[asActing], reviewers) {
		switch {
		case set.ID == "":
		case set.Kind == entitlement.SingleUser:
			users[entitlement.UserID(set.ID)] = true
		case set.Kind == entitlement.GroupMembers:
			groups[entitlement.GroupID(set.ID)] = true
		case set.Kind == entitlement.OrganizationMembers:
			organizations[entitlement.OrganizationID(set.ID)] = true
		}
	}

	foundUsers, err := s.Store.Users(ctx, slices.Sorted(maps.Keys(users)))
	if err != nil {
		return err
	}
	foundGroups, err := s.Store.Groups(ctx, slices.Sorted(maps.Keys(groups)))
	if err != nil {
		return err
	}

	for _, u := range foundUsers {
		if !u.Gone() {
			delete(users, u.ID)
		}
	}
	for _, g := range foundGroups {
		if g.Gone() {
			continue
		}
		delete(groups, g.ID)
	}

	// Any one will do: the first in order of ids, so that the answer is the same each time.
	for _, id := range slices.Sorted(maps.Keys(users)) {
		return notThere(string(id))
	}
	for _, id := range slices.Sorted(maps.Keys(groups)) {
		return notThere(string(id))
	}

	if err := s.organizationsExist(ctx, organizations); err != nil {
		return err
	}
	return newlyDisabled(foundUsers, named, people(old))
}

// organizationsExist refuses connected organizations that are not there.
func (s *Service) organizationsExist(ctx context.Context, ids map[entitlement.OrganizationID]bool) error {
	if len(ids) == 0 {
		return nil
	}
	found, err := s.Store.Organizations(ctx, slices.Sorted(maps.Keys(ids)))
	if err != nil {
		return err
	}
	for _, o := range found {
		delete(ids, o.ID)
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		return entitlement.Errorf(entitlement.Invalid, "The policy names %s, and there is no such connected organization.", id)
	}
	return nil
}

func notThere(id string) error {
	return entitlement.Errorf(entitlement.Invalid, "The policy names %s, and there is no such user or group.", id)
}

// What a policy may name somebody as.
const (
	asTarget   = "one who may ask"
	asApprover = "an approver"
	asActing   = "one who asks on behalf of others"
)

// people returns whom a policy names, by what they are in it.
func people(p entitlement.AssignmentPolicy) map[string][]entitlement.SubjectSet {
	var approvers []entitlement.SubjectSet
	for _, stage := range p.Approval.Stages {
		approvers = slices.Concat(approvers, stage.Primary, stage.Fallback, stage.Alternates, stage.FallbackAlternates)
	}
	return map[string][]entitlement.SubjectSet{asTarget: p.Targets, asApprover: approvers, asActing: p.Requestor.OnBehalf}
}

// newlyDisabled refuses users who are disabled and were not named as the same before.
func newlyDisabled(users []entitlement.User, now, before map[string][]entitlement.SubjectSet) error {
	for _, u := range users {
		is := func(set entitlement.SubjectSet) bool {
			return set.Kind == entitlement.SingleUser && set.ID == string(u.ID)
		}
		for _, as := range []string{asTarget, asApprover, asActing} {
			if !u.Enabled && slices.ContainsFunc(now[as], is) && !slices.ContainsFunc(before[as], is) {
				return entitlement.Errorf(entitlement.Precondition, "The policy newly names the user %s as %s, who is disabled: enable them first, or name somebody else.", u.ID, as)
			}
		}
	}
	return nil
}

// DeletePolicy removes a policy under which nobody holds its package and nobody asks for
// it (R88).
func (s *Service) DeletePolicy(ctx context.Context, by authz.Command, id entitlement.PolicyID) error {
	read := func() (entitlement.Deletion, error) {
		p, err := s.Store.Policy(ctx, id)
		err = s.allow(ctx, &by, authz.DeletePolicy, inPolicy(p), err)
		if err == nil {
			err = by.Matches(p)
		}
		return entitlement.DeletionOfPolicy(p), err
	}
	return s.remove(ctx, &by, read, func(d entitlement.Deletion) error { return s.erasePolicy(ctx, by, d.Policy) })
}

// erasePolicy takes a policy that nothing stands under out of its package.
func (s *Service) erasePolicy(ctx context.Context, by authz.Command, p entitlement.AssignmentPolicy) error {
	id := p.ID
	pkg, err := s.openPackage(ctx, &by, authz.DeletePolicy, p.Package)
	if err != nil {
		return err
	}

	pkg.Policies = slices.DeleteFunc(slices.Clone(pkg.Policies), func(q entitlement.PolicyID) bool { return q == id })
	if err := rename(&pkg, p.DisplayName, ""); err != nil {
		return err
	}
	e := s.event(entitlement.OfPackage, string(pkg.ID), "policyRemoved", by)
	e.Data = map[string]string{"policy": string(id)}
	c := chainPackage(entitlement.Change{Packages: []entitlement.AccessPackage{pkg}}, e)

	deleted := s.event(entitlement.OfPolicy, string(id), "deleted", by)
	deleted.Changed = entitlement.Differences(p.Recorded(), nil)
	p.Chain, deleted = p.Chain.Append(deleted)
	p.Erased = true
	if c.Extensions, err = s.counted(ctx, p.Catalog, p.Extensions, nil); err != nil {
		return err
	}
	c.Policies, c.Events = []entitlement.AssignmentPolicy{p}, append(c.Events, deleted)

	return s.Store.Commit(ctx, c)
}
