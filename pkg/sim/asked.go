package sim

import (
	"slices"
	"time"

	"leasehold/pkg/entitlement"
)

// What the oracle checks of requests and decisions.

// request takes in a request as it became.
func (o *oracle) request(inv *invocation, r entitlement.AssignmentRequest, events []entitlement.Event, now time.Time) {
	was, known := o.requests[r.ID]
	if !known {
		was = &asked{decisions: map[string]entitlement.UserID{}, firstAt: now}
		o.requests[r.ID] = was
		o.order = append(o.order, r.ID)
		o.keyedOnce(inv, r)
		o.submitted(inv, was, r, events)
	} else if was.last.State.Final() && was.last.State != r.State {
		o.fail("S4", "request %s went from %s to %s", short(string(r.ID)), was.last.State, r.State)
	}
	for _, s := range r.Stages {
		if s.Decision != nil {
			o.decision(inv, was, r, s)
		}
	}
	if r.State == entitlement.RequestDelivering && was.approvedAt.IsZero() {
		was.approvedAt = now
	}
	was.last = r
	o.opens(r)
}

// keyedOnce checks that one key of one caller makes one request (S12).
func (o *oracle) keyedOnce(inv *invocation, r entitlement.AssignmentRequest) {
	if inv == nil || inv.key == "" {
		return
	}
	if before, is := o.keyed[inv.key]; is {
		o.fail("S12", "%s made request %s and then %s", inv.key, short(string(before)), short(string(r.ID)))
	}
	o.keyed[inv.key] = r.ID
}

func (o *oracle) submitted(inv *invocation, was *asked, r entitlement.AssignmentRequest, events []entitlement.Event) {
	if r.Type.Removes() {
		return
	}
	if !o.exists(r.Package) {
		o.fail("S7", "request %s was taken for the deleted package %s", short(string(r.ID)), short(string(r.Package)))
	}
	if _, there := o.policies[r.Policy]; !there && r.Type.Adds() {
		o.fail("S7", "request %s was taken under the deleted policy %s", short(string(r.ID)), short(string(r.Policy)))
	}
	if inv == nil {
		return
	}
	i := slices.IndexFunc(inv.asked, func(p entitlement.AssignmentPolicy) bool { return p.ID == r.Policy })
	if i < 0 {
		o.fail("S6", "request %s goes by a policy that nobody read", short(string(r.ID)))
		return
	}
	was.policy = inv.asked[i]
	if p := o.people[r.Requestor]; p != nil && p.groups[entitlement.AdministratorsGroup] {
		was.direct = true
	}
	if r.Type == entitlement.AdminAdd && !was.direct {
		o.fail("S2", "%s assigned directly and is no administrator", short(string(r.Requestor)))
	}
	if len(r.Stages) > 0 && len(r.Stages) != len(was.policy.Approval.Stages) {
		o.fail("S6", "request %s has %d stages, its policy %d", short(string(r.ID)), len(r.Stages), len(was.policy.Approval.Stages))
	}
}

// decision checks a decision that stands in a request.
func (o *oracle) decision(inv *invocation, was *asked, r entitlement.AssignmentRequest, s entitlement.Stage) {
	who := s.Decision.Reviewer
	if before, decided := was.decisions[s.ID]; decided {
		if before != who {
			o.fail("S4", "stage %s of request %s was decided by two", short(s.ID), short(string(r.ID)))
		}
		return
	}
	was.decisions[s.ID] = who
	if who == r.Subject || who == r.Requestor {
		o.fail("S3", "%s decided on a request of their own", short(string(who)))
	}
	if inv != nil && !inv.allowed[r.ID] {
		o.fail("S2", "%s decided request %s and was no approver of its stage", short(string(who)), short(string(r.ID)))
	}
	if !s.Decision.At.Before(s.Deadline.Add(o.w.skew)) {
		o.fail("S4", "request %s was decided after its time", short(string(r.ID)))
	}
}

// reviewing notes whether a reviewer may decide at the moment in which an invocation
// reads. A second read of the same invocation may only confirm it: reviewer "" is the
// one before.
func (o *oracle) reviewing(inv *invocation, reviewer entitlement.UserID, id entitlement.RequestID) {
	if inv == nil || o.requests[id] == nil {
		return
	}
	if inv.allowed == nil {
		inv.allowed = map[entitlement.RequestID]bool{}
	}
	if reviewer != "" {
		inv.reviewer = reviewer
		inv.allowed[id] = false
	}
	inv.allowed[id] = inv.allowed[id] || o.mayDecide(inv.reviewer, o.requests[id])
}

// mayDecide is the oracle's own reading of who may decide the running stage.
func (o *oracle) mayDecide(u entitlement.UserID, a *asked) bool {
	p, subject := o.people[u], o.people[a.last.Subject]
	r := a.last
	if p == nil || !p.enabled || u == r.Subject || u == r.Requestor || r.State != entitlement.RequestPendingApproval || subject == nil {
		return false
	}
	running := r.Stages[r.Stage]
	for _, s := range running.Asked {
		switch s.Kind {
		case entitlement.SingleUser:
			if s.ID == string(u) {
				return true
			}
		case entitlement.GroupMembers:
			if p.groups[entitlement.GroupID(s.ID)] {
				return true
			}
		default:
			if subject.manager == u {
				return true
			}
		}
	}
	return false
}
