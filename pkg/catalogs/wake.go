package catalogs

import (
	"context"
	"slices"

	"leasehold/pkg/entitlement"
)

// maxWoken bounds the people who are told of a changed connector, for each reason (S21).
// Others are tried again at their next attempt, within the hour.
const maxWoken = 2000

// curedBy returns the reasons of failures that may end with what was changed of a connector,
// each once. A target may refuse somebody for the sake of the credential, with which an entry
// may have come that is left in a group; and at another
// address everything may be otherwise.
func curedBy(before, after entitlement.ConnectorConfig, credential bool) []string {
	var reasons []string

	if credential {
		reasons = append(reasons, entitlement.ReasonCredential, entitlement.ReasonUnavailable, entitlement.ReasonRefused, entitlement.ReasonLastMember)
	}

	if after.Address() != before.Address() {
		reasons = append(reasons, entitlement.ReasonNotUnderstood, entitlement.ReasonResourceMissing, entitlement.ReasonPrincipalMissing,
			entitlement.ReasonPrincipalAmbiguous, entitlement.ReasonCannotConfirm, entitlement.ReasonNotConfirmed)
	}

	if after.Settings() != before.Settings() {
		reasons = append(reasons, entitlement.ReasonCannotConfirm, entitlement.ReasonNotConfirmed, entitlement.ReasonRefused)
	}

	if after.VPC != before.VPC {
		reasons = append(reasons, entitlement.ReasonUnavailable)
	}

	if !slices.Equal(after.CorrelationKeys, before.CorrelationKeys) {
		reasons = append(reasons, entitlement.ReasonPrincipalMissing, entitlement.ReasonPrincipalAmbiguous, entitlement.ReasonRefused)
	}

	slices.Sort(reasons)
	return slices.Compact(reasons)
}

// wake has those tried again at once whose delivery failed by what was changed: their next
// attempts may lie an hour ahead, and the target may be resting.
func (s *Service) wake(ctx context.Context, id entitlement.ConnectorID, reasons ...string) {
	if len(reasons) == 0 {
		return
	}
	err := s.tryAgain(ctx, id)
	for _, reason := range reasons {
		if err == nil {
			err = s.wakeFailing(ctx, id, reason)
		}
	}
	if err != nil {
		s.Log.WarnContext(ctx, "those who failed by a connector were not told that it changed; they are tried again within the hour", "connector", id, "error", err)
	}
}

// tryAgain ends the rest of a target that did not answer where it was. One call tries it,
// and all others follow where that is answered.
func (s *Service) tryAgain(ctx context.Context, id entitlement.ConnectorID) error {
	b, err := s.Store.Breaker(ctx, id)
	if err != nil || b.Failures == 0 {
		return err
	}
	b.Until = s.Clock.Now()
	err = s.Store.Commit(ctx, entitlement.Change{Breakers: []entitlement.Breaker{b}})
	if entitlement.StalePart(err) != "" {
		return nil // somebody tries it just now
	}
	return err
}

// resumed has those tried again at once who waited while a connector was paused. The target
// counts as one that is tried: one call goes first, and the worker of the one that is
// answered wakes everybody else, as many as they are.
func (s *Service) resumed(ctx context.Context, id entitlement.ConnectorID) {
	err := s.tryFirst(ctx, id)
	if err == nil {
		err = s.wakeFailing(ctx, id, entitlement.ReasonPaused)
	}
	if err != nil {
		s.Log.WarnContext(ctx, "those who waited for a paused connector were not told that it was resumed; they are tried again within the hour", "connector", id, "error", err)
	}
}

// tryFirst lets one call try a target that people wait for.
func (s *Service) tryFirst(ctx context.Context, id entitlement.ConnectorID) error {
	waiting, err := s.Store.Failing(ctx, id, entitlement.ReasonPaused, entitlement.Page{Limit: 1})
	if err != nil {
		return err
	}
	b, err := s.Store.Breaker(ctx, id)
	if err != nil || len(waiting.Items) == 0 && b.Failures == 0 {
		return err
	}
	b.Connector, b.Failures, b.Until = id, max(b.Failures, 1), s.Clock.Now()
	err = s.Store.Commit(ctx, entitlement.Change{Breakers: []entitlement.Breaker{b}})
	if entitlement.StalePart(err) != "" {
		return nil // somebody tries it just now
	}
	return err
}

func (s *Service) wakeFailing(ctx context.Context, id entitlement.ConnectorID, reason string) error {
	for page, told := (entitlement.Page{}), 0; told < maxWoken; {
		failing, err := s.Store.Failing(ctx, id, reason, page)
		if err != nil {
			return err
		}

		var subjects []entitlement.UserID
		for _, f := range failing.Items {
			subjects = append(subjects, f.Subject)
		}

		if len(subjects) > 0 {
			// They are pending already: a message only brings their next attempt forward.
			if err := s.Enqueuer.Enqueue(ctx, subjects...); err != nil {
				return err
			}
		}

		told += len(subjects)
		if page.Token = failing.Next; failing.Next == "" {
			return nil
		}
	}
	return nil
}
