package sim

import (
	"fmt"
	"slices"
	"time"

	"leasehold/pkg/entitlement"
)

// What the oracle checks of requests and decisions.

// request takes in a request as it became.
func (o *oracle) request(inv *invocation, r entitlement.AssignmentRequest, events []entitlement.Event, now time.Time) {
	was, known := o.requests[r.ID]
	// The first time that a request is seen, its terms are those of that moment.
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

	o.widened(inv, was, r, events, now)
	o.closedByService(inv, was, r, events, now)
	o.approved(inv, was, r)
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
	// Who gives something back goes by no policy.
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
	o.chosen(inv, r)
	o.answers(r, was.policy.Questions)
	// A stage more or fewer would change who has to agree.
	if len(r.Stages) > 0 && len(r.Stages) != len(was.policy.Approval.Stages) {
		o.fail("S6", "request %s has %d stages, its policy %d", short(string(r.ID)), len(r.Stages), len(was.policy.Approval.Stages))
	}
}

// chosen checks that a new request goes by a policy that it may go by (S2).
func (o *oracle) chosen(inv *invocation, r entitlement.AssignmentRequest) {
	if p, there := o.policies[r.Policy]; there && p.Package != r.Package {
		o.fail("S2", "request %s for %s goes by a policy of %s", short(string(r.ID)), short(string(r.Package)), short(string(p.Package)))
	}

	may, what := func() bool { return true }, ""
	// Which question is asked of a policy depends on who asks, and for what.
	switch r.Type {
	case entitlement.UserAdd:
		may, what = func() bool { return o.mayChoose(r.Subject, r.Package, r.Policy) }, "ask under"
	case entitlement.OnBehalfAdd:
		may, what = func() bool { return o.mayAskFor(r.Requestor, r.Subject, r.Package, r.Policy) }, "be asked for by %s under"
		what = fmt.Sprintf(what, short(string(r.Requestor)))
	case entitlement.AdminAdd:
		may, what = func() bool { return o.mayAssign(r.Requestor, r.Subject, r.Package, r.Policy) }, "be assigned by %s under"
		what = fmt.Sprintf(what, short(string(r.Requestor)))
	case entitlement.UserUpdate:
		may, what = func() bool { return o.mayExtend(r) }, "extend under"
	case entitlement.AdminUpdate:
		may, what = func() bool { return o.may(r.Requestor, assign, o.within[r.Package]) }, "be extended under"
	}

	// What begins at once is written on the condition that the person is still as read. What
	// waits is judged again before anything is given, and only there may the people have been
	// read before a change, and the policies after it (run 129900).
	ever := o.ever
	// Who acts for whom is read when they ask, and no condition of the write (R213); who calls is
	// read before the roles are by which they assign (run 49017).
	byRole := (r.Type == entitlement.AdminAdd || r.Type == entitlement.AdminUpdate) && !o.administers(r.Requestor)
	if r.State == entitlement.RequestPendingApproval || r.State == entitlement.RequestScheduled || r.Type == entitlement.OnBehalfAdd || byRole {
		ever = o.everApart
	}

	if !ever(inv.since(r.ID), may) {
		o.fail("S2", "request %s goes by policy %s, which %s may not %s", short(string(r.ID)), short(string(r.Policy)), short(string(r.Subject)), what)
	}
}

// approved checks that whom a request is for may have it when the last approver says so (F36).
func (o *oracle) approved(inv *invocation, was *asked, r entitlement.AssignmentRequest) {
	if was.last.State != entitlement.RequestPendingApproval {
		return
	}
	switch r.State {
	case entitlement.RequestPendingApproval, entitlement.RequestDenied, entitlement.RequestCanceled:
		return
	}
	if !o.ever(inv.since(r.ID), func() bool { return o.stillFor(was) }) {
		o.fail("S2", "request %s was approved for %s, for whom its policy is not any more", short(string(r.ID)), short(string(r.Subject)))
	}
}

// closedByService checks that the service, where it ends a request that nobody withdrew or
// denied, has a reason: the time is over (R50), or who it is for may not have it (F36).
func (o *oracle) closedByService(inv *invocation, was *asked, r entitlement.AssignmentRequest, events []entitlement.Event, now time.Time) {
	by := slices.IndexFunc(events, func(e entitlement.Event) bool { return e.ID == string(r.ID) && e.Actor == entitlement.Service })
	if inv == nil || by < 0 || !was.last.State.Open() || r.State != entitlement.RequestDenied && r.State != entitlement.RequestCanceled {
		return
	}

	inv.closed = r.ID
	from := was.last.State

	reason := func() bool {
		switch {
		case r.Type.Updates():
			return true // it may have ended with its assignment, or change nothing of it
		case r.State == entitlement.RequestDenied:
			return !o.stillFor(was) || !now.Add(o.w.skew).Before(was.last.Stages[was.last.Stage].Deadline)
		case from == entitlement.RequestScheduled:
			return o.mayLapse(inv, was, now)
		default:
			return !o.enabled(r.Subject)
		}
	}

	if !o.ever(min(inv.since(r.ID), inv.began()), reason) {
		o.fail("S6", "request %s was %s and is %s (%s) by the service, for no reason", short(string(r.ID)), from, r.State, r.Outcome)
	}
}

// decision checks a decision that stands in a request.
func (o *oracle) decision(inv *invocation, was *asked, r entitlement.AssignmentRequest, s entitlement.Stage) {
	who := s.Decision.Reviewer
	// Written again with every later change, and to be the same each time (R63).
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

	if inv != nil && !o.ever(inv.since(r.ID), func() bool { return o.mayDecide(who, was) }) {
		o.fail("S2", "%s decided request %s and was no approver of its stage", short(string(who)), short(string(r.ID)))
	}
	if !s.Decision.At.Before(s.Deadline.Add(o.w.skew)) {
		o.fail("S4", "request %s was decided after its time", short(string(r.ID)))
	}
}
