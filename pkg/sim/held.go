package sim

import (
	"slices"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// What the oracle checks of assignments: that they begin, end and say what they must.

// slot takes in a slot: an assignment that begins, moves or was extended.
func (o *oracle) slot(inv *invocation, s entitlement.AssignmentSlot, c entitlement.Change, now time.Time) {
	o.dirty[s.Subject] = true

	if s.Assignment == nil || s.Erased {
		return
	}

	a := *s.Assignment
	was := o.assignments[a.ID]
	// What begins is checked once, by what its request was made under.
	if was == nil {
		was = &held{live: true, since: o.seq, began: now, Assignment: a}
		o.assignments[a.ID] = was
		o.checkIncompatible(inv, was)
		o.starts(was)
		o.given(was)
		o.begins(inv, was, now)
		return
	}

	if !was.live {
		o.fail("S16", "assignment %s was written after it had ended", short(string(a.ID)))
	}

	if !a.End.Equal(was.End) {
		o.extended(was, a, c, now)
	}

	if a.State != was.State || a.Delivered != was.Delivered {
		o.truthful(a, was)
	}

	was.Assignment = a
}

// checkIncompatible checks that nobody comes to hold a package beside what it excludes, by its lists
// as they were when they were read last: an edit after that counts as made afterwards (S18).
func (o *oracle) checkIncompatible(inv *invocation, a *held) {
	// What a simulation is set up with was decided by no invocation.
	if inv == nil {
		return
	}

	lists := inv.lists[a.Package]
	// By what the invocation read: a list that was edited after that counts as made later.
	for _, other := range lists.Incompatible {
		if o.live[pair{other, a.Subject}] != nil {
			o.fail("S18", "assignment %s of %s began beside %s, which it excludes", short(string(a.ID)), short(string(a.Package)), short(string(other)))
		}
	}

	for _, g := range lists.IncompatibleGroups {
		if p := o.people[a.Subject]; p != nil && p.groups[g] {
			o.fail("S18", "assignment %s of %s began for a member of %s, which it excludes", short(string(a.ID)), short(string(a.Package)), short(string(g)))
		}
	}
}

// begins checks that an assignment which begins was approved, is for whom its policy is
// for (F36), and ends as it must.
func (o *oracle) begins(inv *invocation, a *held, now time.Time) {
	r := o.requests[entitlement.RequestID(a.ID)]
	if r == nil {
		o.fail("S2", "assignment %s has no request", short(string(a.ID)))
		return
	}

	if !o.exists(a.Package) {
		o.fail("S7", "assignment %s began of a deleted package", short(string(a.ID)))
	}
	// Who was deleted since began nothing by this any more.
	if o.people[a.Subject] == nil {
		return
	}

	if inv != nil && !o.ever(inv.since(r.last.ID), func() bool { return o.stillFor(r) }) {
		o.fail("S2", "assignment %s began for %s, for whom its policy is not any more", short(string(a.ID)), short(string(a.Subject)))
	}

	if r.policy.Approval.RequiredForAdd {
		for _, s := range r.last.Stages {
			if s.Decision == nil || !s.Decision.Approved {
				o.fail("S2", "assignment %s began with a stage that nobody approved", short(string(a.ID)))
			}
		}
		if len(r.last.Stages) != len(r.policy.Approval.Stages) {
			o.fail("S2", "assignment %s began with %d stages, its policy has %d", short(string(a.ID)), len(r.last.Stages), len(r.policy.Approval.Stages))
		}
	}

	if want := o.end(r, now); !want.Equal(a.End) {
		o.fail("S6", "assignment %s ends at %s, its terms say %s", short(string(a.ID)), a.End, want)
	}
}

// end is when an assignment that begins now must end.
func (o *oracle) end(r *asked, now time.Time) time.Time {
	terms := r.policy.Expiration
	if asks := r.last.RequestedSchedule.Expiration; asks.Type != "" && asks.Type != entitlement.ExpireNotSpecified {
		terms = asks
	}
	switch terms.Type {
	case entitlement.ExpireAfterDuration:
		return o.decidedAt(r, now).Add(terms.Duration)
	case entitlement.ExpireAfterDateTime:
		return terms.End
	default:
		return time.Time{}
	}
}

// decidedAt is the instant that the change which begins an assignment was decided at: its
// event says so, and it lies between the request and now.
func (o *oracle) decidedAt(r *asked, now time.Time) time.Time {
	if a := o.assignments[entitlement.AssignmentID(r.last.ID)]; a != nil && !a.Start.After(now.Add(o.w.skew)) && !a.Start.Before(r.firstAt.Add(-maxFrozen-o.w.skew)) {
		return a.Start
	}
	return now
}

// extended checks a new end.
func (o *oracle) extended(was *held, a entitlement.Assignment, c entitlement.Change, now time.Time) {
	// Only a request moves an end, and it comes in the same change.
	i := slices.IndexFunc(c.Requests, func(r entitlement.AssignmentRequest) bool { return r.Type.Updates() && r.Assignment == a.ID })
	if i < 0 {
		o.fail("S16", "the end of assignment %s was moved by no request", short(string(a.ID)))
		return
	}

	r := o.requests[c.Requests[i].ID]
	if r == nil || !r.policy.Approval.RequiredForUpdate {
		return
	}

	for _, s := range r.last.Stages {
		if s.Decision == nil || !s.Decision.Approved {
			o.fail("S2", "extension %s was not approved", short(string(r.last.ID)))
		}
	}
}

// truthful checks that what is said of a delivery was read back, from a target that had it
// then; or that a target which cannot be asked took it, and its connector lets that count.
func (o *oracle) truthful(a entitlement.Assignment, was *held) {
	switch a.State {
	case entitlement.AssignmentDelivered:
		if a.ObservedPackageGeneration != o.generation[a.Package] {
			return // of an edit that came meanwhile: what is said is said of the generation observed
		}

		unconfirmed := 0
		for _, role := range o.scopes[a.Package] {
			at, ok := o.confirmed[grant{a.Subject, role}]
			switch {
			case ok && at >= was.since:
			case a.Unconfirmed && o.onFaith[grant{a.Subject, role}]:
				unconfirmed++
			case o.mistaken(a.Subject, role):
				unconfirmed++
			default:
				o.fail("S15", "assignment %s is delivered and nobody read back %s while it was there", short(string(a.ID)), show(role))
			}
		}

		if a.Unconfirmed && unconfirmed == 0 {
			o.fail("S15", "assignment %s is said to be unconfirmed, and all of it was read back", short(string(a.ID)))
		}
	case entitlement.AssignmentDeliveryFailed:
		if len(o.scopes[a.Package]) == 0 && !o.underway(a.Subject) {
			o.fail("S15", "assignment %s of no roles failed", short(string(a.ID)))
		}
	}
}

// onTrust reports that a target cannot be asked who holds a role, or showed nobody
// who does for a day, and that its connector is set to let count what it took.
func (o *oracle) onTrust(role entitlement.RoleRef) bool {
	t := o.w.targetOf(role.Connector)
	shown := o.shown[role] // a worker goes by what was known when it asked
	return t != nil && t.Accepts && (!t.Tells() || t.vague || time.Since(shown.last) >= day-2*o.w.skew || time.Since(shown.first) < names.DeliverTimeout)
}

// accepted takes in which grants count without having been seen, and whether they may.
func (o *oracle) accepted(s entitlement.GrantSet) {
	for role, g := range s.Grants {
		at := grant{s.Subject, role}
		switch {
		case !g.Unconfirmed || g.Revoked:
			delete(o.onFaith, at)
		case !o.onFaith[at]:
			o.onFaith[at] = o.takenOnTrust(s.Subject, role) || o.mistaken(s.Subject, role)
		}
	}
}

// takenOnTrust reports that such a target took a grant, and no removal since. Nobody can see
// that the resource is another one by now.
func (o *oracle) takenOnTrust(u entitlement.UserID, role entitlement.RoleRef) bool {
	return o.onTrust(role) && o.w.targetOf(role.Connector).remade[role] || o.onTrust(role) && slices.ContainsFunc(o.w.targetOf(role.Connector).tookOf(u, role), func(t taken) bool {
		return !t.granted.IsZero() && len(t.removals) == 0
	})
}

// ended takes in an assignment that ended, or whose removal is complete.
func (o *oracle) ended(a entitlement.Assignment, events []entitlement.Event, now time.Time) {
	o.dirty[a.Subject] = true

	was := o.assignments[a.ID]
	if was == nil {
		o.fail("S10", "assignment %s ended and never began", short(string(a.ID)))
		return
	}

	if was.live {
		// What ends is over at this moment, whatever is still on its way out.
		was.live = false
		o.lapses(was)
		expired := slices.ContainsFunc(events, func(e entitlement.Event) bool { return e.ID == string(a.ID) && e.Kind == "expired" })
		if expired && (was.End.IsZero() || now.Add(o.w.skew).Before(was.End)) {
			o.fail("S16", "assignment %s expired at %s, its end is %s", short(string(a.ID)), now, was.End)
		}
	}

	if !a.Removed.IsZero() && !was.removed {
		was.removed = true
		o.leaving[a.Subject] = without(o.leaving[a.Subject], was)
		o.lives++
		o.revoked(a, now)
	}

	was.Assignment = a
}

// revoked checks that nothing is left of what an assignment alone gave, and that it was
// taken back wherever it was ever sent.
func (o *oracle) revoked(a entitlement.Assignment, now time.Time) {
	for _, role := range sortedRoles(o.assignments[a.ID].roles) {
		g := grant{a.Subject, role}
		if !slices.Contains(o.scopes[a.Package], role) && o.givenElsewhere(a, role) {
			continue // taken out of this package by an edit, it counts as the other one's
		}

		if o.desired(g, now) || o.overdue(g) || o.underway(a.Subject) {
			continue
		}

		trusted := a.Unconfirmed && (o.onTrust(role) || !a.Closed.IsZero())
		// What was given by hand may be left: it is not ours.
		if o.had[g].is && o.had[g].byUs && !trusted {
			o.fail("S15", "assignment %s counts as removed, and %s holds %s", short(string(a.ID)), short(string(a.Subject)), show(role))
		}

		o.takenBack(a, role, trusted)
	}
}

// window is how long what a target took may take to show, at most.
const window = 2 * time.Minute

// takenBack checks that a target which took a grant took its removal too: of every id that
// the person has there, and twice, a window apart, where nobody can see it.
func (o *oracle) takenBack(a entitlement.Assignment, role entitlement.RoleRef, trusted bool) {
	t := o.w.targetOf(role.Connector)
	if t == nil || !t.resources[role.Resource] {
		return
	}

	for _, took := range t.tookOf(a.Subject, role) {
		n := len(took.removals)
		switch {
		// What was never granted there needs no removal.
		case took.granted.IsZero():
		case n == 0 && !took.sent:
			o.fail("S15", "assignment %s counts as removed, and no removal of %s was sent to %s", short(string(a.ID)), show(role), short(string(a.Subject)))
		case n > 0 && trusted && a.Closed.IsZero() && !t.Tells() && !t.glimpsed() && took.removals[n-1].Sub(took.removals[0]) < window-2*o.w.skew:
			o.fail("S15", "assignment %s counts as removed, and the removal of %s, which nobody can see, was sent once", short(string(a.ID)), show(role))
		}
	}
}

// givenElsewhere reports that the person holds another package that ever gave the role, or
// did and its removal is not complete: then that one is seen to owe it.
func (o *oracle) givenElsewhere(a entitlement.Assignment, role entitlement.RoleRef) bool {
	for _, other := range slices.Concat(o.liveOf[a.Subject], o.leaving[a.Subject]) {
		if other.ID != a.ID && other.roles[role] {
			return true
		}
	}
	return false
}
