package entitlement

import (
	"slices"
	"time"
)

// MayReview reports that u may decide the running stage now: enabled, asked by it, and
// neither requestor nor subject (R56, S3). manager is the subject's present manager.
func (r AssignmentRequest) MayReview(u User, manager UserID) bool {
	s := r.Current()
	if s == nil || !r.CanDecide(u) {
		return false
	}
	return s.Asks(u, manager)
}

// AsksManager reports that the running stage asks the subject's manager, so that a
// decision needs to know who that is now.
func (r AssignmentRequest) AsksManager() bool {
	s := r.Current()
	return s != nil && slices.ContainsFunc(s.Approvers, SubjectSet.isManager)
}

// NextAsksManager reports that the stage after the running one may ask the subject's manager
// or sponsors: then whoever starts it needs to know who these are.
func (r AssignmentRequest) NextAsksManager() bool {
	if r.Current() == nil || r.NeedsStart() {
		return false
	}
	next := r.Stages[r.Stage+1].Policy
	return slices.ContainsFunc(slices.Concat(next.Primary, next.Alternates), func(s SubjectSet) bool { return s.isManager() || s.isSponsor() })
}

func (s SubjectSet) isManager() bool { return s.isFirst() || s.isSecond() }

func (s SubjectSet) isFirst() bool { return s.Kind == RequestorManager || s.Kind == TargetManager }

// NeedsStart reports that an approval now would be the last one.
func (r AssignmentRequest) NeedsStart() bool { return r.Stage == len(r.Stages)-1 }

// StageByID returns the stage with the id.
func (r *AssignmentRequest) StageByID(id string) (*Stage, bool) {
	i := slices.IndexFunc(r.Stages, func(s Stage) bool { return s.ID == id })
	if i < 0 {
		return nil, false
	}
	return &r.Stages[i], true
}

// DecisionInput is a reviewer's decision on one stage.
type DecisionInput struct {
	Stage         string
	Approved      bool
	Justification string
	End           time.Time // of an approval: an earlier end than was asked for; zero leaves it
	Command       string
}

// Decide lets reviewer settle the running stage (R48). s is read afresh; its Start parts
// are needed where NeedsStart. A stage that was decided, or a request that moved on, is
// a Conflict (R63, R64); one who may not decide is Forbidden. Where the last approval comes
// for somebody whom the policy is not for any more (F36), or changes nothing, there is a
// Change beside the refusal: it closes the request, and is to be committed before the
// reviewer is told.
func Decide(r AssignmentRequest, w DecisionInput, reviewer User, s StartInputs, now time.Time) (AssignmentRequest, Change, error) {
	stage, ok := r.StageByID(w.Stage)
	if !ok {
		return r, Change{}, Errorf(NotFound, "There is no approval stage with this id.")
	}

	if reviewer.ID == r.Requestor || reviewer.ID == r.Subject {
		return r, Change{}, Errorf(Forbidden, "You cannot decide on a request of your own.")
	}

	if stage.Decision != nil || r.State != RequestPendingApproval {
		return r, Change{}, decided(r, *stage)
	}
	if r.Current() != stage {
		return r, Change{}, Errorf(Conflict, "This stage has not started; the stage before it waits for a decision.")
	}

	manager := UserID("")
	if s.Subject != nil {
		manager = s.Subject.Manager
	}

	r = r.WithSecond(s.Second)
	stage, _ = r.StageByID(w.Stage)
	if !r.MayReview(reviewer, manager) {
		return r, Change{}, Errorf(Forbidden, "You are not an approver of this stage.")
	}

	// The sweep may be late, and no decision counts because of that (R50).
	if !now.Before(stage.Deadline) {
		return r, Change{}, Errorf(Conflict, "The time to decide ended at %s; the request counts as denied.", stage.Deadline.Format(time.RFC3339))
	}

	if stage.Policy.ApproverJustification && w.Justification == "" {
		return r, Change{}, Errorf(Precondition, "This stage asks for a justification of the decision.") // R57
	}

	before := r
	var changed []Changed
	if !w.End.IsZero() {
		if !w.Approved {
			return r, Change{}, Errorf(Invalid, "endDateTime goes with an approval: leave it out of a denial.")
		}
		var err error
		if r, changed, err = r.shortened(w.End, s.Slot.Assignment, now); err != nil {
			return before, Change{}, err
		}
	}

	r.Stages = slices.Clone(r.Stages)
	r.Stages[r.Stage].Decision = &Decision{Reviewer: reviewer.ID, Approved: w.Approved, Justification: w.Justification, At: now}
	e := Event{Aggregate: OfRequest, ID: string(r.ID), Kind: "approved", Actor: reviewer.ID, Command: w.Command, At: now,
		Data: map[string]string{"stage": w.Stage, "justification": w.Justification}, Changed: changed}

	switch {
	case !w.Approved:
		e.Kind = "denied"
		return finish(r, StageDenied, "", s.Slot, e, now)
	case !r.NeedsStart():
		return nextStage(r, s.around(), e, now)
	default:
		var c Change
		r, c, err := c.approve(r, s, e, now)
		if Closes(err) {
			return closed(before, s, err, e)
		}
		return r, c, err
	}
}

