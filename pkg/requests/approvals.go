package requests

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Approval is a request as those see it who decide on it.
type Approval struct {
	Request   entitlement.AssignmentRequest
	Mine      bool                                    // the running stage waits for the caller
	Reviewers map[entitlement.UserID]entitlement.User // who decided its stages
	Own       bool                                    // the caller asked, or it is for the caller
	Hides     bool                                    // approvers are hidden where the policy leaves it to the whole
}

// Discloses reports that the caller may know who decided a stage: whoever the request is by or
// for does not, where the policy says so or, if that says nothing, the settings of the whole
// (R66).
func (a Approval) Discloses(stage entitlement.Stage) bool {
	switch stage.Policy.Visibility {
	case entitlement.ApproversHidden:
		return !a.Own
	case entitlement.ApproversVisible:
		return true
	default:
		return !a.Own || !a.Hides
	}
}

// leftOpen reports that the settings of the whole say whether the caller may know who decided.
func (a Approval) leftOpen() bool {
	return a.Own && slices.ContainsFunc(a.Request.Stages, func(s entitlement.Stage) bool { return s.Decision != nil && s.Policy.Visibility == "" })
}

// hiding reads the settings of the whole, where it is theirs to say who is shown.
func (s *Service) hiding(ctx context.Context, all []Approval) error {
	if !slices.ContainsFunc(all, Approval.leftOpen) {
		return nil
	}
	settings, err := s.Store.Settings(ctx)
	for i := range all {
		all[i].Hides = settings.EndUsers.HideApprovers
	}
	return err
}

// Approval returns the approval of a request, to those who have to do with the request.
func (s *Service) Approval(ctx context.Context, by authz.Caller, id entitlement.RequestID) (Approval, error) {
	r, may, err := s.request(ctx, by, authz.ReadApproval, id)
	if err == nil {
		err = may.Err()
	}
	if err != nil {
		return Approval{}, err
	}

	alone := []entitlement.AssignmentRequest{r}
	subjects, err := s.subjects(ctx, alone)
	if err != nil {
		return Approval{}, err
	}
	r = alone[0]

	all, err := s.withReviewers(ctx, by, alone)
	if err != nil {
		return Approval{}, err
	}

	all[0].Mine = r.MayReview(by.User(), subjects[r.Subject].Manager)
	return all[0], nil
}

// Approvals lists the requests that wait for the caller's decision, oldest first (R56).
func (s *Service) Approvals(ctx context.Context, by authz.Caller, page entitlement.Page) (entitlement.Paged[Approval], error) {
	waiting, err := s.Waiting(ctx, by, page)
	if err != nil {
		return entitlement.Paged[Approval]{}, err
	}
	all, err := s.withReviewers(ctx, by, waiting.Items)
	for i := range all {
		all[i].Mine = true // every request in this list waits for the caller; that is what it is
	}
	return entitlement.Paged[Approval]{Items: all, Next: waiting.Next}, err
}

// withReviewers adds who decided the stages of all requests, read at once.
func (s *Service) withReviewers(ctx context.Context, by authz.Caller, all []entitlement.AssignmentRequest) ([]Approval, error) {
	known := map[entitlement.UserID]entitlement.User{}
	var ids []entitlement.UserID
	for _, r := range all {
		for _, stage := range r.Stages {
			// The same few people decide most of a page, so each is read once.
			if d := stage.Decision; d != nil {
				if _, named := known[d.Reviewer]; !named {
					known[d.Reviewer] = entitlement.User{}
					ids = append(ids, d.Reviewer)
				}
			}
		}
	}

	out := make([]Approval, len(all))
	for i, r := range all {
		out[i] = Approval{Request: r, Reviewers: known, Own: by.ID == r.Requestor || by.ID == r.Subject}
	}
	var reviewers []entitlement.User
	var reads errgroup.Group
	reads.Go(func() error { return s.hiding(ctx, out) })
	reads.Go(func() (err error) {
		if len(ids) > 0 {
			reviewers, err = s.Store.Users(ctx, ids)
		}
		return err
	})
	if err := reads.Wait(); err != nil {
		return nil, err
	}
	for _, u := range reviewers {
		known[u.ID] = u
	}
	return out, nil
}

// PackageUnder returns the package that a policy belongs to, "" where there is no such policy:
// lists are narrowed by it.
func (s *Service) PackageUnder(ctx context.Context, by authz.Caller, policy entitlement.PolicyID) (entitlement.PackageID, error) {
	if err := authz.Admit(by, authz.ListAssignments); err != nil {
		return "", err
	}
	found, err := s.Store.Policies(ctx, []entitlement.PolicyID{policy})
	if err != nil {
		return "", err
	}

	o, pkg := authz.Object{}, entitlement.PackageID("")
	if len(found) > 0 {
		pkg = found[0].Package
		o = authz.Object{Catalog: found[0].Catalog, Package: pkg}
	}
	if err := s.may(ctx, by, authz.ListAssignments, o); err != nil {
		return "", err
	}
	return pkg, nil
}
