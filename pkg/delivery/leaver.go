package delivery

import (
	"context"
	"errors"

	"leasehold/pkg/entitlement"
)

// maxWithdrawn bounds the open requests that one look at a disabled subject cancels (S21).
// The rest is left to the next look, which does not find these any more.
const maxWithdrawn = entitlement.PageSize

// endForLeaver ends all that a subject holds who may not hold anything any more: each assignment in
// a change of its own, so that a crash is taken up where it was, and one that cannot be ended
// keeps no other. It reads nothing but the assignments: what the subject asked for, or ever
// held, must not come between a leaver and the end of the access. It returns how many it
// ended, by which the record moved on.
func (s *Service) endForLeaver(ctx context.Context, h entitlement.SubjectRecord, command string) (ended int, err error) {
	var failed []error
	for _, pkg := range h.Live {
		n, err := s.endOneForLeaver(ctx, pkg, h.Subject, command)
		if err != nil {
			failed = append(failed, err)
		}
		ended += n
	}
	return ended, errors.Join(failed...)
}

func (s *Service) endOneForLeaver(ctx context.Context, pkg entitlement.PackageID, subject entitlement.UserID, command string) (ended int, err error) {
	slot, err := s.Store.AssignmentSlot(ctx, pkg, subject)
	if err != nil {
		return 0, err
	}

	with, err := s.Store.RequestsNamed(ctx, slot.EndsWith())
	if err != nil {
		return 0, err
	}

	change, err := entitlement.EndForLeaver(slot, with, entitlement.OutcomeSubjectDisabled, command, s.Clock.Now())
	// That there is nothing to end any more is no error: somebody was faster.
	if err == nil && len(change.Ended) > 0 {
		err = s.Store.Commit(ctx, change)
	}
	if err != nil {
		return 0, err
	}

	return len(change.Ended), nil
}

// withdraw cancels what a disabled subject asks for, after everything else of the job was
// done, and before the subject counts as reconciled: until nothing is open the subject
// stays owed. What somebody else moves meanwhile is looked at once more, and so is what
// lies beyond one page.
func (r *run) withdraw(ctx context.Context, j *reconciliation) {
	open, err := r.Store.OpenRequests(ctx, j.subject, entitlement.Page{Limit: maxWithdrawn})
	if err == nil && len(open.Items) > 0 {
		// An administrator may have enabled the subject since: then nothing is withdrawn.
		err = r.stillOff(ctx, j)
	}

	if err != nil || j.moved {
		r.notYet(ctx, j, err)
		return
	}

	left := open.Next != ""

	for _, request := range open.Items {
		if left = left || !r.inTime(); !r.inTime() {
			break
		}
		if err := r.withdrawOne(ctx, request); err != nil {
			r.notYet(ctx, j, err)
		} else {
			j.more = true
		}
	}

	// What was withdrawn may not be all: until nothing is open the subject stays pending.
	j.leaving, j.more = j.leaving || left, j.more && left
}

func (r *run) withdrawOne(ctx context.Context, request entitlement.AssignmentRequest) error {
	slot, err := r.Store.AssignmentSlot(ctx, request.Package, request.Subject)
	if err != nil {
		return err
	}
	change, err := entitlement.Withdraw(request, slot, entitlement.OutcomeSubjectDisabled, r.command, r.Clock.Now())
	if err != nil {
		return err
	}
	return r.Store.Commit(ctx, change)
}

// stillOff looks whether the subject is still disabled as it was when the job began: who
// is back, and asked for something since, keeps it.
func (r *run) stillOff(ctx context.Context, j *reconciliation) error {
	record, _, err := r.pendingReconciliation(ctx, j)
	if err == nil && record.Generation != j.subjectRecord.Generation {
		j.moved = true
	}
	return err
}

// notYet leaves what could not be ended of a subject to another look: at once where
// somebody else moved it, else when the subject is next looked at.
func (r *run) notYet(ctx context.Context, j *reconciliation, err error) {
	j.leaving = true
	if err == nil || entitlement.StalePart(err) != "" {
		j.retry = true
		return
	}
	r.Log.WarnContext(ctx, "something of a disabled user's could not be ended yet; what ends it is tried again", "user", j.subject, "error", err)
}
