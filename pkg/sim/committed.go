package sim

import (
	"slices"
	"time"

	"leasehold/pkg/entitlement"
)

// committed takes in a change that became true, and checks it. inv is nil while the
// world is being made.
func (o *oracle) committed(inv *invocation, c entitlement.Change) {
	o.seq++
	now := time.Now()
	o.evidence(c)
	for _, x := range c.Users {
		o.user(x)
	}
	for _, x := range c.Groups {
		o.groups[x.ID] = true
	}
	for _, x := range c.Memberships {
		o.membership(x, c.Events)
	}
	for _, x := range c.Policies {
		o.policy(x)
	}
	for _, x := range c.Packages {
		o.pack(x)
	}
	for _, x := range c.Gates {
		o.closed[entitlement.Gate{Package: x.Package, Policy: x.Policy}] = x.Closed
	}
	for _, x := range c.Scopes {
		o.scope(x, now)
	}
	for _, x := range c.Jobs {
		if key := (jobKey{x.Package, x.Gen}); x.Erased {
			delete(o.jobs, key)
		} else {
			o.jobs[key] = true
		}
	}
	for _, x := range c.Requests {
		o.request(inv, x, c.Events, now)
	}
	for _, x := range c.Heads {
		o.headChange(x)
	}
	for _, x := range c.Slots {
		o.slot(inv, x, c, now)
	}
	for _, x := range c.Ended {
		o.ended(x, c.Events, now)
	}
	for _, x := range c.Settlements {
		o.settlement(x)
	}
}

func (o *oracle) user(u entitlement.User) {
	p := o.people[u.ID]
	if p == nil {
		p = &person{groups: map[entitlement.GroupID]bool{}}
		o.people[u.ID] = p
	}
	p.enabled, p.deleted, p.manager, p.guest = u.Enabled, !u.Deleted.IsZero(), u.Manager, u.Type == entitlement.Guest
	o.dirty[u.ID] = true
}

func (o *oracle) membership(m entitlement.Membership, events []entitlement.Event) {
	role := entitlement.RoleRef{Connector: entitlement.BuiltinConnector, Resource: string(m.Group), Role: "Member_" + string(m.Group)}
	if m.Owner {
		role.Role = "Owner_" + string(m.Group)
	} else if p := o.people[m.User]; p != nil {
		p.groups[m.Group] = !m.Erased
	}
	byUs := slices.ContainsFunc(events, func(e entitlement.Event) bool { return e.Actor == entitlement.Service })
	o.effect(m.User, role, !m.Erased, byUs)
}

func (o *oracle) policy(p entitlement.AssignmentPolicy) {
	if !p.Erased {
		o.policies[p.ID] = p
		return
	}
	delete(o.policies, p.ID)
	o.unused("policy "+short(string(p.ID)), func(_ entitlement.PackageID, under entitlement.PolicyID) bool { return under == p.ID })
}

// unused checks that nothing refers to what is deleted (S7).
func (o *oracle) unused(what string, is func(entitlement.PackageID, entitlement.PolicyID) bool) {
	for _, a := range o.live {
		if is(a.Package, a.Policy) {
			o.fail("S7", "%s was deleted under a live assignment", what)
		}
	}
	for _, id := range o.open {
		if r := o.requests[id].last; is(r.Package, r.Policy) {
			o.fail("S7", "%s was deleted under an open request", what)
		}
	}
}

func (o *oracle) pack(p entitlement.AccessPackage) {
	if !p.Erased {
		o.packages[p.ID] = p
		return
	}
	delete(o.packages, p.ID)
	o.unused("package "+short(string(p.ID)), func(of entitlement.PackageID, _ entitlement.PolicyID) bool { return of == p.ID })
}

func (o *oracle) scope(s entitlement.PackageScopes, now time.Time) {
	o.scopes[s.Package] = nil
	o.generation[s.Package] = s.Version + 1
	if !s.Erased {
		for _, x := range s.List {
			o.scopes[s.Package] = append(o.scopes[s.Package], x.Ref)
		}
	}
	for at, a := range o.live {
		if at.pkg == s.Package {
			o.given(a)
			o.dirty[at.who] = true
		}
	}
}

// given notes that an assignment gives what its package has.
func (o *oracle) given(a *held) {
	if a.roles == nil {
		a.roles = map[entitlement.RoleRef]bool{}
	}
	for _, role := range o.scopes[a.Package] {
		o.gave[grant{a.Subject, role}], a.roles[role] = true, true
	}
}

