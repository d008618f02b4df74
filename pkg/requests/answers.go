package requests

import (
	"context"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// ChangeAnswers lets an approver of the running stage change what was answered to questions
// that let them (R70).
func (s *Service) ChangeAnswers(ctx context.Context, by authz.Command, id entitlement.RequestID, given []entitlement.GivenAnswer) (entitlement.AssignmentRequest, error) {
	for try := 1; ; try++ {
		r, may, err := s.request(ctx, by.Caller, authz.DecideRequest, id)
		if err == nil {
			err = may.Err()
		}
		if err != nil {
			return r, err
		}

		reviewer, err := s.Store.User(ctx, by.ID)
		if err != nil {
			return r, err
		}
		alone := []entitlement.AssignmentRequest{r}
		subjects, err := s.subjects(ctx, alone)
		if err != nil {
			return r, err
		}
		r = alone[0]

		// On the version that was read: a decision in between makes it be decided afresh, and
		// nothing is answered any more where the request has moved on.
		changed, change, err := entitlement.Reanswer(r, entitlement.AnswersInput{Answers: given, Command: by.CommandID, AllowedBy: may.Policy()}, reviewer, subjects[r.Subject].Manager, s.Clock.Now())
		if err != nil {
			return r, err
		}
		err = s.Store.Commit(ctx, change)
		if entitlement.StalePart(err) == "" || try == commitTries {
			return changed, err
		}
	}
}
