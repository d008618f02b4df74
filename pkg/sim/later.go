package sim

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// Targets that accept a change and make it later, or say then that it failed (F35): account
// assignments of IAM Identity Center are like that.

// change is one that a target accepted.
type change struct {
	role entitlement.RoleRef
	op   connector.Op
	due  time.Time
	why  string // it fails for this reason; "": it does not
	over bool
}

// accept takes a change of one person, to be made within the time that the target takes at most.
// One of the same membership that is under way must be over first.
func (s session) accept(role entitlement.RoleRef, op connector.Op) connector.Result {
	under := slices.ContainsFunc(s.accepted, func(c *change) bool {
		return !c.over && c.role == role && c.op.Principal == op.Principal
	})
	if under {
		s.w.meets(MetAnother)
		return connector.Result{Err: &connector.Refusal{Reason: connector.TargetUnavailable, After: 5 * time.Second, Detail: "The target is changing the same thing already."}}
	}

	d := mix(s.w.choice, uint64(s.calls), 35)
	c := &change{role: role, op: op, due: time.Now().Add(time.Duration(1+below(d, int(s.Later/time.Second))) * time.Second)}
	if s.Fails > 0 && below(mix(d), s.Fails) == 0 {
		c.why = "the account is being changed"
	}

	s.noteAccepted(role, op.Principal, op.Grant)
	s.accepted = append(s.accepted, c)
	s.w.meets(MadeLater)
	return connector.Result{Pending: fmt.Sprint("change/", len(s.accepted)-1)}
}

// makeDue makes the changes whose time has come.
func (t *target) makeDue() {
	for ; t.allOver < len(t.accepted) && t.accepted[t.allOver].over; t.allOver++ {
	}
	for _, c := range t.accepted[t.allOver:] {
		if c.over || time.Now().Before(c.due) {
			continue
		}

		c.over = true
		_, held := t.holds[c.role][c.op.Principal]
		u := t.owners[c.op.Principal]
		switch {
		case c.why != "":
			t.w.meets(FailedLater)
			t.w.say("    %s fails to change %s", t.name, c.op.Principal)
		case t.people[u] != c.op.Principal && !t.AnyID:
			c.why = "the user is not there any more"
		case !t.resources[c.role.Resource]:
			c.why = "the account is not there any more"
		case held != c.op.Grant:
			t.set(c.role, c.op.Principal, c.op.Grant, true)
		}
	}
}

// polled is a session whose target makes changes later.
type polled struct{ session }

// Poll tells how far a change is. What the target does not know any more is over.
func (p polled) Poll(ctx context.Context, role entitlement.RoleRef, pending string) (told connector.Progress, err error) {
	err = p.answer(ctx, "Poll "+pending, func() error {
		n, err := strconv.Atoi(pending[min(len("change/"), len(pending)):])
		if err != nil || n >= len(p.accepted) {
			return nil
		}
		switch c := p.accepted[n]; {
		case !c.over:
			told.Running = true
		case c.why != "":
			told.Err = &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf("The target accepted the change, and failed: %q.", c.why)}
		}
		return nil
	})
	return told, err
}

// watchedPoller is watched for a connector that can be asked about changes.
type watchedPoller struct {
	watched
	connector.Poller
}
