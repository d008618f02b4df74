package requests

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/order"
)

// Reason is why somebody has what an assignment gives: what was asked, under which policy, and who
// decided.
type Reason struct {
	Request   entitlement.AssignmentRequest
	By        string   // who asked, where that is somebody else
	Policy    string   // "" where it is not there any more
	DecidedBy []string // as far as the subject may know (R66)
}

// OwnReasons returns of assignments of the caller's why they are theirs, all of them in a few
// reads.
func (s *Service) OwnReasons(ctx context.Context, by authz.Caller, all []entitlement.Assignment) (map[entitlement.AssignmentID]Reason, error) {
	if err := authz.Allow(by, authz.ListOwnAssignments, authz.Object{}).Err(); err != nil {
		return nil, err
	}
	var ids []entitlement.RequestID
	var policies []entitlement.PolicyID
	for _, a := range all {
		if a.Subject == by.ID {
			ids = append(ids, entitlement.RequestID(a.ID)) // an assignment has the id of the request that made it
			policies = append(policies, a.Policy)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}

	made, err := entitlement.Readable(ids, func(ids []entitlement.RequestID) ([]entitlement.AssignmentRequest, error) {
		return s.Store.Requests(ctx, ids)
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(policies)
	var approvals []Approval
	var named []entitlement.AssignmentPolicy
	var others map[entitlement.UserID]string
	var reads errgroup.Group
	reads.Go(func() (err error) { approvals, err = s.withReviewers(ctx, by, made); return err })
	reads.Go(func() (err error) { named, err = s.Store.PoliciesAsListed(ctx, slices.Compact(policies)); return err })
	reads.Go(func() (err error) { others, err = s.othersWhoAsked(ctx, by, made); return err })
	if err := reads.Wait(); err != nil {
		return nil, err
	}

	out := map[entitlement.AssignmentID]Reason{}
	for _, a := range approvals {
		why := Reason{Request: a.Request, By: others[a.Request.Requestor]}
		for _, p := range named {
			if p.ID == a.Request.Policy {
				why.Policy = p.DisplayName
			}
		}
		for _, stage := range a.Request.Stages {
			if stage.Decision != nil && a.Discloses(stage) {
				why.DecidedBy = append(why.DecidedBy, a.Reviewers[stage.Decision.Reviewer].DisplayName)
			}
		}
		out[a.Request.AssignmentOf()] = why
	}
	return out, nil
}

// othersWhoAsked names those who made requests and are not the caller.
func (s *Service) othersWhoAsked(ctx context.Context, by authz.Caller, all []entitlement.AssignmentRequest) (map[entitlement.UserID]string, error) {
	names := map[entitlement.UserID]string{}
	var ids []entitlement.UserID
	for _, r := range all {
		if r.Requestor != by.ID && !slices.Contains(ids, r.Requestor) {
			ids = append(ids, r.Requestor)
		}
	}
	if len(ids) == 0 {
		return names, nil
	}
	users, err := s.Store.Users(ctx, ids)
	for _, u := range users {
		names[u.ID] = u.DisplayName
	}
	return names, err
}

// before returns the roles on record of a subject that were there before any package gave them
// and that no live package gives: they stay whatever ends here (S9). scopes are those that were
// read already.
func (s *Service) before(ctx context.Context, record entitlement.SubjectRecord, known map[entitlement.RoleRef]entitlement.Grant, scopes map[entitlement.PackageID]entitlement.PackageScopes) ([]entitlement.Grant, error) {
	var before []entitlement.Grant
	for _, g := range known {
		if g.PreExisting && g.Presence == entitlement.PresencePresent {
			before = append(before, g)
		}
	}
	if len(before) == 0 {
		return nil, nil
	}

	// What a live package gives too is shown with that, and seldom is one not on this page.
	missed := slices.DeleteFunc(slices.Clone(record.Live), func(id entitlement.PackageID) bool { _, read := scopes[id]; return read })
	if len(missed) > 0 {
		more, err := s.Store.ScopesOf(ctx, missed)
		if err != nil {
			return nil, err
		}
		scopes = maps.Clone(scopes)
		maps.Copy(scopes, more)
	}
	before = slices.DeleteFunc(before, func(g entitlement.Grant) bool {
		return slices.ContainsFunc(record.Live, func(id entitlement.PackageID) bool {
			return slices.ContainsFunc(scopes[id].List, func(r entitlement.ResourceRoleScope) bool { return r.Ref == g.Role })
		})
	})
	order.SortFunc(before, func(a, b entitlement.Grant) int {
		return cmp.Or(cmp.Compare(a.Role.Resource, b.Role.Resource), cmp.Compare(a.Role.Role, b.Role.Role))
	})
	return before, nil
}