// decided says who settled what the caller came too late for.
func decided(r AssignmentRequest, s Stage) error {
	if s.Decision == nil {
		return Errorf(Conflict, "This request is %s; nothing is left to decide.", r.State)
	}
	decision := "denied"
	if s.Decision.Approved {
		decision = "approved"
	}
	return Errorf(Conflict, "This stage was already %s by another approver.", decision)
}

func nextStage(r AssignmentRequest, by around, e Event, now time.Time) (AssignmentRequest, Change, error) {
	next, err := r.State.Next(StageApproved)
	if err != nil {
		return r, Change{}, err
	}
	r.startStage(r.Stage+1, by, now)
	r.Chain, e = r.Chain.Append(withStates(e, string(r.State), string(next)))
	r.State = next
	return r, Change{Requests: []AssignmentRequest{r}, Events: []Event{e}}, nil
}

// finish ends a request that never becomes an assignment, and frees its slot.
func finish(r AssignmentRequest, event RequestEvent, outcome string, slot AssignmentSlot, e Event, now time.Time) (AssignmentRequest, Change, error) {
	next, err := r.State.Next(event)
	if err != nil {
		return r, Change{}, err
	}
	r.Chain, e = r.Chain.Append(withStates(e, string(r.State), string(next)))
	r.State, r.Outcome, r.Completed, r.Due = next, outcome, now, time.Time{}
	c := Change{Requests: []AssignmentRequest{r}, Events: []Event{e}}
	if slot.Open == r.ID {
		slot.Open, slot.OpenPolicy = "", ""
		c.Slots = []AssignmentSlot{slot.setBack(r, event, e).Vacate()}
	}
	return r, c, nil
}

// Cancel withdraws a request that has not begun (R115).
func Cancel(r AssignmentRequest, slot AssignmentSlot, by Actor, now time.Time) (AssignmentRequest, Change, error) {
	e := Event{Aggregate: OfRequest, ID: string(r.ID), Kind: "canceled", Actor: by.ID, Command: by.Command, AllowedBy: by.AllowedBy, At: now}
	return finish(r, RequestCancel, "", slot, e, now)
}

// Withdraw ends an open request because its subject may not get anything any more.
func Withdraw(r AssignmentRequest, slot AssignmentSlot, outcome, command string, now time.Time) (Change, error) {
	e := Event{Aggregate: OfRequest, ID: string(r.ID), Kind: "canceled", Actor: Service, Command: command, At: now, Data: map[string]string{"reason": outcome}}
	_, c, err := finish(r, RequestCancel, outcome, slot, e, now)
	return c, err
}

// Overdue does what the clock asks of a pending or scheduled request at now: escalates,
// denies for want of a decision (R50), or begins; or, once a day, moves the next look
// alone, so that whoever looks finds out who is there to decide. A Change without parts
// means that nothing is due.
func Overdue(r AssignmentRequest, s StartInputs, command string, now time.Time) (AssignmentRequest, Change, error) {
	e := Event{Aggregate: OfRequest, ID: string(r.ID), Actor: Service, Command: command, At: now}
	switch stage := r.Current(); {
	case r.State == RequestScheduled && !r.Start.After(now):
		e.Kind = "started"
		var c Change
		r2, c, err := c.approve(r, s, e, now)
		if err == nil || KindOf(err) != Precondition {
			return r2, c, err
		}
		// What stood when it was approved stands no more; nobody is there to be told no.
		e.Kind, e.Data = "canceled", map[string]string{"reason": MessageOf(err)}
		return finish(r, RequestCancel, OutcomeLapsed, s.Slot, e, now)

	case stage == nil:
		return r, Change{}, nil
	case !now.Before(stage.Deadline):
		e.Kind = "timedOut"
		return finish(r, StageTimedOut, OutcomeTimedOut, s.Slot, e, now)
	case stage.Policy.Escalation && !stage.Escalated && !now.Before(stage.nextCheck()):
		return escalate(r.WithSecond(s.Second), s, e)
	case r.Due.IsZero() || r.Due.After(now):
		return r, Change{}, nil
	default:
		r.Due = r.nextCheck(now) // the daily look: whoever looks has others asked where it is needed
		return r, Change{Requests: []AssignmentRequest{r}}, nil
	}
}

// escalate asks the alternates beside those already asked (R60).
func escalate(r AssignmentRequest, in StartInputs, e Event) (AssignmentRequest, Change, error) {
	next, err := r.State.Next(StageEscalated)
	if err != nil {
		return r, Change{}, err
	}

	r.Stages = slices.Clone(r.Stages)
	s := &r.Stages[r.Stage]
	by := in.around()
	if in.Subject != nil {
		s.Manager = by.manager
	}
	by.manager, by.second = s.Manager, s.Second

	s.Approvers = slices.Concat(s.Approvers, besides(s.Approvers, by.reachable(s.Policy.Alternates, s.Policy.FallbackAlternates)))
	s.Escalated = true
	r.Due = r.nextCheck(e.At)
	e.Kind = "escalated"

	r.Chain, e = r.Chain.Append(withStates(e, string(r.State), string(next)))
	r.State = next
	return r, Change{Requests: []AssignmentRequest{r}, Events: []Event{e}}, nil
}