func (o *oracle) headChange(h entitlement.HeadChange) {
	d := o.head(h.Subject)
	d.gen++
	d.off = (d.off || h.Off) && !h.On
	o.dirty[h.Subject] = true
	if a := o.assignments[h.Redeliver.Assignment]; a != nil {
		a.since = o.seq
	}
}

func (o *oracle) settlement(s entitlement.Settlement) {
	d := o.head(s.Subject)
	if s.Gen != d.gen {
		o.fail("S14", "a worker of generation %d recorded what became of %s, which is at %d", s.Gen, short(string(s.Subject)), d.gen)
	}
	if s.Settled {
		d.settled = s.Gen
	}
	o.dirty[s.Subject] = true
}

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
	terms := a.policy.Approval.Stages[r.Stage]
	sets := terms.Primary
	if slices.ContainsFunc(terms.Primary, func(s entitlement.SubjectSet) bool { return s.Kind == entitlement.RequestorManager }) && running.Manager == "" {
		sets = slices.Concat(sets, terms.Fallback)
	}
	if running.Escalated {
		sets = slices.Concat(sets, terms.Alternates, terms.FallbackAlternates)
	}
	for _, s := range sets {
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

// slot takes in a slot: an assignment that begins, moves or was extended.
func (o *oracle) slot(inv *invocation, s entitlement.Slot, c entitlement.Change, now time.Time) {
	o.dirty[s.Subject] = true
	if s.Assignment == nil || s.Erased {
		return
	}
	a := *s.Assignment
	was := o.assignments[a.ID]
	if was == nil {
		was = &held{live: true, since: o.seq, began: now, Assignment: a}
		o.assignments[a.ID] = was
		o.apart(inv, was)
		o.starts(was)
		o.given(was)
		o.begins(was, now)
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

// apart checks that nobody comes to hold a package beside what it excludes, by its lists
// as they were when they were read last: an edit after that counts as made afterwards (S18).
func (o *oracle) apart(inv *invocation, a *held) {
	if inv == nil {
		return
	}
	lists := inv.lists[a.Package]
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

// begins checks that an assignment which begins was approved, and ends as it must.
func (o *oracle) begins(a *held, now time.Time) {
	r := o.requests[entitlement.RequestID(a.ID)]
	if r == nil {
		o.fail("S2", "assignment %s has no request", short(string(a.ID)))
		return
	}
	if !o.exists(a.Package) {
		o.fail("S7", "assignment %s began of a deleted package", short(string(a.ID)))
	}
	p := o.people[a.Subject]
	if p == nil {
		return
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
	if asks := r.last.Asked.Expiration; asks.Type != "" && asks.Type != entitlement.ExpireNotSpecified {
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

// truthful checks that what is said of a delivery was read back.
func (o *oracle) truthful(a entitlement.Assignment, was *held) {
	switch a.State {
	case entitlement.AssignmentDelivered:
		if a.Observed != o.generation[a.Package] {
			return // of an edit that came meanwhile: what is said is said of the generation observed
		}
		for _, role := range o.scopes[a.Package] {
			if at, ok := o.confirmed[grant{a.Subject, role}]; !ok || at < was.since {
				o.fail("S15", "assignment %s is delivered and nobody read back %s", short(string(a.ID)), show(role))
			}
		}
	case entitlement.AssignmentDeliveryFailed:
		if len(o.scopes[a.Package]) == 0 && !o.underway(a.Subject) {
			o.fail("S15", "assignment %s of no roles failed", short(string(a.ID)))
		}
	}
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

// revoked checks that nothing is left of what an assignment alone gave.
func (o *oracle) revoked(a entitlement.Assignment, now time.Time) {
	for role := range o.assignments[a.ID].roles {
		g := grant{a.Subject, role}
		if !slices.Contains(o.scopes[a.Package], role) && o.givenElsewhere(a, role) {
			continue // taken out of this package by an edit, it counts as the other one's
		}
		if _, there := o.confirmed[g]; there && o.had[g].is && o.had[g].byUs && !o.desired(g, now) && !o.overdue(g) && !o.underway(a.Subject) {
			o.fail("S15", "assignment %s counts as removed, and %s holds %s", short(string(a.ID)), short(string(a.Subject)), show(role))
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
